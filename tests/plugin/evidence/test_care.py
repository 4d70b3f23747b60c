"""From procedures, orders and medication to conservative care, earlier injections and operations."""

from __future__ import annotations

from datetime import date

import pytest

from plugin.domain.dates import DateRange
from plugin.domain.evidence import CareKind
from tests.builders import Json, coded, on, read
from tests.plugin.evidence.records import KNEE, LUMBAR_SITE, found, only, referral, therapy


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("97110", CareKind.ACTIVE),
        ("91251008", CareKind.ACTIVE),
        ("98940", CareKind.ACTIVE),
        ("98960", CareKind.ACTIVE),
        ("96158", CareKind.ACTIVE),
        ("97810", CareKind.ACTIVE),
        ("97010", CareKind.PASSIVE),
        ("308447003", CareKind.REFERRAL),
    ],
)
def test_the_code_says_what_kind_of_care_it_is(code: str, kind: CareKind) -> None:
    assert only(procedures=[therapy(code)]).kind is kind


@pytest.mark.parametrize("code", ["97161", "97162", "97163"])
def test_an_evaluation_is_marked_as_one(code: str) -> None:
    assert only(procedures=[therapy(code)]).is_evaluation


@pytest.mark.parametrize(
    ("status", "certain"),
    [
        ("completed", True),
        ("in-progress", True),
        ("stopped", True),
        ("unknown", False),
        (None, False),
        ("preparation", None),
        ("on-hold", None),
        ("not-done", None),
        ("entered-in-error", None),
    ],
)
def test_status_of_a_therapy(status: str | None, certain: bool | None) -> None:
    entries = found(procedures=[therapy(status=status)]).entries

    assert [e.is_certain for e in entries] == ([] if certain is None else [certain])


@pytest.mark.parametrize(
    ("elements", "first", "last"),
    [
        ({}, "2026-10-01", "2026-10-01"),
        ({"performedDateTime": "2026-10"}, "2026-10", "2026-10"),
        (
            {
                "performedDateTime": None,
                "performedPeriod": {"start": "2026-09-01", "end": "2026-10-01"},
            },
            "2026-09-01",
            "2026-10-01",
        ),
        (
            {"performedDateTime": None, "performedPeriod": {"start": "2026-09-01"}},
            "2026-09-01",
            None,
        ),
        (
            {"performedDateTime": None, "performedPeriod": {"end": "2026-10-01"}},
            "2026-10-01",
            "2026-10-01",
        ),
    ],
)
def test_the_days_of_a_therapy(elements: Json, first: str, last: str | None) -> None:
    entry = only(procedures=[therapy(**elements)])

    assert (entry.first, entry.last) == (on(first), on(last) if last else None)


def test_a_therapy_in_progress_goes_on() -> None:
    period = {"performedDateTime": None, "performedPeriod": {"start": "2026-09-01"}}

    assert only(procedures=[therapy(status="in-progress", **period)]).last == DateRange.on(date.max)


def test_a_therapy_without_a_date_may_have_been_on_any_day_so_far() -> None:
    entry = only(procedures=[therapy(performedDateTime=None)])

    assert (entry.first.first, entry.first.last) == (date.min, date(2026, 11, 20))


@pytest.mark.parametrize(
    ("elements", "counts"),
    [
        ({"bodySite": [KNEE]}, False),
        ({"bodySite": [{"text": "left knee"}]}, False),
        ({"reasonCode": [{"text": "Shoulder impingement"}]}, False),
        ({"bodySite": [LUMBAR_SITE]}, True),
        ({"bodySite": [KNEE, LUMBAR_SITE]}, True),
        ({"bodySite": [KNEE], "reasonCode": [coded("M54.16")]}, True),
        ({"reasonCode": [coded("M54.16")]}, True),
        ({"reasonCode": [{"text": "Knee and low back pain"}]}, True),
        ({"bodySite": KNEE}, False),
        ({}, True),
    ],
)
def test_therapy_plainly_for_another_part_of_the_body_does_not_count(elements: Json, counts: bool) -> None:
    care = found(procedures=[therapy(**elements)])

    assert len(care.entries) == int(counts)
    assert [i.remark for i in care.set_aside] == ([] if counts else ["not-spinal"])


def test_what_does_not_count_is_listed_by_date_in_whatever_order_it_was_sent() -> None:
    sent = [
        therapy(id=f"t-{day}", bodySite=[KNEE], performedDateTime=f"2026-10-{day}")
        for day in ("12", "20", "05")
    ]

    care = found(procedures=sent)

    assert [item.reference for item in care.set_aside] == [
        "Procedure/t-05",
        "Procedure/t-12",
        "Procedure/t-20",
    ]


@pytest.mark.parametrize(
    ("text", "counts"),
    [
        ("Physiotherapy session", True),
        ("Home exercise programme", True),
        ("Referred to physiotherapy", False),
        ("Physiotherapy declined", False),
        ("Exercise stress test", False),
        ("Appendectomy", False),
    ],
)
def test_therapy_in_words_only_is_a_hint(text: str, counts: bool) -> None:
    entries = found(procedures=[therapy(None, code={"text": text})]).entries

    assert [e.is_certain for e in entries] == ([False] if counts else [])


@pytest.mark.parametrize(
    ("elements", "waived"),
    [({"statusReason": {"text": "Patient declined"}}, ["therapy"]), ({}, [])],
)
def test_therapy_not_done_for_a_reason_is_a_waiver(elements: Json, waived: list[str]) -> None:
    evidence = read(procedures=[therapy(status="not-done", **elements)])

    assert [w.of for w in evidence.waivers.entries] == waived
    assert evidence.care.entries == ()


def test_knee_therapy_not_done_waives_nothing() -> None:
    declined = therapy(status="not-done", statusReason={"text": "declined"}, bodySite=[KNEE])

    assert read(procedures=[declined]).waivers.entries == ()


@pytest.mark.parametrize(
    ("status", "counts"),
    [
        ("active", True),
        ("draft", True),
        ("completed", True),
        ("on-hold", True),
        ("revoked", False),
        ("entered-in-error", False),
    ],
)
@pytest.mark.parametrize("code", ["308447003", "97110"])
def test_an_order_for_therapy_is_a_referral_and_never_more(code: str, status: str, counts: bool) -> None:
    entries = found(serviceRequests=[referral(code, status=status)]).entries

    assert [e.kind for e in entries] == ([CareKind.REFERRAL] if counts else [])


def test_therapy_that_must_not_be_performed_is_no_referral() -> None:
    assert found(serviceRequests=[referral(doNotPerform=True)]).entries == ()
