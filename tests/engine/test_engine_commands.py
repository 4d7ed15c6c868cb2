"""Single commands of the engine: their results, their refusals, and that a refusal changes nothing."""

import gc
import time
import tracemalloc

import pytest

from ciq_mock.engine import (
    Accepted,
    Cancelled,
    CancelRefusedError,
    Ended,
    Engine,
    EngineRules,
    Failure,
    JobSpec,
    NotActivatedError,
    QueueDeleted,
    QueueFullError,
    QueueUpdated,
    Started,
    TooManyBucketsError,
    UnknownJobError,
    UnknownQueueError,
)
from ciq_mock.ids import RandomIds
from ciq_schemas.features import FEATURES, Feature
from ciq_schemas.lifecycle import JobState, QueueState
from ciq_schemas.values import NotifyConfig

BUCKET = "unit-1250000000"
MEDIA = Feature.MEDIA
SPEC = JobSpec(tag="Snapshot", duration=2.0)


def engine_with_queue(**rules: object) -> Engine:
    """An engine in which BUCKET has the media feature since second 100."""
    engine = Engine(ids=RandomIds(seed=3), rules=EngineRules(**rules))  # type: ignore[arg-type]
    engine.activate(100.0, BUCKET, MEDIA, region="ap-chongqing")
    engine.advance(100.0)
    return engine


def set_state(engine: Engine, now: float, state: QueueState) -> None:
    """Pause or resume BUCKET's media queue."""
    queue = engine.queue(BUCKET, MEDIA)
    engine.update_queue(now, BUCKET, MEDIA, queue.id, name=queue.name, state=state, notify=queue.notify)


def test_activation_creates_one_queue_with_documented_name() -> None:
    """Each feature gets its own queue with the default name; ids are a letter and 32 hex digits."""
    engine = Engine(ids=RandomIds(seed=1))
    for feature, spec in FEATURES.items():
        queue = engine.activate(5.0, BUCKET, feature).queue
        assert queue.name == spec.queue_names[0]
        assert queue.state is QueueState.ACTIVE
        assert (queue.max_size, queue.max_concurrent) == (10_000, 10)
        assert queue.created == queue.updated == 5.0
        assert queue.id[0] == "p"
        assert len(bytes.fromhex(queue.id[1:])) == 16
        assert engine.queues(BUCKET, feature) == (queue,)
    assert len({engine.queue(BUCKET, feature).id for feature in FEATURES}) == len(FEATURES)


def test_second_activation_returns_same_queue() -> None:
    """Activation is idempotent."""
    engine = engine_with_queue()
    first = engine.queue(BUCKET, MEDIA)
    assert engine.activate(200.0, BUCKET, MEDIA).queue is first
    assert engine.activations(MEDIA)[0].created == 100.0
    assert engine.advance(200.0) == []


def test_command_for_inactive_feature_is_refused() -> None:
    """Queue, submit and list of an inactive feature are refused, also if other buckets have it."""
    engine = engine_with_queue()
    for bucket, feature in ((BUCKET, Feature.DOC), ("other-1250000000", MEDIA)):
        with pytest.raises(NotActivatedError) as refusal:
            engine.queues(bucket, feature)
        assert (refusal.value.bucket, refusal.value.feature) == (bucket, feature)
        with pytest.raises(NotActivatedError):
            engine.submit(101.0, bucket, feature, [SPEC])
        with pytest.raises(NotActivatedError):
            engine.deactivate(101.0, bucket, feature)


def test_deactivation_cancels_waiting_jobs_and_finishes_running_job() -> None:
    """The queue is removed. A new activation creates another queue."""
    engine = engine_with_queue(workers=1)
    old = engine.queue(BUCKET, MEDIA)
    runs, waits = engine.submit(101.0, BUCKET, MEDIA, [SPEC, SPEC])
    engine.deactivate(102.0, BUCKET, MEDIA)
    assert old.deleted
    assert [type(event) for event in engine.advance(110.0)] == [
        Accepted, Accepted, Started, Cancelled, QueueDeleted, Ended,
    ]  # fmt: skip
    assert (runs.state, waits.state) == (JobState.SUCCESS, JobState.CANCEL)
    assert engine.activate(111.0, BUCKET, MEDIA).queue.id != old.id


def test_submit_returns_submitted_jobs_in_order() -> None:
    """A submit returns one job per spec in state Submitted, with unique ids of the feature's letter."""
    engine = engine_with_queue()
    specs = [JobSpec(tag="Snapshot", level=n % 3, operation=b"%d" % n) for n in range(6)]
    jobs = engine.submit(101.0, BUCKET, MEDIA, specs)
    assert [job.operation for job in jobs] == [spec.operation for spec in specs]
    assert {job.state for job in jobs} == {JobState.SUBMITTED}
    assert len({job.id for job in jobs}) == 6
    assert {job.id[0] for job in jobs} == {"j"}
    assert {job.created for job in jobs} == {101.0}


@pytest.mark.parametrize("count", [0, 7])
def test_submit_of_zero_or_seven_jobs_is_refused(count: int) -> None:
    """One to six are accepted. A refused submit accepts no job."""
    engine = engine_with_queue()
    with pytest.raises(ValueError, match=f"not {count}"):
        engine.submit(101.0, BUCKET, MEDIA, [SPEC] * count)
    assert engine.advance(101.0) == []


def test_queue_id_of_other_feature_or_bucket_is_unknown() -> None:
    """An id that does not exist is unknown too."""
    engine = engine_with_queue()
    foreign = [
        engine.activate(100.0, BUCKET, Feature.DOC).queue.id,
        engine.activate(100.0, "other-1250000000", MEDIA).queue.id,
        "p" + "0" * 32,
        "",
    ]
    for queue_id in foreign:
        with pytest.raises(UnknownQueueError):
            engine.submit(101.0, BUCKET, MEDIA, [SPEC], queue_id=queue_id)
        with pytest.raises(UnknownQueueError):
            engine.update_queue(
                101.0, BUCKET, MEDIA, queue_id, name="n", state=QueueState.PAUSED, notify=NotifyConfig()
            )
    assert engine.queue(BUCKET, MEDIA).state is QueueState.ACTIVE


def test_submit_to_full_queue_is_rejected_as_a_whole() -> None:
    """Jobs that start running free places in the queue."""
    engine = engine_with_queue(workers=1, max_size=3)
    set_state(engine, 101.0, QueueState.PAUSED)
    engine.submit(101.0, BUCKET, MEDIA, [SPEC, SPEC])
    with pytest.raises(QueueFullError, match="2 of 3 waiting jobs: no space for 2 more"):
        engine.submit(102.0, BUCKET, MEDIA, [SPEC, SPEC])
    assert len(engine.queue(BUCKET, MEDIA).waiting) == 2
    engine.submit(102.0, BUCKET, MEDIA, [SPEC])
    set_state(engine, 103.0, QueueState.ACTIVE)
    engine.submit(104.0, BUCKET, MEDIA, [SPEC])


def test_pause_finishes_running_job_and_resume_keeps_order() -> None:
    """The running job ends while the queue is paused; the others start after the resume in their old order."""
    engine = engine_with_queue(workers=1)
    runs, first, second = engine.submit(101.0, BUCKET, MEDIA, [SPEC] * 3)
    set_state(engine, 102.0, QueueState.PAUSED)
    assert (runs.state, first.state, second.state) == (JobState.RUNNING, JobState.PAUSE, JobState.PAUSE)
    (late,) = engine.submit(103.0, BUCKET, MEDIA, [JobSpec(tag="Snapshot", level=2, duration=2.0)])
    engine.advance(200.0)
    assert (runs.state, runs.ended) == (JobState.SUCCESS, 103.0)
    assert {job.state for job in (first, second, late)} == {JobState.PAUSE}
    set_state(engine, 300.0, QueueState.ACTIVE)
    engine.advance(400.0)
    assert [job.started for job in (late, first, second)] == [300.0, 302.0, 304.0]


def test_queue_update_event_keeps_values_of_its_time() -> None:
    """A later update does not change the event. UpdateTime changes, CreateTime does not."""
    engine = engine_with_queue()
    queue = engine.queue(BUCKET, MEDIA)
    rule = NotifyConfig(url="http://receiver.example/a", state="On", event="TaskFinish", type="Url")
    engine.update_queue(101.0, BUCKET, MEDIA, queue.id, name="n1", state=QueueState.PAUSED, notify=rule)
    engine.update_queue(102.0, BUCKET, MEDIA, queue.id, name="n2", state=QueueState.ACTIVE, notify=rule)
    first, second = engine.advance(103.0)
    assert isinstance(first, QueueUpdated)
    assert isinstance(second, QueueUpdated)
    assert (first.name, first.state, first.at) == ("n1", QueueState.PAUSED, 101.0)
    assert (second.name, second.state, second.at) == ("n2", QueueState.ACTIVE, 102.0)
    assert (queue.created, queue.updated) == (100.0, 102.0)


def test_rule_set_after_job_end_does_not_apply() -> None:
    """The rule at the time of the end applies, even if the engine advances later."""
    engine = engine_with_queue()
    queue = engine.queue(BUCKET, MEDIA)
    (job,) = engine.submit(101.0, BUCKET, MEDIA, [SPEC])
    before = queue.notify
    rule = NotifyConfig(url="http://receiver.example/a", state="On", event="TaskFinish", type="Url")
    engine.update_queue(104.0, BUCKET, MEDIA, queue.id, name="n", state=QueueState.ACTIVE, notify=rule)
    (later,) = engine.submit(105.0, BUCKET, MEDIA, [SPEC])
    ends = {event.job: event.rule for event in engine.advance(200.0) if isinstance(event, Ended)}
    assert ends == {job: before, later: rule}
    assert (job.rule_at_submit, later.rule_at_submit) == (before, rule)


def test_job_with_planned_failure_runs_and_ends_failed() -> None:
    """The failure shows at the end only."""
    engine = engine_with_queue()
    spec = JobSpec(tag="Snapshot", duration=2.0, failure=Failure("ResourceNotFound", "no such object"))
    (job,) = engine.submit(101.0, BUCKET, MEDIA, [spec])
    engine.advance(102.0)
    assert job.state is JobState.RUNNING
    engine.advance(103.0)
    assert (job.state, job.ended) == (JobState.FAILED, 103.0)


def test_progress_follows_elapsed_share_of_duration() -> None:
    """Progress is 0 while waiting, below 100 while running, 100 after success and less after failure."""
    engine = engine_with_queue(workers=1)
    fails = JobSpec(tag="Snapshot", duration=2.0, failure=Failure("A", "b"))
    good, bad = engine.submit(101.0, BUCKET, MEDIA, [SPEC, fails])
    engine.advance(102.0)
    assert (good.progress(102.0), bad.progress(102.0)) == (50, 0)
    assert good.progress(102.9999) == 99
    engine.advance(200.0)
    assert (good.progress(200.0), bad.progress(200.0)) == (100, 99)


def test_cancel_with_unknown_or_running_job_cancels_none() -> None:
    """An id that is named twice counts once."""
    engine = engine_with_queue(workers=1)
    runs, first, second = engine.submit(101.0, BUCKET, MEDIA, [SPEC] * 3)
    with pytest.raises(CancelRefusedError) as refusal:
        engine.cancel(102.0, BUCKET, [first.id, runs.id])
    assert refusal.value.state is JobState.RUNNING
    with pytest.raises(UnknownJobError):
        engine.cancel(102.0, BUCKET, [first.id, "j" + "0" * 32])
    with pytest.raises(UnknownJobError):
        engine.cancel(102.0, "other-1250000000", [first.id])
    assert first.state is JobState.SUBMITTED
    assert engine.cancel(102.0, BUCKET, [first.id, first.id]) == (first,)
    with pytest.raises(CancelRefusedError):
        engine.cancel(102.5, BUCKET, [first.id])
    engine.advance(200.0)
    assert first.started is None
    assert first.ended == 102.0
    assert second.started == 103.0


def test_job_in_paused_queue_can_be_cancelled() -> None:
    """The job is not yet executed, so cancel is accepted; the job stays cancelled after resume."""
    engine = engine_with_queue()
    set_state(engine, 101.0, QueueState.PAUSED)
    (job,) = engine.submit(101.0, BUCKET, MEDIA, [SPEC])
    engine.cancel(102.0, BUCKET, [job.id])
    set_state(engine, 103.0, QueueState.ACTIVE)
    engine.advance(200.0)
    assert (job.state, job.started) == (JobState.CANCEL, None)


def test_job_of_other_bucket_is_unknown() -> None:
    """A job id is unknown in another bucket."""
    engine = engine_with_queue()
    engine.activate(100.0, "other-1250000000", MEDIA)
    (job,) = engine.submit(101.0, BUCKET, MEDIA, [SPEC])
    assert engine.job(101.0, BUCKET, job.id) is job
    assert engine.job(101.0, "other-1250000000", job.id) is None
    assert engine.job(101.0, BUCKET, "j0") is None


def test_simultaneous_ends_come_before_starts() -> None:
    """Two jobs that end together free their workers first, in order of their starts; then the next two start."""
    engine = engine_with_queue(workers=2)
    a, b, c, d = engine.submit(101.0, BUCKET, MEDIA, [SPEC] * 4)
    events = engine.advance(103.0)
    event_states = [(type(event), event.job) for event in events if isinstance(event, Started | Ended)]
    assert event_states == [(Started, a), (Started, b), (Ended, a), (Ended, b), (Started, c), (Started, d)]


def test_command_with_older_time_uses_newest_time() -> None:
    """The engine's time does not decrease."""
    engine = engine_with_queue()
    engine.advance(150.0)
    (job,) = engine.submit(120.0, BUCKET, MEDIA, [SPEC])
    engine.advance(130.0)
    assert job.created == job.started == 150.0


def test_next_due_is_time_of_next_event() -> None:
    """None if nothing is active, the present after a command, then the end of the first running job."""
    engine = engine_with_queue()
    assert engine.next_due() is None
    engine.submit(101.0, BUCKET, MEDIA, [SPEC])
    assert engine.next_due() == 101.0
    engine.advance(101.0)
    assert engine.next_due() == 103.0
    engine.advance(103.0)
    assert engine.next_due() is None


def test_same_seed_repeats_ids_and_order() -> None:
    """Another seed gives other ids."""

    def ids(seed: int) -> list[str]:
        engine = Engine(ids=RandomIds(seed=seed))
        queue = engine.activate(1.0, BUCKET, MEDIA).queue
        return [queue.id, *(job.id for job in engine.submit(1.0, BUCKET, MEDIA, [SPEC] * 3))]

    assert ids(7) == ids(7)
    assert set(ids(7)).isdisjoint(ids(8))
    assert Engine(ids=RandomIds()).activate(1.0, BUCKET, MEDIA).queue.id != ids(7)[0]


def test_reset_removes_everything_except_time() -> None:
    """After a reset nothing is active or due and no event is pending; older times still count as the present."""
    engine = engine_with_queue()
    (job,) = engine.submit(101.0, BUCKET, MEDIA, [SPEC])
    engine.reset()
    assert engine.advance(500.0) == []
    assert engine.next_due() is None
    assert engine.job(500.0, BUCKET, job.id) is None
    assert not engine.is_active(BUCKET, MEDIA)


@pytest.mark.parametrize("duration", [-1.0, float("nan"), float("inf")])
def test_negative_or_infinite_duration_is_refused(duration: float) -> None:
    """JobSpec refuses a duration that could stop the clock."""
    with pytest.raises(ValueError, match="duration"):
        JobSpec(tag="Snapshot", duration=duration)


def test_failure_without_code_or_message_is_refused() -> None:
    """Code and message of a failure are never empty."""
    for code, message in (("", "text"), ("Code", "")):
        with pytest.raises(ValueError, match="say why"):
            Failure(code, message)


@pytest.mark.parametrize("rules", [{"workers": 0}, {"max_size": 0}, {"records": 0}])
def test_engine_rules_without_capacity_are_refused(rules: dict[str, int]) -> None:
    """EngineRules refuses values with which no job could run."""
    with pytest.raises(ValueError, match="at least 1"):
        EngineRules(**rules)  # type: ignore[arg-type]


def test_many_waiting_jobs_are_within_memory_and_time_limits() -> None:
    """A waiting job with a request of 700 bytes takes less than 2 KiB; 100,000 of them run in a few seconds."""
    engine = engine_with_queue(max_size=1_000_000)
    set_state(engine, 101.0, QueueState.PAUSED)
    gc.collect()
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    for number in range(2000):
        spec = JobSpec(tag="Snapshot", level=number % 3, input_object=f"in/{number}.mp4", operation=b"%0700d" % number)
        engine.submit(101.0, BUCKET, MEDIA, [spec])
    engine.advance(101.0)
    size = (tracemalloc.get_traced_memory()[0] - before) / 2000
    tracemalloc.stop()
    assert size < 2048, f"{size:.0f} bytes a job"
    start = time.process_time()
    for _ in range(98_000 // 5):
        engine.submit(102.0, BUCKET, MEDIA, [SPEC] * 5)
    set_state(engine, 103.0, QueueState.ACTIVE)
    events = engine.advance(1e9)
    assert sum(isinstance(event, Ended) for event in events) == 100_000
    assert time.process_time() - start < 20.0
    assert engine.queue(BUCKET, MEDIA).running == 0


def test_cancelled_jobs_are_removed_from_waiting_heap() -> None:
    """Entries of cancelled jobs are removed when they outnumber the others, so the heap does not grow without limit."""
    engine = engine_with_queue(max_size=100_000)
    set_state(engine, 101.0, QueueState.PAUSED)
    heap = engine.queue(BUCKET, MEDIA).waiting
    for _ in range(2000):
        jobs = engine.submit(102.0, BUCKET, MEDIA, [SPEC] * 5)
        engine.cancel(102.0, BUCKET, [job.id for job in jobs[1:]])
    assert len(heap) == len(list(heap)) == 2000
    assert len(heap._heap) <= 2 * 2000 + 64


def test_activation_beyond_limit_is_refused() -> None:
    """Deactivation frees a place once the engine stores no job of the bucket."""
    engine = Engine(ids=RandomIds(seed=1), rules=EngineRules(most_activations=2, records=1))
    for bucket in ("one-1", "two-1"):
        engine.activate(100.0, bucket, MEDIA)
    engine.submit(100.0, "two-1", MEDIA, [SPEC])
    engine.advance(1000.0)
    with pytest.raises(TooManyBucketsError, match="the mock has 2 activations"):
        engine.activate(1000.0, "three-1", MEDIA)
    assert engine.activate(1000.0, "one-1", MEDIA).bucket == "one-1"
    engine.deactivate(1000.0, "two-1", MEDIA)
    with pytest.raises(TooManyBucketsError):
        engine.activate(1000.0, "three-1", MEDIA)
    engine.submit(1000.0, "one-1", MEDIA, [SPEC])
    engine.advance(2000.0)  # removes the job of the second bucket, and with it the bucket
    engine.activate(2000.0, "three-1", MEDIA)
    engine.deactivate(2000.0, "three-1", MEDIA)
    engine.activate(2000.0, "four-1", MEDIA)
