"""What the fixture shows: jobs, requests and deliveries with filters, assertions, and a wait that ends in time."""

import asyncio
import re
import time
from dataclasses import replace
from urllib.request import Request, urlopen

import pytest
from pytest_httpserver import HTTPServer
from test_interventions import submit

from ciq_mock import ClockKind, DeliverySettings, MockServer, MockSettings, NoMoreCallbacksError, Observations
from ciq_mock.admin.views import JobView
from ciq_schemas.features import Feature

MEDIA = MockSettings(activated=(Feature.MEDIA,), duration=0.0)


@pytest.fixture(scope="module")
def shared() -> MockServer:
    """One mock for the module."""
    with MockServer(MEDIA) as server:
        yield server


@pytest.fixture
def mock(shared: MockServer) -> MockServer:
    """The mock in its initial state."""
    shared.reset()
    return shared


def test_job_shows_user_data_and_callback_setting(mock: MockServer) -> None:
    """The address without its password."""
    submit(mock, "http://user:secret@127.0.0.1:1/cb", "a &lt;b&gt; &amp; c")
    job = mock.submitted.one(tag="Snapshot")
    assert (job.user_data, job.callback_url, job.callback_format) == ("a <b> & c", "http://127.0.0.1:1/cb", "")


def test_request_and_attempt_show_body_and_headers(mock: MockServer, httpserver: HTTPServer) -> None:
    """As the service received the request and sent the callback."""
    httpserver.expect_request("/cb").respond_with_data("")
    submit(mock, httpserver.url_for("/cb"), "case-17")
    (attempt,) = mock.wait_for_callbacks(1)
    ((received, _),) = httpserver.log
    assert attempt.body == received.get_data()
    for name, value in attempt.headers:
        assert received.headers[name] == value
    request = mock.requests.one(method="POST")
    assert b"<UserData>case-17</UserData>" in request.body


def test_long_request_body_is_cut_in_the_log(mock: MockServer) -> None:
    """The log stays small."""
    with pytest.raises(OSError, match="400"):
        urlopen(Request(f"{mock.url}/jobs", data=b"<a>" * 20_000, method="POST"))
    assert len(mock.requests.one(status=400).body) == 16 * 1024


VIEWS = Observations(
    JobView(
        job_id=f"j{number}",
        bucket="b",
        feature=Feature.MEDIA,
        tag="Snapshot",
        state="Success",  # type: ignore[arg-type]
        level=number,
        input_object="in.mp4",
        user_data=f"case-{number}",
        callback_url="",
        callback_format="",
        callback_type="",
        created=0.0,
        started=None,
        ended=None,
    )
    for number in range(3)
)


def test_observations_are_filtered_by_value_pattern_and_function() -> None:
    """The result has the same methods."""
    assert [job.job_id for job in VIEWS.where(level=lambda level: level > 0)] == ["j1", "j2"]
    assert VIEWS.where(user_data=re.compile("-[01]$")).where(level=1).one().job_id == "j1"
    assert VIEWS.assert_count(3, tag="Snapshot") == VIEWS
    assert len(VIEWS.assert_some(level=2)) == 1
    VIEWS.assert_none(level=9)
    with pytest.raises(AttributeError):
        VIEWS.where(levels=1)


def test_failed_assertion_names_the_nearest_miss() -> None:
    """The one with the fewest other values, and each of these."""
    with pytest.raises(AssertionError) as failed:
        VIEWS.one(tag="Snapshot", level=1, user_data="case-7")
    text = str(failed.value)
    assert text.startswith("expected exactly one with tag='Snapshot', level=1, user_data='case-7', found 0 of 3\n")
    assert "nearest: JobView(job_id='j1'" in text
    assert text.endswith("\n    user_data is 'case-1', expected 'case-7'")
    with pytest.raises(AssertionError, match=r"expected none with level=1, found 1 of 3\n  found: JobView"):
        VIEWS.assert_none(level=1)
    with pytest.raises(AssertionError, match="expected 2 with level=1, found 1 of 3"):
        VIEWS.assert_count(2, level=1)
    with pytest.raises(AssertionError, match=r"level is 0, expected a value that the function accepts"):
        VIEWS.assert_some(level=lambda level: level > 5)


def test_wait_ends_at_once_when_the_last_attempt_has_failed(httpserver: HTTPServer) -> None:
    """The message has the last error."""
    httpserver.expect_request("/cb").respond_with_data("", status=503)
    with MockServer(replace(MEDIA, delivery=DeliverySettings(retry_after=()))) as mock:
        submit(mock, httpserver.url_for("/cb"))
        begun = time.monotonic()
        with pytest.raises(NoMoreCallbacksError, match="all 1 jobs have ended") as ended:
            mock.wait_for_callbacks(1, timeout=60)
        assert time.monotonic() - begun < 30
        job_id = mock.jobs[0].job_id
    assert f"last error: job {job_id} at {httpserver.url_for('')[:-1]}: HTTP 503" in str(ended.value)
    assert "0 callbacks delivered in 1 attempts, 1 wanted" in str(ended.value)


def test_wait_ends_at_once_for_job_without_callback(mock: MockServer) -> None:
    """`no` as the address: no attempt at all."""
    submit(mock, "no")
    with pytest.raises(NoMoreCallbacksError, match="0 callbacks delivered in 0 attempts, 1 wanted"):
        mock.wait_for_callbacks(1, timeout=30)


def test_wait_continues_while_a_client_may_submit_more(mock: MockServer, httpserver: HTTPServer) -> None:
    """One job for two callbacks: another may follow."""
    httpserver.expect_request("/cb").respond_with_data("")
    submit(mock, httpserver.url_for("/cb"))
    with pytest.raises(TimeoutError, match=r"not within 0.2 s: 1 callbacks delivered") as ended:
        mock.wait_for_callbacks(2, timeout=0.2)
    assert not isinstance(ended.value, NoMoreCallbacksError)


def test_wait_says_that_nothing_was_submitted(mock: MockServer) -> None:
    """The usual mistake: the application submits elsewhere."""
    with pytest.raises(TimeoutError, match="no job was submitted"):
        mock.wait_for_callbacks(1, timeout=0.1)


def test_wait_ends_at_once_when_the_clock_is_manual() -> None:
    """Nobody else advances it."""
    with MockServer(replace(MEDIA, duration=5.0, clock=ClockKind.MANUAL)) as manual:
        submit(manual, "http://127.0.0.1:1/cb")
        with pytest.raises(NoMoreCallbacksError, match=r"the clock is manual .* call advance\(\)"):
            manual.wait_for_callbacks(1, timeout=30)


def test_wait_inside_event_loop_names_the_async_variant(mock: MockServer, httpserver: HTTPServer) -> None:
    """The async variant returns the same attempts and raises the same errors."""
    httpserver.expect_request("/cb").respond_with_data("")

    async def test() -> int:
        with pytest.raises(RuntimeError, match=r"await mock\.wait_for_callbacks_async"):
            mock.wait_for_callbacks(1)
        await asyncio.to_thread(submit, mock, httpserver.url_for("/cb"))
        return len(await mock.wait_for_callbacks_async(1))

    assert asyncio.run(test()) == 1
    with pytest.raises(TimeoutError, match="not within"):
        asyncio.run(mock.wait_for_callbacks_async(2, timeout=0.1))
