"""The error form (1045/43611, 436/7730): all five parts, none empty, or the Python SDK drops the code."""

from ciq_mock.service.refusal import Refusal
from ciq_schemas.codec import Document, encode


def write_error(refusal: Refusal, resource: str, request_id: str, trace_id: str) -> bytes:
    """Return the body that tells of a refusal."""
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
