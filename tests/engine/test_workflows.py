"""Workflows, runs and batch jobs on the pure engine: who begins when, how a run ends, what is refused."""

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
    made = {name: {"Type": name.partition("_")[0]} for name in sorted(names - {"Start", "End"})}
    return {"Dependencies": dict(dependencies), "Nodes": {"Start": START, **made, **nodes}}


LINE = topology({"Start": "Transcode_1", "Transcode_1": "Snapshot_2", "Snapshot_2": "End"})
FAN = topology({"Start": "Transcode_1,Snapshot_2", "Transcode_1": "Segment_3,SmartCover_4", "Snapshot_2": "End"})
JOIN = topology({"Start": "Transcode_1,Snapshot_2", "Transcode_1": "Concat_3", "Snapshot_2": "Concat_3"})
MIXED = topology({"Start": "StreamPackConfig_1", "StreamPackConfig_1": "Transcode_2", "Transcode_2": "PicProcess_3"})


class House:
    """Engine, workflows and batch jobs, driven by hand; jobs of objects under `bad` fail."""

    def __init__(self, *, workers: int = 10, features: Sequence[Feature] = (Feature.MEDIA, Feature.PIC)) -> None:
        numbers = count(1)
        self.engine = Engine(ids=lambda letter: f"{letter}{next(numbers):04}", rules=EngineRules(workers=workers))
        self.ended: list[Run] = []
        self.objects: list[str] | None = []
        self.refusal: Failure | None = None
        self.workflows = Workflows(
            engine=self.engine,
            ids=lambda letter: f"{letter}{next(numbers):04}",
            order_of=self._order,
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
            order_of=lambda batch, key: self.refusal or _job("Snapshot", key, Origin(batch_id=batch.id)),
            failure_of=_failure,
            most=3,
        )
        for feature in features:
            self.engine.activate(0.0, BUCKET, feature)

    def _order(self, run: Run, node: Node, source: str) -> JobSpec | Failure:
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
        """Keep a workflow."""
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
        """Keep a workflow and run it."""
        return self.workflows.trigger(now, BUCKET, self.workflow(content).id, key)

    def advance(self, now: float) -> None:
        """Let time pass as the mock's runner does, each moment with what follows from it."""
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
        """Make a batch job and launch it."""
        kind = BatchType.WORKFLOW if workflow_ids else BatchType.JOB
        feature = None if workflow_ids else Feature.MEDIA
        plan = BatchPlan(
            name="b", type=kind, input={"Prefix": "in/"}, operation={}, workflow_ids=workflow_ids, feature=feature
        )
        made = self.batches.create(now, BUCKET, "r", plan)
        assert made.state is JobState.SUBMITTED
        self.batches.launch(now, made)
        return made


def _job(tag: str, key: str, origin: Origin) -> JobSpec:
    failure = Failure("ResourceNotFound", "gone") if key.startswith("bad") else None
    return JobSpec(tag=tag, input_object=key, duration=10.0, failure=failure, origin=origin)


def _failure(error: EngineError) -> Failure:
    return Failure(type(error).__name__, str(error))


def tasks(run: Run) -> dict[str, str]:
    """State of each task by node."""
    return {name: task.state.value for name, task in run.tasks.items()}


def test_a_line_runs_one_after_the_other() -> None:
    """The second task begins when the first has ended, on what that one wrote; the run ends with the last."""
    house = House()
    run = house.trigger(0.0, LINE)
    house.advance(5.0)
    assert tasks(run) == {"Transcode_1": "Running"}
    house.advance(10.0)
    assert tasks(run) == {"Transcode_1": "Success", "Snapshot_2": "Running"}
    assert run.tasks["Snapshot_2"].source == "out of in/a"
    assert (run.state, house.ended) == (RunState.RUNNING, [])
    house.advance(20.0)
    assert (run.state, run.ended, house.ended) == (RunState.SUCCESS, 20.0, [run])


def test_branches_run_side_by_side() -> None:
    """All that Start names begins at once, and so does all that follows one node."""
    house = House()
    run = house.trigger(0.0, FAN)
    assert set(tasks(run)) == {"Transcode_1", "Snapshot_2"}
    house.advance(10.0)
    assert set(tasks(run)) == {"Transcode_1", "Snapshot_2", "Segment_3", "SmartCover_4"}
    house.advance(20.0)
    assert run.state is RunState.SUCCESS


def test_a_join_waits_for_both() -> None:
    """A node with two before it begins once, after the later of them."""
    house = House(workers=1)
    run = house.trigger(0.0, JOIN)
    house.advance(10.0)
    assert "Concat_3" not in tasks(run)
    house.advance(20.0)
    assert tasks(run)["Concat_3"] == "Running"
    house.advance(30.0)
    assert run.state is RunState.SUCCESS
    assert len(run.tasks) == 3


def test_nodes_without_jobs_pass_at_once_and_queues_differ() -> None:
    """A node that steers has no job; each job enters the queue of its own feature."""
    house = House()
    run = house.trigger(0.0, MIXED)
    assert run.tasks["StreamPackConfig_1"].job is None
    house.advance(30.0)
    jobs = [task.job for task in run.tasks.values() if task.job is not None]
    assert [(job.feature, job.tag) for job in jobs] == [(Feature.MEDIA, "Transcode"), (Feature.PIC, "PicProcess")]
    assert run.state is RunState.SUCCESS


def test_one_failed_task_fails_the_run() -> None:
    """What follows the failed task never begins, the other branch goes on, and the run ends after it."""
    house = House(workers=1)
    run = house.trigger(0.0, FAN, "bad/a")
    house.advance(10.0)
    assert run.state is RunState.RUNNING
    house.advance(100.0)
    assert tasks(run) == {"Transcode_1": "Failed", "Snapshot_2": "Failed"}
    assert (run.state, run.ended) == (RunState.FAILED, 20.0)


def test_a_feature_that_is_not_active_fails_its_task() -> None:
    """The refusal is the task's reason."""
    house = House(features=(Feature.MEDIA,))
    run = house.trigger(0.0, MIXED)
    house.advance(20.0)
    assert run.state is RunState.FAILED
    failure = run.tasks["PicProcess_3"].failure
    assert failure is not None
    assert failure.code == "NotActivatedError"


def test_an_order_that_cannot_be_made_fails_the_run_at_once() -> None:
    """No job, no wait."""
    house = House()
    house.refusal = Failure("InvalidArgument", "no")
    run = house.trigger(0.0, LINE)
    assert (run.state, house.ended) == (RunState.FAILED, [run])


def test_a_cancelled_job_cancels_the_run() -> None:
    """Nothing follows it, and the run is Cancel."""
    house = House(workers=1)
    house.trigger(0.0, LINE)
    held = house.trigger(0.0, LINE)
    house.advance(1.0)
    job = held.tasks["Transcode_1"].job
    assert job is not None
    house.engine.cancel(2.0, BUCKET, [job.id])
    house.advance(2.0)
    assert held.state is RunState.CANCEL


def test_runs_keep_the_plan_they_began_with() -> None:
    """Update and deletion of the workflow leave a run alone."""
    house = House()
    workflow = house.workflow(LINE)
    run = house.workflows.trigger(0.0, BUCKET, workflow.id, "in/a")
    house.workflows.switch(1.0, BUCKET, workflow.id, QueueState.PAUSED)
    assert (workflow.plan.state, run.plan.state) == (QueueState.PAUSED, QueueState.ACTIVE)
    house.workflows.delete(BUCKET, workflow.id)
    house.advance(20.0)
    assert run.state is RunState.SUCCESS
    assert house.workflows.run(20.0, BUCKET, run.id) is run


def test_pages_of_runs() -> None:
    """Each run once in both orders; filters hold; a cursor of another filter is refused."""
    house = House()
    workflow = house.workflow(LINE)
    runs = [house.workflows.trigger(float(n), BUCKET, workflow.id, f"in/{n % 2}") for n in range(5)]

    def walk(wanted: RunFilter, order: TimeOrder) -> list[Run]:
        found: list[Run] = []
        token = None
        while True:
            page = house.workflows.runs(5.0, BUCKET, wanted, order=order, size=2, token=token)
            found += page.records
            token = page.next_token
            if token is None:
                return found

    assert walk(RunFilter(), TimeOrder.ASC) == runs
    assert walk(RunFilter(), TimeOrder.DESC) == runs[::-1]
    assert walk(RunFilter(object="in/1"), TimeOrder.ASC) == [runs[1], runs[3]]
    assert walk(RunFilter(created_from=1.0, created_to=2.0), TimeOrder.ASC) == runs[1:3]
    assert walk(RunFilter(states=frozenset({RunState.FAILED})), TimeOrder.ASC) == []
    assert walk(RunFilter(workflow_id="w"), TimeOrder.ASC) == []
    token = house.workflows.runs(5.0, BUCKET, RunFilter(), order=TimeOrder.ASC, size=2, token=None).next_token
    for bad in ("x", "z" * 24, "0" * 24):
        with pytest.raises(BadCursorError):
            house.workflows.runs(5.0, BUCKET, RunFilter(), order=TimeOrder.ASC, size=2, token=bad)
    with pytest.raises(BadCursorError):
        house.workflows.runs(5.0, BUCKET, RunFilter(), order=TimeOrder.DESC, size=2, token=token)


def test_other_buckets_and_strangers_are_unknown() -> None:
    """Workflows, runs and batch jobs of another bucket do not exist here."""
    house = House()
    run = house.trigger(0.0, LINE)
    batch = house.batch(0.0)
    with pytest.raises(UnknownWorkflowError):
        house.workflows.workflow("b-2", run.workflow.id)
    with pytest.raises(UnknownRunError):
        house.workflows.run(0.0, "b-2", run.id)
    with pytest.raises(UnknownBatchError):
        house.batches.batch("b-2", batch.id)


BAD: dict[str, tuple[dict[str, object], str]] = {
    "nothing": ({}, "Nodes must hold"),
    "no start": ({"Dependencies": {"A": "End"}, "Nodes": {"A": {"Type": "Snapshot"}}}, "Start must stand"),
    "no input": (topology({"Start": "Snapshot_1"}, Start={"Type": "Start"}), "Nodes.Start.Input"),
    "no prefix": (topology({"Start": "Snapshot_1"}, Start={"Type": "Start", "Input": {"X": ""}}), "ObjectPrefix"),
    "unknown target": ({"Dependencies": {"Start": "A"}, "Nodes": {"Start": START}}, "not under Nodes"),
    "circle": (topology({"Start": "A_1", "A_1": "B_2", "B_2": "A_1"}), "never reached"),
    "apart": (topology({"Start": "A_1", "B_2": "End"}), "never reached"),
    "to start": (topology({"Start": "A_1", "A_1": "Start"}), "nothing leads to Start"),
    "after end": (topology({"Start": "A_1", "End": "A_1"}), "nothing follows End"),
    "only start": ({"Dependencies": {"Start": "End"}, "Nodes": {"Start": START}}, "needs a node"),
    "empty follower": (topology({"Start": "A_1", "A_1": ""}), "is empty"),
    "twice": ({"Dependencies": {"Start": ["A", "B"]}, "Nodes": {"Start": START, "A": {}, "B": {}}}, "once"),
    "no type": (topology({"Start": "A_1"}, A_1={"Operation": {"X": "1"}}), "Type is required"),
    "node as text": (topology({"Start": "A_1"}, A_1="text"), "must hold elements"),
    "too many": (topology({"Start": ",".join(f"A_{n}" for n in range(MOST_NODES))}), "at most"),
}


@pytest.mark.parametrize("case", BAD)
def test_what_is_no_graph_is_refused(case: str) -> None:
    """Each fault is told by its place."""
    content, words = BAD[case]
    with pytest.raises(TopologyError, match=words):
        read_topology(content)


def test_a_batch_of_jobs_feeds_the_queue_bit_by_bit() -> None:
    """No more than its width is under way, all run in the end, and the batch job ends then."""
    house = House(workers=1000)
    house.objects = [f"in/{n}" for n in range(WIDTH + 20)]
    batch = house.batch(0.0)
    assert (batch.state, len(batch.jobs)) == (JobState.RUNNING, WIDTH)
    house.advance(10.0)
    assert (batch.under_way, batch.progress) == (20, 99 * WIDTH // (WIDTH + 20) + 1)
    house.advance(20.0)
    assert (batch.state, batch.ended, batch.progress) == (JobState.SUCCESS, 20.0, 100)


def test_a_batch_of_workflows_runs_each_on_each() -> None:
    """Two workflows on two objects are four runs, found by the batch job's id."""
    house = House()
    ids = (house.workflow(LINE).id, house.workflow(FAN).id)
    house.objects = ["in/a", "bad/b"]
    batch = house.batch(0.0, workflow_ids=ids)
    house.advance(100.0)
    page = house.workflows.runs(100.0, BUCKET, RunFilter(batch_id=batch.id), order=TimeOrder.ASC, size=10, token=None)
    assert {(run.workflow.id, run.object) for run in page.records} == {(w, o) for w in ids for o in house.objects}
    assert batch.state is JobState.SUCCESS
    assert (
        batch
        in house.batches.batches(
            BUCKET, BatchFilter(workflow_id=ids[1]), order=TimeOrder.DESC, size=1, token=None
        ).records
    )


def test_old_records_are_forgotten() -> None:
    """The oldest that have ended go first, one that still runs stays; pages and lists know the rest."""
    house = House(workers=1)
    workflow = house.workflow(LINE)
    runs = [house.workflows.trigger(0.0, BUCKET, workflow.id, f"in/{n}") for n in range(9)]
    assert house.workflows.run(0.0, BUCKET, runs[0].id) is runs[0]
    house.advance(1000.0)
    newest = house.workflows.trigger(1000.0, BUCKET, workflow.id, "in/x")
    with pytest.raises(UnknownRunError):
        house.workflows.run(1000.0, BUCKET, runs[2].id)
    page = house.workflows.runs(1000.0, BUCKET, RunFilter(), order=TimeOrder.ASC, size=100, token=None)
    assert page.records == (*runs[3:], newest)
    batches = [house.batch(1000.0) for _ in range(5)]
    with pytest.raises(UnknownBatchError):
        house.batches.batch(BUCKET, batches[1].id)
    assert house.batches.batch(BUCKET, batches[2].id) is batches[2]
    house.workflow(LINE)
    house.workflow(LINE)
    with pytest.raises(TooManyWorkflowsError):
        house.workflow(LINE)


def test_runs_that_end_at_once_do_not_nest() -> None:
    """A long list of runs that are refused at once is walked through, not climbed into."""
    house = House()
    workflow = house.workflow(LINE)
    house.refusal = Failure("InvalidArgument", "no")
    house.objects = [f"in/{n}" for n in range(5000)]
    batch = house.batch(0.0, workflow_ids=(workflow.id,))
    assert (batch.state, len(batch.runs)) == (JobState.SUCCESS, 5000)


def test_a_batch_without_objects_or_list() -> None:
    """Nothing to do is done; a list that cannot be read fails it, and so does a batch nothing of which began."""
    house = House()
    assert house.batch(0.0).state is JobState.SUCCESS
    house.objects = None
    failed = house.batch(0.0)
    assert (failed.state, failed.failure) == (JobState.FAILED, Failure("ResourceNotFound", "no list"))
    house.objects, house.refusal = ["in/a"], Failure("InvalidArgument", "no")
    refused = house.batch(0.0)
    assert (refused.state, refused.failure) == (JobState.FAILED, house.refusal)


def test_cancelling_a_batch_takes_back_what_waits() -> None:
    """Its waiting jobs are cancelled, nothing more begins, running ones end; a second cancel is refused."""
    house = House(workers=1)
    workflow = house.workflow(LINE)
    house.objects = [f"in/{n}" for n in range(WIDTH + 5)]
    batch, flows = house.batch(0.0), house.batch(0.0, workflow_ids=(workflow.id,))
    house.advance(1.0)
    for one in (batch, flows):
        house.batches.cancel(1.0, BUCKET, one.id)
        assert one.state is JobState.CANCEL
    house.advance(1000.0)
    jobs = [house.engine.job(1000.0, BUCKET, job_id) for job_id in batch.jobs]
    states = [job.state for job in jobs if job is not None]
    assert states == [JobState.SUCCESS] + [JobState.CANCEL] * (WIDTH - 1)
    assert {run.state for run in flows.runs} == {RunState.CANCEL}
    with pytest.raises(BatchEndedError):
        house.batches.cancel(1001.0, BUCKET, batch.id)


def test_no_graph_of_four_runs_out_of_order() -> None:
    """A node's job never starts before those it waits for have ended (all graphs of four nodes on a line order)."""
    names = ("Transcode_1", "Snapshot_2", "Segment_3", "Concat_4")
    for mask in range(64):
        pairs = [(a, b) for a in range(4) for b in range(a + 1, 4)]
        edges = [pair for bit, pair in enumerate(pairs) if mask >> bit & 1]
        follows = {names[a]: ",".join(names[b] for x, b in edges if x == a) or "End" for a in range(4)}
        heads = ",".join(names[b] for b in range(4) if all(y != b for _, y in edges))
        house = House(workers=2)
        run = house.trigger(0.0, topology({"Start": heads, **follows}))
        house.advance(200.0)
        assert run.state is RunState.SUCCESS
        jobs: dict[str, Job] = {n: task.job for n, task in run.tasks.items() if task.job is not None}
        assert set(jobs) == set(names)
        for a, b in edges:
            first, second = jobs[names[a]], jobs[names[b]]
            assert (first.ended or 0) <= (second.started or 0)
        assert all(feature_of_tag(job.tag) is job.feature for job in jobs.values())
