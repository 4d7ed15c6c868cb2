"""How much of a request the server takes in before it refuses. Numbers only.

No page gives these bounds; they keep a hostile or broken sender from costing more than its share.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Sizes in bytes, times in seconds."""

    body: int = 1 << 20
    """A longer body is refused. A submit of six operations with every documented field is below 20 KiB."""
    drained: int = 16 << 20
    """So much of a refused body is still read, so that the sender gets to read the answer."""
    head: int = 64 << 10
    """Request line and headers together."""
    header_count: int = 128
    path: int = 4096
    query: int = 8192
    parameter_count: int = 64
    request_seconds: float = 15.0
    """From the first byte of a request to its last; a slower sender is cut off."""
    idle_seconds: float = 75.0
    """How long a connection may rest between requests."""
