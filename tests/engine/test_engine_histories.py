"""Properties of the engine in random histories, checked from its events without a second model."""

import pytest
from engine_histories import PLACES, Action, EventChecker, HistoryRun, SetState, Submit, histories
from hypothesis import given, settings
from hypothesis import strategies as st

from ciq_mock.engine import EngineRules, HeldReading, Job
from ciq_schemas.lifecycle import TRANSITIONS, WAITING_STATES, JobState, QueueState

_workers = st.integers(1, 4)


@given(history=histories, workers=_workers)
@settings(deadline=None)
def test_random_history_follows_documented_rules(history: list[tuple[float, Action]], workers: int) -> None:
    """Level then order, at most N running, no start from a paused queue, one end per job, times do not decrease."""
    run = HistoryRun.start(workers=workers).run(history)
    checker = EventChecker(workers=workers).follow(run.events)
    for job in run.jobs:
        if job.id in checker.over:
            assert job.state is checker.over[job.id]
        else:
            assert job.waiting
            assert job.queue in checker.paused, "after a long time only paused queues hold jobs back"
    assert not any(checker.running.values())


@given(history=histories, workers=_workers)
@settings(deadline=None)
def test_number_of_advances_does_not_change_events(history: list[tuple[float, Action]], workers: int) -> None:
    """An engine that advances at every step and one that advances at the end return equal events and times."""
    eager = HistoryRun.start(workers=workers).run(history)
    late = HistoryRun.start(workers=workers).run(history, eager=False)
    assert eager.comparable_events() == late.comparable_events()
    assert eager.refused == late.refused


@given(history=histories, workers=_workers)
@settings(deadline=None)
def test_active_queue_with_waiting_jobs_uses_all_workers(history: list[tuple[float, Action]], workers: int) -> None:
    """This holds after each advance, and an event is due."""
    run = HistoryRun.start(workers=workers)
    for gap, action in history:
        run.now += gap
        run.act(action)
        run.advance()
        for place in PLACES:
            queue = run.engine.queue(*place)
            if queue.state is QueueState.ACTIVE and len(queue.waiting):
                assert queue.running == workers
                due = run.engine.next_due()
                assert due is not None
                assert due >= run.now


@given(history=histories, workers=_workers, held=st.sampled_from(HeldReading))
@settings(deadline=None)
def test_observed_states_follow_life_cycle_table(
    history: list[tuple[float, Action]], workers: int, held: HeldReading
) -> None:
    """The table leads from each observed state of a job to the next observed state."""
    run = HistoryRun.start(workers=workers, rules=EngineRules(workers=workers, held=held))
    seen: dict[Job, JobState] = {}
    for gap, action in history:
        run.now += gap
        run.act(action)
        run.advance()
        for job in run.jobs:
            state = job.state
            assert state in _reachable(seen.get(job, JobState.SUBMITTED))
            if job.waiting:
                assert state in WAITING_STATES
                paused = job.queue.state is QueueState.PAUSED and held is HeldReading.PAUSE
                assert state is (JobState.PAUSE if paused else JobState.SUBMITTED)
            seen[job] = state


@given(history=histories, workers=_workers)
@settings(deadline=None)
def test_cancel_is_refused_only_for_jobs_not_waiting(history: list[tuple[float, Action]], workers: int) -> None:
    """Each refusal names a state that is not a waiting state; a refused running job does not end as cancelled."""
    run = HistoryRun.start(workers=workers).run(history)
    checker = EventChecker(workers=workers).follow(run.events)
    for job_id, state in run.refused:
        assert state not in WAITING_STATES
        if state is JobState.RUNNING:
            assert checker.over[job_id] is not JobState.CANCEL


def test_event_checker_detects_wrong_order() -> None:
    """The checker fails on an engine that starts the last accepted job first."""
    rules = EngineRules(workers=1, rank=lambda _level, number: -number)
    run = HistoryRun.start(workers=1, rules=rules)
    run.act(SetState(0, QueueState.PAUSED))
    run.act(Submit(0, ((0, 1.0, False),)))
    run.act(Submit(0, ((0, 1.0, False),)))
    run.act(SetState(0, QueueState.ACTIVE))
    run.run([])
    with pytest.raises(AssertionError, match="greater level first"):
        EventChecker(workers=1).follow(run.events)


def _reachable(state: JobState) -> set[JobState]:
    found = {state}
    while more := {after for (before, _), after in TRANSITIONS.items() if before in found} - found:
        found |= more
    return found
