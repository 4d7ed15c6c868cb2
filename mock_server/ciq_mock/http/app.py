"""The service's API as a plain ASGI application: reads the request, finds the handler, writes the answer.

Order of checks: Host, signature, path, method, query, body. Every refusal is answered in the error form. An unexpected
exception is answered with InternalError, and the log has its traceback.
Must not know what a handler does, nor XML beyond the error form.
"""

import hmac
import logging
from base64 import b64encode
from collections.abc import Callable
from hashlib import md5

from starlette.types import Receive, Scope, Send

from ciq_mock.http.cross_origin import is_preflight, permission, readable
from ciq_mock.http.json_answers import JSON, as_json
from ciq_mock.http.protocol import Answered, Headers, Spelled
from ciq_mock.http.request_log import KEPT_BODY, RequestEntry, RequestLog, shown_target
from ciq_mock.http.router import Router
from ciq_mock.http.target import HostReader, Place, read_path, read_query
from ciq_mock.service.call import Answer, Call
from ciq_mock.service.refusal import ErrorCode, Refusal
from ciq_mock.settings import Limits
from ciq_schemas.codec import Document, encode
from ciq_schemas.operations import HttpOperation

logger = logging.getLogger("ciq_mock")

Handle = Callable[[HttpOperation, Call], Answer]
CheckSignature = Callable[[Scope], None]
"""Raises Refusal when the signature of a request is missing or wrong."""
WriteError = Callable[[Refusal, str, str, str], bytes]
"""Refusal, resource, request id, trace id in; body in the error form out."""

_CONTENT_LENGTH = Spelled(b"Content-Length")
_XML = (Spelled(b"Content-Type"), b"application/xml")
"""Exactly this value: the Python SDK compares for equality."""
_JSON = (Spelled(b"Content-Type"), JSON)
DRAINED = 16 << 20
"""Bytes of a refused body that are still read, so that the client can read the answer."""


class RequestIds:
    """Creates the ids of requests, and the trace ids of refusals.

    They have the form of the samples: Base64 of `<hex>_<hex>_<hex>` (1045/49552 family); opaque to clients, unique in a
    mock.
    """

    def __init__(self, *, now: Callable[[], float], random_bits: Callable[[int], int]) -> None:
        self._tail = f"{random_bits(32):08x}"
        self._head = f"{int(now()):08x}_{self._tail}_"
        self._count = 0

    def fresh(self) -> str:
        """Return a new request id."""
        self._count += 1
        return b64encode(f"{self._head}{self._count:x}".encode()).decode()

    def trace(self, request_id: str) -> str:
        """Return the trace id that belongs to a refused request."""
        return b64encode(f"trace_{self._tail}_{request_id}".encode()).decode()


def write_error(refusal: Refusal, resource: str, request_id: str, trace_id: str) -> bytes:
    """Return the body of a refusal in the error form (1045/43611, 436/7730).

    None of its five parts is empty: the Python SDK drops the code otherwise.
    """
    return encode(
        Document.ERROR,
        {
            "Code": refusal.code,
            "Message": refusal.message or refusal.code,
            "Resource": resource or "/",
            "RequestId": request_id,
            "TraceId": trace_id,
        },
    )


class ServiceApp:
    """Answers requests; its only state between requests is the id counter and the log."""

    date_header = True
    """The server adds Date to every answer."""
    flush: Callable[[], Refusal | None] | None = None
    """Called before an answer through ASGI: commits its changes, or returns the refusal to answer instead."""

    def __init__(
        self,
        *,
        router: Router,
        handle: Handle,
        hosts: HostReader,
        limits: Limits,
        ids: RequestIds,
        write_error: WriteError,
        log: RequestLog,
        now: Callable[[], float],
        check_signature: CheckSignature | None = None,
    ) -> None:
        self._router = router
        self._handle = handle
        self._hosts = hosts
        self._limits = limits
        self._ids = ids
        self._write_error = write_error
        self._log = log
        self._now = now
        self._check_signature = check_signature

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request."""
        headers = dict(scope["headers"])
        try:
            body = await self._body(headers, receive)
        except ConnectionError:
            return  # the client has closed the connection
        except Refusal as refusal:
            status, response, content = self._refused(scope, headers, self._ids.fresh(), refusal)
        else:
            status, response, content = self.answer(scope, headers, body)
            if self.flush is not None and (not_committed := self.flush()) is not None:
                status, response, content = self._refused(scope, headers, self._ids.fresh(), not_committed)
        await send({"type": "http.response.start", "status": status, "headers": response})
        await send({"type": "http.response.body", "body": content, "more_body": False})

    def answer(self, scope: Scope, headers: dict[bytes, bytes], body: bytes) -> Answered:
        """Answer a complete request."""
        if b"origin" in headers:
            return self._answer_browser(scope, headers, body)
        return self._answer_client(scope, headers, body)

    def _answer_browser(self, scope: Scope, headers: dict[bytes, bytes], body: bytes) -> Answered:
        if is_preflight(scope["method"], headers):
            request_id = self._ids.fresh()
            self.log_request(scope, headers, 200, request_id, None)
            return 200, _with_length(b"", [*self.identity(request_id), *permission(headers)]), b""
        status, response, content = self._answer_client(scope, headers, body)
        return status, [*response, *readable()], content

    def _answer_client(self, scope: Scope, headers: dict[bytes, bytes], body: bytes) -> Answered:
        request_id = self._ids.fresh()
        try:
            answer = self._answer(scope, headers, body, request_id)
        except Refusal as refusal:
            return self._refused(scope, headers, request_id, refusal, body)
        except Exception:
            logger.exception("request %s %r failed", scope["method"], scope["raw_path"])
            internal = Refusal(ErrorCode.INTERNAL_ERROR, "the mock failed; see the traceback in its log")
            return self._refused(scope, headers, request_id, internal, body)
        self.log_request(scope, headers, answer.status, request_id, None, body)
        content_type = _JSON if answer.json else _XML
        return answer.status, _with_length(answer.body, self.identity(request_id), content_type), answer.body

    def _refused(
        self, scope: Scope, headers: dict[bytes, bytes], request_id: str, refusal: Refusal, body: bytes = b""
    ) -> Answered:
        extra, content = self.render_refusal(refusal, resource_of(scope), request_id)
        self.log_request(scope, headers, refusal.status, request_id, refusal, body)
        return refusal.status, _with_length(content, extra), content

    def render_unparsed(self, refusal: Refusal, resource: str) -> tuple[Headers, bytes]:
        """Return headers and body of the answer to bytes that are not HTTP."""
        extra, body = self.render_refusal(refusal, resource, self._ids.fresh())
        return _with_length(body, extra), body

    def render_refusal(self, refusal: Refusal, resource: str, request_id: str) -> tuple[Headers, bytes]:
        """Return headers (without length and type) and body of a refusal."""
        trace_id = self._ids.trace(request_id)
        headers = self.identity(request_id)
        headers += [(b"x-ci-trace-id", trace_id.encode()), (b"x-cos-trace-id", trace_id.encode())]
        if refusal.allow:
            headers.append((b"allow", ", ".join(refusal.allow).encode()))
        return headers, self._write_error(refusal, resource, request_id, trace_id)

    @staticmethod
    def identity(request_id: str) -> Headers:
        """Return the request id under both names: the CI pages name the first, the Node and Go SDKs read the second."""
        value = request_id.encode()
        return [(b"x-ci-request-id", value), (b"x-cos-request-id", value)]

    def fresh_id(self) -> str:
        """Return an id for a new request."""
        return self._ids.fresh()

    def place_of(self, host: bytes) -> Place:
        """Return the bucket and region in a host; raise Refusal when it is none."""
        return self._hosts.place(host)

    def admit(self, scope: Scope, headers: dict[bytes, bytes]) -> Place:
        """Return the bucket and region in Host; raise Refusal for a wrong Host or signature."""
        place = self._hosts.place(headers.get(b"host", b""))
        if self._check_signature is not None:
            self._check_signature(scope)
        return place

    def _answer(self, scope: Scope, headers: dict[bytes, bytes], body: bytes, request_id: str) -> Answer:
        place = self.admit(scope, headers)
        path = read_path(scope["raw_path"], self._limits)
        operation, key = self._router.find(scope["method"], path)
        query = read_query(scope["query_string"], self._limits)
        if b"content-md5" in headers:
            _check_md5(headers[b"content-md5"], body)
        answer = self._handle(operation, Call(place.bucket, place.region, key, query, body, request_id))
        return as_json(operation, answer) if headers.get(b"accept") == JSON else answer

    async def _body(self, headers: dict[bytes, bytes], receive: Receive) -> bytes:
        """Read the body; raise Refusal when it is too long, ConnectionError when the client has disconnected."""
        if b"content-length" not in headers and b"transfer-encoding" not in headers:
            return b""
        most = self._limits.body
        parts: list[bytes] = []
        size = 0
        more = True
        while more and size <= DRAINED:
            message = await receive()
            if message["type"] != "http.request":
                raise ConnectionError("the client has closed the connection")
            size += len(message["body"])
            more = message["more_body"]
            if size <= most:
                parts.append(message["body"])
        if size > most:
            raise Refusal(ErrorCode.INVALID_CONTENT, f"the body is longer than {most} bytes")
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def log_unparsed(self, method: str, target: bytes, status: int, reason: str) -> None:
        """Add a refused connection to the log; status 0 when it got no answer."""
        self._log.add(
            RequestEntry(
                at=self._now(),
                method=method,
                target=shown_target(target, b""),
                host="",
                status=status,
                request_id=self._ids.fresh(),
                code="AccessDenied" if status == 403 else "",
                reason=reason,
            )
        )

    def log_request(
        self,
        scope: Scope,
        headers: dict[bytes, bytes],
        status: int,
        request_id: str,
        refusal: Refusal | None,
        body: bytes = b"",
    ) -> None:
        """Add an answered request to the log."""
        self._log.add(
            RequestEntry(
                at=self._now(),
                method=scope["method"],
                target=shown_target(scope["raw_path"], scope["query_string"]),
                host=headers.get(b"host", b"")[:300].decode("latin-1"),
                status=status,
                request_id=request_id,
                code="" if refusal is None else refusal.code,
                reason="" if refusal is None else refusal.message,
                expected="" if refusal is None else refusal.for_log,
                body=body[:KEPT_BODY],
            )
        )


def _with_length(content: bytes, extra: Headers, content_type: tuple[bytes, bytes] = _XML) -> Headers:
    """Return the headers of an answer with its length, and its type when it has a body."""
    length = (_CONTENT_LENGTH, b"%d" % len(content))
    return [content_type, length, *extra] if content else [length, *extra]


def resource_of(scope: Scope) -> str:
    """Return the path as sent: the Python SDK drops the code of an error whose Resource is empty."""
    return scope["raw_path"][:1024].decode("ascii", "replace") or "/"


def _check_md5(given: bytes, body: bytes) -> None:
    """Raise Refusal InvalidContent when the body does not match its Content-MD5 (1545/65185)."""
    digest = b64encode(md5(body, usedforsecurity=False).digest())
    if not hmac.compare_digest(digest, given.strip()):
        raise Refusal(ErrorCode.INVALID_CONTENT, "the body does not match its Content-MD5")
