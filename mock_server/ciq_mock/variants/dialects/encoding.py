"""Dialects of form: order of elements, what else stands beside them, declaration, spaces, headers."""

from collections.abc import Callable
from random import Random
from typing import Any

from lxml import etree
from starlette.types import Scope

from ciq_mock.http.app import ServiceApp
from ciq_mock.http.protocol import Answered, Spelled
from ciq_mock.overrides import Override
from ciq_mock.variants.dialects.dialect import Dialect
from ciq_mock.variants.dialects.rewriting import Members, answers, bodies

_UNKNOWN = "TraceHint"


def _shuffle(root: etree._Element, chance: Random) -> None:
    """Mix children of different names; those of one name are a list, whose order may mean something."""
    for element in list(root.iter(etree.Element)):
        names = [child.tag for child in element]
        if len(names) > 1:
            chance.shuffle(names)
            _arrange(element, [str(name) for name in names])


def _alphabet(root: etree._Element, _: Random) -> None:
    for element in list(root.iter(etree.Element)):
        if len(element) > 1:
            _arrange(element, sorted(str(child.tag) for child in element))


def _arrange(element: etree._Element, names: list[str]) -> None:
    by_name: dict[str, list[etree._Element]] = {}
    for child in element:
        by_name.setdefault(str(child.tag), []).append(child)
    element[:] = [by_name[name].pop(0) for name in names]


def _shuffle_members(body: Members, chance: Random) -> Members:
    def mixed(item: Any) -> Any:
        if isinstance(item, list):
            return [mixed(one) for one in item]
        if not isinstance(item, dict):
            return item
        names = list(item)
        chance.shuffle(names)
        return {name: mixed(item[name]) for name in names}

    return dict(mixed(body))


def _extra(root: etree._Element, chance: Random) -> None:
    for element in list(root.iter(etree.Element)):
        if len(element):
            unknown = etree.Element(_UNKNOWN)
            unknown.text = str(chance.randrange(10))
            element.insert(chance.randrange(len(element) + 1), unknown)


def _extra_members(body: Members, chance: Random) -> Members:
    def more(item: Any) -> Any:
        if isinstance(item, list):
            return [more(one) for one in item]
        if not isinstance(item, dict):
            return item
        return {name: more(inner) for name, inner in item.items()} | {_UNKNOWN: str(chance.randrange(10))}

    return dict(more(body))


def _pretty(root: etree._Element, _: Random) -> None:
    etree.indent(root, space="    ")


def _without_declaration(body: bytes) -> bytes:
    return body.partition(b"?>")[2].lstrip() if body.startswith(b"<?xml") else body


def _callback_without_declaration(_: object, build: Callable[..., bytes]) -> Callable[..., bytes]:
    return lambda subject, form: _without_declaration(build(subject, form))


def _headers(change: Callable[[bytes, bytes], tuple[bytes, bytes]]) -> Callable[[type[ServiceApp]], type[ServiceApp]]:
    def wrapped(base: type[ServiceApp]) -> type[ServiceApp]:
        class Changed(base):  # type: ignore[misc, valid-type]
            """Changes the headers of what the rest has answered."""

            def answer(self, scope: Scope, headers: dict[bytes, bytes], body: bytes) -> Answered:
                status, given, content = super().answer(scope, headers, body)
                return status, [change(name, value) for name, value in given], content

        return Changed

    return wrapped


def _with_charset(name: bytes, value: bytes) -> tuple[bytes, bytes]:
    return name, value + b"; charset=utf-8" if bytes.lower(name) == b"content-type" else value


DIALECTS = (
    Dialect(
        name="shuffled-elements",
        sentence="Elements, and members of JSON objects, come in any order, another one each time.",
        source="pages and samples differ in their order (1045/73113 against 436/49074), none promises one",
        override=bodies(xml=_shuffle, json=_shuffle_members),
    ),
    Dialect(
        name="alphabetical-elements",
        sentence="Elements come in alphabetical order.",
        source="samples of the callback pages (436/49074, 436/85073)",
        override=bodies(xml=_alphabet),
    ),
    Dialect(
        name="extra-elements",
        sentence="Every container, in XML and JSON, holds an element that no page knows.",
        source="captured samples hold elements that the tables of their pages do not (1045/47935, 1045/51264)",
        override=bodies(xml=_extra, json=_extra_members),
    ),
    Dialect(
        name="pretty-xml",
        sentence="XML is indented.",
        source="samples are indented, none says they are not sent so",
        override=bodies(xml=_pretty),
    ),
    Dialect(
        name="no-xml-declaration",
        sentence="XML begins with its root.",
        source="callback samples without declaration (436/49074) against 1545/65203",
        override=Override(service=answers(_without_declaration), callback=_callback_without_declaration),
    ),
    Dialect(
        name="content-type-charset",
        sentence="Content-Type names the character set as well.",
        source="HTTP allows parameters (RFC 9110, 8.3.1); the samples show application/xml",
        override=Override(service=_headers(_with_charset)),
    ),
    Dialect(
        name="lower-case-headers",
        sentence="Names of headers are written in lower case.",
        source="names have no case (RFC 9110, 5.1)",
        override=Override(service=_headers(lambda name, value: (bytes.lower(name), value))),
    ),
    Dialect(
        name="upper-case-headers",
        sentence="Names of headers are written in capital letters.",
        source="names have no case (RFC 9110, 5.1)",
        override=Override(service=_headers(lambda name, value: (Spelled(bytes.upper(name)), value))),
    ),
)
