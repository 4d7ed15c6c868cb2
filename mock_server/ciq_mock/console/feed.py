"""Server-sent events: notify an open page that the mock has changed, at most a few times a second.

An event has no content but its id. A page that connects again with the id of its last event gets an event at once if
anything has changed since. Nothing is computed while no page is open.
"""

import asyncio
import secrets
from collections.abc import AsyncIterator
from typing import Final

from ciq_mock.mock import Mock

INTERVAL: Final = 0.3
"""Seconds between two looks; all changes between them are one event."""
_IDLE: Final = 15.0
"""Seconds after which a comment keeps an idle connection open."""
MOST_STREAMS: Final = 64


class TooManyStreamsError(Exception):
    """No further page can be live."""


class ChangeFeed:
    """The version of a mock's state, which grows with every change that a page could show."""

    def __init__(self, mock: Mock) -> None:
        self._mock = mock
        self._run = secrets.token_hex(4)
        self._version = 0
        self._seen: tuple[object, ...] = ()
        self._open = 0

    def _marks(self) -> tuple[object, ...]:
        mock = self._mock
        log = mock.delivery.log
        return (mock.engine.changes, log.attempts, log.dropped, mock.delivery.pending, mock.requests.count)

    @property
    def id(self) -> str:
        """The id of the present state."""
        marks = self._marks()
        if marks != self._seen:
            self._seen = marks
            self._version += 1
        return f"{self._run}-{self._version}"

    async def stream(self, last: str) -> AsyncIterator[bytes]:
        """Yield events until the client leaves; `last`: the id of the last event that the client has. Raises
        TooManyStreamsError before the first event."""
        if self._open >= MOST_STREAMS:
            raise TooManyStreamsError
        self._open += 1
        try:
            yield b"retry: 1000\n\n"
            idle = 0.0
            while True:
                current = self.id
                if current != last:
                    last, idle = current, 0.0
                    yield f"id: {current}\nevent: changed\ndata: {current}\n\n".encode()
                elif idle >= _IDLE:
                    idle = 0.0
                    yield b": idle\n\n"
                idle += INTERVAL
                await asyncio.sleep(INTERVAL)
        finally:
            self._open -= 1
