"""Clocks: actions run once, in order and at their time; a auto-advance clock jumps only when nothing is at work."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from ciq_mock.clock import Clock, ClockKind, ManualClock, ScaledClock, held, make_clock

SOON = 5.0
"""Real seconds within which what must happen has happened."""


async def sleep_until(clock: Clock, when: float) -> None:
    """Wait until the clock shows `when`."""
    reached = asyncio.Event()
    timer = clock.call_at(when, reached.set)
    try:
        await reached.wait()
    finally:
        timer.cancel()


def play(story: Callable[[], Awaitable[None]]) -> None:
    """Run a story in an event loop of its own, with a deadline."""

    async def bounded() -> None:
        async with asyncio.timeout(20):
            await story()

    asyncio.run(bounded())


class Fake:
    """A monotonic clock moved by hand."""

    def __init__(self) -> None:
        self.at = 50.0

    def __call__(self) -> float:
        return self.at


def test_a_scaled_clock_runs_by_its_factor() -> None:
    """One real second is `factor` seconds; the wall clock does not matter."""
    real = Fake()
    clock = ScaledClock(factor=60.0, start=1000.0, monotonic=real)
    assert clock.now() == 1000.0
    real.at += 2.0
    assert clock.now() == 1120.0


@pytest.mark.parametrize("factor", [0.0, -1.0])
def test_a_clock_goes_forward(factor: float) -> None:
    """A factor that would stop or turn time is refused."""
    with pytest.raises(ValueError, match="greater than 0"):
        ScaledClock(factor=factor)


@pytest.mark.parametrize("kind", [ClockKind.REAL, ClockKind.SCALED, ClockKind.MANUAL])
def test_a_clock_is_advanced_through_the_times_in_between(kind: ClockKind) -> None:
    """`advance` runs due actions in order of time, each seeing its own time or a little later, and none beyond."""

    async def story() -> None:
        clock = make_clock(kind, factor=2.0, start=1000.0)
        clock.hold()  # nothing moves by itself meanwhile
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

    play(story)


def test_a_manual_clock_stands_still() -> None:
    """Nothing but `advance` moves it, and an action due already runs without."""

    async def story() -> None:
        clock = ManualClock(start=1000.0)
        ran = asyncio.Event()
        clock.call_at(999.0, ran.set)
        await asyncio.wait_for(ran.wait(), SOON)
        later = asyncio.Event()
        clock.call_at(1001.0, later.set)
        assert clock.now() == 1000.0
        assert await clock.advance(0.5) == 1000.5
        assert not later.is_set()
        assert await clock.advance(0.5) == 1001.0
        assert later.is_set()

    play(story)


def test_a_cancelled_action_takes_nobody_along() -> None:
    """An action due at once and called off does not make the clock jump to the next one."""

    async def story() -> None:
        clock = ManualClock(start=1000.0)
        later = asyncio.Event()
        clock.call_at(1005.0, later.set)
        clock.call_at(1000.0, later.set).cancel()
        await clock.advance(0.0)
        assert not later.is_set()
        assert clock.now() == 1000.0

    play(story)


def test_an_action_runs_although_the_clock_is_held() -> None:
    """What is due already does not wait for those at work: they may be waiting for it."""

    async def story() -> None:
        clock = ManualClock(start=1000.0)
        ran = asyncio.Event()
        clock.call_at(1000.0, ran.set)
        with held(clock):
            await asyncio.wait_for(ran.wait(), SOON)

    play(story)


def test_advance_follows_what_an_action_sets_going() -> None:
    """An action that sets another within the span is followed at that one's own time."""

    async def story() -> None:
        clock = ManualClock(start=0.0)
        seen: list[float] = []

        def again() -> None:
            seen.append(clock.now())
            if len(seen) < 4:
                clock.call_at(clock.now() + 2.0, again)

        clock.call_at(1.0, again)
        await clock.advance(10.0)
        assert seen == [1.0, 3.0, 5.0, 7.0]

    play(story)


def test_advance_waits_for_work_before_the_next_step() -> None:
    """Work that an action begins and that holds the clock is done before time goes on."""

    async def story() -> None:
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

    play(story)


def test_time_cannot_be_taken_back() -> None:
    """A negative advance is refused."""

    async def story() -> None:
        with pytest.raises(ValueError, match="forward only"):
            await ManualClock(start=0.0).advance(-1.0)

    play(story)


def test_a_auto_advance_clock_jumps_to_the_next_due_time() -> None:
    """An hour passes at once, through each due time, and the clock stands again."""

    async def story() -> None:
        clock = ManualClock(auto_advance=True, start=0.0)
        seen: list[float] = []
        done = asyncio.Event()
        clock.call_at(1800.0, lambda: seen.append(clock.now()))
        clock.call_at(3600.0, lambda: seen.append(clock.now()))
        clock.call_at(3600.0, done.set)
        await asyncio.wait_for(done.wait(), SOON)
        assert seen == [1800.0, 3600.0]
        assert clock.now() == 3600.0

    play(story)


def test_a_auto_advance_clock_waits_for_those_at_work() -> None:
    """While one of two holders is at work it does not jump; after the second has released it does."""

    async def story() -> None:
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
        await asyncio.wait_for(reached.wait(), SOON)
        assert clock.now() == 10.0

    play(story)


def test_a_real_clock_calls_back_at_its_time() -> None:
    """The action runs, not before its time."""

    async def story() -> None:
        clock = make_clock(ClockKind.REAL)
        when = clock.now() + 0.02
        await asyncio.wait_for(sleep_until(clock, when), SOON)
        assert clock.now() >= when - 0.001
        clock.close()

    play(story)


def test_an_earlier_action_goes_first_on_a_running_clock() -> None:
    """A timer set later for an earlier time rings first."""

    async def story() -> None:
        clock = ScaledClock(factor=100.0)
        now = clock.now()
        seen: list[str] = []
        done = asyncio.Event()
        clock.call_at(now + 5.0, lambda: seen.append("late"))
        clock.call_at(now + 5.0, done.set)
        clock.call_at(now + 1.0, lambda: seen.append("early"))
        await asyncio.wait_for(done.wait(), SOON)
        assert seen == ["early", "late"]

    play(story)


def test_a_failing_action_does_not_cost_the_others_their_turn() -> None:
    """The error comes out, and the action due at the same time still runs."""

    async def story() -> None:
        clock = ManualClock(start=0.0)
        ran = asyncio.Event()

        def fail() -> None:
            raise RuntimeError("an action failed")

        clock.call_at(1.0, fail)
        clock.call_at(1.0, ran.set)
        with pytest.raises(RuntimeError, match="an action failed"):
            await clock.advance(1.0)
        await asyncio.wait_for(ran.wait(), SOON)

    play(story)


def test_a_closed_clock_calls_nobody() -> None:
    """After `close` no action runs."""

    async def story() -> None:
        clock = ManualClock(start=0.0)
        ran = asyncio.Event()
        clock.call_at(0.0, ran.set)
        clock.close()
        await clock.advance(5.0)
        assert not ran.is_set()

    play(story)


def test_a_new_factor_counts_from_now_on() -> None:
    """Time passed stays as it was; what is still to come comes by the new factor, actions included."""

    async def story() -> None:
        real = Fake()
        clock = ScaledClock(factor=2.0, start=1000.0, monotonic=real)
        real.at += 10.0
        clock.scale(60.0)
        assert clock.now() == 1020.0
        real.at += 1.0
        assert clock.now() == 1080.0
        with pytest.raises(ValueError, match="greater than 0"):
            clock.scale(0.0)
        running = ScaledClock(factor=1.0)
        rung = asyncio.Event()
        running.call_at(running.now() + 3600.0, rung.set)
        running.scale(1e6)
        await asyncio.wait_for(rung.wait(), SOON)

    play(story)
