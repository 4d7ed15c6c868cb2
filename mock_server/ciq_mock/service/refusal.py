"""Error codes of the service with their HTTP status, and `Refusal`, the exception that carries one.

Knows codes and statuses. Must not know how an error is written.
Sources: 1545/65185 and 436/53983 (codes with status), 1045/33700 (names without status), 436/7730 (COS names).
"""

from enum import Enum


class ErrorCode(Enum):
    """Code and HTTP status. Where no page gives a status, the docstring has the reason for the choice."""

    INVALID_ARGUMENT = ("InvalidArgument", 400)
    MISSING_CONTENT = ("MissingContent", 400)
    INVALID_CONTENT = ("InvalidContent", 400)
    INVALID_HOST = ("InvalidHost", 400)
    RESOURCE_NOT_FOUND = ("ResourceNotFound", 400)
    MISSING_AUTHORIZATION = ("MissingAuthorization", 401)
    INVALID_AUTHORIZATION = ("InvalidAuthorization", 401)
    SECRETID_NOT_EXIST = ("SecretidNotExist", 401)
    SIGNATURE_EXPIRED = ("SignatureExpired", 401)
    SIGNATURE_DOES_NOT_MATCH = ("SignatureDoesNotMatch", 403)
    """No CI page has a code for a wrong signature; this is the code and status of COS (436/7730)."""
    QUEUE_NOT_FOUND = ("QueueNotFound", 400)
    """Code documented (1106); 400 like ResourceNotFound and every other refusal that is not about keys."""
    BUCKET_UNBINDED = ("BucketUnBinded", 400)
    """Observed with 400; the code on the wire is specific to the feature (1045/33700: MediaBucketUnBinded)."""
    TEMPLATE_NOT_FOUND = ("TemplateNotFound", 400)
    TEMPLATE_NAME_DUPLICATE = ("TemplateNameDuplicate", 400)
    CREATED_TEMPLATE_NUM_LIMIT = ("CreatedTemplateNumLimit", 400)
    """Codes documented (1107, 1112, 1110); status as for a missing queue."""
    SLOW_DOWN = ("SlowDown", 503)
    """Code documented (1020); 503 in COS (436/7730). Used when a queue holds MaxSize waiting jobs."""
    NO_SUCH_PATH = ("ResourceNotFound", 404)
    """No page describes an unknown path; this is the nearest documented code, with the status of HTTP."""
    ACCESS_DENIED = ("AccessDenied", 403)
    """Code and status of COS (436/7730). Used for hosts outside the service."""
    METHOD_NOT_ALLOWED = ("MethodNotAllowed", 405)
    """Code and status of COS (436/7730)."""
    REQUEST_TIMEOUT = ("RequestTimeout", 400)
    """Code and status of COS (436/7730): the request was not complete in time."""
    INTERNAL_ERROR = ("InternalError", 500)
    # The object store: codes and statuses of COS (436/7730).
    NO_SUCH_KEY = ("NoSuchKey", 404)
    ENTITY_TOO_LARGE = ("EntityTooLarge", 400)
    INVALID_RANGE = ("InvalidRange", 416)
    INVALID_DIGEST = ("InvalidDigest", 400)
    BAD_DIGEST = ("BadDigest", 400)
    NO_SUCH_UPLOAD = ("NoSuchUpload", 404)
    INVALID_PART = ("InvalidPart", 400)
    INVALID_PART_ORDER = ("InvalidPartOrder", 400)
    ENTITY_TOO_SMALL = ("EntityTooSmall", 400)
    MALFORMED_XML = ("MalformedXML", 400)
    KEY_TOO_LONG = ("KeyTooLong", 400)
    INVALID_URI = ("InvalidURI", 400)
    NOT_IMPLEMENTED = ("NotImplemented", 400)
    """Code of COS, which has 501; SDKs repeat such a request for seconds, and the mock will not learn the call."""

    def __init__(self, wire: str, status: int) -> None:
        self.wire = wire
        self.status = status


class Refusal(Exception):  # noqa: N818 - a refusal is an answer of the service, not an error of the mock
    """The service refuses a request: `code` on the wire, `status` of HTTP, `message` for the client.

    `allow` lists the methods of the path when the method was the reason. `for_log` is a text for the log only.
    """

    def __init__(self, code: ErrorCode, message: str, *, wire: str | None = None, allow: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.error = code
        self.code = wire or code.wire
        self.status = code.status
        self.message = message
        self.allow = allow
        self.for_log = ""
