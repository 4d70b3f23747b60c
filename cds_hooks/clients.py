"""The EHRs that call: who each one is, what it may reach and how it is answered."""

from dataclasses import dataclass

from cds_hooks.allowed_bases import AllowedBases


@dataclass(frozen=True, slots=True)
class Client:
    """One registered EHR. `policy` is a name that the service gives a meaning; None is the service's own."""

    id: str
    fhir_bases: AllowedBases
    policy: str | None = None
    keep_user_comments: bool = False
    """Free text that comes with feedback may name a patient; it is dropped unless this is set."""
