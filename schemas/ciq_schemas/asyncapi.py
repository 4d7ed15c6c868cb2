"""Generates the AsyncAPI 3 document of the callbacks: HTTP requests to a URL, and messages of a queue or topic.

`python -m ciq_schemas.asyncapi` writes `asyncapi.json`; a test checks that it is current. Edit the sources, not the
file. The document describes the service, which sends; a receiver turns the operations around.
"""

import json
import sys
from importlib.resources import files
from pathlib import Path

import msgspec

from ciq_schemas import __version__
from ciq_schemas.codec import Document
from ciq_schemas.json_from_tables import Definitions, JsonSchema
from ciq_schemas.openapi_callbacks import CALLBACKS, callback_schemas, component_name

COMMAND = "python -m ciq_schemas.asyncapi"
FILE = "asyncapi.json"
_SCHEMAS = "#/components/schemas/"
_CONTENT_TYPES = {"xml": "application/xml", "json": "application/json"}
_INFERRED = "No page shows a queue message; that its text is the HTTP body is inferred."


def stored_asyncapi() -> dict[str, object]:
    """Returns the shipped document."""
    text = (files("ciq_schemas") / FILE).read_bytes()
    document: dict[str, object] = msgspec.json.decode(text, type=dict[str, object])
    return document


def build() -> dict[str, object]:
    """Returns the document that the current sources give."""
    messages = {f"{name}.{form}": _message(name, form) for name in CALLBACKS for form in _CONTENT_TYPES}
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Cloud Infinite job queues: callbacks",
            "version": __version__,
            "description": f"Written by `{COMMAND}` from the XSD files; do not edit.",
        },
        "defaultContentType": "application/xml",
        "servers": {
            "receiver": {
                "host": "{receiver}",
                "protocol": "http",
                "description": "the host of CallBack of the job, or of NotifyConfig.Url of its queue (1045/49945)",
                "variables": {"receiver": {"default": "receiver.example"}},
            },
            "messageQueue": {
                "host": "{endpoint}",
                "protocol": "cmq",
                "description": "the TDMQ-CMQ endpoint of MqRegion: sh, bj, gz, cd or hk (1045/49945)",
                "variables": {"endpoint": {"default": "cmq.example"}},
            },
        },
        "channels": {
            "callbackUrl": _channel("path", "receiver", messages, "Type Url: path and query of the address"),
            "queue": _channel("mqName", "messageQueue", messages, f"Type TDMQ, MqMode Queue. {_INFERRED}"),
            "topic": _channel("mqName", "messageQueue", messages, f"Type TDMQ, MqMode Topic. {_INFERRED}"),
        },
        "operations": {
            f"send{name[0].upper()}{name[1:]}To{channel[0].upper()}{channel[1:]}": _operation(name, channel)
            for channel in ("callbackUrl", "queue", "topic")
            for name in CALLBACKS
        },
        "components": {"messages": messages, "schemas": _schemas()},
    }


def render() -> str:
    """Returns the text of the file."""
    return json.dumps(build(), indent=1, ensure_ascii=False) + "\n"


def _channel(parameter: str, server: str, messages: dict[str, JsonSchema], description: str) -> JsonSchema:
    return {
        "address": f"{{{parameter}}}",
        "description": description,
        "servers": [{"$ref": f"#/servers/{server}"}],
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in messages},
        "parameters": {parameter: {"description": "chosen by the client"}},
    }


def _operation(name: str, channel: str) -> JsonSchema:
    operation: JsonSchema = {
        "action": "send",
        "channel": {"$ref": f"#/channels/{channel}"},
        "summary": CALLBACKS[name][1],
        "messages": [{"$ref": f"#/channels/{channel}/messages/{name}.{form}"} for form in _CONTENT_TYPES],
    }
    if channel == "callbackUrl":
        operation["bindings"] = {"http": {"method": "POST", "bindingVersion": "0.3.0"}}
    return operation


def _message(name: str, form: str) -> JsonSchema:
    document, summary, source = CALLBACKS[name]
    return {
        "name": f"{name}.{form}",
        "title": summary,
        "summary": f"Sources: {source}",
        "contentType": _CONTENT_TYPES[form],
        "payload": {"$ref": _SCHEMAS + component_name(document, json=form == "json")},
    }


def _schemas() -> dict[str, JsonSchema]:
    definitions = Definitions(prefix=_SCHEMAS)
    schemas: dict[str, JsonSchema] = {}
    for document in (Document.TASK_CALLBACK, Document.WORKFLOW_CALLBACK, Document.LEGACY_CALLBACK):
        table = document.table
        schemas[component_name(document)] = {**definitions.container(table.content), "xml": {"name": table.root}}
        schemas |= callback_schemas(document, _SCHEMAS)
    return {**schemas, **definitions.named}


def main() -> int:
    """Writes the file into the source tree; returns the exit code."""
    (Path(__file__).parent / FILE).write_text(render(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
