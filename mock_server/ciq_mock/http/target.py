"""Reads the target of a request: bucket and region from Host, decoded path, decoded query.

Knows percent-encoding and the documented host forms. Must not know routes, features or bodies.
Sources: 1045/43609 (bucket host), 1045/73364 (region host); the SDKs: absolute-form targets have the
same Host, `+` and `%20` are both a space in a query, an empty value means that the parameter is absent.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from urllib.parse import unquote_to_bytes

from ciq_mock.http.hosts import KnownHosts
from ciq_mock.http.port import foreign_refusal
from ciq_mock.service.call import NO_QUERY, Query
from ciq_mock.service.refusal import ErrorCode, Refusal
from ciq_mock.settings import Limits

_SERVICE_HOST = re.compile(
    rb"(?:(?P<bucket>[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)\.)?(?:ci|cos|ci-internal|cos-internal|pic)\."
    rb"(?P<region>[a-z0-9-]{1,40})\.(?:myqcloud\.com|tencentci\.cn|tencentcos\.cn)"
)
"""`-internal`: addresses inside the service's network (Go SDK). `pic`: image styles of a bucket (Node SDK)."""
_ACCELERATE = b"accelerate"
"""In place of a region, global acceleration: such a host does not name the bucket's region (436/38073)."""
_SERVICE_DOMAIN = re.compile(rb"(?:.*\.)?(?:myqcloud\.com|tencentci\.cn|tencentcos\.cn)")
_LOCAL_HOST = re.compile(rb"(?:(?P<bucket>[a-z0-9][a-z0-9-]{0,61}-[0-9]+)\.)?(?:localhost|127\.0\.0\.1)")
_ANY_HOST = re.compile(rb"[a-z0-9._-]{1,253}|\[[0-9a-f:.]{2,45}\]")
_MOST_PARAMETERS = 64
_BAD_ESCAPE = re.compile(rb"%(?![0-9A-Fa-f]{2})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """The bucket and the region of a call; `bucket` is empty at the host of a region."""

    bucket: str
    region: str


@dataclass(slots=True)
class HostReader:
    """Reads Host headers; caches the first 256 different ones."""

    default: Place
    """For an IP address or a name outside the service's domains: redirected clients send such hosts."""
    known: KnownHosts = field(default_factory=KnownHosts)
    refuse_foreign: Callable[[bytes], Refusal] = foreign_refusal
    """Called with a name outside the service, before its request is refused."""
    _seen: dict[bytes, Place] = field(default_factory=dict)

    def place(self, host: bytes) -> Place:
        """Return the bucket and region in `host`; raise Refusal InvalidHost when it is not valid."""
        place = self._seen.get(host)
        if place is None:
            place = self._read(host.lower())
            if len(self._seen) < 256:
                self._seen[host] = place
        return place

    def _read(self, host: bytes) -> Place:
        name, separator, port = host.rpartition(b":")
        if not separator or host.endswith(b"]"):
            name = host
        elif not (port.isdigit() and len(port) <= 5):
            raise Refusal(ErrorCode.INVALID_HOST, "the port in Host is not a number")
        name = name.removesuffix(b".")  # a fully qualified name
        found = _SERVICE_HOST.fullmatch(name)
        if found:
            region = self.default.region if found["region"] == _ACCELERATE else found["region"].decode()
            return Place(bucket=(found["bucket"] or b"").decode(), region=region)
        if _SERVICE_DOMAIN.fullmatch(name):
            raise Refusal(
                ErrorCode.INVALID_HOST,
                "Host is not <BucketName-APPID>.ci.<Region>.myqcloud.com nor ci.<Region>.myqcloud.com",
            )
        found = _LOCAL_HOST.fullmatch(name)
        if found and found["bucket"]:
            return Place(bucket=found["bucket"].decode(), region=self.default.region)
        if _ANY_HOST.fullmatch(name):
            if not self.known.accepts(name):
                raise self.refuse_foreign(name)
            return self.default
        raise Refusal(ErrorCode.INVALID_HOST, "Host is missing or not a host name")


def read_path(raw: bytes, limits: Limits) -> str:
    """Return the decoded path of a request target without its query; raise Refusal when it is malformed."""
    if len(raw) > limits.request_line:
        raise Refusal(ErrorCode.INVALID_ARGUMENT, f"the path is longer than {limits.request_line} bytes")
    if b"%" not in raw:
        return _text(raw, "the path")
    return _text(_unquote(raw, "the path"), "the path")


def read_query(raw: bytes, limits: Limits) -> Query:
    """Return the decoded query, with the first value of each name; raise Refusal when it is malformed."""
    if not raw:
        return NO_QUERY
    if len(raw) > limits.request_line:
        raise Refusal(ErrorCode.INVALID_ARGUMENT, f"the query is longer than {limits.request_line} bytes")
    if raw.count(b"&") >= _MOST_PARAMETERS:
        raise Refusal(ErrorCode.INVALID_ARGUMENT, f"the query has more than {_MOST_PARAMETERS} parameters")
    values: dict[str, str] = {}
    for name, value in _parameters(raw):
        values.setdefault(name.lower(), value)
    return Query(values)


def _parameters(raw: bytes) -> Iterator[tuple[str, str]]:
    for part in raw.split(b"&"):
        if part:
            name, _, value = part.replace(b"+", b" ").partition(b"=")
            yield (
                _text(_unquote(name, "a query name"), "a query name"),
                _text(_unquote(value, "a query value"), "a query value"),
            )


def _unquote(raw: bytes, what: str) -> bytes:
    if _BAD_ESCAPE.search(raw):
        raise Refusal(ErrorCode.INVALID_ARGUMENT, f"{what} has a percent sign without two hex digits")
    return unquote_to_bytes(raw)


def _text(raw: bytes, what: str) -> str:
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        raise Refusal(ErrorCode.INVALID_ARGUMENT, f"{what} is not UTF-8") from None
    return text
