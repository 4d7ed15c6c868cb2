"""Batch jobs: run workflows, or one kind of job, on many objects. Pure.

A batch job is Submitted when it is created, Running from its launch, and Success when everything it started has ended,
even with failures, which the jobs and runs show. It fails when its objects cannot be listed, or when it could start
nothing. It starts a limited number at a time, so that a long list neither fills a queue nor delays other jobs.
Source: 436/76888, 1045/47029 to 47031, 460/76894; the end states and the limit are choices, on no page.
Must not know HTTP, XML, a clock, or where objects come from.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import product
from math import floor

from ciq_mock.engine import Cancelled, Ended, Engine, EngineError, Event, Failure, JobSpec, TimeOrder
from ciq_mock.ids import IdSource
from ciq_mock.workflow.paging import Page, page
from ciq_mock.workflow.records import Run
from ciq_mock.workflow.topology import WorkflowError
from ciq_mock.workflow.workflows import UnknownWorkflowError, Workflows
from ciq_schemas.features import Feature
from ciq_schemas.lifecycle import FINAL_STATES, JobState

BATCH_LETTER = "b"
WIDTH = 100
"""Maximum of unfinished runs or jobs of one batch job."""


class UnknownBatchError(WorkflowError):
    """No batch job of this bucket has the id."""

    def __init__(self, batch_id: str) -> None:
        super().__init__(f"this bucket has no batch job {batch_id[:60]!r}")


class BatchEndedError(WorkflowError):
    """The batch job has ended and cannot be cancelled."""


class ObjectsError(Exception):
    """The objects of a batch job cannot be listed; the batch job ends Failed."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message)
        self.failure = failure


class BatchType(StrEnum):
    """What a batch job starts for each object."""

    WORKFLOW = "Workflow"
    JOB = "Job"


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchPlan:
    """The definition of a batch job, from the request of a client."""

    name: str
    type: BatchType
    input: Mapping[str, object]
    """Content of Input, echoed unchanged."""
    operation: Mapping[str, object]
    """Content of Operation, echoed unchanged."""
    workflow_ids: tuple[str, ...] = ()
    feature: Feature | None = None
    """The feature of the jobs' queue; None for workflows."""
    queue_id: str | None = None


@dataclass(slots=True, kw_only=True, eq=False)
class BatchJob:
    """A batch job. Times are epoch seconds."""

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
    """Number of runs or jobs to start, without refused ones."""
    done: int = 0
    """Number of runs or jobs that have ended."""
    refused: Failure | None = None
    """Why the first refused run or job was not started."""
    left: Iterator[tuple[str, str]] | None = None
    """(object, workflow) not yet started, None at the end; the workflow is empty in a batch of jobs."""
    feeding: bool = False
    """True while `_feed` runs: runs or jobs that end meanwhile are only counted."""

    @property
    def unfinished(self) -> int:
        """Number of runs or jobs that have begun and not ended."""
        return len(self.runs) + len(self.jobs) - self.done

    @property
    def progress(self) -> int:
        """Percentage of the runs or jobs that have ended."""
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
        """Return whether a batch job belongs to the list."""
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
"""Returns the keys of the objects. Raises ObjectsError."""
SpecOf = Callable[[BatchJob, str], JobSpec | Failure]
"""Returns the job on one object, or the failure when it is refused."""


class Batches:
    """All batch jobs. Belongs to the thread of its engine."""

    def __init__(
        self,
        *,
        engine: Engine,
        workflows: Workflows,
        ids: IdSource,
        objects_of: ObjectsOf,
        spec_of: SpecOf,
        failure_of: Callable[[EngineError], Failure],
        most: int = 10_000,
    ) -> None:
        """Beyond `most` batch jobs, the oldest are removed if they have ended."""
        self._engine = engine
        self._workflows = workflows
        self._ids = ids
        self._objects_of = objects_of
        self._spec_of = spec_of
        self._failure_of = failure_of
        self._batches: dict[str, BatchJob] = {}
        self._by_bucket: dict[str, list[BatchJob]] = {}
        self._number = 0
        self._most = most

    def clear(self) -> None:
        """Remove everything."""
        self._batches.clear()
        self._by_bucket.clear()

    def create(self, now: float, bucket: str, region: str, plan: BatchPlan) -> BatchJob:
        """Create a batch job; nothing starts before `launch`."""
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
        """List the objects of a batch job and begin."""
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
        """Return the batch job with that id. Raises UnknownBatchError."""
        batch = self._batches.get(batch_id)
        if batch is None or batch.bucket != bucket:
            raise UnknownBatchError(batch_id)
        return batch

    def batches(
        self, bucket: str, wanted: BatchFilter, *, order: TimeOrder, size: int, token: str | None
    ) -> Page[BatchJob]:
        """Return one page of batch jobs. Raises BadCursorError."""
        records = self._by_bucket.get(bucket, [])
        return page(records, wanted.admits, query=repr(wanted), order=order, size=size, token=token)

    def cancel(self, now: float, bucket: str, batch_id: str) -> BatchJob:
        """Start nothing more of it and cancel its waiting jobs. Raises UnknownBatchError, BatchEndedError."""
        batch = self.batch(bucket, batch_id)
        if batch.state in FINAL_STATES:
            raise BatchEndedError(f"batch job {batch_id} is {batch.state}and cannot be cancelled")
        batch.left = None
        self._end(now, batch, JobState.CANCEL, None)
        self._workflows.cancel_runs(now, bucket, batch.runs)
        jobs = (self._engine.job(now, bucket, job_id) for job_id in batch.jobs)
        waiting = [job.id for job in jobs if job is not None and job.waiting]
        if waiting:
            self._engine.cancel(now, bucket, waiting)
        return batch

    def on_event(self, event: Event) -> None:
        """Count the ended jobs of a batch of jobs."""
        if not isinstance(event, Ended | Cancelled):
            return
        origin = event.job.origin
        if origin is not None and origin.batch_id and not origin.run_id:
            self._one_done(event.at, origin.batch_id)

    def on_run(self, run: Run) -> None:
        """Count an ended run."""
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
        """Start more, up to `WIDTH` unfinished ones; end the batch job when all have ended."""
        batch.feeding = True
        while batch.left is not None and batch.unfinished < WIDTH:
            following = next(batch.left, None)
            if following is None:
                batch.left = None
                break
            failure = self._start(now, batch, *following)
            if failure is not None:
                batch.count -= 1
                batch.refused = batch.refused or failure
        batch.feeding = False
        if batch.left is None and not batch.unfinished:
            nothing = batch.refused is not None and not batch.runs and not batch.jobs
            self._end(now, batch, JobState.FAILED if nothing else JobState.SUCCESS, batch.refused if nothing else None)

    def _start(self, now: float, batch: BatchJob, key: str, workflow_id: str) -> Failure | None:
        """Start one run or job; return the failure when it was refused."""
        if batch.plan.feature is None:
            return self._start_run(now, batch, key, workflow_id)
        spec = self._spec_of(batch, key)
        if isinstance(spec, Failure):
            return spec
        try:
            (job,) = self._engine.submit(now, batch.bucket, batch.plan.feature, [spec], queue_id=batch.plan.queue_id)
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
