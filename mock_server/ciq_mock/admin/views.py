"""The views of a mock for tests and the admin pages: frozen copies, which any thread may read.

Must not change the mock.
"""

import re
from dataclasses import asdict, dataclass
from xml.sax.saxutils import unescape

import msgspec

from ciq_mock.delivery import Attempt
from ciq_mock.delivery.address import without_password
from ciq_mock.engine import Job, Queue
from ciq_mock.http.request_log import RequestEntry
from ciq_mock.mock import Mock
from ciq_mock.service import times
from ciq_schemas.features import Feature
from ciq_schemas.lifecycle import JobState, QueueState

_PASSWORD = re.compile(r"//[^/@\s<>\"]*@")
_USER_DATA = re.compile(rb"<UserData>([^<]*)</UserData>")
_QUOTES = {"&quot;": '"', "&apos;": "'", "&#13;": "\r", "&#xD;": "\r"}


@dataclass(frozen=True, slots=True, kw_only=True)
class JobView:
    """A copy of a job; times are epoch seconds of the mock's clock."""

    job_id: str
    bucket: str
    feature: Feature
    tag: str
    state: JobState
    level: int
    input_object: str
    user_data: str
    """UserData of the submit; empty without one."""
    callback_url: str
    """`CallBack` of the submit: an address without its password, or `no`; empty when the queue's rule applies."""
    callback_format: str
    """`CallBackFormat` of the submit; empty without one."""
    callback_type: str
    """`CallBackType` of the submit; empty without one."""
    created: float
    started: float | None
    ended: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueView:
    """A copy of a queue."""

    queue_id: str
    bucket: str
    feature: Feature
    name: str
    state: QueueState
    waiting: int
    running: int
    callback_url: str


def jobs_of(mock: Mock) -> tuple[JobView, ...]:
    """Return every job on record, in order of acceptance."""
    return tuple(_job(job) for job in mock.engine.jobs())


def queues_of(mock: Mock) -> tuple[QueueView, ...]:
    """Return every queue of the mock, by feature."""
    return tuple(map(_queue, mock.engine.all_queues()))


def state_of(mock: Mock, *, most_jobs: int = 1000) -> dict[str, object]:
    """Return the state in plain types: queues, numbers of jobs by state, the newest jobs."""
    states = mock.engine.states()
    newest = [_job(job) for job in mock.engine.last_jobs(most_jobs)]
    return {
        "time": times.written(mock.clock.now()),
        "queues": [asdict(queue) for queue in queues_of(mock)],
        "foreign_requests": mock.foreign.count,
        "jobs": {state.value: states[state] for state in JobState},
        "newest_jobs": [asdict(job) for job in newest],
        "callbacks_pending": mock.delivery.pending,
        "objects": {"count": len(mock.library.uploads), "bytes": mock.library.uploads.bytes},
    }


def attempt_of(attempt: Attempt) -> dict[str, object]:
    """Return a delivery attempt in plain types."""
    plain = msgspec.structs.asdict(attempt)
    return plain | {"delivered": attempt.delivered, "body": attempt.body.decode("utf-8", "replace")}


def request_of(entry: RequestEntry) -> dict[str, object]:
    """Return a request of the log in plain types; addresses in its body without passwords."""
    body = _PASSWORD.sub("//***@", entry.body.decode("utf-8", "replace"))
    return msgspec.structs.asdict(entry) | {"body": body}


def reduced_request_of(entry: RequestEntry) -> dict[str, object]:
    """Return a request of the log without its body, which has the callback addresses of other users of the mock."""
    return {name: value for name, value in msgspec.structs.asdict(entry).items() if name != "body"}


def reduced_attempt_of(attempt: Attempt) -> dict[str, object]:
    """Return a delivery attempt without what would make the log a port scanner: no cause and no times of a failure."""
    answered = attempt.status is not None
    return {
        "job_id": attempt.job_id,
        "url": attempt.url,
        "number": attempt.number,
        "copy": attempt.copy,
        "started": float(int(attempt.started)) if answered else None,
        "status": attempt.status,
        "error": attempt.error if not attempt.number else "" if answered else "no HTTP answer",
        "delivered": attempt.delivered,
    }


def _job(job: Job) -> JobView:
    return JobView(
        job_id=job.id,
        bucket=job.bucket,
        feature=job.feature,
        tag=job.tag,
        state=job.state,
        level=job.level,
        input_object=job.input_object,
        user_data=_user_data(job.operation),
        callback_url=without_password(job.callback.address or ""),
        callback_format=job.callback.format or "",
        callback_type=job.callback.type or "",
        created=job.created,
        started=job.started,
        ended=job.ended,
    )


def _user_data(operation: bytes) -> str:
    """Return UserData of the echoed Operation, which the mock wrote itself."""
    found = _USER_DATA.search(operation)
    return unescape(found[1].decode("utf-8"), _QUOTES) if found else ""


def _queue(queue: Queue) -> QueueView:
    return QueueView(
        queue_id=queue.id,
        bucket=queue.bucket,
        feature=queue.feature,
        name=queue.name,
        state=queue.state,
        waiting=len(queue.waiting),
        running=queue.running,
        callback_url=queue.notify.url or "",
    )
