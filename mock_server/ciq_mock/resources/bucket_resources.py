"""Bindings, play keys and image libraries of buckets, and `BucketResources`: all resources of one mock.

Bindings: 1045/33701, 1045/33703; activating a feature binds the bucket too, in the handler of bindings. Play keys of
encrypted HLS: 1045/72946, 1045/72947; the mock signs nothing with them. Image libraries: 1045/43516.
"""

from dataclasses import dataclass, field

from ciq_mock.ids import IdSource
from ciq_mock.resources.errors import CapacityFixedError
from ciq_mock.resources.templates import Templates
from ciq_mock.resources.vocabularies import Vocabularies


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

    def get(self, bucket: str) -> Binding | None:
        """Return the binding of a bucket, None when there is none."""
        return self._bound.get(bucket)

    def all(self) -> tuple[Binding, ...]:
        """Return every binding, oldest first."""
        return tuple(self._bound.values())

    def clear(self) -> None:
        """Remove all bindings."""
        self._bound.clear()


@dataclass(frozen=True, slots=True)
class PlayKeys:
    """Keys of a bucket; a key that was not set is empty."""

    master: str = field(default="", repr=False)
    backup: str = field(default="", repr=False)


class PlayKeyRegister:
    """Keys by bucket."""

    __slots__ = ("_keys",)

    def __init__(self) -> None:
        self._keys: dict[str, PlayKeys] = {}

    def get(self, bucket: str) -> PlayKeys:
        """Return the keys of a bucket, empty before any was set."""
        return self._keys.get(bucket) or PlayKeys()

    def update(self, bucket: str, *, master: str | None, backup: str | None) -> PlayKeys:
        """Replace the given keys; None leaves a key unchanged."""
        old = self.get(bucket)
        keys = PlayKeys(old.master if master is None else master, old.backup if backup is None else backup)
        self._keys[bucket] = keys
        return keys

    def clear(self) -> None:
        """Remove all keys."""
        self._keys.clear()


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

    def by_bucket(self) -> dict[str, tuple[int, int]]:
        """Return capacity and rate of each library."""
        return {bucket: (capacity, self._rate[bucket]) for bucket, capacity in self._capacity.items()}

    def restore(self, libraries: dict[str, tuple[int, int]]) -> None:
        """Put libraries back as `by_bucket` returned them."""
        self._capacity = {bucket: capacity for bucket, (capacity, _) in libraries.items()}
        self._rate = {bucket: rate for bucket, (_, rate) in libraries.items()}

    def clear(self) -> None:
        """Remove all libraries."""
        self._capacity.clear()
        self._rate.clear()


@dataclass(frozen=True, slots=True)
class BucketResources:
    """The resources of all buckets, one field per kind."""

    templates: Templates
    vocabularies: Vocabularies
    play_keys: PlayKeyRegister
    picture_libraries: PictureLibraries
    bindings: Bindings

    @classmethod
    def empty(cls, ids: IdSource) -> "BucketResources":
        """Return resources without entries."""
        return cls(Templates(ids), Vocabularies(ids), PlayKeyRegister(), PictureLibraries(), Bindings())

    def clear(self) -> None:
        """Remove all entries."""
        self.templates.clear()
        self.vocabularies.clear()
        self.play_keys.clear()
        self.picture_libraries.clear()
        self.bindings.clear()
