"""Tracks: what a transcript proves about one job - when it was accepted and between which instants it started.

Every observation is a closed interval: a state told in an answer was true at some instant between sending the
request and receiving the answer. So a job seen waiting had not started when that request was *sent*, and a job
seen running, ended or told by callback had started when that answer was *received*. Pure; knows no rule of order.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from ciq_schemas import times
from ciq_schemas.lifecycle import ENDED_BY_RUNNING, WAITING_STATES, JobState
from ciq_schemas.transcript.parsed import ParsedCallback, ParsedExchange
from ciq_schemas.transcript.requests import RequestedJob, requested_jobs
from ciq_schemas.values import Job

_STARTED = frozenset({JobState.RUNNING}) | ENDED_BY_RUNNING


@dataclass(frozen=True, slots=True)
class Bound:
    """An instant in seconds, and the record that proves it."""

    at: float
    seq: int


@dataclass(frozen=True, slots=True)
class StateObservation:
    """A job's state in one answer."""

    state: str
    sent: float
    received: float
    seq: int
    step: str


@dataclass(frozen=True, slots=True, kw_only=True)
class JobTimeline:
    """One job of the run."""

    job_id: str
    step: str
    """Step under which it was submitted."""
    asked: RequestedJob
    submit_seq: int
    asked_at: float
    """The submit request was sent: the job was accepted after this."""
    accepted_by: float
    """The submit answer was received: the job was accepted before this."""
    not_before: Bound
    """The job had not started at this instant."""
    not_after: Bound
    """The job had started at this instant; infinite when it was never seen started."""
    start_stamp: float | None
    """`StartTime` as first told, in seconds of the target's clock (whole seconds), None where it is not told."""
    sightings: tuple[StateObservation, ...] = ()
    told: tuple[Bound, ...] = ()
    """Arrivals of its callback, other than one that says it was cancelled."""
    halted: bool = False
    """Seen running and later waiting again: the target reads a pause as stopping running jobs too."""

    @property
    def level(self) -> int:
        """Level as a number; absent counts as 0, the documented default."""
        level = self.asked.level
        return int(level) if level and level.isdecimal() else 0

    @property
    def last_state(self) -> str:
        """State in the last sighting, empty when never seen."""
        return self.sightings[-1].state if self.sightings else ""


def build_timelines(
    submits: Iterable[ParsedExchange], looks: Iterable[ParsedExchange], notices: Iterable[ParsedCallback] = ()
) -> tuple[JobTimeline, ...]:
    """Combine submit exchanges, exchanges that tell states, and callback arrivals into tracks.

    A submit that was refused or answered with another number of jobs than asked makes no track.
    """
    seen: dict[str, list[tuple[StateObservation, Job]]] = {}
    submit_replies = tuple(submits)
    for response in (*submit_replies, *looks):
        exchange = response.exchange
        if not response.ok:
            continue
        for job in response.jobs:
            if job.job_id and job.state:
                sighting = StateObservation(job.state, exchange.started, exchange.ended, exchange.seq, exchange.step)
                seen.setdefault(job.job_id, []).append((sighting, job))
    told: dict[str, list[Bound]] = {}
    for notice in notices:
        for job in notice.callback.jobs:
            # Whether a cancelled job is told of is written nowhere; it has not started by that.
            if job.job_id and job.state != JobState.CANCEL:
                told.setdefault(job.job_id, []).append(Bound(notice.arrival.started, notice.arrival.seq))
    tracks = []
    for response in submit_replies:
        jobs, asked = response.jobs, requested_jobs(response)
        if not response.ok or len(jobs) != len(asked):
            continue
        for job, wish in _paired(jobs, asked):
            if job.job_id:
                tracks.append(_track(job.job_id, wish, response, seen.get(job.job_id, []), told.get(job.job_id, [])))
    return tuple(tracks)


def _paired(jobs: Sequence[Job], asked: Sequence[RequestedJob]) -> Iterator[tuple[Job, RequestedJob]]:
    """Each job with what was asked for it: by its UserData where that tells them apart, else by its place.

    That the answer keeps the order of the Operations is seen in the sample of 436/85083 only.
    """
    by_data = {wish.user_data: wish for wish in asked if wish.user_data}
    told = [(job.operation.user_data if job.operation is not None else None) or "" for job in jobs]
    if len(by_data) == len(asked) and set(told) == set(by_data):
        return ((job, by_data[data]) for job, data in zip(jobs, told, strict=True))
    return zip(jobs, asked, strict=True)


def _track(
    job_id: str,
    asked: RequestedJob,
    submit: ParsedExchange,
    seen: Sequence[tuple[StateObservation, Job]],
    told: Sequence[Bound],
) -> JobTimeline:
    exchange = submit.exchange
    ordered = sorted(seen, key=lambda pair: (pair[0].sent, pair[0].received))
    started = [Bound(s.received, s.seq) for s, _ in ordered if s.state in _STARTED]
    not_after = min((*started, *told), key=lambda b: b.at, default=Bound(math.inf, exchange.seq))
    waiting = [(s, times.parse(job.start_time) is not None) for s, job in ordered if s.state in WAITING_STATES]
    # A waiting state sent for before the first proof of a start bounds the start from below; a later one does not:
    # then the job was put back by a pause, which one documented reading allows. So was one that tells its StartTime.
    waits = [Bound(s.sent, s.seq) for s, stamped in waiting if s.sent <= not_after.at and not stamped]
    not_before = max(waits, key=lambda b: b.at, default=Bound(exchange.started, exchange.seq))
    first_running = min((s.sent for s, _ in ordered if s.state == JobState.RUNNING), default=math.inf)
    halted = any(s.sent > first_running or stamped for s, stamped in waiting)
    stamps = [times.parse(job.start_time) for _, job in ordered if job.start_time]
    known = [stamp.timestamp() for stamp in stamps if stamp is not None]
    return JobTimeline(
        job_id=job_id,
        step=exchange.step,
        asked=asked,
        submit_seq=exchange.seq,
        asked_at=exchange.started,
        accepted_by=exchange.ended,
        not_before=not_before,
        not_after=not_after,
        start_stamp=known[0] if known else None,
        sightings=tuple(s for s, _ in ordered),
        told=tuple(sorted(told, key=lambda b: b.at)),
        halted=halted,
    )
