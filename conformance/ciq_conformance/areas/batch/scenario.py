"""Scenario `batch`: run one batch job of workflows and one of jobs, each on one object, and cancel another batch job.

The scenario deletes its workflow and resumes the queue at the end.
"""

from ciq_conformance.areas.batch.labels import Label
from ciq_conformance.areas.workflow.requests import job_batch_body, workflow_batch_body
from ciq_conformance.areas.workflow.scenario import require_offered, unknown_id, workflow_request
from ciq_conformance.driver.queue_setup import found_rule
from ciq_conformance.driver.scenario_context import PreconditionFailed, ScenarioContext
from ciq_schemas.lifecycle import FINAL_STATES, JobState, QueueState
from ciq_schemas.operations import OperationKind
from ciq_schemas.requirement import Capability
from ciq_schemas.transcript.parsed import ParsedExchange, describe_response


def run(ctx: ScenarioContext) -> None:
    """Runs the scenario."""
    first = ctx.calls.other(Label.FIRST, OperationKind.LIST_BATCHES, params={"size": "1"})
    require_offered(ctx, first, Capability.BATCH, "GET /inventorytriggerjob")
    _run_batch_of_jobs(ctx)
    _cancel_waiting_batch(ctx)
    _run_batch_of_workflows(ctx)


def _run_batch_of_workflows(ctx: ScenarioContext) -> None:
    created = ctx.calls.other(Label.WORKFLOW, OperationKind.CREATE_WORKFLOW, body=workflow_request(ctx, "batch").body())
    workflow_id = (created.workflow.workflow_id if created.workflow is not None else None) or ""
    if not created.ok or not workflow_id:
        raise PreconditionFailed(
            f"a batch job needs a workflow, and POST /workflow returned {describe_response(created)}"
        )
    name = f"{ctx.run_id}-flows"
    try:
        source = ctx.profile.inputs[ctx.spec.feature].good
        body = workflow_batch_body(name=name, objects=source, workflow_ids=[workflow_id])
        batch_id = _created_id(ctx.calls.other(Label.CREATE, OperationKind.CREATE_BATCH, body=body))
        if not batch_id:
            raise PreconditionFailed("POST /inventorytriggerjob returned no JobId")
        _watch_batch(ctx, Label.WATCH, batch_id, FINAL_STATES, 2 * ctx.timeouts.jobs(3))
        ctx.calls.other(Label.DESCRIBED, OperationKind.DESCRIBE_BATCH, key=batch_id)
        ctx.calls.other(Label.UNKNOWN, OperationKind.DESCRIBE_BATCH, key=unknown_id(ctx, "b"))
        params = {"type": "Workflow", "name": name, "size": "100"}
        ctx.calls.other(Label.LISTED, OperationKind.LIST_BATCHES, params=params)
        runs = {"workflowId": workflow_id, "jobId": batch_id, "size": "100"}
        ctx.calls.other(Label.RUNS, OperationKind.LIST_RUNS, params=runs)
        nameless = workflow_batch_body(name="", objects=source, workflow_ids=[workflow_id])
        ctx.calls.other(Label.NAMELESS, OperationKind.CREATE_BATCH, body=nameless)
    finally:
        ctx.calls.other(Label.DELETE_WORKFLOW, OperationKind.DELETE_WORKFLOW, key=workflow_id, insist=True)


def _run_batch_of_jobs(ctx: ScenarioContext) -> None:
    """Runs a batch of jobs, which only SDKs document: the scenario continues if the target rejects it."""
    response = ctx.calls.other(Label.CREATE_JOBS, OperationKind.CREATE_BATCH, body=_job_body(ctx, "jobs"))
    batch_id = _created_id(response)
    if not batch_id:
        ctx.record_event("note", f"a batch job of Type Job returned {describe_response(response)}")
        return
    _watch_batch(ctx, Label.WATCH_JOBS, batch_id, FINAL_STATES, ctx.timeouts.jobs(2))
    params = {"tag": "Segment", "inventoryTriggerJobId": batch_id, "size": "100"}
    ctx.calls.list_jobs(Label.JOBS, params)


def _cancel_waiting_batch(ctx: ScenarioContext) -> None:
    rule = found_rule(ctx)
    if not ctx.set_queue(Label.PAUSE, state=QueueState.PAUSED, rule=rule).ok:
        return
    try:
        body = _job_body(ctx, "held")
        batch_id = _created_id(ctx.calls.other(Label.CREATE_HELD, OperationKind.CREATE_BATCH, body=body))
        if batch_id:
            ctx.calls.other(Label.CANCEL, OperationKind.CANCEL_BATCH, key=batch_id, flag="cancel")
            _watch_batch(ctx, Label.CANCELLED, batch_id, frozenset({JobState.CANCEL}), min(5.0, ctx.timeouts.callback))
    finally:
        ctx.set_queue(Label.RESUME, rule=rule)


def _job_body(ctx: ScenarioContext, label: str) -> bytes:
    return job_batch_body(
        name=f"{ctx.run_id}-{label}",
        source=ctx.profile.inputs[ctx.spec.feature].good,
        region=ctx.profile.region,
        bucket=ctx.profile.bucket,
        prefix=f"{ctx.profile.output_prefix}/{ctx.run_id}/{label}",
        queue_id=ctx.queue_id,
    )


def _created_id(response: ParsedExchange) -> str:
    batches = response.batch_answer.batches if response.ok else ()
    return (batches[0].job_id if batches else None) or ""


def _watch_batch(ctx: ScenarioContext, step: Label, batch_id: str, states: frozenset[JobState], within: float) -> None:
    """Describes a batch job until it is in one of the states, or for `within` seconds."""
    deadline = ctx.now() + within
    while True:
        batches = ctx.calls.other(step, OperationKind.DESCRIBE_BATCH, key=batch_id).batch_answer.batches
        if batches and (batches[0].state or "").strip() in states:
            return
        if ctx.now() >= deadline:
            ctx.record_event("expired", f"{step}: waited {within:.1f} s")
            return
        ctx.pause_thread(ctx.timeouts.poll)
