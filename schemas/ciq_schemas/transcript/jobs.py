"""Builds job timelines: when the target accepted each job, and between which instants the job started.

Every observation is a closed interval: a state in an answer was true at some instant between sending the request
and receiving the answer. So a job observed waiting had not started when that request was *sent*, and a job observed
running, ended or in a callback had started when that answer was *received*. Pure; knows no rule of order.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from ciq_schemas import times
from ciq_schemas.lifecycle import ENDED_BY_RUNNING, FINAL_STATES, WAITING_STATES, JobState
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
class Observation:
    """A job in one answer: it had this state at some instant of the closed interval of the exchange."""

    response: ParsedExchange
    job: Job

    @property
    def seq(self) -> int:
        """Number of the exchange."""
        return self.response.exchange.seq

    @property
    def started(self) -> float:
        """The request was sent."""
        return self.response.exchange.started

    @property
    def ended(self) -> float:
        """The answer was received."""
        return self.response.exchange.ended

    @property
    def state(self) -> str:
        """State of the job, empty when the answer has none."""
        return self.job.state or ""

    @property
    def is_final(self) -> bool:
        """The state is a final one."""
        return self.job.state in FINAL_STATES


@dataclass(frozen=True, slots=True)
class CallbackObservation:
    """A job in one callback."""

    callback: ParsedCallback
    job: Job

    @property
    def seq(self) -> int:
        """Number of the record."""
        return self.callback.arrival.seq

    @property
    def started(self) -> float:
        """The callback reached the receiver."""
        return self.callback.arrival.started

    @property
    def ended(self) -> float:
        """The receiver had answered."""
        return self.callback.arrival.ended

    @property
    def state(self) -> str:
        """State of the job, empty when the callback has none."""
        return self.job.state or ""


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


@dataclass(frozen=True)
class ObservedJob:
    """One accepted job of a scenario with its observations and callbacks, in order of time."""

    step: str
    job_id: str
    submit: ParsedExchange
    looks: tuple[Observation, ...]
    callbacks: tuple[ParsedCallback, ...]
    rule_changed: float | None = None
    """When the next rule of the queue was sent; None when none was, or when the job has an address of its own."""

    @cached_property
    def ended(self) -> Observation | None:
        """The first observation with a final state."""
        return next((look for look in self.looks if look.is_final), None)

    @property
    def state(self) -> str:
        """State in the last observation, empty without one."""
        return self.looks[-1].job.state or "" if self.looks else ""

    def looks_after(self, callback: ParsedCallback) -> Iterator[Observation]:
        """Observations requested after the receiver had answered the callback."""
        return (look for look in self.looks if look.response.exchange.started >= callback.arrival.ended)

    def reported_in(self, callback: ParsedCallback) -> Job:
        """The job in the callback; an empty one when the body cannot be read that far."""
        return next((job for job in callback.callback.jobs if job.job_id == self.job_id), Job())

    def on(self, channel: str) -> tuple[ParsedCallback, ...]:
        """Callbacks of the job that arrived on one address."""
        return tuple(callback for callback in self.callbacks if callback.arrival.channel == channel)

    @property
    def overtaken(self) -> bool:
        """The queue's rule changed before the job was seen to end.

        No document says when a rule is read: the next one may count for this job already.
        """
        if self.rule_changed is None:
            return False
        return self.ended is None or self.ended.response.exchange.ended > self.rule_changed

    @property
    def clear(self) -> tuple[ParsedCallback, ...]:
        """Callbacks that only the rule at the submit, or the job's own address, can have caused."""
        if not self.overtaken or self.rule_changed is None:
            return self.callbacks
        changed = self.rule_changed
        return tuple(callback for callback in self.callbacks if callback.arrival.started < changed)


def build_timelines(
    submits: Iterable[ParsedExchange], looks: Iterable[ParsedExchange], notices: Iterable[ParsedCallback] = ()
) -> tuple[JobTimeline, ...]:
    """Combine submit exchanges, exchanges that show states, and callbacks into timelines.

    A submit that was refused or answered with another number of jobs than requested makes no timeline.
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
