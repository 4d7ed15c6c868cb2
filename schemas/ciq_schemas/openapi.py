"""The OpenAPI 3.1 document of the service, written from the operations table and the XSD tables.

`python -m ciq_schemas.openapi` writes `openapi.json` anew; a test checks for drift. Edit the sources, not the file.
"""

import json
import sys
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path

import msgspec

from ciq_schemas import __version__
from ciq_schemas.codec import Document, update_request_of
from ciq_schemas.features import FEATURES
from ciq_schemas.json_from_tables import Definitions, JsonSchema
from ciq_schemas.openapi_parameters import parameters_of
from ciq_schemas.operations import HttpOperation, OperationKind, operations

COMMAND = "python -m ciq_schemas.openapi"
FILE = "openapi.json"

_ANSWERS: Mapping[OperationKind, Document] = {
    OperationKind.ACTIVATE: Document.BUCKET_ANSWER,
    OperationKind.LIST_BUCKETS: Document.BUCKET_LIST,
    OperationKind.DEACTIVATE: Document.BUCKET_CLOSED,
    OperationKind.LIST_QUEUES: Document.QUEUE_LIST,
    OperationKind.UPDATE_QUEUE: Document.QUEUE_UPDATE_ANSWER,
    OperationKind.SUBMIT_JOB: Document.JOB_ANSWER,
    OperationKind.DESCRIBE_JOB: Document.JOB_ANSWER,
    OperationKind.LIST_JOBS: Document.JOB_ANSWER,
}
"""Cancelling answers without a body."""

_SUMMARIES: Mapping[OperationKind, str] = {
    OperationKind.ACTIVATE: "Activate the feature for a bucket; its queue is made with it",
    OperationKind.LIST_BUCKETS: "List the buckets for which the feature is active",
    OperationKind.DEACTIVATE: "Deactivate the feature; its queue goes with it",
    OperationKind.LIST_QUEUES: "List queues, by page or by id",
    OperationKind.UPDATE_QUEUE: "Set name, state and callback rule of a queue",
    OperationKind.SUBMIT_JOB: "Submit a job, or several with one input",
    OperationKind.DESCRIBE_JOB: "Describe jobs by id",
    OperationKind.LIST_JOBS: "List jobs by tag",
    OperationKind.CANCEL_JOB: "Cancel a job that has not been executed yet",
}
_SERVERS = {
    "bucket": ("https://{bucket}.ci.{region}.myqcloud.com", "examplebucket-1250000000"),
    "region": ("https://ci.{region}.myqcloud.com", ""),
}
_REGION = "ap-chongqing"


def stored_openapi() -> dict[str, object]:
    """The document as it ships with the kit."""
    text = (files("ciq_schemas") / FILE).read_bytes()
    document: dict[str, object] = msgspec.json.decode(text, type=dict[str, object])
    return document


def build() -> dict[str, object]:
    """The document as its sources give it today. Only documented operations are in it."""
    definitions = Definitions(prefix="#/components/schemas/")
    schemas: dict[str, JsonSchema] = {}
    paths: dict[str, dict[str, object]] = {}
    for operation in operations():
        if operation.documented:
            entry = _operation(operation, schemas, definitions)
            paths.setdefault(operation.path, {})[operation.method.lower()] = entry
    error = _error(schemas, definitions)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Cloud Infinite job queues",
            "version": __version__,
            "description": f"Written by `{COMMAND}` from the feature table and the XSD files; do not edit.",
        },
        "servers": [_server("bucket")],
        "tags": [{"name": str(spec.feature), "description": spec.title} for spec in FEATURES.values()],
        "security": [{}, {"signature": []}],
        "paths": paths,
        "components": {
            "schemas": {**schemas, **definitions.named},
            "responses": {"Error": error},
            "headers": {"RequestId": {"description": "one a request", "schema": {"type": "string"}}},
            "securitySchemes": {
                "signature": {
                    "type": "apiKey",
                    "in": "header",
                    "name": "Authorization",
                    "description": "q-sign-algorithm=sha1&q-ak=... (436/7778)",
                }
            },
        },
    }


def render() -> str:
    """The text of the file."""
    return json.dumps(build(), indent=1, ensure_ascii=False) + "\n"


def _operation(operation: HttpOperation, schemas: dict[str, JsonSchema], definitions: Definitions) -> JsonSchema:
    good: JsonSchema = {
        "description": "done",
        "headers": {"x-ci-request-id": {"$ref": "#/components/headers/RequestId"}},
    }
    answer = _ANSWERS.get(operation.kind)
    if answer is not None:
        good["content"] = _xml(answer, schemas, definitions)
    refused = {"$ref": "#/components/responses/Error"}
    entry: JsonSchema = {
        "operationId": operation.operation_id,
        "summary": _SUMMARIES[operation.kind],
        "tags": [str(feature) for feature in operation.served],
        "x-source": "; ".join(FEATURES[feature].source for feature in operation.served),
        "parameters": parameters_of(operation),
        "responses": {"200": good, "4XX": refused, "5XX": refused},
    }
    request = _request(operation)
    if request is not None:
        entry["requestBody"] = {"required": True, "content": _xml(request, schemas, definitions)}
    if operation.on_region:
        entry["servers"] = [_server("region")]
    return entry


def _request(operation: HttpOperation) -> Document | None:
    if operation.kind is OperationKind.SUBMIT_JOB:
        return Document.JOB_SUBMIT_REQUEST
    if operation.kind is OperationKind.UPDATE_QUEUE:
        return update_request_of(operation.feature)
    return None


def _xml(document: Document, schemas: dict[str, JsonSchema], definitions: Definitions) -> JsonSchema:
    table = document.table
    name = "".join(part.capitalize() for part in document.split("_"))
    schemas[name] = {**definitions.container(table.content), "xml": {"name": table.root}}
    return {"application/xml": {"schema": {"$ref": definitions.prefix + name}}}


def _error(schemas: dict[str, JsonSchema], definitions: Definitions) -> JsonSchema:
    return {
        "description": "refused; Code names the reason (1045/43611)",
        "headers": {"x-ci-request-id": {"$ref": "#/components/headers/RequestId"}},
        "content": _xml(Document.ERROR, schemas, definitions),
    }


def _server(kind: str) -> JsonSchema:
    url, bucket = _SERVERS[kind]
    variables: dict[str, object] = {"region": {"default": _REGION}}
    if bucket:
        variables["bucket"] = {"default": bucket}
    return {"url": url, "variables": variables}


def main() -> int:
    """Write the file into the source tree; returns the exit code."""
    (Path(__file__).parent / FILE).write_text(render(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
