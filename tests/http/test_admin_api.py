"""The admin API and page: what they show and change, and that they are separate from the service."""

import json
from collections.abc import Iterator

import pytest
from http_bench import error_of, send, submit_body

from ciq_mock.clock import ClockKind
from ciq_mock.server import MockServer
from ciq_mock.settings import Credentials, MockSettings
from ciq_schemas.features import Feature


@pytest.fixture(scope="module")
def server() -> Iterator[MockServer]:
    """A mock on a manual clock."""
    settings = MockSettings(activated=(Feature.MEDIA,), clock=ClockKind.MANUAL, duration=5.0)
    with MockServer(settings) as server:
        yield server


def page(server: MockServer, name: str, body: object = None) -> tuple[int, dict[str, object]]:
    """Request an admin page, by POST when there is a body."""
    method, data = ("GET", b"") if body is None else ("POST", json.dumps(body).encode())
    status, _, answer = send(server, method, f"/_ciq/{name}", data)
    value = json.loads(answer)
    assert isinstance(value, dict)
    return status, value


def test_health_reports_running_mock(server: MockServer) -> None:
    """The health request succeeds."""
    assert page(server, "health") == (200, {"status": "ok", "bucket": server.bucket})


def test_reset_restores_initial_state(server: MockServer) -> None:
    """State shows queues and jobs."""
    assert send(server, "POST", "/jobs", submit_body())[0] == 200
    assert send(server, "POST", "/asrbucket")[0] == 200
    server.advance(1)
    _, state = page(server, "state")
    assert isinstance(state["jobs"], dict)
    assert state["jobs"]["Running"] == 1
    assert isinstance(state["queues"], list)
    assert [queue["feature"] for queue in state["queues"]] == ["media", "speech"]
    assert page(server, "reset", {})[0] == 200
    _, state = page(server, "state")
    assert isinstance(state["queues"], list)
    assert [queue["running"] for queue in state["queues"]] == [0]
    assert state["newest_jobs"] == []


def test_advance_runs_everything_that_is_due(server: MockServer) -> None:
    """The admin API advances the manual clock."""
    server.reset()
    send(server, "POST", "/jobs", submit_body())
    _, before = page(server, "clock")
    status, after = page(server, "clock/advance", {"seconds": 60})
    assert status == 200
    assert isinstance(after["now"], float)
    assert isinstance(before["now"], float)
    assert after["now"] - before["now"] == pytest.approx(60)
    assert [str(job.state) for job in server.jobs] == ["Success"]


def test_factor_of_scaled_clock_can_be_changed() -> None:
    """A scaled hour passes at once; a manual clock has no factor."""
    with MockServer(MockSettings(activated=(Feature.MEDIA,), duration=600.0)) as server:
        send(server, "POST", "/jobs", submit_body(extra="<CallBack>http://127.0.0.1:1/</CallBack>"))
        assert page(server, "clock/scale", {"factor": 100_000})[0] == 200
        server.wait_for_callbacks(lambda attempts: len(attempts) > 0)
        assert [str(job.state) for job in server.jobs] == ["Success"]


@pytest.mark.parametrize(
    ("name", "body", "status"),
    [
        ("clock/advance", {"seconds": -1}, 400),
        ("clock/advance", {"seconds": "soon"}, 400),
        ("clock/advance", {"second": 1}, 400),
        ("clock/advance", [], 400),
        ("clock/advance", {"seconds": 1e300}, 400),
        ("clock/advance", {"seconds": 1, "note": "x" * 5000}, 400),
        ("clock/scale", {"factor": 2}, 409),
        ("nothing", {}, 404),
        ("health", {}, 405),
    ],
)
def test_invalid_admin_request_is_refused_with_reason(server: MockServer, name: str, body: object, status: int) -> None:
    """The clock does not move."""
    before = server.now()
    answered, value = page(server, name, body)
    assert (answered, list(value)) == (status, ["error"])
    assert server.now() == before


def test_deliveries_and_requests_are_listed(server: MockServer) -> None:
    """The lists have each callback attempt and each request; refused requests have their reason."""
    server.reset()
    extra = "<CallBack>http://127.0.0.1:1/cb?token=mine</CallBack>"
    send(server, "POST", "/jobs", submit_body(extra=extra))
    send(server, "GET", "/queue?pageSize=0")
    server.advance(60)
    _, deliveries = page(server, "deliveries")
    assert (deliveries["attempts"], deliveries["delivered"], deliveries["pending"]) == (3, 0, 0)
    _, requests = page(server, "requests")
    assert isinstance(requests["newest"], list)
    assert [(one["status"], one["code"]) for one in requests["newest"]] == [(200, ""), (400, "InvalidArgument")]
    assert "pageSize" in requests["newest"][1]["reason"]


def test_admin_api_is_separate_from_service() -> None:
    """Only the service checks signatures; the service does not know admin paths without the prefix."""
    keys = Credentials(secret_id="ID", secret_key="KEY")
    with MockServer(MockSettings(credentials=(keys,))) as server:
        assert page(server, "health")[0] == 200
        assert error_of(send(server, "GET", "/queue"))[0] == 401
    with MockServer() as server:
        assert error_of(send(server, "GET", "/health"))[0] == 404
        assert error_of(send(server, "GET", "/_ciqueue"))[0] == 404
