"""Live updates: one event for many changes, ids that let a page continue, a limit on open pages."""

import asyncio
import http.client
import time
from collections.abc import AsyncIterator

import pytest
from conftest import Visitor

from ciq_mock.console import feed
from ciq_mock.console.feed import ChangeFeed, TooManyStreamsError
from ciq_mock.engine import JobSpec
from ciq_mock.mock import Mock
from ciq_mock.settings import MockSettings
from ciq_schemas.features import Feature


async def event(stream: AsyncIterator[bytes]) -> bytes:
    """Return the next event of a stream, without comments."""
    async with asyncio.timeout(10):
        async for part in stream:
            if part.startswith(b"id:"):
                return part
    raise AssertionError("the stream has ended")


def test_changes_between_two_looks_are_one_event(monkeypatch: pytest.MonkeyPatch) -> None:
    """A page that has the last id gets nothing until something changes."""
    monkeypatch.setattr(feed, "INTERVAL", 0.01)

    async def scenario() -> None:
        mock = Mock(MockSettings(activated=(Feature.MEDIA,)))
        await mock.start()
        changes = ChangeFeed(mock)
        last = changes.id
        stream = changes.stream(last)
        waiting = asyncio.ensure_future(event(stream))
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asyncio.shield(waiting), 0.05)
        for _ in range(5):
            mock.engine.submit(mock.clock.now(), mock.settings.bucket, Feature.MEDIA, [JobSpec(tag="Snapshot")])
        assert b"event: changed" in await waiting
        assert changes.id != last
        again = changes.stream(last)
        assert changes.id.encode() in await event(again)
        await stream.aclose()
        await again.aclose()
        await mock.close()

    asyncio.run(scenario())


def test_number_of_live_pages_is_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    """A closed page frees its place."""
    monkeypatch.setattr(feed, "MOST_STREAMS", 1)

    async def scenario() -> None:
        mock = Mock(MockSettings())
        changes = ChangeFeed(mock)
        first = changes.stream("")
        await anext(first)
        with pytest.raises(TooManyStreamsError):
            await anext(changes.stream(""))
        await first.aclose()
        await anext(changes.stream(""))
        await mock.close()

    asyncio.run(scenario())


def test_reader_of_events_gets_changes_and_mock_stops_beside_it(visitor: Visitor) -> None:
    """An open stream does not keep a mock from stopping."""
    connection = http.client.HTTPConnection("127.0.0.1", visitor.server.port, timeout=10)
    connection.request("GET", "/_ciq/console/events")
    response = connection.getresponse()
    assert response.headers["content-type"].startswith("text/event-stream")
    while not response.readline().startswith(b"id:"):
        pass
    visitor.post(f"{visitor.queue()}/pause")
    while not response.readline().startswith(b"id:"):
        pass
    began = time.monotonic()
    visitor.server.stop()
    assert time.monotonic() - began < 10
    connection.close()
