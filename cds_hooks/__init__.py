"""CDS Hooks 2.0.1 for Flask: the protocol of a service, with nothing clinical in it."""

from cds_hooks.allowed_bases import AllowedBases
from cds_hooks.authentication import Authenticator, OpenTo
from cds_hooks.blueprint import CallRecord, create_blueprint
from cds_hooks.cards import (
    Action,
    Card,
    Coding,
    Link,
    Response,
    Source,
    Suggestion,
    is_relative_reference,
)
from cds_hooks.clients import Client
from cds_hooks.context_bundle import ContextEntry
from cds_hooks.contexts import AppointmentContext, Context, DispatchContext, OrderContext
from cds_hooks.dialects import DIALECTS, Dialect, adapt, normalise
from cds_hooks.draft_orders import DraftOrder
from cds_hooks.errors import (
    CdsHooksError,
    DataUnobtainable,
    InvalidRequest,
    OrdersWithheld,
    PayloadTooLarge,
    UnknownService,
    UnsupportedContentType,
    UnsupportedFhirVersion,
    operation_outcome,
)
from cds_hooks.fhir_access import FhirAccess, FhirReader, Query
from cds_hooks.prefetch import PrefetchState, Reading, Unread, read_resource, read_searchset
from cds_hooks.request import FhirAuthorization, HookRequest, read_hook_request
from cds_hooks.service import HookCall, Service, discovery_document, templates_for

__all__ = [
    "DIALECTS",
    "Action",
    "AllowedBases",
    "AppointmentContext",
    "Authenticator",
    "CallRecord",
    "Card",
    "CdsHooksError",
    "Client",
    "Coding",
    "Context",
    "ContextEntry",
    "DataUnobtainable",
    "Dialect",
    "DispatchContext",
    "DraftOrder",
    "FhirAccess",
    "FhirAuthorization",
    "FhirReader",
    "HookCall",
    "HookRequest",
    "InvalidRequest",
    "Link",
    "OpenTo",
    "OrderContext",
    "OrdersWithheld",
    "PayloadTooLarge",
    "PrefetchState",
    "Query",
    "Reading",
    "Response",
    "Service",
    "Source",
    "Suggestion",
    "UnknownService",
    "Unread",
    "UnsupportedContentType",
    "UnsupportedFhirVersion",
    "adapt",
    "create_blueprint",
    "discovery_document",
    "is_relative_reference",
    "normalise",
    "operation_outcome",
    "read_hook_request",
    "read_resource",
    "read_searchset",
    "templates_for",
]
