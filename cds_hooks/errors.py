"""Why a call was not answered, and the OperationOutcome that says so.

    CdsHooksError
    ├── InvalidRequest           400  the body is not a hook request that this service can read
    ├── Unauthenticated          401  no registered client is known to have sent the call
    ├── CardOfAnotherClient      403  feedback on a card that was issued to somebody else
    ├── UnknownService           404  no service has this id
    ├── OrdersWithheld           412  the EHR left the orders out of the call, probably by its registration
    ├── DataUnobtainable         412  data the service cannot do without were neither sent nor readable
    ├── PayloadTooLarge          413  the body is over the cap
    ├── UnsupportedContentType   415  the body is not declared as JSON
    ├── UnsupportedFhirVersion   422  the orders are in a FHIR version other than R4
    ├── TooManyRequests          429  the client calls more often than its limit
    ├── Overloaded               503  as many calls as may be are being answered already
    └── TemporarilyUnavailable   503  a part that no answer may be given without is out of order

Texts come from this package and `expression` names fields; neither ever repeats what a request carried,
because that could be a patient's.
"""

# ruff: noqa: N818 - the names say what is wrong; that they are errors is where they stand in the tree.

from collections.abc import Mapping
from http import HTTPStatus
from types import MappingProxyType
from typing import Any, ClassVar


class CdsHooksError(Exception):
    """A call that ends in a status other than 200. `code` is a code of the FHIR R4 IssueType value set.

    `headers` go out with the answer.
    """

    status: ClassVar[int] = 500
    code: str = "exception"
    headers: Mapping[str, str] = MappingProxyType({})

    def __init__(self, text: str, *expression: str) -> None:
        super().__init__(text)
        self.text = text
        self.expression = expression


class InvalidRequest(CdsHooksError):
    """`code` is `required`, `value`, `structure` or `invalid`."""

    status = 400

    def __init__(self, text: str, *expression: str, code: str = "invalid") -> None:
        super().__init__(text, *expression)
        self.code = code


class Unauthenticated(CdsHooksError):
    """`reason`, and `client_id`, whom the token names, are for the log: every answer is the same."""

    status = 401
    code = "login"
    headers = MappingProxyType({"WWW-Authenticate": "Bearer"})

    def __init__(self, reason: str, client_id: str | None = None) -> None:
        super().__init__("The call was not authenticated.")
        self.reason = reason
        self.client_id = client_id


class CardOfAnotherClient(CdsHooksError):
    status = 403
    code = "forbidden"

    def __init__(self, *expression: str) -> None:
        super().__init__(
            "A card was issued to another client; nothing of this batch was stored.", *expression
        )


class UnknownService(CdsHooksError):
    status = 404
    code = "not-found"

    def __init__(self) -> None:
        super().__init__("No CDS service has this id; GET /cds-services lists the services.")


class OrdersWithheld(CdsHooksError):
    """`text` names the likely fault of the registration at the EHR."""

    status = 412
    code = "suppressed"

    def __init__(self, text: str) -> None:
        super().__init__(text, "context.draftOrders")


class DataUnobtainable(CdsHooksError):
    """Names the prefetch keys whose data are missing. Not for data that were read and are simply empty."""

    status = 412
    code = "incomplete"

    def __init__(self, *prefetch_keys: str) -> None:
        super().__init__(
            "Data this service needs were not in the prefetch and could not be read from the FHIR server.",
            *(f"prefetch.{key}" for key in prefetch_keys),
        )


class PayloadTooLarge(CdsHooksError):
    status = 413
    code = "too-long"

    def __init__(self, *expression: str) -> None:
        super().__init__("The request body is larger than this service accepts.", *expression)


class UnsupportedContentType(CdsHooksError):
    status = 415
    code = "not-supported"

    def __init__(self) -> None:
        super().__init__("The request body must be sent as Content-Type application/json.")


class UnsupportedFhirVersion(CdsHooksError):
    status = 422
    code = "not-supported"

    def __init__(self, *expression: str) -> None:
        super().__init__(
            "The orders are not FHIR R4 (4.0.1), the only version this service reads.", *expression
        )


class TooManyRequests(CdsHooksError):
    status = 429
    code = "throttled"

    def __init__(self, retry_after_seconds: int) -> None:
        super().__init__("Too many calls; try again later.")
        self.headers = {"Retry-After": str(retry_after_seconds)}


class Overloaded(CdsHooksError):
    status = 503
    code = "throttled"
    headers = MappingProxyType({"Retry-After": "1"})

    def __init__(self) -> None:
        super().__init__("The service is answering as many calls as it can; try again later.")


class TemporarilyUnavailable(CdsHooksError):
    status = 503
    code = "transient"
    headers = MappingProxyType({"Retry-After": "5"})

    def __init__(self) -> None:
        super().__init__("The service cannot answer at the moment; try again later.")


_ISSUE_CODE_OF_STATUS: Mapping[int, str] = {
    400: "invalid",
    401: "login",
    403: "forbidden",
    404: "not-found",
    405: "not-supported",
    408: "timeout",
    413: "too-long",
    415: "not-supported",
    429: "throttled",
    503: "transient",
    504: "timeout",
}


def operation_outcome(error: CdsHooksError) -> dict[str, Any]:
    """The FHIR R4 OperationOutcome, as a JSON object, that describes `error`."""
    issue: dict[str, Any] = {"severity": "error", "code": error.code, "details": {"text": error.text}}
    if error.expression:
        issue["expression"] = list(error.expression)
    return {"resourceType": "OperationOutcome", "issue": [issue]}


def error_of_status(status: int) -> CdsHooksError:
    """The error for a status that the web framework decided on, such as 405 for a method not allowed."""
    try:
        text = f"{HTTPStatus(status).phrase}."
    except ValueError:
        text = "The request could not be served."
    error = CdsHooksError(text)
    error.code = _ISSUE_CODE_OF_STATUS.get(status, "exception" if status >= 500 else "processing")
    return error


def internal_error() -> CdsHooksError:
    """The error for anything unexpected. It tells the client nothing about the cause."""
    return CdsHooksError("The service failed while answering; the order has not been reviewed.")
