"""Helpers of the tests over HTTP: requests, strict checks of responses, valid request bodies."""

import socket
from http.client import HTTPConnection, HTTPResponse

from ciq_mock.server import MockServer
from ciq_schemas.codec import Document, Reading, read, to_value
from ciq_schemas.values import ErrorAnswer

Answer = tuple[int, dict[str, str], bytes]


def send(
    server: MockServer, method: str, target: str, body: bytes = b"", headers: dict[str, str] | None = None
) -> Answer:
    """Send a request; return status, headers as spelled, body."""
    connection = HTTPConnection("127.0.0.1", server.port, timeout=10)
    try:
        connection.request(method, target, body=body or None, headers=headers or {})
        response = connection.getresponse()
        return response.status, dict(response.getheaders()), response.read()
    finally:
        connection.close()


def send_raw(server: MockServer, raw: bytes, *, method: str = "GET") -> Answer:
    """Send bytes unchanged; return status, headers as spelled, body."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as sock:
        sock.sendall(raw)
        response = HTTPResponse(sock, method=method)
        response.begin()
        return response.status, dict(response.getheaders()), response.read()


def error_of(answer: Answer) -> tuple[int, str]:
    """Check the complete error response in the strict reading; return its status and code."""
    status, headers, body = answer
    decoded = read(Document.ERROR, body, Reading.STRICT)
    assert decoded.ok, (decoded.problems, body)
    error = to_value(ErrorAnswer, decoded)
    assert headers["Content-Type"] == "application/xml"
    assert headers["Content-Length"] == str(len(body))
    assert headers["x-ci-request-id"] == headers["x-cos-request-id"] == error.request_id
    assert headers["x-ci-trace-id"] == error.trace_id
    assert headers["date"]
    assert headers["server"] == "tencent-ci"
    assert error.message
    assert error.resource
    return status, error.code or ""


def output(name: str = "out.jpg", *more: str) -> str:
    """A valid Output with this Object, which "" leaves out, and with more elements."""
    key = f"<Object>{name}</Object>" if name else ""
    return f"<Output><Region>ap-test</Region><Bucket>b-1</Bucket>{key}{''.join(more)}</Output>"


def operation(extra: str = "") -> str:
    """A valid Operation."""
    return f"<Operation><Snapshot><Mode>Interval</Mode></Snapshot>{output()}{extra}</Operation>"


def submit_body(*, tag: str = "Snapshot", source: str = "in/a.mp4", operations: str = "", extra: str = "") -> bytes:
    """A valid submit, or one with parts replaced."""
    source_part = f"<Input><Object>{source}</Object></Input>" if source else ""
    tag_part = f"<Tag>{tag}</Tag>" if tag else ""
    return f"<Request>{tag_part}{source_part}{operations or operation()}{extra}</Request>".encode()


def update_body(
    *, name: str = "queue-1", state: str = "Active", rule: str = "<State>Off</State>", extra: str = ""
) -> bytes:
    """A valid update of a queue, or one with parts replaced."""
    return (
        f"<Request><Name>{name}</Name>{extra}<State>{state}</State><NotifyConfig>{rule}</NotifyConfig></Request>"
    ).encode()


def rule(**parts: str) -> str:
    """A callback rule that is On, with parts replaced; an empty part is left out."""
    values = {"Url": "http://cb.example.com/x", "State": "On", "Type": "Url", "Event": "TaskFinish"} | parts
    return "".join(f"<{name}>{text}</{name}>" for name, text in values.items() if text)
