"""Reads the arguments of a call: query parameters within their bounds, and the body by the codec.

A refusal for a parameter is InvalidArgument and names it. Sources of bounds: 1045/72939, 1045/73364, 1045/73114.
A wrong body is refused with MissingContent (no body), InvalidContent (another document) or InvalidArgument (a part is
missing or wrong; 1545/65185). Must not know features or the engine.
"""

from ciq_mock.service import times
from ciq_mock.service.call import Query
from ciq_mock.service.refusal import ErrorCode, Refusal
from ciq_mock.settings import Limits
from ciq_schemas.codec import Decoded, Document, ProblemKind, read_request

_NOT_THE_DOCUMENT = frozenset({ProblemKind.MALFORMED, ProblemKind.OVERSIZED, ProblemKind.FORBIDDEN, ProblemKind.ROOT})
_MOST_DIGITS = 9


def request_body(document: Document, body: bytes, limits: Limits) -> Decoded:
    """Return the body read as `document`, without problems; raise Refusal otherwise."""
    if not body:
        raise Refusal(ErrorCode.MISSING_CONTENT, "this call needs a body")
    decoded = read_request(document, body, max_bytes=limits.body)
    if decoded.problems:
        first = decoded.problems[0]
        if first.kind is ProblemKind.EMPTY:
            code = ErrorCode.MISSING_CONTENT
        elif first.kind in _NOT_THE_DOCUMENT:
            code = ErrorCode.INVALID_CONTENT
        else:
            code = ErrorCode.INVALID_ARGUMENT
        raise Refusal(code, str(first))
    return decoded


def invalid(message: str) -> Refusal:
    """Return the refusal InvalidArgument with this message."""
    return Refusal(ErrorCode.INVALID_ARGUMENT, message)


def number(query: Query, name: str, default: int, *, most: int | None = None, least: int = 1) -> int:
    """Return a whole number of at least `least`, or the default when the parameter is absent or empty."""
    text = query.get(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS) or int(text) < least:
        raise invalid(f"{name} must be a number from {least}, not {shortened(text)}")
    value = int(text)
    if most is not None and value > most:
        raise invalid(f"{name} must be at most {most}, not {value}")
    return value


def word(query: Query, name: str, allowed: tuple[str, ...], default: str) -> str:
    """Return one of the allowed words, or the default when the parameter is absent or empty."""
    text = query.get(name)
    if text is None:
        return default
    if text not in allowed:
        raise invalid(f"{name} must be one of {', '.join(allowed)}, not {shortened(text)}")
    return text


def words(query: Query, name: str) -> tuple[str, ...]:
    """Return the distinct parts of a comma-separated parameter, in order; empty when absent."""
    return split(query.get(name) or "")


def split(text: str) -> tuple[str, ...]:
    """Return the distinct parts of a comma-separated text, in order."""
    return tuple(dict.fromkeys(part for raw in text.split(",") if (part := raw.strip())))


def moment(query: Query, name: str) -> float | None:
    """Return a point in time as epoch seconds, None when absent or empty."""
    text = query.get(name)
    if text is None:
        return None
    seconds = times.read(text)
    if seconds is None:
        raise invalid(f"{name} must look like 2026-01-05T09:00:00%2B0800, not {shortened(text)}")
    return seconds


def shortened(text: str) -> str:
    """Return text from a client for a message: quoted, and at most 60 characters."""
    return repr(text if len(text) <= 60 else text[:57] + "...")
