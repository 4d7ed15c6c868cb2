"""Decodes and encodes the documents of the service, by the tables compiled from the XSD files.

Decoding: bytes -> canonical mapping -> value (`ciq_schemas.values`); encoding is the reverse. In a canonical mapping
the text of an element is a str ("" when empty), a container is a dict, a repeated element a list even when there is
one; inside an open container a single element has no list. XML and JSON of one payload give the same mapping.

    decoded = read(Document.JOB_ANSWER, body, Reading.TOLERANT)      # never raises for invalid data
    answer = to_value(JobAnswer, decoded)                            # never raises for invalid data
    body = encode(Document.JOB_ANSWER, answer)                       # EncodeError for a value outside the document

A violation of the XSD becomes a Problem (path, expected, found); a deviation that the tolerant reading accepts, a Note.
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
from ciq_schemas.codec.reading import decode_part, looks_like_json, read, read_callback, read_request, validate
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
    "looks_like_json",
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
