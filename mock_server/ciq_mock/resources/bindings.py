"""The buckets that are bound to the service (1045/33701, 1045/33703).

Must not know features, although activating a feature also binds the bucket.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Binding:
    """A bound bucket; `created` in epoch seconds."""

    bucket: str
    region: str
    created: float


class Bindings:
    """Bound buckets in the order of their binding."""

    __slots__ = ("_bound",)

    def __init__(self) -> None:
        self._bound: dict[str, Binding] = {}

    def bind(self, now: float, bucket: str, region: str) -> Binding:
        """Bind a bucket; a binding that exists stays unchanged."""
        return self._bound.setdefault(bucket, Binding(bucket, region, now))

    def unbind(self, bucket: str) -> bool:
        """Remove a binding; return False when there was none."""
        return self._bound.pop(bucket, None) is not None

    def all(self) -> tuple[Binding, ...]:
        """Return every binding, oldest first."""
        return tuple(self._bound.values())

    def clear(self) -> None:
        """Remove all bindings."""
        self._bound.clear()
