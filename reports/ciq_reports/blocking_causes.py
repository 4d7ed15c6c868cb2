"""One broken thing, many questions that could not be put: told once with its reason, not once a requirement. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from ciq_reports.summary import FindingGroup, findings
from ciq_reports.transcript import RunView
from ciq_schemas.transcript.records import DriverEvent, ExitCode, Level, Outcome, Verdict

FEWEST = 4
"""Requirements that share a reason before it is told in place of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockingCause:
    """Blocked verdicts that give the same reason."""

    reason: str
    verdicts: tuple[Verdict, ...]

    @property
    def requirements(self) -> tuple[str, ...]:
        """Ids of what could not be asked, in the order of the run."""
        return tuple(dict.fromkeys(verdict.requirement for verdict in self.verdicts))

    @property
    def where(self) -> str:
        """`media, speech`."""
        return ", ".join(dict.fromkeys(verdict.feature or "all features" for verdict in self.verdicts))

    @property
    def red(self) -> bool:
        """It keeps the run from exit code 0."""
        return any(verdict.level is Level.MUST and not verdict.baseline for verdict in self.verdicts)

    @property
    def witness(self) -> tuple[int, ...]:
        """The first records that tell of it, one a feature."""
        first = {verdict.feature: verdict.witness[0] for verdict in reversed(self.verdicts) if verdict.witness}
        return tuple(sorted(set(first.values())))


def blocking_causes(verdicts: Iterable[Verdict]) -> tuple[BlockingCause, ...]:
    """The reasons that at least `FEWEST` requirements share, those that block most first."""
    by_reason: dict[str, list[Verdict]] = {}
    for verdict in verdicts:
        if verdict.outcome is Outcome.BLOCKED and verdict.reason:
            by_reason.setdefault(verdict.reason, []).append(verdict)
    found = [BlockingCause(reason=reason, verdicts=tuple(members)) for reason, members in by_reason.items()]
    told = [obstacle for obstacle in found if len(obstacle.requirements) >= FEWEST]
    return tuple(sorted(told, key=lambda obstacle: (not obstacle.red, -len(obstacle.requirements))))


def first_of_its_kind(event: DriverEvent, seen: set[tuple[str, str]]) -> bool:
    """False for a stop whose words were said before: one broken probe stops every scenario. Adds to `seen`."""
    if event.name not in ("broken", "interrupted", "unsupported"):
        return True
    words = (event.name, event.text)
    fresh = words not in seen
    seen.add(words)
    return fresh


def told_apart(view: RunView) -> tuple[tuple[BlockingCause, ...], tuple[FindingGroup, ...]]:
    """The obstacles of a run, and the findings that they do not explain.

    Of a target that could not be reached, what stayed blocked or open says nothing more: only other findings are told.
    """
    blocking = blocking_causes(view.verdicts)
    groups = apart_from(blocking, findings(view))
    if blocking and view.footer is not None and view.footer.exit_code == ExitCode.UNREACHABLE:
        groups = tuple(g for g in groups if g.outcome not in (Outcome.BLOCKED, Outcome.INCONCLUSIVE))
    return blocking, groups


def apart_from(told: Iterable[BlockingCause], groups: Sequence[FindingGroup]) -> tuple[FindingGroup, ...]:
    """The findings without what stands behind an obstacle already told."""
    behind = {verdict.item for obstacle in told for verdict in obstacle.verdicts}
    if not behind:
        return tuple(groups)
    kept = []
    for group in groups:
        similar_verdicts = tuple(
            s for s in group.similar_verdicts if not all(verdict.item in behind for verdict in s.verdicts)
        )
        if similar_verdicts:
            kept.append(replace(group, similar_verdicts=similar_verdicts))
    return tuple(kept)
