"""Workflows, runs and batch jobs on the engine: when tasks start, how a run ends, what is refused."""

from collections.abc import Mapping, Sequence
from itertools import count

import pytest

from ciq_mock.engine import BadCursorError, Engine, EngineError, EngineRules, Failure, Job, JobSpec, Origin, TimeOrder
from ciq_mock.workflow import (
    BatchEndedError,
    Batches,
    BatchFilter,
    BatchJob,
    BatchPlan,
    BatchType,
    Node,
    ObjectsError,
    Run,
    RunFilter,
    RunState,
    TooManyWorkflowsError,
    TopologyError,
    UnknownBatchError,
    UnknownRunError,
    UnknownWorkflowError,
    Workflow,
    WorkflowPlan,
    Workflows,
    read_topology,
)
from ciq_mock.workflow.batches import WIDTH
from ciq_mock.workflow.topology import MOST_NODES
from ciq_schemas.features import Feature, feature_of_tag
from ciq_schemas.lifecycle import JobState, QueueState

BUCKET = "b-1"
START = {"Type": "Start", "Input": {"ObjectPrefix": "in/"}}


def topology(dependencies: Mapping[str, object], **nodes: object) -> dict[str, object]:
    """Content of a Topology; nodes are named by their types unless given."""
    names = {name for follows in dependencies.values() for name in str(follows).split(",")} | set(dependencies)
    new = {name: {"Type": name.partition("_")[0]} for name in sorted(names - {"Start", "End"})}
    return {"Dependencies": dict(dependencies), "Nodes": {"Start": START, **new, **nodes}}


SEQUENCE = topology({"Start": "Transcode_1", "Transcode_1": "Snapshot_2", "Snapshot_2": "End"})
FAN = topology({"Start": "Transcode_1,Snapshot_2", "Transcode_1": "Segment_3,SmartCover_4", "Snapshot_2": "End"})
JOIN = topology({"Start": "Transcode_1,Snapshot_2", "Transcode_1": "Concat_3", "Snapshot_2": "Concat_3"})
MIXED = topology({"Start": "StreamPackConfig_1", "StreamPackConfig_1": "Transcode_2", "Transcode_2": "PicProcess_3"})


class WorkflowBench:
    """Engine, workflows and batch jobs, advanced by the test; jobs of objects under `bad` fail."""

    def __init__(self, *, workers: int = 10, features: Sequence[Feature] = (Feature.MEDIA, Feature.PIC)) -> None:
        numbers = count(1)
        self.engine = Engine(ids=lambda letter: f"{letter}{next(numbers):04}", rules=EngineRules(workers=workers))
        self.ended: list[Run] = []
        self.objects: list[str] | None = []
        self.refusal: Failure | None = None
        self.workflows = Workflows(
            engine=self.engine,
            ids=lambda letter: f"{letter}{next(numbers):04}",
            spec_of=self._spec_for,
            output_of=lambda job: f"out of {job.input_object}",
            failure_of=_failure,
            on_end=self._run_ended,
            most=3,
            most_runs=7,
        )
        self.batches = Batches(
            engine=self.engine,
            workflows=self.workflows,
            ids=lambda letter: f"{letter}{next(numbers):04}",
            objects_of=self._listed,
            spec_of=lambda batch, key: self.refusal or _job("Snapshot", key, Origin(batch_id=batch.id)),
            failure_of=_failure,
            most=3,
        )
        for feature in features:
            self.engine.activate(0.0, BUCKET, feature)

    def _spec_for(self, run: Run, node: Node, source: str) -> JobSpec | Failure:
        return self.refusal or _job(
            node.type, source, Origin(run_id=run.id, task=node.name, workflow_id=run.workflow.id, batch_id=run.batch_id)
        )

    def _listed(self, _: BatchJob) -> list[str]:
        if self.objects is None:
            raise ObjectsError(Failure("ResourceNotFound", "no list"))
        return self.objects

    def _run_ended(self, run: Run) -> None:
        self.ended.append(run)
        self.batches.on_run(run)

    def workflow(self, content: Mapping[str, object]) -> Workflow:
        """Create a workflow."""
        plan = WorkflowPlan(
            name="wf",
            state=QueueState.ACTIVE,
            graph=read_topology(content),
            topology=content,
            queue_ids={},
            rule=None,
        )
        return self.workflows.create(0.0, BUCKET, "r", plan)

    def trigger(self, now: float, content: Mapping[str, object], key: str = "in/a") -> Run:
        """Create a workflow and run it."""
        return self.workflows.trigger(now, BUCKET, self.workflow(content).id, key)

    def advance(self, now: float) -> None:
        """Advance the time as the mock's runner does, with all consequences of each event."""
        while True:
            due = self.engine.next_due()
            at = now if due is None else min(due, now)
            events = self.engine.advance(at)
            for event in events:
                self.workflows.on_event(event)
                self.batches.on_event(event)
            if at == now and not events:
                return

    def batch(self, now: float, *, workflow_ids: tuple[str, ...] = ()) -> BatchJob:
        """Create and launch a batch job."""
        kind = BatchType.WORKFLOW if workflow_ids else BatchType.JOB
        feature = None if workflow_ids else Feature.MEDIA
        plan = BatchPlan(
            name="b", type=kind, input={"Prefix": "in/"}, operation={}, workflow_ids=workflow_ids, feature=feature
        )
        new = self.batches.create(now, BUCKET, "r", plan)
        assert new.state is JobState.SUBMITTED
        self.batches.launch(now, new)
        return new


def _job(tag: str, key: str, origin: Origin) -> JobSpec:
    failure = Failure("ResourceNotFound", "gone") if key.startswith("bad") else None
    return JobSpec(tag=tag, input_object=key, duration=10.0, failure=failure, origin=origin)


def _failure(error: EngineError) -> Failure:
    return Failure(type(error).__name__, str(error))


def tasks(run: Run) -> dict[str, str]:
    """State of each task by node."""
    return {name: task.state.value for name, task in run.tasks.items()}


def test_sequential_tasks_run_one_after_another() -> None:
    """The second task starts when the first has ended and reads its output; the run ends with the last."""
    bench = WorkflowBench()
    run = bench.trigger(0.0, SEQUENCE)
    bench.advance(5.0)
    assert tasks(run) == {"Transcode_1": "Running"}
    bench.advance(10.0)
    assert tasks(run) == {"Transcode_1": "Success", "Snapshot_2": "Running"}
    assert run.tasks["Snapshot_2"].source == "out of in/a"
    assert (run.state, bench.ended) == (RunState.RUNNING, [])
    bench.advance(20.0)
    assert (run.state, run.ended, bench.ended) == (RunState.SUCCESS, 20.0, [run])


def test_branches_run_concurrently() -> None:
    """All nodes that Start names start at once, and so do all nodes that follow one node."""
    bench = WorkflowBench()
    run = bench.trigger(0.0, FAN)
    assert set(tasks(run)) == {"Transcode_1", "Snapshot_2"}
    bench.advance(10.0)
    assert set(tasks(run)) == {"Transcode_1", "Snapshot_2", "Segment_3", "SmartCover_4"}
    bench.advance(20.0)
    assert run.state is RunState.SUCCESS


def test_joining_node_starts_after_both_predecessors() -> None:
    """It starts once, after the later of them."""
    bench = WorkflowBench(workers=1)
    run = bench.trigger(0.0, JOIN)
    bench.advance(10.0)
    assert "Concat_3" not in tasks(run)
    bench.advance(20.0)
    assert tasks(run)["Concat_3"] == "Running"
    bench.advance(30.0)
    assert run.state is RunState.SUCCESS
    assert len(run.tasks) == 3


def test_node_without_job_ends_at_once() -> None:
    """A control node has no job; each job enters the queue of its own feature."""
    bench = WorkflowBench()
    run = bench.trigger(0.0, MIXED)
    assert run.tasks["StreamPackConfig_1"].job is None
    bench.advance(30.0)
    jobs = [task.job for task in run.tasks.values() if task.job is not None]
    assert [(job.feature, job.tag) for job in jobs] == [(Feature.MEDIA, "Transcode"), (Feature.PIC, "PicProcess")]
    assert run.state is RunState.SUCCESS


def test_failed_task_fails_the_run() -> None:
    """Its successors do not start, the other branch continues, and the run ends after it."""
    bench = WorkflowBench(workers=1)
    run = bench.trigger(0.0, FAN, "bad/a")
    bench.advance(10.0)
    assert run.state is RunState.RUNNING
    bench.advance(100.0)
    assert tasks(run) == {"Transcode_1": "Failed", "Snapshot_2": "Failed"}
    assert (run.state, run.ended) == (RunState.FAILED, 20.0)


def test_task_of_inactive_feature_fails() -> None:
    """The refusal is the task's reason."""
    bench = WorkflowBench(features=(Feature.MEDIA,))
    run = bench.trigger(0.0, MIXED)
    bench.advance(20.0)
    assert run.state is RunState.FAILED
    failure = run.tasks["PicProcess_3"].failure
    assert failure is not None
    assert failure.code == "NotActivatedError"


def test_task_without_valid_job_spec_fails_the_run_at_once() -> None:
    """The run creates no job and does not wait."""
    bench = WorkflowBench()
    bench.refusal = Failure("InvalidArgument", "no")
    run = bench.trigger(0.0, SEQUENCE)
    assert (run.state, bench.ended) == (RunState.FAILED, [run])


def test_cancelled_job_cancels_the_run() -> None:
    """Its successors do not start, and the run is Cancel."""
    bench = WorkflowBench(workers=1)
    bench.trigger(0.0, SEQUENCE)
    held = bench.trigger(0.0, SEQUENCE)
    bench.advance(1.0)
    job = held.tasks["Transcode_1"].job
    assert job is not None
    bench.engine.cancel(2.0, BUCKET, [job.id])
    bench.advance(2.0)
    assert held.state is RunState.CANCEL


def test_run_keeps_plan_after_workflow_update() -> None:
    """Update and deletion of the workflow do not change a run."""
    bench = WorkflowBench()
    workflow = bench.workflow(SEQUENCE)
    run = bench.workflows.trigger(0.0, BUCKET, workflow.id, "in/a")
    bench.workflows.switch(1.0, BUCKET, workflow.id, QueueState.PAUSED)
    assert (workflow.plan.state, run.plan.state) == (QueueState.PAUSED, QueueState.ACTIVE)
    bench.workflows.delete(BUCKET, workflow.id)
    bench.advance(20.0)
    assert run.state is RunState.SUCCESS
    assert bench.workflows.run(20.0, BUCKET, run.id) is run


def test_run_pages_contain_each_run_once() -> None:
    """Both orders and the filters work; a cursor of another filter is refused."""
    bench = WorkflowBench()
    workflow = bench.workflow(SEQUENCE)
    runs = [bench.workflows.trigger(float(n), BUCKET, workflow.id, f"in/{n % 2}") for n in range(5)]

    def all_pages(run_filter: RunFilter, order: TimeOrder) -> list[Run]:
        found: list[Run] = []
        token = None
        while True:
            page = bench.workflows.runs(5.0, BUCKET, run_filter, order=order, size=2, token=token)
            found += page.records
            token = page.next_token
            if token is None:
                return found

    assert all_pages(RunFilter(), TimeOrder.ASC) == runs
    assert all_pages(RunFilter(), TimeOrder.DESC) == runs[::-1]
    assert all_pages(RunFilter(object="in/1"), TimeOrder.ASC) == [runs[1], runs[3]]
    assert all_pages(RunFilter(created_from=1.0, created_to=2.0), TimeOrder.ASC) == runs[1:3]
    assert all_pages(RunFilter(states=frozenset({RunState.FAILED})), TimeOrder.ASC) == []
    assert all_pages(RunFilter(workflow_id="w"), TimeOrder.ASC) == []
    token = bench.workflows.runs(5.0, BUCKET, RunFilter(), order=TimeOrder.ASC, size=2, token=None).next_token
    for bad in ("x", "z" * 24, "0" * 24):
        with pytest.raises(BadCursorError):
            bench.workflows.runs(5.0, BUCKET, RunFilter(), order=TimeOrder.ASC, size=2, token=bad)
    with pytest.raises(BadCursorError):
        bench.workflows.runs(5.0, BUCKET, RunFilter(), order=TimeOrder.DESC, size=2, token=token)


def test_items_of_other_bucket_are_unknown() -> None:
    """Workflows, runs and batch jobs of another bucket do not exist here."""
    bench = WorkflowBench()
    run = bench.trigger(0.0, SEQUENCE)
    batch = bench.batch(0.0)
    with pytest.raises(UnknownWorkflowError):
        bench.workflows.workflow("b-2", run.workflow.id)
    with pytest.raises(UnknownRunError):
        bench.workflows.run(0.0, "b-2", run.id)
    with pytest.raises(UnknownBatchError):
        bench.batches.batch("b-2", batch.id)


BAD: dict[str, tuple[dict[str, object], str]] = {
    "nothing": ({}, "Nodes must contain"),
    "no start": ({"Dependencies": {"A": "End"}, "Nodes": {"A": {"Type": "Snapshot"}}}, "Start must be"),
    "no input": (topology({"Start": "Snapshot_1"}, Start={"Type": "Start"}), "Nodes.Start.Input"),
    "no prefix": (topology({"Start": "Snapshot_1"}, Start={"Type": "Start", "Input": {"X": ""}}), "ObjectPrefix"),
    "unknown target": ({"Dependencies": {"Start": "A"}, "Nodes": {"Start": START}}, "not under Nodes"),
    "circle": (topology({"Start": "A_1", "A_1": "B_2", "B_2": "A_1"}), "not reached"),
    "apart": (topology({"Start": "A_1", "B_2": "End"}), "not reached"),
    "to start": (topology({"Start": "A_1", "A_1": "Start"}), "no node may precede Start"),
    "after end": (topology({"Start": "A_1", "End": "A_1"}), "no node may precede Start or follow End"),
    "only start": ({"Dependencies": {"Start": "End"}, "Nodes": {"Start": START}}, "needs a node"),
    "empty follower": (topology({"Start": "A_1", "A_1": ""}), "is empty"),
    "twice": ({"Dependencies": {"Start": ["A", "B"]}, "Nodes": {"Start": START, "A": {}, "B": {}}}, "once"),
    "no type": (topology({"Start": "A_1"}, A_1={"Operation": {"X": "1"}}), "Type is required"),
    "node as text": (topology({"Start": "A_1"}, A_1="text"), "must contain elements"),
    "too many": (topology({"Start": ",".join(f"A_{n}" for n in range(MOST_NODES))}), "at most"),
}


@pytest.mark.parametrize("case", BAD)
def test_invalid_topology_is_refused(case: str) -> None:
    """The error names the place of the fault."""
    content, message = BAD[case]
    with pytest.raises(TopologyError, match=message):
        read_topology(content)


def test_batch_of_jobs_submits_at_most_its_width() -> None:
    """All jobs run in the end, and the batch job ends then."""
    bench = WorkflowBench(workers=1000)
    bench.objects = [f"in/{n}" for n in range(WIDTH + 20)]
    batch = bench.batch(0.0)
    assert (batch.state, len(batch.jobs)) == (JobState.RUNNING, WIDTH)
    bench.advance(10.0)
    assert (batch.unfinished, batch.progress) == (20, 99 * WIDTH // (WIDTH + 20) + 1)
    bench.advance(20.0)
    assert (batch.state, batch.ended, batch.progress) == (JobState.SUCCESS, 20.0, 100)


def test_batch_of_workflows_runs_each_workflow_on_each_object() -> None:
    """Two workflows on two objects are four runs, found by the batch job's id."""
    bench = WorkflowBench()
    ids = (bench.workflow(SEQUENCE).id, bench.workflow(FAN).id)
    bench.objects = ["in/a", "bad/b"]
    batch = bench.batch(0.0, workflow_ids=ids)
    bench.advance(100.0)
    page = bench.workflows.runs(100.0, BUCKET, RunFilter(batch_id=batch.id), order=TimeOrder.ASC, size=10, token=None)
    assert {(run.workflow.id, run.object) for run in page.records} == {(w, o) for w in ids for o in bench.objects}
    assert batch.state is JobState.SUCCESS
    assert (
        batch
        in bench.batches.batches(
            BUCKET, BatchFilter(workflow_id=ids[1]), order=TimeOrder.DESC, size=1, token=None
        ).records
    )


def test_oldest_ended_runs_are_removed() -> None:
    """A run that is not over stays; pages and lists contain the rest."""
    bench = WorkflowBench(workers=1)
    workflow = bench.workflow(SEQUENCE)
    runs = [bench.workflows.trigger(0.0, BUCKET, workflow.id, f"in/{n}") for n in range(9)]
    assert bench.workflows.run(0.0, BUCKET, runs[0].id) is runs[0]
    bench.advance(1000.0)
    newest = bench.workflows.trigger(1000.0, BUCKET, workflow.id, "in/x")
    with pytest.raises(UnknownRunError):
        bench.workflows.run(1000.0, BUCKET, runs[2].id)
    page = bench.workflows.runs(1000.0, BUCKET, RunFilter(), order=TimeOrder.ASC, size=100, token=None)
    assert page.records == (*runs[3:], newest)
    batches = [bench.batch(1000.0) for _ in range(5)]
    with pytest.raises(UnknownBatchError):
        bench.batches.batch(BUCKET, batches[1].id)
    assert bench.batches.batch(BUCKET, batches[2].id) is batches[2]
    bench.workflow(SEQUENCE)
    bench.workflow(SEQUENCE)
    with pytest.raises(TooManyWorkflowsError):
        bench.workflow(SEQUENCE)


def test_many_refused_runs_do_not_exceed_recursion_limit() -> None:
    """A long list of runs that are refused at once is processed in a loop."""
    bench = WorkflowBench()
    workflow = bench.workflow(SEQUENCE)
    bench.refusal = Failure("InvalidArgument", "no")
    bench.objects = [f"in/{n}" for n in range(5000)]
    batch = bench.batch(0.0, workflow_ids=(workflow.id,))
    assert (batch.state, len(batch.runs)) == (JobState.SUCCESS, 5000)


def test_batch_without_objects_succeeds_and_without_list_fails() -> None:
    """A batch of which no job could start fails too."""
    bench = WorkflowBench()
    assert bench.batch(0.0).state is JobState.SUCCESS
    bench.objects = None
    failed = bench.batch(0.0)
    assert (failed.state, failed.failure) == (JobState.FAILED, Failure("ResourceNotFound", "no list"))
    bench.objects, bench.refusal = ["in/a"], Failure("InvalidArgument", "no")
    refused = bench.batch(0.0)
    assert (refused.state, refused.failure) == (JobState.FAILED, bench.refusal)


def test_cancelled_batch_cancels_waiting_jobs() -> None:
    """No further job starts, running jobs end; a second cancel is refused."""
    bench = WorkflowBench(workers=1)
    workflow = bench.workflow(SEQUENCE)
    bench.objects = [f"in/{n}" for n in range(WIDTH + 5)]
    batch, flows = bench.batch(0.0), bench.batch(0.0, workflow_ids=(workflow.id,))
    bench.advance(1.0)
    for one in (batch, flows):
        bench.batches.cancel(1.0, BUCKET, one.id)
        assert one.state is JobState.CANCEL
    bench.advance(1000.0)
    jobs = [bench.engine.job(1000.0, BUCKET, job_id) for job_id in batch.jobs]
    states = [job.state for job in jobs if job is not None]
    assert states == [JobState.SUCCESS] + [JobState.CANCEL] * (WIDTH - 1)
    assert {run.state for run in flows.runs} == {RunState.CANCEL}
    with pytest.raises(BatchEndedError):
        bench.batches.cancel(1001.0, BUCKET, batch.id)


def test_nodes_of_every_four_node_graph_run_in_order() -> None:
    """The job of a node starts only after its predecessors have ended (all graphs of four ordered nodes)."""
    names = ("Transcode_1", "Snapshot_2", "Segment_3", "Concat_4")
    for mask in range(64):
        pairs = [(a, b) for a in range(4) for b in range(a + 1, 4)]
        edges = [pair for bit, pair in enumerate(pairs) if mask >> bit & 1]
        follows = {names[a]: ",".join(names[b] for x, b in edges if x == a) or "End" for a in range(4)}
        heads = ",".join(names[b] for b in range(4) if all(y != b for _, y in edges))
        bench = WorkflowBench(workers=2)
        run = bench.trigger(0.0, topology({"Start": heads, **follows}))
        bench.advance(200.0)
        assert run.state is RunState.SUCCESS
        jobs: dict[str, Job] = {n: task.job for n, task in run.tasks.items() if task.job is not None}
        assert set(jobs) == set(names)
        for a, b in edges:
            first, second = jobs[names[a]], jobs[names[b]]
            assert (first.ended or 0) <= (second.started or 0)
        assert all(feature_of_tag(job.tag) is job.feature for job in jobs.values())
