"""The state of workflows and batch jobs at a moment at which nothing of them is unfinished, to be stored and restored.

Ended runs and batch jobs never change again, so this state can replace the calls that led to it. Only this module may
use the private state of `Workflows` and `Batches`. Must not know how the state is stored.
"""

from collections.abc import Sequence

import msgspec

from ciq_mock.engine import Failure, Job
from ciq_mock.workflow.batches import Batches, BatchJob, BatchPlan
from ciq_mock.workflow.records import Run, Task, Workflow, WorkflowPlan
from ciq_mock.workflow.workflows import Workflows
from ciq_schemas.lifecycle import FINAL_STATES, JobState


class StoredWorkflow(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A workflow; one that was deleted is kept for its runs."""

    id: str
    number: int
    bucket: str
    region: str
    plan: int
    """Index in the list of plans."""
    created: float
    updated: float
    deleted: bool


class StoredTask(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A task."""

    node: str
    created: float
    source: str
    job: int | None
    """Index in the list of jobs."""
    failure: Failure | None


class StoredRun(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """An ended run."""

    id: str
    number: int
    workflow: int
    """Index in the list of workflows."""
    plan: int
    object: str
    created: float
    name: str
    batch_id: str
    tasks: list[StoredTask]
    ended: float | None
    forgotten: bool
    """True when only its batch job still refers to it."""


class StoredBatch(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """An ended batch job."""

    id: str
    number: int
    bucket: str
    region: str
    plan: BatchPlan
    created: float
    state: JobState
    started: float | None
    ended: float | None
    failure: Failure | None
    runs: list[int]
    """Indices in the list of runs."""
    jobs: list[str]
    count: int
    done: int
    refused: Failure | None


class WorkflowState(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Everything that workflows and batch jobs hold, except the jobs of runs."""

    number: int
    batch_number: int
    plans: list[WorkflowPlan]
    workflows: list[StoredWorkflow]
    runs: list[StoredRun]
    batches: list[StoredBatch]


def runs_on_record(workflows: Workflows) -> int:
    """Return the number of runs, by which the cost of a state grows."""
    return len(workflows._runs)


def is_finished(workflows: Workflows, batches: Batches) -> bool:
    """Return whether no run and no batch job can change any more by itself."""
    return (
        not workflows._open
        and all(run.ended is not None for run in workflows._runs.values())
        and all(batch.state in FINAL_STATES and not batch.unfinished for batch in batches._batches.values())
    )


def state_of(workflows: Workflows, batches: Batches) -> tuple[WorkflowState, list[Job]]:
    """Return the state, and the jobs of all runs; call it only when all have finished."""
    runs = dict.fromkeys(workflows._runs.values())
    known = set(runs)
    runs |= dict.fromkeys(run for batch in batches._batches.values() for run in batch.runs)
    all_workflows = dict.fromkeys(workflows._workflows.values())
    current = set(all_workflows)
    all_workflows |= dict.fromkeys(run.workflow for run in runs)
    places = {workflow: index for index, workflow in enumerate(all_workflows)}
    run_places = {run: index for index, run in enumerate(runs)}
    plans: dict[int, tuple[int, WorkflowPlan]] = {}
    jobs: list[Job] = []

    def plan_place(plan: WorkflowPlan) -> int:
        return plans.setdefault(id(plan), (len(plans), plan))[0]

    def stored_task(task: Task) -> StoredTask:
        place = None
        if task.job is not None:
            place = len(jobs)
            jobs.append(task.job)
        return StoredTask(task.node.name, task.created, task.source, place, task.failure)

    stored_workflows = [
        StoredWorkflow(
            one.id,
            one.number,
            one.bucket,
            one.region,
            plan_place(one.plan),
            one.created,
            one.updated,
            one not in current,
        )
        for one in all_workflows
    ]
    stored_runs = [
        StoredRun(
            run.id,
            run.number,
            places[run.workflow],
            plan_place(run.plan),
            run.object,
            run.created,
            run.name,
            run.batch_id,
            [stored_task(task) for task in run.tasks.values()],
            run.ended,
            run not in known,
        )
        for run in runs
    ]
    stored_batches = [
        StoredBatch(
            one.id,
            one.number,
            one.bucket,
            one.region,
            one.plan,
            one.created,
            one.state,
            one.started,
            one.ended,
            one.failure,
            [run_places[run] for run in one.runs],
            one.jobs,
            one.count,
            one.done,
            one.refused,
        )
        for one in batches._batches.values()
    ]
    state = WorkflowState(
        workflows._number,
        batches._number,
        [plan for _, plan in plans.values()],
        stored_workflows,
        stored_runs,
        stored_batches,
    )
    return state, jobs


def restore(state: WorkflowState, jobs: Sequence[Job], workflows: Workflows, batches: Batches) -> None:
    """Put the state into empty workflows and batch jobs; `jobs` as `state_of` returned them."""
    workflows._number, batches._number = state.number, state.batch_number
    all_workflows = []
    for one in state.workflows:
        workflow = Workflow(
            workflow_id=one.id,
            number=one.number,
            bucket=one.bucket,
            region=one.region,
            plan=state.plans[one.plan],
            now=one.created,
        )
        workflow.updated = one.updated
        all_workflows.append(workflow)
        if not one.deleted:
            workflows._workflows[one.id] = workflow
    runs = []
    for stored in state.runs:
        plan = state.plans[stored.plan]
        run = Run(
            id=stored.id,
            number=stored.number,
            workflow=all_workflows[stored.workflow],
            plan=plan,
            object=stored.object,
            created=stored.created,
            name=stored.name,
            batch_id=stored.batch_id,
            tasks={task.node: _task(task, plan, jobs) for task in stored.tasks},
            ended=stored.ended,
        )
        runs.append(run)
        if not stored.forgotten:
            workflows._runs[run.id] = run
            workflows._by_bucket.setdefault(run.workflow.bucket, []).append(run)
    for item in state.batches:
        batch = BatchJob(
            id=item.id,
            number=item.number,
            bucket=item.bucket,
            region=item.region,
            plan=item.plan,
            created=item.created,
            state=item.state,
            started=item.started,
            ended=item.ended,
            failure=item.failure,
            runs=[runs[place] for place in item.runs],
            jobs=list(item.jobs),
            count=item.count,
            done=item.done,
            refused=item.refused,
        )
        batches._batches[batch.id] = batch
        batches._by_bucket.setdefault(batch.bucket, []).append(batch)


def _task(stored: StoredTask, plan: WorkflowPlan, jobs: Sequence[Job]) -> Task:
    job = None if stored.job is None else jobs[stored.job]
    node = plan.graph.nodes[stored.node]
    return Task(node=node, created=stored.created, source=stored.source, job=job, failure=stored.failure)
