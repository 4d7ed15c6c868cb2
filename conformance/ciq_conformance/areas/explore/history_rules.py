"""Judges one observed history: one pure function for each EXP requirement. Imports the standard library only.

A stand-alone script contains the source text of this module, so the suite and the script apply the same rules.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from types import MappingProxyType

from ciq_conformance.areas.explore.observed_history import (
    ENDED,
    SLACK,
    STARTED,
    STATES,
    WAITING,
    HistoryJob,
    Interval,
    ObservedHistory,
    Proof,
    QueueView,
    StateObservation,
)

STAMP_STEPS = 2.0
"""Least difference of two one-second stamps that proves an order."""


@dataclass(frozen=True, slots=True)
class Deviation:
    """A text about what contradicts a rule, and the records that prove it."""

    text: str
    witness: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class RuleResult:
    """The result of one rule on one history."""

    deviations: tuple[Deviation, ...]
    cases: int
    """Number of cases in which a faulty target would have been detected."""


HistoryRule = Callable[[ObservedHistory], RuleResult]


@dataclass(frozen=True, slots=True)
class _Overtaking:
    """`late` should have started first, but `early` did; `gap` seconds are between the two proofs."""

    early: HistoryJob
    late: HistoryJob
    gap: float
    by_stamp: bool = False

    def deviation(self) -> Deviation:
        early, late = self.early, self.late
        proof = (
            f"StartTime is {self.gap + 1.0:.0f} s earlier"
            if self.by_stamp
            else f"had started by {early.not_after.at:.2f} s, the other still waited at {late.not_before.at:.2f} s"
        )
        first, second = (
            f"job {job.job_id} ({'no level' if job.level is None else f'level {job.level}'}, "
            f"submitted at {job.sent:.2f} s)"
            for job in (early, late)
        )
        witness = dict.fromkeys((late.seq, early.seq, early.not_after.seq, late.not_before.seq))
        return Deviation(f"{first} started before {second}: {proof}", tuple(witness))


def jobs_start_in_order(history: ObservedHistory) -> RuleResult:
    """EXP-001: of waiting jobs the greater level starts first, and within a level the job accepted first.

    Quadratic: a history has about 40 jobs at most.
    """
    settled = history.conditions.settled
    inversions: list[_Overtaking] = []
    proven = 0
    levels: dict[int, list[HistoryJob]] = {}
    for job in history.jobs:
        levels.setdefault(job.rank, []).append(job)
    for low, lesser in sorted(levels.items()):
        for high, greater in sorted(levels.items()):
            if high > low:
                # A worker may already hold a job that still shows as waiting, so violations get a grace period.
                inversions += _overtaken(greater, lesser, lambda job: job.not_before.at, grace=settled)
                for job in lesser:
                    due = [other.not_after.at for other in greater if other.sent >= job.answered]
                    proven += bool(due) and min(due) <= job.not_before.at
    by_level = _widest(inversions)
    inversions = []
    for group in levels.values():
        inversions += _overtaken(group, group, lambda job: job.sent, grace=0.0)
        waited = [job for job in group if job.not_before.at > job.answered]
        for job in group:
            due = [other.not_after.at for other in waited if other.answered < job.sent]
            proven += bool(due) and min(due) <= job.not_before.at
    found = sorted((*by_level, *_widest(inversions)), key=lambda one: -one.gap)
    if len({one.late.job_id for one in found}) <= _excused_jobs(history):
        found = []
    return RuleResult(tuple(one.deviation() for one in found), proven)


def _overtaken(
    waiters: Iterable[HistoryJob], rivals: Iterable[HistoryJob], key: Callable[[HistoryJob], float], *, grace: float
) -> Iterator[_Overtaking]:
    """For each waiter the rival that started first of those due after it, when that was before the waiter."""
    ordered = sorted(rivals, key=key)
    for waiter in waiters:
        due_later = [job for job in ordered if key(job) >= waiter.answered + grace]
        if not due_later:
            continue
        early = min(due_later, key=lambda job: job.not_after.at)
        gap = waiter.not_before.at - early.not_after.at
        if gap >= SLACK:
            yield _Overtaking(early, waiter, gap)
            continue
        stamped = [(job.start_stamp, index) for index, job in enumerate(due_later) if job.start_stamp is not None]
        if stamped and waiter.start_stamp is not None:
            stamp, index = min(stamped)
            if waiter.start_stamp - stamp >= STAMP_STEPS:
                yield _Overtaking(due_later[index], waiter, waiter.start_stamp - stamp - 1.0, by_stamp=True)


def _widest(inversions: Iterable[_Overtaking]) -> Sequence[_Overtaking]:
    """The widest inversion of each overtaken job."""
    widest: dict[str, _Overtaking] = {}
    for one in sorted(inversions, key=lambda one: -one.gap):
        widest.setdefault(one.late.job_id, one)
    return tuple(widest.values())


def _excused_jobs(history: ObservedHistory) -> int:
    """How many jobs may look overtaken although they had already started.

    A pause that stops running jobs explains at most one job for each worker and pause. A restart explains the jobs it
    may have interrupted: no document defines their place in the order after it.
    """
    workers = history.conditions.workers
    pauses = sum(update.kind == "pause" for update in history.updates)
    excused = workers * pauses if history.conditions.stops_running_jobs else 0
    return excused + sum(min(workers, _interrupted(history, restart)) for restart in history.restarts)


def _interrupted(history: ObservedHistory, restart: Interval) -> int:
    """How many jobs a restart may have interrupted: not ended before it, and not held by a pause all through it."""
    span = next((s for s in history.pauses if s.begin <= restart.begin and restart.end <= s.end), None)
    count = 0
    for job in history.jobs:
        held = _held_observation(job, span, history.conditions.settled) if span else None
        waited = held is not None and held.received <= restart.begin
        ended = any(s.state in ENDED and s.received <= restart.begin for s in job.observations)
        count += job.sent < restart.begin and not waited and not ended
    return count


def _held_observation(job: HistoryJob, span: Interval, settled: float) -> StateObservation | None:
    """The first observation in a pause that proves that no worker holds the job.

    A worker may hold a job that still shows as waiting, and the last worker may observe the pause a moment after its
    answer; `settled` seconds later neither is possible.
    """
    waited = (s for s in job.observations if s.state in WAITING and s.received <= span.end)
    return next((s for s in waited if s.sent >= span.begin + settled), None)


def paused_queue_starts_no_job(history: ObservedHistory) -> RuleResult:
    """EXP-002: no job starts while the queue is paused.

    A start after the grace period is a deviation; earlier ones are, when more jobs start than workers can hold.
    """
    settled = history.conditions.settled
    found: list[Deviation] = []
    cases = 0
    for span in history.pauses:
        started = [start for job in history.jobs if (start := _start_in(job, span)) is not None]
        most = history.conditions.held_by_workers
        if most is not None and len(started) > most and not history.restarted(span.begin, span.end):
            found += started
            cases += len(started)
            continue
        for job in history.jobs:
            held = _held_observation(job, span, settled)
            cases += held is not None
            if job.sent >= span.begin + settled and job.not_after.at < span.end:
                text = f"job {job.job_id} was submitted to the paused queue and had started before it was resumed"
                found.append(Deviation(text, (job.seq, job.not_after.seq)))
            elif held is not None:
                later = (s for s in job.observations if s.sent > held.received and s.received < span.end)
                left = next((s for s in later if s.state in STARTED), None)
                if left is not None:
                    text = f"job {job.job_id} went from {held.state} to {left.state} in the paused queue"
                    found.append(Deviation(text, (held.seq, left.seq)))
    return RuleResult(tuple(found), cases)


def _start_in(job: HistoryJob, span: Interval) -> Deviation | None:
    """The start of a job in a pause, when it was seen waiting or submitted in it."""
    waits = [Proof(s.received, s.seq) for s in job.observations if s.state in WAITING and s.sent >= span.begin]
    if job.sent >= span.begin:
        waits.append(Proof(job.answered, job.seq))
    waited = min(waits, key=lambda proof: proof.at, default=None)
    if waited is None:
        return None
    starts = [Proof(s.received, s.seq) for s in job.observations if s.state in STARTED and s.sent >= waited.at]
    starts += [proof for proof in job.start_callbacks if proof.at >= waited.at]
    first = min(starts, key=lambda proof: proof.at, default=None)
    if first is None or first.at >= span.end:
        return None
    text = f"job {job.job_id} waited in the paused queue and had started before it was resumed"
    return Deviation(text, (waited.seq, first.seq))


def jobs_succeed(history: ObservedHistory) -> RuleResult:
    """EXP-003: each job that was not cancelled ends as Success. A job still open counts only if the wait timed out."""
    cancelled = history.last_cancels()
    gone = dict(pair for restart in history.restarts for pair in _lost_jobs(history, restart))
    found = [deviation for job_id, deviation in gone.items() if job_id not in cancelled]
    kept = [job for job in history.jobs if job.job_id not in cancelled]
    for job in kept:
        state = job.last_state
        if job.job_id in gone or state == "Success" or (state not in ENDED and "drain" not in history.expired):
            continue
        seq = job.observations[-1].seq if job.observations else job.seq
        text = f"job {job.job_id} was not cancelled and the queue is active, but its last state is {state or 'unknown'}"
        found.append(Deviation(text, (job.seq, seq)))
    return RuleResult(tuple(found), len(kept))


def cancelled_jobs_stay_cancelled(history: ObservedHistory) -> RuleResult:
    """EXP-004: a job that was cancelled while it waited never starts, and its last state is Cancel."""
    found: list[Deviation] = []
    cases = 0
    by_id = {job.job_id: job for job in history.jobs}
    for job_id, cancel in history.last_cancels().items():
        job = by_id.get(job_id)
        if job is None or not cancel.ok:
            continue
        span = next((s for s in history.pauses if s.begin <= cancel.sent and cancel.answered <= s.end), None)
        if span is None:
            continue
        held = _held_observation(job, Interval(span.begin, cancel.sent), history.conditions.settled)
        if held is None:
            continue  # the job may have been running by then
        after = [s for s in job.observations if s.sent > cancel.answered]
        cases += bool(after)
        ran = next((s for s in after if s.state in STARTED), None)
        if ran is not None:
            text = f"job {job_id} was cancelled while it waited, but later was {ran.state}"
            found.append(Deviation(text, (held.seq, cancel.seq, ran.seq)))
        elif after and after[-1].state != "Cancel":
            text = f"job {job_id} was cancelled while it waited, but its last state is {after[-1].state}"
            found.append(Deviation(text, (held.seq, cancel.seq, after[-1].seq)))
    return RuleResult(tuple(found), cases)


def may_follow(earlier: str, later: str) -> bool:
    """Whether a job may be in the state `later` after `earlier`; equals `ciq_schemas.lifecycle`."""
    return later == earlier if earlier in ENDED else (earlier, later) != ("Running", "Cancel")


def states_move_forward(history: ObservedHistory) -> RuleResult:
    """EXP-005: no job leaves a final state, and no running job becomes cancelled."""
    found: list[Deviation] = []
    changes = 0
    for job in history.jobs:
        seen = [s for s in job.observations if s.state in STATES]
        for earlier, later in pairwise(seen):
            if earlier.state == later.state or earlier.received > later.sent:
                continue
            changes += 1
            if not may_follow(earlier.state, later.state):
                text = f"job {job.job_id} was {earlier.state}, later {later.state}"
                found.append(Deviation(text, (earlier.seq, later.seq)))
    return RuleResult(tuple(found), changes)


def callbacks_follow_the_rule(history: ObservedHistory) -> RuleResult:
    """EXP-006: an ended job is notified at the address in force, and a job under a rule that is Off is not."""
    if not history.conditions.callbacks_arrive:
        return RuleResult((), 0)
    found: list[Deviation] = []
    cases = 0
    for job in history.jobs:
        rules = history.rules_since(job.sent)
        arrived = [callback for callback in history.callbacks if job.job_id in callback.job_ids]
        if rules == {"off"} and not job.own_address:
            cases += 1
            if arrived:
                text = f"job {job.job_id} was notified although the rule was Off"
                found.append(Deviation(text, (job.seq, arrived[0].seq)))
            continue
        ended = next((s for s in job.observations if s.state in ("Success", "Failed")), None)
        if "off" in rules or ended is None:
            continue  # the documents do not define which moment's rule counts
        wanted = {"own"} if job.own_address else rules
        cases += 1
        if any(callback.channel in wanted for callback in arrived):
            continue
        if arrived:
            text = f"job {job.job_id} was notified only at an address that was not in force"
            found.append(Deviation(text, (job.seq, arrived[0].seq)))
        elif "callbacks" in history.expired and not history.receiver_failed and not _callback_may_be_lost(history, job):
            text = f"job {job.job_id} ended as {ended.state}, and no callback arrived"
            found.append(Deviation(text, (job.seq, ended.seq)))
    return RuleResult(tuple(found), cases)


def _callback_may_be_lost(history: ObservedHistory, job: HistoryJob) -> bool:
    """The job may have ended before a restart that lost its callback: no document defines that."""
    open_until = max((s.sent for s in job.observations if s.state not in ENDED), default=job.sent)
    return history.restarted(open_until, history.last)


def callbacks_follow_the_end(history: ObservedHistory) -> RuleResult:
    """EXP-007: after its callback a job is never observed in an open state."""
    by_id = {job.job_id: job for job in history.jobs}
    found: list[Deviation] = []
    cases = 0
    for callback in history.callbacks:
        for job_id in callback.job_ids:
            job = by_id.get(job_id)
            later = [s for s in job.observations if s.sent >= callback.answered] if job else []
            cases += bool(later)
            open_observation = next((s for s in later if s.state in STATES - ENDED), None)
            if open_observation is not None:
                text = f"job {job_id} was {open_observation.state} after its callback"
                found.append(Deviation(text, (callback.seq, open_observation.seq)))
    return RuleResult(tuple(found), cases)


def restarts_lose_nothing(history: ObservedHistory) -> RuleResult:
    """EXP-008: after a restart the target knows queue, rule and jobs as before, and reuses no job id."""
    found: list[Deviation] = []
    cases = 0
    for restart in history.restarts:
        updates = [update for update in history.updates if update.answered <= restart.begin]
        listings = [listing for listing in history.listings if listing.ok and listing.restart == restart.begin]
        before = updates[-1].queue if updates else None
        if before is not None and listings:
            cases += 1
            text = _changed(before, listings[-1].queues)
            if text:
                found.append(Deviation(text, (updates[-1].seq, listings[-1].seq)))
        cases += sum(job.answered <= restart.begin for job in history.jobs)
        found += (deviation for _, deviation in _lost_jobs(history, restart))
        found += _reused_ids(history, restart)
    return RuleResult(tuple(found), cases)


def _lost_jobs(history: ObservedHistory, restart: Interval) -> Iterator[tuple[str, Deviation]]:
    """Jobs accepted before a restart that the suite requested after it, but no answer contains."""
    for job in history.jobs:
        after = [q.seq for q in history.queries if q.sent >= restart.end and job.job_id in q.job_ids]
        seen = any(s.sent >= restart.end for s in job.observations)
        if job.answered <= restart.begin and after and not seen:
            text = f"job {job.job_id} was accepted before a restart and is not known after it"
            yield job.job_id, Deviation(text, (job.seq, after[0]))


def _changed(before: QueueView, listed: Iterable[QueueView]) -> str:
    """Text about a queue that changed in a restart; empty when nothing changed."""
    after = next((queue for queue in listed if queue.queue_id == before.queue_id), None)
    if after is None:
        return f"queue {before.queue_id} is not listed after a restart"
    if before.state and after.state != before.state:
        return f"queue {before.queue_id} was {before.state} before a restart and is {after.state} after it"
    if before.rule is not None and after.rule != before.rule:
        return f"the callback rule was {before.rule[0]} before a restart and changed in the restart"
    return ""


def _reused_ids(history: ObservedHistory, restart: Interval) -> Iterator[Deviation]:
    """New jobs whose id the target had already used before the restart."""
    earlier = {job.job_id: job.seq for job in history.accepted if job.answered <= restart.begin}
    for job in history.jobs:
        if job.sent >= restart.end and job.job_id in earlier:
            text = f"a job submitted after a restart has the id {job.job_id} of a job accepted before it"
            yield Deviation(text, (earlier[job.job_id], job.seq))


RULES: Mapping[str, HistoryRule] = MappingProxyType(
    {
        "EXP-001": jobs_start_in_order,
        "EXP-002": paused_queue_starts_no_job,
        "EXP-003": jobs_succeed,
        "EXP-004": cancelled_jobs_stay_cancelled,
        "EXP-005": states_move_forward,
        "EXP-006": callbacks_follow_the_rule,
        "EXP-007": callbacks_follow_the_end,
        "EXP-008": restarts_lose_nothing,
    }
)
"""The rule of each requirement."""


def broken_rules(history: ObservedHistory) -> tuple[str, ...]:
    """Ids of the rules that a history contradicts."""
    return tuple(name for name, rule in RULES.items() if rule(history).deviations)
