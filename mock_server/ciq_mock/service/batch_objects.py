"""Finds the objects of a batch job: one by name, all with a prefix, or those in a stored list.

The list is an object of the store: an inventory (manifest.json and its CSV files, 436/33703), or lines of URLs
(436/76888). Sizes are bounded. Must not know what happens to the objects.
"""

import csv
import zlib
from collections.abc import Iterator, Mapping
from urllib.parse import unquote, urlsplit

import msgspec

from ciq_mock.engine import Failure
from ciq_mock.objects.library import Library
from ciq_mock.service import times
from ciq_mock.workflow import BatchJob, ObjectsError

MOST_OBJECTS = 10_000
_MOST_BYTES = 32 << 20
_KEY = "Key"


class _File(msgspec.Struct):
    key: str


class _Manifest(msgspec.Struct):
    """The part of manifest.json that the mock reads."""

    files: list[_File]
    file_schema: str = msgspec.field(name="fileSchema")


def objects_of(library: Library, batch: BatchJob) -> list[str]:
    """Return the distinct keys of the objects. Raises ObjectsError."""
    ((kind, value),) = ((name, str(text)) for name, text in batch.plan.input.items() if text)
    match kind:
        case "Object":
            keys = iter([value])
        case "Prefix":
            keys = _with_prefix(library, batch, value)
        case "UrlFile":
            keys = _of_urls(_read(library, batch.bucket, value))
        case _:
            keys = _of_manifest(library, batch.bucket, value)
    found: dict[str, None] = {}
    for key in keys:
        found[key] = None
        if len(found) > MOST_OBJECTS:
            raise _failed("InvalidArgument", f"a batch job may have at most {MOST_OBJECTS} objects")
    return list(found)


def interval_of(operation: Mapping[str, object]) -> tuple[float | None, float | None]:
    """Return the bounds of TimeInterval as epoch seconds, None when absent. Raises ValueError when one is malformed."""
    given = operation.get("TimeInterval")
    if not isinstance(given, Mapping):
        return None, None
    return _moment(given, "Start"), _moment(given, "End")


def _moment(given: Mapping[str, object], name: str) -> float | None:
    text = str(given.get(name) or "")
    if text in ("", "0"):  # 0 is the documented default of Start
        return None
    seconds = times.read(text)
    if seconds is None:
        raise ValueError(f"TimeInterval.{name} must look like 2026-01-05T09:00:00+0800, not {text[:60]!r}")
    return seconds


def _with_prefix(library: Library, batch: BatchJob, prefix: str) -> Iterator[str]:
    """Yield keys with the prefix; only of uploads within TimeInterval when the batch job has one."""
    start, end = interval_of(batch.plan.operation)
    for item in library.listed(batch.bucket, prefix=prefix):
        if (start is None or item.modified >= start) and (end is None or item.modified <= end):
            yield item.key


def _of_urls(data: bytes) -> Iterator[str]:
    for line in data.decode("utf-8", "replace").splitlines():
        key = _key_of(line.strip())
        if key:
            yield key


def _of_manifest(library: Library, bucket: str, name: str) -> Iterator[str]:
    try:
        manifest = msgspec.json.decode(_read(library, bucket, name), type=_Manifest)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise _failed("InvalidContent", f"{name} is not the manifest.json of an inventory: {error}") from None
    columns = [column.strip() for column in manifest.file_schema.split(",")]
    if _KEY not in columns:
        raise _failed("InvalidContent", f"the inventory {name} has no column {_KEY}")
    key_column = columns.index(_KEY)
    for file in manifest.files:
        data = _unpacked(_read(library, bucket, file.key), file.key)
        for row in csv.reader(data.decode("utf-8", "replace").splitlines()):
            if len(row) > key_column and row[key_column]:
                yield unquote(row[key_column])


def _read(library: Library, bucket: str, name: str) -> bytes:
    """Return the bytes of an object, by its key or its address."""
    key = _key_of(name)
    item = library.find(bucket, key)
    if item is None:
        raise _failed("ResourceNotFound", f"bucket {bucket} has no object {key[:100]!r}: upload the list first")
    return item.data


def _key_of(name: str) -> str:
    if name.startswith(("http://", "https://")):
        name = unquote(urlsplit(name).path)
    return name.lstrip("/")


def _unpacked(data: bytes, name: str) -> bytes:
    """Return the bytes of a CSV file; those of inventories are compressed with gzip."""
    if not data.startswith(b"\x1f\x8b"):
        return data
    unpacker = zlib.decompressobj(wbits=31)
    try:
        plain = unpacker.decompress(data, _MOST_BYTES)
    except zlib.error as error:
        raise _failed("InvalidContent", f"{name} cannot be unpacked: {error}") from None
    if unpacker.unconsumed_tail:
        raise _failed("InvalidContent", f"{name} holds more than {_MOST_BYTES} bytes")
    return plain


def _failed(code: str, message: str) -> ObjectsError:
    return ObjectsError(Failure(code, message))
