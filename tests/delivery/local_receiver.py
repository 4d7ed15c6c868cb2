"""A local HTTP receiver with configurable responses, and a callback dispatcher with an engine that sends to it."""

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
DEADLINE = 10.0
"""Real seconds after which a wait fails."""


def run_async(steps: Callable[[], Awaitable[None]]) -> None:
    """Run a coroutine in a new event loop with a deadline. An exception that reaches the loop's handler is an error."""
    unhandled: list[object] = []

    async def bounded() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, context: unhandled.append(context))
        async with asyncio.timeout(30):
            await steps()

    asyncio.run(bounded())
    assert not unhandled, unhandled


@dataclass(frozen=True)
class ReceivedRequest:
    """One received request."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Receiver:
    """Responds with the next of `answers`, then with 200; does not respond while `unblocked` is not set."""

    answers: list[int] = field(default_factory=list)
    requests: list[ReceivedRequest] = field(default_factory=list)
    unblocked: asyncio.Event = field(default_factory=asyncio.Event)
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b"ok"
    hang_up: bool = False
    active: int = 0
    most_active: int = 0
    address: str = ""

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Respond to one request."""
        body = await request.read()
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.requests.append(ReceivedRequest(request.method, request.raw_path, headers, body))
        self.active += 1
        self.most_active = max(self.most_active, self.active)
        try:
            await self.unblocked.wait()
        finally:
            self.active -= 1
        if self.hang_up:
            assert request.transport is not None
            request.transport.close()
        status = self.answers.pop(0) if self.answers else 200
        return web.Response(status=status, body=self.body, headers=self.headers)

    @property
    def bodies(self) -> list[str]:
        """The bodies of all requests in order of arrival."""
        return [request.body.decode() for request in self.requests]


@asynccontextmanager
async def started_receiver(*, answers: Iterable[int] = (), blocked: bool = False) -> AsyncIterator[Receiver]:
    """Start a receiver on a free port; with `blocked` it does not respond until `unblocked` is set."""
    started = Receiver(answers=list(answers))
    if not blocked:
        started.unblocked.set()
    runner = web.ServerRunner(web.Server(started.handle, access_log=None), shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    started.address = f"http://{host}:{port}"
    try:
        yield started
    finally:
        started.unblocked.set()
        await runner.cleanup()


class DispatcherBench:
    """An engine whose jobs end at once; it passes their events to a dispatcher."""

    def __init__(self, dispatcher: CallbackDispatcher, clock: Clock) -> None:
        self.dispatcher = dispatcher
        self.clock = clock
        self.engine = Engine(ids=RandomIds(seed=1), rules=EngineRules(max_size=1_000_000))
        self.queue = self.engine.activate(clock.now(), BUCKET, Feature.MEDIA).queue

    def set_rule(self, **values: str) -> None:
        """Replace the queue's callback rule."""
        self.engine.update_queue(
            self.clock.now(), BUCKET, Feature.MEDIA, self.queue.id,
            name="q", state=QueueState.ACTIVE, notify=NotifyConfig(**values),
        )  # fmt: skip

    def end_jobs(self, url: str | None = None, *, count: int = 1, **choice: str) -> list[Job]:
        """Submit `count` jobs with this callback address; they run and end now."""
        jobs: list[Job] = []
        spec = JobSpec(tag="T", callback=CallbackChoice(address=url, **choice))  # type: ignore[arg-type]
        for _ in range(count):
            jobs += self.engine.submit(self.clock.now(), BUCKET, Feature.MEDIA, [spec])
        self.pass_events()
        return jobs

    def pass_events(self) -> None:
        """Pass the engine's new events to the dispatcher."""
        for event in self.engine.advance(self.clock.now()):
            self.dispatcher.on_event(event)


def plain_body(job: Job, body_format: BodyFormat) -> bytes:
    """A body that contains the format and the job's id."""
    return f"{body_format} {job.id}".encode()


@asynccontextmanager
async def started_dispatcher(
    *,
    clock: Clock | None = None,
    build: BodyBuilder = plain_body,
    rule_read_at: RuleMoment = RuleMoment.END,
    **settings: object,
) -> AsyncIterator[DispatcherBench]:
    """Start a dispatcher on a manual clock, with an engine that feeds it."""
    clock = clock or ManualClock(start=1000.0)
    dispatcher = CallbackDispatcher(
        settings=DeliverySettings(**settings),  # type: ignore[arg-type]
        clock=clock,
        build=build,
        rule_read_at=rule_read_at,
    )
    await dispatcher.start()
    try:
        yield DispatcherBench(dispatcher, clock)
    finally:
        await dispatcher.close()
