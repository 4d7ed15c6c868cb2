"""Clocks: real, scaled, manual and auto-advance. One clock moves jobs, stamps, callbacks and their retries.

A clock gives the time (epoch seconds) and calls actions back at times. Whatever is at work (a request being
answered, a callback on its way) holds the clock, so that a auto-advance clock jumps only when nothing else is going on
and `advance` waits for the consequences of each step. Network time-outs are not the clock's: they are real time.
All methods belong to the thread of the event loop.
"""

import asyncio
import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from heapq import heappop, heappush
from typing import Protocol

_TURNS = 8
"""Turns of the event loop given to what an action has set going before the clock counts as quiet."""
_GRACE = 0.002


class ClockKind(StrEnum):
    """The clocks a mock can run by."""

    REAL = "real"
    SCALED = "scaled"
    """Runs `factor` times as fast."""
    AUTO_ADVANCE = "auto-advance"
    """Stands still while anything is at work, then jumps to the next due time."""
    MANUAL = "manual"
    """Stands still until `advance`."""


class Timer:
    """An action to come."""

    __slots__ = ("action", "cancelled", "when")

    def __init__(self, when: float, action: Callable[[], None]) -> None:
        self.when = when
        self.action = action
        self.cancelled = False

    def cancel(self) -> None:
        """Call the action off; harmless when it has run."""
        self.cancelled = True


class Clock(Protocol):
    """What the mock needs of time."""

    def now(self) -> float:
        """Epoch seconds; never runs backwards."""
        ...

    def call_at(self, when: float, action: Callable[[], None]) -> Timer:
        """Call `action` once, in the event loop, when the time is `when` or as soon as possible if past."""
        ...

    def hold(self) -> None:
        """Something is at work; pairs with `release`."""
        ...

    def release(self) -> None:
        """It is done."""
        ...

    async def advance(self, seconds: float) -> float:
        """Move on by hand, through every due time in between and its consequences; returns the new time."""
        ...

    def close(self) -> None:
        """Forget all actions to come."""
        ...


@contextmanager
def held(clock: Clock) -> Iterator[None]:
    """Hold the clock for the length of a block."""
    clock.hold()
    try:
        yield
    finally:
        clock.release()


class _Timers(ABC):
    """The actions to come, and who holds the clock. Subclasses say how time passes."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Timer]] = []
        self._count = 0
        self._holders = 0
        self._free = asyncio.Event()
        self._free.set()
        self._alarm: asyncio.TimerHandle | None = None

    @abstractmethod
    def now(self) -> float:
        """Epoch seconds."""

    @abstractmethod
    def _arm(self) -> None:
        """Set the alarm of the event loop for the next due time, if this clock moves by itself."""

    @abstractmethod
    def _move_to(self, when: float) -> None:
        """Put the clock forward to `when`."""

    def call_at(self, when: float, action: Callable[[], None]) -> Timer:
        timer = Timer(when, action)
        self._count += 1
        heappush(self._heap, (when, self._count, timer))
        self._arm()
        return timer

    def hold(self) -> None:
        self._holders += 1
        if self._holders == 1:
            self._free.clear()

    def release(self) -> None:
        self._holders -= 1
        if self._holders == 0:
            self._free.set()
            self._arm()

    async def advance(self, seconds: float) -> float:
        if seconds < 0:
            raise ValueError(f"time goes forward only: {seconds} s is less than 0")
        await self._quiet()
        target = self.now() + seconds
        while (due := self._next_due()) is not None and due <= target:
            self._move_to(max(due, self.now()))
            self._run_due(due)
            await self._quiet()
        self._move_to(max(target, self.now()))
        self._arm()
        return self.now()

    def close(self) -> None:
        self._heap.clear()
        self._disarm()

    def _disarm(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None

    def _next_due(self) -> float | None:
        while self._heap and self._heap[0][2].cancelled:
            heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def _run_due(self, now: float) -> None:
        """Run the actions due by `now`, and not those they set in turn."""
        due: deque[Timer] = deque()
        while (when := self._next_due()) is not None and when <= now:
            due.append(heappop(self._heap)[2])
        try:
            while due:
                timer = due.popleft()
                if not timer.cancelled:
                    timer.action()
        finally:
            for timer in due:  # an action failed: the others keep their turn
                self.call_at(timer.when, timer.action)
            self._arm()

    async def _quiet(self) -> None:
        while True:
            for _ in range(_TURNS):
                await asyncio.sleep(0)
            if self._holders == 0:
                return
            await self._free.wait()


class ScaledClock(_Timers):
    """Real time, `factor` times as fast, from `start` (epoch seconds; default: the wall clock's now).

    Runs on the monotonic clock, so a stepped wall clock does not disturb it.
    """

    def __init__(
        self,
        *,
        factor: float = 1.0,
        start: float | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        if not factor > 0:
            raise ValueError(f"a clock's factor must be greater than 0, not {factor}")
        super().__init__()
        self._factor = factor
        self._monotonic = monotonic
        self._origin = time.time() if start is None else start
        self._zero = monotonic()
        self._armed_for = 0.0

    def now(self) -> float:
        return self._origin + (self._monotonic() - self._zero) * self._factor

    def scale(self, factor: float) -> None:
        """Run `factor` times as fast from now on."""
        if not factor > 0:
            raise ValueError(f"a clock's factor must be greater than 0, not {factor}")
        self._origin, self._zero = self.now(), self._monotonic()
        self._factor = factor
        self._disarm()
        self._arm()

    def _move_to(self, when: float) -> None:
        self._origin += max(0.0, when - self.now())
        self._disarm()

    def _arm(self) -> None:
        due = self._next_due()
        if self._alarm is not None and due == self._armed_for:
            return
        self._disarm()
        if due is not None:
            delay = max(0.0, (due - self.now()) / self._factor)
            self._alarm = asyncio.get_running_loop().call_later(delay, self._ring)
            self._armed_for = due

    def _ring(self) -> None:
        self._alarm = None
        self._run_due(self.now())


class ManualClock(_Timers):
    """Stands still. With `auto_advance` it jumps to the next due time once nothing is at work.

    `grace` is how long (real seconds) nothing may be at work before the jump: a client that answers one thing with
    another gets its word in.
    """

    def __init__(self, *, auto_advance: bool = False, start: float | None = None, grace: float = _GRACE) -> None:
        super().__init__()
        self._now = time.time() if start is None else start
        self._auto_advance = auto_advance
        self._grace = grace

    def now(self) -> float:
        return self._now

    def hold(self) -> None:
        super().hold()
        due = self._next_due()
        if due is not None and due > self._now:
            self._disarm()

    def _move_to(self, when: float) -> None:
        self._now = max(self._now, when)

    def _arm(self) -> None:
        due = self._next_due()
        overdue = due is not None and due <= self._now
        if due is None or not (overdue or (self._auto_advance and self._holders == 0)):
            self._disarm()
        elif overdue:
            self._disarm()
            self._alarm = asyncio.get_running_loop().call_later(0.0, self._ring)
        elif self._alarm is None:
            self._alarm = asyncio.get_running_loop().call_later(self._grace, self._ring)

    def _ring(self) -> None:
        self._alarm = None
        due = self._next_due()
        if due is None:
            return
        if due > self._now and (self._holders > 0 or not self._auto_advance):
            return
        self._move_to(due)
        self._run_due(self._now)


def make_clock(kind: ClockKind, *, factor: float = 1.0, start: float | None = None) -> Clock:
    """The clock of that kind; call it inside the event loop."""
    match kind:
        case ClockKind.REAL:
            return ScaledClock(start=start)
        case ClockKind.SCALED:
            return ScaledClock(factor=factor, start=start)
        case ClockKind.AUTO_ADVANCE:
            return ManualClock(auto_advance=True, start=start)
        case ClockKind.MANUAL:
            return ManualClock(start=start)
