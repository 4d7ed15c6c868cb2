"""The codec: documents of the service, bytes to values and back, by the tables compiled from the XSD files.

Bytes -> canonical mapping -> value (`ciq_schemas.values`), and the way back. In a canonical mapping the text of an
element is a str ("" when empty), a container is a dict, a repeated element a list even when there is one; inside
an open container a single element stands without list. XML and JSON of one payload give the same mapping.

    decoded = read(Document.JOB_ANSWER, body, Reading.TOLERANT)      # never raises for what came
    answer = to_value(JobAnswer, decoded)                            # nor does this
    body = encode(Document.JOB_ANSWER, answer)                       # EncodeError for a value that has no place

What is judged by the XSD becomes a Problem (place, expected, found); what a tolerant reading forgave, a Note.
"""

from ciq_schemas.codec.answers import job_answer
from ciq_schemas.codec.binding import bucket_of_answer, buckets_of_list, queue_of_update, to_value
from ciq_schemas.codec.canonical import same_content, without_empty
from ciq_schemas.codec.documents import (
    Decoded,
    Document,
    Fragment,
    Note,
    NoteKind,
    Problem,
    ProblemKind,
    Reading,
    update_request_of,
)
from ciq_schemas.codec.json_form import encode_callback_json
from ciq_schemas.codec.reading import decode_part, read, read_callback, read_request, validate
from ciq_schemas.codec.writing import EncodeError, encode, encode_part

__all__ = [
    "Decoded",
    "Document",
    "EncodeError",
    "Fragment",
    "Note",
    "NoteKind",
    "Problem",
    "ProblemKind",
    "Reading",
    "bucket_of_answer",
    "buckets_of_list",
    "decode_part",
    "encode",
    "encode_callback_json",
    "encode_part",
    "job_answer",
    "queue_of_update",
    "read",
    "read_callback",
    "read_request",
    "same_content",
    "to_value",
    "update_request_of",
    "validate",
    "without_empty",
]
