"""Checks of the scenario `workflow`: making, listing, changing and deleting (WFL-001 to 007, 024 to 026)."""

from lxml import etree

from ciq_conformance.checks.premise import accepted, asked, granted, premised, refusals, said, seq
from ciq_conformance.checks.premise import made as all_made
from ciq_conformance.checks.workflow_story import HERE, listed, made
from ciq_conformance.judge.evidence import Evidence
from ciq_conformance.judge.finding import Finding, deviates, holds
from ciq_conformance.judge.registry import Item, check
from ciq_conformance.steps.workflow import NODES, Step
from ciq_schemas.transcript import raw

_ELEMENTS = ("Name", "WorkflowId", "State", "CreateTime", "UpdateTime")


@check("WFL-001")
@premised
def workflow_is_made(evidence: Evidence, item: Item) -> Finding:
    """The answer to POST /workflow."""
    expected = "HTTP 200 with MediaWorkflow: WorkflowId, Name and State as asked"
    reply = accepted(evidence, HERE, Step.CREATE, expected)
    workflow = reply.workflow
    if workflow is None or not raw.text(workflow.workflow_id):
        return deviates(expected, f"{said(reply)} without MediaWorkflow.WorkflowId", witness=seq(reply))
    name = raw.child_text(_requested(reply.exchange.request_body.data), "Name")
    if workflow.name is not None and raw.text(workflow.name) != name:
        return deviates(f"Name {name}", f"Name {workflow.name}", witness=seq(reply))
    if workflow.state is not None and raw.text(workflow.state) != "Active":
        return deviates("State Active", f"State {workflow.state}", witness=seq(reply))
    return holds(f"workflow {workflow.workflow_id}", witness=seq(reply))


@check("WFL-002")
@premised
def workflow_is_listed(evidence: Evidence, item: Item) -> Finding:
    """The list that asks for it by id."""
    reply, workflow = listed(evidence, Step.LISTED)
    expected = f"an element of MediaWorkflowList with {', '.join(_ELEMENTS)} and Topology"
    if workflow is None:
        return deviates(expected, "the workflow is not listed", witness=seq(reply))
    given = dict(
        zip(
            _ELEMENTS,
            (workflow.name, workflow.workflow_id, workflow.state, workflow.create_time, workflow.update_time),
            strict=True,
        )
    )
    missing = [name for name, text in given.items() if not raw.text(text)]
    nodes = workflow.topology.containers.get("Nodes") if workflow.topology is not None else None
    shown = set(nodes) if isinstance(nodes, dict) else set()
    missing += [f"Topology.Nodes.{name}" for name in NODES if name not in shown]
    if missing:
        return deviates(expected, f"without {', '.join(missing)}", witness=seq(reply))
    return holds(f"State {workflow.state}, {len(NODES)} nodes", witness=seq(reply))


@check("WFL-003")
@premised
def unknown_workflow_is_named(evidence: Evidence, item: Item) -> Finding:
    """NonExistIDs of the list that asks for one known and one unknown id."""
    _, workflow_id = made(evidence)
    reply = granted(evidence, HERE, Step.LISTED)
    wanted = [i for i in (raw.query_value(reply.exchange, "ids") or "").split(",") if i and i != workflow_id]
    given = [raw.text(i) for i in reply.workflow_list.non_exist_ids]
    expected = f"NonExistIDs names {wanted[0]} and nothing else"
    if sorted(given) != sorted(wanted):
        return deviates(expected, f"NonExistIDs: {', '.join(given) or 'none'}", witness=seq(reply))
    return holds(f"NonExistIDs {given[0]}", witness=seq(reply))


@check("WFL-004")
@premised
def update_replaces(evidence: Evidence, item: Item) -> Finding:
    """The list after the update."""
    update = accepted(evidence, HERE, Step.UPDATE, "HTTP 200")
    name = raw.child_text(_requested(update.exchange.request_body.data), "Name")
    reply, workflow = listed(evidence, Step.UPDATED)
    expected = f"Name {name} under the same id"
    if workflow is None:
        return deviates(expected, "the workflow is not listed any more", witness=seq(update, reply))
    if raw.text(workflow.name) != name:
        return deviates(expected, f"Name {workflow.name}", witness=seq(update, reply))
    return holds(f"Name {workflow.name}", witness=seq(update, reply))


@check("WFL-005")
@premised
def switches(evidence: Evidence, item: Item) -> Finding:
    """The lists after ?paused and ?active."""
    witness: tuple[int, ...] = ()
    for step, look, state in ((Step.PAUSE, Step.PAUSED, "Paused"), (Step.ACTIVATE, Step.ACTIVATED, "Active")):
        switch = accepted(evidence, HERE, step, "HTTP 200")
        reply, workflow = listed(evidence, look)
        witness = (*witness, *seq(switch, reply))
        seen = "not listed" if workflow is None else f"State {workflow.state}"
        if workflow is None or raw.text(workflow.state) != state:
            return deviates(f"State {state}", seen, witness=seq(switch, reply))
    return holds("Paused, then Active", witness=witness)


@check("WFL-006")
@premised
def deleting_names_it(evidence: Evidence, item: Item) -> Finding:
    """The answer to DELETE."""
    _, workflow_id = made(evidence)
    expected = f"HTTP 200 with WorkflowId {workflow_id}"
    reply = accepted(evidence, HERE, Step.DELETE, expected)
    if reply.deleted_id != workflow_id:
        return deviates(expected, f"WorkflowId {reply.deleted_id or 'absent'}", witness=seq(reply))
    return holds(f"WorkflowId {reply.deleted_id}", witness=seq(reply))


@check("WFL-007")
@premised
def deleted_is_gone(evidence: Evidence, item: Item) -> Finding:
    """The list after DELETE."""
    delete = granted(evidence, HERE, Step.DELETE)
    _, workflow_id = made(evidence)
    reply = asked(evidence, HERE, Step.DELETED)
    # An error in place of a list says as well that there is no such workflow.
    if any(raw.text(w.workflow_id) == workflow_id for w in reply.workflow_list.workflows):
        return deviates("not listed", "still listed", witness=seq(delete, reply))
    return holds("not listed", witness=seq(delete, reply))


@check("WFL-024")
@premised
def bad_workflow_is_refused(evidence: Evidence, item: Item) -> Finding:
    """Answers to POST /workflow without Topology, with an unknown State, with a name too long."""
    replies = all_made(evidence, HERE, Step.BAD_CREATE, Step.BAD_STATE, Step.LONG_NAME)
    return refusals(replies, "4xx for each")


@check("WFL-025")
@premised
def senseless_trigger_is_refused(evidence: Evidence, item: Item) -> Finding:
    """Answers to triggers of nothing."""
    return refusals(all_made(evidence, HERE, Step.TRIGGER_UNKNOWN, Step.TRIGGER_NOTHING), "4xx for each")


@check("WFL-026")
@premised
def unknown_run_is_no_crash(evidence: Evidence, item: Item) -> Finding:
    """The answer to describing a run that there is not."""
    reply = asked(evidence, HERE, Step.RUN_UNKNOWN)
    if not reply.exchange.status or reply.exchange.status >= 500:
        return deviates("an answer below 500", said(reply), witness=seq(reply))
    return holds(said(reply), witness=seq(reply))


def _requested(body: bytes) -> etree._Element | None:
    """MediaWorkflow of a request that the suite sent."""
    found = raw.children(raw.root_of(body), "MediaWorkflow")
    return found[0] if found else None
