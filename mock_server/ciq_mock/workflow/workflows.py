"""Workflows and their runs: triggers runs, begins their tasks in order, and ends them. Pure.

A task begins when all tasks that its node waits for have succeeded; its job then enters the queue of its feature like
any other. When a task fails, its followers do not begin, other branches continue, and the run ends Failed when no
task runs any more. Commands have `now` (epoch seconds); `on_event` receives the ends of jobs.
Source: 1045/43733, 436/50854, 436/80040. Must not know HTTP, XML, a clock or callbacks.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import floor

from ciq_mock.engine import Cancelled, Ended, Engine, EngineError, Event, Failure, Job, JobSpec, TimeOrder
from ciq_mock.ids import IdSource
from ciq_mock.workflow.paging import Page, page
from ciq_mock.workflow.records import Run, RunState, Task, Workflow, WorkflowPlan
from ciq_mock.workflow.topology import Node, WorkflowError
from ciq_schemas.features import feature_of_tag
from ciq_schemas.lifecycle import JobState, QueueState

WORKFLOW_LETTER, RUN_LETTER = "w", "i"

SpecOf = Callable[[Run, Node, str], JobSpec | Failure]
"""Returns the job of a node on a source (key), or the failure when it is refused."""
OutputOf = Callable[[Job], str]
"""Returns the key of a job's output, "" for none; it is the input of the next nodes."""


class UnknownWorkflowError(WorkflowError):
    """No workflow of this bucket has the id."""

    def __init__(self, workflow_id: str) -> None:
        super().__init__(f"this bucket has no workflow {workflow_id[:60]!r}")


class UnknownRunError(WorkflowError):
    """No run of this bucket has the id."""

    def __init__(self, run_id: str) -> None:
        super().__init__(f"this bucket has no run {run_id[:60]!r}")


class TooManyWorkflowsError(WorkflowError):
    """The bucket has the maximum of workflows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFilter:
    """Which runs to list; None = any. Bounds are epoch seconds, inclusive, rounded down to whole seconds."""

    workflow_id: str | None = None
    object: str | None = None
    batch_id: str | None = None
    states: frozenset[RunState] | None = None
    created_from: float | None = None
    created_to: float | None = None

    def admits(self, run: Run) -> bool:
        """Return whether a run belongs to the list."""
        return (
            self.workflow_id in (None, run.workflow.id)
            and self.object in (None, run.object)
            and self.batch_id in (None, run.batch_id)
            and (self.states is None or run.state in self.states)
            and (self.created_from is None or run.created >= floor(self.created_from))
            and (self.created_to is None or run.created < floor(self.created_to) + 1)
        )


class Workflows:
    """All workflows and runs. Belongs to the thread of its engine."""

    def __init__(
        self,
        *,
        engine: Engine,
        ids: IdSource,
        spec_of: SpecOf,
        output_of: OutputOf,
        failure_of: Callable[[EngineError], Failure],
        on_end: Callable[[Run], None],
        most: int = 1000,
        most_runs: int = 100_000,
    ) -> None:
        """`on_end` is called for every ended run. A bucket may have `most` workflows. Beyond `most_runs` runs, the
        oldest are removed if they have ended."""
        self._engine = engine
        self._ids = ids
        self._spec_of = spec_of
        self._output_of = output_of
        self._failure_of = failure_of
        self._on_end = on_end
        self._most = most
        self._most_runs = most_runs
        self._number = 0
        self._workflows: dict[str, Workflow] = {}
        self._runs: dict[str, Run] = {}
        self._by_bucket: dict[str, list[Run]] = {}
        self._open: dict[str, tuple[Run, Task]] = {}
        """Tasks whose jobs have not ended, by job id."""

    @property
    def has_runs(self) -> bool:
        """Whether a run is on record."""
        return bool(self._runs)

    def clear(self) -> None:
        """Remove everything."""
        for table in (self._workflows, self._runs, self._by_bucket, self._open):
            table.clear()

    # --- workflows ----------------------------------------------------------------------------------------

    def create(self, now: float, bucket: str, region: str, plan: WorkflowPlan) -> Workflow:
        """Create a workflow. Raises TooManyWorkflowsError."""
        if len(self.of_bucket(bucket)) >= self._most:
            raise TooManyWorkflowsError(f"bucket {bucket} has {self._most} workflows, the maximum: delete one first")
        self._number += 1
        workflow = Workflow(
            workflow_id=self._ids(WORKFLOW_LETTER),
            number=self._number,
            bucket=bucket,
            region=region,
            plan=plan,
            now=now,
        )
        self._workflows[workflow.id] = workflow
        return workflow

    def workflow(self, bucket: str, workflow_id: str) -> Workflow:
        """Return the workflow with that id. Raises UnknownWorkflowError."""
        workflow = self._workflows.get(workflow_id)
        if workflow is None or workflow.bucket != bucket:
            raise UnknownWorkflowError(workflow_id)
        return workflow

    def of_bucket(self, bucket: str) -> tuple[Workflow, ...]:
        """Return the workflows of a bucket, oldest first."""
        return tuple(workflow for workflow in self._workflows.values() if workflow.bucket == bucket)

    def update(self, now: float, bucket: str, workflow_id: str, plan: WorkflowPlan) -> Workflow:
        """Replace the plan of a workflow. Raises UnknownWorkflowError."""
        workflow = self.workflow(bucket, workflow_id)
        workflow.plan, workflow.updated = plan, now
        return workflow

    def switch(self, now: float, bucket: str, workflow_id: str, state: QueueState) -> Workflow:
        """Switch a workflow on or off. Raises UnknownWorkflowError."""
        workflow = self.workflow(bucket, workflow_id)
        return self.update(now, bucket, workflow_id, replace(workflow.plan, state=state))

    def delete(self, bucket: str, workflow_id: str) -> Workflow:
        """Delete a workflow; its runs continue and stay on record. Raises UnknownWorkflowError."""
        workflow = self.workflow(bucket, workflow_id)
        del self._workflows[workflow_id]
        return workflow

    # --- runs ---------------------------------------------------------------------------------------------

    def trigger(
        self, now: float, bucket: str, workflow_id: str, key: str, *, name: str = "", batch_id: str = ""
    ) -> Run:
        """Run a workflow on an object. Raises UnknownWorkflowError.

        A workflow that is off does not start for uploads; the mock still allows to trigger it, which is a choice.
        """
        workflow = self.workflow(bucket, workflow_id)
        self._number += 1
        run = Run(
            id=self._ids(RUN_LETTER),
            number=self._number,
            workflow=workflow,
            plan=workflow.plan,
            object=key,
            created=now,
            name=name,
            batch_id=batch_id,
        )
        self._runs[run.id] = run
        self._by_bucket.setdefault(bucket, []).append(run)
        self._forget()
        for node in run.plan.graph.first():
            self._begin(now, run, node, key)
        self._settle(now, run)
        return run

    def run(self, now: float, bucket: str, run_id: str) -> Run:
        """Return the run with that id as it is at `now`. Raises UnknownRunError."""
        run = self._runs.get(run_id)
        if run is None or run.workflow.bucket != bucket:
            raise UnknownRunError(run_id)
        self._catch_up(now, bucket)
        return run

    def runs(
        self, now: float, bucket: str, wanted: RunFilter, *, order: TimeOrder, size: int, token: str | None
    ) -> Page[Run]:
        """Return one page of runs. Raises BadCursorError."""
        self._catch_up(now, bucket)
        records = self._by_bucket.get(bucket, [])
        return page(records, wanted.admits, query=repr(wanted), order=order, size=size, token=token)

    def cancel_runs(self, now: float, bucket: str, runs: Sequence[Run]) -> None:
        """Cancel the waiting jobs of these runs; running jobs run to their end."""
        for run in runs:
            waiting = [task.job.id for task in run.tasks.values() if task.job is not None and task.job.waiting]
            if waiting:
                self._engine.cancel(now, bucket, waiting)

    def on_event(self, event: Event) -> None:
        """Handle an event of the engine."""
        if isinstance(event, Ended | Cancelled):
            self._job_ended(event.at, event.job)

    # --- inside -------------------------------------------------------------------------------------------

    def _forget(self) -> None:
        """Remove the oldest ended runs beyond the maximum number."""
        while len(self._runs) > self._most_runs:
            oldest = next(iter(self._runs.values()))
            if oldest.ended is None:
                return
            del self._runs[oldest.id]
            self._by_bucket[oldest.workflow.bucket].remove(oldest)

    def _catch_up(self, now: float, bucket: str) -> None:
        """Settle the engine, so that states are those of `now`."""
        self._engine.job(now, bucket, "")

    def _job_ended(self, now: float, job: Job) -> None:
        known = self._open.pop(job.id, None)
        if known is None:
            return
        run, task = known
        self._follow(now, run, task)
        self._settle(now, run)

    def _follow(self, now: float, run: Run, task: Task) -> None:
        """Begin the nodes that waited for this task only."""
        if task.state is not JobState.SUCCESS:
            return
        graph = run.plan.graph
        for node in graph.after(task.node.name):
            ready = all(
                (other := run.tasks.get(name)) is not None and other.state is JobState.SUCCESS
                for name in graph.before[node.name]
            )
            if ready and node.name not in run.tasks:
                self._begin(now, run, node, self._written_by(task))

    def _written_by(self, task: Task) -> str:
        """Return the input of the tasks that follow: the output of this task, else its own input."""
        return (self._output_of(task.job) if task.job is not None else "") or task.source

    def _begin(self, now: float, run: Run, node: Node, source: str) -> None:
        task = run.tasks[node.name] = Task(node=node, created=now, source=source)
        feature = feature_of_tag(node.type)
        if feature is None:  # a node that processes nothing
            self._follow(now, run, task)
            return
        spec = self._spec_of(run, node, source)
        if isinstance(spec, Failure):
            task.failure = spec
            return
        queue_id = run.plan.queue_ids.get(feature)
        try:
            (task.job,) = self._engine.submit(now, run.workflow.bucket, feature, [spec], queue_id=queue_id)
        except EngineError as error:
            task.failure = self._failure_of(error)
            return
        self._open[task.job.id] = (run, task)

    def _settle(self, now: float, run: Run) -> None:
        """End a run whose tasks have all ended."""
        if run.ended is None and all(task.done for task in run.tasks.values()):
            run.ended = now
            self._on_end(run)
