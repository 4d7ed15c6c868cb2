"""The views of a mock that the console's pages show: frozen, with texts and numbers only. Must not change the mock.

No view needs a pass over all jobs: a page costs the same with a thousand jobs and with a million.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from heapq import merge
from itertools import islice
from typing import TypeVar

from ciq_mock.callback_rule import TASK_FINISH
from ciq_mock.delivery import Attempt
from ciq_mock.delivery.address import without_password
from ciq_mock.engine import Job, Queue
from ciq_mock.mock import Mock
from ciq_mock.service import times
from ciq_schemas.features import FEATURES, Feature
from ciq_schemas.lifecycle import JobState, QueueState
from ciq_schemas.values import NotifyConfig

T = TypeVar("T")
PAGE_SIZE = 25
MOST_SCANNED = 20_000
"""Jobs that one page examines for a filter; an older job needs the link to the next page."""
LINE_LENGTH = 50
LONGEST_SHOWN = 20_000
"""Characters of a document that a page shows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BucketRow:
    """A bucket with an active feature, or the default bucket."""

    name: str
    features: int
    waiting: int
    running: int
    paused: int
    """Number of paused queues."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleView:
    """A callback rule as the form shows it."""

    on: bool
    type: str
    url: str
    events: tuple[str, ...]
    format: str
    mq_mode: str
    mq_region: str
    mq_name: str

    @classmethod
    def of(cls, rule: NotifyConfig) -> "RuleView":
        """Return the view of a rule."""
        events = tuple(part.strip() for part in (rule.event or "").split(",") if part.strip())
        return cls(
            on=rule.state == "On",
            type=rule.type or "Url",
            url=rule.url or "",
            events=events or (TASK_FINISH,),
            format=rule.result_format or "XML",
            mq_mode=rule.mq_mode or "Queue",
            mq_region=rule.mq_region or "",
            mq_name=rule.mq_name or "",
        )

    @property
    def target(self) -> str:
        """Where callbacks go."""
        return self.url if self.type == "Url" else f"{self.type} {self.mq_region} {self.mq_name}".strip()


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueRow:
    """A queue with exact counts."""

    id: str
    bucket: str
    feature: Feature
    name: str
    category: str
    paused: bool
    paused_since: float | None
    """Epoch seconds."""
    waiting: int
    running: int
    workers: int
    ended: dict[str, int]
    """Jobs on record, by final state."""
    rule: RuleView

    @classmethod
    def of(cls, queue: Queue) -> "QueueRow":
        """Return the view of a queue."""
        return cls(
            id=queue.id,
            bucket=queue.bucket,
            feature=queue.feature,
            name=queue.name,
            category=queue.category,
            paused=queue.state is QueueState.PAUSED,
            paused_since=queue.paused_since,
            waiting=len(queue.waiting),
            running=queue.running,
            workers=queue.max_concurrent,
            ended={state.value: queue.ended.get(state, 0) for state in _FINAL},
            rule=RuleView.of(queue.notify),
        )


_FINAL = (JobState.SUCCESS, JobState.FAILED, JobState.CANCEL)


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRow:
    """A job of a list."""

    id: str
    number: int
    bucket: str
    feature: Feature
    tag: str
    state: JobState
    level: int
    input: str
    created: float
    started: float | None
    ended: float | None
    waits_for: str
    """`paused`, `worker`, `next` or `closed` for a waiting job, "" for another."""
    progress: int

    @classmethod
    def of(cls, job: Job, now: float) -> "JobRow":
        """Return the view of a job."""
        return cls(
            id=job.id,
            number=job.number,
            bucket=job.bucket,
            feature=job.feature,
            tag=job.tag,
            state=job.state,
            level=job.level,
            input=job.input_object,
            created=job.created,
            started=job.started,
            ended=job.ended,
            waits_for=_waits_for(job) if job.waiting else "",
            progress=job.progress(now),
        )


def _waits_for(job: Job) -> str:
    queue = job.queue
    if queue.deleted:
        return "closed"
    if queue.state is QueueState.PAUSED:
        return "paused"
    return "worker" if queue.running >= queue.max_concurrent else "next"


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitView:
    """Why a waiting job does not run."""

    reason: str
    """As `JobRow.waits_for`."""
    ahead: int
    """Waiting jobs that start before it."""
    paused_since: float | None
    running: int
    workers: int

    @classmethod
    def of(cls, job: Job) -> "WaitView":
        """Return the view; one pass over the waiting jobs of the queue."""
        queue = job.queue
        return cls(
            reason=_waits_for(job),
            ahead=queue.waiting.ahead_of(job),
            paused_since=queue.paused_since,
            running=queue.running,
            workers=queue.max_concurrent,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class JobQuery:
    """Which jobs a list shows; None or "" = any."""

    feature: Feature | None = None
    state: JobState | None = None
    level: int | None = None
    name: str = ""
    """Part of the id, of the tag or of the input's key."""
    before: int | None = None
    """Only jobs with a smaller number: the next page."""

    def admits(self, job: Job) -> bool:
        """Return whether the list shows a job."""
        return (
            (self.state is None or job.state is self.state)
            and (self.level is None or job.level == self.level)
            and (not self.name or any(self.name in text for text in (job.id, job.tag, job.input_object)))
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class JobList:
    """One page of jobs, the newest first."""

    rows: tuple[JobRow, ...]
    before: int | None
    """Start of the next page; None on the last."""
    scanned_only: int
    """Jobs examined, when the page ended because of that and not because it is full; else 0."""


def job_list(mock: Mock, bucket: str, query: JobQuery) -> JobList:
    """Return one page of the jobs of a bucket."""
    features = tuple(FEATURES) if query.feature is None else (query.feature,)
    parts = [mock.engine.newest_jobs(bucket, feature, before=query.before) for feature in features]
    now, rows, last = mock.clock.now(), list[JobRow](), None
    for scanned, job in enumerate(merge(*parts, key=lambda job: job.number, reverse=True)):
        if len(rows) == PAGE_SIZE:
            return JobList(rows=tuple(rows), before=last, scanned_only=0)
        if scanned == MOST_SCANNED:
            return JobList(rows=tuple(rows), before=last, scanned_only=scanned)
        last = job.number
        if query.admits(job):
            rows.append(JobRow.of(job, now))
    return JobList(rows=tuple(rows), before=None, scanned_only=0)


def waiting_line(mock: Mock, queue: Queue) -> tuple[JobRow, ...]:
    """Return the jobs that start next, in the order in which they will start."""
    now = mock.clock.now()
    return tuple(JobRow.of(job, now) for job in queue.waiting.first(LINE_LENGTH))


def newest_jobs(mock: Mock, queue: Queue, most: int) -> list[Job]:
    """Return the newest jobs of a queue, the oldest of them first. It examines at most `MOST_SCANNED` jobs."""
    jobs = islice(mock.engine.newest_jobs(queue.bucket, queue.feature), MOST_SCANNED)
    return list(islice((job for job in jobs if job.queue is queue), most))[::-1]


def active_queues(mock: Mock, bucket: str) -> Iterator[Queue]:
    """Yield the queues of the active features of a bucket, by feature."""
    return (queue for queue in mock.engine.all_queues() if queue.bucket == bucket)


def buckets(mock: Mock) -> tuple[BucketRow, ...]:
    """Return the buckets, the default bucket first."""
    by_name: dict[str, list[Queue]] = {mock.settings.bucket: []}
    for queue in mock.engine.all_queues():
        by_name.setdefault(queue.bucket, []).append(queue)
    return tuple(
        BucketRow(
            name=name,
            features=len({queue.feature for queue in queues}),
            waiting=sum(len(queue.waiting) for queue in queues),
            running=sum(queue.running for queue in queues),
            paused=sum(queue.state is QueueState.PAUSED for queue in queues),
        )
        for name, queues in by_name.items()
    )


def queue_rows(mock: Mock, bucket: str) -> tuple[QueueRow, ...]:
    """Return the queues of a bucket."""
    return tuple(QueueRow.of(queue) for queue in active_queues(mock, bucket))


def paused_features(mock: Mock, bucket: str) -> frozenset[Feature]:
    """Return the features with a paused queue."""
    return frozenset(queue.feature for queue in active_queues(mock, bucket) if queue.state is QueueState.PAUSED)


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptRow:
    """One attempt to deliver a callback, or one that waits for its time."""

    job_id: str
    job_path: str
    """Path of the job's page; "" when the job is not on record (a workflow run, an older job)."""
    url: str
    number: int
    """0: dropped without an attempt."""
    time: float | None
    result: str
    """Status or cause; "" while the attempt waits."""
    delivered: bool
    headers: str = ""
    body: str = ""


def attempt_row(mock: Mock, attempt: Attempt, *, reduced: bool) -> AttemptRow:
    """Return the view of an attempt. `reduced`: without cause and time of an attempt without answer, which would make
    the page a port scanner."""
    hidden = reduced and attempt.status is None and attempt.number > 0
    return AttemptRow(
        job_id=attempt.job_id,
        job_path=_job_path(mock, attempt.job_id),
        url=attempt.url,
        number=attempt.number,
        time=None if hidden else attempt.started,
        result="no HTTP answer" if hidden else str(attempt.status or attempt.error),
        delivered=attempt.delivered,
        headers="\n".join(f"{name}: {value}" for name, value in attempt.headers),
        body=attempt.body[:LONGEST_SHOWN].decode("utf-8", "replace"),
    )


def upcoming_rows(mock: Mock, most: int, job_id: str = "") -> tuple[AttemptRow, ...]:
    """Return the attempts that wait for their time: delayed callbacks and retries; of one job if it is named."""
    return tuple(
        AttemptRow(
            job_id=pending.subject.id,
            job_path=_job_path(mock, pending.subject.id),
            url=without_password(pending.url),
            number=pending.attempts + 1,
            time=when,
            result="",
            delivered=False,
        )
        for when, pending in mock.delivery.upcoming(most, job_id)
    )


def _job_path(mock: Mock, job_id: str) -> str:
    job = mock.engine.find(job_id)
    return "" if job is None else f"/_ciq/console/{job.bucket}/jobs/{job.id}"


def newest(items: Iterable[T], most: int) -> tuple[T, ...]:
    """Return the last items of a log, the newest first."""
    return tuple(islice(reversed(tuple(items)), most))


def shown_time(moment: float | None) -> str:
    """Return a time as the service writes it, "" for None."""
    return "" if moment is None else times.written(moment)
