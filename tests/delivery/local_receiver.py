"""A callback receiver on a free local port, as good or as bad as a test wants it, and a room that delivers to it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web

from ciq_mock.callback_rule import BodyFormat
from ciq_mock.clock import Clock, ManualClock
from ciq_mock.delivery import BodyBuilder, CallbackDispatcher
from ciq_mock.engine import CallbackChoice, Engine, EngineRules, Job, JobSpec
from ciq_mock.ids import RandomIds
from ciq_mock.settings import DeliverySettings, RuleMoment
from ciq_schemas.features import Feature
from ciq_schemas.lifecycle import QueueState
from ciq_schemas.values import NotifyConfig

BUCKET = "unit-1250000000"
SOON = 10.0
"""Real seconds within which what must happen has happened."""


def play(story: Callable[[], Awaitable[None]]) -> None:
    """Run a story in an event loop of its own, with a deadline; what the loop could not place is an error."""
    stray: list[object] = []

    async def bounded() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, context: stray.append(context))
        async with asyncio.timeout(30):
            await story()

    asyncio.run(bounded())
    assert not stray, stray


@dataclass(frozen=True)
class Arrival:
    """One request that arrived."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Receiver:
    """Answers with the next of `answers`, then with 200; hangs while `gate` is closed."""

    answers: list[int] = field(default_factory=list)
    arrivals: list[Arrival] = field(default_factory=list)
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b"ok"
    hang_up: bool = False
    inside: int = 0
    most_inside: int = 0
    address: str = ""

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request."""
        body = await request.read()
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.arrivals.append(Arrival(request.method, request.raw_path, headers, body))
        self.inside += 1
        self.most_inside = max(self.most_inside, self.inside)
        try:
            await self.gate.wait()
        finally:
            self.inside -= 1
        if self.hang_up:
            assert request.transport is not None
            request.transport.close()
        status = self.answers.pop(0) if self.answers else 200
        return web.Response(status=status, body=self.body, headers=self.headers)

    @property
    def bodies(self) -> list[str]:
        """All bodies, in order of arrival."""
        return [arrival.body.decode() for arrival in self.arrivals]


@asynccontextmanager
async def receiver(*, answers: Iterable[int] = (), open_gate: bool = True) -> AsyncIterator[Receiver]:
    """A receiver that listens on a free port."""
    it = Receiver(answers=list(answers))
    if open_gate:
        it.gate.set()
    runner = web.ServerRunner(web.Server(it.handle, access_log=None), shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    it.address = f"http://{host}:{port}"
    try:
        yield it
    finally:
        it.gate.set()
        await runner.cleanup()


class Ender:
    """An engine whose jobs end at once, and hands their ends to a room."""

    def __init__(self, room: CallbackDispatcher, clock: Clock) -> None:
        self.room = room
        self.clock = clock
        self.engine = Engine(ids=RandomIds(seed=1), rules=EngineRules(max_size=1_000_000))
        self.queue = self.engine.activate(clock.now(), BUCKET, Feature.MEDIA).queue

    def set_rule(self, **values: str) -> None:
        """Replace the queue's callback rule."""
        self.engine.update_queue(
            self.clock.now(), BUCKET, Feature.MEDIA, self.queue.id,
            name="q", state=QueueState.ACTIVE, notify=NotifyConfig(**values),
        )  # fmt: skip

    def end(self, url: str | None = None, *, count: int = 1, **choice: str) -> list[Job]:
        """Let jobs with this address run and end now."""
        jobs: list[Job] = []
        order = JobSpec(tag="T", callback=CallbackChoice(address=url, **choice))  # type: ignore[arg-type]
        for _ in range(count):
            jobs += self.engine.submit(self.clock.now(), BUCKET, Feature.MEDIA, [order])
        self.hand_over()
        return jobs

    def hand_over(self) -> None:
        """Pass on what the engine has to tell."""
        for event in self.engine.advance(self.clock.now()):
            self.room.on_event(event)


def plain_body(job: Job, body_format: BodyFormat) -> bytes:
    """A body that tells job and format apart."""
    return f"{body_format} {job.id}".encode()


@asynccontextmanager
async def delivery(
    *,
    clock: Clock | None = None,
    build: BodyBuilder = plain_body,
    rule_read_at: RuleMoment = RuleMoment.END,
    **settings: object,
) -> AsyncIterator[Ender]:
    """An open delivery room on a manual clock, with an engine to feed it."""
    clock = clock or ManualClock(start=1000.0)
    room = CallbackDispatcher(
        settings=DeliverySettings(**settings),  # type: ignore[arg-type]
        clock=clock,
        build=build,
        rule_read_at=rule_read_at,
    )
    await room.start()
    try:
        yield Ender(room, clock)
    finally:
        await room.close()
