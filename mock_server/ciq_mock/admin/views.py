"""The views of a mock for tests and the admin pages: frozen copies, which any thread may read.

Must not change the mock.
"""

from collections import Counter, deque
from dataclasses import asdict, dataclass

import msgspec

from ciq_mock.delivery import Attempt
from ciq_mock.engine import Job, Queue
from ciq_mock.mock import Mock
from ciq_mock.service import times
from ciq_schemas.features import FEATURES, Feature
from ciq_schemas.lifecycle import JobState, QueueState


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
    return tuple(
        _queue(queue)
        for feature in FEATURES
        for activation in mock.engine.activations(feature)
        for queue in activation.queues
    )


def state_of(mock: Mock, *, most_jobs: int = 1000) -> dict[str, object]:
    """Return the state in plain types: queues, numbers of jobs by state, the newest jobs."""
    jobs = mock.engine.jobs()
    states = Counter(job.state for job in jobs)
    newest = [_job(job) for job in deque(jobs, maxlen=most_jobs)]
    return {
        "time": times.written(mock.clock.now()),
        "queues": [asdict(queue) for queue in queues_of(mock)],
        "jobs": {state.value: states[state] for state in JobState},
        "newest_jobs": [asdict(job) for job in newest],
        "callbacks_pending": mock.delivery.pending,
        "objects": {"count": len(mock.library.uploads), "bytes": mock.library.uploads.bytes},
    }


def attempt_of(attempt: Attempt) -> dict[str, object]:
    """Return a delivery attempt in plain types."""
    return msgspec.structs.asdict(attempt) | {"delivered": attempt.delivered}


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
        created=job.created,
        started=job.started,
        ended=job.ended,
    )


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
