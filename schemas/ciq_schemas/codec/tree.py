"""Decodes a tree to a canonical mapping: fast for valid trees, tolerant for others.

Knows the tables. Must not know bytes, readings or the texts of problems.
"""

import re
from itertools import pairwise
from operator import itemgetter
from typing import Any, cast

from lxml import etree

from ciq_schemas.codec.documents import Content, Note, NoteKind
from ciq_schemas.xsd_tables import ContainerType, IdsType, OpenType, TextType, Type

SPACE = " \t\r\n"
_RUN = re.compile(r"[ \t\r\n]+")
_HAS_ATTRIBUTES = etree.XPath("boolean(//@*)", smart_strings=False)

SPELLINGS = {"QueueID": "QueueId", "Createtime": "CreateTime"}
"""Names that older samples and tables of the documents spell differently (1045/43672, 1045/47935, 436/48042)."""


def line_of(element: etree._Element) -> int:
    """Returns the line of the start tag, 0 when the element was not parsed from text."""
    return cast("int | None", element.sourceline) or 0


def text_of(element: etree._Element, kind: TextType) -> str:
    """Returns the text of an element, with white space handled by its type."""
    text = element.text
    if text is None:
        return ""
    # Spaces are printable, tabs and line ends are not: two cheap tests before the slow substitution.
    if kind.collapse and (" " in text or not text.isprintable()):
        return _RUN.sub(" ", text).strip(SPACE)
    return text


def decode_container(element: etree._Element, content: ContainerType) -> dict[str, Content]:
    """Returns the children by name, without unknown ones and those of the wrong structure.

    Of several children where the schema allows one, it takes the first. It loses nothing of a valid tree.
    """
    value: dict[str, Content] = {}
    by_name = content.by_name
    for child in element:
        name = child.tag
        field = by_name.get(name)
        if field is None:
            continue
        kind = field.type
        item: Content
        if type(kind) is TextType:
            if len(child):
                continue
            item = text_of(child, kind)
        else:
            item = decode_item(child, kind)
        if field.most == 1:
            value.setdefault(name, item)
        elif name in value:
            cast("list[Content]", value[name]).append(item)
        else:
            value[name] = [item]
    return value


def decode_item(element: etree._Element, kind: Type) -> Content:
    """Returns the value of one element of a type."""
    match kind:
        case TextType():
            return text_of(element, kind)
        case OpenType():
            return decode_open(element)
        case IdsType():
            if not len(element):
                return (element.text or "").strip(SPACE)
            return {kind.member: [(child.text or "").strip(SPACE) for child in element if child.tag == kind.member]}
        case ContainerType():
            return decode_container(element, kind)


def decode_open(element: etree._Element) -> Content:
    """Returns the content of an open container; an element that occurs once has no list."""
    if not len(element):
        return element.text or ""
    value: dict[str, Content] = {}
    for child in element:
        name = child.tag
        item = decode_open(child)
        if name not in value:
            value[name] = item
            continue
        known = value[name]
        if isinstance(known, list):
            known.append(item)
        else:
            value[name] = [known, item]
    return value


def put_in_order(root: etree._Element, content: ContainerType, notes: list[Note]) -> bool:
    """Sorts the children in place in the order of the schema, for trees in which only the order may be wrong.

    Returns False and changes nothing when the tree has an unknown element or an attribute: use `reshape` for it.
    """
    unordered: list[tuple[etree._Element, list[int], str]] = []
    if _HAS_ATTRIBUTES(root) or not _find_unordered(root, content, f"/{root.tag}", unordered):
        return False
    for element, positions, path in unordered:
        pairs = sorted(zip(positions, element, strict=True), key=itemgetter(0))
        element[:] = [child for _, child in pairs]
        notes.append(_reordered(element, path))
    return True


def _find_unordered(
    element: etree._Element,
    content: ContainerType,
    path: str,
    unordered: list[tuple[etree._Element, list[int], str]],
) -> bool:
    """Collects elements whose children are not in order; returns False when there is an unknown element."""
    positions: list[int] = []
    counts: dict[str, int] = {}
    for child in element:
        field = content.by_name.get(child.tag)
        if field is None:
            return False
        positions.append(field.position)
        if isinstance(field.type, ContainerType):
            name = field.name
            counts[name] = counts.get(name, 0) + 1
            place = f"{path}/{name}[{counts[name]}]" if field.repeated else f"{path}/{name}"
            if not _find_unordered(child, field.type, place, unordered):
                return False
    if any(one > two for one, two in pairwise(positions)):
        unordered.append((element, positions, path))
    return True


def reshape(element: etree._Element, kind: Type, path: str, notes: list[Note]) -> etree._Element:
    """Returns a copy in the order of the schema; elements that the schema does not have become notes instead."""
    name = etree.QName(element).localname
    copy = etree.Element(name)
    if (line := line_of(element)) > 0:
        copy.sourceline = cast(Any, line)  # the stubs declare no setter
    copy.text = element.text
    _note_markup(element, path, notes)
    if not isinstance(kind, ContainerType):
        for child in element:
            inner = etree.QName(child).localname
            if isinstance(kind, IdsType) and inner != kind.member and inner.lower() == kind.member.lower():
                notes.append(_note(NoteKind.SPELLING, child, f"{path}/{inner}", f"read as {kind.member}"))
                child.tag = inner = kind.member
            copy.append(reshape(child, kind, f"{path}/{inner}", notes))
            copy[-1].tail = child.tail
        return copy
    sorted_children: list[tuple[int, etree._Element]] = []
    counts: dict[str, int] = {}
    for child in element:
        inner = etree.QName(child).localname
        if inner not in kind.by_name and SPELLINGS.get(inner) in kind.by_name:
            notes.append(_note(NoteKind.SPELLING, child, f"{path}/{inner}", f"read as {SPELLINGS[inner]}"))
            inner = SPELLINGS[inner]
            child.tag = inner
        field = kind.by_name.get(inner)
        if field is None:
            notes.append(_note(NoteKind.UNKNOWN_ELEMENT, child, f"{path}/{inner}", "set aside"))
            continue
        counts[inner] = counts.get(inner, 0) + 1
        place = f"{path}/{inner}[{counts[inner]}]" if field.repeated else f"{path}/{inner}"
        sorted_children.append((field.position, reshape(child, field.type, place, notes)))
        sorted_children[-1][1].tail = child.tail
    if any(one[0] > two[0] for one, two in pairwise(sorted_children)):
        notes.append(_reordered(element, path))
        sorted_children.sort(key=lambda pair: pair[0])
    copy.extend(child for _, child in sorted_children)
    return copy


def tidied(element: etree._Element, kind: Type | None) -> etree._Element:
    """Returns a copy without attributes and namespaces, in the order of the schema, unknown elements last.

    `kind` is None inside an unknown element.
    """
    copy = etree.Element(etree.QName(element).localname)
    copy.text = element.text
    by_name = kind.by_name if isinstance(kind, ContainerType) else {}
    children: list[tuple[int, etree._Element]] = []
    for child in element:
        field = by_name.get(etree.QName(child).localname)
        whole = tidied(child, None if field is None else field.type)
        whole.tail = child.tail
        children.append((len(by_name) if field is None else field.position, whole))
    children.sort(key=lambda pair: pair[0])
    copy.extend(child for _, child in children)
    return copy


def _note_markup(element: etree._Element, path: str, notes: list[Note]) -> None:
    notes.extend(
        _note(NoteKind.ATTRIBUTE, element, f"{path}/@{name}", "set aside") for name in map(str, element.attrib)
    )
    parent = element.getparent()
    inherited = {} if parent is None else parent.nsmap
    notes.extend(
        _note(NoteKind.NAMESPACE, element, path, f"namespace {uri} set aside")
        for prefix, uri in element.nsmap.items()
        if inherited.get(prefix) != uri
    )


def _reordered(element: etree._Element, path: str) -> Note:
    return _note(NoteKind.REORDERED, element, path, "children not in the order of the schema")


def _note(kind: NoteKind, element: etree._Element, path: str, text: str) -> Note:
    return Note(kind=kind, path=path, line=line_of(element), text=text)
