"""An engine restored from the journal has the same records and the same future, and issues no id twice."""

from copy import deepcopy

from engine_histories import PLACES, Action, HistoryRun, histories
from hypothesis import given, settings
from hypothesis import strategies as st

from ciq_mock.engine import Engine, EngineRules, JobFilter, JobSpec, Restoration, TimeOrder
from ciq_mock.ids import RandomIds
from ciq_mock.journal.records import read, record_of, written
from ciq_mock.journal.replay import apply_to_engine
from ciq_schemas.lifecycle import JobState, QueueState


def records(engine: Engine) -> list[object]:
    """The records that an engine returns."""
    jobs = [
        (job.id, job.number, job.queue.id, job.state, job.level, job.created, job.started, job.ended, job.failure)
        for job in engine.jobs()
    ]
    queues = [
        (one.id, one.name, one.state, one.notify, one.created, one.updated, one.running, [j.id for j in one.waiting])
        for bucket, feature in PLACES
        for one in engine.queues(bucket, feature)
    ]
    job_filter = JobFilter(tag="T", order=TimeOrder.ASC)
    pages = [
        [job.id for job in engine.list_jobs(-1.0, bucket, feature, job_filter, size=7).jobs]
        for bucket, feature in PLACES
    ]
    return [jobs, queues, pages]


def restored_run(run: HistoryRun, ids: RandomIds, rules: EngineRules) -> HistoryRun:
    """Another engine, restored from the events so far, at the same time."""
    engine = Engine(ids=ids, rules=rules)
    restoration = Restoration(engine)
    for record in read(written([record_of(event) for event in run.events])):
        apply_to_engine(restoration, record)
    restoration.finish(run.now)
    return HistoryRun(engine, now=run.now, jobs=list(engine.jobs()))


@given(history=histories, workers=st.integers(1, 4), share=st.integers(0, 100))
@settings(deadline=None)
def test_restored_engine_has_equal_records_and_later_events(
    history: list[tuple[float, Action]], workers: int, share: int
) -> None:
    """The history is cut at any place and the engine restored there."""
    cut = len(history) * share // 100
    rules, ids = EngineRules(workers=workers), RandomIds(seed=5)
    run = HistoryRun(Engine(ids=ids, rules=rules))
    for bucket, feature in PLACES:
        run.engine.activate(run.now, bucket, feature)
    for gap, action in history[:cut]:
        run.now += gap
        run.advance()
        run.act(action)
        run.advance()
    run.advance()
    other = restored_run(run, deepcopy(ids), rules)
    assert records(other.engine) == records(run.engine)
    run.events.clear()
    run.jobs = list(run.engine.jobs())
    assert other.run(history[cut:]).comparable_events() == run.run(history[cut:]).comparable_events()
    assert records(other.engine) == records(run.engine)


def test_job_due_during_downtime_ends_at_restart() -> None:
    """After a long downtime the running job ends when the engine continues, and the waiting job starts then."""
    run = HistoryRun.start(workers=1)
    first, second = run.engine.submit(run.now, *PLACES[0], [JobSpec(tag="T", duration=5.0)] * 2)
    run.now += 1.0
    run.advance()
    assert (first.state, second.state) == (JobState.RUNNING, JobState.SUBMITTED)
    began = run.now - 1.0
    run.now += 3600.0
    other = restored_run(run, RandomIds(seed=6), EngineRules(workers=1))
    one, two = other.jobs
    assert one.started == began
    assert one.state is JobState.RUNNING
    other.advance()
    assert one.ended == run.now
    assert two.started == run.now


def test_job_longer_than_downtime_ends_at_original_time() -> None:
    """The downtime does not extend the job."""
    run = HistoryRun.start(workers=1)
    run.engine.submit(run.now, *PLACES[0], [JobSpec(tag="T", duration=50.0)])
    due = run.now + 50.0
    run.now += 1.0
    run.advance()
    run.now += 10.0
    other = restored_run(run, RandomIds(seed=6), EngineRules(workers=1))
    other.now += 100.0
    other.advance()
    assert other.jobs[0].ended == due


def test_restored_queue_has_new_sizes_and_old_state() -> None:
    """Workers and sizes are options; names, rules and states were set by clients."""
    run = HistoryRun.start(workers=1)
    queue = run.engine.queue(*PLACES[0])
    run.engine.update_queue(run.now, *PLACES[0], queue.id, name="renamed", state=QueueState.PAUSED, notify=queue.notify)
    run.advance()
    other = restored_run(run, RandomIds(seed=6), EngineRules(workers=7, max_size=3))
    back = other.engine.queue(*PLACES[0])
    assert (back.id, back.name, back.state) == (queue.id, "renamed", QueueState.PAUSED)
    assert (back.max_concurrent, back.max_size) == (7, 3)
