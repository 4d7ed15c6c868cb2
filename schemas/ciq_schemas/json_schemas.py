"""Generates the JSON Schema files of the kit: JSON callbacks, the target profile, the run file.

`python -m ciq_schemas.json_schemas` writes them from their sources (XSD tables, feature table, run records); a test
checks that they are current. Must not know how a callback is read or a profile loaded.
"""

import json
import sys
from collections.abc import Mapping
from enum import StrEnum
from functools import cache
from importlib.resources import files
from inspect import cleandoc
from pathlib import Path
from typing import get_args

import jsonschema_rs
import msgspec

from ciq_schemas.codec import Document, Problem, ProblemKind
from ciq_schemas.features import Feature
from ciq_schemas.json_from_tables import Definitions, JsonSchema
from ciq_schemas.requirement import Capability
from ciq_schemas.transcript import records
from ciq_schemas.xsd_tables import ContainerType

COMMAND = "python -m ciq_schemas.json_schemas"
_DIALECT = "https://json-schema.org/draft/2020-12/schema"


class JsonDocument(StrEnum):
    """The JSON documents that have a schema; the value names the file."""

    TASK_CALLBACK_ARRAY = "task_callback_array"
    """TaskFinish with JobsDetail as an array (sample of 436/85073)."""
    TASK_CALLBACK_OBJECT = "task_callback_object"
    """TaskFinish with JobsDetail as an object (N3)."""
    WORKFLOW_CALLBACK = "workflow_callback"
    TASK_CALLBACK_TOLERANT = "task_callback_tolerant"
    """The tolerant schemas accept what the codec accepts: unknown members, null, any order, array and object."""
    LEGACY_CALLBACK_TOLERANT = "legacy_callback_tolerant"
    WORKFLOW_CALLBACK_TOLERANT = "workflow_callback_tolerant"
    PROFILE = "profile"
    """`ciq.toml`, as the mapping that it parses to."""
    RUN_RECORD = "run_record"
    """One line of a run file."""


def stored_schema(document: JsonDocument) -> JsonSchema:
    """Returns the shipped schema."""
    text = (files("ciq_schemas") / "json_schema" / f"{document}.json").read_bytes()
    schema: JsonSchema = msgspec.json.decode(text, type=dict[str, object])
    return schema


def validate_json(document: JsonDocument, value: object) -> tuple[Problem, ...]:
    """Returns the problems of a parsed JSON value, in the order of the validator; empty when it is valid."""
    return tuple(
        Problem(
            kind=ProblemKind.VALUE,
            path="/" + "/".join(str(part) for part in error.instance_path),
            expected=f"what {document}.json requires at {'/'.join(str(part) for part in error.schema_path)}",
            found=error.message,
        )
        for error in _validator(document).iter_errors(value)
    )


@cache
def _validator(document: JsonDocument) -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator(stored_schema(document))


def render(document: JsonDocument) -> str:
    """Returns the schema file that the current sources give."""
    builders = {
        JsonDocument.TASK_CALLBACK_ARRAY: lambda: _callback(Document.TASK_CALLBACK, "array"),
        JsonDocument.TASK_CALLBACK_OBJECT: lambda: _callback(Document.TASK_CALLBACK, "object"),
        JsonDocument.WORKFLOW_CALLBACK: lambda: _callback(Document.WORKFLOW_CALLBACK, ""),
        JsonDocument.TASK_CALLBACK_TOLERANT: lambda: _tolerant(Document.TASK_CALLBACK),
        JsonDocument.LEGACY_CALLBACK_TOLERANT: lambda: _tolerant(Document.LEGACY_CALLBACK),
        JsonDocument.WORKFLOW_CALLBACK_TOLERANT: lambda: _tolerant(Document.WORKFLOW_CALLBACK),
        JsonDocument.PROFILE: _profile,
        JsonDocument.RUN_RECORD: _run_record,
    }
    schema = {"$schema": _DIALECT, "$comment": f"Written by `{COMMAND}`; do not edit.", **builders[document]()}
    return json.dumps(schema, indent=1, ensure_ascii=False) + "\n"


def _callback(document: Document, jobs: str) -> JsonSchema:
    """Returns the schema of a callback with and without the wrapper Response; `jobs` is the form of JobsDetail."""
    definitions = Definitions(prefix="#/$defs/", relaxed=True)
    content: ContainerType = document.table.content
    body = definitions.container(content)
    if jobs:
        job = {"$ref": f"#/$defs/{_type_name(content, 'JobsDetail')}"}
        several: JsonSchema = {"type": "array", "items": job, "minItems": 1}
        properties = body["properties"]
        if isinstance(properties, dict):
            properties["JobsDetail"] = several if jobs == "array" else job
    wrapper: JsonSchema = {
        "type": "object",
        "properties": {"Response": {"$ref": "#/$defs/Body"}},
        "required": ["Response"],
        "additionalProperties": False,
    }
    return {
        "title": f"{document} as JSON" + (f", JobsDetail an {jobs}" if jobs else ""),
        "anyOf": [{"$ref": "#/$defs/Body"}, wrapper],
        "$defs": {"Body": body, **definitions.named},
    }


def _tolerant(document: Document) -> JsonSchema:
    """Returns the schema of any JSON form of a callback that the codec reads without a problem."""
    definitions = Definitions(prefix="#/$defs/", relaxed=True, tolerant=True)
    body = definitions.container(document.table.content)
    wrapped: JsonSchema = {"properties": {"Response": {"$ref": "#/$defs/Body"}}}
    has_wrapper: JsonSchema = {"required": ["Response"], "properties": {"Response": {"type": "object"}}}
    return {
        "title": f"{document} as JSON, tolerant",
        "type": "object",
        "if": has_wrapper,
        "then": wrapped,
        "else": {"$ref": "#/$defs/Body"},
        "$defs": {"Body": body, **definitions.named},
    }


def _type_name(content: ContainerType, element: str) -> str:
    kind = content.by_name[element].type
    return kind.name if isinstance(kind, ContainerType) else element


def _profile() -> JsonSchema:
    """Returns the schema of `ciq.toml`: the keys of docs/profile.md with the types of their values."""
    text: JsonSchema = {"type": "string"}
    some: JsonSchema = {"type": "string", "minLength": 1}
    address: JsonSchema = {"type": "string", "pattern": "^https?://[^\\s/]+"}
    features: JsonSchema = {"enum": [*(str(feature) for feature in Feature), "all"]}
    sample = _table({"tag": some, "good": some, "operation": text, "input_extra": text})
    keys: dict[str, JsonSchema] = {
        "url": address,
        "signed_prefix": {"type": "boolean"},
        "bucket": some,
        "second_bucket": text,
        "region": some,
        "host": some,
        "region_host": some,
        "features": {"anyOf": [some, {"type": "array", "items": features, "minItems": 1, "uniqueItems": True}]},
        "missing_input": some,
        "output_prefix": some,
        "callback_bind": {"type": "string", "pattern": ".+:[0-9]{1,5}$"},
        "callback_url": {"anyOf": [{"const": ""}, address]},
        "ca_file": {"type": "string", "minLength": 1},
        "timeout_factor": {"type": "number", "minimum": 0.1, "maximum": 100},
        "restart_command": {"type": "string", "minLength": 1},
        "credentials": _table({"secret_id": some, "secret_key": some, "token": some}),
        "capabilities": _table({str(capability): {"enum": [True, False, "unknown"]} for capability in Capability}),
        "inputs": _table({str(feature): sample for feature in Feature}),
        "job_path": _table(
            {str(feature): {"type": "string", "pattern": "^(/[A-Za-z0-9_.\\-]+)+$"} for feature in Feature}
        ),
    }
    return {"title": "Target profile of ciq run (ciq.toml)", **_table(keys)}


def _table(keys: dict[str, JsonSchema]) -> JsonSchema:
    return {"type": "object", "properties": keys, "additionalProperties": False}


def _run_record() -> JsonSchema:
    (_, *_), definitions = msgspec.json.schema_components((records.AnyRecord,), ref_template="#/$defs/{name}")
    kinds = [{"$ref": f"#/$defs/{kind.__name__}"} for kind in get_args(records.AnyRecord)]
    return {"title": "One line of a run file (run.ndjson)", "oneOf": kinds, "$defs": without_indentation(definitions)}


def without_indentation(schema: Mapping[str, object]) -> JsonSchema:
    """Returns the schema with the indentation of its descriptions removed.

    The descriptions are docstrings. Some releases of msgspec and CPython remove the indentation and some do not.
    """

    def clean(key: str, value: object) -> object:
        if isinstance(value, Mapping):
            return without_indentation(value)
        if isinstance(value, list):
            return [clean("", item) for item in value]
        return cleandoc(value) if key == "description" and isinstance(value, str) else value

    return {key: clean(key, value) for key, value in schema.items()}


def main() -> int:
    """Writes the files into the source tree; returns the exit code."""
    folder = Path(__file__).parent / "json_schema"
    folder.mkdir(exist_ok=True)
    for document in JsonDocument:
        (folder / f"{document}.json").write_text(render(document), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
