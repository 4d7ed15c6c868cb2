"""Multipart uploads that are not complete yet: their parts in memory, with limits on number and bytes.

Must not know HTTP, XML or a clock. Limits of COS: 10,000 parts, each but the last of at least 1 MiB (436/7750,
436/7742).
"""

import itertools
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import md5

import msgspec

from ciq_mock.objects.store import StoredObject

MOST_PARTS = 10_000
LEAST_PART_BYTES = 1 << 20
MOST_UPLOADS = 1000
"""Unfinished uploads of all buckets together."""


class MultipartError(Exception):
    """A multipart upload cannot do what was requested; the message names the reason."""


class UnknownUploadError(MultipartError):
    """The upload does not exist, was completed or was aborted."""


class UnknownPartError(MultipartError):
    """A part of the list was not uploaded, or has another ETag."""


class PartOrderError(MultipartError):
    """The numbers of the list do not ascend."""


class SmallPartError(MultipartError):
    """A part that is not the last one is too small."""


class TooManyUploadsError(MultipartError):
    """The store cannot hold another unfinished upload."""


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """One uploaded part."""

    number: int
    data: bytes
    modified: float
    md5: str

    @property
    def etag(self) -> str:
        """The quoted digest."""
        return f'"{self.md5}"'


class ListedPart(msgspec.Struct, frozen=True):
    """A part as a request to complete the upload names it: the ETag without quotes."""

    number: int
    etag: str


@dataclass(slots=True, kw_only=True)
class Upload:
    """An unfinished upload."""

    id: str
    bucket: str
    key: str
    headers: tuple[tuple[bytes, bytes], ...]
    begun: float
    parts: dict[int, Part] = field(default_factory=dict)


class MultipartUploads:
    """All unfinished uploads. Not thread-safe: one thread owns it."""

    def __init__(self) -> None:
        self._uploads: dict[str, Upload] = {}
        self.bytes = 0
        """Sum of the sizes of all parts."""

    def begin(self, now: float, bucket: str, key: str, headers: tuple[tuple[bytes, bytes], ...]) -> Upload:
        """Begin an upload. Raises TooManyUploadsError."""
        if len(self._uploads) >= MOST_UPLOADS:
            raise TooManyUploadsError(
                f"the mock holds at most {MOST_UPLOADS} unfinished multipart uploads: complete or abort one first"
            )
        upload = Upload(id=secrets.token_hex(16), bucket=bucket, key=key, headers=headers, begun=now)
        self._uploads[upload.id] = upload
        return upload

    def get(self, bucket: str, key: str, upload_id: str) -> Upload:
        """Return an unfinished upload. Raises UnknownUploadError."""
        upload = self._uploads.get(upload_id)
        if upload is None or (upload.bucket, upload.key) != (bucket, key):
            raise UnknownUploadError("there is no such upload of this object: it was completed, aborted or never begun")
        return upload

    def put(self, upload: Upload, part: Part) -> None:
        """Store a part, or replace the one with its number."""
        old = upload.parts.get(part.number)
        upload.parts[part.number] = part
        self.bytes += len(part.data) - (0 if old is None else len(old.data))

    def joined(self, now: float, upload: Upload, listed: Sequence[ListedPart]) -> StoredObject:
        """Return the object of the listed parts; the upload stays. Raises UnknownPartError and its siblings."""
        parts = [self._listed_part(upload, one) for one in listed]
        for one, following in itertools.pairwise(listed):
            if following.number <= one.number:
                raise PartOrderError(f"part {following.number} is listed after part {one.number}")
        for part in parts[:-1]:
            if len(part.data) < LEAST_PART_BYTES:
                raise SmallPartError(
                    f"part {part.number} has {len(part.data)} bytes; each part but the last has at least "
                    f"{LEAST_PART_BYTES}"
                )
        digests = b"".join(bytes.fromhex(part.md5) for part in parts)
        etag = f"{md5(digests, usedforsecurity=False).hexdigest()}-{len(parts)}"
        data = b"".join(part.data for part in parts)
        return StoredObject(key=upload.key, data=data, modified=now, headers=upload.headers, md5=etag)

    @staticmethod
    def _listed_part(upload: Upload, listed: ListedPart) -> Part:
        part = upload.parts.get(listed.number)
        if part is None:
            raise UnknownPartError(f"part {listed.number} was not uploaded")
        if part.md5 != listed.etag.strip('"').lower():
            raise UnknownPartError(f"part {listed.number} was uploaded with another ETag")
        return part

    def remove(self, upload: Upload) -> None:
        """End an upload and free its parts."""
        if self._uploads.pop(upload.id, None) is not None:
            self.bytes -= sum(len(part.data) for part in upload.parts.values())

    def listed(self, bucket: str, prefix: str) -> list[Upload]:
        """Return the unfinished uploads of a bucket whose keys begin with `prefix`, by key and id."""
        found = [one for one in self._uploads.values() if one.bucket == bucket and one.key.startswith(prefix)]
        return sorted(found, key=lambda upload: (upload.key, upload.id))

    def clear(self) -> None:
        """End all uploads."""
        self._uploads.clear()
        self.bytes = 0
