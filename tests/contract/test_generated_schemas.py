"""JSON Schema files and OpenAPI document: current, valid, and consistent with what they describe."""

import json
import re
import tomllib
from pathlib import Path

import jsonschema_rs
import pytest
from contract_samples import SAMPLES, sample
from lxml import etree
from openapi_spec_validator import validate as validate_openapi

from ciq_conformance import profile_loading
from ciq_schemas import codec, json_schemas, openapi
from ciq_schemas.features import FEATURES, Feature
from ciq_schemas.json_schemas import JsonDocument, stored_schema, validate_json
from ciq_schemas.openapi_callbacks import CALLBACKS
from ciq_schemas.operations import FeatureOperation, OperationKind, feature_operations, operation_of, operations
from ciq_schemas.requirement import Capability
from ciq_schemas.transcript import records

DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.parametrize("document", JsonDocument)
def test_json_schema_files_are_current(document: JsonDocument) -> None:
    """Each file equals what its sources generate, and is a valid schema."""
    path = Path(json_schemas.__file__).parent / "json_schema" / f"{document}.json"
    assert path.read_text(encoding="utf-8") == json_schemas.render(document), f"stale: run {json_schemas.COMMAND}"
    jsonschema_rs.meta.validate(stored_schema(document))


def test_schema_descriptions_have_no_docstring_indentation() -> None:
    """Only the indentation is removed, so that the release of msgspec has no effect."""
    raw = {
        "description": "One.\n\n    Two.",
        "properties": {"description": {"const": "a\n    b"}},
        "anyOf": [{"description": "Three.\n    Four."}],
    }
    assert json_schemas.without_indentation(raw) == {
        "description": "One.\n\nTwo.",
        "properties": {"description": {"const": "a\n    b"}},
        "anyOf": [{"description": "Three.\nFour."}],
    }


def test_openapi_file_is_current() -> None:
    """The file equals what feature table and XSD generate."""
    path = Path(openapi.__file__).parent / openapi.FILE
    assert path.read_text(encoding="utf-8") == openapi.render(), f"stale: run {openapi.COMMAND}"


def test_openapi_document_is_valid() -> None:
    """It is OpenAPI 3.1, and each operationId is unique."""
    document = openapi.stored_openapi()
    validate_openapi(document)
    ids = re.findall(r'"operationId": "([^"]+)"', openapi.render())
    documented = sum(operation.documented for operation in operations())
    assert len(ids) == len(set(ids)) == documented + len(CALLBACKS)


def test_every_feature_has_nine_operations() -> None:
    """The operations have the paths of the feature table."""
    for feature, spec in FEATURES.items():
        operations_of_feature = {
            operation.kind: operation for operation in feature_operations() if operation.feature is feature
        }
        assert len(operations_of_feature) == 9
        assert operations_of_feature[OperationKind.SUBMIT_JOB].path == spec.job_path
        assert operations_of_feature[OperationKind.UPDATE_QUEUE].path == f"{spec.queue_path}/{{queueId}}"
    assert operations()[0].operation_id == "media.bucket.activate"


def test_shared_path_accepts_all_features_except_documents() -> None:
    """Newer pages submit jobs of every feature but documents under /jobs."""
    shared = operation_of("POST", "/jobs")
    assert isinstance(shared, FeatureOperation)
    assert set(shared.served) == set(Feature) - {Feature.DOC}


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("GET", "/queue", "media.queue.list"),
        ("PUT", "/ai_queue/p01", "ai.queue.update"),
        ("GET", "/asr_jobs/s01,s02", "speech.job.describe"),
        ("PUT", "/jobs/j01", "media.job.cancel"),
        ("DELETE", "/file_bucket", "file.bucket.deactivate"),
        ("PUT", "/", "bucket.bind"),
        ("GET", "/template", "template.list"),
        ("DELETE", "/template/t01", "template.delete"),
        ("DELETE", "/queue", None),
        ("GET", "/queue/p01/x", None),
        ("GET", "/queues", None),
    ],
)
def test_method_and_path_find_at_most_one_operation(method: str, path: str, expected: str | None) -> None:
    """A request leads to one operation or to none."""
    found = operation_of(method, path)
    assert (found.operation_id if found else None) == expected


def test_sample_conforms_to_openapi_schema_of_its_document() -> None:
    """The canonical mapping of each sample is checked."""
    document = openapi.stored_openapi()
    components = document["components"]
    for name, component in (
        ("queue list, paged", "QueueList"),
        ("queue list, by id, older form", "QueueList"),
        ("queue update", "QueueUpdateRequest"),
        ("queue update, documents", "DocQueueUpdateRequest"),
        ("bucket answer", "BucketAnswer"),
        ("submit", "JobSubmitRequest"),
        ("submit, six operations", "JobSubmitRequest"),
        ("job answer, many", "JobAnswer"),
        ("error", "Error"),
    ):
        kind, data = sample(name)
        schema = {"$ref": f"#/components/schemas/{component}", "components": components}
        value = codec.read(kind, data).value
        assert jsonschema_rs.is_valid(schema, value), name
        assert not jsonschema_rs.is_valid(schema, {**value, "Odd": "x"}), name


def test_profile_schema_has_exactly_the_keys_of_the_loader() -> None:
    """The schema has every key that the loader reads, and no other."""
    schema = stored_schema(JsonDocument.PROFILE)
    properties = schema["properties"]
    assert isinstance(properties, dict)
    assert set(properties) == {*profile_loading._TOP, *profile_loading._TABLES}
    for table, keys in (
        ("credentials", profile_loading._CREDENTIALS),
        ("capabilities", profile_loading._CAPABILITIES),
        ("job_path", profile_loading._JOB_PATH),
    ):
        assert set(properties[table]["properties"]) == set(keys)
    assert set(properties["inputs"]["properties"]["media"]["properties"]) == set(profile_loading._INPUT)
    assert set(properties["capabilities"]["properties"]) == set(Capability)


def test_documented_profile_conforms_to_schema() -> None:
    """The full profile in docs/profile.md is valid; with a misspelled key it is not."""
    found = re.search(r"```toml\n(.*?)```", (DOCS / "profile.md").read_text(encoding="utf-8"), re.DOTALL)
    assert found
    profile = tomllib.loads(found[1])
    assert validate_json(JsonDocument.PROFILE, profile) == ()
    (problem,) = validate_json(JsonDocument.PROFILE, profile | {"urll": "x"})
    assert "urll" in problem.found


def test_run_record_conforms_to_schema() -> None:
    """A line as the suite writes it conforms; a line without its kind does not."""
    exchange = records.Exchange(
        seq=1, scenario="order", step="submit", started=0.1, ended=0.2, method="GET", url="http://t/queue", status=200
    )
    line = json.loads(records._ENCODER.encode(exchange))
    assert validate_json(JsonDocument.RUN_RECORD, line) == ()
    assert validate_json(JsonDocument.RUN_RECORD, {k: v for k, v in line.items() if k != "kind"})


def test_openapi_schemas_contain_documented_limits() -> None:
    """A fuzzer needs them: six operations, three watermarks, 1024 characters, levels, ten ids."""
    text = openapi.render()
    for bound in ('"maxItems": 6', '"maxItems": 3', '"maxLength": 1024', '"pattern": "^([012]?)$"', '"maxItems": 10'):
        assert bound in text


@pytest.mark.parametrize("name", SAMPLES)
def test_xsd_files_with_includes_accept_the_samples(name: str) -> None:
    """Each file is a schema when its includes are resolved without the kit's own loader."""
    document, data = sample(name)
    schema = etree.XMLSchema(file=str(Path(openapi.__file__).parent / "xsd" / f"{document}.xsd"))
    assert schema.validate(etree.fromstring(data))
