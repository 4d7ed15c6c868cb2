"""Faults that are visible only after a restart: state that the journal restores and the service then loses.

They need a mock with `--data`; before the restart it behaves correctly.
"""

from typing import Any

from ciq_mock.engine import NEVER_CONFIGURED, Engine, Queue
from ciq_mock.engine.waiting import WaitingLine
from ciq_mock.variants.faults.fault import Fault
from ciq_mock.variants.mixins import in_engine
from ciq_schemas.lifecycle import QueueState

_FORGOTTEN_IDS = 3


class RestartedEngine(Engine):
    """Base of faults that damage the restored queues."""

    def resume(self, now: float) -> None:
        """Continues after a restart with the damaged queues."""
        for activation in self._active.values():
            for queue in activation.queues:
                self.damage(queue)
        super().resume(now)

    def damage(self, queue: Queue) -> None:
        """Changes a restored queue."""


class _RepeatsIds(Engine):
    """Counts ids, and after a restart counts on from a number that is too low."""

    def __init__(self, **parts: Any) -> None:
        super().__init__(**parts)
        self._count = 0
        self._ids = self._next_id

    def resume(self, now: float) -> None:
        """Continues after a restart and forgets the last ids."""
        super().resume(now)
        self._count = max((int(job_id[1:], 16) - _FORGOTTEN_IDS for job_id in self._jobs), default=0)

    def _next_id(self, letter: str) -> str:
        self._count += 1
        return f"{letter}{self._count:032x}"


class _ForgetsWaiting(RestartedEngine):
    def damage(self, queue: Queue) -> None:
        """Removes the waiting jobs."""
        for job in queue.waiting:
            del self._jobs[job.id]
            self._ledgers[job.bucket, job.feature].forget(job)
        queue.waiting = WaitingLine(self.rules.rank)


class _ForgetsPause(RestartedEngine):
    def damage(self, queue: Queue) -> None:
        """Sets the state to Active."""
        queue.state = QueueState.ACTIVE


class _ForgetsRule(RestartedEngine):
    def damage(self, queue: Queue) -> None:
        """Removes the callback rule."""
        queue.notify = NEVER_CONFIGURED


class _ReversesWaiting(RestartedEngine):
    def damage(self, queue: Queue) -> None:
        """Reverses the order of the waiting jobs of each level; later jobs come after them."""
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
        "After a restart new jobs get the ids of the last jobs before it, which are lost.",
        in_engine(_RepeatsIds),
    ),
    Fault(
        "waiting-jobs-forgotten-at-restart",
        "EXP-008",
        "A restart loses the waiting jobs.",
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
        "A restart reverses the order of the waiting jobs of each level.",
        in_engine(_ReversesWaiting),
    ),
)
