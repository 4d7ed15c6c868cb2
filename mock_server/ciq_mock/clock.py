"""Clocks: real, scaled, manual and auto-advance. One clock drives jobs, timestamps, callbacks and their retries.

A clock returns the time (epoch seconds) and runs actions when they are due. Work in progress (a request, a callback)
holds the clock: an auto-advance clock then does not jump, and `advance` waits for the consequences of each step.
Network time-outs do not use the clock; they are real time. Call all methods in the thread of the event loop.
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
"""Turns of the event loop in which the consequences of an action may begin before the clock counts as idle."""
_GRACE = 0.002


class ClockKind(StrEnum):
    """The clocks that a mock can use."""

    REAL = "real"
    SCALED = "scaled"
    """Runs `factor` times as fast."""
    AUTO_ADVANCE = "auto-advance"
    """Stops while work is in progress, then jumps to the next due time."""
    MANUAL = "manual"
    """Moves only by `advance`."""


class Timer:
    """A scheduled action."""

    __slots__ = ("action", "cancelled", "when")

    def __init__(self, when: float, action: Callable[[], None]) -> None:
        self.when = when
        self.action = action
        self.cancelled = False

    def cancel(self) -> None:
        """Cancel the action; no effect when it has already run."""
        self.cancelled = True


class Clock(Protocol):
    """The interface of a clock."""

    def now(self) -> float:
        """Return epoch seconds; they never decrease."""
        ...

    def call_at(self, when: float, action: Callable[[], None]) -> Timer:
        """Run `action` once, in the event loop, at `when`; as soon as possible when that is in the past."""
        ...

    def hold(self) -> None:
        """Note that work has begun; pairs with `release`."""
        ...

    def release(self) -> None:
        """Note that the work has ended."""
        ...

    async def advance(self, seconds: float) -> float:
        """Advance by `seconds`, through every due action and its consequences; return the new time."""
        ...

    def close(self) -> None:
        """Cancel all scheduled actions."""
        ...


@contextmanager
def held(clock: Clock) -> Iterator[None]:
    """Hold the clock during a block."""
    clock.hold()
    try:
        yield
    finally:
        clock.release()


class _Timers(ABC):
    """The scheduled actions, and the number of holders. Subclasses define how time passes."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Timer]] = []
        self._count = 0
        self._holders = 0
        self._not_held = asyncio.Event()
        self._not_held.set()
        self._loop_timer: asyncio.TimerHandle | None = None

    @abstractmethod
    def now(self) -> float:
        """Return epoch seconds."""

    @abstractmethod
    def _arm(self) -> None:
        """Set a timer of the event loop for the next due time, if this clock moves without `advance`."""

    @abstractmethod
    def _move_to(self, when: float) -> None:
        """Set the clock forward to `when`."""

    def call_at(self, when: float, action: Callable[[], None]) -> Timer:
        timer = Timer(when, action)
        self._count += 1
        heappush(self._heap, (when, self._count, timer))
        self._arm()
        return timer

    def hold(self) -> None:
        self._holders += 1
        if self._holders == 1:
            self._not_held.clear()

    def release(self) -> None:
        self._holders -= 1
        if self._holders == 0:
            self._not_held.set()
            self._arm()

    async def advance(self, seconds: float) -> float:
        if seconds < 0:
            raise ValueError(f"a clock advances forward only: {seconds} s is less than 0")
        await self._wait_until_idle()
        target = self.now() + seconds
        while (due := self._next_due()) is not None and due <= target:
            self._move_to(max(due, self.now()))
            self._run_due(due)
            await self._wait_until_idle()
        self._move_to(max(target, self.now()))
        self._arm()
        return self.now()

    def close(self) -> None:
        self._heap.clear()
        self._disarm()

    def _disarm(self) -> None:
        if self._loop_timer is not None:
            self._loop_timer.cancel()
            self._loop_timer = None

    def _next_due(self) -> float | None:
        while self._heap and self._heap[0][2].cancelled:
            heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def _run_due(self, now: float) -> None:
        """Run the actions due by `now`, without those that they schedule themselves."""
        due: deque[Timer] = deque()
        while (when := self._next_due()) is not None and when <= now:
            due.append(heappop(self._heap)[2])
        try:
            while due:
                timer = due.popleft()
                if not timer.cancelled:
                    timer.action()
        finally:
            for timer in due:  # an action failed: schedule the remaining ones again
                self.call_at(timer.when, timer.action)
            self._arm()

    async def _wait_until_idle(self) -> None:
        while True:
            for _ in range(_TURNS):
                await asyncio.sleep(0)
            if self._holders == 0:
                return
            await self._not_held.wait()


class ScaledClock(_Timers):
    """Real time, `factor` times as fast, from `start` (epoch seconds; default: the wall clock's time).

    Uses the monotonic clock, so changes of the wall clock have no effect.
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

    @property
    def factor(self) -> float:
        """How many times as fast as real time the clock runs; 0 = stopped."""
        return self._factor

    def scale(self, factor: float) -> None:
        """Run `factor` times as fast from now on; 0 stops the clock, which then moves by `advance` only."""
        if not factor >= 0:
            raise ValueError(f"a clock's factor must be at least 0, not {factor}")
        self._origin, self._zero = self.now(), self._monotonic()
        self._factor = factor
        self._disarm()
        self._arm()

    def _move_to(self, when: float) -> None:
        self._origin += max(0.0, when - self.now())
        self._disarm()

    def _arm(self) -> None:
        due = self._next_due()
        if self._loop_timer is not None and due == self._armed_for:
            return
        self._disarm()
        left = 0.0 if due is None else max(0.0, due - self.now())
        if due is not None and (self._factor or not left):
            delay = left / self._factor if left else 0.0
            self._loop_timer = asyncio.get_running_loop().call_later(delay, self._on_loop_timer)
            self._armed_for = due

    def _on_loop_timer(self) -> None:
        self._loop_timer = None
        self._run_due(self.now())


class ManualClock(_Timers):
    """Moves only by `advance`. With `auto_advance` it jumps to the next due time when no work is in progress.

    `grace` is how long (real seconds) the mock must be idle before the jump, so that a client can send its next request
    first.
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
            self._loop_timer = asyncio.get_running_loop().call_later(0.0, self._on_loop_timer)
        elif self._loop_timer is None:
            self._loop_timer = asyncio.get_running_loop().call_later(self._grace, self._on_loop_timer)

    def _on_loop_timer(self) -> None:
        self._loop_timer = None
        due = self._next_due()
        if due is None:
            return
        if due > self._now and (self._holders > 0 or not self._auto_advance):
            return
        self._move_to(due)
        self._run_due(self._now)


def make_clock(kind: ClockKind, *, factor: float = 1.0, start: float | None = None) -> Clock:
    """Return a clock of that kind; must be called in the event loop."""
    match kind:
        case ClockKind.REAL:
            return ScaledClock(start=start)
        case ClockKind.SCALED:
            return ScaledClock(factor=factor, start=start)
        case ClockKind.AUTO_ADVANCE:
            return ManualClock(auto_advance=True, start=start)
        case ClockKind.MANUAL:
            return ManualClock(start=start)
