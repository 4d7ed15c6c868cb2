"""Dialects of the connection: chunked responses, closed connections, HTTP/1.0, slow responses.

Each one overrides `__call__`, so responses are sent through ASGI, where an application can wait or send in pieces.
Must not know the content of a response.
"""

import asyncio
from http import HTTPStatus

from starlette.types import Message, Receive, Scope, Send

from ciq_mock.http.app import ServiceApp
from ciq_mock.variants.dialects.dialect import Dialect
from ciq_mock.variants.mixins import in_service

_PIECE = 150
"""Bytes of a chunk; a response has several."""
SLOW = 0.15
"""Seconds that each response takes."""
_LENGTH = b"content-length"


class Chunked(ServiceApp):
    """Sends no Content-Length, and the body in chunks."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one HTTP request."""

        async def send_in_pieces(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = [(name, value) for name, value in message["headers"] if bytes.lower(name) != _LENGTH]
                await send({**message, "headers": headers})
                return
            body = message["body"]
            for start in range(0, len(body), _PIECE):
                await send({**message, "body": body[start : start + _PIECE], "more_body": True})
            await send({**message, "body": b""})

        await super().__call__(scope, receive, send_in_pieces)


class Closing(ServiceApp):
    """Closes the connection after each response."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one HTTP request."""

        async def send_last(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message["headers"], (b"connection", b"close")]}
            await send(message)

        await super().__call__(scope, receive, send_last)


class Http10(ServiceApp):
    """Responds in HTTP/1.0: the end of the connection is the end of the response."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one HTTP request; writes to uvicorn's transport, because uvicorn writes only HTTP/1.1."""
        parts: list[bytes] = []

        async def collect(message: Message) -> None:
            if message["type"] == "http.response.start":
                status = HTTPStatus(message["status"])
                headers = [*cycle.default_headers, *message["headers"]]
                lines = b"".join(b"%b: %b\r\n" % header for header in headers if bytes.lower(header[0]) != _LENGTH)
                parts.append(b"HTTP/1.0 %d %b\r\n%b\r\n" % (status, status.phrase.encode(), lines))
            else:
                parts.append(message["body"])

        cycle = send.__self__  # type: ignore[attr-defined]
        await super().__call__(scope, receive, collect)
        cycle.transport.write(b"".join(parts))
        cycle.transport.close()
        while (await receive())["type"] != "http.disconnect":
            pass


class Slow(ServiceApp):
    """Delays each response."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one HTTP request."""

        async def send_late(message: Message) -> None:
            if message["type"] == "http.response.start":
                await asyncio.sleep(SLOW)
            await send(message)

        await super().__call__(scope, receive, send_late)


DIALECTS = (
    Dialect(
        name="chunked-answers",
        description="Responses have no Content-Length and are sent in chunks.",
        source="RFC 9112, 7.1; samples show Content-Length and do not require it",
        override=in_service(Chunked),
    ),
    Dialect(
        name="connection-closed",
        description="The connection is closed after each response.",
        source="RFC 9112, 9.6; no page promises persistent connections",
        override=in_service(Closing),
    ),
    Dialect(
        name="http-1.0-answers",
        description="Responses are HTTP/1.0 without Content-Length and end with the connection.",
        source="RFC 9112, 2.3 and 6.3: a server may respond with an older minor version; no page names one",
        override=in_service(Http10),
    ),
    Dialect(
        name="slow-answers",
        description="Each response takes 0.15 s.",
        source="no page specifies how fast responses are",
        override=in_service(Slow),
    ),
)
