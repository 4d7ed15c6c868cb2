"""What must hold of the engine in every history, told from its events alone: no second model of it is kept."""

import pytest
from engine_histories import PLACES, Action, Bystander, Play, SetState, Submit, histories
from hypothesis import given, settings
from hypothesis import strategies as st

from ciq_mock.engine import EngineRules, HeldReading, Job
from ciq_schemas.lifecycle import TRANSITIONS, WAITING_STATES, JobState, QueueState

_workers = st.integers(1, 4)


@given(history=histories, workers=_workers)
@settings(deadline=None)
def test_every_history_is_legal(history: list[tuple[float, Action]], workers: int) -> None:
    """Strict level then order, at most N running, nothing from a paused queue, one end a job, times rise."""
    play = Play.fresh(workers=workers).run(history)
    bystander = Bystander(workers=workers).follow(play.events)
    for job in play.jobs:
        if job.id in bystander.over:
            assert job.state is bystander.over[job.id]
        else:
            assert job.waiting
            assert job.queue in bystander.paused, "after a long time only paused queues hold jobs back"
    assert not any(bystander.running.values())


@given(history=histories, workers=_workers)
@settings(deadline=None)
def test_how_often_the_engine_is_asked_changes_nothing(history: list[tuple[float, Action]], workers: int) -> None:
    """An engine advanced at every step and one advanced only at the end tell the same story to the last stamp."""
    eager = Play.fresh(workers=workers).run(history)
    late = Play.fresh(workers=workers).run(history, eager=False)
    assert eager.story() == late.story()
    assert eager.refused == late.refused


@given(history=histories, workers=_workers)
@settings(deadline=None)
def test_no_worker_idles_while_a_job_may_start(history: list[tuple[float, Action]], workers: int) -> None:
    """After each advance an active queue with waiting jobs has all workers busy, and something is due."""
    play = Play.fresh(workers=workers)
    for gap, action in history:
        play.now += gap
        play.act(action)
        play.advance()
        for place in PLACES:
            queue = play.engine.queue(*place)
            if queue.state is QueueState.ACTIVE and len(queue.waiting):
                assert queue.running == workers
                due = play.engine.next_due()
                assert due is not None
                assert due >= play.now


@given(history=histories, workers=_workers, held=st.sampled_from(HeldReading))
@settings(deadline=None)
def test_shown_states_follow_the_table(history: list[tuple[float, Action]], workers: int, held: HeldReading) -> None:
    """Whatever is seen of a job at two moments, the life cycle table leads from the first to the second."""
    play = Play.fresh(workers=workers, rules=EngineRules(workers=workers, held=held))
    seen: dict[Job, JobState] = {}
    for gap, action in history:
        play.now += gap
        play.act(action)
        play.advance()
        for job in play.jobs:
            state = job.state
            assert state in _reachable(seen.get(job, JobState.SUBMITTED))
            if job.waiting:
                assert state in WAITING_STATES
                paused = job.queue.state is QueueState.PAUSED and held is HeldReading.PAUSE
                assert state is (JobState.PAUSE if paused else JobState.SUBMITTED)
            seen[job] = state


@given(history=histories, workers=_workers)
@settings(deadline=None)
def test_cancel_is_refused_only_past_waiting(history: list[tuple[float, Action]], workers: int) -> None:
    """Each refusal names a state that is not a waiting one, and a refused job still has an end by running."""
    play = Play.fresh(workers=workers).run(history)
    bystander = Bystander(workers=workers).follow(play.events)
    for job_id, state in play.refused:
        assert state not in WAITING_STATES
        if state is JobState.RUNNING:
            assert bystander.over[job_id] is not JobState.CANCEL


def test_the_bystander_sees_a_wrong_order() -> None:
    """The check of order can fail: an engine whose line is last-in-first-out is caught."""
    rules = EngineRules(workers=1, rank=lambda _level, number: -number)
    play = Play.fresh(workers=1, rules=rules)
    play.act(SetState(0, QueueState.PAUSED))
    play.act(Submit(0, ((0, 1.0, False),)))
    play.act(Submit(0, ((0, 1.0, False),)))
    play.act(SetState(0, QueueState.ACTIVE))
    play.run([])
    with pytest.raises(AssertionError, match="greater level first"):
        Bystander(workers=1).follow(play.events)


def _reachable(state: JobState) -> set[JobState]:
    found = {state}
    while more := {after for (before, _), after in TRANSITIONS.items() if before in found} - found:
        found |= more
    return found
