"""Generates tolerant schemas of the XML documents: children in any order, unknown elements and attributes allowed.

The XSD files of this package fix the order that the mock writes. The documents fix none, and a receiver must accept
elements that newer pages add. XSD 1.0 cannot express that: its `xs:all` permits neither repeated children (JobsDetail)
nor a wildcard. So the tolerant forms are XSD 1.1 and RELAX NG, generated from the same tables. Both accept what the
tolerant reading of the codec accepts, except for namespaces and a missing root.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

from lxml import etree

from ciq_schemas.codec import Document
from ciq_schemas.codec.tree import SPELLINGS
from ciq_schemas.xsd_tables import ContainerType, Field, IdsType, OpenType, TextType, Type

_XS = "http://www.w3.org/2001/XMLSchema"
_VC = "http://www.w3.org/2007/XMLSchema-versioning"
_RNG = "http://relaxng.org/ns/structure/1.0"
_DATATYPES = "http://www.w3.org/2001/XMLSchema-datatypes"
_RNG_PREFIX = {"rng": _RNG}
_OPEN = "Open"
_ATTRIBUTES = "AnyAttributes"
_SPELLINGS = {name: other for other, name in SPELLINGS.items()}
"""The other spelling of a name, which some old samples have."""


def tolerant_xsd(document: Document) -> str:
    """Returns the tolerant XSD 1.1 of a document as text, without includes."""
    schema = etree.Element(f"{{{_XS}}}schema", nsmap={"xs": _XS, "vc": _VC})
    schema.set(f"{{{_VC}}}minVersion", "1.1")
    schema.append(etree.Comment(_comment(document, "XSD 1.1")))
    builder = _XsdBuilder(schema)
    root = _add(schema, _XS, "element", name=document.table.root)
    root.append(builder.container(document.table.content))
    builder.finish()
    return _text(schema)


def tolerant_relax_ng(document: Document) -> str:
    """Returns the tolerant RELAX NG schema of a document as text."""
    grammar = etree.Element(f"{{{_RNG}}}grammar", nsmap=_RNG_PREFIX)
    grammar.set("datatypeLibrary", _DATATYPES)
    grammar.append(etree.Comment(_comment(document, "RELAX NG")))
    start = _add(grammar, _RNG, "start")
    root = _add(start, _RNG, "element", name=document.table.root)
    builder = _RelaxNgBuilder(grammar)
    builder.content(root, document.table.content)
    builder.finish()
    return _text(grammar)


def _comment(document: Document, kind: str) -> str:
    return (
        f" {kind}, tolerant: {document}.xsd with children in any order, unknown elements and unknown attributes. "
        "Written by `ciq schema`. "
    )


@dataclass(slots=True)
class _XsdBuilder:
    """Adds the named types of one XSD."""

    schema: etree._Element
    done: set[str] = field(default_factory=set)

    def container(self, kind: ContainerType) -> etree._Element:
        """Returns the complexType of a container: `xs:all` with a wildcard, and a rule for each choice."""
        definition = etree.Element(f"{{{_XS}}}complexType")
        every = _add(definition, _XS, "all")
        rules = []
        for row in kind.fields:
            spelling = _SPELLINGS.get(row.name)
            optional = not row.required or bool(row.rivals) or spelling is not None
            most = "unbounded" if row.most is None else str(row.most)
            for name in (row.name, *([spelling] if spelling and spelling not in kind.by_name else [])):
                element = _add(every, _XS, "element", name=name, minOccurs="0" if optional else "1", maxOccurs=most)
                element.set("type", self.name_of(row.type))
            if row.required and not row.rivals and spelling is not None:
                rules.append(f"{row.name} or {spelling}")
        choices = dict.fromkeys(row.rivals for row in kind.fields if row.required)
        rules += [" or ".join(names) for names in choices if names]
        _add(
            every,
            _XS,
            "any",
            namespace="##any",
            notQName="##definedSibling",
            processContents="skip",
            minOccurs="0",
            maxOccurs="unbounded",
        )
        _add(definition, _XS, "anyAttribute", processContents="skip")
        for rule in rules:
            _add(definition, _XS, "assert", test=rule)
        return definition

    def name_of(self, kind: Type) -> str:
        """Returns the name of a type's definition, and adds the definition once."""
        match kind:
            case OpenType():
                return _OPEN
            case IdsType():
                name = f"IdsOf{kind.member}"
                if name not in self.done:
                    self.done.add(name)
                    definition = _add(self.schema, _XS, "complexType", name=name, mixed="true")
                    sequence = _add(definition, _XS, "sequence")
                    member = _add(sequence, _XS, "element", name=kind.member, type="xs:token")
                    member.attrib.update({"minOccurs": "0", "maxOccurs": "unbounded"})
                    _add(definition, _XS, "anyAttribute", processContents="skip")
                return name
            case ContainerType():
                if kind.name not in self.done:
                    self.done.add(kind.name)
                    definition = self.container(kind)
                    definition.set("name", kind.name)
                    self.schema.append(definition)
                return kind.name
            case TextType():
                return self._text(kind)

    def _text(self, kind: TextType) -> str:
        name = f"{kind.name}Element"
        if name in self.done:
            return name
        self.done.add(name)
        base = "xs:token" if kind.collapse else "xs:string"
        if kind.choices or kind.pattern or kind.min_length or kind.max_length is not None:
            simple = _add(self.schema, _XS, "simpleType", name=kind.name)
            restriction = _add(simple, _XS, "restriction", base=base)
            for facet, value in _facets(kind):
                _add(restriction, _XS, facet, value=value)
            base = kind.name
        complex_type = _add(self.schema, _XS, "complexType", name=name)
        extension = _add(_add(complex_type, _XS, "simpleContent"), _XS, "extension", base=base)
        _add(extension, _XS, "anyAttribute", processContents="skip")
        return name

    def finish(self) -> None:
        """Adds the type of open content."""
        definition = _add(self.schema, _XS, "complexType", name=_OPEN, mixed="true")
        sequence = _add(definition, _XS, "sequence")
        _add(sequence, _XS, "any", minOccurs="0", maxOccurs="unbounded", processContents="skip")
        _add(definition, _XS, "anyAttribute", processContents="skip")


@dataclass(slots=True)
class _RelaxNgBuilder:
    """Adds the definitions of one RELAX NG grammar."""

    grammar: etree._Element
    done: set[str] = field(default_factory=set)

    def content(self, parent: etree._Element, kind: Type) -> None:
        """Adds the content of an element: its attributes and its type."""
        match kind:
            case OpenType():
                _add(parent, _RNG, "ref", name=_OPEN)
            case IdsType():
                _add(parent, _RNG, "ref", name=_ATTRIBUTES)
                choice = _add(parent, _RNG, "choice")
                _add(choice, _RNG, "text")
                _add(_add(_add(choice, _RNG, "oneOrMore"), _RNG, "element", name=kind.member), _RNG, "text")
            case ContainerType():
                self._define(kind)
                _add(parent, _RNG, "ref", name=kind.name)
            case TextType():
                _add(parent, _RNG, "ref", name=_ATTRIBUTES)
                _relax_ng_text(parent, kind)

    def _define(self, kind: ContainerType) -> None:
        if kind.name in self.done:
            return
        self.done.add(kind.name)
        definition = _add(self.grammar, _RNG, "define", name=kind.name)
        _add(definition, _RNG, "ref", name=_ATTRIBUTES)
        mixed = _add(definition, _RNG, "interleave")
        known: list[str] = []
        for row in kind.fields:
            known.append(row.name)
            if row.rivals and row.name != row.rivals[0]:
                continue
            rivals = [kind.by_name[name] for name in row.rivals] or [row]
            known += self._field(mixed, rivals, known_names=kind.by_name.keys())
        unknown = _add(_add(mixed, _RNG, "zeroOrMore"), _RNG, "element")
        excluded = _add(_add(unknown, _RNG, "anyName"), _RNG, "except")
        for name in dict.fromkeys(known):
            _add(excluded, _RNG, "name", ns="").text = name
        _add(unknown, _RNG, "ref", name=_OPEN)

    def _field(self, parent: etree._Element, rows: list[Field], *, known_names: Collection[str]) -> list[str]:
        """Adds a field, or a choice of fields; returns other spellings that it accepts."""
        row = rows[0]
        counted = {(True, True): "oneOrMore", (False, True): "zeroOrMore", (False, False): "optional"}
        wrapper = counted.get((row.required, row.repeated))
        place = parent if wrapper is None else _add(parent, _RNG, wrapper)
        other = _SPELLINGS.get(row.name, "")
        spellings = [other] if other and other not in known_names else []
        alternatives = [(one.name, one.type) for one in rows] + [(spelling, row.type) for spelling in spellings]
        if len(alternatives) > 1:
            place = _add(place, _RNG, "choice")
        for name, kind in alternatives:
            self.content(_add(place, _RNG, "element", name=name), kind)
        return spellings

    def finish(self) -> None:
        """Adds the definitions of open content and of attributes."""
        attributes = _add(self.grammar, _RNG, "define", name=_ATTRIBUTES)
        _add(_add(_add(attributes, _RNG, "zeroOrMore"), _RNG, "attribute"), _RNG, "anyName")
        open_content = _add(self.grammar, _RNG, "define", name=_OPEN)
        _add(open_content, _RNG, "ref", name=_ATTRIBUTES)
        mixed = _add(_add(open_content, _RNG, "zeroOrMore"), _RNG, "choice")
        _add(mixed, _RNG, "text")
        element = _add(mixed, _RNG, "element")
        _add(element, _RNG, "anyName")
        _add(element, _RNG, "ref", name=_OPEN)


def _relax_ng_text(parent: etree._Element, kind: TextType) -> None:
    base = "token" if kind.collapse else "string"
    if kind.choices:
        choice = _add(parent, _RNG, "choice")
        for value in kind.choices:
            _add(choice, _RNG, "value", type=base).text = value
        return
    data = _add(parent, _RNG, "data", type=base)
    for facet, value in _facets(kind):
        _add(data, _RNG, "param", name=facet).text = value


def _facets(kind: TextType) -> Iterator[tuple[str, str]]:
    for value in kind.choices:
        yield "enumeration", value
    if kind.pattern:
        yield "pattern", kind.pattern
    if kind.min_length:
        yield "minLength", str(kind.min_length)
    if kind.max_length is not None:
        yield "maxLength", str(kind.max_length)


def _add(parent: etree._Element, prefix: str, tag: str, /, **attributes: str) -> etree._Element:
    return etree.SubElement(parent, f"{{{prefix}}}{tag}", attributes)


def _text(root: etree._Element) -> str:
    etree.indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + etree.tostring(root, encoding="unicode") + "\n"
