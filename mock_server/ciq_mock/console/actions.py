"""What the console's forms do: each sends a request to the service, as an SDK would.

The requests take the way of the API behind HTTP: handlers, faults and journal are the same. A refusal of the service is
shown as it is.
"""

from collections.abc import Mapping, Sequence

from ciq_mock.engine import Job, Queue
from ciq_mock.mock import Mock
from ciq_mock.service.call import Answer, Call, Query
from ciq_mock.service.submit import WRITING
from ciq_schemas.codec import Document, EncodeError, encode, update_request_of
from ciq_schemas.features import FEATURES, Feature
from ciq_schemas.lifecycle import QueueState
from ciq_schemas.operations import FeatureOperation, HttpOperation, OperationKind, operations
from ciq_schemas.values import NotifyConfig

_RULE = {
    "State": "state",
    "Event": "event",
    "ResultFormat": "result_format",
    "Type": "type",
    "Url": "url",
    "MqMode": "mq_mode",
    "MqRegion": "mq_region",
    "MqName": "mq_name",
}
"""Elements of a callback rule in the order of the request, and the fields of `NotifyConfig`."""


def set_state(mock: Mock, queue: Queue, state: QueueState) -> None:
    """Enable or pause a queue; its name and callback rule stay. Raises Refusal, StoreError."""
    _update(mock, queue, state, queue.notify)


def set_rule(mock: Mock, queue: Queue, rule: NotifyConfig) -> None:
    """Replace the callback rule of a queue; its name and state stay. Raises Refusal, StoreError."""
    _update(mock, queue, queue.state, rule)


def _update(mock: Mock, queue: Queue, state: QueueState, rule: NotifyConfig) -> None:
    words = {name: getattr(rule, field) for name, field in _RULE.items() if getattr(rule, field)}
    value = {"Name": queue.name, "State": state.value, "NotifyConfig": {"State": "Off"} | words}
    body = encode(update_request_of(queue.feature), value)
    _call(mock, OperationKind.UPDATE_QUEUE, queue.feature, queue.bucket, key=queue.id, body=body)


def activate(mock: Mock, bucket: str, feature: Feature) -> None:
    """Activate a feature of a bucket. Raises Refusal, StoreError."""
    _call(mock, OperationKind.ACTIVATE, feature, bucket)


def submit(mock: Mock, bucket: str, *, tag: str, feature: Feature, source: str, level: str, callback: str) -> None:
    """Submit a sample job. Raises Refusal, StoreError, EncodeError."""
    operation: dict[str, object] = {}
    if tag in WRITING:
        output = {"Region": mock.settings.region, "Bucket": bucket, "Object": f"output/{tag.lower()}"}
        operation["Output"] = output
    if level and FEATURES[feature].has_job_level:
        operation["JobLevel"] = level
    value: dict[str, object] = {"Tag": tag, "Input": {"Object": source}, "Operation": [operation]}
    if callback:
        value["CallBack"] = callback
    body = encode(Document.JOB_SUBMIT_REQUEST, value)
    _call(mock, OperationKind.SUBMIT_JOB, feature, bucket, body=body)


def cancel(mock: Mock, job: Job) -> None:
    """Cancel a waiting job. Raises Refusal, StoreError."""
    _call(mock, OperationKind.CANCEL_JOB, job.feature, job.bucket, key=job.id, query={"cancel": ""})


def describe(mock: Mock, job: Job) -> bytes:
    """Return the answer of the service that describes a job. Raises Refusal, StoreError."""
    return _call(mock, OperationKind.DESCRIBE_JOB, job.feature, job.bucket, key=job.id).body


def set_workflow_state(mock: Mock, bucket: str, workflow_id: str, state: QueueState) -> None:
    """Enable or pause a workflow. Raises Refusal, StoreError."""
    query = {"active" if state is QueueState.ACTIVE else "paused": ""}
    _call(mock, OperationKind.UPDATE_WORKFLOW, None, bucket, key=workflow_id, query=query)


def trigger(mock: Mock, bucket: str, workflow_id: str, source: str) -> None:
    """Start a run of a workflow on an object. Raises Refusal, StoreError."""
    query = {"workflowid": workflow_id, "object": source}
    _call(mock, OperationKind.TRIGGER_WORKFLOW, None, bucket, query=query)


def _call(
    mock: Mock,
    kind: OperationKind,
    feature: Feature | None,
    bucket: str,
    *,
    key: str = "",
    query: Mapping[str, str] | None = None,
    body: bytes = b"",
) -> Answer:
    operation = _operation(operations(), kind, feature)
    request_id = mock.service.fresh_id()
    return mock.call(operation, Call(bucket, mock.settings.region, key, Query(query or {}), body, request_id))


def _operation(known: Sequence[HttpOperation], kind: OperationKind, feature: Feature | None) -> HttpOperation:
    """Return the operation of a feature on its own path family, or the operation that belongs to no feature."""
    for operation in known:
        of_feature = operation.feature if isinstance(operation, FeatureOperation) else None
        if operation.kind is kind and of_feature is feature:
            return operation
    raise LookupError(f"no operation {kind} of {feature}")


__all__ = [
    "EncodeError", "activate", "cancel", "describe", "set_rule", "set_state", "set_workflow_state", "submit", "trigger",
]  # fmt: skip
