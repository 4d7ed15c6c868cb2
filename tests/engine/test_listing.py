"""Lists of jobs: filters agree with a plain scan, pages give each job once although jobs are added."""

import gc
from contextlib import suppress
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ciq_mock.engine import (
    BadCursorError,
    Cancelled,
    CancelRefusedError,
    Ended,
    Engine,
    EngineRules,
    Failure,
    Job,
    JobFilter,
    JobSpec,
    TimeOrder,
)
from ciq_mock.ids import RandomIds
from ciq_schemas.features import Feature
from ciq_schemas.lifecycle import JobState

BUCKET = "unit-1250000000"
MEDIA = Feature.MEDIA
START = 1_800_000_000.25


@dataclass
class Shelf:
    """An engine and the jobs it took, in order."""

    engine: Engine
    now: float
    jobs: list[Job]

    @classmethod
    def fresh(cls) -> "Shelf":
        """An engine with the media feature and no job."""
        engine = Engine(ids=RandomIds(seed=2))
        engine.activate(START, BUCKET, MEDIA)
        return cls(engine, START, [])

    def add(self, gap: float, tag: str, *, fails: bool = False, key: str = "in/a") -> None:
        """Submit one job `gap` seconds later."""
        self.now += gap
        failure = Failure("A", "b") if fails else None
        order = JobSpec(tag=tag, input_object=key, duration=1.0, failure=failure)
        self.jobs.extend(self.engine.submit(self.now, BUCKET, MEDIA, [order]))

    def page(self, wanted: JobFilter, size: int = 10, token: str | None = None) -> tuple[list[Job], str | None]:
        """One page."""
        page = self.engine.list_jobs(self.now, BUCKET, MEDIA, wanted, size=size, token=token)
        return list(page.jobs), page.next_token

    def all_pages(self, wanted: JobFilter, size: int) -> list[Job]:
        """Follow the tokens to the end."""
        found, token = self.page(wanted, size)
        while token:
            more, token = self.page(wanted, size, token)
            assert more, "a token leads to at least one job"
            found += more
        return found


_tags = st.sampled_from(["Snapshot", "Transcode"])
_adds = st.lists(
    st.tuples(st.sampled_from([0.0, 0.3, 1.0, 5.0]), _tags, st.booleans(), st.sampled_from(["in/a", "in/b"])),
    max_size=30,
)
_bounds = st.one_of(st.none(), st.integers(-2, 60).map(lambda seconds: float(int(START)) + seconds))
_filters = st.builds(
    JobFilter,
    tag=_tags,
    states=st.one_of(st.none(), st.frozensets(st.sampled_from(JobState), max_size=3)),
    input_object=st.one_of(st.none(), st.sampled_from(["in/a", "in/b", "in/c"])),
    created_from=_bounds,
    created_to=_bounds,
    order=st.sampled_from(TimeOrder),
)


@given(adds=_adds, wanted=_filters, size=st.integers(1, 12))
@settings(deadline=None)
def test_pages_joined_are_the_filtered_jobs(
    adds: list[tuple[float, str, bool, str]], wanted: JobFilter, size: int
) -> None:
    """All pages together are what a scan of all jobs finds, in order of creation, each job once."""
    shelf = Shelf.fresh()
    for gap, tag, fails, key in adds:
        shelf.add(gap, tag, fails=fails, key=key)
    found = shelf.all_pages(wanted, size)
    expected = [job for job in shelf.jobs if _belongs(job, wanted)]
    if wanted.order is TimeOrder.DESC:
        expected.reverse()
    assert found == expected


def _belongs(job: Job, wanted: JobFilter) -> bool:
    second = int(job.created)
    return (
        job.tag == wanted.tag
        and (wanted.states is None or job.state in wanted.states)
        and (wanted.input_object is None or job.input_object == wanted.input_object)
        and (wanted.created_from is None or second >= wanted.created_from)
        and (wanted.created_to is None or second <= wanted.created_to)
    )


@given(
    before=_adds,
    between=_adds,
    order=st.sampled_from(TimeOrder),
    size=st.integers(1, 5),
)
@settings(deadline=None)
def test_a_cursor_is_stable_while_jobs_are_added(
    before: list[tuple[float, str, bool, str]],
    between: list[tuple[float, str, bool, str]],
    order: TimeOrder,
    size: int,
) -> None:
    """Jobs added between two pages shift nothing: each older job comes once; newest first shows no newer one."""
    shelf = Shelf.fresh()
    for gap, tag, fails, key in before:
        shelf.add(gap, tag, fails=fails, key=key)
    wanted = JobFilter(tag="Snapshot", order=order)
    old = [job for job in shelf.jobs if job.tag == "Snapshot"]
    fresh = list(between)
    found, token = shelf.page(wanted, size)
    while token:
        if fresh:
            gap, tag, fails, key = fresh.pop()
            shelf.add(gap, tag, fails=fails, key=key)
        more, token = shelf.page(wanted, size, token)
        found += more
    assert len(set(found)) == len(found)
    if order is TimeOrder.DESC:
        assert found == old[::-1]
    else:
        assert found[: len(old)] == old


def test_a_job_of_the_bounding_second_is_in_the_window() -> None:
    """Clients see whole seconds, so a window from and to that second holds a job of its second half."""
    shelf = Shelf.fresh()
    shelf.add(0.5, "Snapshot")
    second = float(int(shelf.now))
    assert shelf.page(JobFilter(tag="Snapshot", created_from=second, created_to=second)) == (shelf.jobs, None)
    assert shelf.page(JobFilter(tag="Snapshot", created_from=second + 1)) == ([], None)
    assert shelf.page(JobFilter(tag="Snapshot", created_to=second - 1)) == ([], None)


def test_the_queue_filter_asks_for_the_exact_queue() -> None:
    """The own queue's id gives all, another id gives none."""
    shelf = Shelf.fresh()
    shelf.add(0.0, "Snapshot")
    queue = shelf.engine.queue(BUCKET, MEDIA)
    assert shelf.page(JobFilter(tag="Snapshot", queue_id=queue.id))[0] == shelf.jobs
    assert shelf.page(JobFilter(tag="Snapshot", queue_id="p0"))[0] == []


def test_the_last_page_has_no_token() -> None:
    """A page that ends the list exactly at its size gives no token."""
    shelf = Shelf.fresh()
    for _ in range(4):
        shelf.add(1.0, "Snapshot")
    jobs, token = shelf.page(JobFilter(tag="Snapshot"), 2)
    assert token is not None
    assert shelf.page(JobFilter(tag="Snapshot"), 2, token) == (shelf.jobs[1::-1], None)
    assert jobs == shelf.jobs[:1:-1]


@pytest.mark.parametrize("token", ["x", "0" * 24, "-" + "0" * 23, "é" * 24, "1" * 2000, "zzzzzzzzzzzzzzzzzzzzzzzz"])
def test_a_foreign_token_is_refused(token: str) -> None:
    """What the engine never gave out is no cursor, however it looks; an empty one means the beginning."""
    shelf = Shelf.fresh()
    shelf.add(0.0, "Snapshot")
    with pytest.raises(BadCursorError):
        shelf.page(JobFilter(tag="Snapshot"), 1, token)
    assert shelf.page(JobFilter(tag="Snapshot"), 1, "") == (shelf.jobs, None)


def test_a_token_belongs_to_its_filter() -> None:
    """A token given out for one filter is refused with another."""
    shelf = Shelf.fresh()
    for _ in range(3):
        shelf.add(1.0, "Snapshot")
    _, token = shelf.page(JobFilter(tag="Snapshot"), 1)
    assert token is not None
    for other in (
        JobFilter(tag="Transcode"),
        JobFilter(tag="Snapshot", order=TimeOrder.ASC),
        JobFilter(tag="Snapshot", states=frozenset({JobState.SUCCESS})),
    ):
        with pytest.raises(BadCursorError):
            shelf.page(other, 1, token)


def test_features_and_buckets_have_lists_of_their_own() -> None:
    """Jobs of another feature or bucket are in no list but their own, even under the same tag."""
    shelf = Shelf.fresh()
    shelf.add(0.0, "Snapshot")
    for bucket, feature in ((BUCKET, Feature.DOC), ("other-1250000000", MEDIA)):
        shelf.engine.activate(shelf.now, bucket, feature)
        shelf.engine.submit(shelf.now, bucket, feature, [JobSpec(tag="Snapshot")])
        page = shelf.engine.list_jobs(shelf.now, bucket, feature, JobFilter(tag="Snapshot"))
        assert [(job.bucket, job.feature) for job in page.jobs] == [(bucket, feature)]
    assert shelf.page(JobFilter(tag="Snapshot"))[0] == shelf.jobs


def test_a_page_needs_a_size() -> None:
    """A size below 1 is the caller's mistake."""
    with pytest.raises(ValueError, match="at least one job"):
        Shelf.fresh().page(JobFilter(tag="Snapshot"), 0)


@given(
    durations=st.lists(st.sampled_from([1.0, 5.0, 50.0]), min_size=1, max_size=40),
    records=st.integers(1, 12),
    cancels=st.sets(st.integers(0, 39), max_size=10),
)
@settings(deadline=None)
def test_the_oldest_records_are_forgotten(durations: list[float], records: int, cancels: set[int]) -> None:
    """Describe and list know the jobs that are not over and the `records` that were over last, and no other."""
    engine = Engine(ids=RandomIds(seed=2), rules=EngineRules(workers=3, records=records))
    engine.activate(START, BUCKET, MEDIA)
    jobs: list[Job] = []
    over: list[Job] = []
    for number, duration in enumerate(durations):
        now = START + number
        jobs += engine.submit(now, BUCKET, MEDIA, [JobSpec(tag="Snapshot", duration=duration)])
        with suppress(CancelRefusedError):  # it has a worker already
            engine.cancel(now, BUCKET, [jobs[-1].id] if number in cancels else [])
        over += [event.job for event in engine.advance(now) if isinstance(event, Ended | Cancelled)]
        known = [job for job in jobs if job not in over[:-records]]
        assert list(engine.jobs()) == known
        assert [job for job in jobs if engine.job(now, BUCKET, job.id) is not None] == known
        page = engine.list_jobs(now, BUCKET, MEDIA, JobFilter(tag="Snapshot", order=TimeOrder.ASC), size=100)
        assert list(page.jobs) == known


def test_forgotten_jobs_leave_no_trace() -> None:
    """However many jobs come and go, what is kept of them stays within twice the records."""
    engine = Engine(ids=RandomIds(seed=2), rules=EngineRules(records=100))
    engine.activate(START, BUCKET, MEDIA)
    for number in range(5000):
        engine.submit(START + number, BUCKET, MEDIA, [JobSpec(tag="Snapshot")])
        engine.advance(START + number)
    gc.collect()
    assert sum(isinstance(thing, Job) for thing in gc.get_objects()) <= 2 * 100 + 100
