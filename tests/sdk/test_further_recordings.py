"""Recorded requests of the SDK except queues and jobs; all recordings together get a valid response."""

import re
from collections.abc import Mapping

import pytest
from recording_bench import BUCKET, TEMPLATE_ID, Bench, expect_refusal, read_strictly
from sdk_recordings import names, recording

from ciq_schemas.codec import Document, read
from ciq_schemas.openapi import answer_of
from ciq_schemas.operations import OperationKind, operation_of

ONE = "ci_create_template"
OTHER = "ci_create_asr_template"
_SDK_ONLY: Mapping[OperationKind, Document | None] = {
    OperationKind.CREATE_VOCABULARY: Document.VOCABULARY_CHANGED,
    OperationKind.UPDATE_VOCABULARY: Document.VOCABULARY_CHANGED,
    OperationKind.GET_VOCABULARY: Document.VOCABULARY_ANSWER,
    OperationKind.LIST_VOCABULARIES: Document.VOCABULARY_LIST,
    OperationKind.DELETE_VOCABULARY: Document.VOCABULARY_CHANGED,
}
_ABOUT_THE_REQUEST = frozenset({401, 403, 404, 405})
"""Signature, path or method refused: a request of the SDK must not get these statuses."""


@pytest.mark.parametrize("name", names())
def test_every_recording_gets_documented_response(bench: Bench, name: str) -> None:
    """Every recorded request leads to an operation and passes the signature check.

    The response is the operation's document, or on this empty mock a documented refusal of an unknown item.
    """
    request = recording(name)
    operation = operation_of(request.method, request.path)
    assert operation is not None, f"{request.method} {request.path} is no operation of the contract"
    bench.ids.jobs = ["x1"]
    response = bench.replay(request)
    assert response.status < 500, response.body
    assert response.status not in _ABOUT_THE_REQUEST, response.body
    if response.status == 200:
        document = _SDK_ONLY[operation.kind] if operation.kind in _SDK_ONLY else answer_of(operation)
        if document is None:
            assert response.body == b""
        else:
            read_strictly(document, response)
    else:
        read_strictly(Document.ERROR, response, 400)


@pytest.mark.parametrize("name", [ONE, OTHER])
def test_created_template_has_parameters_of_request(bench: Bench, name: str) -> None:
    """The response has id, name, tag and bucket too."""
    request = recording(name)
    request_template = read(Document.TEMPLATE_REQUEST, request.body).value
    template = read_strictly(Document.TEMPLATE_ANSWER, bench.replay(request)).value["Template"]
    assert isinstance(template, dict)
    assert (template["TemplateId"], template["BucketId"], template["Category"]) == (TEMPLATE_ID, BUCKET, "Custom")
    assert (template["Tag"], template["Name"]) == (request_template["Tag"], request_template["Name"])
    if name == OTHER:
        assert template["SpeechRecognition"] == request_template["SpeechRecognition"]
    else:
        assert template["TransTpl"] == {part: request_template[part] for part in ("Container", "Video", "TransConfig")}
    expect_refusal(bench.replay(request), "TemplateNameDuplicate", 400)


@pytest.mark.parametrize("kind", ["", "asr_"])
def test_template_is_listed_updated_and_deleted(bench: Bench, kind: str) -> None:
    """Filters by id, category and start of the name find it; after deletion each request for it is refused."""
    lists = recording(f"ci_get_{kind}template")
    update, delete = recording(f"ci_update_{kind}template"), recording(f"ci_delete_{kind}template")
    assert read_strictly(Document.TEMPLATE_LIST, bench.replay(lists)).value["TotalCount"] == "0"
    expect_refusal(bench.replay(update), "TemplateNotFound", 400)
    created = read_strictly(Document.TEMPLATE_ANSWER, bench.replay(recording(f"ci_create_{kind}template"))).value[
        "Template"
    ]
    listed = read_strictly(Document.TEMPLATE_LIST, bench.replay(lists)).value
    assert (listed["TotalCount"], listed["TemplateList"]) == ("1", [created])
    updated = read_strictly(Document.TEMPLATE_ANSWER, bench.replay(update)).value["Template"]
    assert updated == created
    assert read_strictly(Document.TEMPLATE_DELETED, bench.replay(delete)).value["TemplateId"] == TEMPLATE_ID
    expect_refusal(bench.replay(delete), "TemplateNotFound", 400)
    assert read_strictly(Document.TEMPLATE_LIST, bench.replay(lists)).value["TotalCount"] == "0"


def test_hot_word_table_is_created_listed_updated_and_deleted(bench: Bench) -> None:
    """All requests use the same table."""
    calls = {verb: recording(f"ci_{verb}_asr_hot_vocabulary_table") for verb in ("create", "update", "get", "delete")}
    lists = recording("ci_list_asr_hot_vocabulary_table")
    for verb in ("update", "get", "delete"):
        expect_refusal(bench.replay(calls[verb]), "ResourceNotFound", 400)
    assert read_strictly(Document.VOCABULARY_CHANGED, bench.replay(calls["create"])).value["TableId"] == "x"
    table = dict(read_strictly(Document.VOCABULARY_ANSWER, bench.replay(calls["get"])).value)
    del table["RequestId"]
    assert (table["TableId"], table["TableName"]) == ("x", "t")
    listed = read_strictly(Document.VOCABULARY_LIST, bench.replay(lists)).value
    assert (listed["TotalCount"], listed["VocabularyTable"]) == ("1", [table])
    assert read_strictly(Document.VOCABULARY_CHANGED, bench.replay(calls["update"])).value["TableId"] == "x"
    assert read_strictly(Document.VOCABULARY_CHANGED, bench.replay(calls["delete"])).value["TableId"] == "x"
    assert read_strictly(Document.VOCABULARY_LIST, bench.replay(lists)).value["TotalCount"] == "0"


def test_recorded_play_key_is_too_short(bench: Bench) -> None:
    """Keys are empty at first; the recorded ones have two characters where the page requires 6 to 40."""
    keys = read_strictly(Document.PLAY_KEY_ANSWER, bench.replay(recording("ci_get_hls_play_key"))).value["PlayKeyList"]
    assert keys == {"MasterPlayKey": "", "BackupPlayKey": ""}
    expect_refusal(bench.replay(recording("ci_update_hls_play_key")), "InvalidArgument", 400)
    assert not re.search("k1|k2", bench.server.requests[-1].target)


def test_image_search_response_has_no_body(bench: Bench) -> None:
    """Without Content-Type the SDK does not try to parse it (1045/43516)."""
    for _ in range(2):
        response = bench.replay(recording("ci_image_search_bucket"))
        assert (response.status, response.body, response.header("Content-Type")) == (200, b"", "")
