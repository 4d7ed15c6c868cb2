"""Handlers that bind a bucket (PUT on the root), unbind it (with `unbind`) and list bound buckets.

Source: 1045/33701, 1045/33703; the list as the Go SDK reads it.
Activating a feature also binds the bucket (1045/72915, 73363, 74909: pictures, speech and documents).
"""

from ciq_mock.engine import TimeOrder
from ciq_mock.resources import Binding
from ciq_mock.service import arguments, times
from ciq_mock.service.arguments import invalid
from ciq_mock.service.call import NOTHING, Answer, Call
from ciq_mock.service.context import ServiceContext, need_bucket
from ciq_mock.service.refusal import ErrorCode, Refusal
from ciq_mock.workflow import BatchFilter
from ciq_schemas.codec import Document, encode
from ciq_schemas.features import FEATURES
from ciq_schemas.lifecycle import FINAL_STATES, JobState

_BOUND = "on"


def bind(context: ServiceContext, call: Call) -> Answer:
    """Bind the bucket; with `unbind`, remove the binding and every feature."""
    bucket = need_bucket(call.bucket)
    if call.query.has("unbind"):
        return _unbind(context, bucket)
    binding = context.resources.bindings.bind(context.now(), bucket, call.region)
    shown = {"BucketId": binding.bucket, "Region": binding.region}
    return Answer(encode(Document.BINDING_ANSWER, {"RequestId": call.request_id, "CIBucket": shown}))


def list_bound(context: ServiceContext, call: Call) -> Answer:
    """List bound buckets of `region`, by default of the region of the Host; `bucketName` is a prefix."""
    page = arguments.number(call.query, "pageNumber", 1)
    size = arguments.number(call.query, "pageSize", 10)
    region = call.query.get("region") or call.region
    prefix = call.query.get("bucketName") or ""
    found = [one for one in _bindings(context) if one.region == region and one.bucket.startswith(prefix)]
    return Answer(
        encode(
            Document.BOUND_BUCKETS,
            {
                "RequestId": call.request_id,
                "TotalCount": str(len(found)),
                "PageNumber": str(page),
                "PageSize": str(size),
                "CIBucketList": [_listed(one) for one in found[(page - 1) * size : page * size]],
            },
        )
    )


def _unbind(context: ServiceContext, bucket: str) -> Answer:
    """Remove the binding and every feature. A bucket that is not bound is refused as unknown (not documented)."""
    if bucket not in {one.bucket for one in _bindings(context)}:
        raise Refusal(ErrorCode.RESOURCE_NOT_FOUND, f"{bucket} is not bound")
    _need_nothing_configured(context, bucket)
    for feature in FEATURES:
        if any(activation.bucket == bucket for activation in context.engine.activations(feature)):
            context.engine.deactivate(context.now(), bucket, feature)
    context.resources.bindings.unbind(bucket)
    context.wake()
    return NOTHING


def _need_nothing_configured(context: ServiceContext, bucket: str) -> None:
    """Refuse to unbind a bucket with workflows or unfinished batch jobs (1045/33703, which has no code)."""
    workflows = context.workflows.of_bucket(bucket)
    if workflows:
        raise invalid(f"{bucket} has the workflow {workflows[0].id}; delete its workflows first")
    unfinished = BatchFilter(states=frozenset(JobState) - FINAL_STATES)
    batches = context.batches.batches(bucket, unfinished, order=TimeOrder.ASC, size=1, token=None).records
    if batches:
        raise invalid(f"{bucket} has the batch job {batches[0].id}, which has not ended; cancel it first")


def _bindings(context: ServiceContext) -> list[Binding]:
    """Return the buckets bound by a call, then those bound by activating a feature."""
    found = {one.bucket: one for one in context.resources.bindings.all()}
    for feature in FEATURES:
        for activation in context.engine.activations(feature):
            found.setdefault(activation.bucket, Binding(activation.bucket, activation.region, activation.created))
    return list(found.values())


def _listed(binding: Binding) -> dict[str, object]:
    name, _, app_id = binding.bucket.rpartition("-")
    return {
        "BucketId": binding.bucket,
        "BucketName": name or binding.bucket,
        "AppId": app_id,
        "CreateTime": times.written(binding.created),
        "Region": binding.region,
        "Status": _BOUND,
    }
