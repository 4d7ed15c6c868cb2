"""Faults of workflows, their runs and callbacks, and of batch jobs."""

import re
from collections.abc import Callable
from xml.sax.saxutils import escape

from msgspec.structs import replace as changed

from ciq_mock.callback_rule import BodyFormat, Decision, Destination
from ciq_mock.delivery import CallbackDispatcher
from ciq_mock.delivery.url_queues import Subject
from ciq_mock.http.app import Handle
from ciq_mock.http.protocol import Answered
from ciq_mock.overrides import Override
from ciq_mock.running import RunningMock
from ciq_mock.service.call import NOTHING, Answer, Call
from ciq_mock.variants.faults.callbacks import without_callback_for
from ciq_mock.variants.faults.fault import Fault, in_delivery
from ciq_mock.variants.middleware import (
    Tree,
    accepts_anyway,
    answers,
    changed_response,
    drop,
    edited_callbacks,
    forgets,
    later_page,
    put,
    reads_call_as,
    repeats_pages,
    with_body,
    with_query,
)
from ciq_mock.workflow import Run
from ciq_schemas.operations import HttpOperation
from ciq_schemas.operations import OperationKind as Kind

_BAD = 400
_RUN = "WorkflowExecution"
_START = re.compile(rb"<Start>([^<,]+),([^<]+)</Start>")


def not_done(kind: Kind, said: Callable[[Call], Answer]) -> Override:
    """A call that is answered and not carried out."""

    def override(_mock: RunningMock, handle: Handle) -> Handle:
        def wrapped(operation: HttpOperation, call: Call) -> Answer:
            return said(call) if operation.kind is kind else handle(operation, call)

        return wrapped

    return Override(handle=override)


def named_only(element: str) -> Callable[[Call], Answer]:
    """An answer that holds the key under a name and nothing else."""

    def said(call: Call) -> Answer:
        inside = f"<RequestId>{call.request_id}</RequestId><{element}>{escape(call.key)}</{element}>"
        return Answer(f"<Response>{inside}</Response>".encode())

    return said


def _first_run_again() -> Override:
    """Every trigger of a workflow names the run of the first."""

    def override(_mock: RunningMock, handle: Handle) -> Handle:
        first: dict[str, Answer] = {}

        def wrapped(operation: HttpOperation, call: Call) -> Answer:
            answer = handle(operation, call)
            if operation.kind is not Kind.TRIGGER_WORKFLOW:
                return answer
            return first.setdefault(call.query.get("workflowId") or "", answer)

        return wrapped

    return Override(handle=override)


def _without_last_node(root: Tree) -> None:
    for nodes in root.iterfind("MediaWorkflowList/Topology/Nodes"):
        if len(nodes):
            nodes.remove(nodes[-1])


def _start_names_all(call: Call) -> Call:
    """What follows the first node also stands in Start, so that it waits for nothing."""
    found = _START.search(call.body)
    after = found and re.search(rb"<" + found[1] + rb">([^<]*)</" + found[1] + rb">", call.body)
    if not found or not after:
        return call
    alone = call.body.replace(after[0], b"<" + found[1] + b">End</" + found[1] + b">", 1)
    return changed(call, body=alone.replace(found[0], found[0][:-8] + b"," + after[1] + b"</Start>", 1))


def _first_branch_only(root: Tree) -> None:
    for run in root.iterfind(_RUN):
        _, *others = (run.findtext("Topology/Dependencies/Start") or "").split(",")
        for task in list(run.iterfind("Tasks")):
            if task.findtext("Name") in others:
                run.remove(task)


def _nothing_more(root: Tree) -> None:
    for name in ("WorkflowExecutionList", "NextToken"):
        drop(name)(root)


def _failed_by_name(root: Tree) -> None:
    for run in root.iterfind(_RUN):
        if {task.findtext("State") for task in run.iterfind("Tasks")} == {"Success"}:
            put("State", "Failed")(run)


class _SkipsWorkflowCallbacks(CallbackDispatcher):
    def carry_out(self, subject: Subject, decision: Decision) -> None:
        """Tell of jobs only."""
        if not isinstance(subject, Run):
            super().carry_out(subject, decision)


def _runs_told_in(form: BodyFormat) -> Override:
    class Told(CallbackDispatcher):
        """Tells of runs in one form."""

        def carry_out(self, subject: Subject, decision: Decision) -> None:
            """Tell of a run otherwise than its rule says."""
            if isinstance(subject, Run) and isinstance(decision, Destination):
                decision = Destination(url=decision.url, format=form, reason="a fault")
            super().carry_out(subject, decision)

    return in_delivery(Told)


def _first_task_for_all(root: Tree) -> None:
    ids = list(root.iterfind(f"{_RUN}/Tasks/JobId"))
    for job_id in ids[1:]:
        job_id.text = ids[0].text


def _asks_for_batch(call: Call) -> bool:
    return call.query.get("jobId") is not None


def _of_batch(call: Call) -> bool:
    return call.query.get("inventoryTriggerJobId") is not None


def _unknown_run_breaks(asked: str, _query: dict[str, str], answered: Answered) -> Answered:
    unknown = asked.startswith("GET /workflowexecution/") and answered[0] >= _BAD
    return (500, answered[1], answered[2]) if unknown else answered


def _of_batches(path: str, text: str | Callable[[str], str], *kinds: Kind) -> Override:
    return answers(put(f"JobsDetail/{path}", text), *kinds)


FAULTS = (
    Fault("workflow-made-paused", "WFL-001", "The response to making an active workflow says Paused.", answers(put("MediaWorkflow/State", "Paused"), Kind.CREATE_WORKFLOW)),
    Fault("last-node-unlisted", "WFL-002", "The list leaves out the last node of a topology.", answers(_without_last_node, Kind.LIST_WORKFLOWS)),
    Fault("unknown-workflows-unnamed", "WFL-003", "NonExistIDs never comes.", answers(drop("NonExistIDs"), Kind.LIST_WORKFLOWS)),
    Fault("workflow-name-cut-by-update", "WFL-004", "An update cuts the name at twenty characters.", reads_call_as(lambda call: with_body(call, rb"<Name>([^<]{0,20})[^<]*</Name>", rb"<Name>\1</Name>") or call, Kind.UPDATE_WORKFLOW)),
    Fault("paused-workflow-looks-active", "WFL-005", "The list shows every workflow as Active.", answers(put("MediaWorkflowList/State", "Active"), Kind.LIST_WORKFLOWS)),
    Fault("deleted-workflow-unnamed", "WFL-006", "The response to deleting a workflow has no WorkflowId.", answers(drop("WorkflowId"), Kind.DELETE_WORKFLOW)),
    Fault("deleted-workflow-stays", "WFL-007", "A deleted workflow is listed as before.", not_done(Kind.DELETE_WORKFLOW, named_only("WorkflowId"))),
    Fault("second-trigger-names-first-run", "WFL-008", "Every trigger of a workflow names its first run.", _first_run_again()),
    Fault("listed-run-without-time", "WFL-009", "Listed runs have no CreateTime.", answers(drop("WorkflowExecutionList/CreateTime"), Kind.LIST_RUNS)),
    Fault("run-of-other-workflow", "WFL-010", "A described run names a workflow that is none.", answers(put(f"{_RUN}/WorkflowId", lambda text: text[:-4] + "beef"), Kind.DESCRIBE_RUN)),
    Fault("good-run-fails", "WFL-011", "A run whose tasks all went well shows Failed.", answers(_failed_by_name, Kind.DESCRIBE_RUN)),
    Fault("nodes-start-together", "WFL-012", "A node does not wait for the one before it.", reads_call_as(_start_names_all, Kind.CREATE_WORKFLOW, Kind.UPDATE_WORKFLOW)),
    Fault("second-branch-forgotten", "WFL-013", "Of the nodes that Start names only the first has a task.", answers(_first_branch_only, Kind.DESCRIBE_RUN)),
    Fault("jobs-without-run", "WFL-014", "Jobs of a run do not name it.", answers(drop("JobsDetail/Workflow"), Kind.DESCRIBE_JOB)),
    Fault("failed-run-succeeds", "WFL-015", "A run with a failed task shows Success.", answers(put(f"{_RUN}/State", lambda text: "Success" if text == "Failed" else text), Kind.DESCRIBE_RUN)),
    Fault("runs-untold", "WFL-016", "The end of a run is not called back.", in_delivery(_SkipsWorkflowCallbacks)),
    Fault("run-callback-repeats-task", "WFL-017", "The callback of a run gives all tasks the JobId of the first.", edited_callbacks(_first_task_for_all)),
    Fault("runs-told-in-xml", "WFL-018", "The callback of a run is XML, whatever its rule says.", _runs_told_in(BodyFormat.XML)),
    Fault("runs-told-in-json", "WFL-018", "The callback of a run is JSON, whatever its rule says.", _runs_told_in(BodyFormat.JSON)),
    Fault("tasks-of-runs-untold", "WFL-019", "Jobs of a run have no callback.", without_callback_for(lambda job: job.origin is not None and bool(job.origin.run_id))),
    Fault("run-states-ignored", "WFL-021", "states does not count in lists of runs.", reads_call_as(forgets("states"), Kind.LIST_RUNS)),
    Fault("run-pages-repeat", "WFL-022", "The next page of runs begins with the last run of the one before.", repeats_pages("WorkflowExecutionList", Kind.LIST_RUNS)),
    Fault("run-pages-stop", "WFL-022", "The second page of runs is empty.", answers(_nothing_more, Kind.LIST_RUNS, when=later_page)),
    Fault("run-order-ignored", "WFL-023", "orderByTime does not count in lists of runs.", reads_call_as(forgets("orderbytime"), Kind.LIST_RUNS)),
    Fault("workflow-state-taken", "WFL-024", "A workflow of an unknown State is taken as Active.", accepts_anyway(lambda call: with_body(call, rb"<State>Sleeping</State>", b"<State>Active</State>"), Kind.CREATE_WORKFLOW)),
    Fault("long-workflow-name-taken", "WFL-024", "A workflow's name of 129 letters is cut and taken.", accepts_anyway(lambda call: with_body(call, rb"<Name>(n{100})n*</Name>", rb"<Name>\1</Name>"), Kind.CREATE_WORKFLOW)),
    Fault("trigger-of-nothing-taken", "WFL-025", "A trigger without object runs on some object.", accepts_anyway(lambda call: with_query(call, object="in/any.mp4"), Kind.TRIGGER_WORKFLOW)),
    Fault("unknown-run-breaks", "WFL-026", "Describe of an unknown run answers 500.", changed_response(_unknown_run_breaks)),
    Fault("batch-state-of-own", "BAT-001", "A new batch job is Waiting.", _of_batches("State", "Waiting", Kind.CREATE_BATCH)),
    Fault("batch-name-cut", "BAT-002", "Described batch jobs show eight characters of their name.", _of_batches("Name", lambda text: text[:8], Kind.DESCRIBE_BATCH)),
    Fault("unknown-batch-unnamed", "BAT-003", "Describe of an unknown batch job does not name it.", answers(drop("NonExistJobIds"), Kind.DESCRIBE_BATCH)),
    Fault("batch-filters-ignored", "BAT-004", "type and name do not count in lists of batch jobs.", reads_call_as(forgets("type", "name"), Kind.LIST_BATCHES)),
    Fault("batch-runs-unlisted", "BAT-005", "No run is listed under its batch job.", answers(drop("WorkflowExecutionList"), Kind.LIST_RUNS, when=_asks_for_batch)),
    Fault("batch-never-ends", "BAT-006", "A batch job whose runs have ended stays Running.", _of_batches("State", lambda text: "Running" if text == "Success" else text, Kind.DESCRIBE_BATCH)),
    Fault("batch-loses-user-data", "BAT-007", "Jobs listed under a batch job have no UserData.", answers(drop("JobsDetail/Operation/UserData"), Kind.LIST_JOBS, when=_of_batch)),
    Fault("batch-cancel-ignored", "BAT-008", "Cancel of a batch job answers 200 and does nothing.", not_done(Kind.CANCEL_BATCH, lambda _call: NOTHING)),
    Fault("nameless-batch-taken", "BAT-009", "A batch job without Name is accepted.", accepts_anyway(lambda call: with_body(call, rb"<Request>(?!<Name>)", b"<Request><Name>any</Name>"), Kind.CREATE_BATCH)),
)  # fmt: skip
