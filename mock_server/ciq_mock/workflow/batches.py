"""Batch jobs: workflows, or one kind of job, over many objects. Pure.

A batch job is Submitted when it is made, Running from its launch, and Success once all it started has ended, however
that ended: jobs and runs tell their own fate. It fails when its objects cannot be listed, or when nothing of it
could be started. It feeds the queues bit by bit, so that a long list neither fills a queue nor holds up others.
Source: 436/76888, 1045/47029 to 47031, 460/76894; ends and width are choices, no page speaks of them.
Must not know HTTP, XML, a clock, or where objects come from.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import product
from math import floor

from ciq_mock.engine import Cancelled, Ended, Engine, EngineError, Event, Failure, JobSpec, TimeOrder
from ciq_mock.ids import IdSource
from ciq_mock.workflow.errors import WorkflowError
from ciq_mock.workflow.paging import Page, page
from ciq_mock.workflow.records import Run
from ciq_mock.workflow.workflows import UnknownWorkflowError, Workflows
from ciq_schemas.features import Feature
from ciq_schemas.lifecycle import FINAL_STATES, JobState

BATCH_LETTER = "b"
WIDTH = 100
"""Runs or jobs of one batch job under way at the same time."""


class UnknownBatchError(WorkflowError):
    """No batch job of this bucket has the id."""

    def __init__(self, batch_id: str) -> None:
        super().__init__(f"there is no batch job {batch_id[:60]!r} in this bucket")


class BatchEndedError(WorkflowError):
    """The batch job has ended: nothing is left to cancel."""


class ObjectsError(Exception):
    """The objects of a batch job cannot be told; ends it Failed."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message)
        self.failure = failure


class BatchType(StrEnum):
    """What is started for each object."""

    WORKFLOW = "Workflow"
    JOB = "Job"


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchPlan:
    """What a client says of a batch job."""

    name: str
    type: BatchType
    input: Mapping[str, object]
    """Content of Input, echoed as given."""
    operation: Mapping[str, object]
    """Content of Operation, likewise."""
    workflow_ids: tuple[str, ...] = ()
    feature: Feature | None = None
    """Of a batch of jobs: whose queue they enter."""
    queue_id: str | None = None


@dataclass(slots=True, kw_only=True, eq=False)
class BatchJob:
    """A record to read. Times are epoch seconds."""

    id: str
    number: int
    bucket: str
    region: str
    plan: BatchPlan
    created: float
    state: JobState = JobState.SUBMITTED
    started: float | None = None
    ended: float | None = None
    failure: Failure | None = None
    runs: list[Run] = field(default_factory=list)
    jobs: list[str] = field(default_factory=list)
    count: int = 0
    """Runs or jobs there are to start."""
    done: int = 0
    """Of those that began, ended."""
    refused: Failure | None = None
    """Why the first of the refused ones was not started."""
    left: Iterator[tuple[str, str]] | None = None
    """(object, workflow) not yet started, None when there is nothing more; no workflow in a batch of jobs."""
    feeding: bool = False
    """Being fed just now: what ends meanwhile is only counted."""

    @property
    def under_way(self) -> int:
        """Runs or jobs that have begun and not ended."""
        return len(self.runs) + len(self.jobs) - self.done

    @property
    def progress(self) -> int:
        """Percent of what was to be started that has ended."""
        if self.state is JobState.SUCCESS:
            return 100
        return min(99, 100 * self.done // self.count) if self.count else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchFilter:
    """Which batch jobs to list; None = any. Bounds as in `RunFilter`."""

    type: BatchType | None = None
    workflow_id: str | None = None
    batch_id: str | None = None
    name: str | None = None
    states: frozenset[JobState] | None = None
    created_from: float | None = None
    created_to: float | None = None

    def admits(self, batch: BatchJob) -> bool:
        """Tell whether a batch job belongs in the list."""
        return (
            self.type in (None, batch.plan.type)
            and (self.workflow_id is None or self.workflow_id in batch.plan.workflow_ids)
            and self.batch_id in (None, batch.id)
            and self.name in (None, batch.plan.name)
            and (self.states is None or batch.state in self.states)
            and (self.created_from is None or batch.created >= floor(self.created_from))
            and (self.created_to is None or batch.created < floor(self.created_to) + 1)
        )


ObjectsOf = Callable[[BatchJob], Sequence[str]]
"""Keys of the objects. Raises ObjectsError."""
OrderOf = Callable[[BatchJob, str], JobSpec | Failure]
"""The job on one object, or why there can be none."""


class Batches:
    """All batch jobs. Belongs to the thread of its engine."""

    def __init__(
        self,
        *,
        engine: Engine,
        workflows: Workflows,
        ids: IdSource,
        objects_of: ObjectsOf,
        order_of: OrderOf,
        failure_of: Callable[[EngineError], Failure],
        most: int = 10_000,
    ) -> None:
        """Of more than `most` batch jobs the oldest are forgotten once they have ended."""
        self._engine = engine
        self._workflows = workflows
        self._ids = ids
        self._objects_of = objects_of
        self._order_of = order_of
        self._failure_of = failure_of
        self._batches: dict[str, BatchJob] = {}
        self._by_bucket: dict[str, list[BatchJob]] = {}
        self._number = 0
        self._most = most

    def clear(self) -> None:
        """Forget everything."""
        self._batches.clear()
        self._by_bucket.clear()

    def create(self, now: float, bucket: str, region: str, plan: BatchPlan) -> BatchJob:
        """Keep a batch job; nothing starts before `launch`."""
        self._number += 1
        batch = BatchJob(
            id=self._ids(BATCH_LETTER), number=self._number, bucket=bucket, region=region, plan=plan, created=now
        )
        self._batches[batch.id] = batch
        self._by_bucket.setdefault(bucket, []).append(batch)
        while len(self._batches) > self._most:
            oldest = next(iter(self._batches.values()))
            if oldest.state not in FINAL_STATES:
                break
            del self._batches[oldest.id]
            self._by_bucket[oldest.bucket].remove(oldest)
        return batch

    def launch(self, now: float, batch: BatchJob) -> None:
        """Begin."""
        batch.state, batch.started = JobState.RUNNING, now
        try:
            objects = self._objects_of(batch)
        except ObjectsError as error:
            self._end(now, batch, JobState.FAILED, error.failure)
            return
        wanted = batch.plan.workflow_ids or ("",)
        batch.count = len(objects) * len(wanted)
        batch.left = iter(product(objects, wanted))
        self._feed(now, batch)

    def batch(self, bucket: str, batch_id: str) -> BatchJob:
        """The batch job of that id. Raises UnknownBatchError."""
        batch = self._batches.get(batch_id)
        if batch is None or batch.bucket != bucket:
            raise UnknownBatchError(batch_id)
        return batch

    def batches(
        self, bucket: str, wanted: BatchFilter, *, order: TimeOrder, size: int, token: str | None
    ) -> Page[BatchJob]:
        """One page of batch jobs. Raises BadCursorError."""
        records = self._by_bucket.get(bucket, [])
        return page(records, wanted.admits, asked=repr(wanted), order=order, size=size, token=token)

    def cancel(self, now: float, bucket: str, batch_id: str) -> BatchJob:
        """Start no more of it and cancel its jobs that wait. Raises UnknownBatchError, BatchEndedError."""
        batch = self.batch(bucket, batch_id)
        if batch.state in FINAL_STATES:
            raise BatchEndedError(f"batch job {batch_id} is {batch.state}: there is nothing to cancel")
        batch.left = None
        self._end(now, batch, JobState.CANCEL, None)
        self._workflows.cancel_runs(now, bucket, batch.runs)
        jobs = (self._engine.job(now, bucket, job_id) for job_id in batch.jobs)
        waiting = [job.id for job in jobs if job is not None and job.waiting]
        if waiting:
            self._engine.cancel(now, bucket, waiting)
        return batch

    def on_event(self, event: Event) -> None:
        """Hear of what happens in the engine: jobs of a batch of jobs end."""
        if not isinstance(event, Ended | Cancelled):
            return
        origin = event.job.origin
        if origin is not None and origin.batch_id and not origin.run_id:
            self._one_done(event.at, origin.batch_id)

    def on_run(self, run: Run) -> None:
        """Hear of the end of a run."""
        if run.batch_id and run.ended is not None:
            self._one_done(run.ended, run.batch_id)

    def _one_done(self, now: float, batch_id: str) -> None:
        batch = self._batches.get(batch_id)
        if batch is None:
            return
        batch.done += 1
        if batch.state is JobState.RUNNING and not batch.feeding:
            self._feed(now, batch)

    def _feed(self, now: float, batch: BatchJob) -> None:
        """Start more, as much as may be under way; end the batch job when nothing is left."""
        batch.feeding = True
        while batch.left is not None and batch.under_way < WIDTH:
            following = next(batch.left, None)
            if following is None:
                batch.left = None
                break
            failure = self._start(now, batch, *following)
            if failure is not None:
                batch.count -= 1
                batch.refused = batch.refused or failure
        batch.feeding = False
        if batch.left is None and not batch.under_way:
            nothing = batch.refused is not None and not batch.runs and not batch.jobs
            self._end(now, batch, JobState.FAILED if nothing else JobState.SUCCESS, batch.refused if nothing else None)

    def _start(self, now: float, batch: BatchJob, key: str, workflow_id: str) -> Failure | None:
        """Start one run or job; why it was refused, None when it was not."""
        if batch.plan.feature is None:
            return self._start_run(now, batch, key, workflow_id)
        order = self._order_of(batch, key)
        if isinstance(order, Failure):
            return order
        try:
            (job,) = self._engine.submit(now, batch.bucket, batch.plan.feature, [order], queue_id=batch.plan.queue_id)
        except EngineError as error:
            return self._failure_of(error)
        batch.jobs.append(job.id)
        return None

    def _start_run(self, now: float, batch: BatchJob, key: str, workflow_id: str) -> Failure | None:
        try:
            run = self._workflows.trigger(now, batch.bucket, workflow_id, key, batch_id=batch.id)
        except UnknownWorkflowError as error:
            return Failure("ResourceNotFound", str(error))
        batch.runs.append(run)
        return None

    @staticmethod
    def _end(now: float, batch: BatchJob, state: JobState, failure: Failure | None) -> None:
        batch.state, batch.ended, batch.failure = state, now, failure
