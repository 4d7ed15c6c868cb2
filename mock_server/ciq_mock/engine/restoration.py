"""Restores the state of an engine from recorded events. Pure.

The caller passes the events in their order. Ids, numbers and times stay the same, whatever rules the engine has now;
sizes of queues come from its rules. The engine emits no event again. A job that was running continues at `finish`: it
ends when it would have ended, or now if that time has passed.
Must not know where the events come from. Only this module may use the private state of the engine.
"""

from collections import deque
from dataclasses import replace
from heapq import heappush
from math import inf
from operator import attrgetter

from ciq_mock.engine.archive import BlockContent
from ciq_mock.engine.core import Activation, Engine
from ciq_mock.engine.ended_jobs import BlockSummary, QueueOfJobs, end_of
from ciq_mock.engine.events import Cancelled, Ended
from ciq_mock.engine.listing import Ledger
from ciq_mock.engine.queue import Job, Queue
from ciq_mock.engine.values import JobSpec
from ciq_schemas.features import Feature
from ciq_schemas.lifecycle import JobState, QueueState
from ciq_schemas.values import NotifyConfig

_NUMBER = attrgetter("number")
_SURPLUS = 1000
"""Ended jobs beyond those to keep, before the restoration removes the surplus."""


class Restoration:
    """Apply recorded events, then `finish`; the engine must be new or reset. KeyError: an unknown queue or job."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._queues: dict[str, Queue] = {}
        self._waiting: dict[int, Job] = {}
        self._running: dict[int, Job] = {}
        self._latest = -inf
        self._last_end = -inf
        self._sorted = True
        """True while all jobs outside of blocks have come in the order of their numbers and ends."""

    def archived(self, summary: BlockSummary, content: BlockContent) -> None:
        """Put a block of ended jobs on record; call it before any other method."""
        engine = self._engine
        queues = [self._queue_of(item) for item in summary.queues]
        for queue in queues:
            engine._ledgers.setdefault((queue.bucket, queue.feature), Ledger())
        engine._archive.add(summary, queues, content)
        engine._number = max(engine._number, summary.last_number)

    def detached_jobs(self, summary: BlockSummary, content: BlockContent) -> list[Job]:
        """Return the jobs of a block without putting them on record."""
        return content.decode().jobs([self._queue_of(item) for item in summary.queues])

    def newest_successes(self, most: int) -> list[Job]:
        """Return the successful jobs of the blocks that ended last, the last one at the end."""
        return self._engine._archive.newest_successes(most)

    def queue_created(
        self, at: float, queue_id: str, *, bucket: str, region: str, feature: Feature, name: str, category: str
    ) -> None:
        """Create a queue, and the activation of its feature if it is the first."""
        engine, key = self._engine, (bucket, feature)
        queue = self._queue_of(QueueOfJobs(queue_id, bucket, feature, name, category, at))
        queue.deleted = False
        known = engine._active.get(key)
        if known is None:
            engine._active[key] = Activation(bucket=bucket, feature=feature, region=region, created=at, queue=queue)
            engine._ledgers.setdefault(key, Ledger())
        else:
            engine._active[key] = replace(known, extra=(*known.extra, queue))
        self._latest = at

    def queue_updated(self, at: float, queue_id: str, *, name: str, state: QueueState, notify: NotifyConfig) -> None:
        """Replace the settings of a queue."""
        queue = self._queues.get(queue_id)
        if queue is not None:  # None: a compaction has removed the record of a deleted queue
            queue.set_state(at, state)
            queue.name, queue.notify, queue.updated = name, notify, at
        self._latest = at

    def queue_deleted(self, at: float, queue_id: str) -> None:
        """Delete a queue and the activation of its feature; its waiting jobs were cancelled before."""
        engine, queue = self._engine, self._queues.get(queue_id)
        self._latest = at
        if queue is None:
            return
        queue.deleted = True
        key = (queue.bucket, queue.feature)
        activation = engine._active.get(key)
        if activation is not None and queue in activation.queues:
            del engine._active[key]
            engine._drop_if_empty(key)

    def job_accepted(
        self, at: float, number: int, job_id: str, queue_id: str, spec: JobSpec, *, rule: NotifyConfig | None = None
    ) -> Job:
        """Accept a job; `rule` replaces the queue's callback rule."""
        engine, queue = self._engine, self._queues[queue_id]
        job = Job(spec, job_id=job_id, number=number, queue=queue, now=at)
        if rule is not None:
            job.rule_at_submit = rule
        engine._jobs[job_id] = job
        engine._ledgers.setdefault((queue.bucket, queue.feature), Ledger()).add(job)
        self._sorted = self._sorted and number > engine._number
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

    def job_ended(
        self, at: float, number: int, state: JobState, *, rule: NotifyConfig | None = None, result: bytes | None = None
    ) -> Ended | Cancelled | None:
        """End or cancel a job; return the event. `rule` replaces the queue's callback rule. None: the job is not
        known, because its block was loaded or it is no longer on record."""
        self._latest = at
        job = self._running.pop(number, None) or self._waiting.pop(number, None)
        if job is None:
            return None
        job._state = state
        job.ended, job.result = at, result
        self._sorted = self._sorted and at >= self._last_end
        self._last_end = max(self._last_end, at)
        self._engine._ended.append(job)
        job.queue.count_ended(state)
        self._forget_surplus()
        return Cancelled(at, job) if state is JobState.CANCEL else Ended(at, job, state, rule or job.queue.notify)

    def finish(self, now: float) -> None:
        """Let the engine continue at `now`, after the last event."""
        engine = self._engine
        now = max(now, self._latest, engine._now)
        self._sort()
        for queue in self._queues.values():
            queue.deleted = not any(queue is one for one in self._active_queues(queue))
        for place in [place for place in engine._ledgers if place not in engine._active]:
            engine._drop_if_empty(place)
        for job in self._waiting.values():
            job.queue.waiting.push(job)
        for job in self._running.values():
            job.queue.running += 1
            engine._start_number += 1
            started = now if job.started is None else job.started
            heappush(engine._ends, (max(started + job.duration, now), engine._start_number, job))
        engine.resume(now)

    # --- inside -------------------------------------------------------------------------------------------

    def _queue_of(self, item: QueueOfJobs) -> Queue:
        """Return the queue with that id; create it as a deleted queue if it is not known."""
        queue = self._queues.get(item.id)
        if queue is None:
            queue = self._queues[item.id] = Queue(
                queue_id=item.id,
                bucket=item.bucket,
                feature=item.feature,
                name=item.name,
                category=item.category,
                rules=self._engine.rules,
                now=item.created,
            )
            queue.deleted = True
        return queue

    def _active_queues(self, queue: Queue) -> tuple[Queue, ...]:
        activation = self._engine._active.get((queue.bucket, queue.feature))
        return () if activation is None else activation.queues

    def _forget_surplus(self) -> None:
        """Remove the jobs that ended first when there are many more than the engine keeps."""
        engine = self._engine
        if len(engine._ended) > 2 * engine.rules.records + _SURPLUS:
            self._trim()

    def _trim(self) -> None:
        engine = self._engine
        if not self._sorted:
            engine._ended = deque(sorted(engine._ended, key=end_of))
        archive, most = engine._archive, engine.rules.records
        surplus = len(engine._ended) + archive.count - most
        if archive.count and surplus > 0:
            archive.remove_whole_blocks(surplus, map(end_of, engine._ended))
        while len(engine._ended) + archive.count > most:
            engine._forget_oldest()

    def _sort(self) -> None:
        """Put the jobs in the orders that the engine needs."""
        engine = self._engine
        self._trim()
        if self._sorted:
            return
        for ledger in engine._ledgers.values():
            ledger.sort()
        numbers = [job.number for job in engine._jobs.values()]
        if numbers != sorted(numbers):
            engine._jobs = {job.id: job for job in sorted(engine._jobs.values(), key=_NUMBER)}
        self._sorted = True
