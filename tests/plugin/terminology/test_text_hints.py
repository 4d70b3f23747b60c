"""What words hint at, and near-misses that must not."""

from __future__ import annotations

import pytest

from plugin.domain.regions import Region
from plugin.terminology import Terminology

C, T, L, S = "cervical", "thoracic", "lumbar", "sacral"


@pytest.mark.parametrize(
    ("text", "atoms"),
    [
        ("MRI Lumbar Spine w/o contrast", {L}),
        ("MR L-SPINE", {L}),
        ("lspine films", {L}),
        ("C spine CT", {C}),
        ("T-spine", {T}),
        ("chronic low back pain", {L}),
        ("pain in the neck", {C}),
        ("lumbosacral spine", {L, S}),
        ("LS spine", {L, S}),
        ("thoracolumbar junction", {T, L}),
        ("cervicothoracic", {C, T}),
        ("sacrum and coccyx", {S}),
        ("SI joint, left", {"sacroiliac"}),
        ("caudal epidural", {L, S}),
        ("cervical and lumbar spine", {C, L}),
        ("C5-6 interlaminar", {C}),
        ("C5/C6", {C}),
        ("C7-T1", {C, T}),
        ("T8-9", {T}),
        ("T12-L1", {T, L}),
        ("L4/5", {L}),
        ("L4–L5", {L}),
        ("L3 to L5", {L}),
        ("L5-S1", {L, S}),
        ("L5/S1 TFESI", {L, S}),
        ("L4-5 and L5-S1", {L, S}),
        ("L5S1 disc", {L, S}),
        ("S1-2", {S}),
        ("left L5 transforaminal", {L}),
        ("C6 radiculopathy", {C}),
        ("S1 nerve root block", {S}),
    ],
)
def test_a_region_is_read_from_words_and_levels(text: str, atoms: set[str], terminology: Terminology) -> None:
    assert terminology.text.region(text) == Region.of(*atoms)
    assert terminology.text.region(text.upper()) == Region.of(*atoms)


@pytest.mark.parametrize("text", ["whole spine MRI", "MRI entire spine", "pan-spine"])
def test_the_whole_spine_is_every_region(text: str, terminology: Terminology) -> None:
    assert terminology.text.region(text) == Region.everywhere()


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "MRI spine",
        "MRI brain",
        "cervical cancer screening",
        "femoral neck fracture",
        "fracture of the neck of the femur",
        "lumbar puncture",
        "thoracic aortic aneurysm",
        "T1 and T2 weighted images",
        "T2 hyperintensity",
        "HbA1c 5.6",
        "type 2 diabetes (T2DM)",
        "vitamin C 2 to 3 times daily",
        "complement C3, C4",
        "S1, S2 normal heart sounds",
        "L5",
        "take T 1-2 tablets",
        "C-section",
        "x" * 600 + " lumbar",
    ],
)
def test_no_region_is_read_where_none_is_named(text: str | None, terminology: Terminology) -> None:
    assert terminology.text.region(text) is None


@pytest.mark.parametrize(
    ("text", "modality"),
    [
        ("MRI lumbar spine", "mr"),
        ("MR Cervical Spine W contrast", "mr"),
        ("magnetic resonance imaging of spine", "mr"),
        ("MR myelography MRI", "mr"),
        ("CT lumbar spine", "ct"),
        ("Computed tomography, cervical", "ct"),
        ("CT myelogram lumbar", "ct-myelogram"),
        ("CT lumbar myelogram", "ct-myelogram"),
        ("X-ray lumbar spine", "plain-film"),
        ("XR spine 2 views", "plain-film"),
        ("EMG/NCS left leg", "emg-ncs"),
        ("MRI lumbar, compared with CT of 2024", None),
        ("MR angiogram neck", None),
        ("CT-guided injection", None),
        ("CT angiography", None),
        ("MRI-conditional pacemaker", None),
        ("active patient", None),
        ("district nurse visit", None),
        ("Mr Smith called", None),
        ("", None),
        (None, None),
    ],
)
def test_a_modality_is_read_when_the_text_names_just_one(
    text: str | None, modality: str | None, terminology: Terminology
) -> None:
    assert terminology.text.modality(text) == modality


@pytest.mark.parametrize(
    "text",
    [
        "Lumbar epidural steroid injection",
        "L4-5 ESI",
        "TFESI right L5",
        "transforaminal injection",
        "interlaminar L5-S1",
        "caudal steroid injection",
        "selective nerve root block",
        "SNRB C6",
        "steroid injection, epidural, with local anesthetic",
        "epidural steroid injection under monitored anesthesia care",
        "CT-guided lumbar epidural",
    ],
)
def test_an_order_text_for_an_epidural_is_recognised(text: str, terminology: Terminology) -> None:
    assert terminology.text.is_injection_order(text)


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "labor epidural",
        "epidural for labour analgesia",
        "epidural anaesthesia",
        "epidural blood patch",
        "epidural morphine",
        "epidural PCA",
        "baclofen pump refill, epidural",
        "epidural stimulator trial",
        "epidural abscess",
        "epidural catheter",
        "transforaminal lumbar interbody fusion (TLIF)",
        "knee injection",
        "lumbar puncture",
        "ESI level 3 triage",
        "desires follow-up",
        "caudal regression syndrome",
    ],
)
def test_another_order_text_is_not_taken_for_an_epidural(text: str | None, terminology: Terminology) -> None:
    assert not terminology.text.is_injection_order(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("caudal ESI", True),
        ("injection via sacral hiatus", True),
        ("caudal to the lesion", False),
        ("caudal anesthesia", False),
        ("causal", False),
        (None, False),
    ],
)
def test_the_caudal_route_is_read(text: str | None, expected: bool, terminology: Terminology) -> None:
    assert terminology.text.is_caudal(text) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("physiotherapy session 3", True),
        ("Physical therapy treatment, lumbar", True),
        ("PT x 6", True),
        ("outpatient PT", True),
        ("home exercise program", True),
        ("chiropractic manipulation", True),
        ("acupuncture", True),
        ("declined physical therapy, did home exercises", True),
        ("referral to physical therapy", False),
        ("physical therapy referral", False),
        ("declined physical therapy", False),
        ("physiotherapy declined", False),
        ("unable to do physical therapy", False),
        ("has not started physical therapy", False),
        ("PT/INR", False),
        ("pt seen today", False),
        ("exercise stress test", False),
        ("radiation therapy", False),
        ("", False),
        (None, False),
    ],
)
def test_active_care_that_took_place_is_read(
    text: str | None, expected: bool, terminology: Terminology
) -> None:
    assert terminology.text.active_care(text) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("MRI right knee", True),
        ("CT head", True),
        ("shoulder arthroscopy", True),
        ("chest x-ray", True),
        ("pelvis MRI", True),
        ("physiotherapy after ankle sprain", True),
        ("low back pain radiating to the foot", False),
        ("MRI lumbar spine and hip", False),
        ("L5-S1 disc, foot weakness", False),
        ("sciatica into the foot", False),
        ("epidural for leg and hip pain", False),
        ("physiotherapy", False),
        ("relationship", False),
        ("overhead lifting", False),
        (None, False),
    ],
)
def test_another_part_of_the_body_is_read_only_without_the_spine(
    text: str | None, expected: bool, terminology: Terminology
) -> None:
    assert terminology.text.is_non_spinal(text) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Labor and delivery", True),
        ("labour ward", True),
        ("L&D triage", True),
        ("vaginal delivery", True),
        ("Cesarean", True),
        ("obstetrics admission", True),
        ("laboratory visit", False),
        ("labored breathing", False),
        ("manual labour", False),
        ("day laborer", False),
        ("drug delivery", False),
        ("history of cesarean", False),
        (None, False),
    ],
)
def test_a_labour_encounter_is_read(text: str | None, expected: bool, terminology: Terminology) -> None:
    assert terminology.text.is_labour(text) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("series of 3 ESIs", True),
        ("lumbar ESI x3", True),
        ("ESI ×3", True),
        ("three epidural steroid injections", True),
        ("3 injections", True),
        ("PT x 6 weeks", False),
        ("TFESI x2 levels", False),
        ("single injection", False),
        ("disc protrusion 4 x 5 mm", False),
        ("series of images", False),
        (None, False),
    ],
)
def test_an_order_of_several_injections_is_read(
    text: str | None, expected: bool, terminology: Terminology
) -> None:
    assert ("series" in terminology.text.order_words(text)) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Left sciatica", True),
        ("lumbar radiculopathy", True),
        ("cervical radiculitis", True),
        ("low back pain radiating to the left leg", True),
        ("pain radiates down both legs", True),
        ("leg pain", True),
        ("pain in the right arm", True),
        ("no relief of leg pain", True),
        ("no weakness but has leg pain", True),
        ("no radiculopathy", False),
        ("low back pain without radiculopathy", False),
        ("denies leg pain", False),
        ("no pain radiating to the legs", False),
        ("non-radicular back pain", False),
        ("nonradiating low back pain", False),
        ("low back pain", False),
        ("radiology report", False),
        ("radiation oncology", False),
        ("legal paperwork", False),
        (None, False),
    ],
)
def test_limb_pain_is_read_unless_it_is_denied(
    text: str | None, expected: bool, terminology: Terminology
) -> None:
    assert terminology.text.radicular(text) is expected


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Naproxen 500 mg tablet", "naproxen"),
        ("TYLENOL 325", "acetaminophen"),
        ("paracetamol", "acetaminophen"),
        ("gabapentin 300mg TID", "gabapentin"),
        ("Medrol dose pack", "methylprednisolone"),
        ("methylprednisolone acetate injection", None),
        ("baclofen intrathecal pump", None),
        ("ketorolac ophthalmic solution", None),
        ("allergic to ibuprofen", None),
        ("amoxicillin", None),
        ("", None),
        (None, None),
    ],
)
def test_a_pain_drug_is_read_by_its_name(
    text: str | None, name: str | None, terminology: Terminology
) -> None:
    assert terminology.text.analgesic(text) == name


def test_every_drug_of_the_two_medication_sets_can_be_read(terminology: Terminology) -> None:
    labels = {
        c.label for name in ("cc-med-nsaid", "cc-med-other-analgesic") for c in terminology.members(name)
    }

    assert terminology.text.analgesic_names == labels
    assert {terminology.text.analgesic(f"{label} 10 mg oral") for label in labels} == labels


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("C5-6", True),
        ("C5-C6 interspace", True),
        ("interlaminar C4/5", True),
        ("C2–C3", True),
        ("C6-7", False),
        ("C7-T1", False),
        ("C7-T1 for a herniation at C5-6", False),
        ("C6/C7, symptoms of C5-6", False),
        ("L5-S1", False),
        ("T5-6", False),
        ("cervical", False),
    ],
)
def test_a_level_above_c6_7_is_read_where_no_lower_one_is_named(
    text: str, expected: bool, terminology: Terminology
) -> None:
    assert ("above_c6_7" in terminology.text.order_words(text)) is expected


QUESTIONS = (
    *("region", "modality", "analgesic", "is_injection_order", "is_caudal", "active_care", "is_non_spinal"),
    *("is_labour", "order_words", "is_diagnostic", "is_therapeutic", "sides", "radicular"),
)


@pytest.mark.parametrize(
    "text",
    [
        *(None, "", "MRI of the lumbar spine", "caudal epidural steroid injection, left, series of 3"),
        *("physical therapy for the knee", "naproxen", "labour ward", "diagnostic block", "sciatica"),
        "x" * 200 + " radiculopathy",
    ],
)
def test_a_wording_answers_what_the_hints_answer(text: str | None, terminology: Terminology) -> None:
    for _ in range(2):  # The second answer comes from memory.
        wording = terminology.wordings[text]
        assert {q: getattr(wording, q) for q in QUESTIONS} == {
            q: getattr(terminology.text, q)(text) for q in QUESTIONS
        }


def test_only_short_texts_are_kept_and_only_so_many(terminology: Terminology) -> None:
    kept = terminology.wordings

    assert kept["lumbar " + "x" * 113] is kept["lumbar " + "x" * 113]
    assert kept["lumbar " + "x" * 114] is not kept["lumbar " + "x" * 114]
    for number in range(10_000):
        assert kept[f"text {number}"].region is None
        assert len(kept) <= 8192
