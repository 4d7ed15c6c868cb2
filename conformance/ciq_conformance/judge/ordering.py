"""Ordering: which documented order of starts a set of tracks contradicts, which it proves, which it leaves open.

The rules (1045/43607: "in sequence according to the priority and order of submission"):

* level rule: of two jobs waiting at one instant, the one of greater level starts first;
* order rule: of two jobs of one level, the one accepted first starts first.

`B before A` is claimed only when B had certainly started `slack` seconds before the last instant at which A had
certainly not. The slack covers services with several workers, which take jobs in order but may publish the new
states a little out of order. `StartTime` has one-second steps, so two stamps prove an order only when they differ by
two seconds or more. Every pass here is a sort and a sweep: n log n in the number of jobs.
"""

import math
from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from operator import attrgetter

from ciq_conformance.judge.tracks import Track

SLACK = 0.3
"""Seconds by which several workers may publish their starts out of order."""

STAMP_STEPS = 2.0
"""Least difference of two one-second stamps that proves an order."""


_ASKED_AT = attrgetter("asked_at")
_ACCEPTED_BY = attrgetter("accepted_by")
_NOT_BEFORE = attrgetter("not_before.at")
_NOT_AFTER = attrgetter("not_after.at")


@dataclass(frozen=True, slots=True)
class Inversion:
    """`late` should have started first, `early` did; `gap` seconds lie between the two proofs."""

    early: Track
    late: Track
    gap: float
    by_stamp: bool = False

    @property
    def witness(self) -> tuple[int, ...]:
        """Records that show it: submits of both, the proof of the start, the proof of waiting."""
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
    """What the tracks say about one rule."""

    inversions: tuple[Inversion, ...]
    """At most one for each overtaken job, the widest gap first."""
    owed: int
    """Jobs that had to wait for at least one other under the rule."""
    proven: int
    """Of these, how many certainly started after one they had to wait for."""


def _stamp_gap(early: Track, late: Track) -> float:
    if early.start_stamp is None or late.start_stamp is None:
        return -math.inf
    return late.start_stamp - early.start_stamp - STAMP_STEPS


def order_rule(tracks: Sequence[Track], *, slack: float = SLACK, stamps: bool = True) -> Ordering:
    """Judge the order of submission inside each level."""
    inversions: list[Inversion] = []
    owed = proven = 0
    for group in _by_level(tracks).values():
        forward = sorted(group, key=_ACCEPTED_BY)
        accepted = list(map(_ACCEPTED_BY, forward))
        earliest_start = list(accumulate(map(_NOT_AFTER, forward), min))
        for track in group:
            before = bisect_left(accepted, track.asked_at)  # accepted for certain before this one was asked for
            if before:
                owed += 1
                proven += earliest_start[before - 1] <= track.not_before.at
        inversions += _overtaken(group, _ACCEPTED_BY, group, _ASKED_AT, slack=slack, stamps=stamps)
    return Ordering(inversions=_widest(inversions), owed=owed, proven=proven)


def level_rule(
    tracks: Sequence[Track],
    *,
    greater: int | None = None,
    lesser: int | None = None,
    slack: float = SLACK,
    stamps: bool = True,
) -> Ordering:
    """Judge priority between jobs of `greater` and of `lesser` level (None = every pair of levels).

    `owed` and `proven` count the jobs of the lesser level that were accepted *before* one of the greater level:
    those an implementation that ignores levels would have started first.
    """
    inversions: list[Inversion] = []
    owed = proven = 0
    groups = _by_level(tracks)
    pairs = [
        (high, low)
        for low in sorted(groups)
        for high in sorted(groups)
        if high > low and greater in (None, high) and lesser in (None, low)
    ]
    for high, low in pairs:
        highs, lows = groups[high], groups[low]
        # A low job that still waited once the high one was accepted may not start before it.
        inversions += _overtaken(highs, _ACCEPTED_BY, lows, _NOT_BEFORE, slack=slack, stamps=stamps)
        late_highs = sorted(highs, key=_ASKED_AT)
        asked = list(map(_ASKED_AT, late_highs))
        suffix = list(accumulate(map(_NOT_AFTER, reversed(late_highs)), min))[::-1]
        for track in lows:
            index = bisect_left(asked, track.accepted_by)
            if index < len(late_highs):
                owed += 1
                proven += suffix[index] <= track.not_before.at
    return Ordering(inversions=_widest(inversions), owed=owed, proven=proven)


def _by_level(tracks: Iterable[Track]) -> dict[int, list[Track]]:
    groups: dict[int, list[Track]] = {}
    for track in tracks:
        groups.setdefault(track.level, []).append(track)
    return groups


def _widest(inversions: Iterable[Inversion]) -> tuple[Inversion, ...]:
    """The widest inversion of each overtaken job, widest first."""
    widest: dict[str, Inversion] = {}
    for inversion in inversions:
        known = widest.get(inversion.late.job_id)
        if known is None or known.gap < inversion.gap:
            widest[inversion.late.job_id] = inversion
    return tuple(sorted(widest.values(), key=lambda i: (-i.gap, i.late.job_id)))


def _overtaken(
    waiters: Sequence[Track],
    waiter_key: Callable[[Track], float],
    others: Sequence[Track],
    other_key: Callable[[Track], float],
    *,
    slack: float,
    stamps: bool,
) -> list[Inversion]:
    """For each waiter the first to start of the others whose key is not less, where it started too soon."""
    later = sorted(others, key=other_key)
    keys = list(map(other_key, later))
    soonest = _suffix_least(later, _NOT_AFTER)
    stamped = stamps and any(track.start_stamp is not None for track in later)
    soonest_stamp = _suffix_least(later, _stamp_or_never) if stamped else soonest
    found = []
    for waiter in waiters:
        index = bisect_left(keys, waiter_key(waiter))
        if index == len(later):
            continue
        gap = waiter.not_before.at - soonest[index].not_after.at
        if gap >= slack:
            found.append(Inversion(soonest[index], waiter, gap))
        elif stamped and _stamp_gap(soonest_stamp[index], waiter) >= 0:
            gap = _stamp_gap(soonest_stamp[index], waiter) + 1.0
            found.append(Inversion(soonest_stamp[index], waiter, gap, by_stamp=True))
    return found


def _stamp_or_never(track: Track) -> float:
    return math.inf if track.start_stamp is None else track.start_stamp


def _suffix_least(tracks: Sequence[Track], key: Callable[[Track], float]) -> list[Track]:
    """For each position the track of least key from there to the end."""
    least = list(tracks)
    bound = math.inf
    for index in range(len(least) - 1, -1, -1):
        value = key(least[index])
        if value <= bound:
            bound = value
        else:
            least[index] = least[index + 1]
    return least


PairFilter = Callable[[Track, Track], bool]
"""Says whether a pair counts; the job that is due first comes first."""


def agreement(tracks: Sequence[Track], counts: PairFilter) -> tuple[int, int]:
    """Pairs of jobs told in the order that both rules demand, and all pairs that were due in some order.

    A pair is due in an order when both jobs waited at one instant. The order of callbacks is promised nowhere, so
    this can strengthen a pass and never makes a failure. Quadratic: for the jobs of one scenario only.
    """
    told = [t for t in tracks if t.told]
    agreeing = comparable = 0
    for index, one in enumerate(told):
        for other in told[index + 1 :]:
            pair = _due_order(one, other)
            if pair is None or not counts(*pair):
                continue
            first, second = pair
            if second.not_before.at < first.accepted_by or first.told[0].at == second.told[0].at:
                continue
            comparable += 1
            agreeing += first.told[0].at < second.told[0].at
    return agreeing, comparable


def _due_order(one: Track, other: Track) -> tuple[Track, Track] | None:
    if one.level != other.level:
        return (one, other) if one.level > other.level else (other, one)
    if one.accepted_by < other.asked_at:
        return one, other
    if other.accepted_by < one.asked_at:
        return other, one
    return None
