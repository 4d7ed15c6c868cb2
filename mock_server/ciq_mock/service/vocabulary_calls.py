"""Tables of hot words: create, update, get, list and delete.

No page was found: paths and requests are those of the official Python SDK, the answers are the mock's choice.
"""

from ciq_mock.registers import Vocabulary
from ciq_mock.service import arguments, times
from ciq_mock.service.bodies import request_body
from ciq_mock.service.call import Answer, Call
from ciq_mock.service.desk import Desk, need_bucket
from ciq_schemas.codec import Document, encode

_ID = "TableId"


def create(desk: Desk, call: Call) -> Answer:
    """Keep a table."""
    bucket = need_bucket(call.bucket)
    value = request_body(Document.VOCABULARY_REQUEST, call.body, desk.settings.limits).value
    table = desk.registers.vocabularies.create(desk.now(), bucket, dict(value), most=desk.settings.limits.vocabularies)
    return _changed(call, table.id)


def update(desk: Desk, call: Call) -> Answer:
    """Replace the content of the table that the body names."""
    bucket = need_bucket(call.bucket)
    value = dict(request_body(Document.VOCABULARY_UPDATE_REQUEST, call.body, desk.settings.limits).value)
    table = desk.registers.vocabularies.update(desk.now(), bucket, str(value.pop(_ID)), value)
    return _changed(call, table.id)


def get(desk: Desk, call: Call) -> Answer:
    """Show one table."""
    table = desk.registers.vocabularies.get(need_bucket(call.bucket), call.key)
    return Answer(encode(Document.VOCABULARY_ANSWER, {"RequestId": call.request_id, "Table": _shown(table)}))


def list_tables(desk: Desk, call: Call) -> Answer:
    """Show tables, oldest first, from the one at `offset`."""
    bucket = need_bucket(call.bucket)
    offset = arguments.number(call.query, "offset", 0, least=0)
    limit = arguments.number(call.query, "limit", 10, most=desk.settings.limits.page_size)
    tables = desk.registers.vocabularies.all(bucket)
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


def delete(desk: Desk, call: Call) -> Answer:
    """Forget a table."""
    desk.registers.vocabularies.delete(need_bucket(call.bucket), call.key)
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
