"""What the engine says has happened, in order. Consumers cannot steer it.

`at` is the exact time (epoch seconds) of the happening, not of its report. A job in an Ended or Cancelled
event never changes again; in the others it may have moved on by the time the event is read.
"""

import msgspec

from ciq_mock.engine.queue import Job, Queue
from ciq_schemas.lifecycle import JobState, QueueState
from ciq_schemas.values import NotifyConfig


class QueueCreated(msgspec.Struct, frozen=True, gc=False):
    """A feature was activated."""

    at: float
    queue: Queue
    region: str


class QueueUpdated(msgspec.Struct, frozen=True, gc=False):
    """A queue got new settings; the values are those of that moment."""

    at: float
    queue: Queue
    name: str
    state: QueueState
    notify: NotifyConfig


class QueueDeleted(msgspec.Struct, frozen=True, gc=False):
    """A feature was deactivated; its waiting jobs were cancelled before this."""

    at: float
    queue: Queue


class Accepted(msgspec.Struct, frozen=True, gc=False):
    """A job entered its queue."""

    at: float
    job: Job


class Started(msgspec.Struct, frozen=True, gc=False):
    """A job began to run."""

    at: float
    job: Job


class Ended(msgspec.Struct, frozen=True, gc=False):
    """A job ran to its end, Success or Failed; `rule` is the queue's callback rule at that moment."""

    at: float
    job: Job
    state: JobState
    rule: NotifyConfig


class Cancelled(msgspec.Struct, frozen=True, gc=False):
    """A waiting job was cancelled, by call or with its queue."""

    at: float
    job: Job


Event = QueueCreated | QueueUpdated | QueueDeleted | Accepted | Started | Ended | Cancelled
