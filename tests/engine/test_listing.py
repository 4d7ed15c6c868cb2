"""Lists of jobs: filters agree with a plain scan, pages return each job once although jobs are added."""

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
class JobList:
    """An engine and the jobs that it accepted, in order."""

    engine: Engine
    now: float
    jobs: list[Job]

    @classmethod
    def start(cls) -> "JobList":
        """An engine with the media feature and no job."""
        engine = Engine(ids=RandomIds(seed=2))
        engine.activate(START, BUCKET, MEDIA)
        return cls(engine, START, [])

    def add(self, gap: float, tag: str, *, fails: bool = False, key: str = "in/a") -> None:
        """Submit one job `gap` seconds later."""
        self.now += gap
        failure = Failure("A", "b") if fails else None
        spec = JobSpec(tag=tag, input_object=key, duration=1.0, failure=failure)
        self.jobs.extend(self.engine.submit(self.now, BUCKET, MEDIA, [spec]))

    def page(self, job_filter: JobFilter, size: int = 10, token: str | None = None) -> tuple[list[Job], str | None]:
        """Return one page."""
        page = self.engine.list_jobs(self.now, BUCKET, MEDIA, job_filter, size=size, token=token)
        return list(page.jobs), page.next_token

    def all_pages(self, job_filter: JobFilter, size: int) -> list[Job]:
        """Return the jobs of all pages."""
        found, token = self.page(job_filter, size)
        while token:
            more, token = self.page(job_filter, size, token)
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


@given(adds=_adds, job_filter=_filters, size=st.integers(1, 12))
@settings(deadline=None)
def test_all_pages_together_equal_filtered_jobs(
    adds: list[tuple[float, str, bool, str]], job_filter: JobFilter, size: int
) -> None:
    """The pages contain the jobs that a scan finds, in order of creation, each job once."""
    job_list = JobList.start()
    for gap, tag, fails, key in adds:
        job_list.add(gap, tag, fails=fails, key=key)
    found = job_list.all_pages(job_filter, size)
    expected = [job for job in job_list.jobs if _belongs(job, job_filter)]
    if job_filter.order is TimeOrder.DESC:
        expected.reverse()
    assert found == expected


def _belongs(job: Job, job_filter: JobFilter) -> bool:
    second = int(job.created)
    return (
        job.tag == job_filter.tag
        and (job_filter.states is None or job.state in job_filter.states)
        and (job_filter.input_object is None or job.input_object == job_filter.input_object)
        and (job_filter.created_from is None or second >= job_filter.created_from)
        and (job_filter.created_to is None or second <= job_filter.created_to)
    )


@given(
    before=_adds,
    between=_adds,
    order=st.sampled_from(TimeOrder),
    size=st.integers(1, 5),
)
@settings(deadline=None)
def test_jobs_added_between_pages_do_not_shift_pages(
    before: list[tuple[float, str, bool, str]],
    between: list[tuple[float, str, bool, str]],
    order: TimeOrder,
    size: int,
) -> None:
    """Each older job is returned once; the newest-first list returns no newer job."""
    job_list = JobList.start()
    for gap, tag, fails, key in before:
        job_list.add(gap, tag, fails=fails, key=key)
    job_filter = JobFilter(tag="Snapshot", order=order)
    old = [job for job in job_list.jobs if job.tag == "Snapshot"]
    start = list(between)
    found, token = job_list.page(job_filter, size)
    while token:
        if start:
            gap, tag, fails, key = start.pop()
            job_list.add(gap, tag, fails=fails, key=key)
        more, token = job_list.page(job_filter, size, token)
        found += more
    assert len(set(found)) == len(found)
    if order is TimeOrder.DESC:
        assert found == old[::-1]
    else:
        assert found[: len(old)] == old


def test_time_window_includes_whole_second_of_its_bounds() -> None:
    """Clients see whole seconds, so a window from and to a second contains a job of its second half."""
    job_list = JobList.start()
    job_list.add(0.5, "Snapshot")
    second = float(int(job_list.now))
    assert job_list.page(JobFilter(tag="Snapshot", created_from=second, created_to=second)) == (job_list.jobs, None)
    assert job_list.page(JobFilter(tag="Snapshot", created_from=second + 1)) == ([], None)
    assert job_list.page(JobFilter(tag="Snapshot", created_to=second - 1)) == ([], None)


def test_queue_filter_matches_exact_id() -> None:
    """The feature's queue id returns all jobs, another id none."""
    job_list = JobList.start()
    job_list.add(0.0, "Snapshot")
    queue = job_list.engine.queue(BUCKET, MEDIA)
    assert job_list.page(JobFilter(tag="Snapshot", queue_id=queue.id))[0] == job_list.jobs
    assert job_list.page(JobFilter(tag="Snapshot", queue_id="p0"))[0] == []


def test_last_full_page_has_no_token() -> None:
    """A page that ends the list exactly at its size has no token."""
    job_list = JobList.start()
    for _ in range(4):
        job_list.add(1.0, "Snapshot")
    jobs, token = job_list.page(JobFilter(tag="Snapshot"), 2)
    assert token is not None
    assert job_list.page(JobFilter(tag="Snapshot"), 2, token) == (job_list.jobs[1::-1], None)
    assert jobs == job_list.jobs[:1:-1]


@pytest.mark.parametrize("token", ["x", "0" * 24, "-" + "0" * 23, "é" * 24, "1" * 2000, "zzzzzzzzzzzzzzzzzzzzzzzz"])
def test_unknown_token_is_refused(token: str) -> None:
    """The engine refuses every token that it did not issue; an empty token means the first page."""
    job_list = JobList.start()
    job_list.add(0.0, "Snapshot")
    with pytest.raises(BadCursorError):
        job_list.page(JobFilter(tag="Snapshot"), 1, token)
    assert job_list.page(JobFilter(tag="Snapshot"), 1, "") == (job_list.jobs, None)


def test_token_with_other_filter_is_refused() -> None:
    """A token is valid for the filter of its list only."""
    job_list = JobList.start()
    for _ in range(3):
        job_list.add(1.0, "Snapshot")
    _, token = job_list.page(JobFilter(tag="Snapshot"), 1)
    assert token is not None
    for other in (
        JobFilter(tag="Transcode"),
        JobFilter(tag="Snapshot", order=TimeOrder.ASC),
        JobFilter(tag="Snapshot", states=frozenset({JobState.SUCCESS})),
    ):
        with pytest.raises(BadCursorError):
            job_list.page(other, 1, token)


def test_list_contains_jobs_of_its_feature_and_bucket_only() -> None:
    """This holds under the same tag too."""
    job_list = JobList.start()
    job_list.add(0.0, "Snapshot")
    for bucket, feature in ((BUCKET, Feature.DOC), ("other-1250000000", MEDIA)):
        job_list.engine.activate(job_list.now, bucket, feature)
        job_list.engine.submit(job_list.now, bucket, feature, [JobSpec(tag="Snapshot")])
        page = job_list.engine.list_jobs(job_list.now, bucket, feature, JobFilter(tag="Snapshot"))
        assert [(job.bucket, job.feature) for job in page.jobs] == [(bucket, feature)]
    assert job_list.page(JobFilter(tag="Snapshot"))[0] == job_list.jobs


def test_page_size_below_one_is_refused() -> None:
    """The error is raised to the caller."""
    with pytest.raises(ValueError, match="at least one job"):
        JobList.start().page(JobFilter(tag="Snapshot"), 0)


@given(
    durations=st.lists(st.sampled_from([1.0, 5.0, 50.0]), min_size=1, max_size=40),
    records=st.integers(1, 12),
    cancels=st.sets(st.integers(0, 39), max_size=10),
)
@settings(deadline=None)
def test_oldest_ended_jobs_are_removed(durations: list[float], records: int, cancels: set[int]) -> None:
    """Describe and list return the jobs that have not ended and the last `records` that have."""
    engine = Engine(ids=RandomIds(seed=2), rules=EngineRules(workers=3, records=records))
    engine.activate(START, BUCKET, MEDIA)
    jobs: list[Job] = []
    over: list[Job] = []
    for number, duration in enumerate(durations):
        now = START + number
        jobs += engine.submit(now, BUCKET, MEDIA, [JobSpec(tag="Snapshot", duration=duration)])
        with suppress(CancelRefusedError):  # the job runs already
            engine.cancel(now, BUCKET, [jobs[-1].id] if number in cancels else [])
        over += [event.job for event in engine.advance(now) if isinstance(event, Ended | Cancelled)]
        known = [job for job in jobs if job not in over[:-records]]
        assert list(engine.jobs()) == known
        assert [job for job in jobs if engine.job(now, BUCKET, job.id) is not None] == known
        page = engine.list_jobs(now, BUCKET, MEDIA, JobFilter(tag="Snapshot", order=TimeOrder.ASC), size=100)
        assert list(page.jobs) == known


def test_removed_jobs_free_their_memory() -> None:
    """The stored objects stay within twice the records, however many jobs are submitted."""
    engine = Engine(ids=RandomIds(seed=2), rules=EngineRules(records=100))
    engine.activate(START, BUCKET, MEDIA)
    for number in range(5000):
        engine.submit(START + number, BUCKET, MEDIA, [JobSpec(tag="Snapshot")])
        engine.advance(START + number)
    gc.collect()
    assert sum(isinstance(thing, Job) for thing in gc.get_objects()) <= 2 * 100 + 100
