"""The driver of the engine: advances it when something is due or was commanded, and passes its events on.

Knows engine and clock. Must not know HTTP, what listeners do with an event, or how events are kept.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Protocol

from ciq_mock.clock import Clock, Timer
from ciq_mock.engine import Engine, Event

Listener = Callable[[Event], None]


class Keep(Protocol):
    """Where events are kept before any listener hears of them."""

    @property
    def failed(self) -> bool:
        """True: nothing can be kept, and time stands still for the engine."""
        ...

    def keep(self, events: Sequence[Event]) -> bool:
        """Keep them; False when that failed and they have not happened."""
        ...


class Runner:
    """Call `wake` after every command given to the engine; the rest goes by itself. Belongs to the event loop."""

    def __init__(
        self, *, engine: Engine, clock: Clock, listeners: Sequence[Listener] = (), keep: Keep | None = None
    ) -> None:
        self._engine = engine
        self._clock = clock
        self._listeners = tuple(listeners)
        self._keep = keep
        self._soon: asyncio.Handle | None = None
        self._timer: Timer | None = None
        self._closed = False

    def wake(self) -> None:
        """Something was commanded: advance in the next turn of the event loop (many calls make one advance)."""
        if self._soon is None and not self._closed:
            self._clock.hold()
            self._soon = asyncio.get_running_loop().call_soon(self._woken)

    def flush(self) -> None:
        """Advance now, not in the next turn."""
        self._step()

    def close(self) -> None:
        """Stop; events not yet passed on stay with the engine."""
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
        if self._soon is not None:
            self._soon.cancel()
            self._soon = None
            self._clock.release()

    def _woken(self) -> None:
        self._soon = None
        try:
            self._step()
        finally:
            self._clock.release()

    def _step(self) -> None:
        """Advance, pass events on, set the next alarm. A failing listener does not keep events from the others."""
        if self._closed or (self._keep is not None and self._keep.failed):
            return
        failures: list[Exception] = []
        try:
            events = self._engine.advance(self._clock.now())
            if self._keep is not None and not self._keep.keep(events):
                return
            for event in events:
                for listener in self._listeners:
                    try:
                        listener(event)
                    except Exception as error:  # raised below, all together
                        failures.append(error)
        finally:
            self._set_alarm()
        if failures:
            raise ExceptionGroup("listeners of engine events failed", failures)

    def _set_alarm(self) -> None:
        due = self._engine.next_due()
        if due is None or (self._timer is not None and self._timer.when <= due):
            return  # an alarm that rings early does no harm; a new one for each command would pile up
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._clock.call_at(due, self._ring)

    def _ring(self) -> None:
        self._timer = None
        self._step()
