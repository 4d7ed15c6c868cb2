"""Scenario `workflow`: make one, run it on an object in both callback forms and on a missing one, list, switch, delete.

Whatever was made is deleted. Where nobody declares that the target has workflows, its refusal of the first call means
that it has none.
"""

from hashlib import sha256

from ciq_conformance.driver.stage import Broken, Stage, Unsupported, describe_reply
from ciq_conformance.driver.workflow_orders import WorkflowOrder
from ciq_conformance.steps.workflow import JSON_CHANNEL, XML_CHANNEL, Step
from ciq_schemas.operations import OperationKind
from ciq_schemas.requirement import Capability
from ciq_schemas.transcript.parsed import ParsedExchange

ENDED = frozenset({"Success", "Failed", "Cancel"})
_NO_SUCH_CALL = frozenset({405, 501})


def play(stage: Stage) -> None:
    """Play the scenario."""
    first = stage.calls.other(Step.FIRST, OperationKind.LIST_WORKFLOWS, params={"pageNumber": "1", "pageSize": "1"})
    need_offered(stage, first, Capability.WORKFLOW, "GET /workflow")
    order = workflow_order(stage, "workflow", XML_CHANNEL)
    created = stage.calls.other(Step.CREATE, OperationKind.CREATE_WORKFLOW, body=order.body())
    workflow_id = created.workflow.workflow_id if created.workflow is not None else None
    if not created.ok or not workflow_id:
        raise Broken(f"POST /workflow answered {describe_reply(created)} instead of a workflow")
    deleted = False
    try:
        _runs(stage, workflow_id)
        _switch(stage, workflow_id)
        _wrong(stage, workflow_id)
        deleted = stage.calls.other(Step.DELETE, OperationKind.DELETE_WORKFLOW, key=workflow_id).ok
        _list(stage, Step.DELETED, workflow_id)
    finally:
        if not deleted:
            stage.calls.other(Step.CLEAN, OperationKind.DELETE_WORKFLOW, key=workflow_id, insist=True)


def need_offered(stage: Stage, reply: ParsedExchange, capability: Capability, call: str) -> None:
    """Stop where the target does not have this call: not offered, unless somebody declared that it is."""
    if reply.ok:
        return
    answer = f"{call} answered {describe_reply(reply)}"
    if stage.profile.capabilities.get(capability) is not True and (
        reply.refused or reply.exchange.status in _NO_SUCH_CALL
    ):
        raise Unsupported(f"{answer}: the target does not offer it")
    raise Broken(answer)


def workflow_order(stage: Stage, label: str, channel: str = "") -> WorkflowOrder:
    """A workflow whose name and outputs bear the run's id; with a channel it has a callback rule of its own."""
    return WorkflowOrder(
        name=f"{stage.run_id}-{label}",
        bucket=stage.profile.bucket,
        region=stage.profile.region,
        prefix=f"{stage.profile.output_prefix}/{stage.run_id}/{label}",
        queue_id=stage.queue_id,
        url=stage.receiver.address(stage.channel(channel)) if channel else "",
        result_format=channel.upper() or "XML",
    )


def unknown_id(stage: Stage, letter: str) -> str:
    """An id in the form of the samples that nothing has."""
    return letter + sha256(f"{stage.run_id} {letter}".encode()).hexdigest()[:32]


def _runs(stage: Stage, workflow_id: str) -> None:
    good = stage.profile.inputs[stage.spec.feature].good
    missing = stage.profile.missing_input.replace("{run_id}", stage.run_id)
    _list(stage, Step.LISTED, workflow_id, unknown_id(stage, "w"))
    run_id = _trigger(stage, Step.TRIGGER, workflow_id, good)
    if not run_id:
        raise Broken("the trigger started no run: its answer names no InstanceId")
    _follow(stage, Step.WATCH, run_id)
    described = stage.calls.other(Step.RUN, OperationKind.DESCRIBE_RUN, key=run_id)
    tasks = described.run.tasks if described.run is not None else ()
    stage.look(Step.JOBS, [task.job_id for task in tasks if task.job_id])
    _wait_told(stage, XML_CHANNEL, run_id)
    order = workflow_order(stage, "renamed", JSON_CHANNEL)
    stage.calls.other(Step.UPDATE, OperationKind.UPDATE_WORKFLOW, key=workflow_id, body=order.body())
    _list(stage, Step.UPDATED, workflow_id)
    if json_run := _trigger(stage, Step.TRIGGER_JSON, workflow_id, good):
        _follow(stage, Step.WATCH_JSON, json_run)
        _wait_told(stage, JSON_CHANNEL, json_run)
    if failing := _trigger(stage, Step.TRIGGER_MISSING, workflow_id, missing):
        _follow(stage, Step.WATCH_MISSING, failing)
    _list_runs(stage, workflow_id)


def _trigger(stage: Stage, step: Step, workflow_id: str, key: str) -> str:
    """Id of the run, "" where none was started."""
    params = {"workflowId": workflow_id, "object": key}
    reply = stage.calls.other(step, OperationKind.TRIGGER_WORKFLOW, params=params)
    return reply.instance_id if reply.ok else ""


def _follow(stage: Stage, step: Step, run_id: str) -> None:
    """Look at a run until it has ended."""
    deadline = stage.now() + 2 * stage.patience.jobs(3)
    while True:
        run = stage.calls.other(step, OperationKind.DESCRIBE_RUN, key=run_id).run
        if run is not None and (run.state or "").strip() in ENDED:
            return
        if stage.now() >= deadline:
            stage.mark("expired", f"{step}: the run did not end in time")
            return
        stage.pause_thread(stage.patience.poll)


def _wait_told(stage: Stage, channel: str, run_id: str) -> None:
    name = stage.channel(channel)

    def told() -> bool:
        return any(n.run is not None and n.run.run_id == run_id for n in stage.receiver.arrivals(name))

    if not stage.receiver.wait(told, stage.patience.callback):
        stage.mark("expired", f"{channel}: no callback of the run came in time")


def _list(stage: Stage, step: Step, *ids: str) -> None:
    params = {"ids": ",".join(ids), "pageNumber": "1", "pageSize": "10"}
    stage.calls.other(step, OperationKind.LIST_WORKFLOWS, params=params)


def _list_runs(stage: Stage, workflow_id: str) -> None:
    def ask(step: Step, **more: str) -> ParsedExchange:
        return stage.calls.other(step, OperationKind.LIST_RUNS, params={"workflowId": workflow_id, **more})

    ask(Step.RUNS, size="100")
    ask(Step.RUNS_ASC, size="100", orderByTime="Asc")
    ask(Step.RUNS_SUCCESS, size="100", states="Success")
    ask(Step.RUNS_FAILED, size="100", states="Failed")
    token = ""
    for _ in range(6):
        token = ask(Step.RUNS_PAGE, size="1", **({"nextToken": token} if token else {})).run_list.next_token or ""
        if not token:
            return


def _switch(stage: Stage, workflow_id: str) -> None:
    for step, flag, look in (
        (Step.PAUSE, "paused", Step.PAUSED),
        (Step.ACTIVATE, "active", Step.ACTIVATED),
    ):
        stage.calls.other(step, OperationKind.UPDATE_WORKFLOW, key=workflow_id, flag=flag)
        _list(stage, look, workflow_id)


def _wrong(stage: Stage, workflow_id: str) -> None:
    """Requests that the pages rule out; a workflow that is made of one all the same is deleted at once."""
    order = workflow_order(stage, "wrong")
    bodies = {
        Step.BAD_CREATE: order.body(topology=False),
        Step.BAD_STATE: order.body().replace(b"<State>Active</State>", b"<State>Sleeping</State>", 1),
        Step.LONG_NAME: order.body().replace(order.name.encode(), b"n" * 129, 1),
    }
    for step, body in bodies.items():
        made = stage.calls.other(step, OperationKind.CREATE_WORKFLOW, body=body)
        if made.ok and made.workflow is not None and made.workflow.workflow_id:
            stage.calls.other(Step.CLEAN, OperationKind.DELETE_WORKFLOW, key=made.workflow.workflow_id, insist=True)
    kind = OperationKind.TRIGGER_WORKFLOW
    stage.calls.other(Step.TRIGGER_UNKNOWN, kind, params={"workflowId": unknown_id(stage, "w"), "object": "in/x"})
    stage.calls.other(Step.TRIGGER_NOTHING, kind, params={"workflowId": workflow_id})
    stage.calls.other(Step.RUN_UNKNOWN, OperationKind.DESCRIBE_RUN, key=unknown_id(stage, "i"))
