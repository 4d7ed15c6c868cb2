"""Faults of places in the waiting order: a pause, a resume or a cancel gives a job the wrong place."""

from collections.abc import Sequence
from typing import Any

from ciq_mock.engine import Engine, Job, Queue
from ciq_mock.variants.faults.fault import Fault
from ciq_mock.variants.faults.order import start_anyway, take
from ciq_mock.variants.mixins import HookedEngine, in_engine
from ciq_schemas.lifecycle import QueueState


class _ReversesLateJobs(HookedEngine):
    """Reverses, at a resume, the jobs of level 2 that came in the pause, if others waited before them."""

    def __init__(self, **parts: Any) -> None:
        super().__init__(**parts)
        self._before: dict[Queue, set[str]] = {}

    def on_paused(self, now: float, queue: Queue) -> None:
        """Records the jobs that wait already."""
        self._before[queue] = {job.id for job in queue.waiting}

    def on_resumed(self, now: float, queue: Queue) -> None:
        """Reverses the late jobs of level 2."""
        before = self._before.pop(queue, set())
        late = [job for job in queue.waiting if job.id not in before and job.level == 2]
        numbers = sorted((job.number for job in late), reverse=True)
        if before and late:
            waiting = [queue.waiting.pop() for _ in range(len(queue.waiting))]
            for job, number in zip(sorted(late, key=lambda job: job.number), numbers, strict=True):
                job.number = number
            for job in waiting:
                queue.waiting.push(job)


class _LastTakesFreePlace(HookedEngine):
    """Gives the place of a cancelled job to the last waiting job; the others move back by one."""

    def on_cancelled(self, jobs: Sequence[Job]) -> None:
        """Gives the free places away."""
        super().on_cancelled(jobs)
        for gone in jobs:
            line = gone.queue.waiting
            waiting = [line.pop() for _ in range(len(line))]
            places = [(job.level, job.number) for job in waiting]
            if waiting:
                last = max(waiting, key=lambda job: job.number)
                waiting.remove(last)
                waiting.insert(sum((-level, number) < (-gone.level, gone.number) for level, number in places), last)
            for job, (level, number) in zip(waiting, places, strict=True):
                job.level, job.number = level, number
                line.push(job)


class _NextTakesFreePlace(HookedEngine):
    """Gives the place of a cancelled job to the next job that is submitted; the others move back by one."""

    def __init__(self, **parts: Any) -> None:
        super().__init__(**parts)
        self._free: dict[Queue, int] = {}
        """Number of the last cancelled job."""

    def on_cancelled(self, jobs: Sequence[Job]) -> None:
        """Records the free place."""
        super().on_cancelled(jobs)
        self._free |= {job.queue: job.number for job in jobs}

    def on_submitted(self, jobs: Sequence[Job]) -> None:
        """Gives the free place to the new job."""
        super().on_submitted(jobs)
        line, free = jobs[0].queue.waiting, self._free.pop(jobs[0].queue, None)
        if free is None:
            return
        waiting = [line.pop() for _ in range(len(line))]
        behind = sorted((job for job in waiting if job.number > free), key=lambda job: job.number)
        numbers = [job.number for job in behind]
        for job, number in zip((behind[-1], *behind[:-1]), numbers, strict=True):
            job.number = number
        for job in waiting:
            line.push(job)


class _FailureEndsPause(Engine):
    """Lets each job that ends in a paused queue start the next one, once a job has failed there."""

    def __init__(self, **parts: Any) -> None:
        super().__init__(**parts)
        self._leaking: set[Queue] = set()

    def _end(self, job: Job) -> None:
        super()._end(job)
        queue = job.queue
        if queue.state is not QueueState.PAUSED:
            self._leaking.discard(queue)
            return
        if job.failure is not None:
            self._leaking.add(queue)
        if queue in self._leaking and queue.waiting:
            start_anyway(self, queue.waiting.pop())


class _KeepsJobsOfPause(HookedEngine):
    """Starts, after a resume, only the jobs that came before the pause; the others wait for the next resume."""

    def __init__(self, **parts: Any) -> None:
        super().__init__(**parts)
        self._paused_at: dict[Queue, int] = {}
        self._kept: set[str] = set()

    def on_paused(self, now: float, queue: Queue) -> None:
        """Frees the jobs that the last resume kept waiting."""
        self._kept -= {job.id for job in queue.waiting}
        self._paused_at[queue] = self._number

    def on_resumed(self, now: float, queue: Queue) -> None:
        """Keeps the jobs that came in the pause."""
        self._kept |= {job.id for job in queue.waiting if job.number > self._paused_at[queue]}

    def _fill(self) -> None:
        ready, self._ready = self._ready, {}
        for queue in ready:
            free = (job for job in list(queue.waiting) if job.id not in self._kept)
            while queue.can_start and (job := next(free, None)) is not None:
                self._start(take(queue, job))


# fmt: off
FAULTS = (
    Fault("late-ones-turned", "PRI-002", "Jobs of level 2 submitted in a pause, while others wait, start newest first.", in_engine(_ReversesLateJobs)),
    Fault("place-of-cancelled", "PRI-002", "The last waiting job gets the place of a cancelled job.", in_engine(_LastTakesFreePlace)),
    Fault("next-takes-place", "PRI-002", "The job submitted after a cancel gets the place of the cancelled one.", in_engine(_NextTakesFreePlace)),
    Fault("failure-wakes", "PAU-001", "After a failure in a paused queue, each job that ends starts the next one.", in_engine(_FailureEndsPause)),
    Fault("held-stranded", "LIF-006", "A resume starts only jobs submitted before the pause; the others wait for the next resume.", in_engine(_KeepsJobsOfPause)),
)
# fmt: on
