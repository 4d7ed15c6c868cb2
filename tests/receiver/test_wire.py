"""Sending one callback: what the receiver reads, and what the sender says about every kind of response."""

from __future__ import annotations

import socket
import threading
import time
from dataclasses import replace

import pytest
from raw_servers import OK, answering, dripping, listening, request_of, silent

from ciq_conformance.receiver.wire import Delivery, send, send_in_turn, send_together


@pytest.fixture
def seen() -> list[bytes]:
    """The requests that the server has read."""
    return []


def recording(seen: list[bytes], data: bytes = OK):
    """A server that stores the request and answers."""

    def respond(connection: socket.socket, _closing: threading.Event) -> None:
        seen.append(request_of(connection))
        connection.sendall(data)

    return respond


def test_plain_delivery_has_documented_headers(seen: list[bytes]) -> None:
    """POST with the headers of the sample, path and query as given."""
    with listening(recording(seen)) as url:
        answer = send(Delivery(url=f"{url}/cb/x?secret=1&b=", body=b"<Response/>"), 5)
    assert (answer.status, answer.body, answer.error) == (200, b"ok", "")
    head, _, body = seen[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /cb/x?secret=1&b= HTTP/1.1\r\nHost: 127.0.0.1:")
    assert {b"User-Agent: Go-http-client/1.1", b"Content-Type: application/xml", b"Accept-Encoding: gzip"} <= set(
        head.split(b"\r\n")
    )
    assert body == b"<Response/>"


def test_options_change_the_request(seen: list[bytes]) -> None:
    """Lower case, no type, HTTP/1.0."""
    with listening(recording(seen)) as url:
        plain = Delivery(url=url, body=b"abc")
        for delivery in (
            replace(plain, lower=True),
            replace(plain, content_type=""),
            replace(plain, version="1.0"),
            replace(plain, pieces=3),
        ):
            assert send(delivery, 5).status == 200
    assert b"\r\ncontent-type: application/xml" in seen[0]
    assert b"ontent-Type" not in seen[1]
    assert seen[2].startswith(b"POST / HTTP/1.0\r\n")
    assert seen[3].endswith(b"\r\n\r\nabc")


def test_chunked_body_is_complete() -> None:
    """Each piece is a chunk, and the last one is empty."""
    seen: list[bytes] = []

    def respond(connection: socket.socket, _closing: threading.Event) -> None:
        data = b""
        while not data.endswith(b"0\r\n\r\n"):
            data += connection.recv(65536)
        seen.append(data)
        connection.sendall(OK)

    with listening(respond) as url:
        assert send(Delivery(url=url, body=b"abcdef", chunked=True, pieces=3), 5).status == 200
    assert seen[0].endswith(b"\r\n\r\n2\r\nab\r\n2\r\ncd\r\n2\r\nef\r\n0\r\n\r\n")


@pytest.mark.parametrize("interim", [b"HTTP/1.1 100 Continue\r\n\r\n", b""])
def test_expectation_waits_for_interim_response(interim: bytes) -> None:
    """The body follows 100 Continue, or the end of the wait."""
    seen: list[bytes] = []

    def respond(connection: socket.socket, _closing: threading.Event) -> None:
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += connection.recv(1)
        connection.sendall(interim)
        seen.append(connection.recv(65536))
        connection.sendall(OK)

    with listening(respond) as url:
        assert send(Delivery(url=url, body=b"abc", expect=True), 5).status == 200
    assert seen == [b"abc"]


def test_expectation_can_be_rejected() -> None:
    """The final response before the body is the answer."""

    def respond(connection: socket.socket, _closing: threading.Event) -> None:
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 417 No\r\nContent-Length: 0\r\n\r\n")

    with listening(respond) as url:
        assert send(Delivery(url=url, body=b"abc", expect=True), 5).status == 417


def test_cut_delivery_ends_in_the_body(seen: list[bytes]) -> None:
    """The server reads a part of the announced body, then the end of the connection."""
    arrived = threading.Event()

    def respond(connection: socket.socket, _closing: threading.Event) -> None:
        seen.append(request_of(connection))
        arrived.set()

    with listening(respond) as url:
        answer = send(Delivery(url=url, body=b"abcdef", cut=2), 5)
        assert arrived.wait(5)
    assert seen[0].endswith(b"\r\n\r\nab")
    assert b"Content-Length: 6" in seen[0]
    assert answer.status == 0


def test_two_deliveries_at_once_are_open_at_the_same_time() -> None:
    """No request is complete before both connections exist."""
    both = threading.Barrier(2)

    def respond(connection: socket.socket, _closing: threading.Event) -> None:
        connection.recv(1)
        both.wait(5)
        request_of(connection)
        connection.sendall(OK)

    with listening(respond) as url:
        answers = send_together([Delivery(url=url, body=b"a"), Delivery(url=url, body=b"b")], 5)
    assert [answer.status for answer in answers] == [200, 200]


def test_kept_connection_carries_several_deliveries() -> None:
    """The second request arrives on the first connection."""
    connections: list[int] = []

    def respond(connection: socket.socket, _closing: threading.Event) -> None:
        connections.append(1)
        while request_of(connection):
            connection.sendall(OK)

    with listening(respond) as url:
        delivery = Delivery(url=url, body=b"abc", keep=True)
        assert [answer.status for answer in send_in_turn([delivery, delivery, delivery], 5)] == [200] * 3
    assert len(connections) == 1


@pytest.mark.parametrize(
    ("data", "status", "error"),
    [
        (b"SSH-2.0-OpenSSH_9.2\r\n", 0, "the response is not HTTP: it begins with b'SSH-2.0-OpenSSH"),
        (b"HTTP/1.1 abc\r\n\r\n", 0, "the response is not HTTP"),
        (b"", 0, "the receiver closed the connection without a response"),
        (b"HTTP/1.1 20", 0, "closed the connection without a response after b'HTTP/1.1 20'"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab", 0, "the response body has 2 of 9 bytes"),
        (b"HTTP/1.1 200 OK\r\n\r\nany body", 200, ""),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", 200, ""),
        (b"HTTP/1.1 204 No Content\r\n\r\n", 204, ""),
        (b"HTTP/1.1 200 OK\r\n" + b"X: " + b"y" * 70_000, 0, "the head of the response is longer than 65536 bytes"),
    ],
)
def test_response_is_read_or_described(data: bytes, status: int, error: str) -> None:
    """Garbage and incomplete responses give status 0 and a reason."""
    with listening(answering(data)) as url:
        answer = send(Delivery(url=url, body=b"abc"), 5)
    assert answer.status == status
    assert error in answer.error


def test_chunked_response_is_read_without_its_framing() -> None:
    """A count of effects may come in chunks."""
    chunks = b'3;name=value\r\n{"t\r\n9\r\nimes": 1}\r\n0\r\n\r\n'
    with listening(answering(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks)) as url:
        answer = send(Delivery(url=url, method="GET"), 5)
    assert answer.body == b'{"times": 1}'


@pytest.mark.parametrize("respond", [silent, dripping])
def test_deadline_limits_silent_and_dripping_servers(respond) -> None:
    """A response that never ends costs its deadline and no more."""
    began = time.monotonic()
    with listening(respond) as url:
        answer = send(Delivery(url=url, body=b"abc"), 0.4)
    assert answer.error == "no complete response within 0.4 s"
    assert time.monotonic() - began < 5


def test_refused_connection_is_reported() -> None:
    """Nothing listens at the port."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    answer = send(Delivery(url=f"http://127.0.0.1:{port}"), 5)
    assert (answer.refused, answer.error) == (True, "connection refused")
    assert send(Delivery(url="http://does-not-exist.invalid/"), 5).refused


def test_early_response_ends_a_large_body() -> None:
    """A receiver may reject a body that it does not read, and keep the connection open."""

    def respond(connection: socket.socket, closing: threading.Event) -> None:
        connection.recv(1024)
        connection.sendall(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n")
        closing.wait(30)

    with listening(respond) as url:
        answer = send(Delivery(url=url, body=b"x" * 30_000_000), 5)
    assert (answer.status, answer.error) == (413, "")


def test_closed_kept_connection_is_replaced() -> None:
    """A server that closes without a header of it gets the next delivery on a new connection."""

    def respond(connection: socket.socket, _closing: threading.Event) -> None:
        request_of(connection)
        connection.sendall(OK)

    with listening(respond) as url:
        delivery = Delivery(url=url, body=b"abc", keep=True)
        assert [answer.status for answer in send_in_turn([delivery, delivery, delivery], 5)] == [200] * 3
