"""The published schemas: valid by public validators, as tolerant as the codec, understood by a code generator."""

import importlib.util
import json
import subprocess
import sys
from functools import cache
from pathlib import Path
from types import ModuleType

import jsonschema_rs
import pytest
import xmlschema
from contract_samples import SAMPLES, sample
from contract_strategies import mappings
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from ciq_schemas import asyncapi, codec, openapi
from ciq_schemas.codec import Document, Reading
from ciq_schemas.json_schemas import JsonDocument, stored_schema
from ciq_schemas.openapi_callbacks import CALLBACKS
from ciq_schemas.published import SchemaKind, published_schemas, schema_named
from ciq_schemas.tolerant_schemas import tolerant_relax_ng, tolerant_xsd

CALLBACK_DOCUMENTS = (Document.TASK_CALLBACK, Document.LEGACY_CALLBACK, Document.WORKFLOW_CALLBACK)
TOLERANT_JSON = {
    Document.TASK_CALLBACK: JsonDocument.TASK_CALLBACK_TOLERANT,
    Document.LEGACY_CALLBACK: JsonDocument.LEGACY_CALLBACK_TOLERANT,
    Document.WORKFLOW_CALLBACK: JsonDocument.WORKFLOW_CALLBACK_TOLERANT,
}
CALLBACK_SAMPLES = [name for name, (document, _) in SAMPLES.items() if document in CALLBACK_DOCUMENTS]


@cache
def relax_ng(document: Document) -> etree.RelaxNG:
    """The tolerant RELAX NG validator of a document."""
    return etree.RelaxNG(etree.fromstring(tolerant_relax_ng(document).encode()))


@cache
def xsd_1_1(document: Document) -> xmlschema.XMLSchema11:
    """The tolerant XSD 1.1 validator of a document."""
    return xmlschema.XMLSchema11(tolerant_xsd(document))


def shuffled(data: bytes) -> etree._Element:
    """The document with reversed children, unknown elements and unknown attributes in each container."""
    root = etree.fromstring(data)
    for name in (".", "JobsDetail", "WorkflowExecution"):
        for container in root.iterfind(name):
            container[:] = reversed(container)
            container.insert(0, etree.fromstring('<Newer a="b"><Inner>1</Inner></Newer>'))
            container.set("unknown", "x")
    return root


@pytest.mark.parametrize("name", SAMPLES)
def test_relax_ng_accepts_samples_in_any_order(name: str) -> None:
    """Each sample as it is, and changed as the documents permit; another root is rejected."""
    document, data = sample(name)
    validator = relax_ng(document)
    assert validator.validate(etree.fromstring(data)), validator.error_log
    assert validator.validate(shuffled(data)), validator.error_log
    assert not validator.validate(etree.fromstring("<Other/>"))


@pytest.mark.parametrize("name", [*CALLBACK_SAMPLES, "queue list, paged", "queue update", "job answer, many"])
def test_xsd_1_1_accepts_samples_in_any_order(name: str) -> None:
    """The same by a validator of XSD 1.1."""
    document, data = sample(name)
    for tree in (etree.fromstring(data), shuffled(data)):
        assert xsd_1_1(document).is_valid(tree), next(xsd_1_1(document).iter_errors(tree))


def test_strict_xsd_rejects_what_tolerant_ones_accept() -> None:
    """The strict files keep the order of the mock."""
    document, data = sample("task callback")
    assert not document.table.schema.validate(shuffled(data))


WRONG = {
    "no JobId": ("<JobId>j00000000000000000000000000000abc</JobId>", ""),
    "other State": ("<State>Success</State>", "<State>Done</State>"),
    "State twice": ("<State>Success</State>", "<State>Success</State><State>Success</State>"),
    "elements in text": ("<State>Success</State>", "<State><a/></State>"),
    "no JobsDetail": ("JobsDetail>", "Jobs>"),
    "other event": ("TaskFinish", "Done"),
}


@pytest.mark.parametrize("change", WRONG)
def test_tolerant_schemas_reject_what_the_codec_rejects(change: str) -> None:
    """Tolerance ends where a documented element is missing or has another value."""
    document, data = sample("task callback")
    old, new = WRONG[change]
    wrong = data.replace(old.encode(), new.encode())
    assert wrong != data
    assert codec.read(document, wrong, Reading.TOLERANT).problems
    tree = etree.fromstring(wrong)
    assert not relax_ng(document).validate(tree)
    assert not xsd_1_1(document).is_valid(tree)


def test_other_spelling_is_accepted() -> None:
    """Some old samples write QueueID; the codec reads it."""
    document, data = sample("queue list, paged")
    tree = etree.fromstring(data.replace(b"QueueId>", b"QueueID>"))
    assert relax_ng(document).validate(tree)
    assert xsd_1_1(document).is_valid(tree)
    without = etree.fromstring(data.replace(b"QueueId>", b"Other>"))
    assert not relax_ng(document).validate(without)
    assert not xsd_1_1(document).is_valid(without)


@settings(derandomize=True, deadline=None, max_examples=60)
@given(mappings(Document.TASK_CALLBACK), st.randoms(use_true_random=False))
def test_relax_ng_agrees_with_codec_on_random_callbacks(value: dict[str, object], random: object) -> None:
    """A random callback in a random order."""
    root = etree.fromstring(codec.encode(Document.TASK_CALLBACK, value))
    for container in (root, *root.iterfind("JobsDetail")):
        children = list(container)
        random.shuffle(children)  # type: ignore[attr-defined]
        container[:] = children
    accepted = codec.read(Document.TASK_CALLBACK, etree.tostring(root), Reading.TOLERANT).ok
    assert relax_ng(Document.TASK_CALLBACK).validate(root) is accepted


def json_forms(name: str) -> list[dict[str, object]]:
    """Every documented JSON form of a callback sample."""
    document, data = sample(name)
    value = codec.read_callback(data).value
    forms = [{}, {"wrapper": True}, {"numbers": True}]
    if document is not Document.WORKFLOW_CALLBACK:
        forms += [{"jobs": "object"}, {"jobs": "object", "wrapper": True}]
    return [json.loads(codec.encode_callback_json(value, document=document, **form)) for form in forms]  # type: ignore[arg-type]


@pytest.mark.parametrize("name", CALLBACK_SAMPLES)
def test_tolerant_json_schema_accepts_what_the_codec_accepts(name: str) -> None:
    """Documented forms, unknown members at each level, null for an optional member, white space around words."""
    document, _ = sample(name)
    validator = jsonschema_rs.Draft202012Validator(stored_schema(TOLERANT_JSON[document]))
    for form in json_forms(name):
        body = form.get("Response", form)
        assert isinstance(body, dict)
        inner = body.get("JobsDetail", body.get("WorkflowExecution"))
        first = inner[0] if isinstance(inner, list) else inner
        assert isinstance(first, dict)
        first |= {"Newer": [1, None, {"a": []}], "Message": None, "State": f" {first['State']}\n"}
        body["RequestId"] = None
        assert codec.read_callback(json.dumps(form).encode()).ok
        assert list(validator.iter_errors(form)) == []


@pytest.mark.parametrize(
    "change", [{"State": "Done"}, {"JobId": None}, {"JobId": ""}, {"Operation": "text"}, {"CreationTime": "yesterday"}]
)
def test_tolerant_json_schema_rejects_what_the_codec_rejects(change: dict[str, object]) -> None:
    """A required member that is null counts as absent."""
    (form, *_) = json_forms("task callback")
    form["JobsDetail"][0] |= change  # type: ignore[index]
    assert not codec.read_callback(json.dumps(form).encode()).ok
    assert not jsonschema_rs.is_valid(stored_schema(JsonDocument.TASK_CALLBACK_TOLERANT), form)


def test_asyncapi_file_is_current() -> None:
    """The file equals what the XSD files generate."""
    path = Path(asyncapi.__file__).parent / asyncapi.FILE
    assert path.read_text(encoding="utf-8") == asyncapi.render(), f"stale: run {asyncapi.COMMAND}"


def test_asyncapi_document_is_valid() -> None:
    """By the JSON Schema of the AsyncAPI Initiative; a document with an unknown action is not."""
    schema = json.loads((Path(__file__).parent / "asyncapi_3.0.0.json").read_text(encoding="utf-8"))
    validator = jsonschema_rs.Draft7Validator(schema)
    document = json.loads(asyncapi.render())
    assert list(validator.iter_errors(document)) == []
    next(iter(document["operations"].values()))["action"] = "shout"
    assert list(validator.iter_errors(document)) != []


def test_each_callback_is_a_webhook_and_a_message_of_each_channel() -> None:
    """XML and JSON bodies, and every reference of the AsyncAPI document leads somewhere."""
    webhooks = openapi.stored_openapi()["webhooks"]
    assert isinstance(webhooks, dict)
    assert set(webhooks) == set(CALLBACKS)
    for webhook in webhooks.values():
        assert set(webhook["post"]["requestBody"]["content"]) == {"application/xml", "application/json"}
    document = json.loads(asyncapi.render())
    messages = {f"{name}.{form}" for name in CALLBACKS for form in ("xml", "json")}
    assert {name: set(channel["messages"]) for name, channel in document["channels"].items()} == dict.fromkeys(
        ("callbackUrl", "queue", "topic"), messages
    )
    for reference in references(document):
        found: object = document
        for part in reference.removeprefix("#/").split("/"):
            assert isinstance(found, dict)
            found = found[part]


def references(value: object) -> list[str]:
    """Every `$ref` in a document."""
    if isinstance(value, dict):
        own = [value["$ref"]] if isinstance(value.get("$ref"), str) else []
        return own + [reference for inner in value.values() for reference in references(inner)]
    return [reference for inner in value for reference in references(inner)] if isinstance(value, list) else []


@pytest.mark.parametrize("name", CALLBACK_SAMPLES)
def test_samples_conform_to_webhook_schemas(name: str) -> None:
    """The canonical mapping to the XML schema, every JSON form without wrapper to the JSON schema."""
    components = openapi.stored_openapi()["components"]
    document, data = sample(name)
    word = "".join(part.capitalize() for part in document.split("_"))
    schema = {"$ref": f"#/components/schemas/{word}", "components": components}
    assert jsonschema_rs.is_valid(schema, codec.read(document, data).value)
    for form in json_forms(name):
        if "Response" not in form:
            assert jsonschema_rs.is_valid({**schema, "$ref": f"#/components/schemas/Json{word}"}, form)


def test_published_schemas_have_one_name_each_and_parse() -> None:
    """Each text is XML or JSON, as its media type says."""
    names = [entry.name for entry in published_schemas()]
    assert len(names) == len(set(names))
    assert {entry.kind for entry in published_schemas()} == set(SchemaKind)
    for entry in published_schemas():
        text = entry.text()
        if entry.media_type == "application/json":
            json.loads(text)
        else:
            etree.fromstring(text.encode())
    assert schema_named("openapi") is schema_named("openapi.json") is not None
    assert schema_named("nothing") is None


def generated(kind: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The models that datamodel-code-generator makes of an API document."""
    source = folder / f"{kind}.json"
    found = schema_named(kind)
    assert found is not None
    source.write_text(found.text(), encoding="utf-8")
    scopes = ["--openapi-scopes", "schemas", "webhooks"] if kind == "openapi" else []
    command = [sys.executable, "-W", "ignore", "-m", "datamodel_code_generator", "--input", str(source)]
    command += ["--input-file-type", kind, *scopes, "--output-model-type", "pydantic_v2.BaseModel"]
    command += ["--output", str(folder / f"{kind}_models.py")]
    subprocess.run(command, check=True, capture_output=True, cwd=folder)
    spec = importlib.util.spec_from_file_location(f"{kind}_models", folder / f"{kind}_models.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, spec.name, module)
    spec.loader.exec_module(module)
    return module


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["openapi", "asyncapi"])
def test_public_generator_makes_models_that_read_callbacks(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A receiver with generated models reads every JSON form, and rejects another state."""
    models = generated(kind, tmp_path, monkeypatch)
    for form in json_forms("task callback"):
        if "Response" in form:
            continue
        read = models.JsonTaskCallback.model_validate(form)
        jobs = read.JobsDetail if isinstance(read.JobsDetail, list) else [read.JobsDetail]
        assert len(jobs) == 1
        text = json.dumps(form).replace('"State": "Success"', '"State": "Done"')
        with pytest.raises(ValueError, match="State"):
            models.JsonTaskCallback.model_validate_json(text)
