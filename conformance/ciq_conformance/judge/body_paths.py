"""Reads callback bodies, XML or JSON, as trees and element paths.

Checks use it to inspect structure, to compare the XML and the JSON encoding of one content, and to inspect JSON types.
It uses no schema, so it also shows undocumented elements. Repeated elements and array entries share one path.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import msgspec
from lxml import etree

from ciq_schemas import xml_parser
from ciq_schemas.codec import looks_like_json

WRAPPER = "Response"
"""Root in XML; JSON samples omit it. No path contains it."""

Node = Mapping[str, "list[Node]"] | str | int | float | bool | None
"""A container by child name, or a leaf: text in XML, any scalar in JSON."""


class UnreadableBody(ValueError):  # noqa: N818 - names the input, not an error
    """The body is not well-formed XML, not JSON, or not a JSON object; the message says which."""


@dataclass(frozen=True, slots=True)
class Body:
    """A readable body."""

    root: str
    """Name of the XML root, or of the single wrapping key in JSON; empty for JSON without one."""
    content: Node


def read_body(data: bytes) -> Body:
    """Reads a body as XML or JSON by its first character; raises UnreadableBody."""
    if looks_like_json(data):
        return _read_json(data)
    try:
        root = xml_parser.parse(data)
    except ValueError as error:
        raise UnreadableBody(f"not well-formed XML: {error}") from error
    return Body(etree.QName(root).localname, _from_xml(root))


def _read_json(data: bytes) -> Body:
    try:
        body = msgspec.json.decode(data.removeprefix(b"\xef\xbb\xbf"))
        if not isinstance(body, dict):
            raise UnreadableBody("a JSON array where an object is expected")
        if set(body) == {WRAPPER} and isinstance(body[WRAPPER], dict):
            return Body(WRAPPER, _from_json(body[WRAPPER]))
        return Body("", _from_json(body))
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise UnreadableBody(f"not JSON: {error}") from error
    except RecursionError as error:
        raise UnreadableBody("JSON nested too deep") from error


def _from_json(value: object) -> Node:
    if isinstance(value, dict):
        return {name: [_from_json(entry) for entry in _entries(child)] for name, child in value.items()}
    return value if isinstance(value, (str, int, float, bool)) else None


def _entries(value: object) -> Iterator[object]:
    if isinstance(value, list):
        for entry in value:
            yield from _entries(entry)
    else:
        yield value


def _from_xml(element: etree._Element) -> Node:
    children = [child for child in element if isinstance(child.tag, str)]
    if not children:
        return element.text or ""
    content: dict[str, list[Node]] = defaultdict(list)
    for child in children:
        content[etree.QName(child).localname].append(_from_xml(child))
    return dict(content)


def leaves(node: Node, path: str = "") -> Iterator[tuple[str, str | int | float | bool | None]]:
    """Yields every leaf with its path, like `JobsDetail.Operation.UserData`."""
    if isinstance(node, Mapping):
        for name, children in node.items():
            for child in children:
                yield from leaves(child, f"{path}.{name}" if path else name)
    else:
        yield path, node


def text_of(leaf: str | int | float | bool | None) -> str:
    """Returns a leaf as text: JSON 0 and "0" are equal, and null equals empty."""
    if leaf is None:
        return ""
    return str(leaf).lower() if isinstance(leaf, bool) else str(leaf).strip()


def texts_by_path(data: bytes) -> Mapping[str, tuple[str, ...]]:
    """Returns the non-empty texts, sorted, by path; empty for an unreadable body."""
    found: dict[str, list[str]] = defaultdict(list)
    try:
        content = read_body(data).content
    except UnreadableBody:
        return {}
    for path, leaf in leaves(content):
        if text := text_of(leaf):
            found[path].append(text)
    return {path: tuple(sorted(found[path])) for path in sorted(found)}
