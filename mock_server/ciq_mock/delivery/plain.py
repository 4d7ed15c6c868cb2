"""POSTs over plain HTTP/1.1 on connections that are kept: most callbacks are such, and need no more than this.

Knows bytes and sockets. Addresses with TLS, passwords or names beyond ASCII are left to the general client.
Must not know jobs, rules or words for what went wrong: failures of network and receiver are raised.
"""

import asyncio
import os
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import httptools

_SIMPLE = re.compile(r"http://((?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:]+\])(?::([0-9]{1,5}))?)(/[!-~]*|\?[!-~]*)?", re.ASCII)
_ANSWER_READ = 64 * 1024


class NoConnectionError(OSError):
    """Nobody took the connection; the message is the system's."""


class TooSlowError(TimeoutError):
    """The time was up. `status` is None unless the head of an answer had come."""

    def __init__(self, status: int | None) -> None:
        super().__init__()
        self.status = status


class NoAnswerError(ConnectionError):
    """The receiver closed the connection before it had answered."""


class NotHttpError(ValueError):
    """What came back is no answer of HTTP; the message says why."""


@dataclass(frozen=True, slots=True)
class PlainAddress:
    """Where to connect, and what goes into the head of the request, byte for byte as it was given."""

    host: str
    port: int
    authority: str
    target: str


@lru_cache(maxsize=1024)
def plain_address(url: str) -> PlainAddress | None:
    """Take an address apart; None for one that is for the general client."""
    found = _SIMPLE.fullmatch(url.partition("#")[0])
    if found is None or int(found[2] or 80) > 65535:
        return None
    authority, port, target = found[1], int(found[2] or 80), found[3] or "/"
    host = authority.removesuffix(f":{found[2]}").strip("[]")
    return PlainAddress(host, port, authority, target if target.startswith("/") else f"/{target}")


class PlainClient:
    """Keeps connections for `keep_alive` seconds after an answer. Belongs to one event loop."""

    def __init__(self, *, keep_alive: float) -> None:
        self._keep_alive = keep_alive
        self._idle: dict[tuple[str, int], list[_Connection]] = {}
        self._sweep: asyncio.TimerHandle | None = None

    async def post(self, address: PlainAddress, request: bytes, *, timeout: float) -> int:
        """Send a whole request and return the status of the answer once its body has been read.

        Raises NoConnectionError, NoAnswerError, NotHttpError, TooSlowError, OSError.
        """
        loop = asyncio.get_running_loop()
        place = (address.host, address.port)
        connection = self._take(place, loop.time())
        try:
            async with asyncio.timeout(timeout):
                connection = connection or await _connect(place, loop)
                status = await connection.ask(request, loop)
        except BaseException as error:
            if connection is not None:
                connection.transport.abort()  # also when cancelled: the answer would meet the next request
            if isinstance(error, TimeoutError):
                raise TooSlowError(connection.status if connection is not None else None) from None
            raise
        if connection.reusable:
            connection.rests_since = loop.time()
            self._idle.setdefault(place, []).append(connection)
            if self._sweep is None:
                self._sweep = loop.call_later(self._keep_alive, self._close_old, loop)
        else:
            connection.transport.close()
        return status

    def close(self) -> None:
        """Close all connections that rest."""
        if self._sweep is not None:
            self._sweep.cancel()
        for connections in self._idle.values():
            for connection in connections:
                connection.transport.close()
        self._idle.clear()

    def _take(self, place: tuple[str, int], now: float) -> "_Connection | None":
        connections = self._idle.get(place, [])
        while connections:
            connection = connections.pop()
            if not connection.transport.is_closing() and now - connection.rests_since < self._keep_alive:
                return connection
            connection.transport.close()
        return None

    def _close_old(self, loop: asyncio.AbstractEventLoop) -> None:
        self._sweep = None
        now = loop.time()
        for place, connections in list(self._idle.items()):
            for connection in connections:
                if now - connection.rests_since >= self._keep_alive:
                    connection.transport.close()
            kept = [connection for connection in connections if not connection.transport.is_closing()]
            if kept:
                self._idle[place] = kept
            else:
                del self._idle[place]
        if self._idle:
            self._sweep = loop.call_later(self._keep_alive, self._close_old, loop)


async def _connect(place: tuple[str, int], loop: asyncio.AbstractEventLoop) -> "_Connection":
    try:
        _, connection = await loop.create_connection(_Connection, *place)
    except TimeoutError:
        raise
    except OSError as error:
        words = os.strerror(error.errno) if error.errno and error.errno > 0 else error.strerror
        raise NoConnectionError(words or str(error)) from error
    return connection


class _Connection(asyncio.Protocol):
    """One connection: a request out, an answer in, then perhaps the next."""

    transport: asyncio.Transport

    def __init__(self) -> None:
        self.reusable = False
        self.rests_since = 0.0
        self._parser: Any = None
        self._answer: asyncio.Future[int] | None = None
        self._head_is_there = False
        self._size = 0

    @property
    def status(self) -> int | None:
        """Status of the answer that is arriving, None before its head is there."""
        return self._parser.get_status_code() if self._head_is_there else None

    def ask(self, request: bytes, loop: asyncio.AbstractEventLoop) -> asyncio.Future[int]:
        """Send; the future is the status."""
        self._answer = loop.create_future()
        self._parser = httptools.HttpResponseParser(self)
        self._head_is_there = self.reusable = False
        self._size = 0
        if self.transport.is_closing():
            self._fail(NoAnswerError())
        else:
            self.transport.write(request)
        return self._answer

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport  # type: ignore[assignment]

    def connection_lost(self, exc: Exception | None) -> None:
        if self._head_is_there:
            self._done(self._parser.get_status_code())  # an answer whose end is the end of the connection
        else:
            self._fail(exc if isinstance(exc, OSError) else NoAnswerError())

    def data_received(self, data: bytes) -> None:
        if self._answer is None or self._answer.done():
            self.transport.abort()  # nobody asked
            return
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            self._fail(NotHttpError(str(error)))

    # What the parser calls.

    def on_headers_complete(self) -> None:
        self._head_is_there = self._parser.get_status_code() >= 200

    def on_body(self, body: bytes) -> None:
        self._size += len(body)
        if self._size > _ANSWER_READ:
            self._done(self._parser.get_status_code())  # long enough: the connection is not used again

    def on_message_complete(self) -> None:
        if self._head_is_there and self._answer is not None and not self._answer.done():
            self.reusable = self._parser.should_keep_alive()
            self._done(self._parser.get_status_code())

    def _done(self, status: int) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(status)

    def _fail(self, error: Exception) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(error)
