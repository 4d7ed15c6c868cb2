"""Reads request bodies with the codec; refuses a wrong body with the documented code.

MissingContent: no body. InvalidContent: another document. InvalidArgument: a part is missing or wrong (1545/65185).
"""

from ciq_mock.service.refusal import ErrorCode, Refusal
from ciq_mock.settings import Limits
from ciq_schemas.codec import Decoded, Document, ProblemKind, read_request

_NOT_THE_DOCUMENT = frozenset({ProblemKind.MALFORMED, ProblemKind.OVERSIZED, ProblemKind.FORBIDDEN, ProblemKind.ROOT})


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
