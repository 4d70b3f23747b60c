"""Just the elements that are used, of each FHIR R4 resource type that is read. Everything else is skipped.

Every field is optional: real records leave out what the specification requires. A value of another JSON type
than stated makes the entry unreadable, and it is counted as such.

Nothing that is decoded refers back to what holds it, so that most views need no look by the collector of
garbage (`gc=False`), of which a long record has tens of thousands.
"""

from __future__ import annotations

from typing import Any

import msgspec


class Coding(msgspec.Struct, gc=False):
    system: str | None = None
    code: str | None = None
    display: str | None = None


class CodeableConcept(msgspec.Struct, gc=False):
    coding: list[Coding] | None = None
    text: str | None = None


class Reference(msgspec.Struct, gc=False):
    reference: str | None = None
    display: str | None = None


class Period(msgspec.Struct, gc=False):
    start: str | None = None
    end: str | None = None


class Quantity(msgspec.Struct, gc=False):
    value: float | None = None
    unit: str | None = None
    code: str | None = None


OneOrMany = list[CodeableConcept] | CodeableConcept | None
"""STU3-shaped records give one object where R4 asks for an array."""


class Condition(msgspec.Struct, gc=False):
    resourceType: str
    id: str | None = None
    clinicalStatus: CodeableConcept | None = None
    verificationStatus: CodeableConcept | None = None
    category: OneOrMany = None
    severity: CodeableConcept | None = None
    code: CodeableConcept | None = None
    bodySite: OneOrMany = None
    subject: Reference | None = None
    onsetDateTime: str | None = None
    onsetPeriod: Period | None = None
    abatementDateTime: str | None = None
    abatementPeriod: Period | None = None
    abatementString: str | None = None
    abatementBoolean: bool | None = None
    abatementAge: Any = None
    abatementRange: Any = None
    recordedDate: str | None = None


class Procedure(msgspec.Struct, gc=False):
    resourceType: str
    id: str | None = None
    status: str | None = None
    statusReason: CodeableConcept | None = None
    code: CodeableConcept | None = None
    subject: Reference | None = None
    performedDateTime: str | None = None
    performedPeriod: Period | None = None
    bodySite: OneOrMany = None
    reasonCode: OneOrMany = None
    outcome: CodeableConcept | None = None


class ImagingSeries(msgspec.Struct, gc=False):
    modality: Coding | None = None
    bodySite: Coding | None = None
    started: str | None = None


class ImagingStudy(msgspec.Struct, gc=False):
    resourceType: str
    id: str | None = None
    status: str | None = None
    modality: list[Coding] | Coding | None = None
    subject: Reference | None = None
    started: str | None = None
    procedureCode: OneOrMany = None
    description: str | None = None
    series: list[ImagingSeries] | None = None


class DiagnosticReport(msgspec.Struct, gc=False):
    resourceType: str
    id: str | None = None
    status: str | None = None
    code: CodeableConcept | None = None
    subject: Reference | None = None
    effectiveDateTime: str | None = None
    effectivePeriod: Period | None = None
    issued: str | None = None
    conclusionCode: OneOrMany = None


class TimingRepeat(msgspec.Struct):
    count: int | None = None


class Timing(msgspec.Struct):
    repeat: TimingRepeat | None = None


class ServiceRequest(msgspec.Struct, gc=False):
    resourceType: str
    id: str | None = None
    status: str | None = None
    intent: str | None = None
    doNotPerform: bool | None = None
    contained: list[msgspec.Raw] | None = None
    code: CodeableConcept | None = None
    orderDetail: OneOrMany = None
    subject: Reference | None = None
    occurrenceDateTime: str | None = None
    occurrencePeriod: Period | None = None
    authoredOn: str | None = None
    reasonCode: OneOrMany = None
    reasonReference: list[Reference] | None = None
    bodySite: OneOrMany = None
    occurrenceTiming: Timing | None = None
    quantityQuantity: Quantity | None = None


class Participant(msgspec.Struct):
    actor: Reference | None = None


class Appointment(msgspec.Struct):
    resourceType: str
    id: str | None = None
    status: str | None = None
    serviceType: OneOrMany = None
    reasonCode: OneOrMany = None
    reasonReference: list[Reference] | None = None
    basedOn: list[Reference] | None = None
    start: str | None = None
    requestedPeriod: list[Period] | None = None
    participant: list[Participant] | None = None


class DispenseRequest(msgspec.Struct, gc=False):
    validityPeriod: Period | None = None
    expectedSupplyDuration: Quantity | None = None


class Dosage(msgspec.Struct, gc=False):
    route: CodeableConcept | None = None


class MedicationRequest(msgspec.Struct, gc=False):
    resourceType: str
    id: str | None = None
    status: str | None = None
    intent: str | None = None
    medicationCodeableConcept: CodeableConcept | None = None
    medicationReference: Reference | None = None
    contained: list[msgspec.Raw] | None = None
    subject: Reference | None = None
    authoredOn: str | None = None
    encounter: Reference | None = None
    reasonCode: OneOrMany = None
    reasonReference: list[Reference] | None = None
    dosageInstruction: list[Dosage] | None = None
    dispenseRequest: DispenseRequest | None = None


class MedicationStatement(msgspec.Struct, gc=False):
    resourceType: str
    id: str | None = None
    status: str | None = None
    medicationCodeableConcept: CodeableConcept | None = None
    medicationReference: Reference | None = None
    contained: list[msgspec.Raw] | None = None
    subject: Reference | None = None
    effectiveDateTime: str | None = None
    effectivePeriod: Period | None = None
    reasonCode: OneOrMany = None


class Medication(msgspec.Struct):
    """As contained in a medication order or statement, or as an entry beside the draft that names it."""

    resourceType: str
    id: str | None = None
    code: CodeableConcept | None = None


class Observation(msgspec.Struct, gc=False):
    resourceType: str
    id: str | None = None
    status: str | None = None
    code: CodeableConcept | None = None
    subject: Reference | None = None
    effectiveDateTime: str | None = None
    effectivePeriod: Period | None = None
    issued: str | None = None
    valueQuantity: Quantity | None = None
    valueInteger: int | None = None
    partOf: list[Reference] | None = None
    focus: list[Reference] | None = None


class Patient(msgspec.Struct):
    resourceType: str
    id: str | None = None
    birthDate: str | None = None
    deceasedBoolean: bool | None = None
    deceasedDateTime: str | None = None


class Encounter(msgspec.Struct, rename={"class_": "class"}):
    resourceType: str
    id: str | None = None
    class_: Coding | None = None
    type: OneOrMany = None
    serviceType: CodeableConcept | None = None
    reasonCode: OneOrMany = None
    subject: Reference | None = None


class ResearchSubject(msgspec.Struct):
    resourceType: str
    id: str | None = None
    status: str | None = None
    individual: Reference | None = None


def many(value: OneOrMany) -> list[CodeableConcept]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
