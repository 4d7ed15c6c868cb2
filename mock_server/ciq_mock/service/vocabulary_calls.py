"""Handlers that create, update, get, list and delete tables of hot words.

No page was found: paths and requests are those of the official Python SDK, the answers are a choice of the mock.
"""

from ciq_mock.resources import Vocabulary
from ciq_mock.service import arguments, times
from ciq_mock.service.arguments import request_body
from ciq_mock.service.call import Answer, Call
from ciq_mock.service.context import ServiceContext, need_bucket
from ciq_schemas.codec import Document, encode

_ID = "TableId"


def create(context: ServiceContext, call: Call) -> Answer:
    """Create a table."""
    bucket = need_bucket(call.bucket)
    value = request_body(Document.VOCABULARY_REQUEST, call.body, context.settings.limits).value
    table = context.resources.vocabularies.create(
        context.now(), bucket, dict(value), most=context.settings.limits.vocabularies
    )
    return _changed(call, table.id)


def update(context: ServiceContext, call: Call) -> Answer:
    """Replace the content of the table that the body names."""
    bucket = need_bucket(call.bucket)
    value = dict(request_body(Document.VOCABULARY_UPDATE_REQUEST, call.body, context.settings.limits).value)
    table = context.resources.vocabularies.update(context.now(), bucket, str(value.pop(_ID)), value)
    return _changed(call, table.id)


def get(context: ServiceContext, call: Call) -> Answer:
    """Return one table."""
    table = context.resources.vocabularies.get(need_bucket(call.bucket), call.key)
    return Answer(encode(Document.VOCABULARY_ANSWER, {"RequestId": call.request_id, **_shown(table)}))


def list_tables(context: ServiceContext, call: Call) -> Answer:
    """List tables, oldest first, from the one at `offset`."""
    bucket = need_bucket(call.bucket)
    offset = arguments.number(call.query, "offset", 0, least=0)
    limit = arguments.number(call.query, "limit", 10, most=context.settings.limits.page_size)
    tables = context.resources.vocabularies.all(bucket)
    return Answer(
        encode(
            Document.VOCABULARY_LIST,
            {
                "RequestId": call.request_id,
                "TotalCount": str(len(tables)),
                "VocabularyTable": [_shown(table) for table in tables[offset : offset + limit]],
            },
        )
    )


def delete(context: ServiceContext, call: Call) -> Answer:
    """Delete a table."""
    context.resources.vocabularies.delete(need_bucket(call.bucket), call.key)
    return _changed(call, call.key)


def _changed(call: Call, table_id: str) -> Answer:
    return Answer(encode(Document.VOCABULARY_CHANGED, {"RequestId": call.request_id, _ID: table_id}))


def _shown(table: Vocabulary) -> dict[str, object]:
    return {
        _ID: table.id,
        **table.content,
        "CreateTime": times.written(table.created),
        "UpdateTime": times.written(table.updated),
    }
