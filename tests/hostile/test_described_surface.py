"""schemathesis: whatever /openapi.json allows, and what it does not."""

from __future__ import annotations

import time
from typing import Any

import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.config import SchemathesisConfig

from tests.hostile.watch import Watch
from tests.plugin.cards.service import client
from tests.sizes import sized

# Beside success: a call whose data cannot be had, and orders of an older FHIR, are described and refused.
# Beside what is malformed: a call without its orders, and more entries of feedback than are taken at once.
CONFIG = SchemathesisConfig.from_dict(
    {
        "checks": {
            "positive_data_acceptance": {"expected-statuses": ["2xx", "304", "412", "422"]},
            "negative_data_rejection": {"expected-statuses": ["400", "405", "412", "413", "415"]},
        }
    }
)
SURFACE = schemathesis.openapi.from_wsgi("/openapi.json", client().application, config=CONFIG)


@SURFACE.parametrize()
@settings(
    max_examples=sized(3000, 20),
    deadline=None,
    derandomize=True,
    suppress_health_check=[*HealthCheck],
)
def test_what_is_described_is_accepted_and_anything_else_refused(case: Any, watch: Watch) -> None:
    started = time.perf_counter()
    answer = case.call()
    watch.note(answer.status_code, started)

    case.validate_response(answer)
