"""One-time deviations that tests request, in Python and under `/_ciq/`: each applies once, and the OpenAPI is valid."""

import json
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from openapi_spec_validator import validate
from pytest_httpserver import HTTPServer

from ciq_mock import ClockKind, MockServer, MockSettings
from ciq_mock.admin.intervention_pages import INTERVENTIONS
from ciq_schemas.features import Feature
from ciq_schemas.lifecycle import JobState

SUBMIT = (
    "<Request><Tag>Snapshot</Tag><Input><Object>in.mp4</Object></Input><Operation><Snapshot><Mode>Interval</Mode>"
    "</Snapshot><Output><Region>ap-chongqing</Region><Bucket>examplebucket-1250000000</Bucket><Object>o.jpg</Object>"
    "</Output><UserData>{}</UserData></Operation><CallBack>{}</CallBack></Request>"
)


def submit(mock: MockServer, address: str, user_data: str = "case-1") -> None:
    """Submit one job with a callback address."""
    body = SUBMIT.format(user_data, address).encode()
    urlopen(Request(f"{mock.url}/jobs", data=body, method="POST")).close()


def control(mock: MockServer, path: str, **body: object) -> int:
    """Send a control request; return the status."""
    try:
        with urlopen(Request(f"{mock.url}/_ciq{path}", data=json.dumps(body).encode(), method="POST")) as answer:
            return int(answer.status)
    except HTTPError as error:
        return error.code


@pytest.fixture(scope="module")
def shared() -> MockServer:
    """One mock for the module."""
    with MockServer(MockSettings(activated=(Feature.MEDIA,), duration=0.0)) as server:
        yield server


@pytest.fixture
def mock(shared: MockServer) -> MockServer:
    """The mock in its initial state."""
    shared.reset()
    return shared


@pytest.fixture
def address(httpserver: HTTPServer) -> str:
    """Address of a receiver that accepts every callback."""
    httpserver.expect_request("/cb").respond_with_data("")
    return httpserver.url_for("/cb")


def test_next_job_fails_once(mock: MockServer, address: str) -> None:
    """With Code and Message; the job after it succeeds."""
    assert control(mock, "/jobs/fail-next", code="InvalidInput", message="broken file") == 200
    submit(mock, address)
    submit(mock, address)
    attempts = mock.wait_for_callbacks(2)
    assert [job.state for job in mock.jobs] == [JobState.FAILED, JobState.SUCCESS]
    (failed,) = [attempt for attempt in attempts if attempt.job_id == mock.jobs[0].job_id]
    assert b"<Code>InvalidInput</Code><Message>broken file</Message>" in failed.body


def test_rejected_submit_keeps_the_request(mock: MockServer, address: str) -> None:
    """A submit to an unknown queue creates no job, so the next job fails."""
    mock.fail_next_job()
    body = SUBMIT.format("x", address).replace("</Request>", "<QueueId>pnone</QueueId></Request>").encode()
    with pytest.raises(HTTPError):
        urlopen(Request(f"{mock.url}/jobs", data=body, method="POST"))
    submit(mock, address)
    mock.wait_for_callbacks(1)
    mock.submitted.one(state=JobState.FAILED)


def test_next_request_is_refused_once(mock: MockServer, address: str) -> None:
    """Only a request of the named kind, with status, code and message."""
    assert control(mock, "/requests/refuse-next", status=429, code="Busy", operation="submit_job") == 200
    urlopen(f"{mock.url}/queue").close()
    with pytest.raises(HTTPError, match="429") as refused:
        submit(mock, address)
    assert b"<Code>Busy</Code>" in refused.value.read()
    submit(mock, address)
    mock.requests.one(code="Busy")


def test_next_callback_is_dropped_once(mock: MockServer, address: str) -> None:
    """The log has it with number 0."""
    assert control(mock, "/callbacks/drop-next") == 200
    submit(mock, address)
    submit(mock, address)
    (delivered,) = mock.wait_for_callbacks(1)
    dropped = mock.deliveries.one(number=0)
    assert dropped.error == "dropped: a test requested it"
    assert {dropped.job_id, delivered.job_id} == {job.job_id for job in mock.jobs}


def test_next_callback_is_repeated(mock: MockServer, address: str) -> None:
    """Two more copies of the first, one of the second job."""
    assert control(mock, "/callbacks/repeat-next", times=2) == 200
    submit(mock, address)
    mock.wait_for_callbacks(3)
    submit(mock, address)
    mock.wait_for_callbacks(4)
    first, second = (job.job_id for job in mock.jobs)
    assert sorted(a.copy for a in mock.deliveries.where(job_id=first)) == [1, 2, 3]
    assert [a.copy for a in mock.deliveries.where(job_id=second)] == [1]


def test_callback_is_redelivered(mock: MockServer, address: str, httpserver: HTTPServer) -> None:
    """To the same address with the same body; 404 for a job without a callback."""
    submit(mock, address)
    (first,) = mock.wait_for_callbacks(1)
    assert control(mock, "/callbacks/redeliver", job_id=first.job_id) == 200
    again = mock.wait_for_callbacks(2)[1]
    assert (again.url, again.body, again.copy) == (first.url, first.body, 2)
    assert len(httpserver.log) == 2
    assert control(mock, "/callbacks/redeliver", job_id="jnone") == 404


def test_delays_follow_the_clock_of_the_mock(address: str) -> None:
    """The job runs 5 s longer, its callback comes 7 s after its end."""
    settings = MockSettings(activated=(Feature.MEDIA,), duration=1.0, clock=ClockKind.AUTO_ADVANCE)
    with MockServer(settings) as mock:
        assert control(mock, "/jobs/delay-next", seconds=5) == 200
        assert control(mock, "/callbacks/delay-next", seconds=7) == 200
        submit(mock, address)
        (attempt,) = mock.wait_for_callbacks(1)
        (job,) = mock.jobs
        assert job.started is not None
        assert job.ended is not None
        assert job.ended - job.started == pytest.approx(6.0)
        assert attempt.started - job.ended == pytest.approx(7.0, abs=0.5)


def test_reset_forgets_requested_deviations(mock: MockServer, address: str) -> None:
    """A deviation that no job used does not reach the next test."""
    mock.fail_next_job()
    mock.drop_next_callback()
    mock.refuse_next_request()
    mock.reset()
    submit(mock, address)
    mock.wait_for_callbacks(1)
    mock.submitted.one(state=JobState.SUCCESS)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/jobs/fail-next", {"count": 0}),
        ("/jobs/fail-next", {"code": ""}),
        ("/jobs/delay-next", {}),
        ("/jobs/delay-next", {"seconds": -1}),
        ("/requests/refuse-next", {"status": 200}),
        ("/requests/refuse-next", {"operation": "submit"}),
        ("/callbacks/repeat-next", {"times": 101}),
        ("/callbacks/drop-next", {"counts": 1}),
        ("/callbacks/redeliver", {}),
    ],
)
def test_wrong_control_request_is_refused(mock: MockServer, path: str, body: dict[str, object]) -> None:
    """400, and nothing changes."""
    assert control(mock, path, **body) == 400


def test_control_requests_are_described_by_valid_openapi(mock: MockServer) -> None:
    """Each request under `/_ciq/` with its body; the document is no part of the service's OpenAPI."""
    with urlopen(f"{mock.url}/_ciq/openapi.json") as answer:
        document = json.load(answer)
    validate(document)
    for path, (kind, _) in INTERVENTIONS.items():
        operation = document["paths"][f"/_ciq{path}"]["post"]
        schema = operation["requestBody"]["content"]["application/json"]["schema"]
        assert schema == {"$ref": f"#/components/schemas/{kind.__name__}"}
    assert {"/_ciq/state", "/_ciq/clock/advance", "/_ciq/schema/{name}"} <= set(document["paths"])
