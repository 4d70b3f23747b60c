"""What each document says to an answer, weighed by the document's own numbers for each case anew."""

from __future__ import annotations

from plugin.domain.case import Case
from plugin.domain.check import Outcome
from tests.builders import case, conservative, diagnosis, judge, order, sessions

SIX_WEEKS = case(care=sessions("2026-10-01", "2026-11-13"))
FIVE_WEEKS = case(care=sessions("2026-10-01", "2026-11-05"))
A_WEEK = case(care=sessions("2026-10-01", "2026-10-07"))


def said_of_care(asked: Case) -> dict[str, Outcome | None]:
    testimonies = judge().testimonies(asked, conservative(asked))
    return {t.guideline.id: t.outcome for t in testimonies}


def test_the_same_documents_come_to_another_answer_in_another_case() -> None:
    first, longer, shorter = said_of_care(FIVE_WEEKS), said_of_care(SIX_WEEKS), said_of_care(A_WEEK)

    assert set(first) == set(longer) == set(shorter)
    assert {first["medicare-esi-lcd"], longer["medicare-esi-lcd"]} == {Outcome.MET}
    assert (first["evicore-cmm-200"], longer["evicore-cmm-200"]) == (Outcome.NOT_MET, Outcome.MET)
    assert shorter["medicare-esi-lcd"] is Outcome.NOT_MET
    assert said_of_care(FIVE_WEEKS) == first


def test_only_documents_on_the_kind_of_order_speak() -> None:
    facet = case(
        order("64493", reason_references=("Condition/M47.816",)),
        problems=[diagnosis("M47.816", "2026-01-01")],
    )

    assert "medicare-esi-lcd" in said_of_care(SIX_WEEKS)
    assert "medicare-esi-lcd" not in said_of_care(facet)
    assert "medicare-facet-lcd" in said_of_care(facet)
