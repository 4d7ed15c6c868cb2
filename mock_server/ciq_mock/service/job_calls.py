"""Handlers that describe, list and cancel jobs. Source: 1045/73113, 1045/73114, 436/54096, 436/76252, 436/120620."""

from ciq_mock.engine import JobFilter, TimeOrder
from ciq_mock.service import arguments, job_documents
from ciq_mock.service.arguments import invalid, shortened
from ciq_mock.service.call import NOTHING, Answer, Call
from ciq_mock.service.context import ServiceContext, need_bucket
from ciq_mock.service.refusal import ErrorCode, Refusal
from ciq_schemas.features import FEATURES, Feature, feature_of_tag
from ciq_schemas.lifecycle import JobState
from ciq_schemas.operations import FeatureOperation

_ALL = "All"


def describe(context: ServiceContext, operation: FeatureOperation, call: Call) -> Answer:
    """Describe up to ten jobs. A job whose feature does not belong to the path counts as unknown."""
    bucket = need_bucket(call.bucket)
    now = context.now()
    jobs = []
    unknown = []
    for job_id in _ids(context, call):
        job = context.engine.job(now, bucket, job_id)
        if job is None or job.feature not in operation.served:
            unknown.append(job_id)
        else:
            jobs.append(job)
    return Answer(job_documents.described(jobs, unknown, now, results=context.results))


def list_jobs(context: ServiceContext, operation: FeatureOperation, call: Call) -> Answer:
    """List jobs of a tag, newest first by default."""
    bucket = need_bucket(call.bucket)
    tag = call.query.get("tag")
    if tag is None:
        raise invalid("tag is required")
    feature = feature_of_tag(tag)
    if feature is None:
        raise invalid(f"tag {shortened(tag)} is not known")
    if feature not in operation.served:
        raise invalid(f"tag {tag} does not belong to {operation.path}")
    size = arguments.number(call.query, "size", 10, most=context.settings.limits.page_size)
    wanted = JobFilter(
        tag=tag,
        states=_states(call),
        queue_id=_queue_id(context, bucket, feature, call),
        input_object=call.query.get("inputObject"),
        workflow_id=call.query.get("workflowId"),
        batch_id=call.query.get("inventoryTriggerJobId"),
        created_from=arguments.moment(call.query, "startCreationTime"),
        created_to=arguments.moment(call.query, "endCreationTime"),
        order=TimeOrder(arguments.word(call.query, "orderByTime", tuple(TimeOrder), TimeOrder.DESC)),
    )
    now = context.now()
    page = context.engine.list_jobs(now, bucket, feature, wanted, size=size, token=call.query.get("nextToken"))
    return Answer(job_documents.listed(page.jobs, page.next_token, now, results=context.results))


def cancel(context: ServiceContext, operation: FeatureOperation, call: Call) -> Answer:
    """Cancel waiting jobs. The mock refuses running, ended and unknown jobs, which no page describes.

    The parameter `cancel` may be absent: the Java SDK and the Node samples omit it, and no page gives a PUT on a job
    another meaning.
    """
    bucket = need_bucket(call.bucket)
    ids = _ids(context, call)
    now = context.now()
    for job_id in ids:
        job = context.engine.job(now, bucket, job_id)
        if job is not None and job.feature not in operation.served:
            raise Refusal(ErrorCode.RESOURCE_NOT_FOUND, f"job {job_id} does not belong to {operation.path}")
    context.engine.cancel(now, bucket, ids)
    context.wake()
    return NOTHING


def _ids(context: ServiceContext, call: Call) -> tuple[str, ...]:
    """Return the comma-separated ids in the path, at most ten (1045/73113)."""
    ids = arguments.split(call.key)
    most = context.settings.limits.ids
    if not ids:
        raise invalid("the path names no job")
    if len(ids) > most:
        raise invalid(f"the path names {len(ids)} jobs, at most {most} are allowed")
    return ids


def _queue_id(context: ServiceContext, bucket: str, feature: Feature, call: Call) -> str | None:
    """Return the id of the requested queue: `queueId`, else the queue of `queueType` (1045/73114)."""
    queue_id, category = call.query.get("queueId"), call.query.get("queueType")
    if queue_id is not None or category not in FEATURES[feature].categories:
        return queue_id
    return context.engine.queue(bucket, feature, category=category).id


def _states(call: Call) -> frozenset[JobState] | None:
    named = arguments.words(call.query, "states")
    if not named or _ALL in named:
        return None
    for name in named:
        if name not in tuple(JobState):
            allowed = ", ".join((*JobState, _ALL))
            raise invalid(f"states must be some of {allowed}, not {shortened(name)}")
    return frozenset(JobState(name) for name in named)
