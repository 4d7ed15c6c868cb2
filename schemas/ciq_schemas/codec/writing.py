"""Values to bytes: a writer over the tables, in the order of the schema, without attributes and namespaces.

Accepts canonical mappings, structs of `ciq_schemas.values`, and fragments in place of elements. None leaves an
element out. What XML cannot carry (control characters) is replaced by U+FFFD: an answer is always well-formed.
"""

import re
from collections.abc import Mapping

import msgspec

from ciq_schemas.codec.binding import to_mapping
from ciq_schemas.codec.documents import Document, Fragment
from ciq_schemas.codec.parts import part_field
from ciq_schemas.xsd_tables import ContainerType, Field, IdsType, OpenType, TextType

DECLARATION = b'<?xml version="1.0" encoding="utf-8"?>\n'

_SPECIAL = re.compile("[&<>\x00-\x08\x0b-\x1f\ud800-\udfff\ufffe\uffff]").search
_REPLACED = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_NAME = re.compile(r"[A-Za-z_][\w.\-]*").fullmatch


class EncodeError(ValueError):
    """A value has no place in the document: a mistake of the caller, with the path of the element."""


def encode(document: Document, value: object, *, declaration: bool = True) -> bytes:
    """Write a document. `value` is the content of its root: a canonical mapping or a value of `values`."""
    table = document.table
    out: list[str] = []
    _write_container(out, table.root, _mapping(value, table.root), table.content, table.root)
    body = "".join(out).encode("utf-8")
    return DECLARATION + body if declaration else body


def encode_part(document: Document, path: str, value: object) -> Fragment:
    """Write one element of a document, as `JobsDetail/Operation`, to stand in a later `encode`."""
    field = part_field(document, path)
    out: list[str] = []
    _write_item(out, field, value, path)
    return Fragment("".join(out).encode("utf-8"))


def escape(text: str) -> str:
    """Character data: what must be a reference is one, what cannot be written is replaced."""
    if _SPECIAL(text) is None:
        return text
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\r", "&#xD;")
    return _REPLACED.sub("\ufffd", text)


def _mapping(value: object, path: str) -> Mapping[str, object]:
    if isinstance(value, Mapping):
        return value
    if isinstance(value, msgspec.Struct):
        return to_mapping(value)
    raise EncodeError(f"{path}: expected a mapping or a value, got {type(value).__name__}")


def _write_container(
    out: list[str], name: str, value: Mapping[str, object], content: ContainerType, path: str
) -> None:
    out.append(f"<{name}>")
    by_name = content.by_name
    last = -1
    rows: list[tuple[Field, object]] = []
    sort = False
    for key, item in value.items():
        if item is None:
            continue
        field = by_name.get(key)
        if field is None:
            raise EncodeError(f"{path}: {key} is not an element of {content.name}")
        if field.position < last:
            sort = True
        last = field.position
        rows.append((field, item))
    if sort:
        rows.sort(key=lambda row: row[0].position)
    for field, item in rows:
        if field.most == 1:
            _write_item(out, field, item, path)
        elif isinstance(item, list | tuple):
            for one in item:
                _write_item(out, field, one, path)
        else:
            _write_item(out, field, item, path)
    out.append(f"</{name}>")


def _write_item(out: list[str], field: Field, item: object, path: str) -> None:
    name = field.name
    kind = field.type
    if type(item) is str and type(kind) is TextType:
        out.append(f"<{name}>{escape(item)}</{name}>" if item else f"<{name}/>")
    elif type(item) is Fragment:
        out.append(item.data.decode("utf-8"))
    elif isinstance(kind, ContainerType):
        inner = f"{path}/{name}"
        _write_container(out, name, _mapping(item, inner), kind, inner)
    elif isinstance(kind, OpenType):
        _write_open(out, name, item, f"{path}/{name}")
    elif isinstance(kind, IdsType) and isinstance(item, Mapping):
        members = "".join(f"<{kind.member}>{escape(str(one))}</{kind.member}>" for one in item[kind.member])
        out.append(f"<{name}>{members}</{name}>")
    else:
        out.append(f"<{name}>{escape(_text(item, f'{path}/{name}'))}</{name}>")


def _write_open(out: list[str], name: str, item: object, path: str) -> None:
    """Open content: the names are the caller's, so they are checked."""
    if _NAME(name) is None:
        raise EncodeError(f"{path}: {name!r} is not a name for an element")
    if isinstance(item, Mapping):
        out.append(f"<{name}>")
        for key, inner in item.items():
            for one in inner if isinstance(inner, list | tuple) else (inner,):
                _write_open(out, key, one, f"{path}/{key}")
        out.append(f"</{name}>")
    elif isinstance(item, Fragment):
        out.append(item.data.decode("utf-8"))
    elif item is not None:
        text = _text(item, path)
        out.append(f"<{name}>{escape(text)}</{name}>" if text else f"<{name}/>")


def _text(item: object, path: str) -> str:
    if isinstance(item, str):
        return str(item)
    if isinstance(item, bool):
        return "true" if item else "false"
    if isinstance(item, int | float):
        return str(item)
    raise EncodeError(f"{path}: expected text, got {type(item).__name__}")
