"""Faults of workflows, their runs and callbacks, and of batch jobs."""

import re
from collections.abc import Callable
from xml.sax.saxutils import escape

from msgspec.structs import replace as changed

from ciq_mock.callback_rule import BodyFormat, Decision
from ciq_mock.delivery import CallbackDispatcher
from ciq_mock.delivery.host_queues import Subject
from ciq_mock.http.protocol import Answered
from ciq_mock.overrides import Override
from ciq_mock.service.call import NOTHING, Answer, Call
from ciq_mock.variants.edits import ChangeText, Tree, drop, put
from ciq_mock.variants.faults.callback_changes import sends_as, without_callback_for
from ciq_mock.variants.faults.fault import Fault
from ciq_mock.variants.middleware import (
    CallNext,
    Request,
    RequestLine,
    accepts_anyway,
    answers,
    changed_response,
    edited_callbacks,
    forgets,
    ignores_call,
    is_later_page,
    middleware_per_mock,
    reads_call_as,
    repeats_pages,
    with_body,
    with_query,
)
from ciq_mock.variants.mixins import in_delivery
from ciq_mock.workflow import Run
from ciq_schemas.operations import OperationKind as Kind

_BAD = 400
_RUN = "WorkflowExecution"
_START = re.compile(rb"<Start>([^<,]+),([^<]+)</Start>")


def answers_key_as(element: str) -> Callable[[Call], Answer]:
    """Returns an answer that contains only the request id and the key of the call."""

    def answer(call: Call) -> Answer:
        content = f"<RequestId>{call.request_id}</RequestId><{element}>{escape(call.key)}</{element}>"
        return Answer(f"<Response>{content}</Response>".encode())

    return answer


class _RepeatsFirstRun:
    """Answers every trigger of a workflow as the first one."""

    def __init__(self) -> None:
        self._first: dict[str, Answer] = {}

    def dispatch(self, request: Request, call_next: CallNext) -> Answer:
        """Answers one call."""
        answer = call_next(request)
        if request.kind is not Kind.TRIGGER_WORKFLOW:
            return answer
        return self._first.setdefault(request.call.query.get("workflowId") or "", answer)


def _without_last_node(root: Tree) -> None:
    for nodes in root.iterfind("MediaWorkflowList/Topology/Nodes"):
        if len(nodes):
            nodes.remove(nodes[-1])


def _second_node_starts_too(call: Call) -> Call:
    """Also names the successor of the first node in Start, so that it does not wait for the first node."""
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


def _empty_page(root: Tree) -> None:
    for name in ("WorkflowExecutionList", "NextToken"):
        drop(name)(root)


def _success_as_failed(root: Tree) -> None:
    for run in root.iterfind(_RUN):
        if {task.findtext("State") for task in run.iterfind("Tasks")} == {"Success"}:
            put("State", "Failed")(run)


def _is_run(subject: Subject) -> bool:
    return isinstance(subject, Run)


class _SkipsWorkflowCallbacks(CallbackDispatcher):
    """Sends no callback for workflow runs."""

    def carry_out(self, subject: Subject, decision: Decision) -> None:
        """Sends the callbacks of jobs."""
        if not _is_run(subject):
            super().carry_out(subject, decision)


def _first_task_for_all(root: Tree) -> None:
    ids = list(root.iterfind(f"{_RUN}/Tasks/JobId"))
    for job_id in ids[1:]:
        job_id.text = ids[0].text


def _filters_runs_by_batch(call: Call) -> bool:
    return call.query.get("jobId") is not None


def _filters_jobs_by_batch(call: Call) -> bool:
    return call.query.get("inventoryTriggerJobId") is not None


def _unknown_run_fails(line: RequestLine, answered: Answered) -> Answered:
    unknown = line.target.startswith("GET /workflowexecution/") and answered[0] >= _BAD
    return (500, answered[1], answered[2]) if unknown else answered


def _in_batch(path: str, text: str | ChangeText, *kinds: Kind) -> Override:
    return answers(put(f"JobsDetail/{path}", text), *kinds)


FAULTS = (
    Fault("workflow-made-paused", "WFL-001", "The response to creating an active workflow has State Paused.", answers(put("MediaWorkflow/State", "Paused"), Kind.CREATE_WORKFLOW)),
    Fault("last-node-unlisted", "WFL-002", "Lists of workflows omit the last node of a topology.", answers(_without_last_node, Kind.LIST_WORKFLOWS)),
    Fault("unknown-workflows-unnamed", "WFL-003", "NonExistIDs is never returned.", answers(drop("NonExistIDs"), Kind.LIST_WORKFLOWS)),
    Fault("workflow-name-cut-by-update", "WFL-004", "An update cuts the name of a workflow at twenty characters.", reads_call_as(lambda call: with_body(call, rb"<Name>([^<]{0,20})[^<]*</Name>", rb"<Name>\1</Name>") or call, Kind.UPDATE_WORKFLOW)),
    Fault("paused-workflow-looks-active", "WFL-005", "Lists show every workflow as Active.", answers(put("MediaWorkflowList/State", "Active"), Kind.LIST_WORKFLOWS)),
    Fault("deleted-workflow-unnamed", "WFL-006", "The response to deleting a workflow has no WorkflowId.", answers(drop("WorkflowId"), Kind.DELETE_WORKFLOW)),
    Fault("deleted-workflow-stays", "WFL-007", "A deleted workflow is still listed.", ignores_call(Kind.DELETE_WORKFLOW, answers_key_as("WorkflowId"))),
    Fault("second-trigger-names-first-run", "WFL-008", "Every trigger of a workflow returns its first run.", middleware_per_mock(_RepeatsFirstRun)),
    Fault("listed-run-without-time", "WFL-009", "Listed runs have no CreateTime.", answers(drop("WorkflowExecutionList/CreateTime"), Kind.LIST_RUNS)),
    Fault("run-of-other-workflow", "WFL-010", "A described run has the WorkflowId of no workflow.", answers(put(f"{_RUN}/WorkflowId", lambda text: text[:-4] + "beef"), Kind.DESCRIBE_RUN)),
    Fault("good-run-fails", "WFL-011", "A run whose tasks all succeeded shows Failed.", answers(_success_as_failed, Kind.DESCRIBE_RUN)),
    Fault("nodes-start-together", "WFL-012", "The second node does not wait for the first.", reads_call_as(_second_node_starts_too, Kind.CREATE_WORKFLOW, Kind.UPDATE_WORKFLOW)),
    Fault("second-branch-forgotten", "WFL-013", "Only the first of the nodes in Start has a task.", answers(_first_branch_only, Kind.DESCRIBE_RUN)),
    Fault("jobs-without-run", "WFL-014", "Jobs of a run have no Workflow element.", answers(drop("JobsDetail/Workflow"), Kind.DESCRIBE_JOB)),
    Fault("failed-run-succeeds", "WFL-015", "A run with a failed task shows Success.", answers(put(f"{_RUN}/State", lambda text: "Success" if text == "Failed" else text), Kind.DESCRIBE_RUN)),
    Fault("runs-without-callback", "WFL-016", "Runs have no callback.", in_delivery(_SkipsWorkflowCallbacks)),
    Fault("run-callback-repeats-task", "WFL-017", "The callback of a run shows the JobId of the first task for all tasks.", edited_callbacks(_first_task_for_all)),
    Fault("run-callbacks-in-xml", "WFL-018", "The callback of a run is XML, whatever its rule requests.", sends_as(BodyFormat.XML, _is_run)),
    Fault("run-callbacks-in-json", "WFL-018", "The callback of a run is JSON, whatever its rule requests.", sends_as(BodyFormat.JSON, _is_run)),
    Fault("run-tasks-without-callback", "WFL-019", "Jobs of a run have no callback.", without_callback_for(lambda job: job.origin is not None and bool(job.origin.run_id))),
    Fault("run-states-ignored", "WFL-021", "states is ignored in lists of runs.", reads_call_as(forgets("states"), Kind.LIST_RUNS)),
    Fault("run-pages-repeat", "WFL-022", "Each page of runs begins with the last run of the page before.", repeats_pages("WorkflowExecutionList", Kind.LIST_RUNS)),
    Fault("run-pages-stop", "WFL-022", "The second page of runs is empty.", answers(_empty_page, Kind.LIST_RUNS, when=is_later_page)),
    Fault("run-order-ignored", "WFL-023", "orderByTime is ignored in lists of runs.", reads_call_as(forgets("orderbytime"), Kind.LIST_RUNS)),
    Fault("workflow-state-taken", "WFL-024", "A workflow with an unknown State is accepted as Active.", accepts_anyway(lambda call: with_body(call, rb"<State>Sleeping</State>", b"<State>Active</State>"), Kind.CREATE_WORKFLOW)),
    Fault("long-workflow-name-taken", "WFL-024", "A workflow name of 129 letters is truncated and accepted.", accepts_anyway(lambda call: with_body(call, rb"<Name>(n{100})n*</Name>", rb"<Name>\1</Name>"), Kind.CREATE_WORKFLOW)),
    Fault("trigger-of-nothing-taken", "WFL-025", "A trigger without object starts a run.", accepts_anyway(lambda call: with_query(call, object="in/any.mp4"), Kind.TRIGGER_WORKFLOW)),
    Fault("unknown-run-breaks", "WFL-026", "Describe of an unknown run returns 500.", changed_response(_unknown_run_fails)),
    Fault("batch-state-of-own", "BAT-001", "A new batch job is Waiting.", _in_batch("State", "Waiting", Kind.CREATE_BATCH)),
    Fault("batch-name-cut", "BAT-002", "Described batch jobs show eight characters of their name.", _in_batch("Name", lambda text: text[:8], Kind.DESCRIBE_BATCH)),
    Fault("unknown-batch-unnamed", "BAT-003", "Describe of an unknown batch job has no NonExistJobIds.", answers(drop("NonExistJobIds"), Kind.DESCRIBE_BATCH)),
    Fault("batch-filters-ignored", "BAT-004", "type and name are ignored in lists of batch jobs.", reads_call_as(forgets("type", "name"), Kind.LIST_BATCHES)),
    Fault("batch-runs-unlisted", "BAT-005", "Lists of runs by batch job are empty.", answers(drop("WorkflowExecutionList"), Kind.LIST_RUNS, when=_filters_runs_by_batch)),
    Fault("batch-never-ends", "BAT-006", "A batch job whose runs have ended shows Running.", _in_batch("State", lambda text: "Running" if text == "Success" else text, Kind.DESCRIBE_BATCH)),
    Fault("batch-loses-user-data", "BAT-007", "Lists of jobs by batch job have no UserData.", answers(drop("JobsDetail/Operation/UserData"), Kind.LIST_JOBS, when=_filters_jobs_by_batch)),
    Fault("batch-cancel-ignored", "BAT-008", "Cancel of a batch job returns 200 and does nothing.", ignores_call(Kind.CANCEL_BATCH, lambda _call: NOTHING)),
    Fault("nameless-batch-taken", "BAT-009", "A batch job without Name is accepted.", accepts_anyway(lambda call: with_body(call, rb"<Request>(?!<Name>)", b"<Request><Name>any</Name>"), Kind.CREATE_BATCH)),
)  # fmt: skip
