"""CDS Hooks 2.0.1 for Flask: the protocol of a service, with nothing clinical in it."""

from cds_hooks.allowed_bases import AllowedBases
from cds_hooks.authentication import Authenticator, OpenTo, ReplayStore, ReplayStoreUnavailable
from cds_hooks.blueprint import CallRecord, FeedbackRecord, create_blueprint
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
from cds_hooks.draft_orders import DraftOrder
from cds_hooks.errors import (
    CardOfAnotherClient,
    CdsHooksError,
    DataUnobtainable,
    InvalidRequest,
    PayloadTooLarge,
    TemporarilyUnavailable,
    UnknownService,
    UnsupportedContentType,
    UnsupportedFhirVersion,
    operation_outcome,
)
from cds_hooks.feedback import Feedback, OverrideReason, read_feedback
from cds_hooks.fhir_access import FhirAccess, FhirReader, Query
from cds_hooks.prefetch import PrefetchState, Reading, Unread, read_resource, read_searchset
from cds_hooks.request import FhirAuthorization, HookRequest, OrderContext, read_hook_request
from cds_hooks.service import HookCall, Service, discovery_document

__all__ = [
    "Action",
    "AllowedBases",
    "Authenticator",
    "CallRecord",
    "Card",
    "CardOfAnotherClient",
    "CdsHooksError",
    "Client",
    "Coding",
    "DataUnobtainable",
    "DraftOrder",
    "Feedback",
    "FeedbackRecord",
    "FhirAccess",
    "FhirAuthorization",
    "FhirReader",
    "HookCall",
    "HookRequest",
    "InvalidRequest",
    "Link",
    "OpenTo",
    "OrderContext",
    "OverrideReason",
    "PayloadTooLarge",
    "PrefetchState",
    "Query",
    "Reading",
    "ReplayStore",
    "ReplayStoreUnavailable",
    "Response",
    "Service",
    "Source",
    "Suggestion",
    "TemporarilyUnavailable",
    "UnknownService",
    "Unread",
    "UnsupportedContentType",
    "UnsupportedFhirVersion",
    "create_blueprint",
    "discovery_document",
    "is_relative_reference",
    "operation_outcome",
    "read_feedback",
    "read_hook_request",
    "read_resource",
    "read_searchset",
]
