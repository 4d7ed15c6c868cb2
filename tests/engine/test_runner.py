"""The runner: listeners receive events in order and in time, and a failing listener does not affect the others."""

import asyncio
from collections.abc import Awaitable, Callable

from engine_histories import EventChecker

from ciq_mock.clock import Clock, ManualClock, ScaledClock
from ciq_mock.engine import Ended, Engine, Event, JobSpec
from ciq_mock.ids import RandomIds
from ciq_mock.runner import Runner
from ciq_schemas.features import Feature

BUCKET = "unit-1250000000"
MEDIA = Feature.MEDIA


def run_async(steps: Callable[[], Awaitable[None]]) -> None:
    """Run a coroutine in a new event loop with a deadline."""

    async def bounded() -> None:
        async with asyncio.timeout(20):
            await steps()

    asyncio.run(bounded())


class RunnerBench:
    """An engine, a clock and a runner; counts the ends."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.engine = Engine(ids=RandomIds(seed=1))
        self.received: list[tuple[float, Event]] = []
        self.ended = asyncio.Event()
        self.expected = 0
        self.runner = Runner(engine=self.engine, clock=clock, listeners=[self.receive])
        self.engine.activate(clock.now(), BUCKET, MEDIA)

    def receive(self, event: Event) -> None:
        """Store the event with the time of the clock."""
        self.received.append((self.clock.now(), event))
        if sum(isinstance(event, Ended) for _, event in self.received) == self.expected:
            self.ended.set()

    def submit(self, durations: list[float]) -> None:
        """Submit jobs one by one and wake the runner each time."""
        self.expected += len(durations)
        for duration in durations:
            self.engine.submit(self.clock.now(), BUCKET, MEDIA, [JobSpec(tag="T", duration=duration)])
            self.runner.wake()


def test_jobs_on_scaled_clock_end_without_commands() -> None:
    """Every job ends, and the events follow the documented rules."""

    async def steps() -> None:
        bench = RunnerBench(ScaledClock(factor=50.0))
        bench.submit([0.0, 0.5, 1.0, 2.0] * 10)
        await asyncio.wait_for(bench.ended.wait(), 10)
        EventChecker(workers=10).follow([event for _, event in bench.received])
        bench.runner.close()

    run_async(steps)


def test_events_on_manual_clock_arrive_at_their_times() -> None:
    """A listener receives each end when the clock shows its time, not at the end of the advance."""

    async def steps() -> None:
        bench = RunnerBench(ManualClock(start=1000.0))
        bench.submit([1.0, 2.0, 3.5])
        await bench.clock.advance(10.0)
        ends = [(at, event.at) for at, event in bench.received if isinstance(event, Ended)]
        assert ends == [(1001.0, 1001.0), (1002.0, 1002.0), (1003.5, 1003.5)]

    run_async(steps)


def test_long_job_on_auto_advance_clock_ends_at_once() -> None:
    """A job of an hour ends without a real wait."""

    async def steps() -> None:
        bench = RunnerBench(ManualClock(auto_advance=True, start=0.0))
        bench.submit([3600.0])
        await asyncio.wait_for(bench.ended.wait(), 10)
        assert bench.clock.now() == 3600.0

    run_async(steps)


def test_many_wakes_leave_one_timer() -> None:
    """A thousand commands while a long job runs leave one timer."""

    async def steps() -> None:
        clock = ManualClock(start=0.0)
        bench = RunnerBench(clock)
        clock.call_at(1800.0, lambda: None)  # hides later events
        bench.submit([3600.0])
        for _ in range(1000):
            bench.submit([7200.0])
            await asyncio.sleep(0)
        await clock.advance(0.0)
        assert len(clock._heap) <= 3

    run_async(steps)


def test_failing_listener_does_not_affect_other_listeners() -> None:
    """Its error reaches the loop's handler; the other listener receives all events, then and later."""

    async def steps() -> None:
        clock = ManualClock(start=0.0)
        engine = Engine(ids=RandomIds(seed=1))
        received: list[Event] = []
        errors: list[object] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, context: errors.append(context["exception"]))

        def fail(_: Event) -> None:
            raise RuntimeError("listener failed")

        runner = Runner(engine=engine, clock=clock, listeners=[fail, received.append])
        engine.activate(0.0, BUCKET, MEDIA)
        runner.wake()
        await clock.advance(0.0)
        engine.activate(0.0, BUCKET, Feature.DOC)
        runner.wake()
        await clock.advance(0.0)
        assert len(received) == 2
        assert len(errors) == 2
        assert all(isinstance(error, ExceptionGroup) for error in errors)

    run_async(steps)


def test_closed_runner_passes_no_events() -> None:
    """After `close` the runner does not hold the clock either."""

    async def steps() -> None:
        bench = RunnerBench(ManualClock(start=0.0))
        bench.submit([1.0])
        bench.runner.close()
        bench.runner.wake()
        await bench.clock.advance(5.0)
        assert bench.received == []

    run_async(steps)
