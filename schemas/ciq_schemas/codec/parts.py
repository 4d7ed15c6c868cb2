"""Finds the type of the element at a path in a document, such as `JobsDetail/Operation`."""

from functools import cache

from ciq_schemas.codec.documents import Document
from ciq_schemas.xsd_tables import ContainerType, Field, Type


class UnknownPartError(KeyError):
    """No element of the document has that path: an error of the caller."""


@cache
def part_field(document: Document, path: str) -> Field:
    """Returns the table row of the element at `path`: names of elements below the root, joined with `/`."""
    content: Type = document.table.content
    field: Field | None = None
    for name in path.split("/"):
        field = content.by_name.get(name) if isinstance(content, ContainerType) else None
        if field is None:
            raise UnknownPartError(f"{document} has no element {path}: {name} is not in it")
        content = field.type
    if field is None:
        raise UnknownPartError(f"{document}: the path is empty")
    return field


def part_type(document: Document, path: str) -> Type:
    """Returns the type of the element at `path`."""
    return part_field(document, path).type
