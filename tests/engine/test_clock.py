"""Clocks: actions run once, in order and at their time; an auto-advance clock advances only when it is not held."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from ciq_mock.clock import Clock, ClockKind, ManualClock, ScaledClock, held, make_clock

DEADLINE = 5.0
"""Real seconds after which a wait fails."""


async def sleep_until(clock: Clock, when: float) -> None:
    """Wait until the clock shows `when`."""
    reached = asyncio.Event()
    timer = clock.call_at(when, reached.set)
    try:
        await reached.wait()
    finally:
        timer.cancel()


def run_async(steps: Callable[[], Awaitable[None]]) -> None:
    """Run a coroutine in a new event loop with a deadline."""

    async def bounded() -> None:
        async with asyncio.timeout(20):
            await steps()

    asyncio.run(bounded())


class FakeMonotonic:
    """A monotonic clock that the test sets."""

    def __init__(self) -> None:
        self.at = 50.0

    def __call__(self) -> float:
        return self.at


def test_scaled_clock_advances_by_factor() -> None:
    """One real second is `factor` seconds; the wall clock has no effect."""
    real = FakeMonotonic()
    clock = ScaledClock(factor=60.0, start=1000.0, monotonic=real)
    assert clock.now() == 1000.0
    real.at += 2.0
    assert clock.now() == 1120.0


@pytest.mark.parametrize("factor", [0.0, -1.0])
def test_factor_of_zero_or_less_is_refused(factor: float) -> None:
    """A clock cannot stop or run backwards."""
    with pytest.raises(ValueError, match="greater than 0"):
        ScaledClock(factor=factor)


@pytest.mark.parametrize("kind", [ClockKind.REAL, ClockKind.SCALED, ClockKind.MANUAL])
def test_advance_runs_due_actions_in_order_of_time(kind: ClockKind) -> None:
    """Each action sees its own time or a little later; later actions do not run."""

    async def steps() -> None:
        clock = make_clock(kind, factor=2.0, start=1000.0)
        clock.hold()  # the clock does not move without `advance`
        seen: list[tuple[str, float]] = []
        for name, when in (("c", 1300.0), ("a", 1100.0), ("b", 1200.0), ("z", 1e9)):
            clock.call_at(when, lambda name=name: seen.append((name, clock.now())))  # type: ignore[misc]
        clock.call_at(1150.0, lambda: seen.append(("never", 0.0))).cancel()
        clock.release()
        after = await clock.advance(400.0)
        assert [name for name, _ in seen] == ["a", "b", "c"]
        for (_, at), when in zip(seen, (1100.0, 1200.0, 1300.0), strict=True):
            assert when <= at < when + 60.0
        assert after >= 1400.0
        clock.close()

    run_async(steps)


def test_manual_clock_moves_only_by_advance() -> None:
    """An action that is already due runs without it."""

    async def steps() -> None:
        clock = ManualClock(start=1000.0)
        ran = asyncio.Event()
        clock.call_at(999.0, ran.set)
        await asyncio.wait_for(ran.wait(), DEADLINE)
        later = asyncio.Event()
        clock.call_at(1001.0, later.set)
        assert clock.now() == 1000.0
        assert await clock.advance(0.5) == 1000.5
        assert not later.is_set()
        assert await clock.advance(0.5) == 1001.0
        assert later.is_set()

    run_async(steps)


def test_cancelled_action_does_not_advance_clock() -> None:
    """An action that is due at once and cancelled does not make the clock advance to the next one."""

    async def steps() -> None:
        clock = ManualClock(start=1000.0)
        later = asyncio.Event()
        clock.call_at(1005.0, later.set)
        clock.call_at(1000.0, later.set).cancel()
        await clock.advance(0.0)
        assert not later.is_set()
        assert clock.now() == 1000.0

    run_async(steps)


def test_due_action_on_held_clock_runs() -> None:
    """A due action does not wait for the holders, because a holder may wait for it."""

    async def steps() -> None:
        clock = ManualClock(start=1000.0)
        ran = asyncio.Event()
        clock.call_at(1000.0, ran.set)
        with held(clock):
            await asyncio.wait_for(ran.wait(), DEADLINE)

    run_async(steps)


def test_action_scheduled_during_advance_runs_at_its_time() -> None:
    """An action that an earlier action schedules within the span runs at its own time."""

    async def steps() -> None:
        clock = ManualClock(start=0.0)
        seen: list[float] = []

        def schedule_next() -> None:
            seen.append(clock.now())
            if len(seen) < 4:
                clock.call_at(clock.now() + 2.0, schedule_next)

        clock.call_at(1.0, schedule_next)
        await clock.advance(10.0)
        assert seen == [1.0, 3.0, 5.0, 7.0]

    run_async(steps)


def test_advance_waits_for_holder_before_next_action() -> None:
    """Work that an action starts and that holds the clock ends before time advances."""

    async def steps() -> None:
        clock = ManualClock(start=0.0)
        seen: list[tuple[str, float]] = []
        tasks: list[asyncio.Task[None]] = []

        async def work() -> None:
            for _ in range(50):
                await asyncio.sleep(0)
            seen.append(("worked", clock.now()))
            clock.release()

        def begin() -> None:
            clock.hold()
            tasks.append(asyncio.get_running_loop().create_task(work()))

        clock.call_at(1.0, begin)
        clock.call_at(2.0, lambda: seen.append(("next", clock.now())))
        await clock.advance(5.0)
        assert seen == [("worked", 1.0), ("next", 2.0)]

    run_async(steps)


def test_negative_advance_is_refused() -> None:
    """A clock cannot run backwards."""

    async def steps() -> None:
        with pytest.raises(ValueError, match="forward only"):
            await ManualClock(start=0.0).advance(-1.0)

    run_async(steps)


def test_auto_advance_clock_advances_to_next_due_time() -> None:
    """An hour passes at once, through each due time; then the clock stops."""

    async def steps() -> None:
        clock = ManualClock(auto_advance=True, start=0.0)
        seen: list[float] = []
        done = asyncio.Event()
        clock.call_at(1800.0, lambda: seen.append(clock.now()))
        clock.call_at(3600.0, lambda: seen.append(clock.now()))
        clock.call_at(3600.0, done.set)
        await asyncio.wait_for(done.wait(), DEADLINE)
        assert seen == [1800.0, 3600.0]
        assert clock.now() == 3600.0

    run_async(steps)


def test_held_auto_advance_clock_does_not_advance() -> None:
    """It advances after the second of two holders has released it."""

    async def steps() -> None:
        clock = ManualClock(auto_advance=True, start=0.0, grace=0.0)
        reached = asyncio.Event()
        clock.hold()
        clock.hold()
        clock.call_at(10.0, reached.set)
        for _ in range(100):
            await asyncio.sleep(0)
        clock.release()
        for _ in range(100):
            await asyncio.sleep(0)
        assert not reached.is_set()
        assert clock.now() == 0.0
        clock.release()
        await asyncio.wait_for(reached.wait(), DEADLINE)
        assert clock.now() == 10.0

    run_async(steps)


def test_real_clock_runs_action_not_before_its_time() -> None:
    """The action runs."""

    async def steps() -> None:
        clock = make_clock(ClockKind.REAL)
        when = clock.now() + 0.02
        await asyncio.wait_for(sleep_until(clock, when), DEADLINE)
        assert clock.now() >= when - 0.001
        clock.close()

    run_async(steps)


def test_action_with_earlier_time_runs_first() -> None:
    """A timer that is set later for an earlier time runs first."""

    async def steps() -> None:
        clock = ScaledClock(factor=100.0)
        now = clock.now()
        seen: list[str] = []
        done = asyncio.Event()
        clock.call_at(now + 5.0, lambda: seen.append("late"))
        clock.call_at(now + 5.0, done.set)
        clock.call_at(now + 1.0, lambda: seen.append("early"))
        await asyncio.wait_for(done.wait(), DEADLINE)
        assert seen == ["early", "late"]

    run_async(steps)


def test_failing_action_does_not_stop_other_actions() -> None:
    """The error is raised, and the action that is due at the same time still runs."""

    async def steps() -> None:
        clock = ManualClock(start=0.0)
        ran = asyncio.Event()

        def fail() -> None:
            raise RuntimeError("an action failed")

        clock.call_at(1.0, fail)
        clock.call_at(1.0, ran.set)
        with pytest.raises(RuntimeError, match="an action failed"):
            await clock.advance(1.0)
        await asyncio.wait_for(ran.wait(), DEADLINE)

    run_async(steps)


def test_closed_clock_runs_no_action() -> None:
    """After `close` no action runs."""

    async def steps() -> None:
        clock = ManualClock(start=0.0)
        ran = asyncio.Event()
        clock.call_at(0.0, ran.set)
        clock.close()
        await clock.advance(5.0)
        assert not ran.is_set()

    run_async(steps)


def test_changed_factor_applies_to_future_time_only() -> None:
    """The time that has passed stays; future times, actions included, follow the new factor."""

    async def steps() -> None:
        real = FakeMonotonic()
        clock = ScaledClock(factor=2.0, start=1000.0, monotonic=real)
        real.at += 10.0
        clock.scale(60.0)
        assert clock.now() == 1020.0
        real.at += 1.0
        assert clock.now() == 1080.0
        with pytest.raises(ValueError, match="at least 0"):
            clock.scale(-1.0)
        running = ScaledClock(factor=1.0)
        rung = asyncio.Event()
        running.call_at(running.now() + 3600.0, rung.set)
        running.scale(1e6)
        await asyncio.wait_for(rung.wait(), DEADLINE)

    run_async(steps)


def test_stopped_clock_moves_by_advance_only() -> None:
    """A factor of 0 stops the time and all timers; what is due already runs."""

    async def steps() -> None:
        real = FakeMonotonic()
        clock = ScaledClock(start=1000.0, monotonic=real)
        clock.scale(0.0)
        seen: list[float] = []
        clock.call_at(1000.0, lambda: seen.append(clock.now()))
        clock.call_at(1005.0, lambda: seen.append(clock.now()))
        real.at += 100.0
        await asyncio.wait_for(_until(lambda: bool(seen)), 5)
        assert clock.now() == 1000.0
        await clock.advance(6.0)
        assert (seen, clock.now()) == ([1000.0, 1005.0], 1006.0)
        clock.scale(1.0)
        real.at += 1.0
        assert clock.now() == 1007.0
        clock.close()

    asyncio.run(steps())


async def _until(condition: Callable[[], bool]) -> None:
    while not condition():
        await asyncio.sleep(0)
