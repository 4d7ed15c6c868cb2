"""What every room of the service works with: the engine at the clock's time, the registers, and the settings.

Turns the refusals of engine and registers into the service's. Must not know XML or HTTP.
"""

from collections.abc import Callable
from dataclasses import dataclass

from ciq_mock.engine import (
    BadCursorError,
    CancelRefusedError,
    Engine,
    EngineError,
    NotActivatedError,
    QueueFullError,
    TooManyBucketsError,
    UnknownJobError,
    UnknownQueueError,
)
from ciq_mock.objects import Library
from ciq_mock.resources import (
    BucketResources,
    CapacityFixedError,
    NameTakenError,
    ResourceError,
    TooManyError,
    UnknownTableError,
    UnknownTemplateError,
)
from ciq_mock.service.job_documents import Results
from ciq_mock.service.refusal import ErrorCode, Refusal
from ciq_mock.settings import MockSettings
from ciq_mock.workflow import (
    Batches,
    UnknownBatchError,
    UnknownRunError,
    UnknownWorkflowError,
    WorkflowError,
    Workflows,
)
from ciq_schemas.features import FEATURES


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceContext:
    """Engine, registers, objects, time and settings; `wake` is called after each command given to the engine."""

    engine: Engine
    workflows: Workflows
    batches: Batches
    resources: BucketResources
    library: Library
    results: Results
    settings: MockSettings
    now: Callable[[], float]
    wake: Callable[[], None]


def need_bucket(bucket: str) -> str:
    """Return the bucket; raise Refusal InvalidHost where the Host names a region only."""
    if not bucket:
        raise Refusal(ErrorCode.INVALID_HOST, "this call needs the host of a bucket")
    return bucket


def refusal_of_workflow(error: WorkflowError) -> Refusal:
    """Return the service's refusal for what workflows and batch jobs refuse; no page names a code of their own."""
    match error:
        case UnknownWorkflowError() | UnknownRunError() | UnknownBatchError():
            code = ErrorCode.RESOURCE_NOT_FOUND
        case _:
            code = ErrorCode.INVALID_ARGUMENT
    return Refusal(code, str(error))


def refusal_of_resource(error: ResourceError) -> Refusal:
    """Return the service's refusal for what a register refuses; the names of 1045/33700 where it has one."""
    match error:
        case UnknownTemplateError():
            code = ErrorCode.TEMPLATE_NOT_FOUND
        case NameTakenError():
            code = ErrorCode.TEMPLATE_NAME_DUPLICATE
        case TooManyError():
            code = ErrorCode.CREATED_TEMPLATE_NUM_LIMIT
        case UnknownTableError():
            code = ErrorCode.RESOURCE_NOT_FOUND
        case CapacityFixedError():
            code = ErrorCode.INVALID_ARGUMENT
        case _:
            raise error
    return Refusal(code, str(error))


def refusal_of(error: EngineError) -> Refusal:
    """Return the service's refusal for what the engine refuses."""
    match error:
        case NotActivatedError():
            wire = FEATURES[error.feature].unbound_code
            return Refusal(ErrorCode.BUCKET_UNBINDED, str(error), wire=wire)
        case UnknownQueueError():
            return Refusal(ErrorCode.QUEUE_NOT_FOUND, str(error))
        case QueueFullError() | TooManyBucketsError():
            return Refusal(ErrorCode.SLOW_DOWN, str(error))
        case UnknownJobError():
            return Refusal(ErrorCode.RESOURCE_NOT_FOUND, str(error))
        case CancelRefusedError() | BadCursorError():
            return Refusal(ErrorCode.INVALID_ARGUMENT, str(error))
        case _:
            raise error
