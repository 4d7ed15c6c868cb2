"""A load generator: fixed request bytes over keep-alive connections, as fast as responses arrive, for any service.

A server that closes after each response gets a new connection each time, as from any client.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from dataclasses import dataclass
from urllib.parse import urlsplit

import uvloop


@dataclass(frozen=True, slots=True)
class Load:
    """Result of one round."""

    requests: int
    seconds: float
    refused: int

    @property
    def rate(self) -> float:
        """Completed requests per second."""
        return self.requests / self.seconds


class _Connection(asyncio.Protocol):
    """Sends the next request after each response until the budget is used."""

    def __init__(self, request: bytes, done: asyncio.Future[None], budget: list[int], tally: list[int]) -> None:
        self.request, self.done, self.budget, self.tally = request, done, budget, tally
        self.buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self._next()

    def _next(self) -> None:
        if self.budget[0] <= 0:
            self.transport.close()
            return
        self.budget[0] -= 1
        self.transport.write(self.request)  # type: ignore[attr-defined]

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        end = self.buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        head = self.buffer[:end].lower()
        mark = head.find(b"content-length:")
        length = int(head[mark + 15 :].split(b"\r\n", 1)[0]) if mark >= 0 else 0
        if len(self.buffer) < end + 4 + length:
            return
        self.tally[0] += 1
        if not self.buffer.startswith((b"HTTP/1.1 200", b"HTTP/1.0 200")):
            self.tally[1] += 1
        self.buffer = b""
        if b"connection: close" in head:
            self.transport.close()
            return
        self._next()

    def connection_lost(self, _: Exception | None) -> None:
        if not self.done.done():
            self.done.set_result(None)


async def _drive(url: str, request: bytes, count: int, connections: int, trust: ssl.SSLContext | None) -> Load:
    loop = asyncio.get_running_loop()
    split = urlsplit(url)
    budget, tally = [count], [0, 0]

    async def one_after_another() -> None:
        while budget[0] > 0:
            done: asyncio.Future[None] = loop.create_future()
            await loop.create_connection(
                lambda: _Connection(request, done, budget, tally),  # noqa: B023 - called before the next round
                split.hostname,
                split.port,
                ssl=trust,
            )
            await done

    began = time.perf_counter()
    await asyncio.wait_for(asyncio.gather(*(one_after_another() for _ in range(connections))), 300)
    return Load(tally[0], time.perf_counter() - began, tally[1])


def drive(url: str, request: bytes, *, count: int, connections: int = 16, trust: ssl.SSLContext | None = None) -> Load:
    """Send `request` `count` times over `connections` connections to the server at `url`, inside TLS with `trust`."""
    return uvloop.run(_drive(url, request, count, connections, trust))


def http_post(path: str, host: str, body: bytes, content_type: str = "application/xml", more: str = "") -> bytes:
    """The bytes of a POST; `more` is further header lines, each with its CRLF."""
    head = (
        f"POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: {content_type}\r\n{more}"
        f"Content-Length: {len(body)}\r\nConnection: keep-alive\r\n\r\n"
    )
    return head.encode() + body
