"""The calls of multipart uploads and copies: begin, part, complete, abort, lists; copy of an object or of a part.

436/7746, 436/7750, 436/7742, 436/7740, 436/7747, 436/7736, 436/10881, 436/8287; codes of errors 436/7730.
Must not know sockets.
"""

from collections.abc import Callable
from hashlib import md5
from urllib.parse import unquote

from ciq_mock.http import object_documents, object_form
from ciq_mock.http.object_form import CRC64, PATH_PREFIX, Place, Reply
from ciq_mock.http.protocol import Spelled
from ciq_mock.objects import FullStoreError, Library, StoredObject
from ciq_mock.objects.multipart import (
    MOST_PARTS,
    MultipartError,
    Part,
    PartOrderError,
    SmallPartError,
    TooManyUploadsError,
    UnknownPartError,
    UnknownUploadError,
)
from ciq_mock.objects.store import crc64_of
from ciq_mock.service.arguments import invalid, number, shortened
from ciq_mock.service.call import Query
from ciq_mock.service.refusal import ErrorCode, Refusal

_COPY_SOURCE = b"x-cos-copy-source"
_COPY_RANGE = b"x-cos-copy-source-range"
_MOST_LISTED = 1000
_CODES = {
    UnknownUploadError: ErrorCode.NO_SUCH_UPLOAD,
    UnknownPartError: ErrorCode.INVALID_PART,
    PartOrderError: ErrorCode.INVALID_PART_ORDER,
    SmallPartError: ErrorCode.ENTITY_TOO_SMALL,
    TooManyUploadsError: ErrorCode.ENTITY_TOO_LARGE,
}
Headers = dict[bytes, bytes]
ReadHost = Callable[[bytes], str]
"""Returns the bucket in a host. Raises Refusal."""


class MultipartCalls:
    """Answers the calls; the unfinished uploads belong to the library."""

    def __init__(self, library: Library, *, now: Callable[[], float], largest: int, bucket_of: ReadHost) -> None:
        """`largest`: bytes of a complete object."""
        self._library = library
        self._uploads = library.multipart
        self._now = now
        self._largest = largest
        self._bucket_of = bucket_of

    def answer(
        self, method: str, place: Place, query: Query, headers: Headers, given: object_form.StoredHeaders, body: bytes
    ) -> Reply:
        """Answer a call with the parameter `uploads` or `uploadId`. Raises Refusal."""
        try:
            return self._answer(method, place, query, headers, given, body)
        except MultipartError as error:
            raise Refusal(_CODES[type(error)], str(error)) from None
        except FullStoreError as error:
            raise object_form.store_full(str(error)) from None

    def _answer(
        self, method: str, place: Place, query: Query, headers: Headers, given: object_form.StoredHeaders, body: bytes
    ) -> Reply:
        if query.has("uploads"):
            match method:
                case "POST" if place.key:
                    upload = self._uploads.begin(self._now(), place.bucket, place.key, given)
                    return _xml(object_documents.begun(upload))
                case "GET" if not place.key:
                    return self._list_uploads(place, query)
                case _:
                    raise _method_not_allowed("uploads", "POST of an object and GET of a bucket")
        upload = self._uploads.get(place.bucket, place.key, query.get("uploadId") or "")
        match method:
            case "PUT":
                part_number = number(query, "partNumber", 0, least=1, most=MOST_PARTS)
                if not part_number:
                    raise invalid("partNumber is required")
                source = self._copied(headers) if _COPY_SOURCE in headers else None
                part = self._put_part(upload.id, place, part_number, body if source is None else source)
                if source is not None:
                    crc64 = crc64_of(part.data)
                    return _xml(object_documents.copied("CopyPartResult", part.etag, crc64, part.modified))
                found = [(Spelled(b"ETag"), part.etag.encode()), (CRC64, b"%d" % crc64_of(part.data))]
                return Reply(200, found)
            case "POST":
                return self._complete(upload.id, place, headers, body)
            case "DELETE":
                self._uploads.remove(upload)
                return Reply(204, [])
            case "GET":
                return self._list_parts(upload.id, place, query)
            case _:
                raise _method_not_allowed("uploadId", "PUT, POST, GET and DELETE")

    def copy(self, place: Place, headers: Headers, given: object_form.StoredHeaders) -> Reply:
        """Copy an object within the store (436/10881). Raises Refusal."""
        source = self._source(headers)
        directive = headers.get(b"x-cos-metadata-directive", b"Copy").decode("latin-1")
        if directive not in ("Copy", "Replaced"):
            raise invalid(f"x-cos-metadata-directive must be Copy or Replaced, not {shortened(directive)}")
        item = StoredObject(
            key=place.key,
            data=source.data,
            modified=self._now(),
            headers=given if directive == "Replaced" else source.headers,
            md5=source.md5,
        )
        try:
            self._library.put(place.bucket, item)
        except FullStoreError as error:
            raise object_form.store_full(str(error)) from None
        return _xml(object_documents.copied("CopyObjectResult", item.etag, item.crc64, item.modified))

    def remove(self, place: Place, body: bytes) -> Reply:
        """Remove several objects (436/8289); objects that do not exist count as removed. Raises Refusal."""
        removal = object_documents.read_removal(body)
        for key in removal.keys:
            self._library.remove(place.bucket, key.removeprefix("/"))
        return _xml(object_documents.removed(() if removal.quiet else removal.keys))

    def _put_part(self, upload_id: str, place: Place, part_number: int, data: bytes) -> Part:
        upload = self._uploads.get(place.bucket, place.key, upload_id)
        others = sum(len(part.data) for part in upload.parts.values() if part.number != part_number)
        if others + len(data) > self._largest:
            raise Refusal(ErrorCode.ENTITY_TOO_LARGE, f"an object has at most {self._largest} bytes")
        digest = md5(data, usedforsecurity=False).hexdigest()
        part = Part(number=part_number, data=data, modified=self._now(), md5=digest)
        self._uploads.put(upload, part)
        return part

    def _complete(self, upload_id: str, place: Place, headers: Headers, body: bytes) -> Reply:
        upload = self._uploads.get(place.bucket, place.key, upload_id)
        item = self._uploads.joined(self._now(), upload, object_documents.read_parts(body))
        object_form.check_crc64(headers, item.crc64)
        self._library.put(place.bucket, item)
        self._uploads.remove(upload)
        host = headers.get(b"host", b"").decode("latin-1")
        reply = _xml(object_documents.completed(place, item, f"http://{host}/{place.key}"))
        reply.headers.append((CRC64, b"%d" % item.crc64))
        return reply

    def _list_parts(self, upload_id: str, place: Place, query: Query) -> Reply:
        upload = self._uploads.get(place.bucket, place.key, upload_id)
        marker = number(query, "part-number-marker", 0, least=0)
        most = min(_MOST_LISTED, number(query, "max-parts", _MOST_LISTED))
        parts = [upload.parts[one] for one in sorted(upload.parts) if one > marker]
        more = len(parts) > most
        return _xml(
            object_documents.part_list(
                upload, parts[:most], marker=marker, most=most, more=more, coded=object_form.is_coded(query)
            )
        )

    def _list_uploads(self, place: Place, query: Query) -> Reply:
        prefix, most = query.get("prefix") or "", min(_MOST_LISTED, number(query, "max-uploads", _MOST_LISTED))
        marker = (query.get("key-marker") or "", query.get("upload-id-marker") or "")
        found = [one for one in self._uploads.listed(place.bucket, prefix) if _is_after(one.key, one.id, marker)]
        more = len(found) > most
        coded = object_form.is_coded(query)
        return _xml(object_documents.upload_list(place.bucket, prefix, found[:most], most=most, more=more, coded=coded))

    def _copied(self, headers: Headers) -> bytes:
        """Return the bytes of a part that is copied."""
        source = self._source(headers)
        span = object_form.span_of(headers.get(_COPY_RANGE), len(source.data))
        return source.data if span is None else source.data[span.start : span.stop]

    def _source(self, headers: Headers) -> StoredObject:
        """Return the object that x-cos-copy-source names: `<BucketName-APPID>.cos.<Region>.myqcloud.com/<Key>`."""
        for name in headers:
            if name.startswith(_COPY_SOURCE + b"-if-"):
                raise Refusal(ErrorCode.NOT_IMPLEMENTED, f"the mock does not support {name.decode('latin-1')}")
        text = unquote(headers[_COPY_SOURCE].decode("latin-1")).removeprefix("http://").removeprefix("https://")
        host, _, key = text.lstrip("/").partition("/")
        key, _, version = key.partition("?versionId=")
        if version:
            raise Refusal(ErrorCode.NOT_IMPLEMENTED, "the mock's object store keeps no versions")
        path = f"/{key}"
        bucket = "" if path.startswith(PATH_PREFIX.decode()) else self._bucket_of(host.encode("latin-1", "replace"))
        place = object_form.place_of(path, bucket)
        item = self._library.find(place.bucket, place.key)
        if item is None:
            raise Refusal(ErrorCode.NO_SUCH_KEY, f"there is no object {shortened(place.key)} in {place.bucket} to copy")
        return item


def _is_after(key: str, upload_id: str, marker: tuple[str, str]) -> bool:
    """Return whether an upload follows the markers of a page; an id counts for its key only."""
    key_marker, id_marker = marker
    return key > key_marker or (bool(id_marker) and key == key_marker and upload_id > id_marker)


def _method_not_allowed(parameter: str, allowed: str) -> Refusal:
    return Refusal(ErrorCode.METHOD_NOT_ALLOWED, f"the parameter {parameter} belongs to {allowed}")


def _xml(body: bytes) -> Reply:
    return Reply(200, [(Spelled(b"Content-Type"), b"application/xml")], body)
