"""Handlers that create, list, describe and cancel batch jobs.

Source: 436/76888, 1045/47029 to 47031, 436/76890, 460/76892, 460/76894. Order of checks: body, Input, Operation, then
bucket and queue.
"""

from collections.abc import Mapping

from ciq_mock.engine import TimeOrder
from ciq_mock.service import arguments, batch_documents
from ciq_mock.service.arguments import invalid, request_body, shortened
from ciq_mock.service.batch_objects import interval_of
from ciq_mock.service.call import NOTHING, Answer, Call
from ciq_mock.service.context import ServiceContext, need_bucket
from ciq_mock.service.internal_submits import check_batch
from ciq_mock.workflow import BatchFilter, BatchJob, BatchPlan, BatchType, UnknownBatchError
from ciq_schemas.codec import Document
from ciq_schemas.features import feature_of_tag
from ciq_schemas.lifecycle import JobState

_ALL = "All"
_MOST_WORKFLOWS = 10


def create(context: ServiceContext, call: Call) -> Answer:
    """Create and launch a batch job; the answer still shows it waiting."""
    bucket = need_bucket(call.bucket)
    plan = _plan(context, call, bucket)
    now = context.now()
    batch = context.batches.create(now, bucket, call.region, plan)
    answer = batch_documents.answered(call, [batch])
    context.batches.launch(now, batch)
    context.wake()
    return answer


def list_batches(context: ServiceContext, call: Call) -> Answer:
    """List batch jobs, newest first by default."""
    bucket = need_bucket(call.bucket)
    kind = arguments.word(call.query, "type", (*BatchType, _ALL), _ALL)
    wanted = BatchFilter(
        type=None if kind == _ALL else BatchType(kind),
        workflow_id=call.query.get("workflowId"),
        batch_id=call.query.get("jobId"),
        name=call.query.get("name"),
        states=_states(call),
        created_from=arguments.moment(call.query, "startCreationTime"),
        created_to=arguments.moment(call.query, "endCreationTime"),
    )
    size = arguments.number(call.query, "size", 10, most=context.settings.limits.page_size)
    order = TimeOrder(arguments.word(call.query, "orderByTime", tuple(TimeOrder), TimeOrder.DESC))
    page = context.batches.batches(bucket, wanted, order=order, size=size, token=call.query.get("nextToken"))
    return batch_documents.listed(call, page)


def describe(context: ServiceContext, call: Call) -> Answer:
    """Describe batch jobs; unknown ids are listed in NonExistJobIds."""
    bucket = need_bucket(call.bucket)
    found: list[BatchJob] = []
    unknown: list[str] = []
    for batch_id in arguments.split(call.key)[: context.settings.limits.ids]:
        try:
            found.append(context.batches.batch(bucket, batch_id))
        except UnknownBatchError:
            unknown.append(batch_id)
    return batch_documents.answered(call, found, unknown)


def cancel(context: ServiceContext, call: Call) -> Answer:
    """Cancel a batch job. `cancel` may be absent: the Go SDK omits it, and no page gives a PUT another meaning."""
    context.batches.cancel(context.now(), need_bucket(call.bucket), call.key)
    context.wake()
    return NOTHING


def _states(call: Call) -> frozenset[JobState] | None:
    named = arguments.words(call.query, "states")
    if not named or _ALL in named:
        return None
    for name in named:
        if name not in tuple(JobState):
            raise invalid(f"states must be some of {', '.join((*JobState, _ALL))}, not {shortened(name)}")
    return frozenset(JobState(name) for name in named)


def _plan(context: ServiceContext, call: Call, bucket: str) -> BatchPlan:
    value = request_body(Document.BATCH_REQUEST, call.body, context.settings.limits).value
    source, operation = _container(value["Input"]), _container(value["Operation"])
    named = [name for name, text in source.items() if text]
    if len(named) != 1:
        raise invalid(f"Input must hold one of Manifest, UrlFile, Prefix and Object, not {len(named)}")
    try:
        interval_of(operation)
    except ValueError as error:
        raise invalid(str(error)) from None
    workflow_ids = arguments.split(str(operation.get("WorkflowIds") or ""))
    kind = BatchType(str(value.get("Type") or (BatchType.WORKFLOW if workflow_ids else BatchType.JOB)))
    plan = BatchPlan(name=str(value["Name"]), type=kind, input=source, operation=operation)
    if kind is BatchType.WORKFLOW:
        return _of_workflows(context, bucket, plan, workflow_ids)
    return _of_jobs(context, call, bucket, plan)


def _of_workflows(context: ServiceContext, bucket: str, plan: BatchPlan, workflow_ids: tuple[str, ...]) -> BatchPlan:
    if not 1 <= len(workflow_ids) <= _MOST_WORKFLOWS:
        raise invalid(f"Operation.WorkflowIds must name 1 to {_MOST_WORKFLOWS} workflows, not {len(workflow_ids)}")
    for workflow_id in workflow_ids:
        context.workflows.workflow(bucket, workflow_id)
    return BatchPlan(
        name=plan.name, type=plan.type, input=plan.input, operation=plan.operation, workflow_ids=workflow_ids
    )


def _of_jobs(context: ServiceContext, call: Call, bucket: str, plan: BatchPlan) -> BatchPlan:
    tag = str(plan.operation.get("Tag") or "")
    feature = feature_of_tag(tag)
    if feature is None:
        raise invalid(f"Operation.Tag is not known: {shortened(tag)}" if tag else "Operation.Tag is required")
    check_batch(context, bucket, call.region, plan)
    queue = context.engine.queue(bucket, feature, str(plan.operation.get("QueueId") or "") or None)
    return BatchPlan(
        name=plan.name,
        type=plan.type,
        input=plan.input,
        operation=plan.operation,
        feature=feature,
        queue_id=queue.id,
    )


def _container(value: object) -> Mapping[str, object]:
    return value if isinstance(value, Mapping) else {}
