"""Uploaded objects in memory, by bucket and key, bounded in number and bytes.

Must not know HTTP, XML, jobs or a clock. Times are epoch seconds; a key is text without its first slash.
"""

from collections.abc import Iterator
from hashlib import md5

import msgspec


class StoredObject(msgspec.Struct, frozen=True, kw_only=True):
    """One object. `headers` are those that come back with it: its type, and what the uploader said of it."""

    key: str
    data: bytes
    modified: float
    headers: tuple[tuple[bytes, bytes], ...] = ()
    """Lower-case names."""
    md5: str = ""
    """Hex digest of the data."""

    @property
    def etag(self) -> str:
        """The quoted digest, as every COS answer shows it."""
        return f'"{self.md5}"'


def stored(key: str, data: bytes, *, modified: float, headers: tuple[tuple[bytes, bytes], ...] = ()) -> StoredObject:
    """Make an object and its digest."""
    digest = md5(data, usedforsecurity=False).hexdigest()
    return StoredObject(key=key, data=data, modified=modified, headers=headers, md5=digest)


class FullStoreError(Exception):
    """The store has no room for another object; the message says what is full."""


class ObjectStore:
    """Objects by bucket and key. Not thread-safe: one thread owns it."""

    def __init__(self, *, most_bytes: int, most_objects: int) -> None:
        self._most_bytes = most_bytes
        self._most_objects = most_objects
        self._objects: dict[tuple[str, str], StoredObject] = {}
        self.bytes = 0
        """Sum of all sizes."""

    def __len__(self) -> int:
        return len(self._objects)

    def put(self, bucket: str, item: StoredObject) -> None:
        """Keep an object in place of one of the same key. Raises FullStoreError; then nothing has changed."""
        old = self._objects.get((bucket, item.key))
        size = self.bytes + len(item.data) - (0 if old is None else len(old.data))
        if size > self._most_bytes:
            raise FullStoreError(f"the store holds at most {self._most_bytes} bytes")
        if old is None and len(self._objects) >= self._most_objects:
            raise FullStoreError(f"the store holds at most {self._most_objects} objects")
        self._objects[bucket, item.key] = item
        self.bytes = size

    def get(self, bucket: str, key: str) -> StoredObject | None:
        """The object, None when there is none."""
        return self._objects.get((bucket, key))

    def remove(self, bucket: str, key: str) -> None:
        """Forget an object; one that is not there is gone already."""
        old = self._objects.pop((bucket, key), None)
        if old is not None:
            self.bytes -= len(old.data)

    def listed(self, bucket: str, prefix: str, after: str) -> Iterator[StoredObject]:
        """The objects of a bucket whose keys begin with `prefix` and come behind `after`, in no order."""
        for (name, key), item in self._objects.items():
            if name == bucket and key > after and key.startswith(prefix):
                yield item

    def clear(self) -> None:
        """Forget everything."""
        self._objects.clear()
        self.bytes = 0
