"""The pure core of the mock: it accepts commands with a time and returns events."""

from ciq_mock.engine.core import Activation, Engine
from ciq_mock.engine.errors import (
    BadCursorError,
    CancelRefusedError,
    EngineError,
    NotActivatedError,
    QueueFullError,
    TooManyBucketsError,
    UnknownJobError,
    UnknownQueueError,
)
from ciq_mock.engine.events import (
    Accepted,
    Cancelled,
    Ended,
    Event,
    QueueCreated,
    QueueDeleted,
    QueueUpdated,
    Started,
)
from ciq_mock.engine.listing import JobFilter, JobPage, TimeOrder
from ciq_mock.engine.queue import NEVER_CONFIGURED, Job, Queue
from ciq_mock.engine.restoration import Restoration
from ciq_mock.engine.values import (
    MOST_OPERATIONS,
    NO_CHOICE,
    CallbackChoice,
    EngineRules,
    Failure,
    HeldReading,
    JobSpec,
    KafkaAddress,
    MqAddress,
    Origin,
)

__all__ = [
    "MOST_OPERATIONS",
    "NEVER_CONFIGURED",
    "NO_CHOICE",
    "Accepted",
    "Activation",
    "BadCursorError",
    "CallbackChoice",
    "CancelRefusedError",
    "Cancelled",
    "Ended",
    "Engine",
    "EngineError",
    "EngineRules",
    "Event",
    "Failure",
    "HeldReading",
    "Job",
    "JobFilter",
    "JobPage",
    "JobSpec",
    "KafkaAddress",
    "MqAddress",
    "NotActivatedError",
    "Origin",
    "Queue",
    "QueueCreated",
    "QueueDeleted",
    "QueueFullError",
    "QueueUpdated",
    "Restoration",
    "Started",
    "TimeOrder",
    "TooManyBucketsError",
    "UnknownJobError",
    "UnknownQueueError",
]
