"""The image libraries of buckets, with their capacity and rate (1045/43516)."""

from ciq_mock.resources.errors import CapacityFixedError


class PictureLibraries:
    """Capacity and queries per second by bucket."""

    __slots__ = ("_capacity", "_rate")

    def __init__(self) -> None:
        self._capacity: dict[str, int] = {}
        self._rate: dict[str, int] = {}

    def open(self, bucket: str, *, capacity: int, rate: int) -> None:
        """Open a library, or set the rate of an open one; raise CapacityFixedError when its capacity differs."""
        known = self._capacity.setdefault(bucket, capacity)
        if known != capacity:
            raise CapacityFixedError(f"the library of {bucket} has a capacity of {known}, which cannot be changed")
        self._rate[bucket] = rate

    def of(self, bucket: str) -> tuple[int, int] | None:
        """Return capacity and rate of a bucket's library, None when there is none."""
        capacity = self._capacity.get(bucket)
        return None if capacity is None else (capacity, self._rate[bucket])

    def clear(self) -> None:
        """Remove all libraries."""
        self._capacity.clear()
        self._rate.clear()
