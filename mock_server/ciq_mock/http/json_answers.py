"""Writes answers as JSON for clients that send `Accept: application/json`.

Known from the Python SDK: no wrapper Response, the elements as members, texts as strings, repeated elements as arrays.
No page shows it for queues or jobs. Errors stay XML, which every SDK reads.
"""

from ciq_mock.service.call import Answer
from ciq_schemas.codec import encode_callback_json, read
from ciq_schemas.operations import HttpOperation

JSON = b"application/json"


def as_json(operation: HttpOperation, answer: Answer) -> Answer:
    """Return the answer with a JSON body of the same content; an answer without a known document stays unchanged."""
    from ciq_schemas.openapi import answer_of  # loaded for the first such request only

    document = answer_of(operation)
    if document is None or not answer.body:
        return answer
    value = read(document, answer.body).value
    return Answer(encode_callback_json(value, document=document), status=answer.status, json=True)
