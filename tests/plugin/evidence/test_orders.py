"""From draft orders to injections: add-on lines joined, sites and regions, what stands beside them."""

from __future__ import annotations

import pytest

from plugin.domain.families import Family, Purpose
from plugin.domain.order import Word
from plugin.domain.regions import Region
from plugin.domain.truth import Truth
from tests.builders import HCPCS, Json, coded
from tests.plugin.evidence.records import TRIAMCINOLONE, draft, drafts, ordered, prescription


def lines(*codes: str, **elements: object) -> list[Json]:
    return [draft(code, id=f"line-{n}", **elements) for n, code in enumerate(codes, start=1)]


@pytest.mark.parametrize(
    ("codes", "levels"),
    [
        (["64483"], 1),
        (["64483", "64484"], 2),
        (["64484", "64483"], 2),
        (["64490", "64491", "64492"], 3),
        (["64635", "64636", "64636"], 3),
    ],
)
def test_a_further_level_belongs_to_the_first_line(codes: list[str], levels: int) -> None:
    order = ordered(*lines(*codes))

    assert order.levels == levels
    assert sorted(c.code for c in order.codes) == sorted(codes)
    assert order.code.code == min(codes)


def test_the_quantity_of_a_further_level_counts() -> None:
    first, further = lines("64483", "64484")

    assert ordered(first, further | {"quantityQuantity": {"value": 2}}).levels == 3


def test_a_code_that_counts_no_levels_has_none() -> None:
    assert ordered(draft("62323")).levels is None


def test_a_further_level_alone_is_an_order() -> None:
    assert ordered(draft("64484")).code.code == "64484"


@pytest.mark.parametrize(("first", "further"), [("64479", "64484"), ("64493", "64484"), ("64490", "64494")])
def test_a_further_level_of_another_place_or_kind_stays_apart(first: str, further: str) -> None:
    found = drafts(*lines(first, further)).injections

    assert {order.code.code for order in found} == {first, further}


def test_sides_modifiers_and_words_of_the_further_level_count() -> None:
    first = draft(None, id="a", code=coded("64635") | {"text": "left"})
    further = draft(None, id="b", code=coded("64636") | {"text": "right, pulsed"})
    further["code"]["coding"].append({"system": HCPCS, "code": "KX"})

    order = ordered(first, further)

    assert (order.sides, order.modifiers) == ({"left", "right"}, {"KX"})
    assert Word.NOT_THERMAL in order.words


def test_every_injection_of_the_hook_is_known_to_the_others() -> None:
    found = drafts(*lines("62323", "20552", "64493", "64494"))

    assert [o.code.code for o in found.session] == ["62323", "20552", "64493"]
    assert found.session == found.injections


def test_dry_needling_is_none_of_ours() -> None:
    found = drafts(draft("20560"))

    assert (found.injections, found.orphans) == ([], ())


@pytest.mark.parametrize("status", ["revoked", "completed", "entered-in-error"])
def test_an_order_that_is_over_is_not_reviewed(status: str) -> None:
    assert drafts(draft("27096", status=status)).injections == []


def test_the_codes_beside_an_injection_keep_the_order_they_stand_on() -> None:
    own = {"coding": [*coded("62322")["coding"], *coded("92928-1")["coding"]]}
    guidance, mri = lines("77003", "72148")

    order = ordered(draft(None, id="own", code=own), guidance, mri)

    assert [(c.code.code, c.reference) for c in order.ordered_beside] == [
        ("92928-1", "ServiceRequest/own"),
        ("77003", "ServiceRequest/line-1"),
        ("72148", "ServiceRequest/line-2"),
    ]
    assert "proc-imaging-guidance" in order.companions


def test_a_steroid_beside_it_makes_an_injection_therapeutic() -> None:
    steroid = prescription(TRIAMCINOLONE, status="draft")

    order = ordered(draft("27096"), steroid)

    assert (order.purpose, order.has_steroid) == (Purpose.THERAPEUTIC, Truth.TRUE)
    assert ordered(draft("27096")).purpose is Purpose.UNDETERMINED


@pytest.mark.parametrize(
    ("code", "site", "region", "apart"),
    [
        ("27096", "39723000", Region.of("sacroiliac"), False),
        ("27096", "297174005", Region.of("sacral"), False),
        ("27096", "122494005", Region.of("cervical"), True),
        ("64625", "39723000", Region.of("sacroiliac"), False),
        ("64493", "122494005", Region.of("cervical"), True),
        ("62323", "39723000", Region.of("sacroiliac"), True),
        ("20552", "122496007", Region.of("lumbar"), False),
    ],
)
def test_the_site_of_an_order_may_contradict_its_code(
    code: str, site: str, region: Region, apart: bool
) -> None:
    order = ordered(draft(code, bodySite=[coded(site)]))

    assert (order.region, order.site_disagrees) == (region, apart)


@pytest.mark.parametrize(
    ("text", "family"),
    [
        ("Caudal epidural", Family.CAUDAL),
        ("Interlaminar epidural", Family.INTERLAMINAR),
        (None, Family.INTERLAMINAR),
    ],
)
def test_words_tell_a_caudal_from_an_interlaminar_epidural(text: str | None, family: Family) -> None:
    code = coded("62323") | ({"text": text} if text else {})

    assert ordered(draft(None, code=code)).family is family


@pytest.mark.parametrize(
    ("codes", "contradictory"),
    [
        (["62323", "64493"], True),
        (["62323", "180886007"], False),
        (["62323", "0232T"], False),
        (["62323"], False),
    ],
)
def test_codes_of_two_families_on_one_order_contradict(codes: list[str], contradictory: bool) -> None:
    mixed = {"coding": [c for code in codes for c in coded(code)["coding"]]}

    assert ordered(draft(None, code=mixed)).is_contradictory is contradictory


@pytest.mark.parametrize(
    ("elements", "repeats"),
    [
        ({}, False),
        ({"quantityQuantity": {"value": 1}}, False),
        ({"quantityQuantity": {"value": 3}}, True),
        ({"occurrenceTiming": {"repeat": {"count": 3}}}, True),
        ({"occurrenceTiming": {"repeat": {"count": 1}}}, False),
    ],
)
def test_more_than_one_session_may_be_ordered(elements: Json, repeats: bool) -> None:
    assert ordered(draft("62323", **elements)).repeats is repeats


def test_every_draft_is_kept_as_it_came() -> None:
    found = drafts(draft("62322", id="own", note=[{"text": "as it came"}]))

    assert b"as it came" in bytes(found.resources["ServiceRequest/own"])
