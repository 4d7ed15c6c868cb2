"""Notes for one feature when jobs or callbacks stall, so that later waits end sooner.

A queue stalls when the suite waits for jobs and none of them changes its State any more. A target that stalls in each
scenario would otherwise cost one full timeout for each wait of the run. Knows no HTTP and no scenario.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from ciq_schemas.lifecycle import FINAL_STATES, JobState

Awaited = Literal["jobs", "callbacks"]

SHORT_AFTER, SHORT_AFTER_WAITS = 2, 3
"""After so many scenarios in a row with a stall, or so many waits in a row, waits are short."""
BLOCKED_AFTER = 3
"""After so many scenarios in a row in which jobs stalled, a scenario runs only if a job of its own ends first.

After the first one already, where none of its jobs has ended until the next scenario.
"""
UNKNOWN_WORD_SECONDS = 2.0
"""Seconds, in addition to four job latencies, after which a job with an undocumented State counts as stalled."""
_WORDS = frozenset(JobState)


def is_unknown(state: str) -> bool:
    """Returns whether a State is none of the documented words, so that it cannot show the end of the job."""
    return bool(state) and state not in _WORDS


@dataclass
class Progress:
    """Decides from successive states of jobs whether they can still end. Times are seconds."""

    stall: float
    """Seconds without a change of any State after which the jobs have stalled."""
    unknown: float
    """The same where every job that has not ended shows an undocumented State."""
    _states: dict[str, str] = field(default_factory=dict)
    _since: float = 0.0

    def stalled(self, states: Mapping[str, str], job_ids: Iterable[str], now: float) -> bool:
        """Takes the states at one instant; returns whether the jobs have stalled."""
        if not self._since or states != self._states:
            self._states, self._since = dict(states), now
            return False
        still_open = [states.get(job_id, "") for job_id in job_ids if states.get(job_id) not in FINAL_STATES]
        limit = min(self.unknown, self.stall) if all(map(is_unknown, still_open)) else self.stall
        return now - self._since >= limit


@dataclass
class StallWatch:
    """What stalled in the scenarios of one feature so far."""

    gave_up: set[str] = field(default_factory=set)
    """Jobs whose end the suite no longer waits for."""
    control_jobs: tuple[str, ...] = ()
    """A job that was submitted to the stalled queue before a scenario, and had not ended when that was blocked."""
    nothing_ended: bool = False
    """No job has ended since a scenario began in which jobs stalled."""
    _confirmed: bool = False
    _current: set[Awaited] = field(default_factory=set)
    _arrived: set[Awaited] = field(default_factory=set)
    _waits: dict[Awaited, int] = field(default_factory=dict)
    _in_a_row: dict[Awaited, list[str]] = field(default_factory=dict)

    def stalled(self, awaited: Awaited, job_ids: Iterable[str] = ()) -> None:
        """Notes that the current scenario has waited in vain."""
        self._current.add(awaited)
        self._waits[awaited] = self._waits.get(awaited, 0) + 1
        if awaited == "jobs":
            self.gave_up.update(job_ids)

    def arrived(self, awaited: Awaited) -> None:
        """Notes that the suite has observed the end of a job, or the callbacks that it waited for."""
        self._arrived.add(awaited)
        self._waits[awaited] = 0
        if awaited == "jobs":
            self._confirmed = self.nothing_ended = False

    def confirm(self) -> None:
        """Notes that no job of an earlier stall has ended, although the queue has been made active since."""
        self._confirmed = True

    def scenario_ended(self, scenario: str) -> None:
        """Counts the scenario when something stalled in it; the count starts again when only the opposite happened."""
        self.nothing_ended |= "jobs" in self._current - self._arrived
        for awaited in self._current:
            self._in_a_row.setdefault(awaited, []).append(scenario)
        for awaited in self._arrived - self._current:
            self._in_a_row.pop(awaited, None)
        self._current.clear()
        self._arrived.clear()

    @property
    def short(self) -> bool:
        """Whether waits are short."""
        if self._confirmed:
            return True
        many = any(len(scenarios) >= SHORT_AFTER for scenarios in self._in_a_row.values())
        return many or any(waits >= SHORT_AFTER_WAITS for waits in self._waits.values())

    @property
    def blocking(self) -> tuple[str, ...]:
        """The last scenarios in a row in which jobs stalled, when there are enough to block the next one."""
        scenarios = self._in_a_row.get("jobs", [])
        return tuple(scenarios) if len(scenarios) >= (1 if self._confirmed else BLOCKED_AFTER) else ()
