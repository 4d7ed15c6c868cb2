"""The engine: buckets, features, queues and jobs, changed by commands and by time. Pure.

How time works. Every command has an argument `now` (epoch seconds). The engine first settles: all starts and ends up to
`now` happen at their exact times and in time order, however late the command comes. Then the command takes effect. An
accepted job can start immediately, but does so when the engine settles next, so the answer to a submit still shows it
waiting. A `now` before the last one (after a change of the wall clock) counts as the last one: times never decrease.

Ends at the same time come in the order of their starts, and before the starts at that time.
The engine collects events until `advance` returns them.
Must not know HTTP, XML, asyncio, a clock or how a callback is sent.
"""

from collections import Counter, deque
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from heapq import heappop, heappush, merge
from itertools import islice
from math import inf
from operator import attrgetter

from ciq_mock.engine.archive import Archive
from ciq_mock.engine.ended_jobs import end_of
from ciq_mock.engine.errors import (
    CancelRefusedError,
    NotActivatedError,
    QueueFullError,
    TooManyBucketsError,
    UnknownJobError,
    UnknownQueueError,
)
from ciq_mock.engine.events import (
    Accepted,
    Cancelled,
    Ended,
    Event,
    QueueCreated,
    QueueDeleted,
    QueueUpdated,
    Started,
)
from ciq_mock.engine.listing import JobFilter, JobPage, Ledger
from ciq_mock.engine.queue import Job, Queue
from ciq_mock.engine.values import MOST_OPERATIONS, EngineRules, JobSpec
from ciq_mock.ids import QUEUE_LETTER, IdSource
from ciq_schemas.features import FEATURES, Feature
from ciq_schemas.lifecycle import JobEvent, JobState, QueueState
from ciq_schemas.values import NotifyConfig

_NUMBER = attrgetter("number")


@dataclass(frozen=True, slots=True, kw_only=True)
class Activation:
    """An active feature of a bucket."""

    bucket: str
    feature: Feature
    region: str
    created: float
    queue: Queue
    extra: tuple[Queue, ...] = ()
    """Further queues of the feature, each with its own category."""

    @property
    def queues(self) -> tuple[Queue, ...]:
        """All queues of the feature, its default queue first."""
        return (self.queue, *self.extra)


class Engine:
    """All state of the mock service. Not thread-safe: one thread owns it."""

    def __init__(self, *, ids: IdSource, rules: EngineRules = EngineRules()) -> None:  # noqa: B008 - frozen
        self.rules = rules
        self._ids = ids
        self._now = -inf
        self._number = 0
        self._start_number = 0
        self._active: dict[tuple[str, Feature], Activation] = {}
        self._ledgers: dict[tuple[str, Feature], Ledger] = {}
        self._jobs: dict[str, Job] = {}
        self._ended: deque[Job] = deque()
        self._archive = Archive()
        self._ends: list[tuple[float, int, Job]] = []
        self._ready: dict[Queue, None] = {}
        self._events: list[Event] = []
        self._returned = 0
        self.frozen = False
        """True: time does not pass, and commands are not allowed."""

    # --- time ---------------------------------------------------------------------------------------------

    def advance(self, now: float) -> list[Event]:
        """Settle up to `now` and return all events since the last call, oldest first."""
        self._settle(now)
        events, self._events = self._events, []
        self._returned += len(events)
        return events

    def next_due(self) -> float | None:
        """Return when the engine must be advanced next; a time in the past means immediately, None means never."""
        if self._ready or self._events:
            return self._now
        return self._ends[0][0] if self._ends else None

    @property
    def pending_events(self) -> int:
        """Number of events that `advance` has not returned."""
        return len(self._events)

    @property
    def changes(self) -> int:
        """Number of all events so far: it grows with every change of a queue or job."""
        return self._returned + len(self._events)

    def resume(self, now: float) -> None:
        """Continue from a restored state (`Restoration`), as if no time had passed since."""
        self._now = max(now, self._now)
        for activation in self._active.values():
            for queue in activation.queues:
                self._touch(queue)

    def reset(self) -> None:
        """Remove everything except the rules, the id source and the time."""
        self._active.clear()
        self._ledgers.clear()
        self._jobs.clear()
        self._ended.clear()
        self._archive = Archive()
        self._ends.clear()
        self._ready.clear()
        self._events.clear()

    # --- activation ---------------------------------------------------------------------------------------

    def activate(self, now: float, bucket: str, feature: Feature, *, region: str = "") -> Activation:
        """Activate the feature and create its queue; a repeated call changes nothing. Raises TooManyBucketsError."""
        now = self._settle(now)
        key = (bucket, feature)
        if key in self._active:
            return self._active[key]
        if key not in self._ledgers and len(self._ledgers) >= self.rules.most_activations:
            raise TooManyBucketsError(self.rules.most_activations)
        spec = FEATURES[feature]
        names = (spec.queue_names[0], *(spec.extra_queue_names if self.rules.extra_queues else ()))
        queue, *extra = (
            Queue(
                queue_id=self._ids(QUEUE_LETTER),
                bucket=bucket,
                feature=feature,
                name=name,
                category=category,
                rules=self.rules,
                now=now,
            )
            for name, category in zip(names, spec.categories, strict=False)
        )
        activation = Activation(
            bucket=bucket, feature=feature, region=region, created=now, queue=queue, extra=tuple(extra)
        )
        self._active[key] = activation
        self._ledgers.setdefault(key, Ledger())
        self._events.extend(QueueCreated(now, created, region) for created in activation.queues)
        return activation

    def deactivate(self, now: float, bucket: str, feature: Feature) -> Activation:
        """Deactivate the feature: delete its queues and cancel waiting jobs; running jobs run to their end.

        Raises NotActivatedError.
        """
        now = self._settle(now)
        activation = self._activation(bucket, feature)
        del self._active[bucket, feature]
        self._drop_if_empty((bucket, feature))
        for queue in activation.queues:
            for job in list(queue.waiting):
                self._cancel(now, job)
            queue.deleted = True
            self._ready.pop(queue, None)
            self._events.append(QueueDeleted(now, queue))
        return activation

    def activations(self, feature: Feature) -> tuple[Activation, ...]:
        """Return the activations of the feature in all buckets, in order of activation."""
        return tuple(item for item in self._active.values() if item.feature is feature)

    def all_queues(self) -> Iterator[Queue]:
        """Yield the queues of all active features of all buckets, by feature."""
        for feature in FEATURES:
            for activation in self.activations(feature):
                yield from activation.queues

    def is_active(self, bucket: str, feature: Feature) -> bool:
        """Return whether the bucket has the feature."""
        return (bucket, feature) in self._active

    # --- queues -------------------------------------------------------------------------------------------

    def queues(self, bucket: str, feature: Feature) -> tuple[Queue, ...]:
        """Return the queues of the feature, its default queue first. Raises NotActivatedError."""
        return self._activation(bucket, feature).queues

    def queue(
        self, bucket: str, feature: Feature, queue_id: str | None = None, *, category: str | None = None
    ) -> Queue:
        """Return the queue with that id; without an id, the queue of the category, else the default queue.

        Raises NotActivatedError, UnknownQueueError.
        """
        activation = self._activation(bucket, feature)
        if queue_id is None:
            of_category = (queue for queue in activation.extra if queue.category == category)
            return activation.queue if category is None else next(of_category, activation.queue)
        for queue in activation.queues:
            if queue.id == queue_id:
                return queue
        raise UnknownQueueError(queue_id, bucket, feature)

    def update_queue(
        self,
        now: float,
        bucket: str,
        feature: Feature,
        queue_id: str,
        *,
        name: str,
        state: QueueState,
        notify: NotifyConfig,
    ) -> Queue:
        """Replace the settings of a queue. Raises NotActivatedError, UnknownQueueError.

        Paused keeps waiting jobs from starting and does not affect running ones; Active starts them in their old order.
        """
        now = self._settle(now)
        queue = self.queue(bucket, feature, queue_id)
        queue.name = name
        queue.set_state(now, state)
        queue.notify = notify
        queue.updated = now
        self._events.append(QueueUpdated(now, queue, name, state, notify))
        self._touch(queue)
        return queue

    # --- jobs ---------------------------------------------------------------------------------------------

    def submit(
        self,
        now: float,
        bucket: str,
        feature: Feature,
        specs: Sequence[JobSpec],
        *,
        queue_id: str | None = None,
        category: str | None = None,
    ) -> tuple[Job, ...]:
        """Accept 1 to 6 job specs, all or none; return the jobs in the same order. `queue_id` precedes `category`.

        Raises NotActivatedError, UnknownQueueError, QueueFullError; ValueError on another number of specs.
        """
        if not 1 <= len(specs) <= MOST_OPERATIONS:
            raise ValueError(f"a request has 1 to {MOST_OPERATIONS} operations, not {len(specs)}")
        now = self._settle(now)
        queue = self.queue(bucket, feature, queue_id, category=category)
        if len(queue.waiting) + len(specs) > queue.max_size:
            raise QueueFullError(queue.id, len(queue.waiting), queue.max_size, len(specs))
        ledger = self._ledgers[bucket, feature]
        letter = FEATURES[feature].id_letter
        jobs = []
        for spec in specs:
            self._number += 1
            job = Job(spec, job_id=self._ids(letter), number=self._number, queue=queue, now=now)
            self._jobs[job.id] = job
            ledger.add(job)
            queue.waiting.push(job)
            self._events.append(Accepted(now, job))
            jobs.append(job)
        self._touch(queue)
        return tuple(jobs)

    def job(self, now: float, bucket: str, job_id: str) -> Job | None:
        """Return the job with that id as it is at `now`; None when the bucket has no such job."""
        self._settle(now)
        job = self._jobs.get(job_id)
        if job is None and self._archive.count:
            job = self._archive.job(job_id)
        return job if job is not None and job.queue.bucket == bucket else None

    def on_record(self, job_id: str, number: int) -> Job | None:
        """Return the job with that id and number if it is on record and not in the archive."""
        job = self._jobs.get(job_id)
        return job if job is not None and job.number == number else None

    def find(self, job_id: str) -> Job | None:
        """Return the job with that id in any bucket if it is on record and not in the archive."""
        return self._jobs.get(job_id)

    def jobs(self) -> Collection[Job]:
        """Return every job on record, in order of acceptance. This decodes the whole archive."""
        if not self._archive.count:
            return self._jobs.values()
        return list(merge(self._archive.jobs(), self._jobs.values(), key=_NUMBER))

    def last_jobs(self, most: int) -> list[Job]:
        """Return the jobs that were accepted last, in order of acceptance."""
        live = reversed(self._jobs.values())
        archived = self._archive.newest() if self._archive.count else ()
        return list(islice(merge(live, archived, key=_NUMBER, reverse=True), most))[::-1]

    @property
    def count(self) -> int:
        """Number of jobs on record."""
        return len(self._jobs) + self._archive.count

    def states(self) -> Counter[JobState]:
        """Return the number of jobs on record by the state that they show."""
        return Counter(job.state for job in self._jobs.values()) + self._archive.states

    @property
    def oldest_end(self) -> float:
        """When the ended job on record ended that ended first; minus infinity when there is none."""
        first = min(end_of(self._ended[0]) if self._ended else inf, self._archive.oldest_end)
        return -inf if first == inf else first

    def end_of_newest(self, count: int) -> float:
        """Return a time at or before the end of the job that ended `count`-th last."""
        if len(self._ended) >= count:
            return end_of(self._ended[-count])
        archived = self._archive.end_of_newest(count - len(self._ended))
        return min(end_of(self._ended[0]), archived) if self._ended else archived

    def list_jobs(
        self,
        now: float,
        bucket: str,
        feature: Feature,
        wanted: JobFilter,
        *,
        size: int = 10,
        token: str | None = None,
    ) -> JobPage:
        """Return one page of the jobs of the feature. Raises NotActivatedError, BadCursorError."""
        self._settle(now)
        self._activation(bucket, feature)
        archived = partial(self._archive.listed, (bucket, feature)) if self._archive.count else None
        return self._ledgers[bucket, feature].page(wanted, size=size, token=token, archived=archived)

    def newest_jobs(self, bucket: str, feature: Feature, *, before: int | None = None) -> Iterator[Job]:
        """Yield the jobs on record of the feature, also if it is not active, from the newest accepted to the oldest.

        `before`: only jobs with a smaller number.
        """
        place = (bucket, feature)
        ledger = self._ledgers.get(place)
        live = iter(()) if ledger is None else ledger.newest(before)
        if not self._archive.has(place):
            return live
        return merge(live, self._archive.newest(place, before), key=_NUMBER, reverse=True)

    def cancel(self, now: float, bucket: str, job_ids: Sequence[str]) -> tuple[Job, ...]:
        """Cancel waiting jobs, all or none. Raises UnknownJobError, CancelRefusedError."""
        now = self._settle(now)
        jobs = []
        for job_id in dict.fromkeys(job_ids):
            job = self.job(now, bucket, job_id)
            if job is None:
                raise UnknownJobError(job_id)
            if not job.waiting:
                raise CancelRefusedError(job_id, job.state)
            jobs.append(job)
        for job in jobs:
            self._cancel(now, job)
        return tuple(jobs)

    # --- inside -------------------------------------------------------------------------------------------

    def _activation(self, bucket: str, feature: Feature) -> Activation:
        try:
            return self._active[bucket, feature]
        except KeyError:
            raise NotActivatedError(bucket, feature) from None

    def _touch(self, queue: Queue) -> None:
        if queue.can_start:
            self._ready[queue] = None

    def _settle(self, now: float) -> float:
        """Start and end jobs up to `now`; return `now`, or the engine's time when that is later."""
        if self.frozen:
            return self._now
        now = max(now, self._now)
        self._fill()
        ends = self._ends
        while ends and ends[0][0] <= now:
            self._now = ends[0][0]
            while ends and ends[0][0] == self._now:
                self._end(heappop(ends)[2])
            self._fill()
        self._now = now
        return now

    def _fill(self) -> None:
        """Start every job that can start, at the engine's time."""
        ready, self._ready = self._ready, {}
        for queue in ready:
            while queue.can_start:
                self._start(queue.waiting.pop())

    def _start(self, job: Job) -> None:
        job.apply(JobEvent.START)
        job.started = self._now
        job.queue.running += 1
        self._start_number += 1
        heappush(self._ends, (self._now + job.duration, self._start_number, job))
        self._events.append(Started(self._now, job))

    def _end(self, job: Job) -> None:
        job.apply(JobEvent.SUCCEED if job.failure is None else JobEvent.FAIL)
        job.ended = self._now
        job.queue.running -= 1
        self._touch(job.queue)
        self._keep(job)
        self._events.append(Ended(self._now, job, job.state, job.queue.notify))

    def _cancel(self, now: float, job: Job) -> None:
        job.apply(JobEvent.CANCEL)
        job.ended = now
        job.queue.waiting.removed()
        self._keep(job)
        self._events.append(Cancelled(now, job))

    def _keep(self, job: Job) -> None:
        """Put an ended job on record; remove the one that ended first when the record is full."""
        self._ended.append(job)
        job.queue.count_ended(job.state)
        if len(self._ended) + self._archive.count > self.rules.records:
            self._forget_oldest()

    def _forget_oldest(self) -> None:
        """Remove the ended job that ended first from the record."""
        if self._archive.count and (not self._ended or self._archive.oldest_end <= end_of(self._ended[0])):
            job = self._archive.remove_oldest()
        else:
            job = self._ended.popleft()
            if self._jobs.get(job.id) is job:
                del self._jobs[job.id]
            self._ledgers[job.bucket, job.feature].forget(job)
        job.queue.count_ended(job.state, -1)
        if (job.bucket, job.feature) not in self._active:
            self._drop_if_empty((job.bucket, job.feature))

    def _drop_if_empty(self, place: tuple[str, Feature]) -> None:
        """Delete the ledger of a feature that is not active, if it has no job on record."""
        if not len(self._ledgers[place]) and not self._archive.has(place):
            del self._ledgers[place]
