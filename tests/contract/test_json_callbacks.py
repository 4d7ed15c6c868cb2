"""JSON callbacks: every documented form has the content of the XML form, and the JSON Schemas agree with the codec."""

import json

import pytest
from contract_samples import sample
from contract_strategies import mappings
from hypothesis import given, settings

from ciq_schemas import codec
from ciq_schemas.codec import Document, NoteKind, ProblemKind
from ciq_schemas.json_schemas import JsonDocument, validate_json
from ciq_schemas.values import JobCallback

_, TASK = sample("task callback")
VALUE = codec.read_callback(TASK).value
FORMS: dict[str, dict[str, object]] = {
    "array": {},
    "object": {"jobs": "object"},
    "wrapper": {"wrapper": True},
    "wrapper and object": {"wrapper": True, "jobs": "object"},
    "numbers": {"numbers": True},
}


@pytest.mark.parametrize("form", FORMS)
def test_json_form_is_read_into_mapping_of_xml(form: str) -> None:
    """Each documented JSON form is read without a problem; empty elements are not compared."""
    data = codec.encode_callback_json(VALUE, **FORMS[form])  # type: ignore[arg-type]
    decoded = codec.read_callback(data)
    assert decoded.problems == ()
    assert codec.same_content(decoded.value, VALUE)
    assert isinstance(decoded.value["JobsDetail"], list)
    kinds = {note.kind for note in decoded.notes}
    assert (NoteKind.JSON_OBJECT in kinds) == ("object" in form)
    assert (NoteKind.JSON_ARRAY in kinds) == ("object" not in form)
    assert (NoteKind.JSON_WRAPPER in kinds) == ("wrapper" in form)
    assert (NoteKind.JSON_NOT_TEXT in kinds) == (form == "numbers")


def test_default_json_form_is_that_of_most_samples() -> None:
    """No wrapper, JobsDetail an array, values as strings, empty elements left out, non-ASCII unescaped."""
    data = codec.encode_callback_json(VALUE)
    body = json.loads(data)
    assert list(body) == ["EventName", "JobsDetail"]
    (job,) = body["JobsDetail"]
    assert "Message" not in job
    assert job["Operation"]["JobLevel"] == "2"
    assert job["Operation"]["UserData"] == "case-17 <&>"
    assert "片".encode() in data


def test_numbers_option_writes_levels_as_numbers() -> None:
    """One documented sample has this form (436/85073)."""
    body = json.loads(codec.encode_callback_json(VALUE, numbers=True))
    assert body["JobsDetail"][0]["Operation"]["JobLevel"] == 2
    assert body["JobsDetail"][0]["JobId"] == "j00000000000000000000000000000abc"


def test_two_jobs_in_object_form_are_refused() -> None:
    """The object form has one job; the caller gets an error."""
    jobs = VALUE["JobsDetail"]
    assert isinstance(jobs, list)
    with pytest.raises(ValueError, match="one job, got 2"):
        codec.encode_callback_json({**VALUE, "JobsDetail": jobs * 2}, jobs="object")


@settings(derandomize=True, deadline=None, max_examples=200)
@given(mappings(Document.TASK_CALLBACK))
def test_random_callback_is_equal_in_xml_and_json(value: dict[str, object]) -> None:
    """XML and JSON of one payload map to one canonical value."""
    decoded = codec.read_callback(codec.encode_callback_json(value))
    assert codec.same_content(decoded.value, codec.read_callback(codec.encode(Document.TASK_CALLBACK, value)).value)


@pytest.mark.parametrize(
    ("name", "document"),
    [
        ("task callback", Document.TASK_CALLBACK),
        ("older callback", Document.LEGACY_CALLBACK),
        ("workflow callback", Document.WORKFLOW_CALLBACK),
    ],
)
def test_callback_kind_is_detected_by_content(name: str, document: Document) -> None:
    """The kinds are with EventName, without it, and of a workflow, in XML and in JSON."""
    xml = codec.read_callback(sample(name)[1])
    as_json = codec.read_callback(codec.encode_callback_json(xml.value, document=document))
    assert (xml.document, as_json.document) == (document, document)
    assert (xml.problems, as_json.problems) == ((), ())
    assert codec.same_content(xml.value, as_json.value)


@pytest.mark.parametrize(
    ("change", "kind", "path"),
    [
        ({"EventName": "Done"}, ProblemKind.VALUE, "/Response/EventName"),
        ({"EventName": ["TaskFinish"]}, ProblemKind.STRUCTURE, "/Response/EventName"),
        ({"EventName": {"a": "b"}}, ProblemKind.STRUCTURE, "/Response/EventName"),
        ({"JobsDetail": []}, ProblemKind.MISSING, "/Response/JobsDetail"),
        ({"JobsDetail": "j"}, ProblemKind.MISSING, "/Response/JobsDetail[1]/JobId"),
        ({"JobsDetail": [[]]}, ProblemKind.STRUCTURE, "/Response/JobsDetail[1]"),
        ({"JobsDetail": None}, ProblemKind.MISSING, "/Response/JobsDetail"),
        ({"JobsDetail": {"JobId": 7}}, ProblemKind.MISSING, "/Response/JobsDetail[1]/State"),
    ],
)
def test_json_deviation_is_a_problem_with_xml_path(change: dict[str, object], kind: ProblemKind, path: str) -> None:
    """The rest of the callback is read."""
    body = {**json.loads(codec.encode_callback_json(VALUE)), **change}
    decoded = codec.read_callback(json.dumps(body).encode())
    assert (kind, path) in [(problem.kind, problem.path) for problem in decoded.problems]


def test_unusual_valid_json_is_read() -> None:
    """Members in any order, extra members, null, numbers, a byte order mark and leading white space."""
    body = json.loads(codec.encode_callback_json(VALUE))
    job = body["JobsDetail"][0] | {"Message": None, "Progress": 100, "odd name": 1, "Extra": {"a": [1]}}
    callback = {"JobsDetail": dict(reversed(job.items())), "EventName": "TaskFinish", "RequestId": "r"}
    decoded = codec.read_callback(b"\xef\xbb\xbf" + b"\n " + json.dumps(callback, indent=1).encode())
    assert decoded.problems == ()
    (read,) = codec.to_value(JobCallback, decoded).jobs
    (plain,) = codec.to_value(JobCallback, codec.read_callback(TASK)).jobs
    assert (read.progress, read.job_id, read.operation) == ("100", plain.job_id, plain.operation)
    assert NoteKind.REORDERED not in {note.kind for note in decoded.notes}
    assert {note.path for note in decoded.notes if note.kind is NoteKind.UNKNOWN_ELEMENT} == {
        "/Response/RequestId",
        "/Response/JobsDetail[1]/Extra",
    }


def test_control_characters_in_json_are_read_with_a_note() -> None:
    """XML cannot contain these characters."""
    body = json.loads(codec.encode_callback_json(VALUE))
    body["JobsDetail"][0]["Operation"]["UserData"] = "a\u0000b"
    decoded = codec.read_callback(json.dumps(body).encode())
    assert decoded.problems == ()
    assert NoteKind.NOT_XML in {note.kind for note in decoded.notes}


@settings(derandomize=True, deadline=None, max_examples=100)
@given(mappings(Document.TASK_CALLBACK))
def test_random_callback_conforms_to_schema_of_its_form_only(value: dict[str, object]) -> None:
    """Each form of a random callback is checked."""
    jobs = value["JobsDetail"]
    assert isinstance(jobs, list)
    one = {**value, "JobsDetail": jobs[:1]}
    for wrapper in (False, True):
        array = json.loads(codec.encode_callback_json(value, wrapper=wrapper, numbers=wrapper))
        single = json.loads(codec.encode_callback_json(one, wrapper=wrapper, jobs="object"))
        assert validate_json(JsonDocument.TASK_CALLBACK_ARRAY, array) == ()
        assert validate_json(JsonDocument.TASK_CALLBACK_OBJECT, single) == ()
        assert validate_json(JsonDocument.TASK_CALLBACK_ARRAY, single)
        assert validate_json(JsonDocument.TASK_CALLBACK_OBJECT, array)


def test_workflow_callback_without_run_id_violates_schema() -> None:
    """The workflow sample conforms in JSON."""
    value = codec.read_callback(sample("workflow callback")[1]).value
    body = json.loads(codec.encode_callback_json(value, document=Document.WORKFLOW_CALLBACK))
    assert validate_json(JsonDocument.WORKFLOW_CALLBACK, body) == ()
    del body["WorkflowExecution"]["RunId"]
    assert validate_json(JsonDocument.WORKFLOW_CALLBACK, body)


@pytest.mark.parametrize("head", [b"", b'<?xml version="1.0" encoding="utf-8"?>\n', b"\xef\xbb\xbf \n"])
def test_workflow_callback_without_root_is_read_with_a_note(head: bytes) -> None:
    """The form of 1045/50341, two elements and no Response, has the content of the form with root."""
    whole = sample("workflow callback")[1]
    inner = whole.partition(b"<Response>")[2].removesuffix(b"</Response>")
    decoded = codec.read_callback(head + inner)
    assert decoded.problems == ()
    assert decoded.value == codec.read_callback(whole).value
    assert [note.kind for note in decoded.notes] == [NoteKind.NO_ROOT]
    assert codec.read_callback(head + inner[:-9]).problems
