"""What a policy file holds."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from plugin.domain.pain_pattern import PatternParams
from plugin.domain.scope import ScopeParams
from plugin.guidelines.model import FAMILIES, Family, Pattern
from plugin.rules import (
    ablation_follows_blocks,
    ablation_in_unfused_segment,
    ablation_is_thermal,
    ablations_spaced,
    cervical_canal_reviewed,
    conservative_care_completed,
    disc_injection_justified,
    facet_block_repeated,
    facet_blocks_before_therapy,
    facet_pain_documented,
    imaging_guidance_ordered,
    indication_documented,
    mri_confirms_region,
    muscle_pain_documented,
    no_biologic,
    no_predetermined_series,
    repeat_response_documented,
    sacroiliac_ablation_supported,
    sacroiliac_block_helped,
    sacroiliac_pain_documented,
    session_count_within_limit,
    session_levels_within_limit,
    sessions_spaced,
    transforaminal_risk_weighed,
    transforaminal_steroid_not_particulate,
    trigger_point_sessions_spaced,
    trigger_point_without_imaging,
    trigger_point_without_steroid,
)

Indicator = Literal["info", "warning", "critical"]
Loudness = Literal["silent", "info", "warning", "critical"]
Hook = Literal["order-select", "order-sign", "order-dispatch", "appointment-book"]
NotesShown = Literal["attached", "always"]
CONFLICTS = "CON"
"""Stands for the criteria of all conflicts."""
RULES = {
    "indication_documented": indication_documented,
    "mri_confirms_region": mri_confirms_region,
    "conservative_care_completed": conservative_care_completed,
    "facet_pain_documented": facet_pain_documented,
    "facet_blocks_before_therapy": facet_blocks_before_therapy,
    "facet_block_repeated": facet_block_repeated,
    "ablation_follows_blocks": ablation_follows_blocks,
    "ablations_spaced": ablations_spaced,
    "ablation_in_unfused_segment": ablation_in_unfused_segment,
    "ablation_is_thermal": ablation_is_thermal,
    "session_count_within_limit": session_count_within_limit,
    "sessions_spaced": sessions_spaced,
    "repeat_response_documented": repeat_response_documented,
    "no_predetermined_series": no_predetermined_series,
    "session_levels_within_limit": session_levels_within_limit,
    "transforaminal_risk_weighed": transforaminal_risk_weighed,
    "transforaminal_steroid_not_particulate": transforaminal_steroid_not_particulate,
    "cervical_canal_reviewed": cervical_canal_reviewed,
    "no_biologic": no_biologic,
    "disc_injection_justified": disc_injection_justified,
    "sacroiliac_pain_documented": sacroiliac_pain_documented,
    "sacroiliac_block_helped": sacroiliac_block_helped,
    "sacroiliac_ablation_supported": sacroiliac_ablation_supported,
    "muscle_pain_documented": muscle_pain_documented,
    "trigger_point_without_steroid": trigger_point_without_steroid,
    "trigger_point_sessions_spaced": trigger_point_sessions_spaced,
    "trigger_point_without_imaging": trigger_point_without_imaging,
    "imaging_guidance_ordered": imaging_guidance_ordered,
}
"""Every rule by its module's name."""


class _Content(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Conflict(_Content):
    """A case about which documents disagree, and the criterion that says so."""

    criterion: str
    families: tuple[Family, ...] = FAMILIES
    pattern: Pattern | Literal["any"]
    chronicity: Literal["acute", "chronic", "any"] = "any"
    beside: tuple[str, ...] = ()
    """Said only where one of these criteria has a gap; empty: wherever the case fits."""
    needs: Literal["disagreement", "position", "nothing"] = "disagreement"
    """What the documents must say of the case: some for and some against, anything at all, or nothing."""

    def is_about(self, family: str, pattern: str | None, chronicity: str, gaps: Collection[str]) -> bool:
        return (
            family in self.families
            and self.pattern in ("any", pattern)
            and self.chronicity in ("any", chronicity)
            and (not self.beside or any(criterion in gaps for criterion in self.beside))
        )


class Consequence(_Content):
    """A row that, when it holds, changes how loudly other criteria are said."""

    when: str
    """`criterion.row`."""
    criteria: tuple[str, ...] = Field(min_length=1)
    """`CON` stands for every conflict of guidelines."""
    indicator: Loudness
    """`silent`: nothing of them is said; any other takes the place of a gap's warning."""


class OverrideReason(_Content):
    code: str
    display: str


class PolicyFile(_Content):
    """One policy as written. `extends` names the shipped policy whose keys it starts from."""

    id: str = Field(pattern=r"^[a-z0-9-]+$")
    version: str
    title: str
    owner: str
    extends: str | None = None
    notes: NotesShown
    max_cards: int = Field(ge=1, le=50)
    structural_without_limb_symptoms: Literal["unknown", "axial"]
    chronic_pain_days: int = Field(ge=1)
    zoster_acute_days: int = Field(ge=1)
    adult_age_years: int = Field(ge=0)
    labour_recent_days: int = Field(ge=0)
    encounter_diagnosis_max_age_days: int = Field(ge=1)
    guidelines: tuple[str, ...]
    rules: tuple[str, ...]
    params: dict[str, dict[str, Any]]
    """Per criterion, typed by the rule that answers it."""
    sources: dict[str, str]
    """Where each threshold comes from: `key` or `criterion.key` to a sentence."""
    severity: dict[str, Loudness] = {}
    """`criterion.row` to indicator, where it is not warning for a gap and info for the rest."""
    severity_at: dict[Hook, dict[str, Loudness]] = {}
    """The same for one hook."""
    consequences: tuple[Consequence, ...] = ()
    conflicts: tuple[Conflict, ...] = ()
    override_reasons: dict[str, tuple[OverrideReason, ...]] = {}
    """Per criterion; `default` for the others."""


@dataclass(frozen=True)
class Policy:
    """A policy ready to be applied."""

    file: PolicyFile
    params: dict[str, Any]
    """Rule name to its `Params`."""
    content_hash: str

    @property
    def label(self) -> str:
        return f"{self.file.id}@{self.file.version}"

    @property
    def criteria(self) -> frozenset[str]:
        """Every criterion that a card under this policy may speak of."""
        asked = {criterion for rule in self.file.rules for criterion in RULES[rule].CRITERIA}
        return frozenset({"SCOPE", *asked, *(conflict.criterion for conflict in self.file.conflicts)})

    @cached_property
    def pattern_params(self) -> PatternParams:
        return PatternParams(self.file.structural_without_limb_symptoms, self.file.zoster_acute_days)

    @cached_property
    def scope_params(self) -> ScopeParams:
        return ScopeParams(self.file.adult_age_years, self.file.labour_recent_days)

    def loudness(self, criterion: str, row: str, hook: str) -> Loudness | None:
        return self._loudness.get(hook, self.file.severity).get(f"{criterion}.{row}")

    @cached_property
    def _loudness(self) -> dict[str, dict[str, Loudness]]:
        """For the hooks that have severities of their own."""
        return {hook: {**self.file.severity, **own} for hook, own in self.file.severity_at.items()}

    def reasons_for_override(self, criterion: str) -> tuple[OverrideReason, ...]:
        table = self.file.override_reasons
        return table.get(criterion, table.get("default", ()))
