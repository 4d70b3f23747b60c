"""What each hook says of its occasion: one context per hook, found by its reader in `CONTEXT_READERS`.

Ids are bare and can go into a FHIR search as they are.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from cds_hooks.context_bundle import ContextEntry, OrdinaryBundle, read_entries
from cds_hooks.draft_orders import DraftOrder, chosen_orders, read_draft_orders, require_r4
from cds_hooks.errors import InvalidRequest, UnsupportedFhirVersion
from cds_hooks.raw_json import is_absent, is_object, string_in
from cds_hooks.references import bare_id, local_reference

_ABSENT = msgspec.Raw()


@dataclass(frozen=True, slots=True)
class Context:
    """What every hook has. `user_id` is None at order-dispatch, which nobody may be sitting in front of."""

    patient_id: str
    user_id: str | None
    encounter_id: str | None


@dataclass(frozen=True, slots=True)
class OrderContext(Context):
    """order-select and order-sign."""

    orders: tuple[DraftOrder, ...]
    unreadable_orders: tuple[msgspec.Raw, ...]
    """Entries of `draftOrders` that are no usable resource, as they came."""


@dataclass(frozen=True, slots=True)
class DispatchContext(Context):
    """order-dispatch: references only, `Type/id`, each once. The orders themselves are elsewhere."""

    dispatched_orders: tuple[str, ...]
    performer: str
    fulfillment_tasks: tuple[msgspec.Raw, ...]
    """Task resources, as they came."""


@dataclass(frozen=True, slots=True)
class AppointmentContext(Context):
    """appointment-book; `user_id` may be a Patient's or a RelatedPerson's."""

    appointments: tuple[ContextEntry, ...]
    """Appointment resources; what else the Bundle holds is left out."""
    unreadable_appointments: tuple[msgspec.Raw, ...]


class _Common(msgspec.Struct, rename="camel"):
    user_id: msgspec.Raw = _ABSENT
    patient_id: msgspec.Raw = _ABSENT
    encounter_id: msgspec.Raw = _ABSENT


class _OrdinaryOrderContext(msgspec.Struct, rename="camel"):
    """As the specification asks for."""

    user_id: str | None = None
    patient_id: str | None = None
    encounter_id: str | None = None
    selections: list[str] | None = None
    draft_orders: OrdinaryBundle | None = None


class _OrderContext(_Common, rename="camel"):
    selections: msgspec.Raw = _ABSENT
    draft_orders: msgspec.Raw = _ABSENT


class _DispatchContext(
    _Common,
    rename={
        "user_id": "userId",
        "patient_id": "patientId",
        "encounter_id": "encounterId",
        "dispatched_orders": "dispatchedOrders",
        "dispatched_orders_with_dash": "dispatched-orders",
        "fulfillment_tasks": "fulfillmentTasks",
        "fulfillment_tasks_with_dash": "fulfillment-tasks",
    },
):
    """Three spellings: hook version 1.1's, that of its own examples, and that of 1.0 (`order`, `task`)."""

    dispatched_orders: msgspec.Raw = _ABSENT
    dispatched_orders_with_dash: msgspec.Raw = _ABSENT
    order: msgspec.Raw = _ABSENT
    performer: msgspec.Raw = _ABSENT
    fulfillment_tasks: msgspec.Raw = _ABSENT
    fulfillment_tasks_with_dash: msgspec.Raw = _ABSENT
    task: msgspec.Raw = _ABSENT


class _AppointmentContext(_Common, rename="camel"):
    appointments: msgspec.Raw = _ABSENT


class _Stu3Appointment(msgspec.Struct, rename="camel"):
    """What an Appointment of STU3 has in the place of R4's `basedOn`."""

    incoming_referral: Any = None


_ordinary_order_decoder = msgspec.json.Decoder(_OrdinaryOrderContext)
_order_decoder = msgspec.json.Decoder(_OrderContext)
_dispatch_decoder = msgspec.json.Decoder(_DispatchContext)
_appointment_decoder = msgspec.json.Decoder(_AppointmentContext)
_stu3_decoder = msgspec.json.Decoder(_Stu3Appointment)
_list_decoder = msgspec.json.Decoder(list[Any])
_raw_list_decoder = msgspec.json.Decoder(list[msgspec.Raw])


class DraftOrdersMissing(InvalidRequest):
    """`draftOrders` is not there at all. Why that may be, only the rest of the request can tell."""

    def __init__(self) -> None:
        super().__init__(
            "draftOrders is required: a FHIR R4 Bundle of the draft orders.",
            "context.draftOrders",
            code="required",
        )


def _read_order_sign(raw: msgspec.Raw) -> OrderContext:
    return _read_order_context(raw, has_selections=False)


def _read_order_select(raw: msgspec.Raw) -> OrderContext:
    return _read_order_context(raw, has_selections=True)


def _read_order_context(raw: msgspec.Raw, *, has_selections: bool) -> OrderContext:
    ordinary = _read_ordinary_orders(_object(raw), has_selections)
    if ordinary is not None:
        return ordinary
    given = _order_decoder.decode(raw)
    if is_absent(given.draft_orders):
        raise DraftOrdersMissing
    user_id, patient_id = _user_id(string_in(given.user_id)), _patient_id(string_in(given.patient_id))
    orders, unreadable = read_draft_orders(given.draft_orders, given.selections if has_selections else None)
    return OrderContext(patient_id, user_id, _encounter_id(string_in(given.encounter_id)), orders, unreadable)


def _read_ordinary_orders(raw: msgspec.Raw, has_selections: bool) -> OrderContext | None:
    """The common case, in one decode. None when it needs a closer look."""
    try:
        given = _ordinary_order_decoder.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    if given.draft_orders is None:
        return None
    user_id, patient_id = _user_id(given.user_id), _patient_id(given.patient_id)
    entries = given.draft_orders.entries()
    if entries is None:
        return None
    selections = [each for each in given.selections or () if each] if has_selections else []
    orders = chosen_orders(entries, selections)
    return OrderContext(patient_id, user_id, _encounter_id(given.encounter_id), orders, ())


def _read_order_dispatch(raw: msgspec.Raw) -> DispatchContext:
    given = _dispatch_decoder.decode(_object(raw))
    orders = _references(_first(given.dispatched_orders, given.dispatched_orders_with_dash, given.order))
    require_r4((order.partition("/")[0] for order in orders), "context.dispatchedOrders")
    performer = local_reference(string_in(given.performer) or "")
    if performer is None:
        raise InvalidRequest(
            "performer is required: Organization/<id> for example.", "context.performer", code="required"
        )
    return DispatchContext(
        patient_id=_patient_id(string_in(given.patient_id)),
        user_id=string_in(given.user_id) or None,
        encounter_id=_encounter_id(string_in(given.encounter_id)),
        dispatched_orders=orders,
        performer=performer,
        fulfillment_tasks=_tasks(
            _first(given.fulfillment_tasks, given.fulfillment_tasks_with_dash, given.task)
        ),
    )


def _read_appointment_book(raw: msgspec.Raw) -> AppointmentContext:
    given = _appointment_decoder.decode(_object(raw))
    user_id, patient_id = _user_id(string_in(given.user_id)), _patient_id(string_in(given.patient_id))
    entries, unreadable = read_entries(given.appointments, "appointments")
    appointments = tuple(entry for entry in entries if entry.resource_type == "Appointment")
    if any(_stu3_decoder.decode(each.resource).incoming_referral for each in appointments):
        raise UnsupportedFhirVersion("context.appointments")
    encounter_id = _encounter_id(string_in(given.encounter_id))
    return AppointmentContext(patient_id, user_id, encounter_id, appointments, unreadable)


def _object(raw: msgspec.Raw) -> msgspec.Raw:
    if not is_object(raw):
        raise InvalidRequest("context is required and must be an object.", "context", code="required")
    return raw


def _user_id(user_id: str | None) -> str:
    if not user_id:
        raise InvalidRequest(
            "userId is required: Practitioner/<id> for example.", "context.userId", code="required"
        )
    return user_id


def _patient_id(reference: str | None) -> str:
    patient_id = bare_id(reference, "Patient")
    if patient_id is None:
        raise InvalidRequest("patientId is required: the patient's id.", "context.patientId", code="required")
    return patient_id


def _encounter_id(reference: str | None) -> str | None:
    return bare_id(reference, "Encounter")


def _first(*spellings: msgspec.Raw) -> msgspec.Raw:
    return next((raw for raw in spellings if not is_absent(raw)), _ABSENT)


def _references(raw: msgspec.Raw) -> tuple[str, ...]:
    """One reference or a list of them. None may be unreadable: what it names would go without a look."""
    one = string_in(raw)
    references = [local_reference(r) if isinstance(r, str) else None for r in ([one] if one else _items(raw))]
    found = tuple(dict.fromkeys(r for r in references if r is not None))
    if not found or None in references:
        raise InvalidRequest(
            "dispatchedOrders is required: references to the orders, ServiceRequest/<id> for example.",
            "context.dispatchedOrders",
            code="required",
        )
    return found


def _items(raw: msgspec.Raw) -> list[Any]:
    try:
        return [] if is_absent(raw) else _list_decoder.decode(raw)
    except msgspec.ValidationError:
        return []


def _tasks(raw: msgspec.Raw) -> tuple[msgspec.Raw, ...]:
    if is_object(raw):
        return (raw,)
    try:
        items = [] if is_absent(raw) else _raw_list_decoder.decode(raw)
    except msgspec.ValidationError:
        return ()
    return tuple(item for item in items if is_object(item))


CONTEXT_READERS: Mapping[str, Callable[[msgspec.Raw], Context]] = {
    "order-select": _read_order_select,
    "order-sign": _read_order_sign,
    "order-dispatch": _read_order_dispatch,
    "appointment-book": _read_appointment_book,
}

_OF_USER = frozenset({"userPractitionerId", "userPractitionerRoleId", "userPatientId", "userRelatedPersonId"})
_OF_SESSION = frozenset({"context.userId", "context.patientId", "context.encounterId"}) | _OF_USER
PREFETCH_TOKENS: Mapping[str, frozenset[str]] = {
    "order-select": _OF_SESSION,
    "order-sign": _OF_SESSION,
    "order-dispatch": frozenset({"context.patientId", "context.dispatchedOrders", "context.performer"}),
    "appointment-book": _OF_SESSION,
}
"""What may stand in `{{…}}` in the prefetch templates of each hook, by the hook's own definition."""
