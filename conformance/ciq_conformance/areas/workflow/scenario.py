"""Scenario `workflow`: creates a workflow, runs it with XML and JSON callbacks and on a missing object, and deletes it.

The scenario deletes every workflow that it creates. When the profile does not declare workflows and the target rejects
the first request, the target does not offer workflows.
"""

from hashlib import sha256

from ciq_conformance.areas.workflow.labels import JSON_CHANNEL, XML_CHANNEL, Label
from ciq_conformance.areas.workflow.requests import WorkflowRequest
from ciq_conformance.driver.scenario_context import NotOffered, PreconditionFailed, ScenarioContext
from ciq_schemas.operations import OperationKind
from ciq_schemas.requirement import Capability
from ciq_schemas.transcript.parsed import ParsedExchange, describe_response

ENDED = frozenset({"Success", "Failed", "Cancel"})
_NO_SUCH_CALL = frozenset({405, 501})


def run(ctx: ScenarioContext) -> None:
    """Runs the scenario."""
    first = ctx.calls.other(Label.FIRST, OperationKind.LIST_WORKFLOWS, params={"pageNumber": "1", "pageSize": "1"})
    require_offered(ctx, first, Capability.WORKFLOW, "GET /workflow")
    request = workflow_request(ctx, "workflow", XML_CHANNEL)
    created = ctx.calls.other(Label.CREATE, OperationKind.CREATE_WORKFLOW, body=request.body())
    workflow_id = created.workflow.workflow_id if created.workflow is not None else None
    if not created.ok or not workflow_id:
        answer = describe_response(created)
        raise PreconditionFailed(f"the target answered POST /workflow with {answer} instead of a workflow")
    deleted = False
    try:
        _runs(ctx, workflow_id)
        _pause_and_activate(ctx, workflow_id)
        _send_invalid_requests(ctx, workflow_id)
        deleted = ctx.calls.other(Label.DELETE, OperationKind.DELETE_WORKFLOW, key=workflow_id).ok
        _list(ctx, Label.DELETED, workflow_id)
    finally:
        if not deleted:
            ctx.calls.other(Label.CLEAN, OperationKind.DELETE_WORKFLOW, key=workflow_id, insist=True)


def require_offered(ctx: ScenarioContext, response: ParsedExchange, capability: Capability, call: str) -> None:
    """Stops when the target rejects the call: as not offered, unless the profile declares the capability."""
    if response.ok:
        return
    answer = f"the target answered {call} with {describe_response(response)}"
    if ctx.profile.capabilities.get(capability) is not True and (
        response.refused or response.exchange.status in _NO_SUCH_CALL
    ):
        raise NotOffered(f"{answer}, so it does not offer it")
    raise PreconditionFailed(answer)


def workflow_request(ctx: ScenarioContext, label: str, channel: str = "") -> WorkflowRequest:
    """Returns a workflow whose name and outputs contain the run's id; with `channel` it has its own callback rule."""
    return WorkflowRequest(
        name=f"{ctx.run_id}-{label}",
        bucket=ctx.profile.bucket,
        region=ctx.profile.region,
        prefix=f"{ctx.profile.output_prefix}/{ctx.run_id}/{label}",
        queue_id=ctx.queue_id,
        url=ctx.receiver.address(ctx.channel(channel)) if channel else "",
        result_format=channel.upper() or "XML",
    )


def unknown_id(ctx: ScenarioContext, letter: str) -> str:
    """Returns an unused id in the form of the samples."""
    return letter + sha256(f"{ctx.run_id} {letter}".encode()).hexdigest()[:32]


def _runs(ctx: ScenarioContext, workflow_id: str) -> None:
    good = ctx.profile.inputs[ctx.spec.feature].good
    missing = ctx.profile.missing_input.replace("{run_id}", ctx.run_id)
    _list(ctx, Label.LISTED, workflow_id, unknown_id(ctx, "w"))
    run_id = _trigger(ctx, Label.TRIGGER, workflow_id, good)
    if not run_id:
        raise PreconditionFailed("the trigger started no run: its response has no InstanceId")
    _describe_until_ended(ctx, Label.WATCH, run_id)
    described = ctx.calls.other(Label.RUN, OperationKind.DESCRIBE_RUN, key=run_id)
    tasks = described.run.tasks if described.run is not None else ()
    ctx.look(Label.JOBS, [task.job_id for task in tasks if task.job_id])
    _wait_for_run_callback(ctx, XML_CHANNEL, run_id)
    request = workflow_request(ctx, "renamed", JSON_CHANNEL)
    ctx.calls.other(Label.UPDATE, OperationKind.UPDATE_WORKFLOW, key=workflow_id, body=request.body())
    _list(ctx, Label.UPDATED, workflow_id)
    if json_run := _trigger(ctx, Label.TRIGGER_JSON, workflow_id, good):
        _describe_until_ended(ctx, Label.WATCH_JSON, json_run)
        _wait_for_run_callback(ctx, JSON_CHANNEL, json_run)
    if failing := _trigger(ctx, Label.TRIGGER_MISSING, workflow_id, missing):
        _describe_until_ended(ctx, Label.WATCH_MISSING, failing)
    _list_runs(ctx, workflow_id)


def _trigger(ctx: ScenarioContext, step: Label, workflow_id: str, key: str) -> str:
    """Triggers the workflow and returns the id of the run; empty when the target started none."""
    params = {"workflowId": workflow_id, "object": key}
    response = ctx.calls.other(step, OperationKind.TRIGGER_WORKFLOW, params=params)
    return response.instance_id if response.ok else ""


def _describe_until_ended(ctx: ScenarioContext, step: Label, run_id: str) -> None:
    """Describes a run until it has ended or the time is over."""
    deadline = ctx.now() + 2 * ctx.timeouts.jobs(3)
    while True:
        run = ctx.calls.other(step, OperationKind.DESCRIBE_RUN, key=run_id).run
        if run is not None and (run.state or "").strip() in ENDED:
            return
        if ctx.now() >= deadline:
            ctx.record_event("expired", f"{step}: the run did not end in time")
            return
        ctx.pause_thread(ctx.timeouts.poll)


def _wait_for_run_callback(ctx: ScenarioContext, channel: str, run_id: str) -> None:
    name = ctx.channel(channel)

    def has_arrived() -> bool:
        return any(n.run is not None and n.run.run_id == run_id for n in ctx.receiver.arrivals(name))

    if not ctx.receiver.wait(has_arrived, ctx.timeouts.callback):
        ctx.record_event("expired", f"{channel}: no callback of the run arrived in time")


def _list(ctx: ScenarioContext, step: Label, *ids: str) -> None:
    params = {"ids": ",".join(ids), "pageNumber": "1", "pageSize": "10"}
    ctx.calls.other(step, OperationKind.LIST_WORKFLOWS, params=params)


def _list_runs(ctx: ScenarioContext, workflow_id: str) -> None:
    def list_runs(step: Label, **more: str) -> ParsedExchange:
        return ctx.calls.other(step, OperationKind.LIST_RUNS, params={"workflowId": workflow_id, **more})

    list_runs(Label.RUNS, size="100")
    list_runs(Label.RUNS_ASC, size="100", orderByTime="Asc")
    list_runs(Label.RUNS_SUCCESS, size="100", states="Success")
    list_runs(Label.RUNS_FAILED, size="100", states="Failed")
    token = ""
    for _ in range(6):
        token = (
            list_runs(Label.RUNS_PAGE, size="1", **({"nextToken": token} if token else {})).run_list.next_token or ""
        )
        if not token:
            return


def _pause_and_activate(ctx: ScenarioContext, workflow_id: str) -> None:
    for step, flag, list_step in (
        (Label.PAUSE, "paused", Label.PAUSED),
        (Label.ACTIVATE, "active", Label.ACTIVATED),
    ):
        ctx.calls.other(step, OperationKind.UPDATE_WORKFLOW, key=workflow_id, flag=flag)
        _list(ctx, list_step, workflow_id)


def _send_invalid_requests(ctx: ScenarioContext, workflow_id: str) -> None:
    """Sends requests that the pages forbid; deletes a workflow at once when the target creates it nevertheless."""
    request = workflow_request(ctx, "wrong")
    bodies = {
        Label.BAD_CREATE: request.body(topology=False),
        Label.BAD_STATE: request.body().replace(b"<State>Active</State>", b"<State>Sleeping</State>", 1),
        Label.LONG_NAME: request.body().replace(request.name.encode(), b"n" * 129, 1),
    }
    for step, body in bodies.items():
        created = ctx.calls.other(step, OperationKind.CREATE_WORKFLOW, body=body)
        if created.ok and created.workflow is not None and created.workflow.workflow_id:
            ctx.calls.other(Label.CLEAN, OperationKind.DELETE_WORKFLOW, key=created.workflow.workflow_id, insist=True)
    kind = OperationKind.TRIGGER_WORKFLOW
    ctx.calls.other(Label.TRIGGER_UNKNOWN, kind, params={"workflowId": unknown_id(ctx, "w"), "object": "in/x"})
    ctx.calls.other(Label.TRIGGER_NOTHING, kind, params={"workflowId": workflow_id})
    ctx.calls.other(Label.RUN_UNKNOWN, OperationKind.DESCRIBE_RUN, key=unknown_id(ctx, "i"))
