"""What a transcript says of jobs and of the queue: sightings, submissions, cancels, queue changes, callbacks.

Reads bodies through the contract's codec, tolerantly; a body that says nothing legible adds nothing. Must not know
how it is drawn, and draws no conclusion: every sighting keeps the closed interval of its exchange.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple
from urllib.parse import parse_qsl, urlsplit

from ciq_reports.transcript import RunView
from ciq_schemas import codec
from ciq_schemas.codec import Reading
from ciq_schemas.features import FEATURES, Feature, FeatureSpec
from ciq_schemas.transcript.records import CallbackReceived, Exchange
from ciq_schemas.values import Job, JobCallback, Queue


class JobKey(NamedTuple):
    """A job of one feature."""

    feature: str
    job_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """At some moment in [started, ended] the job had this state."""

    seq: int
    started: float
    ended: float
    state: str
    job: Job


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A callback about the job."""

    seq: int
    started: float
    ended: float
    state: str
    answered: int
    channel: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancelled:
    """A request to cancel the job."""

    seq: int
    started: float
    ended: float
    accepted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueChange:
    """An accepted update: somewhere in [started, ended] the queue took this state."""

    seq: int
    started: float
    ended: float
    queue_id: str
    state: str


@dataclass(slots=True, kw_only=True)
class JobStory:
    """Everything seen of one job, in order of time."""

    key: JobKey
    submitted: Exchange
    sightings: list[Sighting] = field(default_factory=list)
    told: list[Told] = field(default_factory=list)
    cancels: list[Cancelled] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class JobLog:
    """All jobs the suite submitted, in order of submission, and the changes of each feature's queue."""

    stories: Mapping[JobKey, JobStory]
    changes: Mapping[str, tuple[QueueChange, ...]]
    shown_by: Mapping[int, tuple[str, ...]]
    """Ids of the jobs that a record (by `seq`) shows."""


def read_log(view: RunView) -> JobLog:
    """Read all bodies of a run that speak of jobs or queue states, once."""
    stories: dict[JobKey, JobStory] = {}
    changes: dict[str, list[QueueChange]] = {}
    shown_by: dict[int, tuple[str, ...]] = {}
    for exchange in view.exchanges:
        spec = _spec(exchange.feature)
        if spec is None:
            continue
        segments = urlsplit(exchange.url).path.split("/")
        if _names(spec.job_paths) & set(segments[-2:]):
            _note_jobs(exchange, segments[-1], stories, shown_by)
        elif exchange.method == "PUT" and segments[-2:-1] == [spec.queue_path.strip("/")]:
            changes.setdefault(exchange.feature, []).extend(_queue_change(exchange, segments[-1]))
    by_id = {key.job_id: story for key, story in stories.items()}
    for arrival in view.arrivals:
        shown_by[arrival.seq] = tuple(_note_callback(arrival, by_id))
    return JobLog(
        stories=stories,
        changes={feature: tuple(found) for feature, found in changes.items()},
        shown_by=shown_by,
    )


def _spec(feature: str) -> FeatureSpec | None:
    try:
        return FEATURES[Feature(feature)]
    except ValueError:
        return None


def _names(paths: tuple[str, ...]) -> set[str]:
    return {path.strip("/") for path in paths}


def _note_jobs(
    exchange: Exchange,
    last_segment: str,
    stories: dict[JobKey, JobStory],
    shown_by: dict[int, tuple[str, ...]],
) -> None:
    query = dict(parse_qsl(urlsplit(exchange.url).query, keep_blank_values=True))
    accepted = 200 <= exchange.status < 300
    if exchange.method == "PUT" and "cancel" in query:
        story = stories.get(JobKey(exchange.feature, last_segment))
        shown_by[exchange.seq] = (last_segment,)
        if story is not None:
            story.cancels.append(
                Cancelled(seq=exchange.seq, started=exchange.started, ended=exchange.ended, accepted=accepted)
            )
        return
    if not accepted:
        return
    jobs = [job for job in codec.job_answer(exchange.response_body.data).jobs if job.job_id]
    shown_by[exchange.seq] = tuple(job.job_id or "" for job in jobs)
    for job in jobs:
        key = JobKey(exchange.feature, job.job_id or "")
        if exchange.method == "POST":
            stories.setdefault(key, JobStory(key=key, submitted=exchange))
        story = stories.get(key)
        if story is not None:
            story.sightings.append(
                Sighting(
                    seq=exchange.seq,
                    started=exchange.started,
                    ended=exchange.ended,
                    state=job.state or "",
                    job=job,
                )
            )


def _queue_change(exchange: Exchange, queue_id: str) -> Iterator[QueueChange]:
    if not 200 <= exchange.status < 300:
        return
    document = codec.update_request_of(Feature(exchange.feature))
    asked = codec.to_value(Queue, codec.read(document, exchange.request_body.data, Reading.TOLERANT))
    if asked.state:
        yield QueueChange(
            seq=exchange.seq,
            started=exchange.started,
            ended=exchange.ended,
            queue_id=queue_id,
            state=asked.state,
        )


def _note_callback(arrival: CallbackReceived, by_id: Mapping[str, JobStory]) -> Iterator[str]:
    callback = codec.to_value(JobCallback, codec.read_callback(arrival.body.data))
    for job in callback.jobs:
        if not job.job_id:
            continue
        yield job.job_id
        story = by_id.get(job.job_id)
        if story is not None:
            story.told.append(
                Told(
                    seq=arrival.seq,
                    started=arrival.started,
                    ended=arrival.ended,
                    state=job.state or "",
                    answered=arrival.answered,
                    channel=arrival.channel,
                )
            )
