"""Reads HTTP archives: each entry becomes an exchange with the service, or a callback. Pure.

HAR 1.2 as browsers and proxies export it. Times are rounded to milliseconds, so the intervals are widened by one.
"""

from base64 import b64decode
from binascii import Error as Base64Error
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import urlsplit

import msgspec

from ciq_conformance.recorded.recording import Message, UnreadableFileError
from ciq_schemas.operations import HttpOperation, operation_of, service_path
from ciq_schemas.transcript.parsed import ParsedCallback
from ciq_schemas.transcript.records import Body, CallbackReceived, Exchange, HeaderField

_ROUNDING = 0.001
_CACHED = 304


class _Named(msgspec.Struct):
    name: str = ""
    value: str = ""


class _Posted(msgspec.Struct):
    text: str | None = None
    encoding: str = ""


class _Request(msgspec.Struct, rename={"post_data": "postData"}):
    method: str = ""
    url: str = ""
    headers: list[_Named] = []
    post_data: _Posted | None = None


class _Content(msgspec.Struct):
    size: float = 0
    text: str | None = None
    encoding: str = ""


class _Response(msgspec.Struct):
    status: float = 0
    headers: list[_Named] = []
    content: _Content = msgspec.field(default_factory=_Content)


class _Entry(msgspec.Struct, rename={"started": "startedDateTime", "from_cache": "_fromCache"}):
    request: _Request
    response: _Response
    started: str = ""
    time: float = 0
    from_cache: object = None


class _Log(msgspec.Struct):
    entries: list[_Entry]


class _Archive(msgspec.Struct):
    log: _Log


_DECODER = msgspec.json.Decoder(_Archive)


@dataclass(slots=True)
class HttpArchive:
    """The entries of one archive. The attributes below are complete after `messages` was iterated."""

    log: _Log
    bodies_missing: int = 0
    """Entries of the service whose body the export left out."""
    others: int = 0
    """Entries that are neither an operation of the service nor a callback."""
    cached: int = 0
    unreadable: Counter[str] = field(default_factory=Counter)

    @classmethod
    def of(cls, data: bytes) -> "HttpArchive":
        """Decodes an archive; raises UnreadableFileError."""
        try:
            return cls(_DECODER.decode(data.removeprefix(b"\xef\xbb\xbf")).log)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise UnreadableFileError(f"no HTTP archive: {error}") from error
        except RecursionError as error:
            raise UnreadableFileError("no HTTP archive: the JSON is nested too deep") from error

    def messages(self) -> Iterator[Message]:
        """Yields the exchanges and callbacks, in the order of the file."""
        first: datetime | None = None
        for number, entry in enumerate(self.log.entries, start=1):
            moment = _moment(entry.started)
            first = first or moment
            begin = (moment - first).total_seconds() if moment is not None and first is not None else 0.0
            message = self._message(number, entry, begin)
            if message is not None:
                yield message

    def remarks(self) -> Iterator[str]:
        """Yields what was left out."""
        if self.bodies_missing:
            yield (
                f"{self.bodies_missing} of {len(self.log.entries)} entries have no body: "
                "export the archive with content (in browsers: 'Save all as HAR with content')"
            )
        if self.others:
            yield f"{self.others} entries are neither an operation of the service nor a callback"
        if self.cached:
            yield f"{self.cached} entries came from a cache"
        for reason, count in self.unreadable.items():
            yield f"{count} entries: {reason}"

    def _message(self, number: int, entry: _Entry, begin: float) -> Message | None:
        if entry.from_cache or entry.response.status == _CACHED:
            self.cached += 1
            return None
        request, response = entry.request, entry.response
        path = urlsplit(request.url).path
        operation = operation_at(request.method, path)
        try:
            sent = _decoded(request.post_data.text, request.post_data.encoding) if request.post_data else b""
            received = _decoded(response.content.text, response.content.encoding)
        except UnreadableFileError as error:
            self.unreadable[str(error)] += 1
            return None
        place, end = f"entry {number}", begin + max(0.0, entry.time) / 1000 + _ROUNDING
        if operation is not None:
            if response.content.text is None and response.content.size > 0:
                self.bodies_missing += 1
            exchange = Exchange(
                seq=number,
                scenario="",
                step=place,
                operation=operation.kind if operation.documented else "",
                started=begin - _ROUNDING,
                ended=end,
                method=request.method,
                url=request.url,
                request_headers=_fields(request.headers),
                request_body=Body.of(sent),
                status=int(response.status),
                response_headers=_fields(response.headers),
                response_body=Body.of(received),
            )
            return Message(place, exchange)
        callback = CallbackReceived(
            seq=number,
            started=begin - _ROUNDING,
            ended=end,
            method=request.method,
            target=path,
            headers=_fields(request.headers),
            body=Body.of(sent),
            answered=int(response.status),
        )
        if request.method == "POST" and sent and _is_callback(callback):
            return Message(place, callback)
        if request.method == "POST" and request.post_data is None and _length(request.headers) > 0:
            self.bodies_missing += 1
        else:
            self.others += 1
        return None


def operation_at(method: str, path: str) -> HttpOperation | None:
    """Returns the operation of a path, also behind the path prefix of a gateway."""
    return operation_of(method, service_path(method, path))


def _is_callback(callback: CallbackReceived) -> bool:
    """Returns whether a body names an event or jobs; other POST requests are no callbacks."""
    decoded = ParsedCallback(callback).decoded
    return bool({"EventName", "JobsDetail", "WorkflowExecution"} & set(decoded.value))


def _decoded(text: str | None, encoding: str) -> bytes:
    if not encoding:
        return (text or "").encode("utf-8", "surrogatepass")
    if encoding != "base64":
        raise UnreadableFileError(f"the body has the encoding {encoding!r}, expected base64")
    try:
        return b64decode(text or "", validate=False)
    except (Base64Error, ValueError) as error:
        raise UnreadableFileError("the body is no valid base64") from error


def _fields(named: list[_Named]) -> tuple[HeaderField, ...]:
    return tuple((header.name, header.value) for header in named if not header.name.startswith(":"))


def _length(named: list[_Named]) -> int:
    value = next((header.value for header in named if header.name.lower() == "content-length"), "0")
    return int(value) if value.isascii() and value.isdigit() else 0


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else None
