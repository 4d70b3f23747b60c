"""Codes that no value set holds: counted per call by their system, and named by nothing else."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from cds_hooks import read_hook_request
from plugin.app import HOOKS
from plugin.review import Review
from plugin.reviews import create_review
from plugin.settings import Settings
from tests.plugin.cards.service import TODAY, entries, order_of, request_of
from tests.plugin.test_app_local_codes import SITE, code_map
from tests.scenarios.scenario import Json

CPT = "http://www.ama-assn.org/go/cpt"
ICD = "urn:oid:2.16.840.1.113883.6.90"
STRANGE = "https://codes.example.org/SECRET"


def review(**settings: Any) -> Review:
    return create_review(Settings.model_validate({"today": TODAY, **settings}))


def unmapped(request: Json, by: Review) -> Mapping[str, int]:
    return by.review(read_hook_request(json.dumps(request).encode(), HOOKS), None).unmapped


@pytest.fixture(scope="module")
def shipped() -> Review:
    return review()


def another(request: Json, key: str, element: str, *codings: tuple[str | None, str]) -> None:
    """A further entry of the kind that the search holds, coded like this."""
    first = entries(request, key)[0]["resource"]
    code: Any = {"coding": [{"system": system, "code": code} for system, code in codings]}
    code = [code] if isinstance(first.get(element), list) else code
    entries(request, key).append({"resource": first | {"id": f"another-{key}", element: code}})


def test_a_chart_of_known_codes_has_none(shipped: Review) -> None:
    assert unmapped(request_of("001"), shipped) == {}


@pytest.mark.parametrize(
    ("key", "element"), [("conditions", "code"), ("procedures", "code"), ("imaging", "procedureCode")]
)
def test_each_unknown_code_of_the_record_counts_once_for_its_system(
    shipped: Review, key: str, element: str
) -> None:
    request = request_of("001")
    another(request, key, element, (CPT, "99213"), (ICD, "J45.909"), (STRANGE, "x"), (None, "y"))

    assert unmapped(request, shipped) == {"cpt": 1, "icd-10-cm": 1, "other": 2}


def test_an_order_on_file_and_a_draft_of_the_hook_count_once_each(shipped: Review) -> None:
    request = request_of("001")
    coded = {"coding": [{"system": CPT, "code": "99213"}]}
    beside = order_of(request) | {"id": "beside", "code": coded}
    request["context"]["draftOrders"]["entry"].append({"resource": beside})
    entries(request, "serviceRequests").append({"resource": beside | {"id": "on-file", "status": "active"}})

    assert unmapped(request, shipped) == {"cpt": 2}


def test_a_draft_that_is_none_of_ours_counts_too(shipped: Review) -> None:
    request = request_of("138")
    order_of(request)["code"] = {"coding": [{"system": SITE, "code": "PAIN-9"}]}

    assert unmapped(request, shipped) == {"other": 1}


def test_a_code_missing_from_the_sites_map_counts_as_local(tmp_path: Path) -> None:
    request = request_of("138")
    order_of(request)["code"] = {"coding": [{"system": SITE, "code": "PAIN-9"}]}

    assert unmapped(request, review(local_codes_file=code_map(tmp_path))) == {"local": 1}


def test_sites_reasons_and_other_elements_are_not_counted(shipped: Review) -> None:
    request = request_of("001")
    strange = [{"coding": [{"system": STRANGE, "code": "x"}]}]
    entries(request, "procedures")[0]["resource"] |= {"bodySite": strange, "reasonCode": strange}

    assert unmapped(request, shipped) == {}
