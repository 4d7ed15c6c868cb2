"""The runner: events reach listeners in order and in time, by themselves, and one listener cannot harm another."""

import asyncio
from collections.abc import Awaitable, Callable

from engine_histories import Bystander

from ciq_mock.clock import Clock, ManualClock, ScaledClock
from ciq_mock.engine import Ended, Engine, Event, JobSpec
from ciq_mock.ids import RandomIds
from ciq_mock.runner import Runner
from ciq_schemas.features import Feature

BUCKET = "unit-1250000000"
MEDIA = Feature.MEDIA


def play(story: Callable[[], Awaitable[None]]) -> None:
    """Run a story in an event loop of its own, with a deadline."""

    async def bounded() -> None:
        async with asyncio.timeout(20):
            await story()

    asyncio.run(bounded())


class Bench:
    """Engine, clock and runner wired together; counts ends."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.engine = Engine(ids=RandomIds(seed=1))
        self.on_job_ended: list[tuple[float, Event]] = []
        self.ended = asyncio.Event()
        self.expected = 0
        self.runner = Runner(engine=self.engine, clock=clock, listeners=[self.hear])
        self.engine.activate(clock.now(), BUCKET, MEDIA)

    def hear(self, event: Event) -> None:
        """Note the event and when it was heard."""
        self.on_job_ended.append((self.clock.now(), event))
        if sum(isinstance(event, Ended) for _, event in self.on_job_ended) == self.expected:
            self.ended.set()

    def submit(self, durations: list[float]) -> None:
        """Submit jobs one by one and wake the runner each time."""
        self.expected += len(durations)
        for duration in durations:
            self.engine.submit(self.clock.now(), BUCKET, MEDIA, [JobSpec(tag="T", duration=duration)])
            self.runner.wake()


def test_jobs_end_by_themselves_on_a_running_clock() -> None:
    """With real time (scaled) every job ends without another command, and the story is legal."""

    async def story() -> None:
        bench = Bench(ScaledClock(factor=50.0))
        bench.submit([0.0, 0.5, 1.0, 2.0] * 10)
        await asyncio.wait_for(bench.ended.wait(), 10)
        Bystander(workers=10).follow([event for _, event in bench.on_job_ended])
        bench.runner.close()

    play(story)


def test_events_are_heard_at_their_times_on_a_manual_clock() -> None:
    """Advanced by hand, each end is heard when the clock shows its time, not at the end of the step."""

    async def story() -> None:
        bench = Bench(ManualClock(start=1000.0))
        bench.submit([1.0, 2.0, 3.5])
        await bench.clock.advance(10.0)
        ends = [(at, event.at) for at, event in bench.on_job_ended if isinstance(event, Ended)]
        assert ends == [(1001.0, 1001.0), (1002.0, 1002.0), (1003.5, 1003.5)]

    play(story)


def test_jobs_end_at_once_on_a_auto_advance_clock() -> None:
    """A job of an hour ends without anybody waiting an hour."""

    async def story() -> None:
        bench = Bench(ManualClock(auto_advance=True, start=0.0))
        bench.submit([3600.0])
        await asyncio.wait_for(bench.ended.wait(), 10)
        assert bench.clock.now() == 3600.0

    play(story)


def test_many_wakes_do_not_pile_up() -> None:
    """A thousand commands while a long job runs leave one alarm, not a thousand."""

    async def story() -> None:
        clock = ManualClock(start=0.0)
        bench = Bench(clock)
        clock.call_at(1800.0, lambda: None)  # keeps whatever comes later out of sight
        bench.submit([3600.0])
        for _ in range(1000):
            bench.submit([7200.0])
            await asyncio.sleep(0)
        await clock.advance(0.0)
        assert len(clock._heap) <= 3

    play(story)


def test_a_failing_listener_does_not_silence_the_others() -> None:
    """Its error reaches the loop's handler; the other listener hears all events, then and later."""

    async def story() -> None:
        clock = ManualClock(start=0.0)
        engine = Engine(ids=RandomIds(seed=1))
        on_job_ended: list[Event] = []
        errors: list[object] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, context: errors.append(context["exception"]))

        def fail(_: Event) -> None:
            raise RuntimeError("listener failed")

        runner = Runner(engine=engine, clock=clock, listeners=[fail, on_job_ended.append])
        engine.activate(0.0, BUCKET, MEDIA)
        runner.wake()
        await clock.advance(0.0)
        engine.activate(0.0, BUCKET, Feature.DOC)
        runner.wake()
        await clock.advance(0.0)
        assert len(on_job_ended) == 2
        assert len(errors) == 2
        assert all(isinstance(error, ExceptionGroup) for error in errors)

    play(story)


def test_a_closed_runner_is_silent() -> None:
    """After `close` no event is passed on and the clock is free."""

    async def story() -> None:
        bench = Bench(ManualClock(start=0.0))
        bench.submit([1.0])
        bench.runner.close()
        bench.runner.wake()
        await bench.clock.advance(5.0)
        assert bench.on_job_ended == []

    play(story)
