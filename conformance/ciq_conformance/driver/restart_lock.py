"""Gives one feature exclusive use of the target while it restarts the target.

Scenarios run under `shared`, in parallel. Inside a scenario, `exclusive` waits until all other scenarios have ended and
keeps the next ones from starting. Knows neither target nor features.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from ciq_conformance.driver.client import Interrupted

_LOOK_AGAIN = 0.25
"""Seconds between two checks for a stopped run."""


@dataclass(kw_only=True)
class RestartLock:
    """A shared and exclusive lock; one per run."""

    stopping: Callable[[], bool] = lambda: False
    _changed: threading.Condition = field(default_factory=threading.Condition, repr=False)
    _sharing: int = 0
    _wanting: int = 0
    _taken: bool = False

    @contextmanager
    def shared(self) -> Iterator[None]:
        """Within the block no exclusive section runs; raises Interrupted when the run is stopped while waiting."""
        with self._changed:
            self._wait(lambda: not self._taken and not self._wanting)
            self._sharing += 1
        try:
            yield
        finally:
            self._leave()

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        """Within the block, nested in `shared`, no other section runs; raises Interrupted on a stop."""
        with self._changed:
            self._wanting += 1
        self._leave()
        try:
            try:
                with self._changed:
                    self._wait(lambda: not self._taken and not self._sharing)
                    self._taken = True
            finally:
                with self._changed:
                    self._wanting -= 1
                    self._changed.notify_all()
            try:
                yield
            finally:
                with self._changed:
                    self._taken = False
                    self._changed.notify_all()
        finally:
            with self._changed:  # other waiting exclusive sections run first, unless the run is stopped
                while (self._taken or self._wanting) and not self.stopping():
                    self._changed.wait(_LOOK_AGAIN)
                self._sharing += 1

    def _leave(self) -> None:
        with self._changed:
            self._sharing -= 1
            self._changed.notify_all()

    def _wait(self, free: Callable[[], bool]) -> None:
        """With the lock held."""
        while not free():
            if self.stopping():
                raise Interrupted
            self._changed.wait(_LOOK_AGAIN)
