"""Does the pain radiate from a nerve root, or is it in the back or neck only?

The order's own reasons weigh first, then the problem list for the same region. A code that merely names a
structure (a displaced disc, a stenosis) does not say whether the limb hurts, so it settles nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import NamedTuple

from plugin.domain.check import Item, Unread
from plugin.domain.dates import days_before
from plugin.domain.evidence import Diagnosis, Evidence, Standing
from plugin.domain.order import InjectionOrder
from plugin.domain.regions import Region
from plugin.domain.truth import FALSE, TRUE, UNKNOWN, Truth

LIMB_PATTERNS = frozenset(
    {"radicular", "claudication", "post-laminectomy", "zoster", "zoster-by-onset", "post-herpetic"}
)
_POSSIBLY_LIMB = LIMB_PATTERNS | {"possible-radicular"}
_ANY_REGION = frozenset({"post-laminectomy", "zoster", "zoster-by-onset", "post-herpetic"})
_OPEN = frozenset({"structural-open", "pattern-not-stated"})


class PatternFinding(StrEnum):
    """How the reasons and the problem list read together."""

    POSITIVE = "positive"
    POSITIVE_LISTED = "positive-listed"
    POSSIBLE = "possible"
    CONFLICT = "conflict"
    AXIAL = "axial"
    AXIAL_LISTED = "axial-listed"
    OPEN = "open"
    NOT_STATED = "not-stated"
    EXCLUDED = "excluded"
    EXCLUDED_LISTED = "excluded-listed"
    REGION_DIFFERS = "region-differs"
    REGION_UNKNOWN = "region-unknown"
    REASON_REFUTED = "reason-refuted"
    NOT_RECOGNISED = "reason-not-recognised"
    NOTHING = "nothing"
    UNREAD = "unread"


@dataclass(frozen=True, slots=True)
class PatternParams:
    """Settings of the reading, from the policy."""

    structural_without_limb_symptoms: str
    """`unknown` or `axial`."""
    zoster_acute_days: int


class PainPattern(NamedTuple):
    finding: PatternFinding
    deciding: tuple[Diagnosis, ...] = ()
    listed: tuple[Diagnosis, ...] = ()
    """What the problem list adds, where it matters to the finding."""
    set_aside: tuple[Item, ...] = ()
    unread: tuple[Unread, ...] = ()
    """What the finding is open for want of."""
    missing: tuple[Unread, ...] = ()
    """Reasons that the order names and that could not be found."""
    of_unstated_region: tuple[Diagnosis, ...] = ()
    """Reasons whose region is not stated: they may be about the ordered one."""
    case: str | None = None
    """The pattern guidelines speak of; None when it is not known."""
    is_acute_zoster: Truth = FALSE

    @property
    def region(self) -> Region:
        """The region the deciding diagnoses name; not stated when they name none."""
        named = [d.region for d in self.deciding if d.region.stated]
        if len(named) == 1 and not named[0].is_pair:
            return named[0]
        return Region.of(*[atom for region in named for atom in region.atoms])


def read_pain_pattern(order: InjectionOrder, evidence: Evidence, params: PatternParams) -> PainPattern:
    """Combines the order's reasons with the problem list for the order's region."""
    reasons, missing = _reasons(order, evidence)
    region = _order_region(order, reasons)
    own = {r.reference for r in reasons}
    listed = _Weighed([d for d in evidence.diagnoses.entries if d.reference not in own], region, ())
    weighed = _Weighed(reasons, region, listed.neighbours)
    finding, deciding, beside = _weigh(weighed, listed, params)
    unread = (*missing, *evidence.diagnoses.unread)
    if finding is not PatternFinding.POSITIVE and unread:
        finding, deciding = PatternFinding.UNREAD, ()
    acute = UNKNOWN if finding is PatternFinding.UNREAD else FALSE
    if finding in _ESTABLISHED:
        acute = _acute_zoster(deciding, order.as_of, params)
        if weighed.somewhere or missing:
            # Another reason may turn out to be a root's, which ends the special case.
            acute = acute & UNKNOWN
    return PainPattern(
        finding=finding,
        deciding=deciding,
        listed=beside,
        set_aside=(*weighed.set_aside, *listed.set_aside, *evidence.diagnoses.set_aside),
        unread=unread if finding is PatternFinding.UNREAD else (),
        missing=missing,
        of_unstated_region=tuple(weighed.somewhere),
        case=_case(finding, deciding, acute),
        is_acute_zoster=acute,
    )


_ESTABLISHED = frozenset({PatternFinding.POSITIVE, PatternFinding.POSITIVE_LISTED})


def _reasons(order: InjectionOrder, evidence: Evidence) -> tuple[list[Diagnosis], tuple[Unread, ...]]:
    by_reference = {d.reference: d for d in evidence.diagnoses.entries}
    found = [by_reference[r] for r in order.reason_references if r in by_reference]
    missing: tuple[Unread, ...] = ()
    if len(found) < len(order.reason_references):
        dropped = {item.reference for item in evidence.diagnoses.set_aside}
        lost = [r for r in order.reason_references if r not in by_reference and r not in dropped]
        missing = (Unread("reason", "not-found", len(lost)),) if lost else ()
    return [*found, *order.reason_codes], missing


def _order_region(order: InjectionOrder, reasons: list[Diagnosis]) -> Region:
    if order.region.stated:
        return order.region
    stated = {d.region for d in reasons if d.region.stated and d.pattern is not None}
    return stated.pop() if len(stated) == 1 else order.region


class _Weighed:
    """Diagnoses sorted by what they say about an order for one region."""

    def __init__(self, diagnoses: list[Diagnosis], region: Region, neighbours: tuple[Region, ...]) -> None:
        self.region = region
        self.current: list[Diagnosis] = []
        self.set_aside: list[Item] = []
        self.refuted: list[Diagnosis] = []
        for diagnosis in diagnoses:
            if diagnosis.standing is Standing.REFUTED:
                self.refuted.append(diagnosis)
            elif diagnosis.standing is Standing.HISTORICAL:
                if diagnosis.pattern is not None:
                    self.set_aside.append(diagnosis.item("resolved"))
            else:
                self.current.append(diagnosis)
        self.patterns = {diagnosis.pattern for diagnosis in self.current}
        near = [d.region for d in self.current if d.pattern and d.region.stated]
        self.neighbours = (*neighbours, *near)
        self.here: list[Diagnosis] = []
        self.elsewhere: list[Diagnosis] = []
        self.somewhere: list[Diagnosis] = []
        self.possible: list[Diagnosis] = []
        if not self.patterns.isdisjoint(_POSSIBLY_LIMB):
            for diagnosis in self.current:
                if diagnosis.pattern in _POSSIBLY_LIMB:
                    self._sort(diagnosis)

    def _sort(self, diagnosis: Diagnosis) -> None:
        match = self._match(diagnosis)
        if diagnosis.is_certain and diagnosis.pattern in LIMB_PATTERNS:
            if match is TRUE:
                self.here.append(diagnosis)
            elif match is FALSE:
                self.elsewhere.append(diagnosis)
            else:
                self.somewhere.append(diagnosis)
        elif match is not FALSE:
            self.possible.append(diagnosis)

    def _match(self, diagnosis: Diagnosis) -> Truth:
        if diagnosis.pattern in _ANY_REGION and not diagnosis.region.stated:
            if diagnosis.pattern != "post-laminectomy":
                return TRUE
            other = any(n.matches(self.region) is FALSE for n in self.neighbours)
            return UNKNOWN if other else TRUE
        return self.region.matches(diagnosis.region)

    def having(self, *patterns: str) -> list[Diagnosis]:
        if self.patterns.isdisjoint(patterns):
            return []
        return [d for d in self.current if d.pattern in patterns]


def _weigh(
    reasons: _Weighed, listed: _Weighed, params: PatternParams
) -> tuple[PatternFinding, tuple[Diagnosis, ...], tuple[Diagnosis, ...]]:
    """The table of reasons against problem list; the first line that fits decides."""
    if reasons.here:
        return PatternFinding.POSITIVE, tuple(reasons.here), ()
    possible = reasons.possible + reasons.having("weak-sensory")
    if possible or reasons.somewhere or reasons.elsewhere:
        if listed.here:
            return PatternFinding.POSITIVE_LISTED, tuple(listed.here), tuple(possible)
        if reasons.somewhere:
            return PatternFinding.REGION_UNKNOWN, tuple(reasons.somewhere), ()
        if possible:
            return PatternFinding.POSSIBLE, tuple(possible), ()
        return _elsewhere(reasons, listed)
    if reasons.having(*_OPEN):
        return _against_list(_open_finding(reasons), reasons.having(*_OPEN), listed, rescue=False)
    if reasons.having("excluded"):
        return _against_list(PatternFinding.EXCLUDED, reasons.having("excluded"), listed, rescue=False)
    if reasons.having("axial"):
        back = reasons.having("axial", "structural-negative")
        return _against_list(PatternFinding.AXIAL, back, listed, rescue=True)
    if reasons.having("structural-negative"):
        as_axial = params.structural_without_limb_symptoms == "axial"
        finding = PatternFinding.AXIAL if as_axial else PatternFinding.OPEN
        return _against_list(finding, reasons.having("structural-negative"), listed, rescue=True)
    local_axial = [d for d in listed.having("axial") if _is_of_region(d, listed.region)]
    finding, deciding, beside = _listed_only(listed, local_axial, params)
    resolved = reasons.set_aside and not reasons.current
    if finding is PatternFinding.NOTHING and (reasons.refuted or resolved):
        return PatternFinding.REASON_REFUTED, tuple(reasons.refuted), ()
    if finding is PatternFinding.NOTHING and reasons.current:
        return PatternFinding.NOT_RECOGNISED, tuple(reasons.current), ()
    return finding, deciding, beside


def _is_of_region(diagnosis: Diagnosis, region: Region) -> bool:
    """Pain of a muscle somewhere is no pain of the spine; spinal pain without a region may be of any."""
    if not diagnosis.region.stated and diagnosis.in_set("dx-myofascial"):
        return False
    return region.matches(diagnosis.region) is not FALSE


def _open_finding(reasons: _Weighed) -> PatternFinding:
    return PatternFinding.OPEN if reasons.having("structural-open") else PatternFinding.NOT_STATED


def _elsewhere(
    reasons: _Weighed, listed: _Weighed
) -> tuple[PatternFinding, tuple[Diagnosis, ...], tuple[Diagnosis, ...]]:
    if listed.somewhere or listed.possible:
        return PatternFinding.REGION_UNKNOWN, tuple(reasons.elsewhere), (*listed.somewhere, *listed.possible)
    return PatternFinding.REGION_DIFFERS, tuple(reasons.elsewhere), ()


def _against_list(
    finding: PatternFinding, own: list[Diagnosis], listed: _Weighed, *, rescue: bool
) -> tuple[PatternFinding, tuple[Diagnosis, ...], tuple[Diagnosis, ...]]:
    """A reason that states no limb pain, beside what the problem list holds for the region."""
    if listed.here or listed.somewhere:
        return PatternFinding.CONFLICT, tuple(own), (*listed.here, *listed.somewhere)
    if rescue and listed.possible:
        return PatternFinding.POSSIBLE, tuple(own), tuple(listed.possible)
    return finding, tuple(own), ()


def _listed_only(
    listed: _Weighed, axial: list[Diagnosis], params: PatternParams
) -> tuple[PatternFinding, tuple[Diagnosis, ...], tuple[Diagnosis, ...]]:
    """No reason that says anything: the problem list for the region stands alone."""
    near = [d for d in listed.current if listed.region.matches(d.region) is not FALSE]
    negative = [d for d in near if d.pattern == "structural-negative"]
    still_open = [d for d in near if d.pattern in _OPEN]
    excluded = [d for d in near if d.pattern == "excluded"]
    if params.structural_without_limb_symptoms == "axial":
        axial, negative = [*axial, *negative], []
    choices = (
        (PatternFinding.POSITIVE_LISTED, listed.here),
        (PatternFinding.REGION_UNKNOWN, listed.somewhere),
        (PatternFinding.POSSIBLE, listed.possible),
        (PatternFinding.OPEN, still_open),
        (PatternFinding.AXIAL_LISTED, axial),
        (PatternFinding.OPEN, negative),
        (PatternFinding.EXCLUDED_LISTED, excluded),
    )
    return next(((f, tuple(d), ()) for f, d in choices if d), (PatternFinding.NOTHING, (), ()))


def _acute_zoster(deciding: tuple[Diagnosis, ...], as_of: date, params: PatternParams) -> Truth:
    shingles = [d for d in deciding if d.pattern in ("zoster", "zoster-by-onset")]
    if not shingles:
        return FALSE
    if any(d.pattern in ("radicular", "claudication", "post-laminectomy") for d in deciding):
        return FALSE
    earliest = days_before(as_of, params.zoster_acute_days)
    answer: Truth = FALSE
    for diagnosis in shingles:
        if diagnosis.onset is not None:
            answer = answer | diagnosis.onset.is_on_or_after(earliest)
        elif diagnosis.recorded is None or diagnosis.recorded.last >= earliest:
            answer = answer | UNKNOWN
    return answer


def _case(finding: PatternFinding, deciding: tuple[Diagnosis, ...], acute_zoster: Truth) -> str | None:
    """The guideline vocabulary for this pattern; the most specific deciding diagnosis names it."""
    if finding in (PatternFinding.AXIAL, PatternFinding.AXIAL_LISTED):
        return "axial"
    if finding not in _ESTABLISHED:
        return None
    patterns = {d.pattern for d in deciding}
    if patterns & {"zoster", "zoster-by-onset"} and acute_zoster is TRUE:
        return "acute-zoster"
    for pattern in ("claudication", "post-laminectomy", "radicular"):
        if pattern in patterns:
            return pattern
    if "post-herpetic" in patterns or acute_zoster is FALSE:
        return "post-herpetic"
    return None
