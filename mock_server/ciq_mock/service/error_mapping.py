"""Maps errors of engine, resources and workflows to the service's refusals. Must not know XML or HTTP."""

from ciq_mock.engine import (
    BadCursorError,
    CancelRefusedError,
    EngineError,
    NotActivatedError,
    QueueFullError,
    TooManyBucketsError,
    UnknownJobError,
    UnknownQueueError,
)
from ciq_mock.resources import (
    CapacityFixedError,
    NameTakenError,
    ResourceError,
    TooManyError,
    UnknownTableError,
    UnknownTemplateError,
)
from ciq_mock.service.refusal import ErrorCode, Refusal
from ciq_mock.workflow import UnknownBatchError, UnknownRunError, UnknownWorkflowError, WorkflowError
from ciq_schemas.features import FEATURES


def refusal_of_workflow(error: WorkflowError) -> Refusal:
    """Return the refusal for an error of workflows and batch jobs; no page has codes specific to them."""
    match error:
        case UnknownWorkflowError() | UnknownRunError() | UnknownBatchError():
            code = ErrorCode.RESOURCE_NOT_FOUND
        case _:
            code = ErrorCode.INVALID_ARGUMENT
    return Refusal(code, str(error))


def refusal_of_resource(error: ResourceError) -> Refusal:
    """Return the refusal for an error of the resources, with the code of 1045/33700 where that page has one."""
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
    """Return the refusal for an error of the engine."""
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
