"""One-time deviations of callbacks that a test requests: drop, repeat or delay the next callback. Pure."""

from collections import deque
from dataclasses import dataclass

MOST_ORDERS = 1000
"""Orders that may wait."""
MOST_COPIES = 100
"""Copies of one callback."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackOrder:
    """What differs for one callback."""

    drop: bool = False
    copies: int = 0
    """How many more times the mock sends it."""
    delay: float = 0.0
    """Seconds that it comes later, on the mock's clock."""


AS_USUAL = CallbackOrder()


class CallbackOrders:
    """The orders that wait for a callback; each applies to one, in the order of the requests."""

    def __init__(self) -> None:
        self._waiting: deque[CallbackOrder] = deque()

    def add(self, order: CallbackOrder, count: int = 1) -> None:
        """Apply `order` to `count` callbacks; raises ValueError beyond the limits."""
        if not 1 <= count <= MOST_ORDERS - len(self._waiting):
            raise ValueError(f"count must be from 1 to {MOST_ORDERS - len(self._waiting)}, not {count}")
        if not 0 <= order.copies <= MOST_COPIES:
            raise ValueError(f"a callback can be repeated {MOST_COPIES} times, not {order.copies}")
        self._waiting.extend([order] * count)

    def take(self) -> CallbackOrder:
        """Return the order of the next callback."""
        return self._waiting.popleft() if self._waiting else AS_USUAL

    def clear(self) -> None:
        """Forget all."""
        self._waiting.clear()
