"""uvicorn's httptools protocol with bounds on the head, a deadline for slow senders and errors in our own form.

Knows bytes on one connection. Must not know routes, features or bodies.
uvicorn itself bounds neither the size of a head nor the time it takes, and answers a broken one in plain text.
It also writes head and body of an answer one after the other, each with a call of the system; the busiest answers
go out in one, by an extension of ASGI.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any

import httptools
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from ciq_mock.service.refusal import ErrorCode, Refusal
from ciq_mock.settings import Limits

Headers = list[tuple[bytes, bytes]]
RenderRefusal = Callable[[Refusal, str], tuple[Headers, bytes]]
"""Refusal and resource in; headers and body of the answer out."""
AnswerAtOnce = Callable[[int, bytes, bytes], Awaitable[None]]
"""Status, header lines (each with its CRLF, made of the mock's own words) and body; the answer is complete then."""
ANSWER_AT_ONCE = "ciq.answer-at-once"
"""Key of an AnswerAtOnce among the extensions of a scope."""


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


def bounded_protocol(limits: Limits, render: RenderRefusal) -> type[HttpToolsProtocol]:
    """Return the protocol class for `uvicorn.Config(http=...)`; one instance serves one connection."""

    defaults = _Defaults()

    class BoundedProtocol(HttpToolsProtocol):
        """One connection."""

        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            self.access_log = False  # the mock keeps a log of its own; uvicorn's would leak signatures
            self._began: float | None = None
            self._head_bytes = 0
            self._in_head = True
            self._refusal: Refusal | None = None
            self._watch: asyncio.TimerHandle | None = None

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            self._began = self.loop.time()  # a connection that stays silent is slow, too
            if len(self.connections) > limits.connections:
                message = f"more than {limits.connections} connections are open"
                self._write_refusal(Refusal(ErrorCode.SLOW_DOWN, message), "")
                return
            self._watch = self.loop.call_later(limits.header_timeout, self._look_at_clock)

        def connection_lost(self, exc: Exception | None) -> None:
            if self._watch is not None:
                self._watch.cancel()
            super().connection_lost(exc)

        def data_received(self, data: bytes) -> None:
            if self._in_head:
                self._head_bytes += len(data)
            super().data_received(data)
            if self._in_head and self._head_bytes > limits.header_bytes and not self.transport.is_closing():
                self._refusal = _head_too_long(limits)
                self.send_400_response("")

        def on_message_begin(self) -> None:
            super().on_message_begin()
            self._began = self.loop.time()
            self._in_head = True

        def on_headers_complete(self) -> None:
            self._in_head = False
            if self._head_bytes > limits.header_bytes or len(self.headers) > limits.header_count:
                self._check_head()
            self._head_bytes = 0
            super().on_headers_complete()  # starts the application, which looks at the scope in its first turn
            if self.scope["method"] != "HEAD":
                self.scope["extensions"] = {ANSWER_AT_ONCE: partial(self._answer, self.cycle)}

        def on_message_complete(self) -> None:
            self._began = None
            super().on_message_complete()

        async def _answer(self, cycle: RequestResponseCycle, status: int, lines: bytes, body: bytes) -> None:
            """What `cycle.send` does for a whole answer of known length, in one write."""
            if self.flow.write_paused and not cycle.disconnected:
                await self.flow.drain()
            if cycle.disconnected:
                return
            end = b"\r\n" if cycle.keep_alive else b"connection: close\r\n\r\n"
            head = defaults.lines(self.server_state.default_headers)
            self.transport.write(b"".join((STATUS_LINE[status], head, lines, end, body)))
            cycle.response_started = cycle.response_complete = True
            cycle.message_event.set()
            if not cycle.keep_alive:
                self.transport.close()
            cycle.on_response()

        def send_400_response(self, msg: str) -> None:
            refusal = self._refusal or Refusal(
                ErrorCode.INVALID_ARGUMENT, f"the request is not HTTP/1.1 that can be read here: {msg}"
            )
            url = getattr(self, "url", b"")[:200].decode("ascii", "replace")
            self._write_refusal(refusal, url)

        def _check_head(self) -> None:
            size = len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)
            if size > limits.header_bytes:
                self._refusal = _head_too_long(limits)
            elif len(self.headers) > limits.header_count:
                self._refusal = Refusal(
                    ErrorCode.INVALID_ARGUMENT, f"the request has more than {limits.header_count} headers"
                )
            if self._refusal is not None:
                # Inside a parser callback: uvicorn turns it into a call of send_400_response.
                raise httptools.HttpParserError(self._refusal.message)

        def _look_at_clock(self) -> None:
            """Cut off a sender who is too slow, else look again when its time may be up."""
            if self.transport.is_closing():
                return
            allowed = limits.header_timeout if self._in_head else limits.body_timeout
            left = limits.header_timeout
            if self._began is not None:
                left = allowed - (self.loop.time() - self._began)
            if left <= 0:
                message = f"the request was not complete after {allowed:g} s"
                self._write_refusal(Refusal(ErrorCode.REQUEST_TIMEOUT, message), "")
                return
            self._watch = self.loop.call_later(left, self._look_at_clock)

        def _write_refusal(self, refusal: Refusal, resource: str) -> None:
            headers, body = render(refusal, resource)
            self.transport.write(_whole(refusal.status, self.server_state.default_headers, headers, body))
            self.transport.close()

    return BoundedProtocol


class _Defaults:
    """The header lines of every answer, written once for each of uvicorn's lists: it makes one a second, for Date."""

    def __init__(self) -> None:
        self._headers: Sequence[tuple[bytes, bytes]] = ()
        self._lines = b""

    def lines(self, headers: Sequence[tuple[bytes, bytes]]) -> bytes:
        """The lines of `headers`, each with its CRLF."""
        if headers is not self._headers:
            self._headers = headers
            self._lines = _lines(headers)
        return self._lines


def _lines(headers: Sequence[tuple[bytes, bytes]]) -> bytes:
    return b"".join([bytes(name) + b": " + value + b"\r\n" for name, value in headers])


def _head_too_long(limits: Limits) -> Refusal:
    return Refusal(ErrorCode.INVALID_ARGUMENT, f"the head of the request is longer than {limits.header_bytes} bytes")


def _whole(status: int, defaults: Sequence[tuple[bytes, bytes]], headers: Headers, body: bytes) -> bytes:
    return b"".join((STATUS_LINE[status], _lines((*defaults, *headers)), b"connection: close\r\n\r\n", body))
