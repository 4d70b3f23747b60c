"""Where a region lies."""

from __future__ import annotations

import pytest

from plugin.domain.regions import Region
from plugin.domain.truth import Truth


@pytest.mark.parametrize(
    ("region", "is_upper"),
    [
        (Region.of("cervical"), Truth.TRUE),
        (Region.of("thoracic"), Truth.TRUE),
        (Region.pair("cervical", "thoracic"), Truth.TRUE),
        (Region.of("thoracic", "lumbar"), Truth.TRUE),
        (Region.everywhere(), Truth.TRUE),
        (Region.of("lumbar"), Truth.FALSE),
        (Region.pair("lumbar", "sacral"), Truth.FALSE),
        (Region.of("sacroiliac"), Truth.FALSE),
        (Region.unspecified(), Truth.UNKNOWN),
    ],
)
def test_a_region_that_takes_in_neck_or_mid_back_is_an_upper_one(region: Region, is_upper: Truth) -> None:
    assert region.is_upper is is_upper


@pytest.mark.parametrize(
    ("region", "label"),
    [
        (Region.of("lumbar"), "lumbar"),
        (Region.of("thoracic", "cervical"), "cervicothoracic"),
        (Region.of("thoracic", "lumbar"), "thoracolumbar"),
        (Region.of("lumbar", "sacral"), "lumbosacral"),
        (Region.of("lumbar", "sacroiliac"), "lumbar and sacroiliac"),
        (Region.of("sacral", "lumbar", "cervical"), "cervical, lumbar and sacral"),
        (Region.pair("thoracic", "cervical"), "cervical or thoracic"),
        (Region.everywhere(), "whole spine"),
        (Region.unspecified(), "region not stated"),
    ],
)
def test_a_region_is_named_from_the_head_down(region: Region, label: str) -> None:
    assert region.label == label


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (Region.of("lumbar"), Region.of("lumbar", "sacral"), Truth.TRUE),
        (Region.of("lumbar"), Region.of("cervical"), Truth.FALSE),
        (Region.of("lumbar"), Region.unspecified(), Truth.UNKNOWN),
        (Region.unspecified(), Region.unspecified(), Truth.UNKNOWN),
        (Region.everywhere(), Region.unspecified(), Truth.TRUE),
        (Region.everywhere(), Region.of("sacroiliac"), Truth.TRUE),
    ],
)
def test_regions_match_either_way_round(one: Region, other: Region, expected: Truth) -> None:
    assert one.matches(other) is expected
    assert other.matches(one) is expected


NECK_OR_MID_BACK = Region.pair("cervical", "thoracic")


@pytest.mark.parametrize(
    ("region", "other", "refined"),
    [
        (NECK_OR_MID_BACK, Region.of("cervical"), Region.of("cervical")),
        (NECK_OR_MID_BACK, Region.of("cervical", "thoracic"), Region.of("cervical", "thoracic")),
        (NECK_OR_MID_BACK, NECK_OR_MID_BACK, NECK_OR_MID_BACK),
        (NECK_OR_MID_BACK, Region.pair("thoracic", "lumbar"), Region.of("thoracic")),
        (NECK_OR_MID_BACK, Region.of("lumbar"), NECK_OR_MID_BACK),
        (NECK_OR_MID_BACK, Region.unspecified(), NECK_OR_MID_BACK),
        (NECK_OR_MID_BACK, Region.everywhere(), NECK_OR_MID_BACK),
        (Region.of("lumbar", "sacral"), Region.of("lumbar"), Region.of("lumbar", "sacral")),
    ],
)
def test_only_a_pair_is_narrowed_and_only_to_what_both_share(
    region: Region, other: Region, refined: Region
) -> None:
    assert region.refined_by(other) == refined


def test_a_region_that_does_not_exist_is_refused_with_those_that_do() -> None:
    with pytest.raises(ValueError) as refused:
        Region.of("pelvic", "lumbar", "coccygeal")

    assert str(refused.value) == (
        "no region coccygeal, pelvic; there is cervical, thoracic, lumbar, sacral, sacroiliac"
    )


def test_a_region_is_stated_just_when_it_has_atoms() -> None:
    for atoms, stated in ((frozenset[str](), True), (frozenset({"lumbar"}), False)):
        with pytest.raises(ValueError, match=r"^a stated region has atoms; one that is not stated has none$"):
            Region(atoms, stated)


def test_a_pair_has_two_atoms() -> None:
    for atoms in ({"lumbar"}, {"lumbar", "sacral", "thoracic"}):
        with pytest.raises(ValueError, match=r"^a pair has exactly two atoms$"):
            Region(frozenset(atoms), is_pair=True)
