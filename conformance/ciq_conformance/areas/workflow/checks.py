"""Checks of the scenario `workflow`: create, list, update and delete a workflow (WFL-001 to 007, 024 to 026)."""

from lxml import etree

from ciq_conformance.areas.workflow import SPEC
from ciq_conformance.areas.workflow.labels import NODES, Label
from ciq_conformance.areas.workflow.runs import created, listed
from ciq_conformance.judge.evidence import Evidence
from ciq_conformance.judge.finding import Finding, deviates, holds
from ciq_conformance.judge.preconditions import (
    expect_rejections,
    expect_success,
    record_ids,
    require_response,
    require_responses,
    require_success,
    with_preconditions,
)
from ciq_conformance.judge.registry import Item, check, without_check
from ciq_schemas.transcript import raw
from ciq_schemas.transcript.parsed import describe_response

_ELEMENTS = ("Name", "WorkflowId", "State", "CreateTime", "UpdateTime")


@check("WFL-001", SPEC)
@with_preconditions
def create_returns_the_workflow(evidence: Evidence, item: Item) -> Finding:
    """Checks the response to POST /workflow."""
    expected = "HTTP 200 with MediaWorkflow: WorkflowId, Name and State as requested"
    response = expect_success(evidence, SPEC, Label.CREATE, expected)
    workflow = response.workflow
    if workflow is None or not raw.text(workflow.workflow_id):
        return deviates(
            expected, f"{describe_response(response)} without MediaWorkflow.WorkflowId", witness=record_ids(response)
        )
    name = raw.child_text(_requested(response.exchange.request_body.data), "Name")
    if workflow.name is not None and raw.text(workflow.name) != name:
        return deviates(f"Name {name}", f"Name {workflow.name}", witness=record_ids(response))
    if workflow.state is not None and raw.text(workflow.state) != "Active":
        return deviates("State Active", f"State {workflow.state}", witness=record_ids(response))
    return holds(f"workflow {workflow.workflow_id}", witness=record_ids(response))


@check("WFL-002", SPEC)
@with_preconditions
def workflow_is_listed(evidence: Evidence, item: Item) -> Finding:
    """Checks that the list by id contains the workflow with its documented elements."""
    response, workflow = listed(evidence, Label.LISTED)
    expected = f"an element of MediaWorkflowList with {', '.join(_ELEMENTS)} and Topology"
    if workflow is None:
        return deviates(expected, "the workflow is not listed", witness=record_ids(response))
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
        return deviates(expected, f"without {', '.join(missing)}", witness=record_ids(response))
    return holds(f"State {workflow.state}, {len(NODES)} nodes", witness=record_ids(response))


@check("WFL-003", SPEC)
@with_preconditions
def unknown_ids_are_returned(evidence: Evidence, item: Item) -> Finding:
    """Checks NonExistIDs of the list by one known and one unknown id."""
    _, workflow_id = created(evidence)
    response = require_success(evidence, SPEC, Label.LISTED)
    wanted = [i for i in (raw.query_value(response.exchange, "ids") or "").split(",") if i and i != workflow_id]
    given = [raw.text(i) for i in response.workflow_list.non_exist_ids]
    expected = f"NonExistIDs contains only {wanted[0]}"
    if sorted(given) != sorted(wanted):
        return deviates(expected, f"NonExistIDs: {', '.join(given) or 'none'}", witness=record_ids(response))
    return holds(f"NonExistIDs {given[0]}", witness=record_ids(response))


@check("WFL-004", SPEC)
@with_preconditions
def update_replaces_the_name(evidence: Evidence, item: Item) -> Finding:
    """Checks that the list after the update has the new name under the same id."""
    update = expect_success(evidence, SPEC, Label.UPDATE, "HTTP 200")
    name = raw.child_text(_requested(update.exchange.request_body.data), "Name")
    response, workflow = listed(evidence, Label.UPDATED)
    expected = f"Name {name} under the same id"
    if workflow is None:
        return deviates(expected, "the workflow is no longer listed", witness=record_ids(update, response))
    if raw.text(workflow.name) != name:
        return deviates(expected, f"Name {workflow.name}", witness=record_ids(update, response))
    return holds(f"Name {workflow.name}", witness=record_ids(update, response))


@check("WFL-005", SPEC)
@with_preconditions
def pause_and_activate_set_the_state(evidence: Evidence, item: Item) -> Finding:
    """Checks State in the lists after ?paused and after ?active."""
    witness: tuple[int, ...] = ()
    for step, list_step, state in ((Label.PAUSE, Label.PAUSED, "Paused"), (Label.ACTIVATE, Label.ACTIVATED, "Active")):
        switch = expect_success(evidence, SPEC, step, "HTTP 200")
        response, workflow = listed(evidence, list_step)
        witness = (*witness, *record_ids(switch, response))
        seen = "not listed" if workflow is None else f"State {workflow.state}"
        if workflow is None or raw.text(workflow.state) != state:
            return deviates(f"State {state}", seen, witness=record_ids(switch, response))
    return holds("Paused, then Active", witness=witness)


@check("WFL-006", SPEC)
@with_preconditions
def delete_returns_the_id(evidence: Evidence, item: Item) -> Finding:
    """Checks that the response to DELETE contains the workflow's id."""
    _, workflow_id = created(evidence)
    expected = f"HTTP 200 with WorkflowId {workflow_id}"
    response = expect_success(evidence, SPEC, Label.DELETE, expected)
    if response.deleted_id != workflow_id:
        return deviates(expected, f"WorkflowId {response.deleted_id or 'absent'}", witness=record_ids(response))
    return holds(f"WorkflowId {response.deleted_id}", witness=record_ids(response))


@check("WFL-007", SPEC)
@with_preconditions
def deleted_workflow_is_not_listed(evidence: Evidence, item: Item) -> Finding:
    """Checks that the list after DELETE does not contain the workflow."""
    delete = require_success(evidence, SPEC, Label.DELETE)
    _, workflow_id = created(evidence)
    response = require_response(evidence, SPEC, Label.DELETED)
    # An error response to the list also means that the workflow does not exist.
    if any(raw.text(w.workflow_id) == workflow_id for w in response.workflow_list.workflows):
        return deviates("not listed", "still listed", witness=record_ids(delete, response))
    return holds("not listed", witness=record_ids(delete, response))


@check("WFL-024", SPEC)
@with_preconditions
def invalid_workflow_is_rejected(evidence: Evidence, item: Item) -> Finding:
    """Checks that the target rejects POST /workflow without Topology, with an unknown State, and with a long name."""
    responses = require_responses(evidence, SPEC, Label.BAD_CREATE, Label.BAD_STATE, Label.LONG_NAME)
    return expect_rejections(responses, "4xx for each")


@check("WFL-025", SPEC)
@with_preconditions
def invalid_trigger_is_rejected(evidence: Evidence, item: Item) -> Finding:
    """Checks that the target rejects triggers of an unknown workflow and without an object."""
    return expect_rejections(
        require_responses(evidence, SPEC, Label.TRIGGER_UNKNOWN, Label.TRIGGER_NOTHING), "4xx for each"
    )


@check("WFL-026", SPEC)
@with_preconditions
def unknown_run_causes_no_server_error(evidence: Evidence, item: Item) -> Finding:
    """Checks that the description of an unknown run does not return a 5xx status."""
    response = require_response(evidence, SPEC, Label.RUN_UNKNOWN)
    if not response.exchange.status or response.exchange.status >= 500:
        return deviates("a status below 500", describe_response(response), witness=record_ids(response))
    return holds(describe_response(response), witness=record_ids(response))


def _requested(body: bytes) -> etree._Element | None:
    """Returns MediaWorkflow of a request body."""
    found = raw.children(raw.root_of(body), "MediaWorkflow")
    return found[0] if found else None


without_check("WFL-028", SPEC)
