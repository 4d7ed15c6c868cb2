"""Restores the state of an engine from recorded events. Pure.

The caller passes the events in their order. Ids, numbers and times stay the same, whatever rules the engine has now;
sizes of queues come from its rules. The engine emits no event again. A job that was running continues at `finish`: it
ends when it would have ended, or now if that time has passed.
Must not know where the events come from. Only this module may use the private state of the engine.
"""

from dataclasses import replace
from heapq import heappush
from math import inf

from ciq_mock.engine.core import Activation, Engine
from ciq_mock.engine.events import Cancelled, Ended
from ciq_mock.engine.listing import Ledger
from ciq_mock.engine.queue import Job, Queue
from ciq_mock.engine.values import JobSpec
from ciq_schemas.features import Feature
from ciq_schemas.lifecycle import JobState, QueueState
from ciq_schemas.values import NotifyConfig


class Restoration:
    """Apply recorded events, then `finish`; the engine must be new or reset. KeyError: an unknown queue or job."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._queues: dict[str, Queue] = {}
        self._waiting: dict[int, Job] = {}
        self._running: dict[int, Job] = {}
        self._latest = -inf

    def queue_created(
        self, at: float, queue_id: str, *, bucket: str, region: str, feature: Feature, name: str, category: str
    ) -> None:
        """Create a queue, and the activation of its feature if it is the first."""
        engine, key = self._engine, (bucket, feature)
        queue = self._queues[queue_id] = Queue(
            queue_id=queue_id, bucket=bucket, feature=feature, name=name, category=category, rules=engine.rules, now=at
        )
        known = engine._active.get(key)
        if known is None:
            engine._active[key] = Activation(bucket=bucket, feature=feature, region=region, created=at, queue=queue)
            engine._ledgers.setdefault(key, Ledger())
        else:
            engine._active[key] = replace(known, extra=(*known.extra, queue))
        self._latest = at

    def queue_updated(self, at: float, queue_id: str, *, name: str, state: QueueState, notify: NotifyConfig) -> None:
        """Replace the settings of a queue."""
        queue = self._queues[queue_id]
        queue.name, queue.state, queue.notify, queue.updated = name, state, notify, at
        self._latest = at

    def queue_deleted(self, at: float, queue_id: str) -> None:
        """Delete a queue and the activation of its feature; its waiting jobs were cancelled before."""
        engine, queue = self._engine, self._queues.pop(queue_id)
        queue.deleted = True
        key = (queue.bucket, queue.feature)
        activation = engine._active.get(key)
        if activation is not None and queue in activation.queues:
            del engine._active[key]
            if not len(engine._ledgers[key]):
                del engine._ledgers[key]
        self._latest = at

    def job_accepted(self, at: float, number: int, job_id: str, queue_id: str, spec: JobSpec) -> Job:
        """Accept a job."""
        engine, queue = self._engine, self._queues[queue_id]
        job = Job(spec, job_id=job_id, number=number, queue=queue, now=at)
        engine._jobs[job_id] = job
        engine._ledgers[queue.bucket, queue.feature].add(job)
        engine._number = max(engine._number, number)
        self._waiting[number] = job
        self._latest = at
        return job

    def job_started(self, at: float, number: int) -> None:
        """Start a job, or continue it after a halt."""
        job = self._waiting.pop(number, None)
        if job is not None:
            job.started = at
            job._state = JobState.RUNNING
            self._running[number] = job
        self._latest = at

    def job_ended(self, at: float, number: int, state: JobState) -> Ended | Cancelled:
        """End or cancel a job; return the event."""
        job = self._running.pop(number, None) or self._waiting.pop(number)
        job._state = state
        job.ended = self._latest = at
        self._engine._keep(job)
        return Cancelled(at, job) if state is JobState.CANCEL else Ended(at, job, state, job.queue.notify)

    def finish(self, now: float) -> None:
        """Let the engine continue at `now`, after the last event."""
        engine = self._engine
        now = max(now, self._latest, engine._now)
        for job in self._waiting.values():
            job.queue.waiting.push(job)
        for job in self._running.values():
            job.queue.running += 1
            engine._start_number += 1
            started = now if job.started is None else job.started
            heappush(engine._ends, (max(started + job.duration, now), engine._start_number, job))
        engine.resume(now)
