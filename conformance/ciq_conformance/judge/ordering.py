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
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate

from ciq_conformance.judge.tracks import Track

SLACK = 0.3
"""Seconds by which several workers may publish their starts out of order."""

STAMP_STEPS = 2.0
"""Least difference of two one-second stamps that proves an order."""


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
    inversions: dict[str, Inversion] = {}
    owed = proven = 0
    for level in sorted({track.level for track in tracks}):
        group = [track for track in tracks if track.level == level]
        forward = sorted(group, key=lambda t: t.accepted_by)
        accepted = [t.accepted_by for t in forward]
        earliest_start = list(accumulate((t.not_after.at for t in forward), min))
        for track in group:
            before = bisect_left(accepted, track.asked_at)  # accepted for certain before this one was asked for
            if before:
                owed += 1
                proven += earliest_start[before - 1] <= track.not_before.at
        for inversion in _overtaken(
            group,
            overtaker_key=lambda t: t.asked_at,
            waiter_key=lambda t: t.accepted_by,
            slack=slack,
            stamps=stamps,
        ):
            inversions[inversion.late.job_id] = inversion
    return Ordering(inversions=_widest(inversions.values()), owed=owed, proven=proven)


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
    inversions: dict[str, Inversion] = {}
    owed = proven = 0
    levels = sorted({track.level for track in tracks})
    pairs = [
        (high, low)
        for low in levels
        for high in levels
        if high > low and greater in (None, high) and lesser in (None, low)
    ]
    for high, low in pairs:
        highs = [t for t in tracks if t.level == high]
        lows = [t for t in tracks if t.level == low]
        # A low job may be overtaken by every high job accepted while the low one still waited.
        for inversion in _overtaken_across(highs, lows, slack=slack, stamps=stamps):
            known = inversions.get(inversion.late.job_id)
            if known is None or known.gap < inversion.gap:
                inversions[inversion.late.job_id] = inversion
        late_highs = sorted(highs, key=lambda t: t.asked_at)
        asked = [t.asked_at for t in late_highs]
        suffix = list(accumulate((t.not_after.at for t in reversed(late_highs)), min))[::-1]
        for track in lows:
            index = bisect_left(asked, track.accepted_by)
            if index < len(late_highs):
                owed += 1
                proven += suffix[index] <= track.not_before.at
    return Ordering(inversions=_widest(inversions.values()), owed=owed, proven=proven)


def _widest(inversions: Iterable[Inversion]) -> tuple[Inversion, ...]:
    return tuple(sorted(inversions, key=lambda i: (-i.gap, i.late.job_id)))


def _overtaken(
    group: Sequence[Track],
    *,
    overtaker_key: Callable[[Track], float],
    waiter_key: Callable[[Track], float],
    slack: float,
    stamps: bool,
) -> list[Inversion]:
    """For each job the overtaker of widest gap among the jobs whose key is greater than the waiter's."""
    later = sorted(group, key=overtaker_key)
    keys = [overtaker_key(t) for t in later]
    first_start = _suffix_least(later, lambda t: t.not_after.at)
    first_stamp = _suffix_least(later, lambda t: math.inf if t.start_stamp is None else t.start_stamp)
    found = []
    for waiter in group:
        index = bisect_left(keys, waiter_key(waiter))
        if index < len(later):
            inversion = _inversion(first_start[index], first_stamp[index], waiter, slack=slack, stamps=stamps)
            if inversion is not None:
                found.append(inversion)
    return found


def _overtaken_across(highs: Sequence[Track], lows: Sequence[Track], *, slack: float, stamps: bool) -> list[Inversion]:
    """For each high job the low job that overtook it by the widest gap while both waited."""
    # A low job certainly waited at `not_before`; the high one was certainly accepted at `accepted_by`.
    waiting = sorted(lows, key=lambda t: t.not_before.at)
    keys = [t.not_before.at for t in waiting]
    first_start = _suffix_least(waiting, lambda t: t.not_after.at)
    first_stamp = _suffix_least(waiting, lambda t: math.inf if t.start_stamp is None else t.start_stamp)
    found = []
    for high in highs:
        index = bisect_left(keys, high.accepted_by)
        if index < len(waiting):
            inversion = _inversion(first_start[index], first_stamp[index], high, slack=slack, stamps=stamps)
            if inversion is not None:
                found.append(inversion)
    return found


def _suffix_least(tracks: Sequence[Track], key: Callable[[Track], float]) -> list[Track]:
    return list(accumulate(reversed(tracks), lambda a, b: b if key(b) <= key(a) else a))[::-1]


def _inversion(by_sight: Track, by_stamp: Track, waiter: Track, *, slack: float, stamps: bool) -> Inversion | None:
    gap = waiter.not_before.at - by_sight.not_after.at
    if gap >= slack:
        return Inversion(by_sight, waiter, gap)
    if stamps and _stamp_gap(by_stamp, waiter) >= 0:
        return Inversion(by_stamp, waiter, _stamp_gap(by_stamp, waiter) + 1.0, by_stamp=True)
    return None


def agreement(tracks: Sequence[Track], about: Collection[str] | None = None) -> tuple[int, int]:
    """Pairs of jobs told in the order that both rules demand, and all comparable pairs.

    `about` keeps the pairs in which at least one of these job ids stands. The order of callbacks is promised
    nowhere, so this can strengthen a pass and never makes a failure.
    Quadratic: for the few jobs of one scenario only.
    """
    told = [t for t in tracks if t.told]
    agreeing = comparable = 0
    for index, one in enumerate(told):
        for other in told[index + 1 :]:
            if about is not None and one.job_id not in about and other.job_id not in about:
                continue
            first, second = _due_order(one, other)
            if first is None or second is None or first.told[0].at == second.told[0].at:
                continue
            comparable += 1
            agreeing += first.told[0].at < second.told[0].at
    return agreeing, comparable


def _due_order(one: Track, other: Track) -> tuple[Track | None, Track | None]:
    if one.level != other.level:
        return (one, other) if one.level > other.level else (other, one)
    if one.accepted_by < other.asked_at:
        return one, other
    if other.accepted_by < one.asked_at:
        return other, one
    return None, None
