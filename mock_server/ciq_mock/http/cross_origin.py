"""Cross-origin requests of browsers (CORS): answers preflights, and lets a page of any origin read the answers.

The service has such rules per bucket (436/8279); the mock, which holds test data only, allows every origin. It never
allows cookies. The admin pages are not reached by it: they refuse requests of other origins.
"""

from ciq_mock.http.protocol import Headers

_READABLE = (
    b"ETag, Content-Length, Content-Range, Last-Modified, Location, Date, x-ci-request-id, x-ci-trace-id, "
    b"x-cos-request-id, x-cos-trace-id, x-cos-hash-crc64ecma, x-cos-version-id"
)
_REMEMBERED = b"600"
"""Seconds for which a browser need not ask again."""


def is_preflight(method: str, headers: dict[bytes, bytes]) -> bool:
    """Return whether a browser asks for permission to send another request."""
    return method == "OPTIONS" and b"origin" in headers and b"access-control-request-method" in headers


def permission(headers: dict[bytes, bytes]) -> Headers:
    """Return the headers of the answer to a preflight: what it asks for is allowed."""
    return [
        (b"access-control-allow-origin", b"*"),
        (b"access-control-allow-methods", b"GET, PUT, POST, DELETE, HEAD"),
        (b"access-control-allow-headers", headers.get(b"access-control-request-headers", b"*")),
        (b"access-control-max-age", _REMEMBERED),
        (b"vary", b"Origin, Access-Control-Request-Method, Access-Control-Request-Headers"),
    ]


def readable() -> Headers:
    """Return the headers that let a page of another origin read an answer."""
    return [(b"access-control-allow-origin", b"*"), (b"access-control-expose-headers", _READABLE), (b"vary", b"Origin")]
