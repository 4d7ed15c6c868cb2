"""Converts between canonical mappings and the typed values of `ciq_schemas.values`.

Knows the structs by their annotations. Must not know XML. Invalid data never raise: a part of the wrong structure is
omitted, because the problems of the reading already report it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from functools import cache
from types import NoneType
from typing import TypeVar, get_args, get_origin, get_type_hints

import msgspec

from ciq_schemas.codec.documents import Decoded
from ciq_schemas.features import FEATURES
from ciq_schemas.values import Bucket, Open, Queue

V = TypeVar("V", bound=msgspec.Struct)


class _Shape(Enum):
    TEXT = auto()
    STRUCT = auto()
    STRUCTS = auto()
    IDS = auto()
    REST = auto()
    """The open containers of an Operation: all elements without an attribute of their own."""


@dataclass(frozen=True, slots=True)
class _Row:
    attribute: str
    element: str
    shape: _Shape
    struct: type[msgspec.Struct] | None = None


def to_value(kind: type[V], decoded: Decoded) -> V:
    """Returns the document as a value of `kind`; what is absent or of the wrong structure has its default."""
    return _build(kind, decoded.value)


def queue_of_update(decoded: Decoded) -> Queue | None:
    """Returns the queue in the response to an update, None without one."""
    return _one(Queue, decoded.value.get("Queue"))


def bucket_of_answer(decoded: Decoded) -> Bucket | None:
    """Returns the bucket in an activation response, from the container of any feature."""
    found = (_one(Bucket, decoded.value.get(spec.bucket_element)) for spec in FEATURES.values())
    return next((bucket for bucket in found if bucket is not None), None)


def buckets_of_list(decoded: Decoded) -> tuple[Bucket, ...]:
    """Returns the buckets of a bucket list, from the repeated element of any feature."""
    return tuple(
        bucket for spec in FEATURES.values() for bucket in _many(Bucket, decoded.value.get(spec.bucket_list_element))
    )


def to_mapping(value: msgspec.Struct) -> dict[str, object]:
    """Returns the canonical mapping of a value, without absent parts; structs inside stay structs."""
    mapping: dict[str, object] = {}
    for row in _rows(type(value)):
        item = getattr(value, row.attribute)
        if item is None or item == ():
            continue
        if row.shape is _Shape.REST:
            mapping.update(item)
        else:
            mapping[row.element] = item
    return mapping


@cache
def _rows(kind: type[msgspec.Struct]) -> tuple[_Row, ...]:
    hints = get_type_hints(kind)
    return tuple(_row(field.name, field.encode_name, hints[field.name]) for field in msgspec.structs.fields(kind))


def _row(attribute: str, element: str, hint: object) -> _Row:
    if hint == Open:
        return _Row(attribute, element, _Shape.REST)
    if get_origin(hint) is tuple:
        member = get_args(hint)[0]
        if member is str:
            return _Row(attribute, element, _Shape.IDS)
        return _Row(attribute, element, _Shape.STRUCTS, member)
    (inner,) = (option for option in get_args(hint) or (hint,) if option is not NoneType)
    if inner is str:
        return _Row(attribute, element, _Shape.TEXT)
    return _Row(attribute, element, _Shape.STRUCT, inner)


@cache
def _elements(kind: type[msgspec.Struct]) -> frozenset[str]:
    return frozenset(row.element for row in _rows(kind))


def _build(kind: type[V], mapping: Mapping[str, object]) -> V:
    arguments: dict[str, object] = {}
    for row in _rows(kind):
        item = mapping.get(row.element)
        if row.shape is _Shape.TEXT:
            if isinstance(item, str):
                arguments[row.attribute] = item
        elif row.shape is _Shape.IDS:
            arguments[row.attribute] = tuple(_ids(item))
        elif row.shape is _Shape.REST:
            known = _elements(kind)
            arguments[row.attribute] = {n: v for n, v in mapping.items() if n not in known}
        elif row.struct is not None:
            several = row.shape is _Shape.STRUCTS
            arguments[row.attribute] = _many(row.struct, item) if several else _one(row.struct, item)
    return kind(**arguments)


def _one(kind: type[V], item: object) -> V | None:
    return _build(kind, item) if isinstance(item, Mapping) else None


def _many(kind: type[V], item: object) -> tuple[V, ...]:
    if not isinstance(item, list):
        return ()
    return tuple(_build(kind, one) for one in item if isinstance(one, Mapping))


def _ids(item: object) -> Iterator[str]:
    """Yields ids from every documented form: repeated text, one text with commas, containers of id elements."""
    if isinstance(item, str):
        yield from (part for part in (text.strip() for text in item.split(",")) if part)
    elif isinstance(item, Mapping):
        for inner in item.values():
            yield from _ids(inner)
    elif isinstance(item, list):
        for inner in item:
            yield from _ids(inner)
