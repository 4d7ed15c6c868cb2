"""Faults of workers: jobs that they fetch in advance, a pause that they learn late, running jobs that they give back."""

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from heapq import heapify
from typing import Any, cast

from starlette.types import Message, Receive, Scope, Send

from ciq_mock.engine import Engine, Job, Queue
from ciq_mock.http.app import ServiceApp
from ciq_mock.overrides import Override, mixed
from ciq_mock.service.call import Answer
from ciq_mock.variants.faults.fault import Fault
from ciq_mock.variants.faults.order import start_anyway, take
from ciq_mock.variants.middleware import CallNext, Request, middleware
from ciq_mock.variants.mixins import HookedEngine, in_engine
from ciq_schemas.features import Feature
from ciq_schemas.lifecycle import JobState, QueueState
from ciq_schemas.operations import OperationKind as Kind

PREFETCHED = 4
"""Jobs that each worker fetches in advance."""
CACHED_SECONDS = 1.0
"""Seconds for which workers use the State of the queue that they read last."""
FORGOTTEN_AFTER = 10.0
"""Seconds after which the fault `pause-ends-by-itself` resumes a queue."""
_LOOK_EVERY = 0.005
"""Seconds between two looks at the prefetched jobs while the answer to a pause waits for them."""


class _Prefetches(HookedEngine):
    """Each worker fetches four waiting jobs in advance, and runs them whatever happens to the queue."""

    def __init__(self, **parts: Any) -> None:
        super().__init__(**parts)
        self._fetched: dict[Queue, deque[Job]] = {}

    def reset(self) -> None:
        """Forgets the fetched jobs as well."""
        super().reset()
        self._fetched.clear()

    def has_fetched(self, queue: Queue) -> bool:
        """Tests whether a fetched job of the queue has not started."""
        return bool(self._fetched.get(queue))

    def _touch(self, queue: Queue) -> None:
        super()._touch(queue)
        if self.has_fetched(queue) and queue.running < queue.max_concurrent:
            self._ready[queue] = None

    def _fill(self) -> None:
        ready, self._ready = self._ready, {}
        for queue in ready:
            fetched = self._fetched.setdefault(queue, deque())
            while queue.running < queue.max_concurrent and (fetched or queue.can_start):
                start_anyway(self, fetched.popleft() if fetched else queue.waiting.pop())
            most = PREFETCHED * queue.max_concurrent
            while queue.state is QueueState.ACTIVE and queue.waiting and len(fetched) < most:
                fetched.append(queue.waiting.pop())

    def _cancel(self, now: float, job: Job) -> None:
        fetched = self._fetched.get(job.queue, ())
        if job in fetched:
            self._fetched[job.queue].remove(job)
            job.queue.waiting.push(job)  # the waiting list counts removals
        super()._cancel(now, job)

    def _end(self, job: Job) -> None:
        super()._end(job)
        self._touch(job.queue)


class _AnswersLate(ServiceApp):
    """Sends the answer to a pause when the prefetched jobs of the queue have ended."""

    def __init__(self, **parts: Any) -> None:
        super().__init__(**parts)
        self.pausing: tuple[_Prefetches, Queue] | None = None
        """The queue that the request in progress pauses."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one HTTP request."""

        async def send_late(message: Message) -> None:
            pausing, self.pausing = self.pausing, None
            if pausing is not None:
                engine, queue = pausing
                while engine.has_fetched(queue) or queue.running:
                    await asyncio.sleep(_LOOK_EVERY)
            await send(message)

        await super().__call__(scope, receive, send_late)


def _marks_pause(request: Request, call_next: CallNext) -> Answer:
    """Passes the queue that a request pauses to the application."""
    answer = call_next(request)
    if request.kind is Kind.UPDATE_QUEUE and request.feature is not None:
        for activation in request.mock.engine.activations(request.feature):
            for queue in activation.queues:
                if queue.id == request.call.key and queue.state is QueueState.PAUSED:
                    engine = cast(_Prefetches, request.mock.engine)
                    cast(_AnswersLate, request.mock.service).pausing = engine, queue
    return answer


def _acknowledges_late() -> Override:
    return replace(middleware(_marks_pause), engine=mixed(_Prefetches), service=mixed(_AnswersLate))


class _PutsFirstToTail(HookedEngine):
    """A resume moves the first waiting job to the end of its level."""

    def on_resumed(self, now: float, queue: Queue) -> None:
        """Moves the job."""
        super().on_resumed(now, queue)
        if len(queue.waiting) > 1:
            first = queue.waiting.pop()
            self._number += 1
            first.number = self._number
            queue.waiting.push(first)


class _RunsOnAfterPause(HookedEngine):
    """Starts further jobs of a queue after a pause, while `_may_run` permits it."""

    def _may_run(self, queue: Queue) -> bool:
        raise NotImplementedError

    def _started(self, queue: Queue) -> None:
        """Called after the start of a job in a paused queue."""

    def _is_due(self, queue: Queue) -> bool:
        free = queue.waiting and queue.running < queue.max_concurrent
        return bool(free) and queue.state is QueueState.PAUSED and self._may_run(queue)

    def _touch(self, queue: Queue) -> None:
        super()._touch(queue)
        if self._is_due(queue):
            self._ready[queue] = None

    def _end(self, job: Job) -> None:
        super()._end(job)
        self._touch(job.queue)

    def _fill(self) -> None:
        for queue in list(self._ready):
            while self._is_due(queue):
                start_anyway(self, queue.waiting.pop())
                self._started(queue)
        super()._fill()


class _CachesPause(_RunsOnAfterPause):
    """Workers notice a pause up to a second later."""

    def __init__(self, **parts: Any) -> None:
        super().__init__(**parts)
        self._until: dict[Queue, float] = {}

    def on_paused(self, now: float, queue: Queue) -> None:
        """Notes when the workers notice the pause."""
        super().on_paused(now, queue)
        self._until[queue] = now + CACHED_SECONDS
        self._touch(queue)

    def _may_run(self, queue: Queue) -> bool:
        return self._now < self._until.get(queue, 0.0)


class _IdleWorkersTakeOne(_RunsOnAfterPause):
    """Each worker that is idle at a pause waits for a job in a blocking read, and runs the next one."""

    def __init__(self, **parts: Any) -> None:
        super().__init__(**parts)
        self._reading: dict[Queue, int] = {}

    def on_paused(self, now: float, queue: Queue) -> None:
        """Counts the idle workers."""
        super().on_paused(now, queue)
        self._reading[queue] = queue.max_concurrent - queue.running

    def _may_run(self, queue: Queue) -> bool:
        return self._reading.get(queue, 0) > 0

    def _started(self, queue: Queue) -> None:
        self._reading[queue] -= 1


class _ResumesByItself(Engine):
    """Resumes a queue ten seconds after its last pause."""

    def _settle(self, now: float) -> float:
        for activation in self._active.values():
            for queue in activation.queues:
                if queue.state is QueueState.PAUSED and now >= queue.updated + FORGOTTEN_AFTER:
                    queue.state = QueueState.ACTIVE
                    self._touch(queue)
        return super()._settle(now)


class _KeepsSpeechPaused(HookedEngine):
    """Shows the resume of a speech queue that once was paused, but starts none of its jobs."""

    def __init__(self, **parts: Any) -> None:
        super().__init__(**parts)
        self._stuck: set[Queue] = set()

    def on_paused(self, now: float, queue: Queue) -> None:
        """Notes the queue."""
        super().on_paused(now, queue)
        if queue.feature is Feature.SPEECH:
            self._stuck.add(queue)

    def _touch(self, queue: Queue) -> None:
        if queue not in self._stuck:
            super()._touch(queue)


class _Preempts(HookedEngine):
    """A job of a higher level takes the worker of a running job, which waits again."""

    def on_submitted(self, jobs: Sequence[Job]) -> None:
        """Sends running jobs back to their place in the queue."""
        super().on_submitted(jobs)
        queue = jobs[0].queue
        if queue.state is QueueState.PAUSED:
            return
        for job in sorted(jobs, key=lambda job: -job.level):
            running = [entry for entry in self._ends if entry[2].queue is queue and entry[2].level < job.level]
            if not running or queue.running < queue.max_concurrent:
                return
            entry = min(running, key=lambda one: (one[2].level, -one[1]))
            self._ends.remove(entry)
            heapify(self._ends)
            stopped = entry[2]
            stopped._state, stopped.started = JobState.SUBMITTED, None
            queue.running -= 1
            queue.waiting.push(stopped)
            self._touch(queue)


class _RunsRequestsBackwards(HookedEngine):
    """Jobs of one request start last to first within a level."""

    def on_submitted(self, jobs: Sequence[Job]) -> None:
        """Reverses the numbers of the jobs that still wait."""
        super().on_submitted(jobs)
        waiting = [take(job.queue, job) for job in jobs if job.waiting]
        for job, number in zip(waiting, [job.number for job in reversed(waiting)], strict=True):
            job.number = number
            job.queue.waiting.push(job)


# fmt: off
FAULTS = (
    Fault("prefetched-run-in-pause", "PAU-001", "Each worker fetches four jobs in advance and runs them in spite of a pause.", in_engine(_Prefetches)),
    Fault("prefetched-before-higher", "PRI-004", "Each worker fetches four jobs in advance, and a pause is answered when they have ended: a later job of a higher level waits for them.", _acknowledges_late()),
    Fault("first-held-to-tail", "PRI-002", "A resume moves the first waiting job to the end of its level.", in_engine(_PutsFirstToTail)),
    Fault("pause-cached", "PAU-001", "Workers notice a pause up to one second later.", in_engine(_CachesPause)),
    Fault("idle-workers-take-one", "PAU-001", "Each worker that is idle at a pause runs one more job.", in_engine(_IdleWorkersTakeOne)),
    Fault("pause-ends-by-itself", "PAU-001", "A pause ends after ten seconds.", in_engine(_ResumesByItself)),
    Fault("speech-stays-paused", "PAU-002", "A resume of the speech queue starts no job.", in_engine(_KeepsSpeechPaused), Feature.SPEECH),
    Fault("running-job-preempted", "PRI-006", "A job of a higher level sends a running job back to Submitted.", in_engine(_Preempts)),
    Fault("request-runs-backwards", "PRI-009", "Jobs of one request with equal level start last to first.", in_engine(_RunsRequestsBackwards)),
)
# fmt: on
