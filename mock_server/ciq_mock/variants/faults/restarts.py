"""Faults that only a restart shows: what a journal gives back, and a service then loses.

They need a mock with `--data`; until it is started again it is as good as any.
"""

from typing import Any

from ciq_mock.engine import NEVER_CONFIGURED, Engine, Queue
from ciq_mock.engine.waiting import WaitingLine
from ciq_mock.variants.faults.fault import Fault, in_engine
from ciq_schemas.lifecycle import QueueState

_FORGOTTEN = 3


class Restarted(Engine):
    """Base of faults in what is left of a queue."""

    def go_on(self, now: float) -> None:
        """Go on, with each queue as the fault leaves it."""
        for activation in self._active.values():
            for queue in activation.queues:
                self.back(queue)
        super().go_on(now)

    def back(self, queue: Queue) -> None:
        """What goes wrong with a queue."""


class _CountsAgain(Engine):
    """Ids are a count, of which the last few are not known after a restart."""

    def __init__(self, **parts: Any) -> None:
        super().__init__(**parts)
        self._counted = 0
        self._ids = self._next

    def go_on(self, now: float) -> None:
        """Go on, a few ids too early."""
        super().go_on(now)
        self._counted = max((int(job_id[1:], 16) - _FORGOTTEN for job_id in self._jobs), default=0)

    def _next(self, letter: str) -> str:
        self._counted += 1
        return f"{letter}{self._counted:032x}"


class _ForgetsWaiting(Restarted):
    def back(self, queue: Queue) -> None:
        for job in queue.waiting:
            del self._jobs[job.id]
            self._ledgers[job.bucket, job.feature].forget(job)
        queue.waiting = WaitingLine(self.rules.rank)


class _ForgetsPause(Restarted):
    def back(self, queue: Queue) -> None:
        queue.state = QueueState.ACTIVE


class _ForgetsRule(Restarted):
    def back(self, queue: Queue) -> None:
        queue.notify = NEVER_CONFIGURED


class _TurnsLineRound(Restarted):
    def back(self, queue: Queue) -> None:
        rank, latest = self.rules.rank, self._number
        jobs = list(queue.waiting)
        queue.waiting = WaitingLine(
            lambda level, number: rank(level, number if number > latest else latest - number - (1 << 40))
        )
        for job in jobs:
            queue.waiting.push(job)


FAULTS = (
    Fault(
        "job-ids-repeat-after-restart",
        "EXP-008",
        "After a restart the next jobs get the ids of the last ones before it, which are gone.",
        in_engine(_CountsAgain),
    ),
    Fault(
        "waiting-jobs-forgotten-at-restart",
        "EXP-008",
        "A restart forgets the jobs that wait.",
        in_engine(_ForgetsWaiting),
    ),
    Fault(
        "pause-forgotten-at-restart",
        "EXP-008",
        "Paused queues are Active after a restart.",
        in_engine(_ForgetsPause),
    ),
    Fault(
        "rule-forgotten-at-restart",
        "EXP-008",
        "Queues have no callback rule after a restart.",
        in_engine(_ForgetsRule),
    ),
    Fault(
        "order-lost-at-restart",
        "EXP-001",
        "Waiting jobs of one level come back from a restart last first.",
        in_engine(_TurnsLineRound),
    ),
)
