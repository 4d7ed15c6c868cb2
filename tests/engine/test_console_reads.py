"""What the console reads from the engine: the jobs that start next, the newest jobs, counts and pauses."""

from itertools import count

from hypothesis import given
from hypothesis import strategies as st

from ciq_mock.engine import Engine, EngineRules, JobSpec
from ciq_mock.engine.waiting import WaitingLine
from ciq_schemas.features import FEATURES, Feature
from ciq_schemas.lifecycle import JobState, QueueState
from ciq_schemas.values import NotifyConfig

BUCKET = "unit-1250000000"
TAGS = FEATURES[Feature.MEDIA].tags


class Waiter:
    """A waiting job as the heap needs it."""

    def __init__(self, number: int, level: int) -> None:
        self.number = number
        self.level = level
        self.waiting = True


def engine(**rules: int) -> Engine:
    """An engine with the media queue and countable ids."""
    numbers = count()
    made = Engine(ids=lambda letter: f"{letter}{next(numbers)}", rules=EngineRules(**rules))
    made.activate(0.0, BUCKET, Feature.MEDIA)
    return made


def set_state(made: Engine, now: float, state: QueueState) -> None:
    """Pause or enable the media queue."""
    queue = made.queue(BUCKET, Feature.MEDIA)
    rule = NotifyConfig(state="Off")
    made.update_queue(now, BUCKET, Feature.MEDIA, queue.id, name=queue.name, state=state, notify=rule)


@given(levels=st.lists(st.integers(0, 3), max_size=60), gone=st.sets(st.integers(0, 59)), most=st.integers(0, 70))
def test_first_jobs_of_line_are_those_that_start_next(levels: list[int], gone: set[int], most: int) -> None:
    """`first` agrees with the iteration, without a pop; cancelled jobs are left out."""
    line: WaitingLine[Waiter] = WaitingLine(lambda level, number: number - level * 1000)
    jobs = [Waiter(number, level) for number, level in enumerate(levels)]
    for job in jobs:
        line.push(job)
    for job in jobs:
        if job.number in gone:
            job.waiting = False
            line.removed()
    in_order = list(line)
    assert line.first(most) == in_order[:most]
    assert [line.ahead_of(job) for job in in_order] == list(range(len(in_order)))


def test_newest_jobs_of_all_tags_come_in_one_order() -> None:
    """From the newest to the oldest; `before` continues a page."""
    made = engine(workers=1)
    for number in range(30):
        made.submit(float(number), BUCKET, Feature.MEDIA, [JobSpec(tag=TAGS[number % 3], duration=1000.0)])
    numbers = [job.number for job in made.newest_jobs(BUCKET, Feature.MEDIA)]
    assert numbers == list(range(30, 0, -1))
    assert [job.number for job in made.newest_jobs(BUCKET, Feature.MEDIA, before=4)] == [3, 2, 1]
    assert list(made.newest_jobs(BUCKET, Feature.DOC)) == []


def test_ended_jobs_on_record_are_counted_by_state() -> None:
    """A job that is no longer on record is not counted."""
    made = engine(workers=1, records=3)
    jobs = [made.submit(0.0, BUCKET, Feature.MEDIA, [JobSpec(tag=TAGS[0], duration=1.0)])[0] for _ in range(4)]
    made.advance(2.5)
    made.cancel(2.5, BUCKET, [jobs[3].id])
    queue = made.queue(BUCKET, Feature.MEDIA)
    assert queue.ended == {JobState.SUCCESS: 2, JobState.CANCEL: 1}
    made.advance(3.5)
    assert queue.ended == {JobState.SUCCESS: 2, JobState.CANCEL: 1}
    assert sum(queue.ended.values()) == 3


def test_queue_knows_since_when_it_is_paused() -> None:
    """An update that repeats the state is no change."""
    made = engine()
    queue = made.queue(BUCKET, Feature.MEDIA)
    assert queue.paused_since is None
    set_state(made, 5.0, QueueState.PAUSED)
    set_state(made, 9.0, QueueState.PAUSED)
    assert queue.paused_since == 5.0
    assert queue.updated == 9.0
    set_state(made, 11.0, QueueState.ACTIVE)
    assert queue.paused_since is None
    assert list(queue.changes) == [(5.0, QueueState.PAUSED), (11.0, QueueState.ACTIVE)]
