"""OperationOutcomes are FHIR R4 and say what they were given, in fixed words."""

import pytest
from fhir.resources.R4B.operationoutcome import OperationOutcome

from cds_hooks import (
    CardOfAnotherClient,
    CdsHooksError,
    DataUnobtainable,
    InvalidRequest,
    OrdersWithheld,
    Overloaded,
    PayloadTooLarge,
    TemporarilyUnavailable,
    TooManyRequests,
    Unauthenticated,
    UnknownService,
    UnsupportedContentType,
    UnsupportedFhirVersion,
    operation_outcome,
)
from cds_hooks.errors import error_of_status, internal_error

ERRORS = [
    (InvalidRequest("hook is missing.", "hook", code="required"), 400, "required"),
    (Unauthenticated("expired"), 401, "login"),
    (CardOfAnotherClient("feedback[0].card"), 403, "forbidden"),
    (UnknownService(), 404, "not-found"),
    (OrdersWithheld("The call was stripped."), 412, "suppressed"),
    (DataUnobtainable("conditions", "imaging"), 412, "incomplete"),
    (PayloadTooLarge(), 413, "too-long"),
    (UnsupportedContentType(), 415, "not-supported"),
    (UnsupportedFhirVersion("context.draftOrders"), 422, "not-supported"),
    (TooManyRequests(30), 429, "throttled"),
    (Overloaded(), 503, "throttled"),
    (TemporarilyUnavailable(), 503, "transient"),
    (internal_error(), 500, "exception"),
]


@pytest.mark.parametrize(("error", "status", "code"), ERRORS)
def test_each_error_has_its_status_and_a_valid_outcome(error: CdsHooksError, status: int, code: str) -> None:
    outcome = operation_outcome(error)

    OperationOutcome.model_validate(outcome)
    assert (error.status, outcome["issue"][0]["code"]) == (status, code)
    assert outcome["issue"][0]["details"]["text"] == error.text


@pytest.mark.parametrize(
    "status", [400, 401, 403, 404, 405, 408, 413, 415, 418, 429, 499, 500, 503, 504, 599]
)
def test_every_status_has_a_valid_outcome(status: int) -> None:
    OperationOutcome.model_validate(operation_outcome(error_of_status(status)))


def test_unobtainable_data_are_named_by_their_prefetch_keys() -> None:
    outcome = operation_outcome(DataUnobtainable("conditions", "imaging"))

    assert outcome["issue"][0]["expression"] == ["prefetch.conditions", "prefetch.imaging"]


def test_an_error_about_no_field_names_none() -> None:
    assert "expression" not in operation_outcome(PayloadTooLarge())["issue"][0]


def test_every_error_of_the_package_is_tested_here() -> None:
    assert {type(error) for error, _, _ in ERRORS} == {CdsHooksError, *CdsHooksError.__subclasses__()}
