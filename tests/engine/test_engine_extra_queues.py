"""A feature with a documented second queue (media: the speed queue): two separate queues of one feature."""

import pytest
from test_engine_commands import BUCKET, MEDIA, SPEC, engine_with_queue

from ciq_mock.engine import Cancelled, Engine, QueueCreated, QueueDeleted, Started, UnknownQueueError
from ciq_mock.ids import RandomIds
from ciq_schemas.features import FEATURES, Feature
from ciq_schemas.lifecycle import JobState, QueueState

SPEED = FEATURES[MEDIA].extra_category


def test_only_media_has_second_queue() -> None:
    """Activation creates the speed queue of media with its name and category; other features have one queue."""
    engine = engine_with_queue(extra_queues=True)
    own, speed = engine.queues(BUCKET, MEDIA)
    assert (own.name, own.category) == ("queue-1", "Transcoding")
    assert (speed.name, speed.category) == ("queue-speed-transcoding-process-1", "SpeedTranscoding")
    for feature in set(Feature) - {MEDIA}:
        engine.activate(101.0, BUCKET, feature)
        assert len(engine.queues(BUCKET, feature)) == 1
    assert len([event for event in engine.advance(101.0) if isinstance(event, QueueCreated)]) == len(Feature) - 1


def test_queue_is_selected_by_id_then_category_then_default() -> None:
    """An id selects its queue whatever the category is; without both the default queue is used."""
    engine = engine_with_queue(extra_queues=True)
    own, speed = engine.queues(BUCKET, MEDIA)
    assert engine.queue(BUCKET, MEDIA) is engine.queue(BUCKET, MEDIA, category="Transcoding") is own
    assert engine.queue(BUCKET, MEDIA, category=SPEED) is engine.queue(BUCKET, MEDIA, speed.id) is speed
    assert engine.queue(BUCKET, MEDIA, own.id, category=SPEED) is own
    with pytest.raises(UnknownQueueError):
        engine.queue(BUCKET, MEDIA, "pnone", category=SPEED)
    plain = engine_with_queue()
    assert plain.queue(BUCKET, MEDIA, category=SPEED) is plain.queues(BUCKET, MEDIA)[0]


def test_queues_have_separate_workers_and_states() -> None:
    """With one worker each, a job of either queue runs; a pause of one queue does not hold the other."""
    engine = engine_with_queue(extra_queues=True, workers=1)
    own, speed = engine.queues(BUCKET, MEDIA)
    slow = [engine.submit(101.0, BUCKET, MEDIA, [SPEC])[0] for _ in range(2)]
    engine.update_queue(101.0, BUCKET, MEDIA, speed.id, name=speed.name, state=QueueState.PAUSED, notify=speed.notify)
    (fast,) = engine.submit(101.0, BUCKET, MEDIA, [SPEC], category=SPEED)
    started = [event.job for event in engine.advance(110.0) if isinstance(event, Started)]
    assert started == slow
    assert (fast.state, fast.queue) == (JobState.PAUSE, speed)
    assert own.running == 0


def test_deactivation_removes_both_queues() -> None:
    """Waiting jobs of both are cancelled; a new activation creates two other queues."""
    engine: Engine = engine_with_queue(extra_queues=True, workers=1)
    before = {queue.id for queue in engine.queues(BUCKET, MEDIA)}
    jobs = [engine.submit(101.0, BUCKET, MEDIA, [SPEC], category=category)[0] for category in (None, SPEED) * 2]
    engine.advance(101.0)
    engine.deactivate(101.5, BUCKET, MEDIA)
    events = engine.advance(101.5)
    assert {event.queue.id for event in events if isinstance(event, QueueDeleted)} == before
    assert [event.job for event in events if isinstance(event, Cancelled)] == jobs[2:]
    again = engine.activate(102.0, BUCKET, MEDIA)
    assert before.isdisjoint(queue.id for queue in again.queues)


def test_queues_of_one_activation_have_different_ids() -> None:
    """This holds whatever the source of ids is."""
    engine = Engine(ids=RandomIds(seed=1), rules=engine_with_queue(extra_queues=True).rules)
    first, second = engine.activate(1.0, BUCKET, MEDIA).queues
    assert first.id != second.id
