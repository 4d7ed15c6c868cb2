"""Stops a run before its end: on Ctrl-C, SIGTERM, SIGHUP, or the operator's deadline.

Knows one flag and its reason. Every wait checks the flag; `session` restores the queues afterwards.
A second Ctrl-C or SIGTERM ends the process at once, by the system's default action. A second SIGHUP does not: a closed
terminal sends it twice, and a service manager sends it after SIGTERM. Signals that the caller ignores stay ignored.
"""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType

from ciq_conformance.driver.client import Interrupted

_HANGUP = getattr(signal, "SIGHUP", None)
"""None on systems without it."""
_SIGNALS = (signal.SIGINT, signal.SIGTERM, *(() if _HANGUP is None else (_HANGUP,)))


@dataclass(kw_only=True)
class CancelToken:
    """The flag that stops a run. `deadline` is in seconds from now, None for no limit."""

    deadline: float | None = None
    clock: Callable[[], float] = time.monotonic
    reason: str = ""
    """Why the run is being stopped; empty while it is not."""
    by_signal: bool = False
    """A signal stopped the run."""
    _event: threading.Event = field(default_factory=threading.Event, repr=False)
    _end: float | None = None

    def __post_init__(self) -> None:
        self._end = None if self.deadline is None else self.clock() + self.deadline

    def request(self, reason: str) -> None:
        """Requests the stop of the run; keeps the first reason."""
        if not self._event.is_set():
            self.reason = reason
            self._event.set()

    def requested(self) -> bool:
        """Returns whether the run must stop."""
        if self._end is not None and self.clock() > self._end:
            self.request(f"the run's deadline of {self.deadline:g} s has passed")
        return self._event.is_set()

    def sleep(self, seconds: float) -> None:
        """Waits for `seconds`, or until the run is stopped."""
        self._event.wait(seconds)

    def pause(self, seconds: float) -> None:
        """Waits for `seconds`; raises Interrupted as soon as the run is stopped."""
        left = seconds if self._end is None else min(seconds, max(0.0, self._end - self.clock()) + 0.001)
        self._event.wait(left)
        if self.requested():
            raise Interrupted

    @contextmanager
    def on_signals(self) -> Iterator[None]:
        """Within the block, the first signal requests a stop and a second one kills; main thread only."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        handlers = {number: signal.getsignal(number) for number in _SIGNALS}
        before = {number: handler for number, handler in handlers.items() if handler is not signal.SIG_IGN}

        def handle(number: int, _frame: FrameType | None) -> None:
            if self._event.is_set():
                if number == _HANGUP:
                    return
                signal.signal(number, signal.SIG_DFL)
                os.kill(os.getpid(), number)
            self.by_signal = True
            self.request(f"stopped by {signal.Signals(number).name}")

        try:
            for number in before:
                signal.signal(number, handle)
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
