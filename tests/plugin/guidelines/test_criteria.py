"""What a criterion of a document is about."""

from __future__ import annotations

import pytest

from plugin.guidelines.model import CRITERION_PARAMS, Criterion

STENOSIS = Criterion(
    criterion="CC-1",
    families=("interlaminar",),
    patterns=("claudication",),
    chronicity=("chronic",),
    regions=("lumbar", "sacral"),
    params={"min_days": 28},  # type: ignore[arg-type]
    says="Asks for 4 weeks.",
    mark="verified",
    source_key="TEST",
)


@pytest.mark.parametrize(
    ("family", "pattern", "chronicity", "regions", "is_about"),
    [
        ("interlaminar", "claudication", "chronic", {"lumbar"}, True),
        ("caudal", "claudication", "chronic", {"lumbar"}, False),
        ("interlaminar", "radicular", "chronic", {"lumbar"}, False),
        ("interlaminar", "claudication", "acute", {"lumbar"}, False),
        ("interlaminar", "claudication", "chronic", {"cervical"}, False),
        ("interlaminar", "claudication", "chronic", {"thoracic", "lumbar"}, True),
        ("interlaminar", None, "unknown", set(), True),
        ("interlaminar", "claudication", "chronic", {"sacroiliac"}, True),
    ],
)
def test_a_criterion_is_about_the_cells_it_lists_and_what_a_case_leaves_open_may_be_any(
    family: str, pattern: str | None, chronicity: str, regions: set[str], is_about: bool
) -> None:
    assert STENOSIS.is_about(family, pattern, chronicity, regions) is is_about


@pytest.mark.parametrize("criterion", sorted(CRITERION_PARAMS))
def test_a_parameter_left_out_is_not_set(criterion: str) -> None:
    assert CRITERION_PARAMS[criterion]().model_dump(exclude_none=True) == {}


def test_the_params_keep_their_values_through_a_dump() -> None:
    assert STENOSIS.model_dump()["params"]["min_days"] == 28
