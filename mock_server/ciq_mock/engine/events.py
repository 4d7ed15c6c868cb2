"""The events of the engine, in order of time.

`at` is the exact time of the event (epoch seconds), not of its report. The job of an Ended or Cancelled event never
changes again; the job of another event may have changed before a listener receives it.
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
    """The settings of a queue were replaced; the values are those of that time."""

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
    """A job ended with Success or Failed; `rule` is the queue's callback rule at that time."""

    at: float
    job: Job
    state: JobState
    rule: NotifyConfig


class Cancelled(msgspec.Struct, frozen=True, gc=False):
    """A waiting job was cancelled, by a call or because its feature was deactivated."""

    at: float
    job: Job


Event = QueueCreated | QueueUpdated | QueueDeleted | Accepted | Started | Ended | Cancelled
