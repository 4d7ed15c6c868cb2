"""Generates the OpenAPI 3.1 document of the service from the operations table and the XSD tables.

`python -m ciq_schemas.openapi` writes `openapi.json`; a test checks that it is current. Edit the sources, not the file.
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
from ciq_schemas.openapi_callbacks import webhooks_of
from ciq_schemas.openapi_parameters import parameters_of
from ciq_schemas.operations import FeatureOperation, HttpOperation, OperationKind, operations

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
    OperationKind.BIND_BUCKET: Document.BINDING_ANSWER,
    OperationKind.CREATE_TEMPLATE: Document.TEMPLATE_ANSWER,
    OperationKind.UPDATE_TEMPLATE: Document.TEMPLATE_ANSWER,
    OperationKind.LIST_TEMPLATES: Document.TEMPLATE_LIST,
    OperationKind.DELETE_TEMPLATE: Document.TEMPLATE_DELETED,
    OperationKind.CREATE_PLAY_KEY: Document.PLAY_KEY_ANSWER,
    OperationKind.GET_PLAY_KEY: Document.PLAY_KEY_ANSWER,
    OperationKind.UPDATE_PLAY_KEY: Document.PLAY_KEY_ANSWER,
    OperationKind.GENERATE_MEDIA_INFO: Document.MEDIA_INFO_ANSWER,
    OperationKind.GENERATE_SNAPSHOT: Document.SNAPSHOT_ANSWER,
    OperationKind.LIST_BOUND: Document.BOUND_BUCKETS,
    OperationKind.CREATE_VOCABULARY: Document.VOCABULARY_CHANGED,
    OperationKind.UPDATE_VOCABULARY: Document.VOCABULARY_CHANGED,
    OperationKind.DELETE_VOCABULARY: Document.VOCABULARY_CHANGED,
    OperationKind.GET_VOCABULARY: Document.VOCABULARY_ANSWER,
    OperationKind.LIST_VOCABULARIES: Document.VOCABULARY_LIST,
    OperationKind.CREATE_WORKFLOW: Document.WORKFLOW_ANSWER,
    OperationKind.LIST_WORKFLOWS: Document.WORKFLOW_LIST,
    OperationKind.UPDATE_WORKFLOW: Document.WORKFLOW_ANSWER,
    OperationKind.DELETE_WORKFLOW: Document.WORKFLOW_DELETED,
    OperationKind.TRIGGER_WORKFLOW: Document.WORKFLOW_TRIGGERED,
    OperationKind.LIST_RUNS: Document.RUN_LIST,
    OperationKind.DESCRIBE_RUN: Document.RUN_DETAIL,
    OperationKind.CREATE_BATCH: Document.BATCH_ANSWER,
    OperationKind.LIST_BATCHES: Document.BATCH_ANSWER,
    OperationKind.DESCRIBE_BATCH: Document.BATCH_ANSWER,
}
"""Responses to all other operations have no body."""

_REQUESTS: Mapping[OperationKind, Document] = {
    OperationKind.SUBMIT_JOB: Document.JOB_SUBMIT_REQUEST,
    OperationKind.CREATE_TEMPLATE: Document.TEMPLATE_REQUEST,
    OperationKind.UPDATE_TEMPLATE: Document.TEMPLATE_REQUEST,
    OperationKind.OPEN_IMAGE_SEARCH: Document.IMAGE_SEARCH_REQUEST,
    OperationKind.CREATE_WORKFLOW: Document.WORKFLOW_REQUEST,
    OperationKind.UPDATE_WORKFLOW: Document.WORKFLOW_REQUEST,
    OperationKind.CREATE_BATCH: Document.BATCH_REQUEST,
}
"""A queue update has a document for each feature; all other requests have no body."""

_SUMMARIES: Mapping[OperationKind, str] = {
    OperationKind.ACTIVATE: "Activate the feature for a bucket; this creates its queue",
    OperationKind.LIST_BUCKETS: "List the buckets for which the feature is active",
    OperationKind.DEACTIVATE: "Deactivate the feature; this deletes its queue",
    OperationKind.LIST_QUEUES: "List queues, by page or by id",
    OperationKind.UPDATE_QUEUE: "Set name, state and callback rule of a queue",
    OperationKind.SUBMIT_JOB: "Submit a job, or several with one input",
    OperationKind.DESCRIBE_JOB: "Describe jobs by id",
    OperationKind.LIST_JOBS: "List jobs by tag",
    OperationKind.CANCEL_JOB: "Cancel a job that has not been executed yet",
    OperationKind.BIND_BUCKET: "Bind the bucket to the service, or with unbind remove the binding",
    OperationKind.CREATE_TEMPLATE: "Store the parameters of a tag under an id that jobs can name",
    OperationKind.UPDATE_TEMPLATE: "Replace name and parameters of a template",
    OperationKind.LIST_TEMPLATES: "List templates",
    OperationKind.DELETE_TEMPLATE: "Delete a template",
    OperationKind.GET_PLAY_KEY: "Return the keys that sign the playback of encrypted HLS",
    OperationKind.UPDATE_PLAY_KEY: "Replace one or both of these keys",
    OperationKind.OPEN_IMAGE_SEARCH: "Create the bucket's library of images to search in",
    OperationKind.CREATE_WORKFLOW: "Create a workflow: jobs that follow one another",
    OperationKind.LIST_WORKFLOWS: "List workflows, by page, name or id",
    OperationKind.UPDATE_WORKFLOW: "Replace, activate or deactivate a workflow",
    OperationKind.DELETE_WORKFLOW: "Delete a workflow",
    OperationKind.TRIGGER_WORKFLOW: "Run a workflow on one object",
    OperationKind.LIST_RUNS: "List the runs of a workflow",
    OperationKind.DESCRIBE_RUN: "Describe a run with its tasks",
    OperationKind.CREATE_BATCH: "Run workflows or one kind of job on many objects",
    OperationKind.LIST_BATCHES: "List batch jobs",
    OperationKind.DESCRIBE_BATCH: "Describe a batch job",
    OperationKind.CANCEL_BATCH: "Cancel a batch job",
}
_FURTHER_TAGS = {
    "bucket": "Binding of buckets",
    "template": "Templates",
    "play_key": "Keys of encrypted HLS",
    "image_search": "Search by image",
    "workflow": "Workflows and their runs",
    "batch": "Batch jobs",
}
"""First parts of the operationIds of operations that belong to no feature."""

_SERVERS = {
    "bucket": ("https://{bucket}.ci.{region}.myqcloud.com", "examplebucket-1250000000"),
    "region": ("https://ci.{region}.myqcloud.com", ""),
}
_REGION = "ap-chongqing"


def stored_openapi() -> dict[str, object]:
    """Returns the shipped document."""
    text = (files("ciq_schemas") / FILE).read_bytes()
    document: dict[str, object] = msgspec.json.decode(text, type=dict[str, object])
    return document


def answer_of(operation: HttpOperation) -> Document | None:
    """Returns the document in the response to an operation; None when the response has no body."""
    return _ANSWERS.get(operation.kind)


def build() -> dict[str, object]:
    """Returns the document that the current sources give. It contains documented operations only."""
    definitions = Definitions(prefix="#/components/schemas/")
    schemas: dict[str, JsonSchema] = {}
    paths: dict[str, dict[str, object]] = {}
    for operation in operations():
        if operation.documented:
            entry = _operation(operation, schemas, definitions)
            paths.setdefault(operation.path, {})[operation.method.lower()] = entry
    error = _error(schemas, definitions)
    webhooks = webhooks_of(schemas, definitions)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Cloud Infinite job queues",
            "version": __version__,
            "description": f"Written by `{COMMAND}` from the feature table and the XSD files; do not edit.",
        },
        "servers": [_server("bucket")],
        "tags": [
            *({"name": str(spec.feature), "description": spec.title} for spec in FEATURES.values()),
            *({"name": name, "description": title} for name, title in _FURTHER_TAGS.items()),
        ],
        "security": [{}, {"signature": []}],
        "paths": paths,
        "webhooks": webhooks,
        "components": {
            "schemas": {**schemas, **definitions.named},
            "responses": {"Error": error},
            "headers": {"RequestId": {"description": "unique for each request", "schema": {"type": "string"}}},
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
    """Returns the text of the file."""
    return json.dumps(build(), indent=1, ensure_ascii=False) + "\n"


def _operation(operation: HttpOperation, schemas: dict[str, JsonSchema], definitions: Definitions) -> JsonSchema:
    success: JsonSchema = {
        "description": "success",
        "headers": {"x-ci-request-id": {"$ref": "#/components/headers/RequestId"}},
    }
    answer = answer_of(operation)
    if answer is not None:
        success["content"] = _xml(answer, schemas, definitions)
    error = {"$ref": "#/components/responses/Error"}
    entry: JsonSchema = {
        "operationId": operation.operation_id,
        "summary": _SUMMARIES[operation.kind],
        "tags": _tags(operation),
        "x-source": operation.source,
        "parameters": parameters_of(operation),
        "responses": {"200": success, "4XX": error, "5XX": error},
    }
    request = _request(operation)
    if request is not None:
        entry["requestBody"] = {"required": True, "content": _xml(request, schemas, definitions)}
    if operation.on_region:
        entry["servers"] = [_server("region")]
    return entry


def _tags(operation: HttpOperation) -> list[str]:
    if isinstance(operation, FeatureOperation):
        return [str(feature) for feature in operation.served]
    return [operation.operation_id.partition(".")[0]]


def _request(operation: HttpOperation) -> Document | None:
    if isinstance(operation, FeatureOperation) and operation.kind is OperationKind.UPDATE_QUEUE:
        return update_request_of(operation.feature)
    return _REQUESTS.get(operation.kind)


def _xml(document: Document, schemas: dict[str, JsonSchema], definitions: Definitions) -> JsonSchema:
    table = document.table
    name = "".join(part.capitalize() for part in document.split("_"))
    schemas[name] = {**definitions.container(table.content), "xml": {"name": table.root}}
    return {"application/xml": {"schema": {"$ref": definitions.prefix + name}}}


def _error(schemas: dict[str, JsonSchema], definitions: Definitions) -> JsonSchema:
    return {
        "description": "error; Code names the reason (1045/43611)",
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
    """Writes the file into the source tree; returns the exit code."""
    (Path(__file__).parent / FILE).write_text(render(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
