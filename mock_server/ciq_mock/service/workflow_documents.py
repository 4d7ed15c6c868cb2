"""Writes workflows and runs as documents.

The pages have three forms of times: workflows like jobs, runs with a colon in the zone, callbacks with a space.

Source: 1045/43733, 1045/50339, 436/50854, 436/50855, 436/48042, 1045/50341.
"""

from collections.abc import Callable, Sequence
from urllib.parse import quote

from ciq_mock.callback_rule import WORKFLOW_FINISH, BodyFormat
from ciq_mock.results import written_by
from ciq_mock.results.echo import plain, text
from ciq_mock.service import times
from ciq_mock.service.call import Answer, Call
from ciq_mock.workflow import Page, Run, Task, Workflow
from ciq_schemas.codec import Document, encode, encode_callback_json
from ciq_schemas.lifecycle import JobState

Written = Callable[[float | None], str]


def answered(call: Call, workflow: Workflow) -> Answer:
    """Return the answer to creating and updating."""
    value = {"RequestId": call.request_id, "MediaWorkflow": _workflow(workflow)}
    return Answer(encode(Document.WORKFLOW_ANSWER, value))


def listed(
    call: Call, workflows: Sequence[Workflow], *, total: int, page: int, size: int, unknown: Sequence[str]
) -> Answer:
    """Return a page of workflows."""
    value = {
        "RequestId": call.request_id,
        "TotalCount": str(total),
        "PageNumber": str(page),
        "PageSize": str(size),
        "MediaWorkflowList": [_workflow(workflow) for workflow in workflows],
        "NonExistIDs": list(unknown),
    }
    return Answer(encode(Document.WORKFLOW_LIST, value))


def deleted(call: Call, workflow: Workflow) -> Answer:
    """Return the answer to deleting."""
    return Answer(encode(Document.WORKFLOW_DELETED, {"RequestId": call.request_id, "WorkflowId": workflow.id}))


def triggered(call: Call, run: Run) -> Answer:
    """Return the answer to a trigger."""
    return Answer(encode(Document.WORKFLOW_TRIGGERED, {"RequestId": call.request_id, "InstanceId": run.id}))


def runs(call: Call, page: Page[Run]) -> Answer:
    """Return a page of runs; the last page has no NextToken."""
    value = {
        "RequestId": call.request_id,
        "WorkflowExecutionList": [
            {
                "RunId": run.id,
                "WorkflowId": run.workflow.id,
                "Object": run.object,
                "CreateTime": times.written_with_colon(run.created),
                "State": run.state.value,
            }
            for run in page.records
        ],
        "NextToken": page.next_token,
    }
    return Answer(encode(Document.RUN_LIST, value))


def run(call: Call, run: Run) -> Answer:
    """Return the description of one run."""
    detail = {
        "WorkflowId": run.workflow.id,
        "WorkflowName": run.plan.name,
        "Name": run.plan.name,
        "RunId": run.id,
        "CreateTime": times.written_with_colon(run.created),
        "Object": run.object,
        "State": run.state.value,
        "Topology": run.plan.topology,
        "Tasks": [
            {**_task(task, times.written_with_colon), **_reason(task), "StartTime": _start(task)}
            for task in run.tasks.values()
        ],
    }
    return Answer(encode(Document.RUN_DETAIL, {"RequestId": call.request_id, "WorkflowExecution": [detail]}))


def callback_body(run: Run, form: BodyFormat, *, root: bool = True) -> bytes:
    """Return the WorkflowFinish message of an ended run; `root` False omits Response, as in 1045/50341."""
    execution = {
        "RunId": run.id,
        "BucketId": run.workflow.bucket,
        "Object": run.object,
        "WorkflowId": run.workflow.id,
        "WorkflowName": run.plan.name,
        "CreateTime": times.written_with_space(run.created),
        "State": run.state.value,
        "Tasks": [
            {**_task(task, times.written_with_space), "ResultInfo": _results(run, task)} for task in run.tasks.values()
        ],
    }
    value = {"EventName": WORKFLOW_FINISH, "WorkflowExecution": execution}
    if form is BodyFormat.JSON:
        return encode_callback_json(value, document=Document.WORKFLOW_CALLBACK)
    body = encode(Document.WORKFLOW_CALLBACK, value)
    if root:
        return body
    _, _, inner = body.partition(b"<Response>")
    return inner.removesuffix(b"</Response>")


def _workflow(workflow: Workflow) -> dict[str, object]:
    return {
        "Name": workflow.plan.name,
        "WorkflowId": workflow.id,
        "State": workflow.plan.state.value,
        "CreateTime": times.written(workflow.created),
        "UpdateTime": times.written(workflow.updated),
        "BucketId": workflow.bucket,
        "Topology": workflow.plan.topology,
    }


def _task(task: Task, written: Written) -> dict[str, object]:
    template_id = str(task.node.operation.get("TemplateId") or "")
    return {
        "Type": task.node.type,
        "CreateTime": written(task.created),
        "EndTime": written(task.ended),
        "State": task.state.value,
        "JobId": None if task.job is None else task.job.id,
        "Name": task.node.name,
        "TemplateId": template_id or None,
        "TemplateName": _template_name(task) if template_id else None,
    }


def _template_name(task: Task) -> str | None:
    """Return the name that the task's job shows; None when the task has no job."""
    return None if task.job is None else plain(text(task.job.operation, b"TemplateName")) or None


def _start(task: Task) -> str:
    return times.written_with_colon(task.started)


def _reason(task: Task) -> dict[str, object]:
    failure = task.failure
    if failure is None and task.job is not None and task.state is JobState.FAILED:
        failure = task.job.failure
    return {
        "Code": "Success" if failure is None else failure.code,
        "Message": "" if failure is None else failure.message,
    }


def _results(run: Run, task: Task) -> dict[str, object] | None:
    """Return the outputs of a task (1045/50341); None unless it has succeeded."""
    if task.job is None or task.state is not JobState.SUCCESS:
        return None
    outputs = list(written_by(task.job))
    return {
        "ObjectCount": str(len(outputs)),
        "ObjectInfo": [
            {
                "ObjectName": output.key,
                "ObjectUrl": f"https://{output.bucket}.cos.{run.workflow.region}.myqcloud.com/{quote(output.key)}",
                "InputObjectName": task.source,
            }
            for output in outputs
        ],
    }
