"""The control pages: what they show and steer, and that they stay apart from the service."""

import json
from collections.abc import Iterator

import pytest
from http_bench import ask, error_of, submit_body

from ciq_mock.clock import ClockKind
from ciq_mock.server import MockServer
from ciq_mock.settings import Credentials, MockSettings
from ciq_schemas.features import Feature


@pytest.fixture(scope="module")
def server() -> Iterator[MockServer]:
    """A mock with a standing clock."""
    settings = MockSettings(activated=(Feature.MEDIA,), clock=ClockKind.MANUAL, duration=5.0)
    with MockServer(settings) as server:
        yield server


def page(server: MockServer, name: str, body: object = None) -> tuple[int, dict[str, object]]:
    """Ask a page, by POST when there is a body."""
    method, data = ("GET", b"") if body is None else ("POST", json.dumps(body).encode())
    status, _, answer = ask(server, method, f"/_ciq/{name}", data)
    value = json.loads(answer)
    assert isinstance(value, dict)
    return status, value


def test_health(server: MockServer) -> None:
    """The mock says that it lives."""
    assert page(server, "health") == (200, {"status": "ok", "bucket": server.bucket})


def test_state_and_reset(server: MockServer) -> None:
    """State shows queues and jobs; reset brings back the start."""
    assert ask(server, "POST", "/jobs", submit_body())[0] == 200
    assert ask(server, "POST", "/asrbucket")[0] == 200
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


def test_the_clock_is_moved_by_hand(server: MockServer) -> None:
    """Advance goes through everything that falls due."""
    server.reset()
    ask(server, "POST", "/jobs", submit_body())
    _, before = page(server, "clock")
    status, after = page(server, "clock/advance", {"seconds": 60})
    assert status == 200
    assert isinstance(after["now"], float)
    assert isinstance(before["now"], float)
    assert after["now"] - before["now"] == pytest.approx(60)
    assert [str(job.state) for job in server.jobs] == ["Success"]


def test_a_real_clock_is_made_faster() -> None:
    """A scaled hour passes in an instant; a clock that stands has no factor."""
    with MockServer(MockSettings(activated=(Feature.MEDIA,), duration=600.0)) as server:
        ask(server, "POST", "/jobs", submit_body(extra="<CallBack>http://127.0.0.1:1/</CallBack>"))
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
def test_bad_orders_are_refused(server: MockServer, name: str, body: object, status: int) -> None:
    """A bad order is answered in words and moves nothing."""
    before = server.now()
    answered, value = page(server, name, body)
    assert (answered, list(value)) == (status, ["error"])
    assert server.now() == before


def test_deliveries_and_requests(server: MockServer) -> None:
    """Each attempt and each request is told, refusals with their reason."""
    server.reset()
    extra = "<CallBack>http://127.0.0.1:1/cb?token=mine</CallBack>"
    ask(server, "POST", "/jobs", submit_body(extra=extra))
    ask(server, "GET", "/queue?pageSize=0")
    server.advance(60)
    _, deliveries = page(server, "deliveries")
    assert (deliveries["attempts"], deliveries["delivered"], deliveries["pending"]) == (3, 0, 0)
    _, requests = page(server, "requests")
    assert isinstance(requests["newest"], list)
    assert [(one["status"], one["code"]) for one in requests["newest"]] == [(200, ""), (400, "InvalidArgument")]
    assert "pageSize" in requests["newest"][1]["reason"]


def test_the_page_for_people_escapes_names(server: MockServer) -> None:
    """The index lists the queues; names are text, not markup."""
    server.reset()
    status, headers, body = ask(server, "GET", "/_ciq/")
    assert status == 200
    assert headers["content-type"].startswith("text/html")
    assert b"<td>queue-1</td>" in body


def test_control_is_no_part_of_the_service() -> None:
    """Signatures are asked of the service only; control paths beside the prefix are unknown to the service."""
    keys = Credentials(secret_id="ID", secret_key="KEY")
    with MockServer(MockSettings(credentials=(keys,))) as server:
        assert page(server, "health")[0] == 200
        assert error_of(ask(server, "GET", "/queue"))[0] == 401
    with MockServer() as server:
        assert error_of(ask(server, "GET", "/health"))[0] == 404
        assert error_of(ask(server, "GET", "/_ciqueue"))[0] == 404
