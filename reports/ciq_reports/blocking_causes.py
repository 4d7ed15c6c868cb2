"""Groups blocked verdicts by their reason, so that a report shows one cause instead of many requirements. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from ciq_reports.summary import FindingGroup
from ciq_schemas.transcript.records import DriverEvent, Level, Outcome, Verdict

FEWEST = 4
"""Smallest number of requirements with one reason for which a report shows the cause instead of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockingCause:
    """Blocked verdicts that give the same reason."""

    reason: str
    verdicts: tuple[Verdict, ...]

    @property
    def requirements(self) -> tuple[str, ...]:
        """Ids of the requirements that could not be tested, in the order of the run."""
        return tuple(dict.fromkeys(verdict.requirement for verdict in self.verdicts))

    @property
    def where(self) -> str:
        """Features, such as `media, speech`."""
        return ", ".join(dict.fromkeys(verdict.feature or "all features" for verdict in self.verdicts))

    @property
    def red(self) -> bool:
        """Whether the cause prevents exit code 0."""
        return any(verdict.level is Level.MUST and not verdict.baseline for verdict in self.verdicts)

    @property
    def witness(self) -> tuple[int, ...]:
        """The first evidence record of each feature."""
        first = {verdict.feature: verdict.witness[0] for verdict in reversed(self.verdicts) if verdict.witness}
        return tuple(sorted(set(first.values())))


def blocking_causes(verdicts: Iterable[Verdict]) -> tuple[BlockingCause, ...]:
    """Returns the reasons that at least `FEWEST` requirements share; the one that blocks most comes first."""
    by_reason: dict[str, list[Verdict]] = {}
    for verdict in verdicts:
        if verdict.outcome is Outcome.BLOCKED and verdict.reason:
            by_reason.setdefault(verdict.reason, []).append(verdict)
    found = [BlockingCause(reason=reason, verdicts=tuple(members)) for reason, members in by_reason.items()]
    shared = [cause for cause in found if len(cause.requirements) >= FEWEST]
    return tuple(sorted(shared, key=lambda cause: (not cause.red, -len(cause.requirements))))


def is_first_occurrence(event: DriverEvent, seen: set[tuple[str, str]]) -> bool:
    """Returns whether an event is new and adds it to `seen`: a failed probe stops all scenarios with one text."""
    if event.name not in ("broken", "interrupted", "unsupported"):
        return True
    words = (event.name, event.text)
    fresh = words not in seen
    seen.add(words)
    return fresh


def not_explained_by(causes: Iterable[BlockingCause], groups: Sequence[FindingGroup]) -> tuple[FindingGroup, ...]:
    """Returns the findings that no cause explains."""
    explained = {verdict.item for cause in causes for verdict in cause.verdicts}
    if not explained:
        return tuple(groups)
    kept = []
    for group in groups:
        similar_verdicts = tuple(
            s for s in group.similar_verdicts if not all(verdict.item in explained for verdict in s.verdicts)
        )
        if similar_verdicts:
            kept.append(replace(group, similar_verdicts=similar_verdicts))
    return tuple(kept)
