"""The pair of play keys for encrypted HLS (1045/72946, 1045/72947). The mock signs nothing with them."""

from dataclasses import dataclass, field


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
