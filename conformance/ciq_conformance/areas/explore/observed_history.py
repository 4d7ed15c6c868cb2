"""What was observed of one history, as plain values. Imports the standard library only.

The suite fills these classes from its transcript (`histories.py`). A stand-alone script contains the source text of
this module and fills them from what it observes. `history_rules` judges both.
"""

import math
from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property

SLACK = 0.3
"""Seconds by which several workers may publish their starts in another order; equals `judge.ordering.SLACK`."""
WAITING = frozenset({"Submitted", "Pause"})
STARTED = frozenset({"Running", "Success", "Failed"})
ENDED = frozenset({"Success", "Failed", "Cancel"})
STATES = WAITING | STARTED | ENDED


@dataclass(frozen=True, slots=True)
class Interval:
    """From one instant to another, in seconds."""

    begin: float
    end: float


@dataclass(frozen=True, slots=True)
class Proof:
    """An instant, and the number of the record that proves it."""

    at: float
    seq: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StateObservation:
    """A job's state in one answer: it was true at some instant of the closed interval from `sent` to `received`."""

    state: str
    sent: float
    received: float
    start_stamp: float | None = None
    """`StartTime` in the answer, in seconds of the target's clock."""
    seq: int = 0


@dataclass(frozen=True, kw_only=True)
class HistoryJob:
    """One job of a history."""

    job_id: str
    level: int | None
    own_address: bool
    """The submit request named a callback address for this job."""
    sent: float
    """The submit request was sent: the target accepted the job after this."""
    answered: float
    """The submit answer was received: the target accepted the job before this."""
    observations: tuple[StateObservation, ...]
    """In the order of `sent`."""
    start_callbacks: tuple[Proof, ...] = ()
    """Arrivals of its callbacks, without those that report Cancel."""
    seq: int = 0

    @property
    def rank(self) -> int:
        """Level for comparison; no level counts as 0, the documented default."""
        return self.level or 0

    @property
    def last_state(self) -> str:
        """State in the last observation; empty when the job was never observed."""
        return self.observations[-1].state if self.observations else ""

    @cached_property
    def not_after(self) -> Proof:
        """The job had started at this instant; infinite when no observation proves a start."""
        seen = (Proof(s.received, s.seq) for s in self.observations if s.state in STARTED)
        return min((*seen, *self.start_callbacks), key=lambda proof: proof.at, default=Proof(math.inf, self.seq))

    @cached_property
    def not_before(self) -> Proof:
        """The job had not started at this instant.

        A waiting state after the first proof of a start is ignored: one documented reading lets a pause put a running
        job back. A waiting job with a StartTime was put back too.
        """
        waits = (
            Proof(s.sent, s.seq)
            for s in self.observations
            if s.state in WAITING and s.start_stamp is None and s.sent <= self.not_after.at
        )
        return max(waits, key=lambda proof: proof.at, default=Proof(self.sent, self.seq))

    @property
    def start_stamp(self) -> float | None:
        """The first `StartTime` that the target returned."""
        return next((s.start_stamp for s in self.observations if s.start_stamp is not None), None)

    @property
    def returned_to_waiting(self) -> bool:
        """Whether the job was observed running and later waiting: the target stops running jobs in a pause."""
        first_running = min((s.sent for s in self.observations if s.state == "Running"), default=math.inf)
        waiting = (s for s in self.observations if s.state in WAITING)
        return any(s.sent > first_running or s.start_stamp is not None for s in waiting)


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueView:
    """A queue in one answer."""

    queue_id: str
    state: str
    rule: tuple[str, str | None] | None
    """State of the callback rule, and its address while it is On; None without a rule."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueUpdate:
    """One update of the queue: `kind` is open, pause, resume or rule."""

    kind: str
    rule: str
    """The callback rule that the update sets: first, second, off; empty when it keeps the rule."""
    sent: float
    answered: float
    ok: bool
    queue: QueueView | None = None
    seq: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancel:
    """One request to cancel a job."""

    job_id: str
    sent: float
    answered: float
    ok: bool
    refused: bool
    """The target answered 4xx."""
    seq: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class JobQuery:
    """A request whose answer shows which of the named jobs the target knows."""

    job_ids: frozenset[str]
    sent: float
    seq: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class RestartListing:
    """One list of queues after the restart that began at `restart`."""

    restart: float
    sent: float
    ok: bool
    refused: bool
    queues: tuple[QueueView, ...] = ()
    seq: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Callback:
    """One callback that arrived: `channel` is first, second or own."""

    channel: str
    arrived: float
    answered: float
    job_ids: tuple[str, ...]
    seq: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptedJob:
    """A job of any history of the run: when the target accepted it, and by which record."""

    job_id: str
    answered: float
    seq: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditions:
    """What the run measured of the target outside the history."""

    start_latency: float
    workers: int
    stops_running_jobs: bool
    """A pause stopped a running job, which is one documented reading."""
    held_by_workers: int | None = None
    """The largest number of jobs that workers can hold while the target still shows them as waiting; None: unknown."""
    callbacks_arrive: bool
    """Some callback of the run arrived."""

    @property
    def settled(self) -> float:
        """Seconds after which a started job shows a started state, and every worker observes a pause."""
        return SLACK + self.start_latency


@dataclass(frozen=True, kw_only=True)
class ObservedHistory:
    """What was observed of one history. All sequences are in the order in which the requests were sent."""

    jobs: tuple[HistoryJob, ...]
    updates: tuple[QueueUpdate, ...]
    cancels: tuple[Cancel, ...]
    queries: tuple[JobQuery, ...]
    listings: tuple[RestartListing, ...]
    callbacks: tuple[Callback, ...]
    """Callbacks about its jobs."""
    accepted: tuple[AcceptedJob, ...]
    """The jobs of all histories of the run, this one included."""
    expired: frozenset[str]
    """Waits that timed out: `drain` for the end of the jobs, `callbacks` for callbacks."""
    receiver_failed: bool
    """The receiver answered with an error in this history or the one before: callbacks may be late."""
    last: float
    """When the last answer was received."""
    conditions: Conditions

    @cached_property
    def pauses(self) -> tuple[Interval, ...]:
        """When the queue was certainly paused: from the answer to a pause until the next resume is sent."""
        spans: list[Interval] = []
        busy_until = -math.inf
        for index, update in enumerate(self.updates):
            if update.kind in ("open", "resume"):
                busy_until = max(busy_until, update.answered)
            elif update.kind == "pause" and update.ok and update.sent >= busy_until:
                later = (u.sent for u in self.updates[index + 1 :] if u.kind == "resume")
                spans.append(Interval(update.answered, next(later, self.last)))
        return tuple(spans)

    @cached_property
    def restarts(self) -> tuple[Interval, ...]:
        """When the target was restarted: until the first request after it with an answer other than 5xx."""
        answered: dict[float, float] = {}
        for listing in self.listings:
            if listing.ok or listing.refused:
                answered.setdefault(listing.restart, listing.sent)
        return tuple(Interval(begin, end) for begin, end in answered.items())

    def restarted(self, begin: float, end: float) -> bool:
        """Whether the target was restarted between two instants."""
        return any(begin <= span.end and span.begin <= end for span in self.restarts)

    def rules_since(self, instant: float) -> frozenset[str]:
        """The callback rules that may have been in force from an instant on."""
        rules = [update for update in self.updates if update.rule]
        moments = [update.answered for update in rules]
        return frozenset(update.rule for update in rules[max(0, bisect_right(moments, instant) - 1) :])

    def last_cancels(self) -> dict[str, Cancel]:
        """The last cancel of each job that was not refused."""
        return {cancel.job_id: cancel for cancel in self.cancels if not cancel.refused}
