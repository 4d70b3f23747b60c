"""The truth table of regions, written out, and the narrowing of a pair."""

from __future__ import annotations

import itertools

import pytest

from plugin.domain.regions import ATOMS, Region
from plugin.domain.truth import Truth

REGIONS = {
    "C": Region.of("cervical"),
    "T": Region.of("thoracic"),
    "L": Region.of("lumbar"),
    "S": Region.of("sacral"),
    "SI": Region.of("sacroiliac"),
    "CT": Region.of("cervical", "thoracic"),
    "TL": Region.of("thoracic", "lumbar"),
    "LS": Region.of("lumbar", "sacral"),
    "C/T": Region.pair("cervical", "thoracic"),
    "L/S": Region.pair("lumbar", "sacral"),
    "all": Region.everywhere(),
    "?": Region.unspecified(),
}

# + the same place, . another place, ? cannot be said
TABLE = """
        C   T   L   S   SI  CT  TL  LS  C/T L/S all ?
C       +   .   .   .   .   +   .   .   +   .   +   ?
T       .   +   .   .   .   +   +   .   +   .   +   ?
L       .   .   +   .   .   .   +   +   .   +   +   ?
S       .   .   .   +   .   .   .   +   .   +   +   ?
SI      .   .   .   .   +   .   .   .   .   .   +   ?
CT      +   +   .   .   .   +   +   .   +   .   +   ?
TL      .   +   +   .   .   +   +   +   +   +   +   ?
LS      .   .   +   +   .   .   +   +   .   +   +   ?
C/T     +   +   .   .   .   +   +   .   +   .   +   ?
L/S     .   .   +   +   .   .   +   +   .   +   +   ?
all     +   +   +   +   +   +   +   +   +   +   +   +
?       ?   ?   ?   ?   ?   ?   ?   ?   ?   ?   +   ?
"""
_MEANING = {"+": Truth.TRUE, ".": Truth.FALSE, "?": Truth.UNKNOWN}


def _cells() -> list[tuple[str, str, Truth]]:
    header, *rows = [line.split() for line in TABLE.strip().splitlines()]
    return [
        (row[0], name, _MEANING[cell]) for row in rows for name, cell in zip(header, row[1:], strict=True)
    ]


def test_the_table_holds_every_two_regions() -> None:
    assert {(one, other) for one, other, _ in _cells()} == set(itertools.product(REGIONS, repeat=2))


@pytest.mark.parametrize(("one", "other", "expected"), _cells())
def test_two_regions_match_as_the_table_says(one: str, other: str, expected: Truth) -> None:
    assert REGIONS[one].matches(REGIONS[other]) is expected


@pytest.mark.parametrize(
    ("region", "by", "expected"),
    [
        ("L/S", "L", Region.of("lumbar")),
        ("L/S", "S", Region.of("sacral")),
        ("L/S", "LS", Region.of("lumbar", "sacral")),
        ("L/S", "TL", Region.of("lumbar")),
        ("C/T", "CT", Region.of("cervical", "thoracic")),
        ("L/S", "L/S", Region.pair("lumbar", "sacral")),
        ("L/S", "all", Region.pair("lumbar", "sacral")),
        ("L/S", "?", Region.pair("lumbar", "sacral")),
        ("L/S", "C", Region.pair("lumbar", "sacral")),
        ("LS", "L", Region.of("lumbar", "sacral")),
        ("?", "L", Region.unspecified()),
    ],
)
def test_only_a_pair_is_narrowed_and_only_to_what_it_shares(region: str, by: str, expected: Region) -> None:
    assert REGIONS[region].refined_by(REGIONS[by]) == expected


@pytest.mark.parametrize(
    ("region", "label"),
    [
        (Region.of("lumbar"), "lumbar"),
        (Region.pair("thoracic", "cervical"), "cervical or thoracic"),
        (Region.of("sacral", "lumbar"), "lumbosacral"),
        (Region.of("thoracic", "cervical"), "cervicothoracic"),
        (Region.of("thoracic", "lumbar"), "thoracolumbar"),
        (Region.of("lumbar", "cervical"), "cervical and lumbar"),
        (Region.of("cervical", "thoracic", "lumbar"), "cervical, thoracic and lumbar"),
        (Region.of(*ATOMS), "whole spine"),
        (Region.of(), "region not stated"),
    ],
)
def test_a_region_is_called_what_a_clinician_calls_it(region: Region, label: str) -> None:
    assert region.label == label


@pytest.mark.parametrize(
    "make",
    [
        lambda: Region.of("pelvic"),
        lambda: Region(frozenset(), stated=True),
        lambda: Region(frozenset({"lumbar"}), stated=False),
        lambda: Region(frozenset({"lumbar"}), is_pair=True),
    ],
)
def test_a_region_that_contradicts_itself_cannot_be_made(make: object) -> None:
    assert callable(make)

    with pytest.raises(ValueError, match=r"region|atoms"):
        make()
