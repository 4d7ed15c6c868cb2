"""Tests of the ordering rules on simulated histories: no inversion in legal ones, an inversion in wrong ones."""

from __future__ import annotations

import heapq
import math
import random
from collections.abc import Callable
from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st

from ciq_conformance.judge.ordering import SLACK, agreement, level_rule, order_rule
from ciq_schemas.transcript.jobs import Bound, JobTimeline
from ciq_schemas.transcript.requests import RequestedJob


@dataclass
class History:
    """Submit and start times of jobs under a scheduler."""

    submitted: list[float]
    levels: list[int]
    started: list[float]


Key = Callable[[int, int], tuple[float, ...]]


def documented_order(level: int, index: int) -> tuple[float, ...]:
    """Orders jobs by level, the greatest first, then by submission."""
    return (-level, index)


def simulate(levels: list[int], durations: list[float], workers: int, key: Key, *, release: float = 10.0) -> History:
    """Runs jobs that were submitted 10 ms apart to a paused queue, which is resumed at `release`."""
    submitted = [index * 0.01 for index in range(len(levels))]
    waiting = [(key(level, index), index) for index, level in enumerate(levels)]
    heapq.heapify(waiting)
    free = [release] * workers
    started = [0.0] * len(levels)
    while waiting:
        _, index = heapq.heappop(waiting)
        at = heapq.heappop(free)
        started[index] = at
        heapq.heappush(free, at + durations[index])
    return History(submitted, levels, started)


def observe(
    history: History, observed_at: list[float], rng: random.Random, *, stamps: bool = True
) -> list[JobTimeline]:
    """Returns the timelines that observations at `looks` prove; each observation takes up to 30 ms."""
    timelines = []
    for index, (at, level, started) in enumerate(zip(history.submitted, history.levels, history.started, strict=True)):
        before, after = at, math.inf
        for instant in observed_at:
            answered = instant + rng.random() * 0.03
            moment = instant + rng.random() * (answered - instant)
            if started > moment:
                before = max(before, instant)
            else:
                after = min(after, answered)
        timelines.append(
            JobTimeline(
                job_id=f"j{index}",
                step="submit",
                requested=RequestedJob(level=str(level), user_data=None, tag=None),
                submit_seq=index,
                submitted_at=at,
                accepted_by=at + 0.005,
                not_before=Bound(before, index),
                not_after=Bound(after, index),
                start_stamp=float(math.floor(started)) if stamps else None,
            )
        )
    return timelines


LEVELS = st.lists(st.integers(0, 2), min_size=2, max_size=60)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(levels=LEVELS, workers=st.integers(1, 10), seed=st.integers(0, 999), longest=st.sampled_from([0.0, 0.05, 2.0]))
def test_legal_history_has_no_inversion(levels: list[int], workers: int, seed: int, longest: float) -> None:
    """A right scheduler gives no inversion under either rule, at whatever times it is observed."""
    rng = random.Random(seed)
    durations = [rng.random() * longest for _ in levels]
    history = simulate(levels, durations, workers, documented_order)
    observed_at = sorted(rng.uniform(9.5, 10.0 + sum(durations) / workers + 1) for _ in range(rng.randint(1, 60)))
    timelines = observe(history, observed_at, rng)
    assert not level_rule(timelines).inversions
    assert not order_rule(timelines).inversions


WRONG: dict[str, Key] = {
    "fifo": lambda _, index: (index,),
    "lifo": lambda _, index: (-index,),
    "reversed levels": lambda level, index: (level, index),
    "two levels as one": lambda level, index: (-min(level, 1), index),
    "zero and one the same": lambda level, index: (-max(level, 1), index),
    "lifo within a level": lambda level, index: (-level, -index),
}


@settings(max_examples=60, deadline=None, derandomize=True)
@given(name=st.sampled_from(sorted(WRONG)), workers=st.sampled_from([1, 4, 10]), seed=st.integers(0, 99))
def test_wrong_scheduler_has_an_inversion(name: str, workers: int, seed: int) -> None:
    """With a backlog of two seconds and regular observations each wrong order gives an inversion."""
    rng = random.Random(seed)
    levels = [0, 2, 1, 0, 2, 1, 0, 1, 2] * 4
    each = 2.0 * workers / len(levels)
    history = simulate(levels, [each] * len(levels), workers, WRONG[name])
    observed_at = [10.0 + step * 0.05 for step in range(80)]
    timelines = observe(history, observed_at, rng, stamps=False)
    assert level_rule(timelines).inversions or order_rule(timelines).inversions


def test_jobs_started_between_two_observations_prove_nothing() -> None:
    """Jobs that all start between two observations prove neither order nor inversion."""
    history = simulate([0, 2, 1] * 10, [0.0] * 30, 10, WRONG["fifo"])
    timelines = observe(history, [9.9, 11.0], random.Random(1), stamps=False)
    assert level_rule(timelines).proven == 0
    assert order_rule(timelines).proven == 0
    assert not level_rule(timelines).inversions
    assert level_rule(timelines).owed > 0


def test_regular_observations_prove_the_order() -> None:
    """A right scheduler under regular observations is shown to keep both rules."""
    levels = [0, 2, 1] * 10
    history = simulate(levels, [0.1] * 30, 1, documented_order)
    timelines = observe(history, [10.0 + step * 0.05 for step in range(80)], random.Random(1))
    for high, low in ((2, 1), (1, 0), (2, 0)):
        ordering = level_rule(timelines, greater=high, lesser=low)
        assert ordering.proven == ordering.owed > 5
    assert order_rule(timelines).proven > 20


def test_publication_jitter_within_the_slack_is_no_inversion() -> None:
    """Two workers may publish their starts out of order by less than the slack."""
    history = History([0.0, 0.01], [0, 0], [10.0 + SLACK / 2, 10.0])
    timelines = observe(history, [10.0 + step * 0.01 for step in range(100)], random.Random(1))
    assert not order_rule(timelines).inversions


def test_stamps_prove_an_order_from_two_seconds() -> None:
    """One-second stamps prove an order only when they differ by two."""
    near = observe(History([0.0, 0.01], [0, 0], [12.0, 11.99]), [], random.Random(1))
    far = observe(History([0.0, 0.01], [0, 0], [13.0, 10.99]), [], random.Random(1))
    assert not order_rule(near).inversions
    assert order_rule(far).inversions[0].by_stamp


def test_late_job_does_not_invert_with_started_jobs() -> None:
    """A job of greater level accepted after another job had started was not overtaken by it."""
    rng = random.Random(1)
    timelines = observe(History([0.0, 12.0], [0, 2], [10.0, 13.0]), [9.9, 10.1, 12.5, 13.1], rng)
    assert not level_rule(timelines).inversions


def with_callback(timeline: JobTimeline, at: float) -> JobTimeline:
    """Returns the timeline with a callback received at `at`."""
    fields = {name: getattr(timeline, name) for name in JobTimeline.__slots__}
    return JobTimeline(**{**fields, "callback_arrivals": (Bound(at, 99),)})


def test_agreement_counts_pairs_of_callbacks_in_order() -> None:
    """Callbacks in queue order agree in every pair, in reverse order in none; the filter picks pairs."""
    timelines = observe(simulate([2, 1, 0], [0.0] * 3, 1, documented_order), [9.0], random.Random(1))
    forward = [with_callback(timeline, 20.0 + index) for index, timeline in enumerate(timelines)]
    backward = [with_callback(timeline, 20.0 - index) for index, timeline in enumerate(timelines)]
    assert agreement(forward, lambda _a, _b: True) == (3, 3)
    assert agreement(forward, lambda a, _b: a.job_id == "j0") == (2, 2)
    assert agreement(backward, lambda _a, _b: True) == (0, 3)


def test_agreement_ignores_jobs_that_never_waited_together() -> None:
    """A low job counts only when it was known to wait while the high one was accepted."""
    timelines = observe(History([0.0, 12.0], [0, 2], [10.0, 13.0]), [9.0], random.Random(1))
    assert agreement([with_callback(timelines[0], 14.0), with_callback(timelines[1], 15.0)], lambda _a, _b: True) == (
        0,
        0,
    )
