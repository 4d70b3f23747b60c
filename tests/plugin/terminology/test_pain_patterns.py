"""What a diagnosis code says about the pain: the codes that are easily misread."""

from __future__ import annotations

import pytest

from plugin.terminology import Terminology

ICD = "http://hl7.org/fhir/sid/icd-10-cm"
SNOMED = "http://snomed.info/sct"


@pytest.mark.parametrize(
    ("code", "pattern"),
    [
        ("M51.360", "axial"),  # back pain only
        ("M51.370", "axial"),
        ("M51.361", "possible-radicular"),  # leg pain only, no root named
        ("M51.371", "possible-radicular"),
        ("M51.362", "possible-radicular"),  # back and leg pain
        ("M51.372", "possible-radicular"),
        ("M51.369", "structural-negative"),  # no pain mentioned
        ("M51.379", "structural-negative"),
        ("M51.36", "pattern-not-stated"),  # the header, before the codes above existed
        ("M51.37", "pattern-not-stated"),
        ("M48.06", "structural-open"),  # the header leaves claudication open
        ("M48.061", "structural-negative"),  # without claudication
        ("M48.062", "claudication"),
        ("M48.07", "structural-open"),
        ("M54.5", "axial"),
        ("M54.50", "axial"),
        ("M54.2", "axial"),
        ("M51.26", "structural-negative"),  # displacement, kept apart from radiculopathy
        ("M51.27", "structural-negative"),
        ("M50.20", "structural-negative"),
        ("M50.120", "radicular"),  # its title leaves the word out
        ("M54.41", "radicular"),  # its title starts with lumbago
        ("M54.31", "radicular"),
        ("M54.16", "radicular"),
        ("M54.10", "radicular"),
        ("G54.2", "radicular"),
        ("G55", "possible-radicular"),
        ("M79.604", "possible-radicular"),
        ("R20.2", "weak-sensory"),
        ("M79.18", "axial"),  # myofascial, not limb pain
        ("M46.1", "axial"),
        ("M53.2X8", "structural-negative"),  # instability outweighs the sacroiliac list
        ("M47.818", "axial"),
        ("M47.816", "axial"),
        ("M47.896", "structural-negative"),
        ("M96.1", "post-laminectomy"),
        ("B02.9", "zoster"),
        ("B02.0", "zoster"),
        ("B02.22", "zoster-by-onset"),
        ("B02.29", "zoster-by-onset"),
        ("G89.4", "excluded"),
        ("G90.521", "excluded"),
        ("M79.7", "excluded"),
        ("G89.29", "generic"),
        ("R52", "generic"),
    ],
)
def test_an_icd_code_states_its_pattern(code: str, pattern: str, terminology: Terminology) -> None:
    concept = terminology.lookup(ICD, code)

    assert concept is not None
    assert concept.pain_pattern == pattern
    assert concept.get("pain-pattern") == pattern


@pytest.mark.parametrize(
    ("code", "pattern"),
    [
        ("128196005", "radicular"),
        ("23056005", "radicular"),
        ("76807004", "possible-radicular"),
        ("10601006", "possible-radicular"),
        ("303081002", "claudication"),
        ("76107001", "structural-open"),
        ("73589001", "structural-open"),
        ("26538006", "structural-negative"),
        ("279039007", "axial"),
        ("27151001", "post-laminectomy"),
        ("2177002", "post-herpetic"),
        ("4740000", "zoster"),
        ("203082005", "excluded"),
        ("82423001", "generic"),
    ],
)
def test_a_snomed_code_states_its_pattern(code: str, pattern: str, terminology: Terminology) -> None:
    concept = terminology.lookup(SNOMED, code)

    assert concept is not None
    assert concept.pain_pattern == pattern


@pytest.mark.parametrize("code", ["G54.0", "G54.1", "M54.81", "M99.99"])
def test_a_plexus_or_occipital_disorder_is_no_information_on_the_pattern(
    code: str, terminology: Terminology
) -> None:
    assert terminology.lookup(ICD, code) is None


def test_only_the_two_legacy_headers_leave_the_pattern_unstated(terminology: Terminology) -> None:
    unstated = {
        concept.code
        for name in terminology.set_ids
        for concept in terminology.members(name)
        if concept.pain_pattern == "pattern-not-stated"
    }

    assert unstated == {"M51.36", "M51.37"}
