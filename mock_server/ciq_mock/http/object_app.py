"""Objects over HTTP as a plain ASGI application: store, read, copy and remove objects, list a bucket.

A request is about objects when its Host belongs to COS and its path is not one of the service, or when its path
begins with `/_objects/`. Host, signature, errors and log are those of the service. Source: 436/7749 (PUT),
436/7753 (GET), 436/7745 (HEAD), 436/7743 (DELETE), 436/7734 (list), 436/7730 (errors).
Must not know jobs; the library knows their outputs.
"""

import base64
import binascii
import logging
import re
from collections.abc import Callable
from functools import lru_cache
from hashlib import md5

from starlette.types import Receive, Scope, Send

from ciq_mock.http import object_form
from ciq_mock.http.app import ServiceApp, resource_of
from ciq_mock.http.cross_origin import is_preflight, permission, readable
from ciq_mock.http.object_form import CRC64, PATH_PREFIX, Place, Reply
from ciq_mock.http.object_multipart import MultipartCalls
from ciq_mock.http.protocol import Spelled
from ciq_mock.http.router import Router
from ciq_mock.http.target import read_path, read_query
from ciq_mock.objects import FullStoreError, Library, StoredObject
from ciq_mock.objects.store import crc64_of, stored
from ciq_mock.service.arguments import shortened
from ciq_mock.service.call import Query
from ciq_mock.service.media_calls import Processed
from ciq_mock.service.refusal import ErrorCode, Refusal
from ciq_mock.settings import Limits, ObjectSettings

logger = logging.getLogger("ciq_mock")

_COS_HOST = re.compile(rb"(?:[a-z0-9-]+\.)?(?:cos|cos-internal|pic)\.", re.IGNORECASE)
_ID = re.compile(r"[a-z][0-9a-f]{32}(?:,[a-z][0-9a-f]{32})*")
_DRAINED = 16 << 20
_METHODS = ("GET", "HEAD", "PUT", "DELETE")
_UPLOAD_PARAMETERS = ("uploads", "uploadid")
_PROCESS = "ci-process"
Process = Callable[[str, str, Query], Processed]
"""Bucket, key and parameters of a request with `ci-process` in; the answer from the object out. Raises Refusal."""
_BUCKET_METHODS = ("GET", "HEAD", "PUT")


class ObjectApp:
    """Answers requests about objects."""

    def __init__(
        self,
        *,
        service: ServiceApp,
        router: Router,
        library: Library,
        limits: Limits,
        settings: ObjectSettings,
        now: Callable[[], float],
        process: Process,
    ) -> None:
        self._service = service
        self._router = router
        self._library = library
        self._limits = limits
        self._settings = settings
        self._now = now
        self._process = process
        self._multipart = MultipartCalls(
            library, now=now, largest=settings.largest, bucket_of=lambda host: service.place_of(host).bucket
        )
        self._arriving = 0
        """Bytes of unfinished uploads."""

    def claims(self, scope: Scope) -> bool:
        """Return whether a request is about objects; called for every request, so it decides the usual ones quickly."""
        if scope["raw_path"].startswith(PATH_PREFIX):
            return True
        for name, value in scope["headers"]:
            if name == b"host":
                return _is_of_cos(value) and self._is_key(scope["method"], value, scope["raw_path"])
        return False

    def _is_key(self, method: str, host: bytes, raw_path: bytes) -> bool:
        """Return whether a path at a host of COS is a key or the bucket, not a call of the service.

        Redirected SDKs send both to the same host. `jobs/a.mp4` is a key: its last part does not look like an id. A
        DELETE of `template/unknown` removes the object, if there is one, and otherwise is a call of the service.
        """
        try:
            path = read_path(raw_path, self._limits)
            bucket = self._service.place_of(host).bucket
        except Refusal:
            return True
        if path == "/":
            return True
        parent, _, last = path.rpartition("/")
        if self._router.knows(path):
            return False
        if not self._router.knows_items(parent):
            return True
        if method == "DELETE" and "." not in last and self._router.knows_items(parent, method):
            return self._library.find(bucket, path[1:]) is not None
        return _ID.fullmatch(last) is None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        request_id = self._service.fresh_id()
        headers = dict(scope["headers"])
        refusal = None
        if is_preflight(scope["method"], headers):
            self._service.log_request(scope, headers, 200, request_id, None)
            await _send(send, scope, Reply(200, [*self._service.identity(request_id), *permission(headers)]))
            return
        try:
            reply = await self._answer(scope, headers, receive)
            if self._service.flush is not None:
                refusal = self._service.flush()
        except ConnectionError:
            return  # the client has closed the connection
        except Refusal as refused:
            refusal = refused
        except Exception:
            logger.exception("request %s %r failed", scope["method"], scope["raw_path"])
            refusal = Refusal(ErrorCode.INTERNAL_ERROR, "the mock failed; see the traceback in its log")
        if refusal is not None:
            extra, body = self._service.render_refusal(refusal, resource_of(scope), request_id)
            reply = Reply(refusal.status, [(Spelled(b"Content-Type"), b"application/xml"), *extra], body)
        else:
            reply.headers.extend(self._service.identity(request_id))
        self._service.log_request(scope, headers, reply.status, request_id, refusal)
        if b"origin" in headers:
            reply.headers.extend(readable())
        await _send(send, scope, reply)

    async def _answer(self, scope: Scope, headers: dict[bytes, bytes], receive: Receive) -> Reply:
        uploading = scope["method"] == "PUT"
        body = await self._body(headers, receive, most=self._settings.largest if uploading else self._limits.body)
        bucket = self._service.admit(scope, headers).bucket
        place = object_form.place_of(read_path(scope["raw_path"], self._limits), bucket)
        query = read_query(scope["query_string"], self._limits)
        method = scope["method"]
        if any(query.has(name) for name in _UPLOAD_PARAMETERS):
            given = object_form.stored_headers(scope["headers"])
            if method == "PUT":
                _check_digests(headers, body)
            return self._multipart.answer(method, place, query, headers, given, body)
        if method == "POST" and not place.key and query.has("delete"):
            _check_digests(headers, body)
            return self._multipart.remove(place, body)
        if method in ("GET", "POST", "PUT") and place.key and query.has(_PROCESS):
            if method != "GET":
                raise Refusal(ErrorCode.NOT_IMPLEMENTED, f"the mock has {_PROCESS} for GET only")
            processed = self._process(place.bucket, place.key, query)
            return Reply(200, [(Spelled(b"Content-Type"), processed.content_type)], processed.data)
        allowed = _METHODS if place.key else _BUCKET_METHODS
        if method not in allowed:
            what = "an object" if place.key else "a bucket"
            raise Refusal(ErrorCode.METHOD_NOT_ALLOWED, f"{what} allows {', '.join(allowed)} only", allow=allowed)
        object_form.check_parameters(query, listing=not place.key)
        match method:
            case "PUT" if place.key:
                return self._put(place, scope, headers, body)
            case "DELETE":
                self._library.remove(place.bucket, place.key)
                return Reply(204, [])
            case "GET" if not place.key:
                return self._list(place, query)
            case "GET" | "HEAD" if place.key:
                return self._get(place, query, headers)
            case _:
                return Reply(200, [])  # every bucket exists; creating one again changes nothing

    def _put(self, place: Place, scope: Scope, headers: dict[bytes, bytes], body: bytes) -> Reply:
        if b"pic-operations" in headers:
            raise Refusal(ErrorCode.NOT_IMPLEMENTED, "the mock does not process pictures on upload (Pic-Operations)")
        stored_headers = object_form.stored_headers(scope["headers"])
        if b"x-cos-copy-source" in headers:
            return self._multipart.copy(place, headers, stored_headers)
        _check_digests(headers, body)
        item = stored(place.key, body, modified=self._now(), headers=stored_headers)
        try:
            self._library.put(place.bucket, item)
        except FullStoreError as error:
            raise object_form.store_full(str(error)) from None
        return Reply(200, [(Spelled(b"ETag"), item.etag.encode()), (CRC64, b"%d" % item.crc64)])

    def _get(self, place: Place, query: Query, headers: dict[bytes, bytes]) -> Reply:
        item = self._library.find(place.bucket, place.key)
        if item is None:
            raise Refusal(ErrorCode.NO_SUCH_KEY, f"there is no object {shortened(place.key)} in {place.bucket}")
        answer_headers = _headers_of(item) | object_form.replaced_headers(query)
        span = object_form.span_of(headers.get(b"range"), len(item.data))
        status, data = 200, item.data
        if span is not None:
            status, data = 206, item.data[span.start : span.stop]
            answer_headers[b"content-range"] = b"bytes %d-%d/%d" % (span.start, span.stop - 1, len(item.data))
        return Reply(status, [(object_form.spelled(name), value) for name, value in answer_headers.items()], data)

    def _list(self, place: Place, query: Query) -> Reply:
        items = self._library.listed(place.bucket, prefix=query.get("prefix") or "", after=query.get("marker") or "")
        body = object_form.bucket_list(place.bucket, items, query)
        return Reply(200, [(Spelled(b"Content-Type"), b"application/xml")], body)

    async def _body(self, headers: dict[bytes, bytes], receive: Receive, *, most: int) -> bytes:
        """Read the body; raise Refusal when it is too long, ConnectionError when the client has closed the connection.

        All uploads in progress count against the size of the store. The mock still reads part of a refused body, so
        that the client can read the answer.
        """
        if b"content-length" not in headers and b"transfer-encoding" not in headers:
            return b""
        parts: list[bytes] = []
        size, fits, more = 0, True, True
        try:
            while more and size <= most + _DRAINED:
                message = await receive()
                if message["type"] != "http.request":
                    raise ConnectionError("the client has closed the connection")
                size += len(message["body"])
                more = message["more_body"]
                fits = fits and size <= most and self._reserve(len(message["body"]))
                if fits:
                    parts.append(message["body"])
        finally:
            self._arriving -= sum(map(len, parts))
        if size > most:
            raise Refusal(ErrorCode.ENTITY_TOO_LARGE, f"the body is longer than {most} bytes")
        if not fits:
            held = self._library.multipart.bytes
            raise object_form.store_full(
                f"the store holds at most {self._settings.total} bytes, {held} of them in unfinished multipart uploads"
            )
        return b"".join(parts)

    def _reserve(self, size: int) -> bool:
        if self._library.uploads.bytes + self._library.multipart.bytes + self._arriving + size > self._settings.total:
            return False
        self._arriving += size
        return True


@lru_cache(256)
def _is_of_cos(host: bytes) -> bool:
    return _COS_HOST.match(host) is not None


async def _send(send: Send, scope: Scope, reply: Reply) -> None:
    length = len(reply.body) if reply.length is None else reply.length
    body = b"" if scope["method"] == "HEAD" else reply.body
    if reply.status != 204:
        reply.headers.insert(0, (Spelled(b"Content-Length"), b"%d" % length))
    await send({"type": "http.response.start", "status": reply.status, "headers": reply.headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})


def _headers_of(item: StoredObject) -> dict[bytes, bytes]:
    headers = dict(item.headers) or {b"content-type": b"application/octet-stream"}
    return (
        object_form.SANDBOX
        | headers
        | {
            b"etag": item.etag.encode(),
            b"last-modified": object_form.http_date(item.modified),
            b"accept-ranges": b"bytes",
            CRC64: b"%d" % item.crc64,
        }
    )


def _check_digests(headers: dict[bytes, bytes], body: bytes) -> None:
    """Refuse a body that does not match the digests that came with it."""
    if CRC64 in headers:
        object_form.check_crc64(headers, crc64_of(body))
    given = headers.get(b"content-md5")
    if given is None:
        return
    try:
        wanted = base64.b64decode(given.strip(), validate=True)
    except (binascii.Error, ValueError):
        wanted = b""
    if len(wanted) != 16:
        raise Refusal(ErrorCode.INVALID_DIGEST, "Content-MD5 is not the Base64 of 16 bytes")
    if wanted != md5(body, usedforsecurity=False).digest():
        raise Refusal(ErrorCode.BAD_DIGEST, "the body does not match its Content-MD5")
