"""Handlers that activate, list and deactivate a feature of a bucket: POST, GET and DELETE on the bucket path.

Source: 1045/73363, 73364, 73365, 1045/74909 to 74911, 436/75237.
"""

from ciq_mock.engine import Activation
from ciq_mock.service import arguments, times
from ciq_mock.service.call import Answer, Call
from ciq_mock.service.context import ServiceContext, need_bucket
from ciq_schemas.codec import Document, encode
from ciq_schemas.features import FEATURES, Feature
from ciq_schemas.operations import FeatureOperation

_ALL_REGIONS = "All"
_MOST_A_PAGE = 100


def activate(context: ServiceContext, operation: FeatureOperation, call: Call) -> Answer:
    """Activate the feature and create its queue; a repeated call has the same answer. A body is ignored:
    the pages have none, an old sample has one."""
    bucket = need_bucket(call.bucket)
    activation = context.engine.activate(context.now(), bucket, operation.feature, region=call.region)
    context.wake()
    return Answer(
        encode(
            Document.BUCKET_ANSWER,
            {"RequestId": call.request_id, FEATURES[operation.feature].bucket_element: _bucket(activation)},
        )
    )


def deactivate(context: ServiceContext, operation: FeatureOperation, call: Call) -> Answer:
    """Deactivate the feature and delete its queue."""
    bucket = need_bucket(call.bucket)
    context.engine.deactivate(context.now(), bucket, operation.feature)
    context.wake()
    return Answer(encode(Document.BUCKET_CLOSED, {"RequestId": call.request_id, "BucketName": bucket}))


def list_buckets(context: ServiceContext, operation: FeatureOperation, call: Call) -> Answer:
    """List the buckets with the feature, in `regions`, by default in the region of the Host."""
    page = arguments.number(call.query, "pageNumber", 1)
    size = arguments.number(call.query, "pageSize", 10, most=_MOST_A_PAGE)
    regions = arguments.words(call.query, "regions") or (call.region,)
    names = arguments.words(call.query, "bucketNames")
    prefix = call.query.get("bucketName") or ""
    found = [
        activation
        for activation in context.engine.activations(operation.feature)
        if (_ALL_REGIONS in regions or activation.region in regions)
        and (not names or activation.bucket in names)
        and activation.bucket.startswith(prefix)
    ]
    shown = found[(page - 1) * size : page * size]
    return Answer(
        encode(
            Document.BUCKET_LIST,
            {
                "RequestId": call.request_id,
                "TotalCount": str(len(found)),
                "PageNumber": str(page),
                "PageSize": str(size),
                FEATURES[operation.feature].bucket_list_element: [_bucket(activation) for activation in shown],
            },
        )
    )


def _bucket(activation: Activation) -> dict[str, object]:
    bucket: dict[str, object] = {
        "Name": activation.bucket,
        "BucketId": activation.bucket,
        "Region": activation.region,
        "CreateTime": times.written(activation.created),
    }
    if activation.feature is Feature.DOC:
        bucket["AliasBucketId"] = ""  # present and empty in the samples of 1250/109267
    return bucket
