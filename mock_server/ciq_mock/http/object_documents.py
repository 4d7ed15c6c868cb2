"""The XML documents of objects beside the list of a bucket: multipart uploads, copies, removal of several objects.

436/7746, 436/7742, 436/7736, 436/7747 (multipart), 436/10881, 436/8287 (copies), 436/8289 (removal). They belong to
COS, not to the contract. Must not know how objects are stored.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

import msgspec
from lxml import etree

from ciq_mock.http.object_form import Place, coded_key
from ciq_mock.objects import StoredObject
from ciq_mock.objects.multipart import MOST_PARTS, ListedPart, Part, Upload
from ciq_mock.service.refusal import ErrorCode, Refusal
from ciq_schemas.codec.writing import escape
from ciq_schemas.xml_parser import RefusedDocument, parse

MOST_KEYS = 1000
"""436/8289: keys of one request."""
_OWNER = "<Owner><ID>0</ID><DisplayName>0</DisplayName></Owner>"


class Removal(msgspec.Struct, frozen=True):
    """The objects that a request removes; `quiet` leaves them out of the answer."""

    keys: tuple[str, ...]
    quiet: bool


def begun(upload: Upload) -> bytes:
    """Return the answer to the beginning of an upload."""
    return _document(
        "InitiateMultipartUploadResult",
        _text("Bucket", upload.bucket) + _text("Key", upload.key) + _text("UploadId", upload.id),
    )


def completed(place: Place, item: StoredObject, location: str) -> bytes:
    """Return the answer to the completion of an upload."""
    parts = (("Location", location), ("Bucket", place.bucket), ("Key", place.key), ("ETag", item.etag))
    return _document("CompleteMultipartUploadResult", "".join(_text(name, text) for name, text in parts))


def copied(root: str, etag: str, crc64: int, modified: float) -> bytes:
    """Return the answer to a copy of an object (CopyObjectResult) or of a part (CopyPartResult)."""
    parts = (("ETag", etag), ("LastModified", _moment(modified)), ("CRC64", str(crc64)))
    return _document(root, "".join(_text(name, text) for name, text in parts))


def part_list(upload: Upload, parts: Sequence[Part], *, marker: int, most: int, more: bool, coded: bool) -> bytes:
    """Return the parts of an upload."""
    following = _text("NextPartNumberMarker", str(parts[-1].number)) if more and parts else ""
    head = (
        _text("Bucket", upload.bucket) + _encoding(coded) + _text("Key", coded_key(upload.key, coded))
        + _text("UploadId", upload.id)
        + _OWNER.replace("Owner", "Initiator") + _OWNER + _text("StorageClass", "STANDARD")
        + _text("PartNumberMarker", str(marker)) + following + _text("MaxParts", str(most))
        + _text("IsTruncated", str(more).lower())
    )  # fmt: skip
    return _document("ListPartsResult", head + "".join(_part(part) for part in parts))


def upload_list(bucket: str, prefix: str, uploads: Sequence[Upload], *, most: int, more: bool, coded: bool) -> bytes:
    """Return the unfinished uploads of a bucket."""
    following = ""
    if more and uploads:
        last = uploads[-1]
        following = _text("NextKeyMarker", coded_key(last.key, coded)) + _text("NextUploadIdMarker", last.id)
    head = (
        _text("Bucket", bucket) + _encoding(coded) + _text("KeyMarker", "") + _text("UploadIdMarker", "") + following
        + _text("Prefix", coded_key(prefix, coded)) + _text("MaxUploads", str(most))
        + _text("IsTruncated", str(more).lower())
    )  # fmt: skip
    return _document("ListMultipartUploadsResult", head + "".join(_upload(upload, coded=coded) for upload in uploads))


def removed(keys: Iterable[str]) -> bytes:
    """Return the answer to the removal of several objects."""
    return _document("DeleteResult", "".join(f"<Deleted>{_text('Key', key)}</Deleted>" for key in keys))


def read_parts(body: bytes) -> list[ListedPart]:
    """Return the parts in a request to complete an upload. Raises Refusal MalformedXML."""
    root = _root(body, "CompleteMultipartUpload")
    listed = []
    for part in root.iter("{*}Part"):
        number, etag = _child(part, "PartNumber"), _child(part, "ETag")
        if not (number.isascii() and number.isdigit() and len(number) <= 6 and 1 <= int(number) <= MOST_PARTS and etag):
            raise _malformed(f"each Part needs a PartNumber from 1 to {MOST_PARTS} and an ETag")
        listed.append(ListedPart(int(number), etag))
    if not listed:
        raise _malformed("CompleteMultipartUpload lists no Part")
    return listed


def read_removal(body: bytes) -> Removal:
    """Return the objects in a request to remove several. Raises Refusal MalformedXML."""
    root = _root(body, "Delete")
    keys = tuple(_child(item, "Key") for item in root.iter("{*}Object"))
    if not keys or "" in keys or len(keys) > MOST_KEYS:
        raise _malformed(f"Delete needs 1 to {MOST_KEYS} elements Object, each with a Key")
    return Removal(keys, quiet=_child(root, "Quiet").lower() == "true")


def _root(body: bytes, name: str) -> etree._Element:
    try:
        root = parse(body)
    except RefusedDocument as error:
        raise _malformed(f"the body is not a document {name}: {error}") from None
    if etree.QName(root).localname != name:
        raise _malformed(f"the root of the body must be {name}")
    return root


def _child(element: etree._Element, name: str) -> str:
    return (element.findtext(f"{{*}}{name}") or "").strip()


def _malformed(message: str) -> Refusal:
    return Refusal(ErrorCode.MALFORMED_XML, message)


def _part(part: Part) -> str:
    inner = (
        _text("PartNumber", str(part.number)) + _text("LastModified", _moment(part.modified))
        + _text("ETag", part.etag) + _text("Size", str(len(part.data)))
    )  # fmt: skip
    return f"<Part>{inner}</Part>"


def _upload(upload: Upload, *, coded: bool) -> str:
    inner = (
        _text("Key", coded_key(upload.key, coded)) + _text("UploadId", upload.id) + _text("StorageClass", "STANDARD")
        + _OWNER.replace("Owner", "Initiator") + _OWNER + _text("Initiated", _moment(upload.begun))
    )  # fmt: skip
    return f"<Upload>{inner}</Upload>"


def _encoding(coded: bool) -> str:
    return _text("EncodingType", "url") if coded else ""


def _text(name: str, text: str) -> str:
    return f"<{name}>{escape(text)}</{name}>"


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def _document(root: str, content: str) -> bytes:
    return f'<?xml version="1.0" encoding="utf-8"?>\n<{root}>{content}</{root}>'.encode()
