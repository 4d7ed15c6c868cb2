"""Dialects of encoding: order of elements, unknown elements, XML declaration, white space, headers."""

from collections.abc import Callable
from random import Random
from typing import Any

from lxml import etree

from ciq_mock.http.protocol import Answered, Spelled
from ciq_mock.overrides import Override
from ciq_mock.variants.dialects.dialect import Dialect
from ciq_mock.variants.dialects.rewriting import Members
from ciq_mock.variants.dialects.rewriting import bodies as changed_bodies
from ciq_mock.variants.edits import Tree
from ciq_mock.variants.middleware import RequestLine, bodies, changed_content, changed_response

_UNKNOWN = "TraceHint"


# --- elements and members -----------------------------------------------------------------------------------


def _shuffle(root: Tree, chance: Random) -> None:
    """Shuffles children of different names; those of one name are a list whose order may be significant."""
    for element in list(root.iter(etree.Element)):
        names = [child.tag for child in element]
        if len(names) > 1:
            chance.shuffle(names)
            _arrange(element, [str(name) for name in names])


def _sort(root: Tree, _: Random) -> None:
    for element in list(root.iter(etree.Element)):
        if len(element) > 1:
            _arrange(element, sorted(str(child.tag) for child in element))


def _arrange(element: Tree, names: list[str]) -> None:
    by_name: dict[str, list[Tree]] = {}
    for child in element:
        by_name.setdefault(str(child.tag), []).append(child)
    element[:] = [by_name[name].pop(0) for name in names]


def _in_each_object(item: Any, change: Callable[[Members], Members]) -> Any:
    """Returns a JSON value with every object changed, outer ones first."""
    if isinstance(item, list):
        return [_in_each_object(one, change) for one in item]
    if not isinstance(item, dict):
        return item
    return {name: _in_each_object(inner, change) for name, inner in change(item).items()}


def _shuffle_members(body: Members, chance: Random) -> Members:
    def shuffled(members: Members) -> Members:
        names = list(members)
        chance.shuffle(names)
        return {name: members[name] for name in names}

    return dict(_in_each_object(body, shuffled))


def _add_elements(root: Tree, chance: Random) -> None:
    for element in list(root.iter(etree.Element)):
        if len(element):
            unknown = etree.Element(_UNKNOWN)
            unknown.text = str(chance.randrange(10))
            element.insert(chance.randrange(len(element) + 1), unknown)


def _add_members(body: Members, chance: Random) -> Members:
    return dict(_in_each_object(body, lambda members: members | {_UNKNOWN: str(chance.randrange(10))}))


def _indent(root: Tree, _: Random) -> None:
    etree.indent(root, space="    ")


def _without_declaration(body: bytes) -> bytes:
    return body.partition(b"?>")[2].lstrip() if body.startswith(b"<?xml") else body


# --- headers ------------------------------------------------------------------------------------------------


def _headers(change: Callable[[bytes, bytes], tuple[bytes, bytes]]) -> Override:
    """Changes name and value of every header that the service writes."""

    def changed(_line: RequestLine, answered: Answered) -> Answered:
        status, headers, content = answered
        return status, [change(name, value) for name, value in headers], content

    return changed_response(changed)


def _with_charset(name: bytes, value: bytes) -> tuple[bytes, bytes]:
    return name, value + b"; charset=utf-8" if bytes.lower(name) == b"content-type" else value


DIALECTS = (
    Dialect(
        name="shuffled-elements",
        description="Elements and members of JSON objects are in random order.",
        source="pages and samples differ in their order (1045/73113 against 436/49074), no page promises one",
        override=changed_bodies(xml=_shuffle, json=_shuffle_members),
    ),
    Dialect(
        name="alphabetical-elements",
        description="Elements are in alphabetical order.",
        source="samples of the callback pages (436/49074, 436/85073)",
        override=changed_bodies(xml=_sort),
    ),
    Dialect(
        name="extra-elements",
        description="Every container, in XML and JSON, has an undocumented element.",
        source="captured samples contain elements that the tables of their pages omit (1045/47935, 1045/51264)",
        override=changed_bodies(xml=_add_elements, json=_add_members),
    ),
    Dialect(
        name="pretty-xml",
        description="XML is indented.",
        source="samples are indented; no page excludes white space",
        override=changed_bodies(xml=_indent),
    ),
    Dialect(
        name="no-xml-declaration",
        description="XML has no declaration.",
        source="callback samples without declaration (436/49074) against 1545/65203",
        override=Override(
            service=changed_content(_without_declaration).service, callback=bodies(_without_declaration).callback
        ),
    ),
    Dialect(
        name="content-type-charset",
        description="Content-Type has a charset parameter.",
        source="HTTP allows parameters (RFC 9110, 8.3.1); the samples show application/xml",
        override=_headers(_with_charset),
    ),
    Dialect(
        name="lower-case-headers",
        description="Header names are in lower case.",
        source="names are case-insensitive (RFC 9110, 5.1)",
        override=_headers(lambda name, value: (bytes.lower(name), value)),
    ),
    Dialect(
        name="upper-case-headers",
        description="Header names are in upper case.",
        source="names are case-insensitive (RFC 9110, 5.1)",
        override=_headers(lambda name, value: (Spelled(bytes.upper(name)), value)),
    ),
)
