"""An engine whose ended jobs are in an archive answers like one that has them as objects, and forgets them in order."""

import random
from dataclasses import dataclass

import pytest
from engine_histories import PLACES, Action, HistoryRun, histories
from hypothesis import given, settings
from hypothesis import strategies as st

from ciq_mock.engine import (
    Cancelled,
    Ended,
    Engine,
    EngineRules,
    Job,
    JobFilter,
    JobSpec,
    Origin,
    Queue,
    Restoration,
    TimeOrder,
)
from ciq_mock.engine.ended_jobs import EndedJobs, end_of
from ciq_mock.ids import RandomIds
from ciq_mock.journal.job_blocks import StoredBlock, read_block, written_block
from ciq_mock.journal.records import JobAccepted, JobEnded, JobStarted, record_of
from ciq_mock.journal.replay import apply_to_engine
from ciq_schemas.lifecycle import JobState

STATES = (None, frozenset({JobState.SUCCESS}), frozenset({JobState.CANCEL, JobState.FAILED}))


@dataclass
class Content:
    """The content of a block; counts how often it is decoded."""

    block: StoredBlock
    decoded: int = 0

    def decode(self) -> EndedJobs:
        """Decode and count."""
        self.decoded += 1
        return self.block.decode()

    def mentions(self, text: str) -> bool:
        """Search the content."""
        return self.block.mentions(text)


def shown(job: Job) -> tuple[object, ...]:
    """All that a job can show."""
    times = (job.created, job.started, job.ended)
    values = (job.tag, job.level, job.input_object, job.input, job.operation, job.failure, job.origin, job.result)
    return (job.id, job.number, job.queue.id, job.state, times, values)


def archived(run: HistoryRun, blocks: list[list[Job]], rules: EngineRules) -> tuple[Engine, list[Content]]:
    """A restored engine; the jobs of the blocks are in its archive."""
    engine = Engine(ids=RandomIds(seed=9), rules=rules)
    restoration = Restoration(engine)
    contents = [Content(read_block(written_block(block))) for block in blocks]
    for content in contents:
        restoration.archived(content.block.summary, content)
    gone = {job.number for block in blocks for job in block}
    for record in map(record_of, run.events):
        if not (isinstance(record, JobAccepted | JobStarted | JobEnded) and record.number in gone):
            apply_to_engine(restoration, record)
    restoration.finish(run.now)
    return engine, contents


def queues_of(engine: Engine) -> list[Queue]:
    """The queues of all places."""
    return [queue for bucket, feature in PLACES for queue in engine.queues(bucket, feature)]


def all_pages(engine: Engine, place: int, wanted: JobFilter, size: int) -> list[str]:
    """The ids of a whole list, read page by page."""
    found: list[str] = []
    token = None
    while True:
        page = engine.list_jobs(-1.0, *PLACES[place], wanted, size=size, token=token)
        found += [job.id for job in page.jobs]
        if (token := page.next_token) is None:
            return found


@given(
    history=histories,
    share=st.integers(1, 4),
    size=st.integers(1, 7),
    seed=st.integers(0, 1 << 32),
    surplus=st.integers(0, 30),
)
@settings(deadline=None, max_examples=60)
def test_archived_jobs_are_described_listed_and_forgotten_like_others(
    history: list[tuple[float, Action]], share: int, size: int, seed: int, surplus: int
) -> None:
    """Random ended jobs are in random blocks; then further jobs end, and the oldest are forgotten."""
    chance = random.Random(seed)
    run = HistoryRun(Engine(ids=RandomIds(seed=5), rules=EngineRules(workers=3)))
    for bucket, feature in PLACES:
        run.engine.activate(run.now, bucket, feature)
    run.run(history)
    jobs = list(run.engine.jobs())
    blocks: list[list[Job]] = [[] for _ in range(share)]
    for job in jobs:
        if job.ended is not None and job.origin is None and chance.random() < 0.8:
            blocks[min(share - 1, max(0, job.number * share // len(jobs) + chance.choice((0, 0, 0, -1))))].append(job)
    blocks = [block for block in blocks if block]
    kept = max(1, sum(job.ended is not None for job in jobs) - surplus)
    engine, _ = archived(run, blocks, EngineRules(workers=3, records=kept))
    block_of = {job.id: index for index, block in enumerate(blocks) for job in block}
    # Equal ends: blocks in their order, by number, then the other jobs in the order of their events.
    ended = [event.job for event in run.events if isinstance(event, Ended | Cancelled)]
    ended.sort(key=lambda job: (end_of(job), block_of.get(job.id, share), job.number if job.id in block_of else 0))
    over = {job.id for job in ended[: max(0, len(ended) - kept)]}
    on_record = [job for job in jobs if job.id not in over]
    expected = [shown(job) for job in on_record]
    ids = {row[0] for row in expected}
    checks = [
        lambda: [shown(job) for job in engine.last_jobs(size)] == expected[-size:],
        *(
            lambda place=place: (
                [job.id for job in engine.newest_jobs(*PLACES[place], before=len(jobs) - 1)]
                == [
                    row[0]
                    for row, job in reversed(list(zip(expected, on_record, strict=True)))
                    if (job.bucket, job.feature) == PLACES[place] and job.number < len(jobs) - 1
                ]
            )
            for place in range(len(PLACES))
        ),
        lambda: all(
            sum(queue.ended.values()) == sum(job.ended is not None and job.queue.id == queue.id for job in on_record)
            for queue in queues_of(engine)
        ),
        lambda: engine.count == len(expected) and engine.states().total() == len(expected),
        lambda: {job.id for job in jobs if engine.job(-1.0, job.bucket, job.id)} == ids,
        *(
            lambda place=place, states=states, order=order: (
                all_pages(engine, place, JobFilter(tag="T", states=states, order=order), size)
                == [
                    job.id
                    for job in (jobs if order is TimeOrder.ASC else reversed(jobs))
                    if job.id in ids
                    and (job.bucket, job.feature) == PLACES[place]
                    and (states is None or job.state in states)
                ]
            )
            for place in range(len(PLACES))
            for states in STATES
            for order in TimeOrder
        ),
        lambda: [shown(job) for job in engine.jobs()] == expected,
    ]
    chance.shuffle(checks)  # each may be the first that decodes a block
    assert [number for number, check in enumerate(checks) if not check()] == []


def million_like(count: int = 40, block: int = 10) -> tuple[Engine, list[Content], list[Job]]:
    """An engine with ended jobs in several blocks, none of them decoded."""
    run = HistoryRun(Engine(ids=RandomIds(seed=5), rules=EngineRules(workers=1000)))
    run.engine.activate(run.now, *PLACES[0])
    for number in range(count):
        run.now += 1.0
        spec = JobSpec(tag="T", input_object=f"in/{number}", origin=Origin(batch_id=f"batch-{number:02}"))
        run.engine.submit(run.now, *PLACES[0], [spec])
        run.advance()
    jobs = list(run.engine.jobs())
    blocks = [jobs[first : first + block] for first in range(0, count, block)]
    engine, contents = archived(run, blocks, EngineRules(records=count))
    assert [content.decoded for content in contents] == [0] * len(contents)
    return engine, contents, jobs


def decoded(contents: list[Content]) -> list[int]:
    """Positions of the blocks that were decoded."""
    assert all(content.decoded < 2 for content in contents)
    return [index for index, content in enumerate(contents) if content.decoded]


def test_block_is_decoded_when_its_job_is_needed() -> None:
    """Describe decodes one block, an unknown id none; a job keeps its identity."""
    engine, contents, jobs = million_like()
    assert engine.job(-1.0, PLACES[0][0], "j-unknown") is None
    assert engine.count == 40
    assert engine.states() == {JobState.SUCCESS: 40}
    assert decoded(contents) == []
    first = engine.job(-1.0, PLACES[0][0], jobs[17].id)
    assert first is not None
    assert engine.job(-1.0, PLACES[0][0], jobs[17].id) is first
    assert decoded(contents) == [1]


@pytest.mark.parametrize(
    ("wanted", "blocks"),
    [
        (JobFilter(tag="T"), [3]),
        (JobFilter(tag="T", order=TimeOrder.ASC), [0]),
        (JobFilter(tag="other"), []),
        (JobFilter(tag="T", states=frozenset({JobState.FAILED})), []),
        (JobFilter(tag="T", queue_id="p-other"), []),
        (JobFilter(tag="T", input_object="in/25"), [2]),
        (JobFilter(tag="T", batch_id="batch-12"), [1]),
    ],
)
def test_list_decodes_only_the_blocks_of_its_page(wanted: JobFilter, blocks: list[int]) -> None:
    """The summary or the compressed content excludes the others."""
    engine, contents, _ = million_like()
    engine.list_jobs(-1.0, *PLACES[0], wanted, size=5)
    assert decoded(contents) == blocks


def test_window_of_creation_decodes_only_its_blocks() -> None:
    """The summary holds the times of creation."""
    engine, contents, jobs = million_like()
    wanted = JobFilter(tag="T", created_from=jobs[22].created, created_to=jobs[27].created)
    page = engine.list_jobs(-1.0, *PLACES[0], wanted, size=100)
    assert {job.id for job in page.jobs} == {job.id for job in jobs[22:28]}
    assert decoded(contents) == [2]


def test_smaller_record_drops_whole_blocks_undecoded() -> None:
    """A start with fewer records than the journal has decodes the one block that is divided."""
    _, contents, jobs = million_like()
    engine = Engine(ids=RandomIds(seed=9), rules=EngineRules(records=14))
    restoration = Restoration(engine)
    for content in contents:
        restoration.archived(content.block.summary, content)
    restoration.finish(jobs[-1].created)
    assert decoded(contents) == [2]
    assert [job.id for job in engine.jobs()] == [job.id for job in jobs[-14:]]
    assert engine.oldest_end == jobs[-14].ended


def test_outputs_of_newest_jobs_decode_the_last_blocks() -> None:
    """The newest successful jobs come in the order of their ends."""
    _, contents, jobs = million_like()
    restoration = Restoration(Engine(ids=RandomIds(seed=9)))
    for content in contents:
        restoration.archived(content.block.summary, content)
    assert [job.id for job in restoration.newest_successes(12)] == [job.id for job in jobs[-12:]]
    assert decoded(contents) == [2, 3]
