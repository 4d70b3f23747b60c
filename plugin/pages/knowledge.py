"""Everything that the pages show, and the check that its parts fit together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from plugin.cards.catalogue import Catalogue, load_catalogue
from plugin.criteria import CriteriaContent, Criterion, load_criteria
from plugin.domain.content import ContentError
from plugin.evidence.gather import Record
from plugin.guidelines import Guideline, load_guidelines
from plugin.policies.load import load_policy
from plugin.policies.model import Policy, PolicyFile
from plugin.terminology import Terminology, load_terminology

_NOT_SEARCHED = frozenset({"order", "draftOrders", "reason"})
"""Inputs that come with the call, or by a reference in the order."""


@dataclass(frozen=True, slots=True)
class Knowledge:
    """The content of the service under one or several policies."""

    content: CriteriaContent
    policies: tuple[Policy, ...]
    guidelines: tuple[Guideline, ...]
    """All on file, whichever a policy shows on its cards."""
    catalogue: Catalogue
    terminology: Terminology
    searches: Mapping[str, str]
    """Prefetch key to the query that fills it."""

    def in_use(self, criterion: str) -> tuple[Policy, ...]:
        """The policies whose cards may speak of the criterion."""
        return tuple(policy for policy in self.policies if criterion in policy.criteria)

    def check(self) -> Knowledge:
        """Raises ContentError where a criterion, a policy and the rest of the content do not fit together."""
        for policy in self.policies:
            for used in sorted(policy.criteria):
                self._require_entry(policy, used)
        for name, criterion in self.content.criteria.items():
            file = f"criteria/{name}.toml"
            _require(f"{file}: settings", criterion.settings, PolicyFile.model_fields)
            _require(f"{file}: value_sets", criterion.value_sets, self.terminology.set_ids)
            _require(f"{file}: inputs", criterion.inputs, {*self.searches, *_NOT_SEARCHED})
        return self

    def _require_entry(self, policy: Policy, name: str) -> None:
        known = self.content.criteria
        if name not in known:
            raise ContentError(
                f"criteria/{name}.toml: missing, while policy {policy.file.id} uses it; "
                f"there is {', '.join(known)}"
            )
        labelled: Criterion = known[name]
        _require(
            f"criteria/{name}.toml: params: no label for a threshold of policy {policy.file.id}",
            policy.file.params.get(name, {}),
            labelled.params,
        )


def _require(where: str, names: Iterable[str], known: Iterable[str]) -> None:
    there = sorted(known)
    for name in names:
        if name not in there:
            raise ContentError(f"{where}: {name!r} is not there; there is {', '.join(there) or 'none'}")


def load_knowledge(policies: Iterable[str]) -> Knowledge:
    """The shipped content under policies given by name or path. Raises ContentError when it is at fault."""
    guidelines = load_guidelines()
    terminology = load_terminology()
    ids = frozenset(guideline.id for guideline in guidelines)
    return Knowledge(
        content=load_criteria(),
        policies=tuple(load_policy(name, ids) for name in policies),
        guidelines=guidelines,
        catalogue=load_catalogue(),
        terminology=terminology,
        searches=Record(terminology).templates,
    ).check()
