"""The HTTP form of objects: bucket and key of a request, its parameters and range, and the list of a bucket as XML.

Knows header and parameter names of COS (436/7749, 436/7753, 436/7745, 436/7743, 436/7734). Must not know sockets.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from email.utils import formatdate
from urllib.parse import quote

import msgspec

from ciq_mock.http.protocol import Headers, Spelled
from ciq_mock.objects import StoredObject
from ciq_mock.service.arguments import invalid, number, shortened
from ciq_mock.service.call import Query
from ciq_mock.service.refusal import ErrorCode, Refusal
from ciq_schemas.codec.writing import escape

CRC64 = b"x-cos-hash-crc64ecma"
"""436/7749: the Go SDK fails an upload whose answer lacks it."""
PATH_PREFIX = b"/_objects/"
"""`/_objects/<bucket>/<key>` on any host. No path of the service begins with it."""
MOST_KEY_BYTES = 850
"""436/13324: an object key has 1 to 850 bytes."""

_BUCKET = re.compile(r"[a-z0-9][a-z0-9-]{0,61}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_RANGE = re.compile(rb"bytes=([0-9]{0,18})-([0-9]{0,18})")
_STORED = frozenset(
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
    """A bucket and a key in it; the key is empty when the request is about the bucket itself."""

    bucket: str
    key: str


class Reply(msgspec.Struct, frozen=True):
    """An answer to send."""

    status: int
    headers: Headers
    body: bytes = b""
    length: int | None = None
    """Length of the object when no body is sent (HEAD)."""


StoredHeaders = tuple[tuple[bytes, bytes], ...]
"""Headers of an upload that every answer with the object repeats."""


class Span(msgspec.Struct, frozen=True):
    """A part of an object: its first byte, and the byte after its last."""

    start: int
    stop: int


def place_of(path: str, bucket: str) -> Place:
    """Return the bucket and key of a decoded path; `bucket` is the one in Host. Raises Refusal."""
    prefix = PATH_PREFIX.decode()
    if path.startswith(prefix):
        bucket, _, key = path[len(prefix) :].partition("/")
    else:
        key = path[1:]
    if not _BUCKET.fullmatch(bucket):
        raise Refusal(ErrorCode.INVALID_HOST, f"{shortened(bucket)} is not a bucket name")
    if len(key.encode("utf-8", "replace")) > MOST_KEY_BYTES:
        raise Refusal(ErrorCode.KEY_TOO_LONG, f"an object key has at most {MOST_KEY_BYTES} bytes")
    if key.startswith(("/", "\\")) or _CONTROL.search(key):
        raise Refusal(ErrorCode.INVALID_URI, "an object key must not begin with a slash or contain control characters")
    return Place(bucket, key)


def check_parameters(query: Query, *, listing: bool) -> None:
    """Refuse, by name, each parameter that this store does not support (ACL, tagging, versions, processing, ...)."""
    known = _LIST_PARAMETERS if listing else _RESPONSE_PARAMETERS.keys()
    for name in query.values:
        if name not in known and not _SIGNING.fullmatch(name):
            raise Refusal(
                ErrorCode.NOT_IMPLEMENTED,
                f"the mock's object store does not have the parameter {shortened(name)}: it stores, copies, lists and "
                "removes objects, and answers ci-process=videoinfo and ci-process=snapshot",
            )


def stored_headers(headers: Iterable[tuple[bytes, bytes]]) -> tuple[tuple[bytes, bytes], ...]:
    """Return the headers of an upload that every GET of the object returns."""
    stored = tuple((name, value) for name, value in headers if name in _STORED or name.startswith(_META))
    if any(name == b"content-type" for name, _ in stored):
        return stored
    return (*stored, (b"content-type", b"application/octet-stream"))


def check_crc64(headers: Mapping[bytes, bytes], found: int) -> None:
    """Refuse content whose CRC-64 is not the one that the client sent; no page has that header in a request."""
    given = headers.get(CRC64)
    if given is not None and given.strip() != b"%d" % found:
        raise Refusal(
            ErrorCode.BAD_DIGEST, f"the content does not match its x-cos-hash-crc64ecma: its CRC-64 is {found}"
        )


def store_full(message: str) -> Refusal:
    """Return the refusal of content that the store cannot hold."""
    return Refusal(ErrorCode.ENTITY_TOO_LARGE, f"{message}; raise the limit with ciq mock --store-mib")


SANDBOX = {
    b"content-security-policy": b"sandbox; default-src 'none'",
    b"x-content-type-options": b"nosniff",
    b"content-disposition": b"attachment",
}
"""Headers of every answer with an object: a browser never runs an upload as a page of the mock, which has admin pages.
An upload or request may set another Content-Disposition, as in COS; the sandbox remains."""


def replaced_headers(query: Query) -> dict[bytes, bytes]:
    """Return the answer headers that the parameters of the request set."""
    found = {}
    for parameter, header in _RESPONSE_PARAMETERS.items():
        value = query.get(parameter)
        if value is not None:
            if _NO_LINES.search(value):
                raise invalid(f"{parameter} contains characters that are not allowed in a header")
            found[header] = value.encode("ascii")
    return found


def span_of(header: bytes | None, size: int) -> Span | None:
    """Return the requested range; None for the whole object. An unknown unit or several ranges are ignored.

    Raises Refusal InvalidRange when the range contains no byte of the object.
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
    """Return a header name as COS spells it: the Python SDK returns the names in a plain dict."""
    if name == b"etag":
        return Spelled(b"ETag")
    return Spelled(name if name.startswith(b"x-cos-") else name.title())


def http_date(seconds: float) -> bytes:
    """Return the value of Last-Modified."""
    return formatdate(seconds, usegmt=True).encode()


def bucket_list(bucket: str, items: Iterable[StoredObject], query: Query) -> bytes:
    """Return ListBucketResult (436/7734): at most `max-keys` entries, keys with the same folder grouped."""
    most = min(_MOST_LISTED, number(query, "max-keys", _MOST_LISTED)) if query.get("max-keys") != "0" else 0
    coded = is_coded(query)
    prefix, delimiter = query.get("prefix") or "", query.get("delimiter") or ""
    marker = query.get("marker") or ""
    entries: list[bytes] = []
    folders: list[str] = []
    last, more = "", False
    for item in items:
        folder = _folder(item.key, prefix, delimiter)
        if folder and ((folders and folders[-1] == folder) or folder <= marker):
            continue  # already on this page or on an earlier one
        if len(entries) + len(folders) >= most:
            more = most > 0
            break
        if folder:
            folders.append(folder)
        else:
            entries.append(_entry(item, coded=coded))
        last = folder or item.key
    parts = [
        ("Name", bucket), ("EncodingType", "url" if coded else None), ("Prefix", coded_key(prefix, coded)),
        ("Marker", coded_key(marker, coded)), ("MaxKeys", str(most)), ("Delimiter", delimiter),
        ("IsTruncated", "true" if more else "false"), ("NextMarker", coded_key(last, coded) if more else None),
    ]  # fmt: skip
    head = "".join(f"<{name}>{escape(text)}</{name}>" for name, text in parts if text is not None)
    common = "".join(
        f"<CommonPrefixes><Prefix>{escape(coded_key(folder, coded))}</Prefix></CommonPrefixes>" for folder in folders
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
        f"<Contents><Key>{escape(coded_key(item.key, coded))}</Key><LastModified>{at}</LastModified>"
        f"<ETag>{item.etag}</ETag><Size>{len(item.data)}</Size><Owner><ID>0</ID><DisplayName>0</DisplayName></Owner>"
        "<StorageClass>STANDARD</StorageClass></Contents>"
    ).encode()


def is_coded(query: Query) -> bool:
    """Return whether a list shows its keys percent-encoded."""
    return query.get("encoding-type") == "url"


def coded_key(text: str, coded: bool) -> str:
    """Return a key as a list shows it: percent-encoded when the request has `encoding-type=url`."""
    return quote(text, safe="/") if coded else text
