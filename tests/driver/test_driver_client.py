"""Tests of the client against peers with unusual, broken or missing responses: every request gives one record."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest

from ciq_conformance.driver import client as client_module
from ciq_conformance.driver.client import Client, Interrupted
from ciq_conformance.driver.recorder import RunRecorder
from ciq_conformance.profile import Credentials
from ciq_schemas.transcript.records import DriverEvent, Exchange

Script = Callable[[socket.socket, bytes], bool]
"""Answers one request on a connection; False closes it."""


@dataclass
class Peer:
    """A TCP server that reads requests and answers them by a script."""

    script: Script
    requests: list[bytes] = field(default_factory=list)
    connections: int = 0

    def __post_init__(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection:
            while request := read_request(connection):
                self.requests.append(request)
                if not self.script(connection, request):
                    return


def read_request(connection: socket.socket) -> bytes:
    """Reads one request with a Content-Length body; empty at the end of the connection."""
    data = b""
    while b"\r\n\r\n" not in data:
        part = connection.recv(65536)
        if not part:
            return b""
        data += part
    head, _, body = data.partition(b"\r\n\r\n")
    length = next((int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0)
    while len(body) < length:
        body += connection.recv(65536)
    return head + b"\r\n\r\n" + body


def answering(raw: bytes, *, keep: bool = True) -> Script:
    """Returns a script that always sends the same bytes."""

    def script(connection: socket.socket, _: bytes) -> bool:
        connection.sendall(raw)
        return keep

    return script


@pytest.fixture
def peers() -> Iterator[Callable[[Script], Peer]]:
    """Starts peers and closes them after the test."""
    made: list[Peer] = []

    def make(script: Script) -> Peer:
        made.append(Peer(script))
        return made[-1]

    yield make
    for peer in made:
        peer.listener.close()


def client_of(peer: Peer | str, **more: object) -> Client:
    """Returns a client of a peer with a short timeout."""
    begin = time.monotonic()
    recorder = RunRecorder(now=lambda: time.monotonic() - begin)
    url = peer if isinstance(peer, str) else peer.url
    settings: dict[str, object] = {"answer_within": 5.0, **more}
    return Client(base_url=url, recorder=recorder, now=recorder.now, **settings)  # type: ignore[arg-type]


def send(client: Client, method: str = "GET", target: str = "/queue", **more: object) -> Exchange:
    """Sends one request of a test step."""
    return client.send(method, target, host="b-1.ci.r.example", scenario="queues", step="list", **more)  # type: ignore[arg-type]


OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-One: 1\r\nx-one: 2\r\n\r\nhi"


def test_plain_exchange_is_recorded_completely(peers: Callable[[Script], Peer]) -> None:
    """The record has method, target, Host, body, status, repeated header fields and a closed interval."""
    peer = peers(answering(OK))
    client = client_of(peer)
    exchange = send(client, "PUT", "/queue/p1?x=%2C&y=", body=b"<a/>", feature="media", operation="update_queue")
    client.close()
    assert peer.requests[0].startswith(b"PUT /queue/p1?x=%2C&y= HTTP/1.1\r\n")
    assert b"\r\nHost: b-1.ci.r.example\r\n" in peer.requests[0]
    assert b"\r\nContent-Type: application/xml\r\n" in peer.requests[0]
    assert (exchange.status, exchange.response_body.data, exchange.error) == (200, b"hi", "")
    assert exchange.request_body.data == b"<a/>"
    assert [value for name, value in exchange.response_headers if name.lower() == "x-one"] == ["1", "2"]
    assert 0 <= exchange.started < exchange.ended
    assert client.recorder.records == (exchange,)


def test_two_quick_requests_share_a_connection(peers: Callable[[Script], Peer]) -> None:
    """Two quick requests share one connection."""
    peer = peers(answering(OK))
    client = client_of(peer)
    send(client)
    send(client)
    client.close()
    assert peer.connections == 1


def test_proxy_of_the_environment_is_not_used(peers: Callable[[Script], Peer], monkeypatch: pytest.MonkeyPatch) -> None:
    """The client connects to the target and ignores the environment's proxy."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("NO_PROXY", "")
    client = client_of(peers(answering(OK)))
    assert send(client).status == 200
    client.close()


@pytest.mark.parametrize("place", ["/moved?a=%2C", "{url}/moved?a=%2C", "http://b-1.ci.r.example/moved?a=%2C"])
@pytest.mark.parametrize("status", [301, 307, 308])
def test_redirect_within_the_target_is_followed(peers: Callable[[Script], Peer], status: int, place: str) -> None:
    """Method, body and Host are kept, Location gives the path, and only the last response is recorded."""

    def script(connection: socket.socket, request: bytes) -> bool:
        moved = f"HTTP/1.1 {status} Moved\r\nLocation: {place.format(url=peer.url)}\r\nContent-Length: 0\r\n\r\n"
        connection.sendall(OK if b" /moved" in request else moved.encode())
        return True

    peer = peers(script)
    client = client_of(peer, credentials=Credentials(secret_id="AKIDabcdef", secret_key="verysecretkey"))
    exchange = send(client, "PUT", body=b"<a/>")
    client.close()
    first, last = peer.requests
    assert (exchange.status, exchange.url) == (200, f"{peer.url}/moved?a=%2C")
    assert last.startswith(b"PUT /moved?a=%2C HTTP/1.1\r\n")
    assert last.endswith(b"<a/>")
    assert b"\r\nHost: b-1.ci.r.example\r\n" in last
    assert first.partition(b"q-signature=")[2][:40] != last.partition(b"q-signature=")[2][:40]
    assert [record.text for record in client.recorder.records if isinstance(record, DriverEvent)]


@pytest.mark.parametrize(
    ("location", "sent"), [("http://127.0.0.1:1/queue", 1), ("//other.example/queue", 1), ("/queue", 4)]
)
def test_foreign_or_endless_redirect_is_recorded_as_response(
    peers: Callable[[Script], Peer], location: str, sent: int
) -> None:
    """The client sends keys to the target only and stops at a redirect loop."""
    peer = peers(answering(f"HTTP/1.1 307 Moved\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n".encode()))
    client = client_of(peer)
    assert send(client).status == 307
    client.close()
    assert len(peer.requests) == sent


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"", "the target closed the connection without a response"),
        (b"SSH-2.0-OpenSSH\r\n\r\n", "BadStatusLine"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort", "IncompleteRead"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "ChunkedEncodingError"),
    ],
)
def test_broken_response_is_recorded_with_status_zero(peers: Callable[[Script], Peer], raw: bytes, reason: str) -> None:
    """A response that is not HTTP or incomplete gives status 0 and a reason; the client does not raise."""
    client = client_of(peers(answering(raw, keep=False)))
    exchange = send(client, "POST", body=b"<a/>")
    client.close()
    assert exchange.status == 0
    assert reason in exchange.error


def test_refused_connection_is_recorded_with_reason() -> None:
    """A refused connection gives status 0 and the reason `connection refused`."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
    exchange = send(client_of(url))
    assert (exchange.status, exchange.error) == (0, "connection refused")


def test_request_without_response_times_out(peers: Callable[[Script], Peer]) -> None:
    """The exchange ends after the timeout for one response."""
    release = threading.Event()

    def silent(_: socket.socket, __: bytes) -> bool:
        release.wait(10)
        return False

    client = client_of(peers(silent), answer_within=0.2)
    exchange = send(client)
    release.set()
    client.close()
    assert exchange.status == 0
    assert "no complete response within 0.2 s" in exchange.error


def test_response_over_the_size_limit_is_truncated(
    peers: Callable[[Script], Peer], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The client truncates and marks a response that exceeds the limit, which bounds its memory."""
    monkeypatch.setattr(client_module, "MAX_ANSWER", 100_000)

    def endless(connection: socket.socket, _: bytes) -> bool:
        try:
            connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n" + bytes(1_000_000))
        except OSError:
            return False
        return False

    client = client_of(peers(endless))
    exchange = send(client)
    client.close()
    assert exchange.status == 0
    assert len(exchange.response_body.data) == 100_000
    assert "longer than 100000 bytes" in exchange.error


def one_response_per_connection(connection: socket.socket, _: bytes) -> bool:
    """Responds as if the connection were kept open and closes it at the latest at the next request."""
    connection.sendall(OK)
    read_request(connection)
    return False


@pytest.mark.parametrize("method", ["GET", "PUT", "POST"])
def test_request_on_a_closed_kept_connection_is_repeated(peers: Callable[[Script], Peer], method: str) -> None:
    """A target may close a kept connection at any time: the client resends the request and records a note."""
    client = client_of(peers(one_response_per_connection))
    assert send(client).status == 200
    assert send(client, method, body=b"<a/>").status == 200
    client.close()
    remarks = [record for record in client.recorder.records if isinstance(record, DriverEvent)]
    assert len(remarks) == 1
    assert "sent again" in remarks[0].text


def test_post_gets_a_new_connection_after_a_kept_one_was_closed(peers: Callable[[Script], Peer]) -> None:
    """After the target closed a kept connection the client sends each POST on a new one and repeats none."""
    peer = peers(one_response_per_connection)
    client = client_of(peer)
    assert [send(client, method, body=b"<a/>").status for method in ("GET", "GET", *["POST"] * 5)] == [200] * 7
    client.close()
    assert len([record for record in client.recorder.records if isinstance(record, DriverEvent)]) == 1


def test_post_on_a_new_connection_is_not_repeated(peers: Callable[[Script], Peer]) -> None:
    """A target that reads a POST and closes the connection has lost the response."""
    peer = peers(answering(b"", keep=False))
    client = client_of(peer)
    assert send(client, "POST", body=b"<a/>").status == 0
    client.close()
    assert len(peer.requests) == 1


@pytest.mark.parametrize(("throttled", "status", "sent"), [(2, 200, 3), (9, 503, 5)])
def test_throttled_request_is_repeated_a_few_times(
    peers: Callable[[Script], Peer], throttled: int, status: int, sent: int
) -> None:
    """The client repeats a request after SlowDown with growing delays; the last SlowDown is recorded."""
    waited: list[float] = []

    def script(connection: socket.socket, _request: bytes) -> bool:
        slow = len(peer.requests) <= throttled
        body = b"<Error><Code>SlowDown</Code></Error>" if slow else b"<Response/>"
        head = b"503 Slow Down" if slow else b"200 OK"
        connection.sendall(b"HTTP/1.1 %s\r\nContent-Length: %d\r\n\r\n%s" % (head, len(body), body))
        return True

    peer = peers(script)
    client = client_of(peer, sleep=waited.append)
    assert send(client, "POST", body=b"<Request/>").status == status
    client.close()
    assert len(peer.requests) == sent
    assert waited == sorted(waited)
    assert (
        len([record for record in client.recorder.records if isinstance(record, DriverEvent)])
        == len(waited)
        == sent - 1
    )


def test_echoed_secrets_are_not_recorded(peers: Callable[[Script], Peer]) -> None:
    """A target that echoes the request does not bring a secret into the transcript."""

    def echo(connection: socket.socket, request: bytes) -> bool:
        connection.sendall(b"HTTP/1.1 403 No\r\nContent-Length: %d\r\n\r\n%b" % (len(request), request))
        return True

    keys = Credentials(secret_id="AKIDabcdef", secret_key="verysecretkey", token="temporarytoken")
    peer = peers(echo)
    client = client_of(peer, credentials=keys)
    exchange = send(client, body=b"<a>verysecretkey</a>", method="PUT")
    client.close()
    assert b"q-signature=" in peer.requests[0]
    signature = peer.requests[0].partition(b"q-signature=")[2][:40].decode()
    text = repr(exchange)
    for secret in ("AKIDabcdef", "verysecretkey", "temporarytoken", signature):
        assert secret not in text


def test_cancelled_run_sends_only_restoring_requests(peers: Callable[[Script], Peer]) -> None:
    """After cancellation the client sends only requests that restore the target."""
    peer = peers(answering(OK))
    client = client_of(peer, stopping=lambda: True)
    with pytest.raises(Interrupted):
        send(client)
    assert send(client, though_stopping=True).status == 200
    client.close()
    assert len(peer.requests) == 1


def dripping(first: bytes, drop: bytes) -> Script:
    """Returns a script that sends `first`, and then `drop` again and again until the client closes the connection."""

    def script(connection: socket.socket, _: bytes) -> bool:
        try:
            connection.sendall(first)
            while True:
                connection.sendall(drop)
                time.sleep(0.02)
        except OSError:
            return False

    return script


ENDLESS = {
    "body": (b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n", b"x"),
    "chunks": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
    "header": (b"HTTP/1.1 200 OK\r\nX-Long: ", b"x"),
    "100 Continue": (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
}


@pytest.mark.parametrize(("first", "drop"), ENDLESS.values(), ids=ENDLESS)
def test_endless_response_ends_after_the_limit(peers: Callable[[Script], Peer], first: bytes, drop: bytes) -> None:
    """The limit holds for the whole response, not for each read; the request is not repeated."""
    peer = peers(dripping(first, drop))
    client = client_of(peer, answer_within=0.4)
    exchange = send(client)
    client.close()
    assert (exchange.status, exchange.error) == (0, "no complete response within 0.4 s")
    assert exchange.ended - exchange.started < 5
    assert len(peer.requests) == 1


@pytest.mark.parametrize(("first", "drop"), ENDLESS.values(), ids=ENDLESS)
def test_endless_response_ends_when_the_run_is_stopped(
    peers: Callable[[Script], Peer], first: bytes, drop: bytes
) -> None:
    """A stop ends the request at once; then one request that restores the target gets a moment, and no other."""
    stopped = threading.Event()
    client = client_of(peers(dripping(first, drop)), answer_within=60, stopping=stopped.is_set)
    threading.Timer(0.2, stopped.set).start()
    began = time.monotonic()
    with pytest.raises(Interrupted):
        send(client)
    assert send(client, though_stopping=True).status == 0
    assert "not sent" in send(client, though_stopping=True).error
    assert time.monotonic() - began < 5
    client.close()


def test_many_incomplete_responses_stop_the_run(peers: Callable[[Script], Peer]) -> None:
    """A run against a target that leaves every request open ends; the reason gives number and limit."""
    reasons: list[str] = []
    client = client_of(peers(dripping(*ENDLESS["body"])), answer_within=0.1, stop=reasons.append)
    for _ in range(client_module._MOST_TIMEOUTS):
        assert not reasons
        send(client)
    client.close()
    assert reasons == ["the target left 6 requests without a complete response within 0.1 s"]


def losing(*lost: int) -> Script:
    """Returns a script that closes the connection of the requests with these numbers, and answers the others."""
    count = iter(range(1, 1000))

    def script(connection: socket.socket, _: bytes) -> bool:
        if next(count) in lost:
            return False
        connection.sendall(OK)
        return True

    return script


@pytest.mark.parametrize(
    ("method", "lost", "sent", "status"),
    [("GET", 1, 2, 200), ("PUT", 1, 2, 200), ("GET", 3, 4, 200), ("GET", 9, 4, 0), ("POST", 1, 1, 0)],
)
def test_request_on_a_broken_new_connection_is_repeated_where_safe(
    peers: Callable[[Script], Peer], method: str, lost: int, sent: int, status: int
) -> None:
    """The exchange counts the broken attempts; a POST is not repeated, because a second job would start."""
    peer = peers(losing(*range(1, lost + 1)))
    client = client_of(peer)
    exchange = send(client, method, body=b"" if method == "GET" else b"<a/>")
    client.close()
    assert (exchange.status, len(peer.requests)) == (status, sent)
    assert exchange.lost == (sent - 1 if status else sent)
    assert exchange.is_lost == (method == "POST")


def test_request_that_may_be_repeated_is(peers: Callable[[Script], Peer]) -> None:
    """A POST that is wrong on purpose creates nothing."""
    client = client_of(peers(losing(1, 2)))
    assert send(client, "POST", body=b"<a", repeatable=True).status == 200
    client.close()


def test_lossy_network_is_named_with_its_counts(peers: Callable[[Script], Peer]) -> None:
    """More than 1 percent of 100 requests count; a request that breaks at every attempt does not."""
    client = client_of(peers(losing(1, 50, 51)))
    for _ in range(110):
        send(client)
    client.close()
    assert "3 of 113 requests (2.7 %)" in client.connections.trouble
    closing = client_of(peers(losing(*range(50, 54))))
    for _ in range(110):
        send(closing)
    closing.close()
    assert closing.connections.trouble == ""
