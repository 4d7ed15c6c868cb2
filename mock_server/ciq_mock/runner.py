"""The driver of the engine: advances it when something is due or was commanded, and passes its events to listeners.

Knows engine and clock. Must not know HTTP, what listeners do with an event, or how events are committed.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Protocol

from ciq_mock.clock import Clock, Timer
from ciq_mock.engine import Engine, Event

Listener = Callable[[Event], None]


class Committer(Protocol):
    """Commits events before any listener receives them."""

    @property
    def failed(self) -> bool:
        """True while events cannot be committed; the runner does not advance the engine then."""
        ...

    def commit(self, events: Sequence[Event]) -> bool:
        """Commit events; False when that failed and their changes were undone."""
        ...


class Runner:
    """Drives one engine in the event loop. Call `wake` after every command to the engine."""

    def __init__(
        self, *, engine: Engine, clock: Clock, listeners: Sequence[Listener] = (), committer: Committer | None = None
    ) -> None:
        self._engine = engine
        self._clock = clock
        self._listeners = tuple(listeners)
        self._committer = committer
        self._pending_wake: asyncio.Handle | None = None
        self._timer: Timer | None = None
        self._closed = False

    def wake(self) -> None:
        """Advance in the next turn of the event loop, after a command; several calls cause one advance."""
        if self._pending_wake is None and not self._closed:
            self._clock.hold()
            self._pending_wake = asyncio.get_running_loop().call_soon(self._on_wake)

    def flush(self) -> None:
        """Advance now, not in the next turn."""
        self._step()

    def close(self) -> None:
        """Stop; events that listeners have not received stay with the engine."""
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
        if self._pending_wake is not None:
            self._pending_wake.cancel()
            self._pending_wake = None
            self._clock.release()

    def _on_wake(self) -> None:
        self._pending_wake = None
        try:
            self._step()
        finally:
            self._clock.release()

    def _step(self) -> None:
        """Advance, pass events to all listeners even if one fails, and set the next timer."""
        if self._closed or (self._committer is not None and self._committer.failed):
            return
        failures: list[Exception] = []
        try:
            events = self._engine.advance(self._clock.now())
            if self._committer is not None and not self._committer.commit(events):
                return
            for event in events:
                for listener in self._listeners:
                    try:
                        listener(event)
                    except Exception as error:  # raised below as a group
                        failures.append(error)
        finally:
            self._set_timer()
        if failures:
            raise ExceptionGroup("listeners of engine events failed", failures)

    def _set_timer(self) -> None:
        due = self._engine.next_due()
        if due is None or (self._timer is not None and self._timer.when <= due):
            return  # an early timer is harmless; one timer for each command would be too many
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._clock.call_at(due, self._on_timer)

    def _on_timer(self) -> None:
        self._timer = None
        self._step()
