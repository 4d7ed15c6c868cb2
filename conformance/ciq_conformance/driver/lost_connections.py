"""Counts connections that broke before the response was complete, and says when the network loses many of them."""

import threading
from dataclasses import dataclass, field

_FEWEST_ATTEMPTS, _FEWEST_NEW, _LOSS = 100, 2, 0.01
"""The network is bad when more than this share of at least so many attempts broke, some of them on new connections."""


@dataclass(kw_only=True)
class LostConnections:
    """Counts the attempts of all requests. Thread-safe.

    A target may close kept connections at any time, so only broken *new* connections prove a bad network. A request
    whose connection breaks at every attempt does not count: the target closes it.
    """

    attempts: int = 0
    broken: int = 0
    new: int = 0
    """Attempts on a new connection."""
    new_broken: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def count(self, *, kept: bool, broken: bool) -> None:
        """Counts one attempt."""
        with self._lock:
            self.attempts += 1
            self.broken += broken
            self.new += not kept
            self.new_broken += broken and not kept

    def reproduced(self, attempts: int) -> None:
        """Takes back the attempts of a request that the target closes every time."""
        with self._lock:
            for name in ("attempts", "broken", "new", "new_broken"):
                setattr(self, name, max(0, getattr(self, name) - attempts))

    @property
    def trouble(self) -> str:
        """Says that the network loses many connections, with the counts; empty when it does not."""
        with self._lock:
            many = self.attempts >= _FEWEST_ATTEMPTS and self.broken > _LOSS * self.attempts
            certain = self.new_broken >= _FEWEST_NEW and self.new_broken > _LOSS * self.new
            if not (many and certain):
                return ""
            share = 100 * self.broken / self.attempts
            return (
                f"the network between the suite and the target loses connections: {self.broken} of {self.attempts} "
                f"requests ({share:.1f} %) ended without a complete response, {self.new_broken} of them on a new "
                "connection; run the suite closer to the target, or repair the proxy between them"
            )
