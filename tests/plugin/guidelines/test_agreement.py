"""Who is for and who is against, in a given case."""

from __future__ import annotations

from typing import Any, Literal

import pytest

from plugin.guidelines import Agreement, Case, Guideline, Library, Stance, agreement, load_guidelines

Chronicity = Literal["acute", "chronic", "unknown"]
SEVEN = {
    "nice-ng59",
    "acoem-2021",
    "asipp-2021",
    "aspn-2022",
    "bmj-2025",
    "aan-2025",
    "medicare-esi-lcd",
}


@pytest.fixture(scope="session")
def guidelines() -> tuple[Guideline, ...]:
    """Seven documents on epidurals; what all documents say together is for the conflicts to show."""
    return tuple(g for g in load_guidelines() if g.id in SEVEN)


def lumbar(pattern: str, chronicity: Chronicity = "chronic", family: str = "interlaminar") -> Case:
    return Case(family, pattern, chronicity, frozenset({"lumbar"}))


def names(stances: tuple[Stance, ...]) -> set[str]:
    return {stance.guideline.short_name for stance in stances}


def stance_of(found: Agreement, name: str) -> Stance:
    stances = (*found.for_, *found.against, *found.conditional, *found.silent)
    return next(s for s in stances if s.guideline.id == name)


def test_for_chronic_axial_low_back_pain_four_are_against_and_two_for(
    guidelines: tuple[Guideline, ...],
) -> None:
    found = agreement(guidelines, lumbar("axial"))

    assert names(found.against) == {"BMJ 2025", "NICE NG59", "ACOEM 2021", "Medicare ESI LCD"}
    assert names(found.for_) == {"ASPN 2022", "ASIPP 2021"}
    assert names(found.silent) == {"AAN 2025"}
    assert found.is_conflict


def test_for_chronic_lumbar_radicular_pain_bmj_alone_is_against(guidelines: tuple[Guideline, ...]) -> None:
    found = agreement(guidelines, lumbar("radicular"))

    assert names(found.against) == {"BMJ 2025"}
    assert names(found.for_) == {"AAN 2025", "ASIPP 2021", "ASPN 2022", "Medicare ESI LCD"}
    assert names(found.conditional) == {"ACOEM 2021"}
    assert names(found.silent) == {"NICE NG59"}
    assert found.is_conflict


def test_for_lumbar_claudication_nice_alone_is_against(guidelines: tuple[Guideline, ...]) -> None:
    found = agreement(guidelines, lumbar("claudication"))

    assert names(found.against) == {"NICE NG59"}
    assert names(found.for_) == {"ASPN 2022", "ASIPP 2021", "Medicare ESI LCD"}
    assert names(found.conditional) == {"AAN 2025"}
    assert names(found.silent) == {"BMJ 2025", "ACOEM 2021"}
    assert found.is_conflict


def test_for_chronic_pain_after_surgery_bmj_is_against_and_aspn_and_the_lcd_are_for(
    guidelines: tuple[Guideline, ...],
) -> None:
    found = agreement(guidelines, lumbar("post-laminectomy"))

    assert names(found.against) == {"BMJ 2025"}
    assert names(found.for_) == {"ASPN 2022", "Medicare ESI LCD"}
    assert found.is_conflict


def test_for_acute_lumbar_radicular_pain_nobody_is_against(guidelines: tuple[Guideline, ...]) -> None:
    found = agreement(guidelines, lumbar("radicular", "acute"))

    assert found.against == ()
    assert names(found.for_) == {"AAN 2025", "ASPN 2022", "Medicare ESI LCD"}
    assert names(found.conditional) == {"NICE NG59", "ACOEM 2021"}
    assert not found.is_conflict


def test_of_acute_zoster_only_the_lcd_speaks_and_of_post_herpetic_pain_nobody(
    guidelines: tuple[Guideline, ...],
) -> None:
    acute = agreement(guidelines, Case("interlaminar", "acute-zoster", "acute", frozenset({"thoracic"})))
    late = agreement(guidelines, Case("interlaminar", "post-herpetic", "chronic", frozenset({"thoracic"})))

    assert names(acute.for_) == {"Medicare ESI LCD"}
    assert acute.against == acute.conditional == ()
    assert names(late.silent) == {g.short_name for g in guidelines}


def test_for_the_neck_a_low_back_document_is_silent(guidelines: tuple[Guideline, ...]) -> None:
    found = agreement(guidelines, Case("interlaminar", "radicular", "chronic", frozenset({"cervical"})))

    assert names(found.silent) == {"NICE NG59", "ACOEM 2021", "ASPN 2022"}
    assert names(found.against) == {"BMJ 2025"}
    assert names(found.for_) == {"AAN 2025", "ASIPP 2021", "Medicare ESI LCD"}


def test_unknown_duration_puts_a_document_that_depends_on_it_under_conditional_and_names_both(
    guidelines: tuple[Guideline, ...],
) -> None:
    found = agreement(guidelines, lumbar("radicular", "unknown"))

    provisos = {s.guideline.id: s.proviso for s in found.conditional}
    assert provisos == {
        "nice-ng59": "conditional if under 3 months; silent if 3 months or more",
        "acoem-2021": None,
        "asipp-2021": "silent if under 3 months; for if 3 months or more",
        "bmj-2025": "silent if under 3 months; against if 3 months or more",
    }
    assert stance_of(found, "bmj-2025").position.direction == "against"
    assert not found.is_conflict


def test_unknown_duration_changes_nothing_for_a_document_that_does_not_depend_on_it(
    guidelines: tuple[Guideline, ...],
) -> None:
    found = agreement(guidelines, lumbar("radicular", "unknown"))

    assert names(found.for_) == {"AAN 2025", "ASPN 2022", "Medicare ESI LCD"}
    assert all(stance.proviso is None for stance in found.for_)


@pytest.mark.parametrize(
    ("regions", "name", "direction", "proviso"),
    [
        ({"lumbar", "sacral"}, "aspn-2022", "for", None),
        ({"thoracic", "lumbar"}, "aspn-2022", "conditional", "silent if thoracic; for if lumbar"),
        ({"cervical", "thoracic"}, "aan-2025", "conditional", "for if cervical; silent if thoracic"),
        ({"cervical", "thoracic"}, "aspn-2022", "silent", None),
        (set(), "aspn-2022", "conditional", "silent if cervical or thoracic; for if lumbar or sacral"),
        (set(), "bmj-2025", "against", None),
        ({"sacroiliac", "sacral"}, "aspn-2022", "for", None),
    ],
)
def test_a_position_that_depends_on_the_region_names_it_where_the_case_leaves_it_open(
    guidelines: tuple[Guideline, ...], regions: set[str], name: str, direction: str, proviso: str | None
) -> None:
    found = agreement(guidelines, Case("interlaminar", "radicular", "chronic", frozenset(regions)))

    stance = stance_of(found, name)
    assert (stance.direction, stance.proviso) == (direction, proviso)


def test_a_case_open_in_duration_and_region_names_what_depends_on_which(
    guidelines: tuple[Guideline, ...],
) -> None:
    found = agreement(guidelines, Case("interlaminar", "radicular", "unknown", frozenset()))

    assert stance_of(found, "nice-ng59").proviso == (
        "silent if cervical or thoracic, under 3 months; conditional if lumbar or sacral, under 3 months; "
        "silent if 3 months or more"
    )


def test_a_pair_of_regions_does_not_borrow_the_stronger_grade(guidelines: tuple[Guideline, ...]) -> None:
    pair = Case("interlaminar", "radicular", "chronic", frozenset({"cervical", "thoracic"}))
    neck = Case("interlaminar", "radicular", "chronic", frozenset({"cervical"}))

    assert stance_of(agreement(guidelines, pair), "asipp-2021").position.strength == "Level II"
    assert stance_of(agreement(guidelines, neck), "asipp-2021").position.strength == "Level I, strong"


def test_the_order_is_that_of_publication(guidelines: tuple[Guideline, ...]) -> None:
    found = agreement(guidelines, lumbar("axial"))

    assert [s.guideline.id for s in found.against] == [
        "nice-ng59",
        "acoem-2021",
        "bmj-2025",
        "medicare-esi-lcd",
    ]


@pytest.mark.parametrize(
    ("changed", "known"),
    [
        ({"family": "cosmetic"}, "interlaminar, caudal, transforaminal, facet-injection"),
        ({"pattern": "nociplastic"}, "axial, radicular, claudication"),
        ({"chronicity": "subacute"}, "acute, chronic, unknown"),
    ],
)
def test_a_word_outside_the_vocabulary_is_refused_by_naming_the_field_and_the_words_there_are(
    guidelines: tuple[Guideline, ...], changed: dict[str, Any], known: str
) -> None:
    words: dict[str, Any] = {"family": "caudal", "pattern": "axial", "chronicity": "acute", **changed}
    (field,) = changed

    with pytest.raises(ValueError, match=rf"case\.{field}: not one of {known}") as caught:
        agreement(guidelines, Case(**words, regions=frozenset()))

    assert changed[field] not in str(caught.value)


def test_a_library_answers_like_the_computation_and_works_each_case_out_once(
    guidelines: tuple[Guideline, ...],
) -> None:
    library = Library(guidelines)

    first = library.agreement(lumbar("axial"))
    again = library.agreement(lumbar("axial"))

    assert again is first
    assert first == agreement(guidelines, lumbar("axial"))
    assert library.agreement(lumbar("radicular")) == agreement(guidelines, lumbar("radicular"))


def test_a_library_of_a_few_guidelines_asks_only_those(guidelines: tuple[Guideline, ...]) -> None:
    library = Library(g for g in guidelines if g.id == "bmj-2025")

    found = library.agreement(lumbar("axial"))

    assert names(found.against) == {"BMJ 2025"}
    assert found.for_ == found.conditional == found.silent == ()
    assert not found.is_conflict
