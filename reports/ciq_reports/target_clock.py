"""Maps the target's own times (one-second steps) to the clock of the run. Pure.

The jobs bound the offset: a job whose CreationTime is c was created in [c, c+1) on the target's clock and within the
closed interval of its submit on the suite's clock. Bounds that contradict each other give no clock.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from ciq_schemas import times

Interval = tuple[float, float]
STEP = 1.0
"""Resolution of the times on the wire, seconds."""


@dataclass(frozen=True, slots=True)
class TargetClock:
    """Bounds of the target's clock minus the suite's, in seconds, against the start of the run."""

    least: float
    most: float

    def window(self, text: str | None) -> Interval | None:
        """Returns the interval of the run that contains a time of the target; None for an unset or unreadable time."""
        moment = times.parse(text)
        if moment is None:
            return None
        return (moment.timestamp() - self.most, moment.timestamp() + STEP - self.least)


def target_clock(creations: Iterable[tuple[str | None, Interval]]) -> TargetClock | None:
    """Bounds the clock by (CreationTime, interval of the submit) pairs; None without pairs or when they contradict."""
    least, most = float("-inf"), float("inf")
    for text, (started, ended) in creations:
        moment = times.parse(text)
        if moment is not None:
            least = max(least, moment.timestamp() - ended)
            most = min(most, moment.timestamp() + STEP - started)
    if least == float("-inf") or least > most:
        return None
    return TargetClock(least, most)
