"""How many starts workers explain, and what more starts than these prove, on simulated targets."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ciq_conformance.judge.ordering import lagging_level_rule, level_rule, order_rule
from ciq_conformance.judge.pause_facts import PauseFacts
from ciq_conformance.judge.worker_allowance import (
    Latencies,
    WorkerAllowance,
    latency_of_most,
    most_running,
    running_in_answers,
)
from ciq_schemas.lifecycle import JobState
from ciq_schemas.transcript.jobs import Bound, JobTimeline, StateObservation
from ciq_schemas.transcript.pauses import PauseSpan
from ciq_schemas.transcript.requests import RequestedJob

SETTLED = 0.4
"""Grace period of these tests, in seconds."""
PAUSED_AT = 10.0


@dataclass(frozen=True)
class Target:
    """A target that is paused at 10 s while jobs of one length wait."""

    workers: int
    seconds: float
    """How long a job runs."""
    prefetched: int
    """Jobs that each worker holds beside the one it runs; it runs them in spite of the pause."""

    def starts(self, waiting: int) -> list[float]:
        """When each waiting job starts: those held by workers one after the other, the others never."""
        held = self.workers * self.prefetched
        return [
            PAUSED_AT + self.seconds * (1 + index // self.workers) if index < held else math.inf
            for index in range(waiting)
        ]


def timeline(index: int, observations: tuple[StateObservation, ...], *, level: str = "0") -> JobTimeline:
    """A job submitted before the pause, with what describes showed."""
    started = [Bound(o.received, o.seq) for o in observations if o.state != JobState.SUBMITTED]
    waited = [Bound(o.sent, o.seq) for o in observations if o.state == JobState.SUBMITTED]
    return JobTimeline(
        job_id=f"j{index}",
        step="submit",
        requested=RequestedJob(level=level, user_data=None, tag=None),
        submit_seq=index,
        submitted_at=index * 0.01,
        accepted_by=index * 0.01 + 0.005,
        not_before=max(waited, key=lambda bound: bound.at, default=Bound(index * 0.01, index)),
        not_after=min(started, key=lambda bound: bound.at, default=Bound(math.inf, index)),
        start_stamp=None,
        observations=observations,
    )


def observed(starts: list[float], seconds: float, polls: list[float]) -> list[JobTimeline]:
    """What describes of ten jobs each, 2 ms long, show of every job."""
    timelines = []
    for index, start in enumerate(starts):
        observations = []
        for number, poll in enumerate(polls):
            sent = poll + 0.002 * (index // 10)
            state = JobState.SUBMITTED
            if start <= sent:
                state = JobState.RUNNING if sent < start + seconds else JobState.SUCCESS
            observations.append(StateObservation(state, sent, sent + 0.002, 1000 * number + index, "settle"))
        timelines.append(timeline(index, tuple(observations)))
    return timelines


def facts(target: Target, waiting: int) -> tuple[PauseFacts, WorkerAllowance]:
    """The pause of a target, polled at once and again until after the grace period."""
    polls = [PAUSED_AT + 0.003, *(PAUSED_AT + 0.3 + 0.1 * step for step in range(10))]
    timelines = observed(target.starts(waiting), target.seconds, polls)
    throughput = target.workers / target.seconds
    unshown = math.ceil(throughput * 0.005)
    allowance = WorkerAllowance(workers=target.workers, unshown=unshown, usually_unshown=unshown, throughput=throughput)
    return PauseFacts.of(timelines, PauseSpan(PAUSED_AT, PAUSED_AT + 2.0), SETTLED, allowance), allowance


@pytest.mark.parametrize("workers", [1, 4])
@pytest.mark.parametrize("seconds", [0.02, 0.1, 0.3])
def test_prefetched_jobs_that_start_in_a_pause_are_leaks(workers: int, seconds: float) -> None:
    """Workers that hold four jobs each run them in spite of the pause; jobs of any length show it."""
    pause, _ = facts(Target(workers, seconds, prefetched=4), waiting=60)
    assert len(pause.leaks) >= workers


@pytest.mark.parametrize("workers", [1, 4, 10])
@pytest.mark.parametrize("seconds", [0.02, 0.1, 0.3, 2.0])
def test_one_job_that_each_worker_holds_is_no_leak(workers: int, seconds: float) -> None:
    """A worker that took a job before the pause runs it, where this shows within the grace period."""
    starts = [PAUSED_AT + 0.01] * workers + [math.inf] * 60
    polls = [PAUSED_AT + 0.003, PAUSED_AT + 0.3, PAUSED_AT + 0.6]
    allowance = WorkerAllowance(workers=workers, unshown=0, usually_unshown=0, throughput=workers / seconds)
    span = PauseSpan(PAUSED_AT, PAUSED_AT + 2.0)
    pause = PauseFacts.of(observed(starts, seconds, polls), span, SETTLED, allowance)
    assert not pause.leaks


def test_pause_that_left_few_jobs_cannot_show_leaks() -> None:
    """With fewer waiting jobs than workers can hold nothing is proven."""
    few, allowance = facts(Target(4, 0.02, prefetched=0), waiting=5)
    many, _ = facts(Target(4, 0.02, prefetched=0), waiting=60)
    assert not few.could_show(SETTLED, allowance)
    assert many.could_show(SETTLED, allowance)
    assert many.hidden(SETTLED, allowance) < 60


def test_most_running_counts_jobs_that_overlap_for_certain() -> None:
    """Two jobs seen Running twice each, at the same time, are two; a third that follows them is not a third."""
    polls = [(0.0, 0.1), (0.2, 0.3)], [(0.0, 0.1), (0.2, 0.3)], [(0.5, 0.6), (0.7, 0.8)]
    timelines = [
        timeline(i, tuple(StateObservation(JobState.RUNNING, a, b, i, "run") for a, b in pairs))
        for i, pairs in enumerate(polls)
    ]
    assert most_running(timelines) == 2


def drained(levels: list[int], workers: int, seconds: float, window: int, seed: int) -> list[JobTimeline]:
    """Jobs of a queue that `workers` drain; each takes `window` jobs at a time, in the due order.

    An urgent job that comes last waits until the jobs taken before it have run.
    """
    rng = random.Random(seed)
    held = [0] * (workers * window)
    starts = [PAUSED_AT + seconds * (index // workers) for index in range(len(held) + len(levels))]
    polls = [PAUSED_AT + step * 0.004 + rng.random() * 0.001 for step in range(200)]
    rows = observed(starts, seconds, polls)
    return [
        timeline(index, row.observations, level=str(level))
        for index, (row, level) in enumerate(zip(rows, [*held, *levels], strict=True))
    ]


@settings(max_examples=60, deadline=None, derandomize=True)
@given(workers=st.sampled_from([1, 4]), seconds=st.sampled_from([0.02, 0.05]), seed=st.integers(0, 99))
def test_urgent_job_behind_a_prefetch_window_is_overtaken(workers: int, seconds: float, seed: int) -> None:
    """More jobs of lesser level than workers hold start before an urgent job that was accepted before."""
    rows = drained([2], workers, seconds, window=5, seed=seed)
    found = lagging_level_rule(rows, lambda _timeline: SETTLED, held_by_workers=workers)
    assert found.inversions
    assert not lagging_level_rule(rows, lambda _timeline: 10.0).inversions


@settings(max_examples=60, deadline=None, derandomize=True)
@given(levels=st.lists(st.integers(0, 2), min_size=2, max_size=40), workers=st.integers(1, 6), seed=st.integers(0, 99))
def test_legal_order_is_never_overtaken_by_count(levels: list[int], workers: int, seed: int) -> None:
    """A scheduler by the book, polled every few milliseconds, gives no inversion by number."""
    due = sorted(levels, reverse=True)
    rng = random.Random(seed)
    starts = [PAUSED_AT + 0.02 * (index // workers) for index in range(len(due))]
    polls = [PAUSED_AT + step * 0.004 + rng.random() * 0.001 for step in range(200)]
    rows = [
        timeline(index, row.observations, level=str(level))
        for index, (row, level) in enumerate(zip(observed(starts, 0.02, polls), due, strict=True))
    ]
    assert not level_rule(rows, held_by_workers=workers).inversions
    assert not order_rule(rows, held_by_workers=workers).inversions


def test_latency_that_differs_from_job_to_job_counts_by_its_largest_usual_value() -> None:
    """Where states show up to 0.15 s late, the mean explains too few unshown starts; one outlier explains none."""
    late = [0.15 * index / 20 for index in range(1, 21)]
    assert latency_of_most(late) == pytest.approx(0.135)
    assert latency_of_most([0.01] * 19 + [5.0]) == 0.01
    assert latency_of_most([0.2]) == 0.2
    assert latency_of_most([0.01] * 10 + [0.5] * 3) == 0.02


def test_answers_of_a_busy_machine_do_not_count_as_latency() -> None:
    """The suite looked late once: the other jobs show that the target needs 0.02 s."""
    slow_look = Latencies.of([(0.01, 0.02), (0.012, 0.02), (0.011, 0.3), (0.0, 0.2), (0.012, 0.4)])
    assert slow_look.of_most == pytest.approx(0.022)
    assert slow_look.usual == pytest.approx(0.021)


def test_latency_that_lower_bounds_prove_counts() -> None:
    """A target that shows starts 0.1 s late keeps this allowance however closely the suite looks."""
    late = Latencies.of([(0.09, 0.1), (0.095, 0.105), (0.1, 0.11)])
    assert late.of_most == pytest.approx(0.11)


def answers(running: int, waiting: int, count: int) -> list[JobTimeline]:
    """Jobs in `count` answers that show so many of them Running and so many waiting."""
    states = [JobState.RUNNING] * running + [JobState.SUBMITTED] * waiting
    return [
        timeline(index, tuple(StateObservation(state, n + 0.1, n + 0.2, n, "run") for n in range(count)))
        for index, state in enumerate(states)
    ]


@pytest.mark.parametrize(
    ("rows", "workers"),
    [(answers(4, 6, 5), 4), (answers(4, 6, 2), 0), (answers(10, 0, 5), 0), (answers(0, 10, 5), 0)],
)
def test_running_jobs_beside_a_waiting_one_count_the_workers(rows: list[JobTimeline], workers: int) -> None:
    """Several answers must agree, and a job must wait in each: else more workers may be free."""
    assert running_in_answers(rows) == workers
