"""Objects on the wire: which request means which key, what is asked of it, and the list of a bucket as XML.

Knows header and parameter names of COS (436/7749, 436/7753, 436/7745, 436/7743, 436/7734). Must not know sockets.
"""

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from email.utils import formatdate
from urllib.parse import quote

import msgspec

from ciq_mock.http.protocol import Spelled
from ciq_mock.objects import StoredObject
from ciq_mock.service.arguments import invalid, number, shortened
from ciq_mock.service.call import Query
from ciq_mock.service.refusal import ErrorCode, Refusal
from ciq_schemas.codec.writing import escape

PATH_PREFIX = b"/_objects/"
"""By path: `/_objects/<bucket>/<key>` on any host. No path of the service begins so."""
MOST_KEY_BYTES = 850
"""436/13324: an object key has 1 to 850 bytes."""

_BUCKET = re.compile(r"[a-z0-9][a-z0-9-]{0,61}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_RANGE = re.compile(rb"bytes=([0-9]{0,18})-([0-9]{0,18})")
_KEPT = frozenset(
    {b"content-type", b"cache-control", b"content-disposition", b"content-encoding", b"content-language", b"expires"}
)
_META = b"x-cos-meta-"
_SIGNING = re.compile(r"q-[a-z-]+|sign|x-(cos|ci)-security-token")
_LIST_PARAMETERS = frozenset({"prefix", "delimiter", "marker", "max-keys", "encoding-type"})
_RESPONSE_PARAMETERS = {
    "response-content-type": b"content-type",
    "response-content-language": b"content-language",
    "response-expires": b"expires",
    "response-cache-control": b"cache-control",
    "response-content-disposition": b"content-disposition",
    "response-content-encoding": b"content-encoding",
}
_NO_LINES = re.compile(r"[^\x20-\x7e]")
_MOST_LISTED = 1000


class Place(msgspec.Struct, frozen=True):
    """A bucket, and a key in it; the key is empty where the bucket itself is meant."""

    bucket: str
    key: str


class Span(msgspec.Struct, frozen=True):
    """A part of an object: first byte and the one behind the last."""

    start: int
    stop: int


def place_of(path: str, bucket: str) -> Place:
    """The place that a decoded path means; `bucket` is the one that Host names. Raises Refusal."""
    prefix = PATH_PREFIX.decode()
    if path.startswith(prefix):
        bucket, _, key = path[len(prefix) :].partition("/")
    else:
        key = path[1:]
    if not _BUCKET.fullmatch(bucket):
        raise Refusal(ErrorCode.INVALID_HOST, f"{shortened(bucket)} is no name of a bucket")
    if len(key.encode("utf-8", "replace")) > MOST_KEY_BYTES:
        raise Refusal(ErrorCode.KEY_TOO_LONG, f"an object key has at most {MOST_KEY_BYTES} bytes")
    if key.startswith(("/", "\\")) or _CONTROL.search(key):
        raise Refusal(ErrorCode.INVALID_URI, "an object key begins with no slash and holds no control characters")
    return Place(bucket, key)


def check_parameters(query: Query, *, listing: bool) -> None:
    """Refuse what this store does not do (multipart, ACL, tagging, processing on the fly, ...) by name."""
    known = _LIST_PARAMETERS if listing else _RESPONSE_PARAMETERS.keys()
    for name in query.values:
        if name not in known and not _SIGNING.fullmatch(name):
            raise Refusal(
                ErrorCode.NOT_IMPLEMENTED,
                f"the mock's object store does not know the parameter {shortened(name)}; it puts, gets, heads, "
                "deletes and lists whole objects",
            )


def kept_headers(headers: Iterable[tuple[bytes, bytes]]) -> tuple[tuple[bytes, bytes], ...]:
    """The headers of an upload that come back with the object."""
    kept = tuple((name, value) for name, value in headers if name in _KEPT or name.startswith(_META))
    if any(name == b"content-type" for name, _ in kept):
        return kept
    return (*kept, (b"content-type", b"application/octet-stream"))


def replaced_headers(query: Query) -> dict[bytes, bytes]:
    """Headers of the answer that the request asks for by parameters."""
    found = {}
    for parameter, header in _RESPONSE_PARAMETERS.items():
        value = query.get(parameter)
        if value is not None:
            if _NO_LINES.search(value):
                raise invalid(f"{parameter} holds characters that no header may hold")
            found[header] = value.encode("ascii")
    return found


def span_of(header: bytes | None, size: int) -> Span | None:
    """The one range asked for, None for the whole: an unknown unit or several ranges count as none.

    Raises Refusal InvalidRange when the range has no byte of the object.
    """
    found = _RANGE.fullmatch(header.strip()) if header else None
    if found is None or found[0] == b"bytes=-":
        return None
    if not found[1]:
        start, stop = max(0, size - int(found[2])), size
    else:
        start, stop = int(found[1]), min(size, int(found[2]) + 1) if found[2] else size
        if found[2] and int(found[2]) < start:
            return None
    if start >= size or start >= stop:
        raise Refusal(ErrorCode.INVALID_RANGE, f"the object has {size} bytes")
    return Span(start, stop)


def spelled(name: bytes) -> Spelled:
    """A header name as COS spells it: the Python SDK hands the names out in a plain dict."""
    if name == b"etag":
        return Spelled(b"ETag")
    return Spelled(name if name.startswith(_META) else name.title())


def http_date(seconds: float) -> bytes:
    """Last-Modified."""
    return formatdate(seconds, usegmt=True).encode()


def bucket_list(bucket: str, items: Iterable[StoredObject], query: Query) -> bytes:
    """ListBucketResult (436/7734): at most `max-keys` entries, keys behind a delimiter folded together."""
    most = min(_MOST_LISTED, number(query, "max-keys", _MOST_LISTED)) if query.get("max-keys") != "0" else 0
    coded = query.get("encoding-type") == "url"
    prefix, delimiter = query.get("prefix") or "", query.get("delimiter") or ""
    marker = query.get("marker") or ""
    entries: list[bytes] = []
    folders: list[str] = []
    last, more = "", False
    for item in items:
        folder = _folder(item.key, prefix, delimiter)
        if folder and ((folders and folders[-1] == folder) or folder <= marker):
            continue  # told already, on this page or on the one before
        if len(entries) + len(folders) >= most:
            more = most > 0
            break
        if folder:
            folders.append(folder)
        else:
            entries.append(_entry(item, coded=coded))
        last = folder or item.key
    parts = [
        ("Name", bucket), ("EncodingType", "url" if coded else None), ("Prefix", _coded(prefix, coded)),
        ("Marker", _coded(marker, coded)), ("MaxKeys", str(most)), ("Delimiter", delimiter),
        ("IsTruncated", "true" if more else "false"), ("NextMarker", _coded(last, coded) if more else None),
    ]  # fmt: skip
    head = "".join(f"<{name}>{escape(text)}</{name}>" for name, text in parts if text is not None)
    common = "".join(
        f"<CommonPrefixes><Prefix>{escape(_coded(folder, coded))}</Prefix></CommonPrefixes>" for folder in folders
    )
    body = b"".join((head.encode(), *entries, common.encode()))
    return b'<?xml version="1.0" encoding="utf-8"?>\n<ListBucketResult>%b</ListBucketResult>' % body


def _folder(key: str, prefix: str, delimiter: str) -> str:
    if not delimiter:
        return ""
    inner, found, _ = key[len(prefix) :].partition(delimiter)
    return prefix + inner + delimiter if found else ""


def _entry(item: StoredObject, *, coded: bool) -> bytes:
    at = datetime.fromtimestamp(item.modified, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    return (
        f"<Contents><Key>{escape(_coded(item.key, coded))}</Key><LastModified>{at}</LastModified>"
        f"<ETag>{item.etag}</ETag><Size>{len(item.data)}</Size><Owner><ID>0</ID><DisplayName>0</DisplayName></Owner>"
        "<StorageClass>STANDARD</StorageClass></Contents>"
    ).encode()


def _coded(text: str, coded: bool) -> str:
    return quote(text, safe="/") if coded else text
