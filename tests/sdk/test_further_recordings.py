"""Recorded requests of the SDK beside queues and jobs; and that no recording at all goes unanswered."""

import re
from collections.abc import Mapping

import pytest
from recording_bench import BUCKET, TEMPLATE_ID, Bench, refused, strictly
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
"""Signature, path or method refused: none of which a request of the SDK deserves."""


@pytest.mark.parametrize("name", names())
def test_no_recording_goes_unanswered(bench: Bench, name: str) -> None:
    """Whatever the SDK was recorded to send leads to an operation, is admitted by its signature, and is answered with
    the operation's document, or on this empty mock with a documented refusal of what does not exist."""
    wanted = recording(name)
    operation = operation_of(wanted.method, wanted.path)
    assert operation is not None, f"{wanted.method} {wanted.path} is no operation of the contract"
    bench.ids.jobs = ["x1"]
    on_job_ended = bench.replay(wanted)
    assert on_job_ended.status < 500, on_job_ended.body
    assert on_job_ended.status not in _ABOUT_THE_REQUEST, on_job_ended.body
    if on_job_ended.status == 200:
        document = _SDK_ONLY[operation.kind] if operation.kind in _SDK_ONLY else answer_of(operation)
        if document is None:
            assert on_job_ended.body == b""
        else:
            strictly(document, on_job_ended)
    else:
        strictly(Document.ERROR, on_job_ended, 400)


@pytest.mark.parametrize("name", [ONE, OTHER])
def test_creating_a_template(bench: Bench, name: str) -> None:
    """The answer holds id, name, tag and bucket, and the parameters of the request."""
    wanted = recording(name)
    asked = read(Document.TEMPLATE_REQUEST, wanted.body).value
    template = strictly(Document.TEMPLATE_ANSWER, bench.replay(wanted)).value["Template"]
    assert isinstance(template, dict)
    assert (template["TemplateId"], template["BucketId"], template["Category"]) == (TEMPLATE_ID, BUCKET, "Custom")
    assert (template["Tag"], template["Name"]) == (asked["Tag"], asked["Name"])
    if name == OTHER:
        assert template["SpeechRecognition"] == asked["SpeechRecognition"]
    else:
        assert template["TransTpl"] == {part: asked[part] for part in ("Container", "Video", "TransConfig")}
    refused(bench.replay(wanted), "TemplateNameDuplicate", 400)


@pytest.mark.parametrize("kind", ["", "asr_"])
def test_listing_changing_and_deleting_a_template(bench: Bench, kind: str) -> None:
    """Filters by id, category and beginning of the name find it; once deleted, every call that names it is refused."""
    lists = recording(f"ci_get_{kind}template")
    update, delete = recording(f"ci_update_{kind}template"), recording(f"ci_delete_{kind}template")
    assert strictly(Document.TEMPLATE_LIST, bench.replay(lists)).value["TotalCount"] == "0"
    refused(bench.replay(update), "TemplateNotFound", 400)
    created = strictly(Document.TEMPLATE_ANSWER, bench.replay(recording(f"ci_create_{kind}template"))).value["Template"]
    listed = strictly(Document.TEMPLATE_LIST, bench.replay(lists)).value
    assert (listed["TotalCount"], listed["TemplateList"]) == ("1", [created])
    updated = strictly(Document.TEMPLATE_ANSWER, bench.replay(update)).value["Template"]
    assert updated == created
    assert strictly(Document.TEMPLATE_DELETED, bench.replay(delete)).value["TemplateId"] == TEMPLATE_ID
    refused(bench.replay(delete), "TemplateNotFound", 400)
    assert strictly(Document.TEMPLATE_LIST, bench.replay(lists)).value["TotalCount"] == "0"


def test_a_table_of_hot_words_from_its_making_to_its_end(bench: Bench) -> None:
    """Create, list, get, update and delete speak of the same table."""
    calls = {verb: recording(f"ci_{verb}_asr_hot_vocabulary_table") for verb in ("create", "update", "get", "delete")}
    lists = recording("ci_list_asr_hot_vocabulary_table")
    for verb in ("update", "get", "delete"):
        refused(bench.replay(calls[verb]), "ResourceNotFound", 400)
    assert strictly(Document.VOCABULARY_CHANGED, bench.replay(calls["create"])).value["TableId"] == "x"
    table = strictly(Document.VOCABULARY_ANSWER, bench.replay(calls["get"])).value["Table"]
    assert isinstance(table, dict)
    assert (table["TableId"], table["TableName"]) == ("x", "t")
    listed = strictly(Document.VOCABULARY_LIST, bench.replay(lists)).value
    assert (listed["TotalCount"], listed["VocabularyTable"]) == ("1", [table])
    assert strictly(Document.VOCABULARY_CHANGED, bench.replay(calls["update"])).value["TableId"] == "x"
    assert strictly(Document.VOCABULARY_CHANGED, bench.replay(calls["delete"])).value["TableId"] == "x"
    assert strictly(Document.VOCABULARY_LIST, bench.replay(lists)).value["TotalCount"] == "0"


def test_the_play_key(bench: Bench) -> None:
    """Keys are empty before any was set; the recorded ones have two characters where the page wants 6 to 40."""
    keys = strictly(Document.PLAY_KEY_ANSWER, bench.replay(recording("ci_get_hls_play_key"))).value["PlayKeyList"]
    assert keys == {"MasterPlayKey": "", "BackupPlayKey": ""}
    refused(bench.replay(recording("ci_update_hls_play_key")), "InvalidArgument", 400)
    assert not re.search("k1|k2", bench.server.requests[-1].target)


def test_opening_search_by_image(bench: Bench) -> None:
    """The answer has no body and thus no Content-Type, which the SDK would try to parse (1045/43516)."""
    for _ in range(2):
        on_job_ended = bench.replay(recording("ci_image_search_bucket"))
        assert (on_job_ended.status, on_job_ended.body, on_job_ended.header("Content-Type")) == (200, b"", "")
