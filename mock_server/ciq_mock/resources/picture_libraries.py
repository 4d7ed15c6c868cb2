"""Which buckets have a library of pictures to search in, and how large it may grow (1045/43516)."""

from ciq_mock.resources.errors import CapacityFixedError


class PictureLibraries:
    """Capacity and queries per second by bucket."""

    __slots__ = ("_capacity", "_rate")

    def __init__(self) -> None:
        self._capacity: dict[str, int] = {}
        self._rate: dict[str, int] = {}

    def open(self, bucket: str, *, capacity: int, rate: int) -> None:
        """Open a library, or set the rate of one; raise CapacityFixedError when its capacity is another."""
        known = self._capacity.setdefault(bucket, capacity)
        if known != capacity:
            raise CapacityFixedError(f"the library of {bucket} has a capacity of {known}, which stays")
        self._rate[bucket] = rate

    def of(self, bucket: str) -> tuple[int, int] | None:
        """Capacity and rate of a bucket's library, None where there is none."""
        capacity = self._capacity.get(bucket)
        return None if capacity is None else (capacity, self._rate[bucket])

    def clear(self) -> None:
        """Forget all."""
        self._capacity.clear()
        self._rate.clear()
