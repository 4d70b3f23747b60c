"""Policy files: what is refused, naming file and key, and what a site may change."""

from __future__ import annotations

import re
from dataclasses import fields, is_dataclass
from pathlib import Path

import pytest

from plugin.domain.content import ContentError
from plugin.guidelines import load_guidelines
from plugin.policies.load import SHIPPED, load_policy
from plugin.policies.model import RULES, Policy, PolicyFile
from tests.builders import policy

GUIDELINES = frozenset(g.id for g in load_guidelines())
HEAD = 'extends = "default"\nid = "site"\nversion = "1"\ntitle = "Site"\nowner = "Site"\n'


def loaded(tmp_path: Path, text: str, name: str = "site.toml") -> Policy:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return load_policy(str(path), GUIDELINES)


def consequence(when: str, criterion: str, indicator: str = "info") -> str:
    return f'{HEAD}[[consequences]]\nwhen = "{when}"\ncriteria = ["{criterion}"]\nindicator = "{indicator}"\n'


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ('id = "site"', ["version", "rules", "params"]),
        ("this is no toml", ["TOML"]),
        (HEAD.replace('"site"', '"Site One"'), ["id"]),
        (HEAD + "max_cards = 0", ["max_cards"]),
        (HEAD + 'max_cards = "eight"', ["max_cards"]),
        (HEAD + 'notes = "sometimes"', ["notes"]),
        (HEAD + 'structural_without_limb_symptoms = "no"', ["structural_without_limb_symptoms"]),
        (HEAD + "chronic_pain_days = -1", ["chronic_pain_days"]),
        (HEAD + "colour = 1", ["colour"]),
        (HEAD + 'rules = ["wishful_thinking"]', ["rules", "wishful_thinking", "mri_confirms_region"]),
        (HEAD + 'guidelines = ["folklore-1900"]', ["guidelines", "folklore-1900", "bmj-2025"]),
        (HEAD + "[params.CC-1]\nmin_dayz = 3", ["CC-1", "min_dayz", "min_days"]),
        (HEAD + '[params.CC-1]\nmin_days = "long"', ["CC-1", "min_days"]),
        (HEAD + "[params.CC-1]\nmin_days = 3.5", ["CC-1", "min_days"]),
        (HEAD + '[params.IMG-1]\nrequire_coded_finding = "perhaps"', ["IMG-1", "require_coded_finding"]),
        (HEAD + "[params.XX-9]\ndays = 3", ["params.XX-9", "CC-1", "IMG-1"]),
        (HEAD + '[severity]\n"IMG-1.no-study" = "loud"', ["severity"]),
        (HEAD + '[severity_at.order-sign]\n"IMG-1.no-study" = "loud"', ["severity_at"]),
        (HEAD + '[[conflicts]]\ncriterion = "CON-2"', ["conflicts", "pattern"]),
        (HEAD + '[[conflicts]]\ncriterion = "CON-2"\npattern = "odd"', ["conflicts", "pattern", "axial"]),
        (
            HEAD + '[[conflicts]]\ncriterion = "CON-2"\npattern = "axial"\nfamilies = ["knee"]',
            ["conflicts", "families", "caudal"],
        ),
        (
            HEAD + '[[conflicts]]\ncriterion = "CON-9"\npattern = "any"\nbeside = ["XX-1"]',
            ["conflicts.CON-9.beside", "XX-1", "IMG-1"],
        ),
        (HEAD + '[severity]\n"CON-2.axial" = "warning"', ["severity", "CON-2.axial", "CON-2.radicular"]),
        (HEAD + '[override_reasons]\ndefault = [{ code = "x" }]', ["override_reasons", "display"]),
        (consequence("CC-1.nothing", "IND-1"), ["consequences", "CC-1.nothing", "CC-1.nothing-recorded"]),
        (consequence("CC-1.too-short", "IND-9"), ["consequences", "IND-9", "IND-1", "CON"]),
        (consequence("CC-1.too-short", "IND-1", "loud"), ["consequences", "indicator"]),
        ('extends = "missing"', ["missing", "default"]),
        ('extends = "site.toml"', ["site.toml"]),
    ],
)
def test_a_bad_policy_is_refused_naming_file_and_key(
    text: str, named: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    with pytest.raises(ContentError) as refused:
        loaded(tmp_path, text)

    assert [word for word in named if word not in str(refused.value)] == []
    assert "missing" in named or "site.toml" in str(refused.value)


@pytest.mark.parametrize("key", ["rules", "notes", "id"])
def test_a_missing_key_is_named(key: str, tmp_path: Path) -> None:
    text = (SHIPPED / "default.toml").read_text(encoding="utf-8")
    without = re.sub(rf"^{key} = (\[.*?^\]|.*?$)", "", text, count=1, flags=re.DOTALL | re.MULTILINE)

    with pytest.raises(ContentError, match=rf"site\.toml: .*{key}"):
        loaded(tmp_path, without)


@pytest.mark.parametrize("parameter", ["min_days", "max_age_days"])
def test_a_missing_parameter_is_named(parameter: str, tmp_path: Path) -> None:
    lines = (SHIPPED / "default.toml").read_text(encoding="utf-8").splitlines()
    kept = [line for line in lines if not line.startswith(f"{parameter} = ")]

    with pytest.raises(ContentError, match=rf"site\.toml: .*'{parameter}' is missing"):
        loaded(tmp_path, "\n".join(kept))


@pytest.mark.parametrize("name", ["nowhere", "nowhere.toml"])
def test_a_policy_that_does_not_exist_is_refused(name: str) -> None:
    with pytest.raises(ContentError, match="nowhere"):
        load_policy(name, GUIDELINES)


def test_a_policy_must_not_extend_itself_by_a_detour(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text(f'extends = "{tmp_path}/b.toml"', encoding="utf-8")
    (tmp_path / "b.toml").write_text(f'extends = "{tmp_path}/a.toml"', encoding="utf-8")

    with pytest.raises(ContentError, match="extends itself"):
        load_policy(str(tmp_path / "a.toml"), GUIDELINES)


@pytest.mark.parametrize("value", ["[" * 100_000, "9" * 5_000], ids=["too-deep", "too-large"])
def test_a_file_that_cannot_be_parsed_is_refused_in_a_line(tmp_path: Path, value: str) -> None:
    with pytest.raises(ContentError, match=r"^site\.toml: not TOML: .+$"):
        loaded(tmp_path, f"label = {value}")


def test_a_file_that_is_not_utf8_is_refused(tmp_path: Path) -> None:
    (tmp_path / "latin.toml").write_bytes(HEAD.encode() + b'# \xe9\nnotes = "always"')

    with pytest.raises(ContentError, match=r"latin\.toml"):
        load_policy(str(tmp_path / "latin.toml"), GUIDELINES)


def test_a_site_changes_one_threshold_and_keeps_the_rest(tmp_path: Path) -> None:
    site = loaded(tmp_path, HEAD + "[params.CC-1]\nmin_days = 42")

    own, shipped = site.params["conservative_care_completed"], policy().params
    assert own.min_days == 42
    assert own.gap_days == shipped["conservative_care_completed"].gap_days
    assert site.params["mri_confirms_region"] == shipped["mri_confirms_region"]
    assert (site.label, site.file.extends) == ("site@1", "default")


def test_a_site_may_leave_out_a_rule_together_with_its_parameters(tmp_path: Path) -> None:
    text = (SHIPPED / "default.toml").read_text(encoding="utf-8")
    own = text.replace('    "disc_injection_justified",\n', "").replace(
        '    "session_count_within_limit",\n', ""
    )
    own = re.sub(r"^\[params\.FRQ-1\]$.*?(?=^\[)", "", own, count=1, flags=re.DOTALL | re.MULTILINE)

    site = loaded(tmp_path, own)

    assert set(policy().params) - set(site.params) == {
        "disc_injection_justified",
        "session_count_within_limit",
    }


def test_a_policy_may_extend_a_policy_that_extends_another(tmp_path: Path) -> None:
    region = HEAD.replace('"site"', '"region"')
    (tmp_path / "region.toml").write_text(region + "[params.IMG-1]\nmax_age_days = 365", encoding="utf-8")
    text = HEAD.replace('"default"', f'"{tmp_path}/region.toml"') + "[params.CC-1]\nmin_days = 42"

    site = loaded(tmp_path, text)

    assert site.params["mri_confirms_region"].max_age_days == 365
    assert site.params["conservative_care_completed"].min_days == 42


@pytest.mark.parametrize(
    "change",
    [
        "[params.CC-1]\nmin_days = 29",
        "[params.IMG-1]\nmax_age_days = 729",
        'max_cards = 7\nnotes = "attached"',
        '[severity]\n"IMG-1.no-study" = "info"',
        'structural_without_limb_symptoms = "axial"',
    ],
)
def test_the_content_hash_changes_with_any_setting(change: str, tmp_path: Path) -> None:
    plain, changed = loaded(tmp_path, HEAD), loaded(tmp_path, HEAD + change)

    assert plain.content_hash != changed.content_hash


def test_the_content_hash_depends_on_the_settings_and_not_on_their_order(tmp_path: Path) -> None:
    first = loaded(tmp_path, HEAD + "[params.CC-1]\nmin_days = 29\ngap_days = 30")
    second = loaded(tmp_path, HEAD + "# A remark.\n[params.CC-1]\ngap_days = 30\nmin_days = 29")

    assert first.content_hash == second.content_hash


def thresholds(file: PolicyFile) -> set[str]:
    """Every number or choice that decides about a patient, as `sources` names it."""
    listed = {f"{criterion}.{key}" for criterion, table in file.params.items() for key in table}
    return listed | {
        key for key, value in file.model_dump().items() if isinstance(value, int) or key.startswith("struct")
    }


def test_every_threshold_names_its_source_and_every_source_a_threshold() -> None:
    file = policy().file

    assert thresholds(file) == set(file.sources)
    assert [key for key, words in file.sources.items() if not words.strip()] == []


def test_every_rule_is_used_by_a_shipped_policy() -> None:
    used = {rule for path in SHIPPED.glob("*.toml") for rule in load_policy(path.stem, GUIDELINES).file.rules}

    assert used == set(RULES)


def test_every_rule_module_is_registered() -> None:
    folder = SHIPPED.parent / "rules"

    assert {path.stem for path in folder.glob("[a-z]*.py")} == set(RULES)


@pytest.mark.parametrize("rule", sorted(RULES))
def test_a_rule_states_its_criteria_and_its_typed_parameters(rule: str) -> None:
    module = RULES[rule]

    assert module.CRITERIA
    assert is_dataclass(module.Params)
    assert [f.name for f in fields(module.Params) if f.default is not f.default_factory] == []


@pytest.mark.parametrize(
    ("hook", "expected"), [("order-select", "info"), ("order-sign", None), ("patient-view", None)]
)
def test_a_severity_may_differ_by_hook(hook: str, expected: str | None) -> None:
    assert policy().loudness("IND-1", "axial-listed", hook) == expected


def test_a_criterion_without_override_reasons_of_its_own_takes_the_default() -> None:
    shipped = policy()

    assert shipped.reasons_for_override("IMG-1") == shipped.file.override_reasons["default"]
    assert shipped.reasons_for_override("IND-1") == shipped.file.override_reasons["IND-1"]


def test_a_changed_threshold_does_not_keep_its_parents_source(tmp_path: Path) -> None:
    changed = loaded(tmp_path, HEAD + "[params.CC-1]\nmin_days = 42")
    sourced = loaded(
        tmp_path, HEAD + '[params.CC-1]\nmin_days = 42\n[sources]\n"CC-1.min_days" = "Our board"'
    )

    assert "site's policy" in changed.file.sources["CC-1.min_days"]
    assert "Medicare" not in changed.file.sources["CC-1.min_days"]
    assert sourced.file.sources["CC-1.min_days"] == "Our board"
    assert "eviCore" in changed.file.sources["IMG-1.max_age_days"]
