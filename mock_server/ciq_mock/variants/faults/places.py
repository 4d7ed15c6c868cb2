"""Faults of places in the line: who loses or gains one by a pause, a resume or a cancel."""

from collections.abc import Sequence
from typing import Any

from ciq_mock.engine import Engine, Job, JobSpec, Queue
from ciq_mock.variants.faults.fault import Fault, in_engine
from ciq_mock.variants.faults.order import Resumes, start_anyway, take
from ciq_schemas.features import Feature
from ciq_schemas.lifecycle import QueueState


class _TurnsLateOnes(Resumes):
    def __init__(self, **parts: Any) -> None:
        super().__init__(**parts)
        self._before: dict[Queue, set[str]] = {}

    def paused(self, now: float, queue: Queue) -> None:
        """Remember who waits already."""
        self._before[queue] = {job.id for job in queue.waiting}

    def resumed(self, now: float, queue: Queue) -> None:
        """Those of the highest level that came since turn round, where others waited before them."""
        before = self._before.pop(queue, set())
        late = [job for job in queue.waiting if job.id not in before and job.level == 2]
        numbers = sorted((job.number for job in late), reverse=True)
        if before and late:
            waiting = [queue.waiting.pop() for _ in range(len(queue.waiting))]
            for job, number in zip(sorted(late, key=lambda job: job.number), numbers, strict=True):
                job.number = number
            for job in waiting:
                queue.waiting.push(job)


class _LastTakesPlace(Engine):
    def cancel(self, now: float, bucket: str, job_ids: Sequence[str]) -> tuple[Job, ...]:
        """Who came last gets the place in the line that has become free; the others move one on."""
        jobs = super().cancel(now, bucket, job_ids)
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
        return jobs


class _NextTakesPlace(Engine):
    def __init__(self, **parts: Any) -> None:
        super().__init__(**parts)
        self._free: dict[Queue, tuple[int, int]] = {}

    def cancel(self, now: float, bucket: str, job_ids: Sequence[str]) -> tuple[Job, ...]:
        """A place becomes free."""
        jobs = super().cancel(now, bucket, job_ids)
        self._free |= {job.queue: (job.level, job.number) for job in jobs}
        return jobs

    def submit(
        self, now: float, bucket: str, feature: Feature, orders: Sequence[JobSpec], **kept: Any
    ) -> tuple[Job, ...]:
        """The next job of the same level takes it; the others move one on."""
        jobs = super().submit(now, bucket, feature, orders, **kept)
        line, free = jobs[0].queue.waiting, self._free.pop(jobs[0].queue, None)
        if free is not None:
            waiting = [line.pop() for _ in range(len(line))]
            behind = sorted((job for job in waiting if job.number > free[1]), key=lambda job: job.number)
            numbers = [job.number for job in behind]
            for job, number in zip((behind[-1], *behind[:-1]), numbers, strict=True):
                job.number = number
            for job in waiting:
                line.push(job)
        return jobs


class _FailureWakes(Engine):
    def __init__(self, **parts: Any) -> None:
        super().__init__(**parts)
        self._awake: set[Queue] = set()

    def _end(self, job: Job) -> None:
        """Once a job has failed in a paused queue, each that ends there lets the next one start."""
        super()._end(job)
        queue = job.queue
        if queue.state is not QueueState.PAUSED:
            self._awake.discard(queue)
            return
        if job.failure is not None:
            self._awake.add(queue)
        if queue in self._awake and queue.waiting:
            start_anyway(self, queue.waiting.pop())


class _StrandsHeld(Resumes):
    def __init__(self, **parts: Any) -> None:
        super().__init__(**parts)
        self._paused_at: dict[Queue, int] = {}
        self._stranded: set[str] = set()

    def paused(self, now: float, queue: Queue) -> None:
        """Those that were left behind go on after this one."""
        self._stranded -= {job.id for job in queue.waiting}
        self._paused_at[queue] = self._number

    def resumed(self, now: float, queue: Queue) -> None:
        """Only those that waited before the pause go on."""
        self._stranded |= {job.id for job in queue.waiting if job.number > self._paused_at[queue]}

    def _fill(self) -> None:
        ready, self._ready = self._ready, {}
        for queue in ready:
            free = (job for job in list(queue.waiting) if job.id not in self._stranded)
            while queue.can_start and (job := next(free, None)) is not None:
                self._start(take(queue, job))


# fmt: off
FAULTS = (
    Fault("late-ones-turned", "PRI-002", "Jobs of level 2 that come in a pause, while others wait, start newest first.", in_engine(_TurnsLateOnes)),
    Fault("place-of-cancelled", "PRI-002", "The last of the line gets the place of a cancelled job.", in_engine(_LastTakesPlace)),
    Fault("next-takes-place", "PRI-002", "The job submitted after a cancel gets the place of the cancelled one.", in_engine(_NextTakesPlace)),
    Fault("failure-wakes", "PAU-001", "Once a job has failed in a paused queue, those that wait go on.", in_engine(_FailureWakes)),
    Fault("held-stranded", "LIF-006", "A resume frees only jobs that came before the pause; the others wait for the next one.", in_engine(_StrandsHeld)),
)
# fmt: on
