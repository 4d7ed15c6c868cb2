"""Lists the schemas that the kit publishes, for `ciq schema` and for the mock's pages: name, meaning, text."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files

from ciq_schemas import asyncapi, openapi
from ciq_schemas.codec import Document
from ciq_schemas.json_schemas import JsonDocument
from ciq_schemas.tolerant_schemas import tolerant_relax_ng, tolerant_xsd
from ciq_schemas.xsd_tables import schema_source

_PACKAGE = "ciq_schemas"


class SchemaKind(StrEnum):
    """The schema language of a published schema."""

    OPENAPI = "OpenAPI 3.1"
    ASYNCAPI = "AsyncAPI 3.0"
    XSD = "XSD 1.0"
    TOLERANT_XSD = "XSD 1.1"
    RELAX_NG = "RELAX NG"
    JSON_SCHEMA = "JSON Schema 2020-12"


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedSchema:
    """One schema; `name` is its file name."""

    name: str
    kind: SchemaKind
    title: str

    @property
    def media_type(self) -> str:
        """The Content-Type under which it is served."""
        return "application/json" if self.name.endswith(".json") else "application/xml"

    def text(self) -> str:
        """Returns the text; tolerant schemas are generated on demand."""
        stem = self.name.partition(".")[0]
        match self.kind:
            case SchemaKind.OPENAPI | SchemaKind.ASYNCAPI:
                return (files(_PACKAGE) / self.name).read_text(encoding="utf-8")
            case SchemaKind.XSD:
                return schema_source(stem).decode("utf-8")
            case SchemaKind.TOLERANT_XSD:
                return tolerant_xsd(Document(stem))
            case SchemaKind.RELAX_NG:
                return tolerant_relax_ng(Document(stem))
            case SchemaKind.JSON_SCHEMA:
                return (files(_PACKAGE) / "json_schema" / self.name).read_text(encoding="utf-8")


@cache
def published_schemas() -> tuple[PublishedSchema, ...]:
    """Returns every published schema: the two API documents first, then by name."""
    return tuple(_all())


def schema_named(name: str) -> PublishedSchema | None:
    """Returns the schema of a file name; `.json` may be left out. None for an unknown one."""
    by_name = {schema.name: schema for schema in published_schemas()}
    return by_name.get(name) or by_name.get(f"{name}.json")


def _all() -> Iterator[PublishedSchema]:
    yield PublishedSchema(
        name=openapi.FILE, kind=SchemaKind.OPENAPI, title="operations of the service, and its callbacks as webhooks"
    )
    yield PublishedSchema(
        name=asyncapi.FILE, kind=SchemaKind.ASYNCAPI, title="callbacks by HTTP, message queue and topic"
    )
    for document in sorted(Document):
        words = document.replace("_", " ")
        yield PublishedSchema(name=f"{document}.xsd", kind=SchemaKind.XSD, title=f"{words}, in the order of the mock")
        tolerant = f"{words}, tolerant: any order, unknown elements"
        yield PublishedSchema(name=f"{document}.tolerant.xsd", kind=SchemaKind.TOLERANT_XSD, title=tolerant)
        yield PublishedSchema(name=f"{document}.rng", kind=SchemaKind.RELAX_NG, title=tolerant)
    for included in _included():
        title = f"types that other XSD files include: {included.replace('_', ' ')}"
        yield PublishedSchema(name=f"{included}.xsd", kind=SchemaKind.XSD, title=title)
    for json in sorted(JsonDocument):
        title = f"{json.replace('_', ' ')}"
        yield PublishedSchema(name=f"{json}.json", kind=SchemaKind.JSON_SCHEMA, title=title)


def _included() -> Iterator[str]:
    documents = {str(document) for document in Document}
    names = (path.name.partition(".")[0] for path in (files(_PACKAGE) / "xsd").iterdir() if path.name.endswith(".xsd"))
    return (name for name in sorted(names) if name not in documents)
