"""Guideline files that are not as they should be stop the start-up."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest

import plugin.guidelines
from plugin.domain.content import ContentError
from plugin.guidelines import load_guidelines
from plugin.guidelines.load import load_toml
from plugin.guidelines.wording import ProvisoWording


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_a_copy_of_the_shipped_files_loads_like_the_shipped_files(folder: Path) -> None:
    assert load_guidelines(folder) == load_guidelines()


def test_a_site_can_add_a_publication_as_one_file(folder: Path) -> None:
    text = (folder / "bmj-2025.toml").read_text(encoding="utf-8")
    (folder / "site-2026.toml").write_text(
        text.replace('id = "bmj-2025"', 'id = "site-2026"').replace("2025-02-19", '"2026"'), encoding="utf-8"
    )

    loaded = load_guidelines(folder)

    # The year alone comes before every day of that year, and what has no date at the end.
    dated = [g for g in loaded if g.published != "undated"]
    assert [g.id for g in dated[-5:-1]] == [
        "site-2026",
        "uhc-ablative-2026",
        "uhc-facet-2026",
        "medicare-esi-lcd",
    ]
    assert dated[-1].published == date(2026, 4, 16)
    assert loaded[: len(dated)] == tuple(dated)


AXIAL = 'patterns = ["axial"]\nchronicity = ["chronic"]'


@pytest.mark.parametrize(
    ("name", "old", "new", "tells"),
    [
        ("bmj-2025", 'kind = "clinical"', "kind = ", "not a TOML file"),
        ("bmj-2025", 'kind = "clinical"', 'kind = "opinion"', r"kind: .*'clinical' or 'coverage'"),
        ("bmj-2025", 'kind = "clinical"', 'sort = "clinical"', r"kind: Field required"),
        (
            "bmj-2025",
            'kind = "clinical"',
            'kind = "clinical"\nimpact = 9',
            r"impact: no such key; there is id, short_name, title, .*criteria",
        ),
        ("bmj-2025", 'id = "bmj-2025"', 'id = "bmj-2024"', r"id: 'bmj-2024' .*'bmj-2025'"),
        ("bmj-2025", "published = 2025-02-19", 'published = "last year"', r"published"),
        ("bmj-2025", "published = 2025-02-19", "published = 2025", r"published"),
        ("bmj-2025", 'url = "https://', 'url = "http://', r"url: "),
        (
            "bmj-2025",
            'strength = "strong"',
            'grade = "strong"',
            r"positions\.1\.grade: no such key; there is families, patterns, .*source_key",
        ),
        (
            "bmj-2025",
            'families = ["interlaminar"',
            'families = ["facet"',
            r"positions\.1\.families\.1: .*'caudal'",
        ),
        ("bmj-2025", AXIAL, AXIAL.replace("axial", "discogenic"), r"positions\.1\.patterns\.1: .*'axial'"),
        (
            "bmj-2025",
            AXIAL,
            AXIAL.replace('chronic"', 'subacute"'),
            r"positions\.1\.chronicity\.1: .*'acute'",
        ),
        ("nice-ng59", 'regions = ["lumbar"', 'regions = ["leg"', r"positions\.1\.regions\.1: .*'lumbar'"),
        ("bmj-2025", 'direction = "against"', 'direction = "no"', r"positions\.1\.direction: .*'silent'"),
        ("bmj-2025", 'mark = "secondary"', 'mark = "sure"', r"positions\.1\.mark: .*'verified'"),
        ("bmj-2025", 'mark = "secondary"\n', "", r"positions\.1\.mark: Field required"),
        ("bmj-2025", 'source_key = "BMJ-abs"', 'source_key = ""', r"positions\.1\.source_key: "),
        ("bmj-2025", 'says = "', 'says = "' + 160 * "x", r"positions\.1\.says: .*159"),
        (
            "medicare-esi-lcd",
            'criterion = "CC-1"',
            'criterion = "CC-9"',
            r"criteria\.1\.criterion: no criterion 'CC-9'; there is IMG-1, CC-1, .*DISC-1$",
        ),
        (
            "medicare-esi-lcd",
            "min_days",
            "min_weeks",
            r"criteria\.1\.params: no parameter 'min_weeks' of CC-1; there is min_days, .*lookback_days$",
        ),
        (
            "medicare-esi-lcd",
            "accepts_ct",
            "min_days",
            r"criteria\.2\.params: no parameter 'min_days' of IMG-1; there is max_age_days, accepts_ct$",
        ),
        ("medicare-esi-lcd", "min_days = 28", 'min_days = "28"', r"criteria\.1\.params\.min_days: "),
        (
            "medicare-esi-lcd",
            "min_days = 28",
            "min_days = 0",
            r"criteria\.1\.params\.min_days: .*greater",
        ),
        (
            "medicare-sij-lcd",
            "min_relief_percent = 75",
            "min_relief_percent = 101",
            r"criteria\.3\.params\.min_relief_percent: .*100",
        ),
        (
            "medicare-esi-lcd",
            "params = { min_days = 28 }",
            "params = 28",
            r"criteria\.1\.params: ",
        ),
        (
            "evicore-cmm-202",
            "asks = false",
            "ask = false",
            r"criteria\.1\.ask: no such key; there is families, .*asks",
        ),
        (
            "bmj-2025",
            'rest = true\ndirection = "silent"',
            'rest = true\ndirection = "against"',
            r"positions\.12: rest: only a silent position may take the rest, not one against",
        ),
        (
            "bmj-2025",
            'families = ["interlaminar", "caudal", "transforaminal"]\n',
            "",
            r"positions\.1: families: needed; only a position with rest = true may leave them out",
        ),
    ],
)
def test_a_bad_file_is_refused_by_naming_file_and_key(
    folder: Path, name: str, old: str, new: str, tells: str
) -> None:
    edit(folder / f"{name}.toml", old, new)

    with pytest.raises(ContentError) as caught:
        load_guidelines(folder)

    assert f"{name}.toml: " in str(caught.value)
    assert re.search(tells, str(caught.value)), str(caught.value)


def test_two_directions_for_the_same_cell_are_refused_by_naming_the_cell_and_both(folder: Path) -> None:
    edit(
        folder / "bmj-2025.toml",
        'patterns = ["claudication"]\nchronicity = ["chronic"]',
        'patterns = ["claudication", "radicular"]\nchronicity = ["chronic"]',
    )

    with pytest.raises(ContentError) as caught:
        load_guidelines(folder)

    assert re.search(
        r"bmj-2025\.toml: positions: interlaminar, radicular, chronic, cervical is spoken of twice, "
        r"by position 2 \(against\) and position 4 \(silent\)",
        str(caught.value),
    )


def test_the_same_position_written_twice_is_refused(folder: Path) -> None:
    path = folder / "aan-2025.toml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text + "\n[[positions]]" + text.split("[[positions]]")[1], encoding="utf-8")

    with pytest.raises(ContentError, match=r"aan-2025\.toml: positions: .* is spoken of twice"):
        load_guidelines(folder)


REST = """
[[positions]]
rest = true
direction = "silent"
says = "Does not address what no other position takes."
mark = "secondary"
source_key = "BMJ-abs"
"""


def without_rest(path: Path) -> None:
    """The file without its last position, which takes whatever no other one takes."""
    text = path.read_text(encoding="utf-8")
    path.write_text(text.rsplit("[[positions]]", 1)[0], encoding="utf-8")


def test_a_cell_without_a_position_is_refused_by_naming_the_cell(folder: Path) -> None:
    without_rest(folder / "bmj-2025.toml")

    with pytest.raises(
        ContentError,
        match=r"bmj-2025\.toml: positions: none for lateral-branch-block, axial, acute, cervical",
    ):
        load_guidelines(folder)


def test_a_rest_takes_the_cells_that_no_other_position_takes_and_no_more(folder: Path) -> None:
    path = folder / "bmj-2025.toml"
    without_rest(path)
    path.write_text(path.read_text(encoding="utf-8") + REST, encoding="utf-8")

    bmj = next(g for g in load_guidelines(folder) if g.id == "bmj-2025")

    assert bmj.position_on("intradiscal", "axial", "chronic", "lumbar") is bmj.positions[-1]
    assert bmj.position_on("facet-rfa", "axial", "chronic", "lumbar").direction == "against"
    assert bmj.position_on("facet-rfa", "axial", "acute", "lumbar").says == (
        "Does not address pain of less than 3 months."
    )


def test_a_rest_that_finds_nothing_left_is_refused(folder: Path) -> None:
    path = folder / "bmj-2025.toml"
    path.write_text(path.read_text(encoding="utf-8") + REST, encoding="utf-8")

    with pytest.raises(ContentError, match=r"bmj-2025\.toml: positions: nothing is left for position 13"):
        load_guidelines(folder)


def test_a_file_that_is_not_utf_8_is_refused_by_name(folder: Path) -> None:
    (folder / "bmj-2025.toml").write_bytes(b'id = "\xff"')

    with pytest.raises(ContentError, match=r"bmj-2025\.toml: not a TOML file in UTF-8"):
        load_guidelines(folder)


def test_a_folder_without_guidelines_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(ContentError, match=re.escape(str(tmp_path))):
        load_guidelines(tmp_path)


@pytest.mark.parametrize(
    ("old", "new", "tells"),
    [
        ("{conditions}", "{when}", r"clause: "),
        ('silent = "silent"\n', "", r"directions\.silent: Field required"),
        ('acute = "under 3 months"', 'acute = ""', r"chronicity\.acute: "),
    ],
)
def test_bad_wording_is_refused_by_naming_file_and_key(
    tmp_path: Path, old: str, new: str, tells: str
) -> None:
    shipped = Path(plugin.guidelines.__file__).parent / "words" / "proviso.toml"
    copy = tmp_path / "proviso.toml"
    copy.write_text(shipped.read_text(encoding="utf-8"), encoding="utf-8")
    edit(copy, old, new)

    with pytest.raises(ContentError, match=r"proviso\.toml: " + tells):
        load_toml(copy, ProvisoWording)
