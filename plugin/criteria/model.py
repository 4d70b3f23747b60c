"""What a criterion's file holds, and what all criteria share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Literal, get_args

from pydantic import AfterValidator, Field, RootModel, Strict, model_validator

from plugin.guidelines.model import Chronicity, Content, Family, Mark, Pattern, Text

CriterionId = Annotated[str, Field(pattern=r"^([A-Z]+-[0-9]+|SCOPE)$")]
Day = Annotated[date, Strict()]
Answer = Literal["met", "not-met", "unknown", "waived", "conflict"]
AttributeName = Literal[
    "citation",
    "developer",
    "funding",
    "dates",
    "race",
    "ethnicity",
    "language",
    "sexual-orientation",
    "gender-identity",
    "sex",
    "date-of-birth",
    "social-determinants",
    "health-status",
]
ATTRIBUTES: tuple[AttributeName, ...] = get_args(AttributeName)
"""The 13 source attributes, in the order they are numbered."""


class Cases(Content):
    """The cases on which guidelines take positions that bear on a criterion."""

    patterns: Annotated[tuple[Pattern, ...], Field(min_length=1)]
    chronicity: Annotated[tuple[Chronicity, ...], Field(min_length=1)]


class Change(Content):
    date: Day
    what: Text


class Criterion(Content):
    """One criterion in words. Thresholds stand in the policies; labels for them stand here."""

    title: Text
    question: Text
    families: Annotated[tuple[Family, ...], Field(min_length=1)]
    inputs: Annotated[tuple[Text, ...], Field(min_length=1)]
    """Keys of `shared/inputs.toml`."""
    value_sets: tuple[Text, ...] = ()
    limits: Text
    """What the record often does not hold, or codes cannot say."""
    owner: Text
    last_review: Day | None = None
    """None: no clinician has reviewed it yet."""
    next_review: Day
    settings: Mapping[str, Text] = Field(default_factory=dict)
    """Keys of the policy as a whole that bear on it, with a label and a unit."""
    params: Mapping[str, Text] = Field(default_factory=dict)
    """Keys of the policy's `[params.<criterion>]`, with a label and a unit."""
    answers: Annotated[Mapping[Answer, Text], Field(min_length=1)]
    cases: Cases | None = None
    """None: the criterion does not ask whether to inject."""
    attributes: Mapping[AttributeName, Text] = Field(default_factory=dict)
    """Where they differ from `shared/attributes.toml`."""
    changes: Annotated[tuple[Change, ...], Field(min_length=1)]
    """Newest last."""

    @model_validator(mode="after")
    def _dates_are_in_order(self) -> Criterion:
        dates = [change.date for change in self.changes]
        if dates != sorted(dates):
            raise ValueError("changes: the newest stands last")
        if self.last_review is not None and self.next_review <= self.last_review:
            raise ValueError("next_review: must be after last_review")
        return self


class Attribute(Content):
    title: Text
    value: Text


def _complete(attributes: dict[AttributeName, Attribute]) -> dict[AttributeName, Attribute]:
    missing = [name for name in ATTRIBUTES if name not in attributes]
    if missing:
        raise ValueError(f"none of the 13 may be left out; missing: {', '.join(missing)}")
    return attributes


class Attributes(RootModel[Annotated[dict[AttributeName, Attribute], AfterValidator(_complete)]]):
    """All 13."""


class Input(Content):
    """One part of what is read."""

    title: Text
    elements: Text
    limits: Text


class Inputs(RootModel[dict[str, Input]]):
    """By prefetch key."""


class Group(Content):
    title: Text
    criteria: Annotated[tuple[CriterionId, ...], Field(min_length=1)]


class About(Content):
    """What holds for the service as a whole."""

    purpose: Text
    users: Text
    population: Text
    outside: tuple[Text, ...]
    timing: Text
    decision: Text
    unknown: Text
    coverage: Text
    validation: Text
    sign_off: Text
    privacy: Text
    marks: dict[Mark, Text]
    groups: Annotated[tuple[Group, ...], Field(min_length=1)]


@dataclass(frozen=True, slots=True)
class CriteriaContent:
    """Every criterion by id, in the order in which they are shown, and what they share."""

    criteria: Mapping[str, Criterion]
    about: About
    inputs: Mapping[str, Input]
    attributes: Mapping[AttributeName, Attribute]
