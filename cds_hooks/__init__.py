"""CDS Hooks 2.0.1 for Flask: the protocol of a service, with nothing clinical in it."""

from cds_hooks.allowed_bases import ANY_NETWORK, AllowedBases
from cds_hooks.authentication import (
    Authenticator,
    OpenTo,
    Reason,
    ReplayStore,
    ReplayStoreUnavailable,
    TokenAuthenticator,
)
from cds_hooks.backend_services import BackendServices, BackendTokens
from cds_hooks.blueprint import CallRecord, FeedbackRecord, create_blueprint
from cds_hooks.breakers import Breakers, BreakerState
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
from cds_hooks.clients import Client, ClientsFileError, Registration, read_clients
from cds_hooks.context_bundle import ContextEntry
from cds_hooks.contexts import AppointmentContext, Context, DispatchContext, OrderContext
from cds_hooks.dialects import DIALECTS, Dialect, adapt, unsupported_types
from cds_hooks.draft_orders import DraftOrder
from cds_hooks.envelope import Prefetch, PrefetchKeys
from cds_hooks.errors import (
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
from cds_hooks.feedback import Feedback, OverrideReason, read_feedback
from cds_hooks.fhir_access import FhirAccess, FhirRead, FhirReader, Query
from cds_hooks.jwks import KeysUnavailable
from cds_hooks.prefetch import PrefetchKey, read_resource, read_searchset
from cds_hooks.rate_limit import RateLimit
from cds_hooks.readings import PrefetchState, Reading, Unread
from cds_hooks.request import FhirAuthorization, HookRequest, read_hook_request
from cds_hooks.service import HookCall, Service, discovery_document, templates_for
from cds_hooks.signing_keys import published_keys

__all__ = [
    "ANY_NETWORK",
    "DIALECTS",
    "Action",
    "AllowedBases",
    "AppointmentContext",
    "Authenticator",
    "BackendServices",
    "BackendTokens",
    "BreakerState",
    "Breakers",
    "CallRecord",
    "Card",
    "CardOfAnotherClient",
    "CdsHooksError",
    "Client",
    "ClientsFileError",
    "Coding",
    "Context",
    "ContextEntry",
    "DataUnobtainable",
    "Dialect",
    "DispatchContext",
    "DraftOrder",
    "Feedback",
    "FeedbackRecord",
    "FhirAccess",
    "FhirAuthorization",
    "FhirRead",
    "FhirReader",
    "HookCall",
    "HookRequest",
    "InvalidRequest",
    "KeysUnavailable",
    "Link",
    "OpenTo",
    "OrderContext",
    "OrdersWithheld",
    "Overloaded",
    "OverrideReason",
    "PayloadTooLarge",
    "Prefetch",
    "PrefetchKey",
    "PrefetchKeys",
    "PrefetchState",
    "Query",
    "RateLimit",
    "Reading",
    "Reason",
    "Registration",
    "ReplayStore",
    "ReplayStoreUnavailable",
    "Response",
    "Service",
    "Source",
    "Suggestion",
    "TemporarilyUnavailable",
    "TokenAuthenticator",
    "TooManyRequests",
    "Unauthenticated",
    "UnknownService",
    "Unread",
    "UnsupportedContentType",
    "UnsupportedFhirVersion",
    "adapt",
    "create_blueprint",
    "discovery_document",
    "is_relative_reference",
    "operation_outcome",
    "published_keys",
    "read_clients",
    "read_feedback",
    "read_hook_request",
    "read_resource",
    "read_searchset",
    "templates_for",
    "unsupported_types",
]
