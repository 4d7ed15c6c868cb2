"""The pair of keys that playing of encrypted HLS is signed with (1045/72946, 1045/72947). Nothing is signed here."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class PlayKeys:
    """Keys of a bucket, empty where none was set."""

    master: str = field(default="", repr=False)
    backup: str = field(default="", repr=False)


class PlayKeyRegister:
    """Keys by bucket."""

    __slots__ = ("_keys",)

    def __init__(self) -> None:
        self._keys: dict[str, PlayKeys] = {}

    def get(self, bucket: str) -> PlayKeys:
        """The keys of a bucket, empty ones before any was set."""
        return self._keys.get(bucket) or PlayKeys()

    def update(self, bucket: str, *, master: str | None, backup: str | None) -> PlayKeys:
        """Replace what is given; None leaves a key as it is."""
        old = self.get(bucket)
        keys = PlayKeys(old.master if master is None else master, old.backup if backup is None else backup)
        self._keys[bucket] = keys
        return keys

    def clear(self) -> None:
        """Forget all."""
        self._keys.clear()
