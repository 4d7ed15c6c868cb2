"""Judges the order of starts: which documented rule a set of timelines contradicts, proves, or leaves open.

The rules (1045/43607: "in sequence according to the priority and order of submission"):

* level rule: when two jobs wait at the same time, the job of the greater level starts first;
* order rule: when two jobs of one level wait, the job that was accepted first starts first.

An inversion `B before A` is reported only when B had certainly started `slack` seconds before the last instant at
which A certainly still waited. The slack covers services with several workers: they take jobs in order, but may publish
the new states slightly out of order. `StartTime` has a resolution of one second, so two stamps prove an order only when
they differ by two seconds or more. Every function here sorts once and scans once: n log n in the number of jobs.
"""

import math
from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from heapq import heappush, heappushpop
from itertools import accumulate
from operator import attrgetter

from ciq_schemas.transcript.jobs import JobTimeline
from ciq_schemas.transcript.records import Calibration

SLACK = 0.3
"""Seconds by which several workers may publish their starts out of order."""


def settled_after(calibration: Calibration | None) -> float:
    """Seconds until the state of a started job is visible, and until every worker has received a pause."""
    return SLACK + (calibration.start_latency if calibration else 0.0)


FEWEST_PROVEN = 2
"""An order counts as proven when at least this many jobs certainly waited until another had started."""

STAMP_STEPS = 2.0
"""The smallest difference, in seconds, between two one-second stamps that proves an order."""


_SUBMITTED_AT = attrgetter("submitted_at")
_ACCEPTED_BY = attrgetter("accepted_by")
_NOT_BEFORE = attrgetter("not_before.at")
_NOT_AFTER = attrgetter("not_after.at")


@dataclass(frozen=True, slots=True)
class Inversion:
    """`early` started before `late`, against the rule; `gap` is the number of seconds between the two proofs."""

    early: JobTimeline
    late: JobTimeline
    gap: float
    by_stamp: bool = False
    overtakers: int = 1
    """At least this many jobs overtook `late`; more than workers can hold prove it whatever the gap is."""

    @property
    def witness(self) -> tuple[int, ...]:
        """The records that prove it: both submits, the proof of the start, the proof of waiting."""
        return tuple(
            dict.fromkeys(
                (
                    self.late.submit_seq,
                    self.early.submit_seq,
                    self.early.not_after.seq,
                    self.late.not_before.seq,
                )
            )
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Ordering:
    """The result of one rule over the timelines."""

    inversions: tuple[Inversion, ...]
    """At most one for each overtaken job, the largest gap first."""
    owed: int
    """Jobs that had to wait for at least one other under the rule."""
    proven: int
    """How many of these certainly started after a job that had to start first."""


def _stamp_gap(early: JobTimeline, late: JobTimeline) -> float:
    if early.start_stamp is None or late.start_stamp is None:
        return -math.inf
    return late.start_stamp - early.start_stamp - STAMP_STEPS


def order_rule(
    timelines: Sequence[JobTimeline], *, slack: float = SLACK, stamps: bool = True, held_by_workers: int | None = None
) -> Ordering:
    """Judges the order of submission within each level.

    More than `held_by_workers` overtaking jobs are proof without `slack` (None: never).
    """
    inversions: list[Inversion] = []
    owed = proven = 0
    for group in _by_level(timelines).values():
        accepted, earliest_start = group.accepted
        for timeline in group.timelines:
            before = bisect_left(accepted, timeline.submitted_at)  # certainly accepted before this one was submitted
            if before:
                owed += 1
                proven += earliest_start[before - 1] <= timeline.not_before.at
        inversions += _overtaken(
            group.timelines, group.by_submission, slack=slack, stamps=stamps, spare=held_by_workers
        )
    return Ordering(inversions=_widest(inversions), owed=owed, proven=proven)


def level_rule(
    timelines: Sequence[JobTimeline],
    *,
    greater: int | None = None,
    lesser: int | None = None,
    slack: float = SLACK,
    stamps: bool = True,
    held_by_workers: int | None = None,
) -> Ordering:
    """Judges priority between jobs of `greater` and of `lesser` level (None = every pair of levels).

    `owed` and `proven` count the jobs of the lesser level that were accepted *before* one of the greater level:
    those an implementation that ignores levels would have started first. More than `held_by_workers` overtaking jobs
    are proof without `slack` (None: never).
    """
    inversions: list[Inversion] = []
    owed = proven = 0
    groups = _by_level(timelines)
    pairs = [
        (high, low)
        for low in sorted(groups)
        for high in sorted(groups)
        if high > low and greater in (None, high) and lesser in (None, low)
    ]
    for high, low in pairs:
        # A low job that still waited once the high one was accepted may not start before it.
        inversions += _overtaken(
            groups[high].timelines, groups[low].by_waiting, slack=slack, stamps=stamps, spare=held_by_workers
        )
        submitted, earliest_start = groups[high].submitted
        for timeline in groups[low].timelines:
            index = bisect_left(submitted, timeline.accepted_by)
            if index < len(submitted):
                owed += 1
                proven += earliest_start[index] <= timeline.not_before.at
    return Ordering(inversions=_widest(inversions), owed=owed, proven=proven)


class _Rivals:
    """Jobs sorted by an instant; for each position, the job from there to the end that started (was stamped) first."""

    def __init__(self, timelines: Iterable[JobTimeline], key: Callable[[JobTimeline], float]) -> None:
        ordered = sorted(timelines, key=key)
        self._ordered = ordered
        self.keys = list(map(key, ordered))
        self.soonest = _suffix_least(ordered, list(map(_NOT_AFTER, ordered)))
        self.soonest_stamp: list[JobTimeline] = []
        if any(timeline.start_stamp is not None for timeline in ordered):
            stamps = [math.inf if t.start_stamp is None else t.start_stamp for t in ordered]
            self.soonest_stamp = _suffix_least(ordered, stamps)

    def nth_start(self, number: int) -> list[float]:
        """For each position the instant by which `number` of the jobs from there on had started."""
        latest_first: list[float] = []  # a heap of the `number` earliest starts, negated
        found = [math.inf] * len(self._ordered)
        for index in range(len(found) - 1, -1, -1):
            start = -self._ordered[index].not_after.at
            if len(latest_first) < number:
                heappush(latest_first, start)
            else:
                heappushpop(latest_first, start)
            if len(latest_first) == number:
                found[index] = -latest_first[0]
        return found


class _Level:
    """The jobs of one level; each sorted list is computed on first use."""

    def __init__(self, timelines: list[JobTimeline]) -> None:
        self.timelines = timelines

    @cached_property
    def by_submission(self) -> _Rivals:
        """Sorted by the instant before which the target had certainly not accepted them."""
        return _Rivals(self.timelines, _SUBMITTED_AT)

    @cached_property
    def by_waiting(self) -> _Rivals:
        """Sorted by the last instant at which they certainly waited."""
        return _Rivals(self.timelines, _NOT_BEFORE)

    @cached_property
    def accepted(self) -> tuple[list[float], list[float]]:
        """Sorted instants of acceptance, and the earliest proven start among the jobs up to each.

        Only of jobs that were observed waiting: a job that never waited proves no order by starting first.
        """
        ordered = sorted((t for t in self.timelines if t.not_before.at > t.accepted_by), key=_ACCEPTED_BY)
        return list(map(_ACCEPTED_BY, ordered)), list(accumulate(map(_NOT_AFTER, ordered), min))

    @cached_property
    def submitted(self) -> tuple[list[float], list[float]]:
        """Sorted instants of the submit requests, and the earliest proven start among the jobs from each on."""
        ordered = sorted(self.timelines, key=_SUBMITTED_AT)
        return list(map(_SUBMITTED_AT, ordered)), list(accumulate(map(_NOT_AFTER, reversed(ordered)), min))[::-1]


def lagging_level_rule(
    timelines: Sequence[JobTimeline],
    lag: Callable[[JobTimeline], float],
    *,
    greater: int | None = None,
    lesser: int | None = None,
    held_by_workers: int | None = None,
) -> Ordering:
    """Applies the level rule; for inversions, a job counts as accepted `lag` seconds later.

    In an active queue a worker may already hold a job of lesser level that still shows as waiting. Therefore
    inversions get a grace period; proofs need none.
    """
    later = [replace(timeline, accepted_by=timeline.accepted_by + lag(timeline)) for timeline in timelines]
    plain = level_rule(timelines, greater=greater, lesser=lesser, held_by_workers=held_by_workers)
    counted = (inversion for inversion in plain.inversions if inversion.overtakers > 1)
    lagging = level_rule(later, greater=greater, lesser=lesser)
    return replace(plain, inversions=_widest((*lagging.inversions, *counted)))


def _by_level(timelines: Iterable[JobTimeline]) -> dict[int, _Level]:
    by_text: dict[str | None, list[JobTimeline]] = {}
    for timeline in timelines:
        by_text.setdefault(timeline.requested.level, []).append(timeline)
    groups: dict[int, list[JobTimeline]] = {}
    for group in by_text.values():
        groups.setdefault(group[0].level, []).extend(group)
    return {level: _Level(group) for level, group in groups.items()}


def _widest(inversions: Iterable[Inversion]) -> tuple[Inversion, ...]:
    """Returns the inversion with the largest gap of each overtaken job, the largest first."""
    widest: dict[str, Inversion] = {}
    for inversion in sorted(inversions, key=attrgetter("gap"), reverse=True):
        widest.setdefault(inversion.late.job_id, inversion)
    return tuple(widest.values())


def _overtaken(
    waiters: Iterable[JobTimeline], rivals: _Rivals, *, slack: float, stamps: bool, spare: int | None
) -> list[Inversion]:
    """For each waiter the first to start of the rivals from its acceptance on, where that was too soon."""
    keys, soonest, soonest_stamp = rivals.keys, rivals.soonest, rivals.soonest_stamp
    enough = None if spare is None else rivals.nth_start(spare + 1)
    found = []
    for waiter in waiters:
        index = bisect_left(keys, waiter.accepted_by)
        if index == len(keys):
            continue
        gap = waiter.not_before.at - soonest[index].not_after.at
        counted = enough is not None and enough[index] <= waiter.not_before.at
        if gap >= slack or counted:
            overtakers = spare + 1 if counted and spare is not None else 1
            found.append(Inversion(soonest[index], waiter, gap, overtakers=overtakers))
        elif stamps and soonest_stamp and _stamp_gap(soonest_stamp[index], waiter) >= 0:
            gap = _stamp_gap(soonest_stamp[index], waiter) + 1.0
            found.append(Inversion(soonest_stamp[index], waiter, gap, by_stamp=True))
    return found


def _suffix_least(timelines: Sequence[JobTimeline], values: Sequence[float]) -> list[JobTimeline]:
    """Returns for each position the timeline of the smallest value from there to the end."""
    least = list(timelines)
    bound = math.inf
    for index in range(len(least) - 1, -1, -1):
        if values[index] <= bound:
            bound = values[index]
        else:
            least[index] = least[index + 1]
    return least


PairFilter = Callable[[JobTimeline, JobTimeline], bool]
"""Returns whether a pair counts; its first argument is the job that must start first."""


def agreement(timelines: Sequence[JobTimeline], counts: PairFilter) -> tuple[int, int]:
    """Counts the pairs whose callbacks arrived in the order of both rules, and all pairs that have such an order.

    A pair has an order when both jobs waited at one instant. No document promises an order of callbacks, so
    this can support a pass, but never causes a failure. Quadratic: for the jobs of one scenario only.
    """
    with_callback = [t for t in timelines if t.callback_arrivals]
    agreeing = comparable = 0
    for index, one in enumerate(with_callback):
        for other in with_callback[index + 1 :]:
            pair = _due_order(one, other)
            if pair is None or not counts(*pair):
                continue
            first, second = pair
            if (
                second.not_before.at < first.accepted_by
                or first.callback_arrivals[0].at == second.callback_arrivals[0].at
            ):
                continue
            comparable += 1
            agreeing += first.callback_arrivals[0].at < second.callback_arrivals[0].at
    return agreeing, comparable


def _due_order(one: JobTimeline, other: JobTimeline) -> tuple[JobTimeline, JobTimeline] | None:
    if one.level != other.level:
        return (one, other) if one.level > other.level else (other, one)
    if one.accepted_by < other.submitted_at:
        return one, other
    if other.accepted_by < one.submitted_at:
        return other, one
    return None
