"""Collects the observations, cancels and callbacks of each job and the state changes of each queue, for the reports.

Sorts what `ciq_schemas.transcript` reads by job and by queue. It neither judges nor draws.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from ciq_reports.transcript import RunView
from ciq_schemas.operations import OperationKind
from ciq_schemas.transcript.jobs import CallbackObservation, Observation
from ciq_schemas.transcript.parsed import ParsedCallback, ParsedExchange
from ciq_schemas.transcript.raw import operation_kind, requested_job_id
from ciq_schemas.transcript.records import Exchange
from ciq_schemas.transcript.requests import requested_update

_SHOW_JOBS = frozenset({OperationKind.SUBMIT_JOB, OperationKind.DESCRIBE_JOB, OperationKind.LIST_JOBS})


class JobKey(NamedTuple):
    """A job of one feature."""

    feature: str
    job_id: str


class QueueKey(NamedTuple):
    """A queue of one feature."""

    feature: str
    queue_id: str


@dataclass(slots=True, kw_only=True)
class JobStory:
    """Everything observed of one job, in order of time."""

    key: JobKey
    submitted: Exchange
    observations: list[Observation] = field(default_factory=list)
    callbacks: list[CallbackObservation] = field(default_factory=list)
    cancels: list[ParsedExchange] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class JobLog:
    """All jobs that the suite submitted, in order of submission, and the updates of each queue that set its State."""

    stories: Mapping[JobKey, JobStory]
    state_updates: Mapping[QueueKey, tuple[ParsedExchange, ...]]
    shown_by: Mapping[int, tuple[str, ...]]
    """Ids of the jobs in a record, by its `seq`."""


def read_log(view: RunView) -> JobLog:
    """Sorts the exchanges and callbacks of a run by job and by queue."""
    stories: dict[JobKey, JobStory] = {}
    updates: dict[QueueKey, list[ParsedExchange]] = {}
    shown_by: dict[int, tuple[str, ...]] = {}
    for exchange in view.exchanges:
        response, kind = ParsedExchange(exchange), operation_kind(exchange)
        if kind in _SHOW_JOBS and response.ok:
            shown_by[exchange.seq] = _add_observations(response, kind, stories)
        elif kind == OperationKind.CANCEL_JOB:
            job_id = requested_job_id(exchange)
            shown_by[exchange.seq] = (job_id,)
            story = stories.get(JobKey(exchange.feature, job_id))
            if story is not None:
                story.cancels.append(response)
        elif kind == OperationKind.UPDATE_QUEUE and requested_update(response).state:
            updates.setdefault(QueueKey(exchange.feature, requested_job_id(exchange)), []).append(response)
    by_id = {key.job_id: story for key, story in stories.items()}
    for arrival in view.arrivals:
        shown_by[arrival.seq] = _add_callback(ParsedCallback(arrival), by_id)
    return JobLog(
        stories=stories,
        state_updates={key: tuple(found) for key, found in updates.items()},
        shown_by=shown_by,
    )


def _add_observations(response: ParsedExchange, kind: str, stories: dict[JobKey, JobStory]) -> tuple[str, ...]:
    exchange = response.exchange
    for job in response.jobs:
        if not job.job_id:
            continue
        key = JobKey(exchange.feature, job.job_id)
        if kind == OperationKind.SUBMIT_JOB:
            stories.setdefault(key, JobStory(key=key, submitted=exchange))
        story = stories.get(key)
        if story is not None:
            story.observations.append(Observation(response, job))
    return tuple(response.job_ids)


def _add_callback(callback: ParsedCallback, by_id: Mapping[str, JobStory]) -> tuple[str, ...]:
    for job in callback.callback.jobs:
        story = by_id.get(job.job_id or "")
        if story is not None:
            story.callbacks.append(CallbackObservation(callback, job))
    return callback.job_ids
