"""Uploaded objects in memory, by bucket and key, with limits on number and bytes.

Must not know HTTP, XML, jobs or a clock. Times are epoch seconds; a key has no leading slash.
"""

from collections.abc import Iterator
from hashlib import md5

import msgspec


class StoredObject(msgspec.Struct, frozen=True, kw_only=True):
    """One object. Each answer with the object has its `headers`: content type and metadata of the upload."""

    key: str
    data: bytes
    modified: float
    headers: tuple[tuple[bytes, bytes], ...] = ()
    """Lower-case names."""
    md5: str = ""
    """Hex digest of the data."""

    @property
    def etag(self) -> str:
        """The quoted digest, as in every answer of COS."""
        return f'"{self.md5}"'

    @property
    def crc64(self) -> int:
        """CRC-64/XZ of the data, which COS calls CRC64 (ECMA-182)."""
        return crc64_of(self.data)


def crc64_of(data: bytes) -> int:
    """Return the CRC-64/XZ of bytes."""
    from fastcrc import crc64  # loaded with the first object: it takes longer than the rest of this package

    return crc64.xz(data)


def stored(key: str, data: bytes, *, modified: float, headers: tuple[tuple[bytes, bytes], ...] = ()) -> StoredObject:
    """Create an object with its digest."""
    digest = md5(data, usedforsecurity=False).hexdigest()
    return StoredObject(key=key, data=data, modified=modified, headers=headers, md5=digest)


class FullStoreError(Exception):
    """The store cannot hold another object; the message has the limit."""


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
        """Store an object, or replace the one with its key. Raises FullStoreError; then nothing has changed."""
        old = self._objects.get((bucket, item.key))
        size = self.bytes + len(item.data) - (0 if old is None else len(old.data))
        if size > self._most_bytes:
            raise FullStoreError(f"the store holds at most {self._most_bytes} bytes")
        if old is None and len(self._objects) >= self._most_objects:
            raise FullStoreError(f"the store holds at most {self._most_objects} objects")
        self._objects[bucket, item.key] = item
        self.bytes = size

    def restore(self, bucket: str, item: StoredObject) -> None:
        """Store an object without regard to the limits."""
        self.remove(bucket, item.key)
        self._objects[bucket, item.key] = item
        self.bytes += len(item.data)

    def get(self, bucket: str, key: str) -> StoredObject | None:
        """Return the object, None when there is none."""
        return self._objects.get((bucket, key))

    def remove(self, bucket: str, key: str) -> None:
        """Remove an object, if it exists."""
        old = self._objects.pop((bucket, key), None)
        if old is not None:
            self.bytes -= len(old.data)

    def listed(self, bucket: str, prefix: str, after: str) -> Iterator[StoredObject]:
        """Yield the objects of a bucket whose keys begin with `prefix` and are greater than `after`, unsorted."""
        for (name, key), item in self._objects.items():
            if name == bucket and key > after and key.startswith(prefix):
                yield item

    def clear(self) -> None:
        """Remove everything."""
        self._objects.clear()
        self.bytes = 0
