"""Describes a response without what changes from run to run, so that two runs can be compared. Standard library only.

Each script of `ciq repro` contains this module.
"""

import re
from collections.abc import Mapping, Sequence
from xml.etree import ElementTree

Shape = tuple[str, ...]

_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?")
_HEXADECIMAL = re.compile(r"\b[A-Za-z]?[0-9a-f]{8,}\b|\b[A-Za-z]?[0-9a-f]{4,}(?:-[0-9a-f]{4,}){2,}\b")
_MOMENT_NUMBER = re.compile(r"\b\d{9,}\b")
_PORT = re.compile(r"(://[\w.-]+):\d+")
_COUNTED = frozenset({"TotalCount", "NextToken"})
"""They depend on jobs of earlier runs; only their form is compared."""
_UNIQUE = frozenset({"RequestId", "TraceId", "HostId"})
_HEADERS = frozenset({"date", "server", "content-length", "connection", "keep-alive"})
"""Headers whose values and presence say nothing about the service."""


def local(tag: str) -> str:
    """Name of an element without its namespace."""
    return tag.rpartition("}")[2]


def id_texts(body: bytes) -> list[str]:
    """Texts of the elements that identify resources, in order of the document."""
    root = parsed(body)
    if root is None:
        return []
    names = ((local(element.tag), (element.text or "").strip()) for element in root.iter())
    return [text for name, text in names if name.lower().endswith("id") and name not in _UNIQUE and text]


def parsed(body: bytes) -> ElementTree.Element | None:
    """The document in a body; None when it is not XML."""
    try:
        return ElementTree.fromstring(body)  # noqa: S314 - an answer of the operator's own target
    except (ElementTree.ParseError, ValueError):
        return None


def shape_of(
    status: int, headers: Sequence[tuple[str, str]], body: bytes, ids: Mapping[str, str], jobs: frozenset[str]
) -> Shape:
    """The response as lines; `ids` maps ids to names that both runs share, `jobs` are the names of the jobs.

    Jobs of other runs are left out, and times, other ids, counts and ports are masked.
    """
    lines = [f"status {status}"]
    for name, value in sorted((name.lower(), value) for name, value in headers):
        if name not in _HEADERS:
            lines.append(f"header {name}: {_mask(value, ids) if name == 'content-type' else ''}")
    root = parsed(body)
    if root is None:
        lines.append(f"body {_mask(body.decode('utf-8', 'replace'), ids)}")
        return tuple(lines)
    _walk(root, "", ids, jobs, lines)
    return tuple(lines)


def membership(shape: Sequence[str]) -> Shape:
    """Of the shape of a list: its status, and which jobs it contains in which order."""
    return tuple(line for line in shape if line.startswith("status ") or "/JobId " in line)


def _walk(
    element: ElementTree.Element, path: str, ids: Mapping[str, str], jobs: frozenset[str], lines: list[str]
) -> None:
    name = local(element.tag)
    if name == "JobsDetail":
        job = next(((child.text or "").strip() for child in element if local(child.tag) == "JobId"), "")
        if job and ids.get(job) not in jobs:
            return
    text = (element.text or "").strip()
    if name in _UNIQUE:
        text = "#" if text else ""
    elif name in _COUNTED:
        text = "number" if text.isdecimal() else _mask(text, ids)
    lines.append(f"{path}/{name} {_mask(text, ids)}".rstrip())
    for child in element:
        _walk(child, f"{path}/{name}", ids, jobs, lines)


def _mask(text: str, ids: Mapping[str, str]) -> str:
    mapped = re.sub(r"[A-Za-z0-9]+", lambda found: ids.get(found[0], found[0]), text)
    return _PORT.sub(r"\1", _HEXADECIMAL.sub("#", _MOMENT_NUMBER.sub("number", _TIME.sub("TIME", mapped))))
