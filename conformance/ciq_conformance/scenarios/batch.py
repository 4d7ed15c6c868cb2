"""Scenario `batch`: a workflow and a kind of job, each over one object by a batch job; one more that is cancelled.

What was made is deleted, and the queue goes on at the end.
"""

from ciq_conformance.driver.stage import Broken, Stage, describe_reply
from ciq_conformance.driver.workflow_orders import job_batch_body, workflow_batch_body
from ciq_conformance.scenarios.readiness import found_rule
from ciq_conformance.scenarios.workflow import need_offered, unknown_id, workflow_order
from ciq_conformance.steps.batch import Step
from ciq_schemas.lifecycle import FINAL_STATES, JobState, QueueState
from ciq_schemas.operations import OperationKind
from ciq_schemas.requirement import Capability
from ciq_schemas.transcript.parsed import ParsedExchange


def play(stage: Stage) -> None:
    """Play the scenario."""
    first = stage.calls.other(Step.FIRST, OperationKind.LIST_BATCHES, params={"size": "1"})
    need_offered(stage, first, Capability.BATCH, "GET /inventorytriggerjob")
    _of_jobs(stage)
    _cancelled(stage)
    _of_workflows(stage)


def _of_workflows(stage: Stage) -> None:
    created = stage.calls.other(
        Step.WORKFLOW, OperationKind.CREATE_WORKFLOW, body=workflow_order(stage, "batch").body()
    )
    workflow_id = (created.workflow.workflow_id if created.workflow is not None else None) or ""
    if not created.ok or not workflow_id:
        raise Broken(f"a batch job needs a workflow, and POST /workflow answered {describe_reply(created)}")
    name = f"{stage.run_id}-flows"
    try:
        good = stage.profile.inputs[stage.spec.feature].good
        body = workflow_batch_body(name=name, objects=good, workflow_ids=[workflow_id])
        batch_id = _made(stage.calls.other(Step.CREATE, OperationKind.CREATE_BATCH, body=body))
        if not batch_id:
            raise Broken("POST /inventorytriggerjob named no batch job")
        _follow(stage, Step.WATCH, batch_id, FINAL_STATES, 2 * stage.patience.jobs(3))
        stage.calls.other(Step.DESCRIBED, OperationKind.DESCRIBE_BATCH, key=batch_id)
        stage.calls.other(Step.UNKNOWN, OperationKind.DESCRIBE_BATCH, key=unknown_id(stage, "b"))
        params = {"type": "Workflow", "name": name, "size": "100"}
        stage.calls.other(Step.LISTED, OperationKind.LIST_BATCHES, params=params)
        runs = {"workflowId": workflow_id, "jobId": batch_id, "size": "100"}
        stage.calls.other(Step.RUNS, OperationKind.LIST_RUNS, params=runs)
        nameless = workflow_batch_body(name="", objects=good, workflow_ids=[workflow_id])
        stage.calls.other(Step.NAMELESS, OperationKind.CREATE_BATCH, body=nameless)
    finally:
        stage.calls.other(Step.CLEAN, OperationKind.DELETE_WORKFLOW, key=workflow_id, insist=True)


def _of_jobs(stage: Stage) -> None:
    """A batch of jobs is known from SDKs: where it is refused the rest goes on without it."""
    reply = stage.calls.other(Step.CREATE_JOBS, OperationKind.CREATE_BATCH, body=_job_body(stage, "jobs"))
    batch_id = _made(reply)
    if not batch_id:
        stage.mark("note", f"a batch job of Type Job was answered {describe_reply(reply)}")
        return
    _follow(stage, Step.WATCH_JOBS, batch_id, FINAL_STATES, stage.patience.jobs(2))
    params = {"tag": "Segment", "inventoryTriggerJobId": batch_id, "size": "100"}
    stage.calls.list_jobs(Step.JOBS, params)


def _cancelled(stage: Stage) -> None:
    rule = found_rule(stage)
    if not stage.set_queue(Step.HOLD, state=QueueState.PAUSED, rule=rule).ok:
        return
    try:
        body = _job_body(stage, "held")
        batch_id = _made(stage.calls.other(Step.CREATE_HELD, OperationKind.CREATE_BATCH, body=body))
        if batch_id:
            stage.calls.other(Step.CANCEL, OperationKind.CANCEL_BATCH, key=batch_id, flag="cancel")
            _follow(stage, Step.CANCELLED, batch_id, frozenset({JobState.CANCEL}), min(5.0, stage.patience.callback))
    finally:
        stage.set_queue(Step.RELEASE, rule=rule)


def _job_body(stage: Stage, label: str) -> bytes:
    return job_batch_body(
        name=f"{stage.run_id}-{label}",
        source=stage.profile.inputs[stage.spec.feature].good,
        region=stage.profile.region,
        bucket=stage.profile.bucket,
        prefix=f"{stage.profile.output_prefix}/{stage.run_id}/{label}",
        queue_id=stage.queue_id,
    )


def _made(reply: ParsedExchange) -> str:
    batches = reply.batch_answer.batches if reply.ok else ()
    return (batches[0].job_id if batches else None) or ""


def _follow(stage: Stage, step: Step, batch_id: str, states: frozenset[JobState], within: float) -> None:
    """Look at a batch job until it is in one of the states."""
    deadline = stage.now() + within
    while True:
        batches = stage.calls.other(step, OperationKind.DESCRIBE_BATCH, key=batch_id).batch_answer.batches
        if batches and (batches[0].state or "").strip() in states:
            return
        if stage.now() >= deadline:
            stage.mark("expired", f"{step}: waited {within:.1f} s")
            return
        stage.pause_thread(stage.patience.poll)
