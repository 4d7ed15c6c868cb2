"""uvicorn's httptools protocol with limits on every part of a request, deadlines and errors in the service's form.

Knows bytes on one connection. Must not know routes, features or the content of bodies.
uvicorn itself limits neither the size of a head nor the time it takes, and answers a malformed head in plain text. It
also adds trailers to the headers of the request, without a limit, and reads pipelined requests without a limit.
Direct answers: the service never waits, so the protocol answers a usual request with one write, in the turn of the
event loop in which its body is complete. The ASGI path costs one more task, event and write. It serves all other
requests: unusual ones (chunked, too long, expecting 100, HTTP/1.0) and those of other applications.
"""

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Protocol

import httptools
from starlette.types import Scope
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from ciq_mock.http.port import Port, without_h2c
from ciq_mock.service.refusal import ErrorCode, Refusal
from ciq_mock.settings import Limits

Headers = list[tuple[bytes, bytes]]
RenderRefusal = Callable[[Refusal, str], tuple[Headers, bytes]]
"""Refusal and resource in; headers and body of the answer out."""
Answered = tuple[int, Headers, bytes]
"""Status, headers (length and type included) and body."""
AnswerDirectly = Callable[[Scope, dict[bytes, bytes], bytes], Answered]
"""Scope of a request, its headers by lower-case name, and its body in; raises nothing."""
FindDirectAnswer = Callable[[Scope], AnswerDirectly | None]
"""Called when the head of a request is complete; None leaves the request to the ASGI application."""


_SLICE = 16 * 1024
"""Bytes that the parser receives at once. After each slice the protocol checks the limits."""
_FRAMING_PER_BYTE = 16
"""Bytes of framing that each byte of content may have: enough for chunks of one byte."""
_MOST_PARTS = 64
"""Parts of a body before the protocol joins them: a part costs more than its bytes."""
_UNSENT_BYTES = 256 * 1024
"""Direct answers of one connection that wait for the commit; beyond that the protocol commits at once."""


class Outbox(Protocol):
    """Holds direct answers back until the changes that they report are in the journal."""

    def defer(self, send: Callable[[Refusal | None], None]) -> None:
        """Call `send` in order: with None after the commit, with the refusal to send instead when it failed."""
        ...

    def flush(self) -> Refusal | None:
        """Commit, and send all deferred answers; return the refusal when the commit failed."""
        ...


class Spelled(bytes):
    """A header name that keeps its spelling on the wire, although uvicorn writes names in lower case.

    The official Python SDK looks for `Content-Type` and `Content-Length` in a plain, case-sensitive dict.
    """

    def lower(self) -> "Spelled":
        """Return the name as spelled."""
        return self

    def __eq__(self, other: object) -> bool:
        return isinstance(other, bytes) and bytes.lower(self) == bytes.lower(other)

    def __hash__(self) -> int:
        return hash(bytes.lower(self))


def bounded_protocol(
    limits: Limits,
    render: RenderRefusal,
    direct_answer: FindDirectAnswer,
    *,
    most_body: int,
    outbox: Outbox | None = None,
    port: Port | None = None,
) -> type[HttpToolsProtocol]:
    """Return the protocol class for `uvicorn.Config(http=...)`; one instance serves one connection.

    The protocol closes the connection of a request whose body is longer than `most_body` bytes. With an outbox, direct
    answers go through it.
    """

    defaults = _Defaults()
    check_interval = min(limits.header_timeout, limits.keep_alive)

    class BoundedProtocol(HttpToolsProtocol):
        """One connection."""

        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            self.access_log = False  # the mock has its own log; uvicorn's would contain signatures
            self._began: float | None = None
            self._head_bytes = 0
            self._in_head = True
            self._body_bytes = 0
            """Bytes received after the head of the request."""
            self._content_bytes = 0
            """Those of them that are content, not framing."""
            self._held = b""
            """Bytes that the parser receives after the answers to earlier requests."""
            self._unsent_bytes = 0
            self._unread_since: float | None = None
            """When the client last read a part of the answers that wait for it; None when none waits."""
            self._unread_bytes = 0
            self._refusal: Refusal | None = None
            self._watch: asyncio.TimerHandle | None = None
            self._answer: AnswerDirectly | None = None
            self._fields: dict[bytes, bytes] = {}
            self._parts: list[bytes] = []
            self._idle_since = 0.0
            self._first = port is not None
            self.may_begin_tls = self.may_tunnel = True

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            self._began = self.loop.time()  # the deadline also applies to a client that sends nothing
            if len(self.connections) > limits.connections:
                message = f"more than {limits.connections} connections are open"
                self._write_refusal(Refusal(ErrorCode.SLOW_DOWN, message), "")
                return
            self._watch = self.loop.call_later(check_interval, self._check_deadline)

        def connection_lost(self, exc: Exception | None) -> None:
            if self._watch is not None:
                self._watch.cancel()
            super().connection_lost(exc)

        def retire(self) -> None:
            """Leave the transport to another protocol."""
            if self._watch is not None:
                self._watch.cancel()
            self.connections.discard(self)

        def successor(self) -> "BoundedProtocol":
            """Return a new connection, for what is inside TLS or a tunnel."""
            return BoundedProtocol(self.config, self.server_state, self.app_state, self.loop)

        def refuse(self, refusal: Refusal) -> None:
            """Answer with the refusal, and close."""
            self._write_refusal(refusal, "")

        def data_received(self, data: bytes) -> None:
            if self._first:
                self._first = False
                if port is not None and port.take(self, data):
                    return
                if b"h2c" in data:
                    data = without_h2c(data)
            if self._held:
                self._held += data
                self.flow.pause_reading()
            elif len(data) <= _SLICE:
                self._feed(data)
            else:
                self._feed_slices(data)

        def _feed_slices(self, data: bytes) -> None:
            """Pass data to the parser until pipelined requests wait for the answer to another request."""
            start = 0
            while start < len(data) and not self.transport.is_closing():
                if self.pipeline:
                    self._held = data[start:]
                    self.flow.pause_reading()
                    return
                self._feed(data[start : start + _SLICE])
                start += _SLICE

        def _feed_held(self) -> None:
            held, self._held = self._held, b""
            self._feed_slices(held)
            if not self._held and not self.pipeline and not self.transport.is_closing():
                self.flow.resume_reading()

        def _feed(self, data: bytes) -> None:
            """Pass data to the parser, then check the limits."""
            if self._in_head:
                self._head_bytes += len(data)
            else:
                self._body_bytes += len(data)
            super().data_received(data)
            if self._in_head:
                if self._head_bytes > limits.header_bytes:
                    self._refuse(_head_too_long(limits))
                return
            framing = self._body_bytes - self._content_bytes
            if framing > limits.framing + _FRAMING_PER_BYTE * self._content_bytes:
                self._refuse(_framing_too_long(limits))
            elif len(self.headers) > limits.header_count:
                self._refuse(_too_many_headers(limits))
            elif self._content_bytes > most_body:
                self._refuse(Refusal(ErrorCode.INVALID_CONTENT, f"the body is longer than {most_body} bytes"))

        def _refuse(self, refusal: Refusal) -> None:
            """Answer with the refusal and close; close only if the request was answered before its end."""
            if self.transport.is_closing():
                return
            if not self._in_head and self.cycle is not None and self.cycle.response_complete:
                self.transport.close()
                return
            self._refusal = refusal
            self.send_400_response("")

        def pause_writing(self) -> None:
            self._unread_since = self.loop.time()
            self._unread_bytes = self.transport.get_write_buffer_size()
            super().pause_writing()

        def resume_writing(self) -> None:
            self._unread_since = None
            super().resume_writing()

        def on_message_begin(self) -> None:
            super().on_message_begin()
            self._began = self.loop.time()
            self._in_head = True

        def on_headers_complete(self) -> None:
            self._in_head = False
            if self._head_bytes > limits.header_bytes or len(self.headers) > limits.header_count:
                self._check_head()
            if self.url[:1] != b"/" and port is not None:
                self._refusal = port.refusal_of_target(self.parser.get_method().decode("ascii"), self.url)
                if self._refusal is not None:
                    raise httptools.HttpParserError(self._refusal.message)
            self._head_bytes = self._body_bytes = self._content_bytes = 0
            self._answer = self._find_direct_answer()
            if self._answer is None:
                if outbox is not None:
                    outbox.flush()  # answers to earlier requests of this connection go first
                super().on_headers_complete()
                self.headers = []  # receives the trailers, which are no headers (RFC 9110, 6.5.1)

        def on_body(self, body: bytes) -> None:
            self._content_bytes += len(body)
            if self._answer is None:
                super().on_body(body)
                return
            self._parts.append(body)
            if len(self._parts) > _MOST_PARTS:
                self._parts = [b"".join(self._parts)]

        def on_message_complete(self) -> None:
            self._began = None
            self._in_head = True  # bytes before the next request count as its head
            self._head_bytes = 0
            if self._answer is None:
                super().on_message_complete()
                return
            answer, self._answer = self._answer, None
            scope: Any = self.scope  # a TypedDict for uvicorn, a mapping for Starlette
            body = b"".join(self._parts)
            self._parts.clear()
            self._idle_since = self.loop.time()
            answered = answer(scope, self._fields, body)
            if outbox is None:
                self._write_answer(scope["method"], answered)
            else:
                self._unsent_bytes += len(answered[2])
                outbox.defer(partial(self._write_committed, scope, answered))
                if self._unsent_bytes > _UNSENT_BYTES:
                    outbox.flush()

        def _write_committed(self, scope: Scope, answered: Answered, refusal: Refusal | None) -> None:
            """Write the answer; the refusal when the commit failed."""
            self._unsent_bytes -= len(answered[2])
            if refusal is not None:
                headers, content = render(refusal, scope["raw_path"].decode("ascii", "replace"))
                answered = refusal.status, headers, content
            self._write_answer(scope["method"], answered)

        def _write_answer(self, method: str, answered: Answered) -> None:
            if self.transport.is_closing():
                return
            status, headers, content = answered
            if method == "HEAD":
                content = b""
            head = defaults.lines(self.server_state.default_headers)
            self.transport.write(b"".join((STATUS_LINE[status], head, _lines(headers), b"\r\n", content)))

        def on_response_complete(self) -> None:
            self._idle_since = self.loop.time()
            super().on_response_complete()
            if self.pipeline or self._held:
                self.flow.pause_reading()
            if self._held and not self.pipeline:
                self.loop.call_soon(self._feed_held)

        def _find_direct_answer(self) -> AnswerDirectly | None:
            """Complete the scope and return the function that answers directly; None for the ASGI path."""
            parser = self.parser
            unanswered = self.cycle is not None and not self.cycle.response_complete
            if unanswered or self.flow.write_paused or self.expect_100_continue:
                return None
            if parser.get_http_version() != "1.1" or not parser.should_keep_alive() or parser.should_upgrade():
                return None
            fields = self._fields = dict(self.headers)
            if b"transfer-encoding" in fields or int(fields.get(b"content-length", b"0")) > limits.body:
                return None
            url = httptools.parse_url(self.url)
            scope: Any = self.scope  # a TypedDict for uvicorn, a mapping for Starlette
            scope["method"] = parser.get_method().decode("ascii")
            scope["raw_path"] = url.path
            scope["query_string"] = url.query or b""
            return direct_answer(scope)

        def send_400_response(self, msg: str) -> None:
            refusal = self._refusal or Refusal(ErrorCode.INVALID_ARGUMENT, f"the request is not valid HTTP/1.1: {msg}")
            url = getattr(self, "url", b"")[:200].decode("ascii", "replace")
            self._write_refusal(refusal, url)

        def _check_head(self) -> None:
            size = len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)
            if size > limits.header_bytes:
                self._refusal = _head_too_long(limits)
            elif len(self.headers) > limits.header_count:
                self._refusal = _too_many_headers(limits)
            if self._refusal is not None:
                # Raised inside a parser callback: uvicorn calls send_400_response for it.
                raise httptools.HttpParserError(self._refusal.message)

        def _check_deadline(self) -> None:
            """Close the connection of a client that is too slow or idle for too long; else schedule the next check."""
            if self.transport.is_closing():
                return
            now = self.loop.time()
            left = check_interval
            if self._began is not None:
                allowed = limits.header_timeout if self._in_head else limits.body_timeout
                left = allowed - (now - self._began)
                if left <= 0:
                    message = f"the request was not complete after {allowed:g} s"
                    self._write_refusal(Refusal(ErrorCode.REQUEST_TIMEOUT, message), "")
                    return
            elif self._unread_since is not None:
                if (unread := self.transport.get_write_buffer_size()) < self._unread_bytes:
                    self._unread_since, self._unread_bytes = now, unread
                left = limits.body_timeout - (now - self._unread_since)
                if left <= 0:
                    self.transport.abort()  # the client does not read its answers
                    return
            elif self.cycle is None or self.cycle.response_complete:
                left = limits.keep_alive - (now - self._idle_since)
                if left <= 0:
                    self.transport.close()
                    return
            self._watch = self.loop.call_later(min(left, check_interval), self._check_deadline)

        def _write_refusal(self, refusal: Refusal, resource: str) -> None:
            headers, body = render(refusal, resource)
            self.transport.write(_closing_answer(refusal.status, self.server_state.default_headers, headers, body))
            self.transport.close()

    return BoundedProtocol


class _Defaults:
    """Caches the header lines of every answer; uvicorn replaces its list of headers once a second, for Date."""

    def __init__(self) -> None:
        self._headers: Sequence[tuple[bytes, bytes]] = ()
        self._lines = b""

    def lines(self, headers: Sequence[tuple[bytes, bytes]]) -> bytes:
        """Return the lines of `headers`, each with its CRLF."""
        if headers is not self._headers:
            self._headers = headers
            self._lines = _lines(headers)
        return self._lines


def _lines(headers: Sequence[tuple[bytes, bytes]]) -> bytes:
    return b"".join([b"%b: %b\r\n" % header for header in headers])


def _head_too_long(limits: Limits) -> Refusal:
    return Refusal(ErrorCode.INVALID_ARGUMENT, f"the head of the request is longer than {limits.header_bytes} bytes")


def _too_many_headers(limits: Limits) -> Refusal:
    return Refusal(ErrorCode.INVALID_ARGUMENT, f"the request has more than {limits.header_count} headers or trailers")


def _framing_too_long(limits: Limits) -> Refusal:
    return Refusal(
        ErrorCode.INVALID_ARGUMENT,
        f"chunk sizes, chunk extensions and trailers of the request are longer than {limits.framing} bytes",
    )


def _closing_answer(status: int, defaults: Sequence[tuple[bytes, bytes]], headers: Headers, body: bytes) -> bytes:
    return b"".join((STATUS_LINE[status], _lines((*defaults, *headers)), b"connection: close\r\n\r\n", body))
