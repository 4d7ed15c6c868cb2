"""What every room of the service works with: the engine at the clock's time, and the settings.

Turns the engine's refusals into the service's. Must not know XML or HTTP.
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
    UnknownJobError,
    UnknownQueueError,
)
from ciq_mock.service.refusal import ErrorCode, Refusal
from ciq_mock.settings import MockSettings
from ciq_schemas.features import FEATURES


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """Engine, time and settings; `wake` is called after each command given to the engine."""

    engine: Engine
    settings: MockSettings
    now: Callable[[], float]
    wake: Callable[[], None]


def need_bucket(bucket: str) -> str:
    """Return the bucket; raise Refusal InvalidHost where the Host names a region only."""
    if not bucket:
        raise Refusal(ErrorCode.INVALID_HOST, "this call needs the host of a bucket")
    return bucket


def refusal_of(error: EngineError) -> Refusal:
    """Return the service's refusal for what the engine refuses."""
    match error:
        case NotActivatedError():
            wire = FEATURES[error.feature].unbound_code
            return Refusal(ErrorCode.BUCKET_UNBINDED, str(error), wire=wire)
        case UnknownQueueError():
            return Refusal(ErrorCode.QUEUE_NOT_FOUND, str(error))
        case QueueFullError():
            return Refusal(ErrorCode.SLOW_DOWN, str(error))
        case UnknownJobError():
            return Refusal(ErrorCode.RESOURCE_NOT_FOUND, str(error))
        case CancelRefusedError() | BadCursorError():
            return Refusal(ErrorCode.INVALID_ARGUMENT, str(error))
        case _:
            raise error
