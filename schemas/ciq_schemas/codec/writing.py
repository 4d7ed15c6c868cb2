"""Encodes values to bytes by the tables: in the order of the schema, without attributes and namespaces.

Accepts canonical mappings, structs of `ciq_schemas.values`, and fragments in place of elements. None omits an element.
U+FFFD replaces characters that XML cannot contain (control characters), so that the result is always well-formed.
"""

from collections.abc import Callable, Mapping
from operator import itemgetter

import msgspec

from ciq_schemas.codec.binding import to_mapping
from ciq_schemas.codec.documents import Document, Fragment
from ciq_schemas.codec.names import is_element_name, writable
from ciq_schemas.codec.parts import part_field
from ciq_schemas.xsd_tables import ContainerType, Field, IdsType, OpenType, TextType

DECLARATION = b'<?xml version="1.0" encoding="utf-8"?>\n'

_FIRST = itemgetter(0)


class EncodeError(ValueError):
    """The document has no such element: an error of the caller; the text gives the path."""


def encode(document: Document, value: object, *, declaration: bool = True) -> bytes:
    """Encodes a document. `value` is the content of its root: a canonical mapping or a value of `values`."""
    table = document.table
    body = _written(lambda writer: writer.container(table.root, value, table.content, table.root))
    return DECLARATION + body if declaration else body


def encode_part(document: Document, path: str, value: object) -> Fragment:
    """Encodes one element of a document, such as `JobsDetail/Operation`, for use in a later `encode`."""
    field = part_field(document, path)
    return Fragment(_written(lambda writer: writer.item(field, value, path)))


def escape(text: str) -> str:
    """Returns text as XML character data: with references, and with U+FFFD for characters that XML cannot contain."""
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\r", "&#xD;")
    return writable(text)


def _written(write: "Callable[[_Writer], None]") -> bytes:
    """Writes without escaping, checks all texts together, and writes again with escaping when a text needs it.

    Most documents need no escaping, and one check of the joined text is cheaper than a check of each text.
    """
    writer = _Writer(escaping=False)
    write(writer)
    texts = "".join(writer.texts)
    if "&" in texts or "<" in texts or ">" in texts or not texts.isprintable():
        writer = _Writer(escaping=True)
        write(writer)
    return "".join(writer.out).encode("utf-8")


class _Writer:
    """Collects the parts of one document."""

    __slots__ = ("escaping", "out", "texts")

    def __init__(self, *, escaping: bool) -> None:
        self.escaping = escaping
        self.out: list[str] = []
        self.texts: list[str] = []

    def container(self, name: str, value: object, content: ContainerType, path: str) -> None:
        """Writes an element with named children."""
        by_name = content.by_name
        try:
            rows = [
                (row.position, row, item)
                for key, item in _mapping(value, path).items()
                if item is not None and (row := by_name[key])
            ]
        except KeyError as error:
            raise EncodeError(f"{path}: {error.args[0]} is not an element of {content.name}") from error
        rows.sort(key=_FIRST)
        self.out.append(f"<{name}>")
        for _, row, item in rows:
            if type(item) is str and row.most == 1 and type(row.type) is TextType:
                self.text(row.name, item)
            else:
                self.occurrences(row, item, path)
        self.out.append(f"</{name}>")

    def occurrences(self, field: Field, item: object, path: str) -> None:
        """Writes an element once for each item of its value."""
        if field.repeated and isinstance(item, list | tuple):
            for one in item:
                self.item(field, one, path)
        else:
            self.item(field, item, path)

    def item(self, field: Field, item: object, path: str) -> None:
        """Writes an element once."""
        name = field.name
        if isinstance(item, Fragment):
            self.out.append(item.data.decode("utf-8"))
            return
        match field.type:
            case ContainerType() as content:
                self.container(name, item, content, f"{path}/{name}")
            case OpenType():
                self.open(name, item, f"{path}/{name}")
            case IdsType() as ids if isinstance(item, Mapping):
                self.open(name, {ids.member: item.get(ids.member)}, f"{path}/{name}")
            case _:
                self.text(name, _text(item, f"{path}/{name}"))

    def open(self, name: str, item: object, path: str) -> None:
        """Writes open content; checks the names, because the caller chose them."""
        if not is_element_name(name):
            raise EncodeError(f"{path}: {name!r} is not a name for an element")
        if isinstance(item, Mapping):
            self.out.append(f"<{name}>")
            for key, inner in item.items():
                for one in inner if isinstance(inner, list | tuple) else (inner,):
                    self.open(str(key), one, f"{path}/{key}")
            self.out.append(f"</{name}>")
        elif isinstance(item, Fragment):
            self.out.append(item.data.decode("utf-8"))
        elif item is not None:
            self.text(name, _text(item, path))

    def text(self, name: str, text: str) -> None:
        """Writes an element that contains text."""
        if not text:
            self.out.append(f"<{name}/>")
        elif self.escaping:
            self.out.append(f"<{name}>{escape(text)}</{name}>")
        else:
            self.texts.append(text)
            self.out.append(f"<{name}>{text}</{name}>")


def _mapping(value: object, path: str) -> Mapping[str, object]:
    if type(value) is dict or isinstance(value, Mapping):
        return value
    if isinstance(value, msgspec.Struct):
        return to_mapping(value)
    raise EncodeError(f"{path}: expected a mapping or a value, got {type(value).__name__}")


def _text(item: object, path: str) -> str:
    if isinstance(item, str):
        return str(item)
    if isinstance(item, bool):
        return "true" if item else "false"
    if isinstance(item, int | float):
        return str(item)
    raise EncodeError(f"{path}: expected text, got {type(item).__name__}")
