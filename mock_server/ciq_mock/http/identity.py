"""Ids of requests and traces, in the form of the samples: Base64 of `<hex>_<hex>_<hex>` (1045/49552 family).

Opaque to clients; unique within one mock.
"""

from base64 import b64encode
from collections.abc import Callable


class RequestIds:
    """Gives one id a request and, from it, the trace id of a refusal."""

    def __init__(self, *, now: Callable[[], float], random_bits: Callable[[int], int]) -> None:
        self._tail = f"{random_bits(32):08x}"
        self._head = f"{int(now()):08x}_{self._tail}_"
        self._count = 0

    def fresh(self) -> str:
        """Return a new request id."""
        self._count += 1
        return b64encode(f"{self._head}{self._count:x}".encode()).decode()

    def trace(self, request_id: str) -> str:
        """Return the trace id that belongs to a refused request."""
        return b64encode(f"trace_{self._tail}_{request_id}".encode()).decode()
