"""Writes batch jobs as documents. Source: 1045/47030, 1045/47031, 436/76890."""

from collections.abc import Sequence

from ciq_mock.service import times
from ciq_mock.service.call import Answer, Call
from ciq_mock.workflow import BatchJob, Page
from ciq_schemas.codec import Document, encode


def answered(call: Call, batches: Sequence[BatchJob], unknown: Sequence[str] = ()) -> Answer:
    """Return the answer to creating and describing; NonExistJobIds only when there are some."""
    value = {
        "RequestId": call.request_id,
        "JobsDetail": [_detail(batch) for batch in batches],
        "NonExistJobIds": ",".join(unknown) or None,
    }
    return Answer(encode(Document.BATCH_ANSWER, value))


def listed(call: Call, page: Page[BatchJob]) -> Answer:
    """Return a page of batch jobs; the last page has no NextToken."""
    value = {
        "RequestId": call.request_id,
        "JobsDetail": [_detail(batch) for batch in page.records],
        "NextToken": page.next_token,
    }
    return Answer(encode(Document.BATCH_ANSWER, value))


def _detail(batch: BatchJob) -> dict[str, object]:
    plan, failure = batch.plan, batch.failure
    return {
        "Code": "Success" if failure is None else failure.code,
        "Message": "" if failure is None else failure.message,
        "Name": plan.name,
        "Type": plan.type.value,
        "JobId": batch.id,
        "Tag": plan.operation.get("Tag") or None,
        "Progress": str(batch.progress),
        "State": batch.state.value,
        "CreationTime": times.written(batch.created),
        "StartTime": times.written(batch.started),
        "EndTime": times.written(batch.ended),
        "QueueId": plan.queue_id,
        "Input": plan.input,
        "Operation": plan.operation,
    }
