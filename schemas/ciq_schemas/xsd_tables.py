"""Compiles the XSD files to tables, by which the codec reads, writes and explains documents.

Supports the XSD constructs that the files of this package use: include, group, sequence, choice, element,
simpleType by restriction, and complex types that are closed, open (xs:any) or mixed ids. Any other construct raises
SchemaConstructError, so that it is not silently ignored. Patterns use only the syntax that XSD, Python and JSON Schema
share. Must not know documents by name, requests or responses.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import TypeAlias

from lxml import etree

from ciq_schemas.xml_parser import parse

_XS = "{http://www.w3.org/2001/XMLSchema}"


class SchemaConstructError(ValueError):
    """An XSD file uses a construct that the tables do not support: an error of the kit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TextType:
    """A simple type. `expected` is its name in messages."""

    name: str
    expected: str
    collapse: bool
    """Leading, trailing and repeated white space does not count."""
    choices: tuple[str, ...] = ()
    pattern: str = ""
    matcher: re.Pattern[str] | None = None
    min_length: int = 0
    max_length: int | None = None

    def accepts(self, text: str) -> bool:
        """Returns whether the text, with white space already collapsed, is a value of the type."""
        if self.choices and text not in self.choices:
            return False
        if len(text) < self.min_length or (self.max_length is not None and len(text) > self.max_length):
            return False
        return self.matcher is None or self.matcher.fullmatch(text) is not None

    @property
    def is_number(self) -> bool:
        """Whether every value that is not empty is a decimal number."""
        return bool(self.pattern) and self.accepts("0") and not self.accepts("x") and not self.accepts("-")


@dataclass(frozen=True, slots=True)
class OpenType:
    """Any text and any elements."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IdsType:
    """Either the text of one id, or elements `member` with one id each."""

    member: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerType:
    """Named elements in a fixed order."""

    name: str
    fields: "tuple[Field, ...]"
    by_name: "Mapping[str, Field]"

    def missing(self, present: Mapping[str, object]) -> "Iterator[tuple[Field, ...]]":
        """Yields the required fields (or choices of fields) of which none is in `present`."""
        seen: set[tuple[str, ...]] = set()
        for item in self.fields:
            if not item.required or item.rivals in seen:
                continue
            if item.rivals:
                seen.add(item.rivals)
            names = item.rivals or (item.name,)
            if not any(name in present for name in names):
                yield tuple(self.by_name[name] for name in names)


Type: TypeAlias = TextType | OpenType | IdsType | ContainerType


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One element inside a container."""

    name: str
    position: int
    type: Type
    required: bool
    most: int | None
    """Most occurrences; None is unbounded."""
    rivals: tuple[str, ...] = ()
    """All names of the choice that the field belongs to; empty outside a choice."""

    @property
    def repeated(self) -> bool:
        """Whether its value is a list."""
        return self.most != 1


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentTable:
    """One document: its root, the table of the root's content, and the XSD validator."""

    name: str
    root: str
    content: ContainerType
    schema: etree.XMLSchema


def schema_source(name: str) -> bytes:
    """Returns the shipped XSD file `name` (without suffix)."""
    return (files("ciq_schemas") / "xsd" / f"{name}.xsd").read_bytes()


@cache
def document_table(name: str) -> DocumentTable:
    """Compiles the document of XSD file `name`, once per process."""
    merged = _merged(name)
    compiler = _Compiler(merged)
    (root,) = merged.findall(f"{_XS}element")
    content = compiler.type_of(root)
    if not isinstance(content, ContainerType):
        raise SchemaConstructError(f"{name}.xsd: the root element must contain elements")
    return DocumentTable(name=name, root=root.get("name", ""), content=content, schema=etree.XMLSchema(merged))


def _merged(name: str) -> etree._Element:
    """Returns the schema with each included file inserted once, so that no loader has to find files."""
    included: set[str] = set()
    merged = etree.Element(f"{_XS}schema", nsmap={"xs": _XS[1:-1]})

    def take(source: str) -> None:
        if source in included:
            return
        included.add(source)
        for child in list(parse(schema_source(source))):
            if child.tag == f"{_XS}include":
                take(child.get("schemaLocation", "").removesuffix(".xsd"))
            else:
                merged.append(child)

    take(name)
    return merged


class _Compiler:
    """Turns the definitions of one merged schema into tables."""

    def __init__(self, schema: etree._Element) -> None:
        self._named = {(child.tag, child.get("name")): child for child in schema if child.get("name") is not None}
        self._done: dict[str, Type] = {
            "xs:string": TextType(name="Text", expected="text", collapse=False),
            "xs:token": TextType(name="Token", expected="text without elements", collapse=True),
        }

    def type_of(self, element: etree._Element) -> Type:
        """Returns the type of an xs:element, by name or in place."""
        name = element.get("type")
        if name is None:
            return self._complex(self._only(element, "complexType"), element.get("name", ""))
        if name not in self._done:
            simple = self._named.get((f"{_XS}simpleType", name))
            self._done[name] = (
                self._complex(self._named[f"{_XS}complexType", name], name)
                if simple is None
                else self._simple(simple, name)
            )
        return self._done[name]

    def _only(self, parent: etree._Element, name: str) -> etree._Element:
        found = [child for child in parent if child.tag != f"{_XS}annotation"]
        if len(found) != 1 or found[0].tag != f"{_XS}{name}":
            raise SchemaConstructError(f"{parent.get('name')}: expected one xs:{name}")
        return found[0]

    def _simple(self, definition: etree._Element, name: str) -> TextType:
        restriction = self._only(definition, "restriction")
        base = self._done[restriction.get("base", "")]
        words = definition.findtext(f"{_XS}annotation/{_XS}documentation")
        if not isinstance(base, TextType) or words is None:
            raise SchemaConstructError(f"{name}: expected a restriction of a text type, with documentation")
        facets: dict[str, list[str]] = {}
        for facet in restriction:
            facets.setdefault(str(facet.tag).removeprefix(_XS), []).append(facet.get("value", ""))
        pattern = "|".join(facets.pop("pattern", []))
        built = TextType(
            name=name,
            expected=words.strip(),
            collapse=base.collapse,
            choices=tuple(facets.pop("enumeration", ())),
            pattern=pattern,
            matcher=re.compile(pattern) if pattern else None,
            min_length=int(facets.pop("minLength", ["0"])[0]),
            max_length=int(facets.pop("maxLength")[0]) if "maxLength" in facets else None,
        )
        if facets:
            raise SchemaConstructError(f"{name}: facet {min(facets)} is not supported by the tables")
        return built

    def _complex(self, definition: etree._Element, name: str) -> Type:
        sequence = self._only(definition, "sequence")
        if sequence.find(f"{_XS}any") is not None:
            return OpenType()
        fields = tuple(self._fields(sequence, required=True, rivals=()))
        if definition.get("mixed") == "true":
            return IdsType(member=fields[0].name)
        placed = tuple(
            Field(
                name=item.name,
                position=position,
                type=item.type,
                required=item.required,
                most=item.most,
                rivals=item.rivals,
            )
            for position, item in enumerate(fields)
        )
        return ContainerType(name=name, fields=placed, by_name=MappingProxyType({item.name: item for item in placed}))

    def _fields(self, group: etree._Element, *, required: bool, rivals: tuple[str, ...]) -> Iterator[Field]:
        for particle in group:
            match str(particle.tag).removeprefix(_XS):
                case "element":
                    most = particle.get("maxOccurs", "1")
                    yield Field(
                        name=particle.get("name", ""),
                        position=0,
                        type=self.type_of(particle),
                        required=required and particle.get("minOccurs", "1") != "0",
                        most=None if most == "unbounded" else int(most),
                        rivals=rivals,
                    )
                case "group":
                    target = self._named[f"{_XS}group", particle.get("ref")]
                    yield from self._fields(self._only(target, "sequence"), required=required, rivals=())
                case "choice":
                    yield from self._fields(
                        particle,
                        required=particle.get("minOccurs", "1") != "0",
                        rivals=tuple(child.get("name", "") for child in particle),
                    )
                case other:
                    raise SchemaConstructError(f"xs:{other} inside a sequence is not supported by the tables")
