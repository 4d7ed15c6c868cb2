"""An engine put back from its facts is the engine: same records, same future, no id twice."""

from copy import deepcopy

from engine_histories import PLACES, Action, Play, histories
from hypothesis import given, settings
from hypothesis import strategies as st

from ciq_mock.engine import Engine, EngineRules, JobFilter, JobSpec, Restoration, TimeOrder
from ciq_mock.ids import RandomIds
from ciq_mock.journal.records import read, record_of, written
from ciq_mock.journal.replay import put_back
from ciq_schemas.lifecycle import JobState, QueueState


def records(engine: Engine) -> list[object]:
    """All that can be asked of an engine."""
    jobs = [
        (job.id, job.number, job.queue.id, job.state, job.level, job.created, job.started, job.ended, job.failure)
        for job in engine.jobs()
    ]
    queues = [
        (one.id, one.name, one.state, one.notify, one.created, one.updated, one.running, [j.id for j in one.waiting])
        for bucket, feature in PLACES
        for one in engine.queues(bucket, feature)
    ]
    wanted = JobFilter(tag="T", order=TimeOrder.ASC)
    pages = [
        [job.id for job in engine.list_jobs(-1.0, bucket, feature, wanted, size=7).jobs] for bucket, feature in PLACES
    ]
    return [jobs, queues, pages]


def put_back_at(play: Play, ids: RandomIds, rules: EngineRules) -> Play:
    """Another engine, put back from the events so far and let on at the same moment."""
    engine = Engine(ids=ids, rules=rules)
    restoration = Restoration(engine)
    for record in read(written([record_of(event) for event in play.events])):
        put_back(restoration, record)
    restoration.finish(play.now)
    return Play(engine, now=play.now, jobs=list(engine.jobs()))


@given(history=histories, workers=st.integers(1, 4), share=st.integers(0, 100))
@settings(deadline=None)
def test_what_comes_back_is_the_same_and_goes_on_the_same(
    history: list[tuple[float, Action]], workers: int, share: int
) -> None:
    """Cut a history anywhere and put the engine back from its facts: records and the rest of the story are equal."""
    cut = len(history) * share // 100
    rules, ids = EngineRules(workers=workers), RandomIds(seed=5)
    play = Play(Engine(ids=ids, rules=rules))
    for bucket, feature in PLACES:
        play.engine.activate(play.now, bucket, feature)
    for gap, action in history[:cut]:
        play.now += gap
        play.advance()
        play.act(action)
        play.advance()
    play.advance()
    other = put_back_at(play, deepcopy(ids), rules)
    assert records(other.engine) == records(play.engine)
    play.events.clear()
    play.jobs = list(play.engine.jobs())
    assert other.run(history[cut:]).story() == play.run(history[cut:]).story()
    assert records(other.engine) == records(play.engine)


def test_time_stands_still_while_no_engine_runs() -> None:
    """After a long rest a job that ran ends when the engine goes on, and one that waited starts then."""
    play = Play.fresh(workers=1)
    first, second = play.engine.submit(play.now, *PLACES[0], [JobSpec(tag="T", duration=5.0)] * 2)
    play.now += 1.0
    play.advance()
    assert (first.state, second.state) == (JobState.RUNNING, JobState.SUBMITTED)
    began = play.now - 1.0
    play.now += 3600.0
    other = put_back_at(play, RandomIds(seed=6), EngineRules(workers=1))
    one, two = other.jobs
    assert one.started == began
    assert one.state is JobState.RUNNING
    other.advance()
    assert one.ended == play.now
    assert two.started == play.now


def test_a_job_longer_than_the_rest_ends_when_it_would_have_ended() -> None:
    """The rest is no reason to run longer."""
    play = Play.fresh(workers=1)
    play.engine.submit(play.now, *PLACES[0], [JobSpec(tag="T", duration=50.0)])
    due = play.now + 50.0
    play.now += 1.0
    play.advance()
    play.now += 10.0
    other = put_back_at(play, RandomIds(seed=6), EngineRules(workers=1))
    other.now += 100.0
    other.advance()
    assert other.jobs[0].ended == due


def test_sizes_are_those_of_the_new_rules_and_states_those_of_the_old_queue() -> None:
    """Workers and sizes are options; names, rules and states were set by clients."""
    play = Play.fresh(workers=1)
    queue = play.engine.queue(*PLACES[0])
    play.engine.update_queue(play.now, *PLACES[0], queue.id, name="mine", state=QueueState.PAUSED, notify=queue.notify)
    play.advance()
    other = put_back_at(play, RandomIds(seed=6), EngineRules(workers=7, max_size=3))
    back = other.engine.queue(*PLACES[0])
    assert (back.id, back.name, back.state) == (queue.id, "mine", QueueState.PAUSED)
    assert (back.max_concurrent, back.max_size) == (7, 3)
