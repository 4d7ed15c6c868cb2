"""Maps the target's own times (one-second steps) to the clock of the run. Pure.

The offset is bracketed by the jobs themselves: a job whose CreationTime reads c was created in [c, c+1) on the
target's clock and within its submit's closed interval on ours. Contradicting brackets give no clock.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from ciq_schemas import times

Interval = tuple[float, float]
STEP = 1.0
"""Resolution of the times on the wire, seconds."""


@dataclass(frozen=True, slots=True)
class TargetClock:
    """Target's clock minus ours lies in [least, most]: seconds, against the start of the run."""

    least: float
    most: float

    def window(self, text: str | None) -> Interval | None:
        """The closed interval of the run in which a time of the target lies; None for an unset or unreadable one."""
        moment = times.parse(text)
        if moment is None:
            return None
        return (moment.timestamp() - self.most, moment.timestamp() + STEP - self.least)


def target_clock(creations: Iterable[tuple[str | None, Interval]]) -> TargetClock | None:
    """Bracket the clock by (CreationTime, interval of the submit) pairs; None without or with contradicting pairs."""
    least, most = float("-inf"), float("inf")
    for text, (started, ended) in creations:
        moment = times.parse(text)
        if moment is not None:
            least = max(least, moment.timestamp() - ended)
            most = min(most, moment.timestamp() + STEP - started)
    if least == float("-inf") or least > most:
        return None
    return TargetClock(least, most)
