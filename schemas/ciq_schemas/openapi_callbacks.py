"""Describes the callbacks as OpenAPI webhooks, and their JSON bodies as schemas that AsyncAPI shares.

The XML schemas are those of the XSD. The JSON schemas are tolerant: a receiver that is generated from them accepts
every documented form.
"""

from ciq_schemas.codec import Document
from ciq_schemas.json_from_tables import Definitions, JsonSchema

CALLBACKS = {
    "taskFinish": (Document.TASK_CALLBACK, "A job has ended", "436/49074, 1045/73096, 436/85073"),
    "workflowFinish": (Document.WORKFLOW_CALLBACK, "A run of a workflow has ended", "436/48042, 436/80040, 1045/50341"),
    "taskFinishOlderForm": (
        Document.LEGACY_CALLBACK,
        "A job has ended: the older form without EventName",
        "1045/43607, 436/46412",
    ),
}
"""Name of each callback, with its document, its summary and the pages that document it."""


def component_name(document: Document, *, json: bool = False) -> str:
    """Returns the name of a document's schema: `TaskCallback`, `JsonTaskCallback`."""
    return ("Json" if json else "") + "".join(part.capitalize() for part in document.split("_"))


def callback_schemas(document: Document, prefix: str) -> dict[str, JsonSchema]:
    """Returns the schemas of a callback's JSON body by name, the body first; `prefix` is the path to them."""
    definitions = Definitions(prefix=prefix, relaxed=True, tolerant=True, name_prefix="Json")
    body = definitions.container(document.table.content)
    return {component_name(document, json=True): body, **definitions.named}


def webhooks_of(schemas: dict[str, JsonSchema], definitions: Definitions) -> JsonSchema:
    """Returns the webhooks, and adds their schemas to `schemas`."""
    return {name: {"post": _webhook(name, schemas, definitions)} for name in CALLBACKS}


def _webhook(name: str, schemas: dict[str, JsonSchema], definitions: Definitions) -> JsonSchema:
    document, summary, source = CALLBACKS[name]
    table = document.table
    schemas[component_name(document)] = {**definitions.container(table.content), "xml": {"name": table.root}}
    schemas.update(callback_schemas(document, definitions.prefix))
    return {
        "operationId": f"callback.{name}",
        "summary": summary,
        "x-source": source,
        "requestBody": {
            "required": True,
            "content": {
                "application/xml": {"schema": {"$ref": definitions.prefix + component_name(document)}},
                "application/json": {"schema": {"$ref": definitions.prefix + component_name(document, json=True)}},
            },
        },
        "responses": {"2XX": {"description": "the receiver has the callback"}},
        "security": [{}],
    }
