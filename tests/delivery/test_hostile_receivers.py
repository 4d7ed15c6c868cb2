"""Receivers that hang, never end their answer, are no web servers, or stand behind a name that changes its address."""

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from aiohttp.abc import AbstractResolver, ResolveResult
from local_receiver import DEADLINE, run_async, started_dispatcher, started_receiver

from ciq_mock.callback_rule import BodyFormat
from ciq_mock.delivery.sender import Sender
from ciq_mock.settings import DeliverySettings

ENDLESS = {
    "interim answers": (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "interim answers with headers": (b"", b"HTTP/1.1 103 Early Hints\r\nX: y\r\n\r\n"),
    "headers": (b"HTTP/1.1 200 OK\r\n", b"X-Filler: aaaaaaaaaaaaaaaaaaaaaaaa\r\n"),
    "one header": (b"HTTP/1.1 200 OK\r\nX-Filler: ", b"a" * 64),
    "status line": (b"HTTP/1.1 200 ", b"a" * 64),
    "blank lines": (b"", b"\r\n" * 32),
}
"""What comes first, and what follows without end; no answer is complete."""
ENDLESS_BODIES = {
    "chunk extension": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1", b";x=aaaaaaaaaaaaaaaaaaaaaaaa"),
    "chunks": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\na\r\n"),
    "trailers": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", b"X-Filler: aaaaaaaaaaaaaaaa\r\n"),
    "body": (b"HTTP/1.1 200 OK\r\n\r\n", b"a" * 64),
}


class EndlessReceiver:
    """Sends `first`, then `repeated` as fast as the mock reads; counts what it could send."""

    def __init__(self, first: bytes, repeated: bytes) -> None:
        self.address = ""
        self.sent = 0
        self._first = first
        self._repeated = repeated * (16384 // len(repeated))

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one connection until the mock closes it."""
        try:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(self._first)
            while not writer.is_closing():
                writer.write(self._repeated)
                await writer.drain()
                self.sent += len(self._repeated)
                await asyncio.sleep(0)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def started_endless(first: bytes, repeated: bytes) -> AsyncIterator[EndlessReceiver]:
    """Start an endless receiver on a free port."""
    receiver = EndlessReceiver(first, repeated)
    server = await asyncio.start_server(receiver.answer, "127.0.0.1", 0)
    receiver.address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    try:
        yield receiver
    finally:
        server.close()


@pytest.mark.parametrize("part", ENDLESS)
def test_endless_head_ends_attempt_at_byte_limit(part: str) -> None:
    """The attempt fails long before its deadline, and the receiver could send little."""

    async def steps() -> None:
        async with (
            started_endless(*ENDLESS[part]) as receiver,
            started_dispatcher(timeout=25.0, retry_after=()) as bench,
        ):
            (job,) = bench.end_jobs(receiver.address)
            await bench.dispatcher.idle(DEADLINE)
            (entry,) = bench.dispatcher.log.of(job.id)
            assert entry.status is None
            assert entry.error in {"the answer of the receiver is too long", "the answer is not HTTP or broke off"}
            assert receiver.sent < 8 << 20, "only what fits into the buffers of the sockets"

    run_async(steps)


@pytest.mark.parametrize("part", ENDLESS_BODIES)
def test_endless_body_ends_attempt_at_byte_limit(part: str) -> None:
    """The status decides: it was 200, so the callback is delivered."""

    async def steps() -> None:
        async with (
            started_endless(*ENDLESS_BODIES[part]) as receiver,
            started_dispatcher(timeout=25.0, retry_after=()) as bench,
        ):
            (job,) = bench.end_jobs(receiver.address)
            await bench.dispatcher.idle(DEADLINE)
            (entry,) = bench.dispatcher.log.of(job.id)
            # The client rejects too many trailers, with the whole answer if the head came in the same read.
            assert entry.status in ({200, None} if part == "trailers" else {200})
            assert receiver.sent < 8 << 20

    run_async(steps)


@pytest.mark.parametrize("part", [*ENDLESS, *ENDLESS_BODIES])
def test_slow_endless_answer_ends_at_deadline(part: str) -> None:
    """A byte now and then does not extend the deadline of an attempt."""
    first, repeated = (ENDLESS | ENDLESS_BODIES)[part]

    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        data = first + repeated * 100
        try:
            while data:
                writer.write(data[:4])
                data = data[4:]
                await writer.drain()
                await asyncio.sleep(0.02)
        except (ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    async def steps() -> None:
        server = await asyncio.start_server(drip, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        async with server, started_dispatcher(timeout=0.3, retry_after=()) as bench:
            await bench.dispatcher.wait_for(lambda _: True, DEADLINE)
            began = time.monotonic()
            bench.end_jobs(f"http://127.0.0.1:{port}/")
            await bench.dispatcher.idle(DEADLINE)
            assert time.monotonic() - began < 3.0
            (entry,) = tuple(bench.dispatcher.log)
            assert "within 0.3 s" in entry.error

    run_async(steps)


def test_endless_receivers_stall_nobody() -> None:
    """While sixty attempts end at the byte limit, a good receiver gets its callbacks without delay."""

    async def steps() -> None:
        async with (
            started_endless(*ENDLESS["interim answers"]) as endless,
            started_receiver() as good,
            started_dispatcher(timeout=25.0, retry_after=()) as bench,
        ):
            bench.end_jobs(endless.address, count=60)
            bench.end_jobs(good.address, count=20)
            await bench.dispatcher.wait_for(lambda log: log.delivered == 20, DEADLINE)
            await bench.dispatcher.idle(DEADLINE)
            assert bench.dispatcher.log.attempts == 80

    run_async(steps)


def test_thousand_addresses_of_hanging_host_delay_no_other_host() -> None:
    """Whether the addresses differ in path or in port: the callbacks to another host arrive before any time-out."""

    async def steps() -> None:
        async with (
            started_receiver(blocked=True) as hanging,
            started_receiver(blocked=True) as hanging_port,
            started_receiver() as good,
            started_dispatcher(timeout=20.0, concurrency=20, per_address=8, per_host=12, retry_after=()) as bench,
        ):
            for number in range(500):
                bench.end_jobs(f"{hanging.address}/{number}")
                bench.end_jobs(f"{hanging_port.address}/{number}")
            elsewhere = good.address.replace("127.0.0.1", "localhost")
            bench.end_jobs(elsewhere, count=30)
            began = time.monotonic()
            await bench.dispatcher.wait_for(lambda log: log.delivered == 30, DEADLINE)
            assert time.monotonic() - began < 5.0
            assert hanging.active <= 8
            assert hanging.active + hanging_port.active == 12
            await bench.dispatcher.reset()

    run_async(steps)


@pytest.mark.parametrize(
    "banner",
    [b"SSH-2.0-OpenSSH_9.6 secret-banner\r\n", b"220 secret-banner ESMTP\r\n", b"\x00\x01secret-banner\xff" * 9],
)
def test_banner_of_another_service_is_not_logged(banner: bytes) -> None:
    """The log does not show what listens at a port."""

    async def steps() -> None:
        async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(banner)
            await reader.read(10_000)
            writer.close()

        server = await asyncio.start_server(greet, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        async with server, started_dispatcher(retry_after=()) as bench:
            bench.end_jobs(f"http://127.0.0.1:{port}/")
            await bench.dispatcher.idle(DEADLINE)
            (entry,) = tuple(bench.dispatcher.log)
            assert entry.status is None
            assert entry.error
            assert "secret-banner" not in entry.error
            assert "220" not in entry.error

    run_async(steps)


class RebindingResolver(AbstractResolver):
    """Answers with a public address first, and with that of this machine from then on."""

    def __init__(self, port: int) -> None:
        self.asked = 0
        self._port = port

    async def resolve(
        self,
        host: str,
        port: int = 0,  # noqa: ARG002
        family: socket.AddressFamily = socket.AF_INET,  # noqa: ARG002
    ) -> list[ResolveResult]:
        """Return one address."""
        self.asked += 1
        address = "203.0.114.1" if self.asked == 1 else "127.0.0.1"
        return [ResolveResult(hostname=host, host=address, port=self._port, family=socket.AF_INET, proto=0, flags=0)]

    async def close(self) -> None:
        """Do nothing: the resolver holds no resource."""


async def _posted(
    receiver_port: int, *, times: int, make: Callable[[int], AbstractResolver], **settings: object
) -> str:
    options = DeliverySettings(timeout=0.5, **settings)  # type: ignore[arg-type]
    async with Sender(options, resolver=make(receiver_port)) as sender:
        sender._connector._use_dns_cache = False
        for _ in range(times):
            answer = await sender.post("http://rebinding.example/", b"x", BodyFormat.XML)
    return str(answer.status or answer.error)


def test_name_that_changes_to_private_address_is_not_reached() -> None:
    """The name is public at the check of the rule and private at the connect (DNS rebinding)."""

    async def steps() -> None:
        async with started_receiver() as receiver:
            port = int(receiver.address.rpartition(":")[2])
            error = await _posted(port, times=2, make=RebindingResolver, forbid_private=True)
            assert "intranet" in error
            assert receiver.requests == []
            reached = await _posted(port, times=2, make=RebindingResolver)
            assert reached == "200", "without the setting the second address is used: the test would notice"

    run_async(steps)


@pytest.mark.parametrize("host", ["127.0.0.1", "2130706433", "127.1", "0x7f.1", "[::ffff:127.0.0.1]", "localhost"])
def test_spelling_of_private_address_does_not_matter_at_connect(host: str) -> None:
    """The sender checks the address that the socket would connect to, not its spelling."""

    async def steps() -> None:
        async with started_receiver() as receiver:
            port = receiver.address.rpartition(":")[2]
            async with Sender(DeliverySettings(forbid_private=True, timeout=3.0)) as sender:
                answer = await sender.post(f"http://{host}:{port}/", b"x", BodyFormat.XML)
            assert answer.status is None
            assert receiver.requests == []
            async with Sender(DeliverySettings(forbid_private=True, networks=("127.0.0.0/8",), timeout=3.0)) as sender:
                answer = await sender.post(f"http://127.0.0.1:{port}/", b"x", BodyFormat.XML)
            assert answer.status == 200

    run_async(steps)
