"""The records of the journal: each is a change of the mock's state that has happened.

Records refer to jobs by number, which is unique even with a fault. No record holds a signature, a key or the headers of
a request. The format of a record never changes: a change needs a new `FORMAT`.
A compaction fills the fields that otherwise follow from earlier records, which it removes.
"""

import msgspec

from ciq_mock.engine import (
    NO_CHOICE,
    Accepted,
    CallbackChoice,
    Cancelled,
    Ended,
    Event,
    Failure,
    Job,
    JobSpec,
    Origin,
    QueueCreated,
    QueueDeleted,
    QueueUpdated,
    Started,
)
from ciq_mock.settings import UnknownInput
from ciq_schemas.features import Feature
from ciq_schemas.lifecycle import JobState, QueueState
from ciq_schemas.values import NotifyConfig

FORMAT = 4


class _Record(msgspec.Struct, frozen=True, array_like=True, gc=False):
    at: float
    """Epoch seconds of the mock's clock."""


class MockStarted(_Record, tag="mock", frozen=True, gc=False):
    """A mock has opened the journal."""

    activated: tuple[Feature, ...]
    """Features of the default bucket that it activated."""
    unknown_input: UnknownInput = UnknownInput.ACCEPT
    """The setting under which the calls that follow were accepted, and the jobs of workflows accepted or refused."""
    refuse_unknown_templates: bool = False


class QueueRecorded(_Record, tag="queue", frozen=True, gc=False):
    """A feature was activated; the record of its first queue precedes those of further queues."""

    id: str
    bucket: str
    region: str
    feature: Feature
    name: str
    category: str


class QueueSettingsRecorded(_Record, tag="queue-set", frozen=True, gc=False):
    """The settings of a queue were replaced."""

    id: str
    name: str
    state: QueueState
    notify: NotifyConfig


class QueueRemovalRecorded(_Record, tag="queue-removed", frozen=True, gc=False):
    """A feature was deactivated."""

    id: str


class JobAccepted(_Record, tag="job", frozen=True, gc=False):
    """A job was accepted."""

    number: int
    id: str
    queue_id: str
    tag: str
    level: int
    input_object: str
    input: bytes
    operation: bytes
    duration: float
    one_of_many: bool
    callback: CallbackChoice | None
    failure: Failure | None
    origin: Origin | None
    rule: NotifyConfig | None = None
    """The queue's callback rule at that time; None: that of the last record of the queue."""

    @property
    def spec(self) -> JobSpec:
        """The spec of the job."""
        return JobSpec(
            tag=self.tag,
            level=self.level,
            input_object=self.input_object,
            input=self.input,
            operation=self.operation,
            callback=self.callback or NO_CHOICE,
            duration=self.duration,
            failure=self.failure,
            origin=self.origin,
            one_of_many=self.one_of_many,
        )


class JobStarted(_Record, tag="start", frozen=True, gc=False):
    """A job began to run."""

    number: int


class JobEnded(_Record, tag="end", frozen=True, gc=False):
    """A job ended or was cancelled."""

    number: int
    state: JobState
    rule: NotifyConfig | None = None
    """The queue's callback rule at that time; None: that of the last record of the queue."""
    result: bytes | None = None
    """The result that was shown, if it depends on the content of the input."""


class CallbackSettled(_Record, tag="settled", frozen=True, gc=False):
    """The callback of a job needs no further attempt: its receiver accepted it, or the last attempt failed."""

    number: int


class Bound(_Record, tag="bound", frozen=True, gc=False):
    """A bucket was bound."""

    bucket: str
    region: str


class Unbound(_Record, tag="unbound", frozen=True, gc=False):
    """A bucket was unbound."""

    bucket: str


class CallRecorded(_Record, tag="call", frozen=True, gc=False):
    """A call that changed resources, workflows or batch jobs; a replay repeats it."""

    operation_id: str
    bucket: str
    region: str
    key: str
    query: dict[str, str]
    body: bytes
    ids: tuple[str, ...]
    """Ids that were issued during the call."""


class IdIssued(_Record, tag="id", frozen=True, gc=False):
    """An id was issued outside of calls: for a run that a batch job began."""

    id: str


class RunCallbackSettled(_Record, tag="run-settled", frozen=True, gc=False):
    """The callback of a run needs no further attempt."""

    id: str


class ObjectStored(_Record, tag="object", frozen=True, gc=False):
    """An object was uploaded."""

    bucket: str
    key: str
    data: bytes
    headers: tuple[tuple[bytes, bytes], ...]
    md5: str


class ObjectRemoved(_Record, tag="object-removed", frozen=True, gc=False):
    """An object was removed."""

    bucket: str
    key: str


Record = (
    MockStarted
    | QueueRecorded
    | QueueSettingsRecorded
    | QueueRemovalRecorded
    | JobAccepted
    | JobStarted
    | JobEnded
    | CallbackSettled
    | Bound
    | Unbound
    | CallRecorded
    | IdIssued
    | RunCallbackSettled
    | ObjectStored
    | ObjectRemoved
)

_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(list[Record])


def written(records: list[Record]) -> bytes:
    """Return the bytes of the records of one commit."""
    return _ENCODER.encode(records)


def read(data: bytes) -> list[Record]:
    """Return the records of one commit. Raises msgspec.MsgspecError for anything else."""
    return _DECODER.decode(data)


def record_of(event: Event) -> Record:
    """Return the record of an event of the engine."""
    match event:
        case Accepted():
            return _job_accepted(event.at, event.job)
        case Started():
            return JobStarted(event.at, event.job.number)
        case Ended():
            return JobEnded(event.at, event.job.number, event.state)
        case Cancelled():
            return JobEnded(event.at, event.job.number, JobState.CANCEL)
        case QueueCreated():
            queue = event.queue
            return QueueRecorded(
                event.at, queue.id, queue.bucket, event.region, queue.feature, queue.name, queue.category
            )
        case QueueUpdated():
            return QueueSettingsRecorded(event.at, event.queue.id, event.name, event.state, event.notify)
        case QueueDeleted():
            return QueueRemovalRecorded(event.at, event.queue.id)


def _job_accepted(at: float, job: Job) -> JobAccepted:
    return JobAccepted(
        at,
        job.number,
        job.id,
        job.queue.id,
        job.tag,
        job.level,
        job.input_object,
        job.input,
        job.operation,
        job.duration,
        job.one_of_many,
        None if job.callback is NO_CHOICE else job.callback,
        job.failure,
        job.origin,
    )
