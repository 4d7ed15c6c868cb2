"""Groups the findings of a run by root cause, and orders the causes: what unblocks most, simplest evidence first. Pure.

Deviations have one cause when one diagnosis explains them, or when the evidence of one contains the evidence of the
other in the same scenario. A blocked or inconclusive verdict points to the deviation that caused it: the one that its
reason names, the one with the same evidence, or the one that shows the response that stopped its scenario.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from ciq_reports.blocking_causes import BlockingCause, blocking_causes, not_explained_by
from ciq_reports.diagnosis import Diagnosis, diagnose
from ciq_reports.outcomes import WORDS
from ciq_reports.summary import FindingGroup, findings
from ciq_reports.transcript import RunView
from ciq_schemas.requirement import BY_OPTION
from ciq_schemas.transcript.records import DriverEvent, Exchange, ExitCode, Outcome, Verdict

_ID = re.compile(r"\b[A-Z]{3}-\d{3}\b")
_DEVIATIONS = (Outcome.FAIL, Outcome.WARN)
_CONSEQUENCES = (Outcome.BLOCKED, Outcome.INCONCLUSIVE)
_ALL_SCENARIOS = "*"
_PROBE = "probe"
_CONCURRENT = frozenset({"concurrency"}) | BY_OPTION
"""Scenarios whose evidence is less simple: several clients at once, or random requests."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RootCause:
    """One thing to correct: its findings, the simplest evidence first, and what it blocks."""

    groups: tuple[FindingGroup, ...] = ()
    blocking: BlockingCause | None = None
    """The common reason of blocked requirements that no deviation explains; then there are no groups."""
    diagnoses: tuple[str, ...] = ()
    consequences: tuple[str, ...] = ()
    """Ids of blocked and inconclusive requirements that point to this cause, in the order of the run."""

    @property
    def requirements(self) -> tuple[str, ...]:
        """All ids, for a further run: the findings, then the consequences."""
        own = [group.requirement for group in self.groups]
        blocked = self.blocking.requirements if self.blocking else ()
        return tuple(dict.fromkeys((*own, *blocked, *self.consequences)))

    @property
    def lead(self) -> FindingGroup | None:
        """The finding to look at first."""
        return self.groups[0] if self.groups else None

    @property
    def red(self) -> bool:
        """Whether the cause prevents exit code 0."""
        return any(group.red for group in self.groups) or (self.blocking is not None and self.blocking.red)

    @property
    def deviates(self) -> bool:
        """Whether a MUST failed, which a correction of the target can change."""
        return any(group.red and group.outcome is Outcome.FAIL for group in self.groups)

    @property
    def unblocks(self) -> int:
        """How many further requirements a correction makes testable."""
        return len(self.consequences) + (len(self.blocking.requirements) if self.blocking else 0)


@dataclass(slots=True)
class _Cluster:
    """A root cause while it grows."""

    members: list[FindingGroup]
    diagnoses: list[Diagnosis] = field(default_factory=list)
    consequences: dict[str, None] = field(default_factory=dict)


@lru_cache(maxsize=2)
def root_causes(view: RunView) -> tuple[RootCause, ...]:
    """Returns the causes of a run; the one that blocks most comes first, then the one with the simplest evidence.

    For an unreachable target, blocked and inconclusive verdicts add nothing to their common reason.
    """
    groups = findings(view)
    clusters = _clusters(view, [group for group in groups if group.outcome in _DEVIATIONS])
    explained: set[str] = set()
    for verdict in view.verdicts:
        if verdict.outcome in _CONSEQUENCES:
            source = _source(view, verdict, clusters)
            if source is not None:
                source.consequences.setdefault(verdict.requirement)
                explained.add(verdict.item)
    blocking = blocking_causes(v for v in view.verdicts if v.item not in explained)
    unreachable = bool(blocking) and view.footer is not None and view.footer.exit_code == ExitCode.UNREACHABLE
    rest = [
        group
        for group in not_explained_by(blocking, groups)
        if group.outcome not in _DEVIATIONS
        and not (unreachable and group.outcome in _CONSEQUENCES)
        and not all(verdict.item in explained for verdict in group.verdicts)
    ]
    causes = [
        *(_cause(view, cluster) for cluster in clusters),
        *(RootCause(blocking=cause) for cause in blocking),
        *(RootCause(groups=(group,)) for group in rest),
    ]
    return tuple(sorted(causes, key=lambda cause: _urgency(view, cause)))


def _cause(view: RunView, cluster: _Cluster) -> RootCause:
    texts: dict[str, list[str]] = {}
    for diagnosis in cluster.diagnoses:
        texts.setdefault(diagnosis.text, []).append(diagnosis.feature)
    return RootCause(
        groups=tuple(sorted(cluster.members, key=lambda group: _simplicity(view, group))),
        diagnoses=tuple(f"{', '.join(features)}: {text}" for text, features in texts.items()),
        consequences=tuple(
            name for name in cluster.consequences if name not in {group.requirement for group in cluster.members}
        ),
    )


def _urgency(view: RunView, cause: RootCause) -> tuple[object, ...]:
    """Returns the sort key of a cause; no part of it depends on the name of a requirement."""
    lead = cause.lead
    known = lead is not None and lead.baseline
    if lead is None:
        return (not cause.red, known, -cause.unblocks, WORDS[Outcome.BLOCKED].rank, False, False, 0, 0.0)
    return (not cause.red, known, -cause.unblocks, WORDS[lead.outcome].rank, *_simplicity(view, lead)[2:])


def _simplicity(view: RunView, group: FindingGroup) -> tuple[bool, int, bool, bool, int, float]:
    """Returns the sort key of a finding: few records of a quiet scenario first, then the earliest in the run."""
    verdict = min(group.verdicts, key=lambda v: len(v.witness) or 1_000)
    records = view.witnesses(verdict)
    moments = [record.started for record in records if isinstance(record, Exchange)]
    return (
        not group.red,
        WORDS[group.outcome].rank,
        verdict.scenario in BY_OPTION,
        verdict.scenario in _CONCURRENT,
        min(len(verdict.witness) or 1_000, 4),
        min(moments, default=view.seconds),
    )


def _clusters(view: RunView, groups: Sequence[FindingGroup]) -> list[_Cluster]:
    """Joins deviations that one diagnosis explains, or whose evidence is the same."""
    clusters = [_Cluster([group]) for group in groups]
    for diagnosis in diagnose(view):
        joined = [
            cluster
            for cluster in clusters
            if any(
                verdict.requirement in diagnosis.requirements and verdict.feature == diagnosis.feature
                for group in cluster.members
                for verdict in group.verdicts
            )
        ]
        if joined:
            _join(clusters, joined).diagnoses.append(diagnosis)
    for place, one in enumerate(groups):
        for other in groups[place + 1 :]:
            if one.baseline == other.baseline and _same_evidence(one.verdicts, other.verdicts):
                pair = [c for c in clusters if one in c.members or other in c.members]
                if len(pair) > 1:
                    _join(clusters, pair)
    return clusters


def _join(clusters: list[_Cluster], joined: Sequence[_Cluster]) -> _Cluster:
    first, *others = joined
    for other in others:
        first.members += other.members
        first.diagnoses += other.diagnoses
        clusters.remove(other)
    return first


def _same_evidence(some: Iterable[Verdict], others: Sequence[Verdict]) -> bool:
    for one in some:
        for other in others:
            same_place = one.feature == other.feature and one.scenario == other.scenario != _ALL_SCENARIOS
            mine, theirs = set(one.witness), set(other.witness)
            if same_place and mine and theirs and (mine <= theirs or theirs <= mine):
                return True
    return False


def _source(view: RunView, verdict: Verdict, clusters: Sequence[_Cluster]) -> _Cluster | None:
    """Returns the cluster that caused a blocked or inconclusive verdict; None when the run does not show it."""
    by_id = _by_id(clusters, verdict.feature)
    named = _named(view, verdict, by_id, seen=set())
    if named is not None:
        return named
    mine = set(verdict.witness)
    for cluster in clusters:
        same = (v for group in cluster.members for v in group.verdicts if v.feature == verdict.feature)
        if any(mine & set(v.witness) for v in same):
            return cluster
    for record in view.witnesses(verdict):
        if isinstance(record, DriverEvent):
            stopped = _behind_event(view, record, verdict.feature, clusters)
            if stopped is not None:
                return stopped
    return None


def _by_id(clusters: Iterable[_Cluster], feature: str) -> Mapping[str, _Cluster]:
    found: dict[str, _Cluster] = {}
    for cluster in clusters:
        for group in cluster.members:
            if any(verdict.feature == feature for verdict in group.verdicts):
                found.setdefault(group.requirement, cluster)
    return found


def _named(view: RunView, verdict: Verdict, by_id: Mapping[str, _Cluster], *, seen: set[str]) -> _Cluster | None:
    """Follows the ids that a reason names, through further blocked verdicts, to a deviation."""
    seen.add(verdict.requirement)
    for name in _ID.findall(verdict.reason):
        if name in by_id:
            return by_id[name]
    for name in _ID.findall(verdict.reason):
        further = [
            v
            for v in view.verdicts
            if v.requirement == name and v.feature == verdict.feature and v.outcome in _CONSEQUENCES
        ]
        for one in further:
            if name not in seen:
                found = _named(view, one, by_id, seen=seen)
                if found is not None:
                    return found
    return None


def _behind_event(view: RunView, event: DriverEvent, feature: str, clusters: Sequence[_Cluster]) -> _Cluster | None:
    """Returns the deviation that stopped a scenario: jobs that left the pause, or the last rejected request."""
    before = [e for e in view.exchanges if e.feature == feature and e.ended <= event.at]
    own = [e for e in before if e.scenario == event.scenario] or [e for e in before if e.scenario == _PROBE]
    begun = own[0].started if own else event.at
    for cluster in clusters:
        for diagnosis in cluster.diagnoses:
            if diagnosis.feature == feature and any(begun <= s.begin <= event.at for s in diagnosis.spans):
                return cluster
    if not own or own[-1].status in range(1, 400):
        return None
    last = own[-1]
    for cluster in clusters:
        for verdict in (v for group in cluster.members for v in group.verdicts if v.feature == feature):
            for record in view.witnesses(verdict):
                if isinstance(record, Exchange) and _answers_alike(record, last):
                    return cluster
    return None


def _answers_alike(one: Exchange, other: Exchange) -> bool:
    return bool(one.operation) and (one.operation, one.status) == (other.operation, other.status)
