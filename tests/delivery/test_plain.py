"""The small HTTP client: which addresses are its own, what it sends, and what it makes of every kind of answer."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
from local_receiver import delivery, play, receiver

from ciq_mock.delivery.plain import (
    NoAnswerError,
    NoConnectionError,
    NotHttpError,
    PlainAddress,
    PlainClient,
    TooSlowError,
    plain_address,
)

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
REQUEST = b"POST / HTTP/1.1\r\nContent-Length: 0\r\n\r\n"


@dataclass
class Peer:
    """A server that answers each request with the next of `answers`; None hangs up."""

    answers: list[bytes | None]
    address: PlainAddress = field(default_factory=lambda: PlainAddress("127.0.0.1", 0, "", "/"))
    connections: int = 0
    served: list[asyncio.Task[object] | None] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection."""
        self.connections += 1
        self.served.append(asyncio.current_task())
        try:
            while await reader.readuntil(b"\r\n\r\n"):
                answer = self.answers.pop(0)
                if answer is None:
                    break
                writer.write(answer)
                if b"closing" in answer:
                    break
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def peer(*answers: bytes | None) -> AsyncIterator[Peer]:
    """A peer while it is needed; at the end the client must have closed its connections."""
    there = Peer(list(answers))
    server = await asyncio.start_server(there.serve, "127.0.0.1", 0)
    there.address = PlainAddress("127.0.0.1", server.sockets[0].getsockname()[1], "", "/")
    async with server:
        yield there
        await asyncio.gather(*(task for task in there.served if task is not None))


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://h", PlainAddress("h", 80, "h", "/")),
        ("http://h:8080/a/../b?q=%2F&x=[1]#part", PlainAddress("h", 8080, "h:8080", "/a/../b?q=%2F&x=[1]")),
        ("http://h?q", PlainAddress("h", 80, "h", "/?q")),
        ("http://[::1]:81/", PlainAddress("::1", 81, "[::1]:81", "/")),
        ("http://[::1]/", PlainAddress("::1", 80, "[::1]", "/")),
        ("https://h/", None),
        ("http://user:word@h/", None),
        ("http://h:70000/", None),
        ("http://h\u00e4/", None),
        ("http://h/\u00e4", None),
        ("http://h/a b", None),
        ("http://h/a\r\nX-Injected: 1", None),
    ],
)
def test_only_plain_addresses_are_taken(url: str, expected: PlainAddress | None) -> None:
    """Path and query stay byte for byte; what needs TLS, a password or an encoding is not taken."""
    assert plain_address(url) == expected


@pytest.mark.parametrize(
    ("answer", "status", "again"),
    [
        (OK, 200, True),
        (b"HTTP/1.1 204 No Content\r\n\r\n", 204, True),
        (b"HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n", 500, True),
        (b"HTTP/1.1 302 Found\r\nLocation: http://elsewhere/\r\nContent-Length: 0\r\n\r\n", 302, True),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", 200, True),
        (b"HTTP/1.1 100 Continue\r\n\r\n" + OK, 200, True),
        (b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n", 200, False),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", 200, False),
        (b"HTTP/1.1 200 OK\r\n\r\nclosing", 200, False),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" + b"x" * 70_000, 200, False),
    ],
)
def test_an_answer_gives_its_status(answer: bytes, status: int, again: bool) -> None:
    """In every legal dress; the connection is used again exactly when the answer allows that."""

    async def story() -> None:
        client = PlainClient(keep_alive=10.0)
        async with peer(answer, OK) as there:
            assert await client.post(there.address, REQUEST, timeout=5.0) == status
            assert await client.post(there.address, REQUEST, timeout=5.0) == 200
            assert there.connections == (1 if again else 2)
            client.close()

    play(story)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (None, NoAnswerError),
        (b"HTTP/1.1 200 OK\r\nclosing", NoAnswerError),
        (b"noise\r\n\r\n", NotHttpError),
        (b"HTTP/1.1 101 Switching\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n", NotHttpError),
        (b"", TooSlowError),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nok", TooSlowError),
    ],
)
def test_a_failure_costs_its_connection_only(answer: bytes | None, error: type[Exception]) -> None:
    """Every failure has its kind, and the next callback goes out on a connection of its own."""

    async def story() -> None:
        client = PlainClient(keep_alive=10.0)
        async with peer(answer, OK) as there:
            with pytest.raises(error) as caught:
                await client.post(there.address, REQUEST, timeout=0.1 if error is TooSlowError else 5.0)
            if isinstance(caught.value, TooSlowError):
                assert caught.value.status == (200 if answer else None)
            assert await client.post(there.address, REQUEST, timeout=5.0) == 200
            assert there.connections == 2
            client.close()

    play(story)


def test_nobody_there_is_told_in_the_words_of_the_system() -> None:
    """A port without a listener, a name without an address."""

    async def story() -> None:
        client = PlainClient(keep_alive=10.0)
        async with peer() as gone:
            pass
        for address in (gone.address, PlainAddress("no-such-name.invalid", 80, "", "/")):
            with pytest.raises(NoConnectionError, match=r"[a-z]"):
                await client.post(address, REQUEST, timeout=5.0)

    play(story)


@pytest.mark.parametrize("stale", [b"", OK])
def test_a_connection_that_changed_while_it_rested_is_not_used(stale: bytes) -> None:
    """Closed by the receiver, or with bytes nobody asked for: the next callback does not meet it."""

    async def story() -> None:
        client = PlainClient(keep_alive=10.0)
        writers: list[asyncio.StreamWriter] = []

        async def once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writers.append(writer)
            await reader.readuntil(b"\r\n\r\n")
            writer.write(OK)
            if len(writers) == 1:
                await writer.drain()
                await told.wait()
                writer.write(stale)
                writer.close()

        told = asyncio.Event()
        server = await asyncio.start_server(once, "127.0.0.1", 0)
        address = PlainAddress("127.0.0.1", server.sockets[0].getsockname()[1], "", "/")
        async with server:
            assert await client.post(address, REQUEST, timeout=5.0) == 200
            (resting,) = client._idle["127.0.0.1", address.port]
            told.set()
            await until(resting.transport.is_closing)
            assert await client.post(address, REQUEST, timeout=5.0) == 200
            assert len(writers) == 2
            client.close()
            writers[1].close()

    play(story)


def test_connections_do_not_rest_for_ever() -> None:
    """After the time of keep-alive they are closed, without another callback."""

    async def story() -> None:
        client = PlainClient(keep_alive=0.05)
        async with peer(OK) as there:
            await client.post(there.address, REQUEST, timeout=5.0)
            (resting,) = client._idle["127.0.0.1", there.address.port]
            await until(lambda: not client._idle)
            assert resting.transport.is_closing()

    play(story)


def test_an_address_with_a_password_is_delivered_to_as_well() -> None:
    """It takes the general client's way, which puts the password into a header."""

    async def story() -> None:
        async with receiver() as there, delivery() as here:
            (job,) = here.end(there.address.replace("http://", "http://user:sesame@"))
            await here.room.idle(10.0)
            (entry,) = here.room.log.of(job.id)
            assert entry.delivered
            assert there.arrivals[0].headers["authorization"].startswith("Basic ")

    play(story)


async def until(holds: Callable[[], bool]) -> None:
    """Let the loop turn until something holds; `play` has the deadline."""
    while not holds():
        await asyncio.sleep(0.001)
