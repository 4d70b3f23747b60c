"""FHIR R4 to the words of the clinic: the only code that knows how resources are shaped."""
