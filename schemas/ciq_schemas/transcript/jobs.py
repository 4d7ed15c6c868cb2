"""Builds job timelines: when the target accepted each job, and between which instants the job started. Pure.

Every observation is a closed interval: a state in a response was true at some instant between sending the request
and receiving the response. So a job observed waiting had not started when that request was *sent*, and a job observed
running, ended or in a callback had started when that response was *received*. This module has no rule about order.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate

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
    """A job in one response: it had this state at some instant of the closed interval of the exchange."""

    response: ParsedExchange
    job: Job

    @property
    def seq(self) -> int:
        """Number of the exchange."""
        return self.response.exchange.seq

    @property
    def started(self) -> float:
        """When the suite sent the request."""
        return self.response.exchange.started

    @property
    def ended(self) -> float:
        """When the suite had received the response."""
        return self.response.exchange.ended

    @property
    def state(self) -> str:
        """State of the job, empty when the response has none."""
        return self.job.state or ""

    @property
    def is_final(self) -> bool:
        """Whether the state is a final one."""
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
        """When the callback reached the receiver."""
        return self.callback.arrival.started

    @property
    def ended(self) -> float:
        """When the receiver had answered."""
        return self.callback.arrival.ended

    @property
    def state(self) -> str:
        """State of the job, empty when the callback has none."""
        return self.job.state or ""


@dataclass(frozen=True, slots=True)
class StateObservation:
    """The state of a job in one response."""

    state: str
    sent: float
    received: float
    seq: int
    step: str


@dataclass(frozen=True, slots=True, kw_only=True)
class JobTimeline:
    """What the run file shows of one job: its submit, its states and its callbacks."""

    job_id: str
    step: str
    """Step of the submit."""
    requested: RequestedJob
    submit_seq: int
    submitted_at: float
    """When the suite sent the submit: the target accepted the job after this."""
    accepted_by: float
    """When the suite received the response to the submit: the target accepted the job before this."""
    not_before: Bound
    """The job had not started at this instant."""
    not_after: Bound
    """The job had started at this instant; infinite when the suite never observed a start."""
    start_stamp: float | None
    """The first `StartTime` reported, in seconds of the target's clock (whole seconds); None without one."""
    observations: tuple[StateObservation, ...] = ()
    callback_arrivals: tuple[Bound, ...] = ()
    """When callbacks of the job arrived, except those that report it cancelled."""
    returned_to_waiting: bool = False
    """The suite observed the job running and later waiting again; in one documented reading a pause does this."""

    @property
    def level(self) -> int:
        """Level as a number; absent counts as 0, the documented default."""
        level = self.requested.level
        return int(level) if level and level.isdecimal() else 0

    @property
    def last_state(self) -> str:
        """State in the last observation, empty without one."""
        return self.observations[-1].state if self.observations else ""


@dataclass(frozen=True)
class ObservedJob:
    """One accepted job of a scenario with its observations and callbacks, in order of time."""

    step: str
    job_id: str
    submit: ParsedExchange
    observations: tuple[Observation, ...]
    callbacks: tuple[ParsedCallback, ...]
    rule_changed: float | None = None
    """When the suite sent the queue's next rule; None without one, or when the job has its own callback address."""

    @cached_property
    def ended(self) -> Observation | None:
        """The first observation with a final state."""
        return next((observation for observation in self.observations if observation.is_final), None)

    @property
    def state(self) -> str:
        """State in the last observation, empty without one."""
        return self.observations[-1].job.state or "" if self.observations else ""

    def observations_after(self, callback: ParsedCallback) -> Iterator[Observation]:
        """Observations requested after the receiver had answered the callback."""
        answered = callback.arrival.ended
        return (one for one in self.observations if one.response.exchange.started >= answered)

    def reported_in(self, callback: ParsedCallback) -> Job:
        """The job in the callback; an empty one when the body cannot be read that far."""
        return next((job for job in callback.callback.jobs if job.job_id == self.job_id), Job())

    def on(self, channel: str) -> tuple[ParsedCallback, ...]:
        """Callbacks of the job that arrived on one address."""
        return tuple(callback for callback in self.callbacks if callback.arrival.channel == channel)

    @property
    def rule_changed_before_end(self) -> bool:
        """Whether the queue's rule changed before the suite observed the end of the job.

        No document defines when a target reads the rule: the next one may already apply to this job.
        """
        if self.rule_changed is None:
            return False
        return self.ended is None or self.ended.response.exchange.ended > self.rule_changed

    @property
    def unambiguous_callbacks(self) -> tuple[ParsedCallback, ...]:
        """Callbacks that only the rule at the submit, or the job's own address, can have caused."""
        if not self.rule_changed_before_end or self.rule_changed is None:
            return self.callbacks
        changed = self.rule_changed
        return tuple(callback for callback in self.callbacks if callback.arrival.started < changed)


def build_timelines(
    submits: Iterable[ParsedExchange], describes: Iterable[ParsedExchange], callbacks: Iterable[ParsedCallback] = ()
) -> tuple[JobTimeline, ...]:
    """Combines submits, exchanges that show states, and callbacks into timelines.

    A submit makes no timeline when the target rejected it or returned another number of jobs than requested.
    """
    observed: dict[str, list[tuple[StateObservation, Job]]] = {}
    submit_exchanges = tuple(submits)
    for response in (*submit_exchanges, *describes):
        exchange = response.exchange
        if not response.ok:
            continue
        for job in response.jobs:
            if job.job_id and job.state:
                state = StateObservation(job.state, exchange.started, exchange.ended, exchange.seq, exchange.step)
                observed.setdefault(job.job_id, []).append((state, job))
    arrivals: dict[str, list[Bound]] = {}
    for callback in callbacks:
        for job in callback.callback.jobs:
            # No document defines whether a cancelled job has a callback; such a callback proves no start.
            if job.job_id and job.state != JobState.CANCEL:
                bound = Bound(callback.arrival.started, callback.arrival.seq)
                arrivals.setdefault(job.job_id, []).append(bound)
    timelines = []
    for response in submit_exchanges:
        jobs, requested = response.jobs, requested_jobs(response)
        if not response.ok or len(jobs) != len(requested):
            continue
        for job, request in _paired(jobs, requested):
            if job.job_id:
                states, bounds = observed.get(job.job_id, []), arrivals.get(job.job_id, [])
                timelines.append(_timeline(job.job_id, request, response, states, bounds))
    return tuple(timelines)


def _paired(jobs: Sequence[Job], requested: Sequence[RequestedJob]) -> Iterator[tuple[Job, RequestedJob]]:
    """Pairs each job with its request: by UserData where all of them differ, else by position.

    Only the sample of 436/85083 shows that the response keeps the order of the Operations.
    """
    by_data = {request.user_data: request for request in requested if request.user_data}
    returned = [(job.operation.user_data if job.operation is not None else None) or "" for job in jobs]
    if len(by_data) == len(requested) and set(returned) == set(by_data):
        return ((job, by_data[data]) for job, data in zip(jobs, returned, strict=True))
    return zip(jobs, requested, strict=True)


def _timeline(
    job_id: str,
    requested: RequestedJob,
    submit: ParsedExchange,
    observed: Sequence[tuple[StateObservation, Job]],
    arrivals: Sequence[Bound],
) -> JobTimeline:
    exchange = submit.exchange
    ordered = sorted(observed, key=lambda pair: (pair[0].sent, pair[0].received))
    started = [Bound(s.received, s.seq) for s, _ in ordered if s.state in _STARTED]
    not_after = min((*started, *arrivals), key=lambda b: b.at, default=Bound(math.inf, exchange.seq))
    waiting = [(s, times.parse(job.start_time) is not None) for s, job in ordered if s.state in WAITING_STATES]
    # A waiting state that was requested before the first proof of a start bounds the start from below. A later one does
    # not: a pause returned the job to waiting, which one documented reading allows. The same holds for a waiting job
    # that has a StartTime.
    waits = [Bound(s.sent, s.seq) for s, stamped in waiting if s.sent <= not_after.at and not stamped]
    not_before = max(waits, key=lambda b: b.at, default=Bound(exchange.started, exchange.seq))
    first_running = min((s.sent for s, _ in ordered if s.state == JobState.RUNNING), default=math.inf)
    returned = any(s.sent > first_running or stamped for s, stamped in waiting)
    stamps = [times.parse(job.start_time) for _, job in ordered if job.start_time]
    known = [stamp.timestamp() for stamp in stamps if stamp is not None]
    return JobTimeline(
        job_id=job_id,
        step=exchange.step,
        requested=requested,
        submit_seq=exchange.seq,
        submitted_at=exchange.started,
        accepted_by=exchange.ended,
        not_before=not_before,
        not_after=not_after,
        start_stamp=known[0] if known else None,
        observations=tuple(s for s, _ in ordered),
        callback_arrivals=tuple(sorted(arrivals, key=lambda b: b.at)),
        returned_to_waiting=returned,
    )


def most_overlapping(spans: Iterable[tuple[float, float]]) -> int:
    """Returns the largest number of closed spans that contain one instant; 0 without any."""
    edges = sorted((at, -step) for begin, end in spans for at, step in ((begin, 1), (end, -1)))
    return max(accumulate((-step for _, step in edges)), default=0)
