"""What every room of the service works with: the engine at the clock's time, and the settings.

Turns the engine's refusals into the service's. Must not know XML or HTTP.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from ciq_mock.engine import (
    BadCursorError,
    CancelRefusedError,
    Engine,
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


@contextmanager
def refusals() -> Iterator[None]:
    """Turn what the engine refuses inside the block into the service's error codes."""
    try:
        yield
    except NotActivatedError as error:
        raise Refusal(
            ErrorCode.BUCKET_UNBINDED, str(error), wire=FEATURES[error.feature].unbound_code
        ) from None
    except UnknownQueueError as error:
        raise Refusal(ErrorCode.QUEUE_NOT_FOUND, str(error)) from None
    except QueueFullError as error:
        raise Refusal(ErrorCode.SLOW_DOWN, str(error)) from None
    except UnknownJobError as error:
        raise Refusal(ErrorCode.RESOURCE_NOT_FOUND, str(error)) from None
    except (CancelRefusedError, BadCursorError) as error:
        raise Refusal(ErrorCode.INVALID_ARGUMENT, str(error)) from None
