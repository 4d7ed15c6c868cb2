"""HTTP connections: keep-alive, response headers, slow and broken clients, arbitrary bytes."""

import logging
import socket
import time
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPResponse
from typing import NoReturn

import pytest
from http_bench import error_of, send, send_raw, submit_body
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ciq_mock.clock import ClockKind
from ciq_mock.engine import Engine
from ciq_mock.server import MockServer
from ciq_mock.settings import Credentials, Limits, MockSettings
from ciq_schemas.features import Feature
from ciq_schemas.operations import operations


@pytest.fixture(scope="module")
def server() -> Iterator[MockServer]:
    """A mock on a manual clock."""
    with MockServer(MockSettings(activated=(Feature.MEDIA,), clock=ClockKind.MANUAL)) as server:
        yield server


def test_response_headers_have_documented_spelling(server: MockServer) -> None:
    """The Python SDK reads them from a plain dict, so the case counts (1045/49352)."""
    status, headers, body = send(server, "GET", "/queue")
    assert status == 200
    assert headers["Content-Type"] == "application/xml"
    assert headers["Content-Length"] == str(len(body))
    assert headers["server"] == "tencent-ci"
    assert headers["date"].endswith(" GMT")
    assert headers["x-ci-request-id"] == headers["x-cos-request-id"]
    assert headers["x-ci-request-id"].encode() in body
    assert "x-ci-trace-id" not in headers
    assert len({name.lower() for name in headers}) == len(headers)


def test_request_ids_are_unique(server: MockServer) -> None:
    """Each response has its own id, refusals included."""
    ids = [send(server, "GET", target)[1]["x-ci-request-id"] for target in ("/queue", "/no", "/queue", "/no")]
    assert len(set(ids)) == 4


def test_head_has_headers_of_get_without_body(server: MockServer) -> None:
    """The length is included (RFC 9110)."""
    status, headers, body = send(server, "HEAD", "/queue")
    assert (status, body) == (200, b"")
    assert int(headers["Content-Length"]) > 0


def test_refused_request_keeps_connection_open(server: MockServer) -> None:
    """One connection serves valid and invalid requests, with and without bodies."""
    connection = HTTPConnection("127.0.0.1", server.port, timeout=10)
    statuses = []
    for method, target, body in [
        ("POST", "/jobs", submit_body()),
        ("POST", "/jobs", b"<"),
        ("POST", "/nothing", b"x" * 100_000),
        ("GET", "/queue", None),
        ("POST", "/jobs", b"x" * (2 << 20)),
        ("GET", "/queue", None),
    ]:
        connection.request(method, target, body=body)
        response = connection.getresponse()
        response.read()
        statuses.append(response.status)
    connection.close()
    assert statuses == [200, 400, 404, 200, 400, 200]


def test_chunked_body_is_accepted(server: MockServer) -> None:
    """The mock reads it like any other."""
    body = submit_body()
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (body[:10], body[10:])) + b"0\r\n\r\n"
    raw = b"POST /jobs HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks
    assert send_raw(server, raw, method="POST")[0] == 200


def test_expect_100_continue_is_accepted(server: MockServer) -> None:
    """The mock responds with 100 before the body."""
    body = submit_body()
    head = b"POST /jobs HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: %d\r\n\r\n" % len(body)
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as sock:
        sock.sendall(head)
        assert sock.recv(1000).startswith(b"HTTP/1.1 100 ")
        sock.sendall(body)
        response = HTTPResponse(sock, method="POST")
        response.begin()
        assert response.status == 200


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (b"GET /queue HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n", 200),
        (b"GET /queue HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n", 200),
        (b"CONNECT x:443 HTTP/1.1\r\nHost: x\r\n\r\n", 403),
        (b"GET /queue HTTP/1.0\r\nHost: x\r\n\r\n", 200),
    ],
)
def test_upgrade_and_connect_are_refused(server: MockServer, raw: bytes, status: int) -> None:
    """The mock ignores an upgrade, refuses a tunnel and accepts HTTP/1.0."""
    assert send_raw(server, raw)[0] == status


def test_body_with_offer_of_http_2_is_read(server: MockServer) -> None:
    """Java's HttpClient makes the offer in its first request, which may have a body; the mock ignores it."""
    body = submit_body()
    offer = b"Connection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAEAAEAA\r\nUpgrade: h2c\r\n"
    raw = b"POST /jobs HTTP/1.1\r\n%sHost: x\r\nContent-Length: %d\r\n\r\n%s" % (offer, len(body), body)
    status, _, answer = send_raw(server, raw, method="POST")
    assert status == 200, answer
    assert b"<JobId>" in answer


def test_absolute_target_selects_bucket_by_host(server: MockServer) -> None:
    """A client behind a proxy sends absolute targets; each bucket has its own queues."""
    host = b"other-1250000000.ci.ap-test.myqcloud.com"
    raw = b"%s http://%s%s HTTP/1.1\r\nHost: %s\r\nContent-Length: 0\r\n\r\n"
    assert error_of(send_raw(server, raw % (b"GET", host, b"/queue", host)))[1] == "MediaBucketUnBinded"
    assert send_raw(server, raw % (b"POST", host, b"/mediabucket", host))[0] == 200
    _, _, body = send_raw(server, raw % (b"GET", host, b"/queue?state=All", host))
    assert b"<BucketId>other-1250000000</BucketId>" in body


@pytest.mark.parametrize(
    "sent", [b"", b"GET /queue HT", b"POST /jobs HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n<"]
)
def test_slow_request_is_refused_and_disconnected(sent: bytes) -> None:
    """Other connections are not affected."""
    limits = Limits(header_timeout=0.2, body_timeout=0.3)
    with (
        MockServer(MockSettings(activated=(Feature.MEDIA,), limits=limits)) as server,
        socket.create_connection(("127.0.0.1", server.port), timeout=10) as sock,
    ):
        sock.sendall(sent)
        on_job_ended = b""
        while part := sock.recv(65536):
            on_job_ended += part
        assert on_job_ended.startswith(b"HTTP/1.1 400 ")
        assert b"<Code>RequestTimeout</Code>" in on_job_ended
        assert send(server, "GET", "/queue")[0] == 200


def test_idle_connection_between_requests_stays_open() -> None:
    """The deadline applies to a request; a connection may be idle for longer."""
    limits = Limits(header_timeout=0.2, body_timeout=0.2)
    with (
        MockServer(MockSettings(limits=limits)) as quick,
        socket.create_connection(("127.0.0.1", quick.port), timeout=10) as rested,
        socket.create_connection(("127.0.0.1", quick.port), timeout=10) as silent,
    ):
        for _ in range(2):
            rested.sendall(b"GET /asrbucket HTTP/1.1\r\nHost: x\r\n\r\n")
            response = HTTPResponse(rested)
            response.begin()
            assert response.read()
            silent.recv(65536)  # returns when the deadline of the other connection has passed


def test_connection_idle_beyond_keep_alive_is_closed() -> None:
    """The mock sends nothing before it closes; until then the connection is open."""
    with (
        MockServer(MockSettings(limits=Limits(keep_alive=1.0))) as server,
        socket.create_connection(("127.0.0.1", server.port), timeout=10) as sock,
    ):
        began = time.monotonic()
        sock.sendall(b"GET /asrbucket HTTP/1.1\r\nHost: x\r\n\r\n")
        response = HTTPResponse(sock)
        response.begin()
        assert response.read()
        assert sock.recv(1) == b""
        assert time.monotonic() - began > 0.9


@pytest.mark.parametrize("last", ["", "Connection: close\r\n"])
def test_pipelined_requests_get_responses_in_order(server: MockServer, last: str) -> None:
    """This holds whether a request takes the fast path or not."""
    head = "%s %s HTTP/1.1\r\nHost: localhost\r\n%s\r\n"
    targets = [("GET", "/queue", ""), ("GET", "/_ciq/health", ""), ("GET", "/no", ""), ("GET", "/queue", last)]
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as sock:
        sock.sendall("".join(head % target for target in targets).encode())
        statuses = []
        with sock.makefile("rb") as stream:
            for _ in targets:
                statuses.append(int(stream.readline().split()[1]))
                fields = dict(line.lower().split(b": ", 1) for line in iter(stream.readline, b"\r\n"))
                assert stream.read(int(fields[b"content-length"]))
    assert statuses == [200, 200, 404, 200]


@pytest.mark.parametrize(
    "more", ["", "Expect: 100-continue\r\n", "Connection: close\r\n", "X-Old: 1\r\n"], ids=str.strip
)
@pytest.mark.parametrize("version", ["1.1", "1.0"])
@pytest.mark.parametrize("chunked", [False, True])
def test_body_in_any_transfer_form_is_accepted(server: MockServer, more: str, version: str, chunked: bool) -> None:
    """Cases: byte by byte, in chunks, with Expect, from an HTTP/1.0 client."""
    body = submit_body()
    if chunked:
        size, sent = "Transfer-Encoding: chunked", b"".join(b"1\r\n%c\r\n" % byte for byte in body) + b"0\r\n\r\n"
    else:
        size, sent = f"Content-Length: {len(body)}", body
    head = f"POST /jobs HTTP/{version}\r\nHost: x\r\n{more}{size}\r\n\r\n"
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.sendall(head.encode())
        for start in range(0, len(sent), 7):
            sock.sendall(sent[start : start + 7])
        response = HTTPResponse(sock, method="POST")
        response.begin()
        assert response.status == 200
        assert b"<State>Submitted</State>" in response.read()


def test_connection_beyond_limit_is_refused_with_reason() -> None:
    """The number of connections is limited."""
    with (
        MockServer(MockSettings(limits=Limits(connections=1))) as server,
        socket.create_connection(("127.0.0.1", server.port), timeout=10) as first,
    ):
        first.sendall(b"GET /asrbucket HTTP/1.1\r\nHost: x\r\n\r\n")
        assert first.recv(12) == b"HTTP/1.1 200"
        with socket.create_connection(("127.0.0.1", server.port), timeout=10) as second:
            on_job_ended = b""
            while part := second.recv(65536):
                on_job_ended += part
        assert b"<Code>SlowDown</Code>" in on_job_ended


def test_unexpected_exception_is_internal_error(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The response has the error form, and the traceback is in the log."""

    def broken(*_: object, **__: object) -> NoReturn:
        raise ZeroDivisionError("made for the test")

    with MockServer(MockSettings(activated=(Feature.MEDIA,))) as server, caplog.at_level(logging.ERROR):
        monkeypatch.setattr(Engine, "queues", broken)
        assert error_of(send(server, "GET", "/queue")) == (500, "InternalError")
        monkeypatch.undo()
        assert send(server, "GET", "/queue")[0] == 200
    assert "made for the test" in caplog.text


def test_request_log_contains_no_secret() -> None:
    """The log has the reason of a refusal and no signature or token; its text shows no body."""
    keys = Credentials(secret_id="ID", secret_key="SECRET-KEY")
    with MockServer(MockSettings(credentials=(keys,))) as server:
        headers = {"Authorization": "q-ak=ID&q-signature=SECRET-SIGNATURE", "x-ci-security-token": "SECRET-TOKEN"}
        send(server, "GET", "/queue?q-signature=SECRET-Q&sign=SECRET-S&state=All", headers=headers)
        send(server, "POST", "/jobs", b"SECRET-BODY")
        entries = server.requests
    assert [(entry.status, entry.code) for entry in entries] == [
        (401, "InvalidAuthorization"), (401, "MissingAuthorization"),
    ]  # fmt: skip
    assert all(entry.reason for entry in entries)
    assert "state=All" in entries[0].target
    assert "SECRET" not in repr(entries)


NAMES = st.text("abcdefghijklmnopqrstuvwxyz-", min_size=1, max_size=20).filter(lambda name: name != "host")
VALUES = st.text(st.characters(min_codepoint=32, max_codepoint=255, exclude_characters="\x7f"), max_size=60)
PATHS = st.one_of(
    st.sampled_from([operation.path for operation in operations()]),
    st.text(st.characters(min_codepoint=33, max_codepoint=255), max_size=60).map(lambda text: f"/{text}"),
)
FEW = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@FEW
@given(
    method=st.sampled_from(["GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "TRACE", "BREW"]),
    path=PATHS,
    query=st.text(st.characters(min_codepoint=33, max_codepoint=255), max_size=60),
    headers=st.lists(st.tuples(NAMES, VALUES), max_size=5),
    body=st.binary(max_size=200),
)
def test_random_request_parts_never_cause_server_error(
    server: MockServer, method: str, path: str, query: str, headers: list[tuple[str, str]], body: bytes
) -> None:
    """Path, query, headers and body are random; the status of the response is below 500."""
    lines = [f"{method} {path}?{query} HTTP/1.1", "Host: x", f"Content-Length: {len(body)}"]
    framing = {"content-length", "transfer-encoding", "connection", "upgrade", "expect"}
    lines += [f"{name}: {value}" for name, value in headers if name not in framing]
    raw = "\r\n".join((*lines, "", "")).encode("latin-1") + body
    answer = send_raw(server, raw, method=method)
    assert answer[0] < 500
    if answer[0] >= 400 and method != "HEAD":
        error_of(answer)


@FEW
@given(raw=st.binary(min_size=1, max_size=300).map(lambda junk: junk + b"\r\n\r\n"))
def test_random_bytes_are_refused_or_disconnected(server: MockServer, raw: bytes) -> None:
    """The mock responds with a 4xx or closes the connection."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as sock:
        sock.sendall(raw)
        sock.shutdown(socket.SHUT_WR)
        on_job_ended = sock.recv(65536)
    assert on_job_ended[:10] in (b"", b"HTTP/1.1 4", b"HTTP/1.1 2")
