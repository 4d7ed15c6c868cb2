"""Dialects of the wire: how answers are cut, how connections are kept, how long an answer takes.

Answers go ASGI's way here, as only there one may wait or send in pieces. Must not know what an answer says.
"""

import asyncio
from http import HTTPStatus

from starlette.types import Message, Receive, Scope, Send

from ciq_mock.http.app import ServiceApp
from ciq_mock.overrides import Override, mixed
from ciq_mock.variants.dialects.dialect import Dialect

_PIECE = 150
"""Bytes of a chunk: an answer has several."""
SLOW = 0.15
"""Seconds that each answer takes."""
_LENGTH = b"content-length"


class Chunked(ServiceApp):
    """Says no length and sends the body in chunks."""

    answers_directly = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request."""

        async def in_pieces(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = [(name, value) for name, value in message["headers"] if bytes.lower(name) != _LENGTH]
                await send({**message, "headers": headers})
                return
            body = message["body"]
            for start in range(0, len(body), _PIECE):
                await send({**message, "body": body[start : start + _PIECE], "more_body": True})
            await send({**message, "body": b""})

        await super().__call__(scope, receive, in_pieces)


class Closing(ServiceApp):
    """Ends the connection after each answer."""

    answers_directly = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request."""

        async def last(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message["headers"], (b"connection", b"close")]}
            await send(message)

        await super().__call__(scope, receive, last)


class Older(ServiceApp):
    """Speaks HTTP/1.0: the end of the connection is the end of the answer."""

    answers_directly = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request. uvicorn writes HTTP/1.1 only, so this writes to its transport itself."""
        parts: list[bytes] = []

        async def kept(message: Message) -> None:
            if message["type"] == "http.response.start":
                status = HTTPStatus(message["status"])
                headers = [*cycle.default_headers, *message["headers"]]
                lines = b"".join(b"%b: %b\r\n" % header for header in headers if bytes.lower(header[0]) != _LENGTH)
                parts.append(b"HTTP/1.0 %d %b\r\n%b\r\n" % (status, status.phrase.encode(), lines))
            else:
                parts.append(message["body"])

        cycle = send.__self__  # type: ignore[attr-defined]
        await super().__call__(scope, receive, kept)
        cycle.transport.write(b"".join(parts))
        cycle.transport.close()
        while (await receive())["type"] != "http.disconnect":
            pass


class Slow(ServiceApp):
    """Takes its time over each answer."""

    answers_directly = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request."""

        async def late(message: Message) -> None:
            if message["type"] == "http.response.start":
                await asyncio.sleep(SLOW)
            await send(message)

        await super().__call__(scope, receive, late)


DIALECTS = (
    Dialect(
        name="chunked-answers",
        description="Answers have no Content-Length and come in chunks.",
        source="RFC 9112, 7.1; the pages' samples show Content-Length and do not demand it",
        override=Override(service=mixed(Chunked)),
    ),
    Dialect(
        name="connection-closed",
        description="The connection ends after each answer.",
        source="RFC 9112, 9.6; no page promises that connections are kept",
        override=Override(service=mixed(Closing)),
    ),
    Dialect(
        name="http-1.0-answers",
        description="Answers are HTTP/1.0 without Content-Length, and end with the connection.",
        source="RFC 9112, 2.3 and 6.3: a server may answer by an older minor version; the pages name none",
        override=Override(service=mixed(Older)),
    ),
    Dialect(
        name="slow-answers",
        description="Each answer takes 0.15 s.",
        source="no page says how fast answers come",
        override=Override(service=mixed(Slow)),
    ),
)
