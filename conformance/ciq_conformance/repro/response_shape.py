"""Describes a response without what changes from run to run, so that two runs can be compared. Standard library only.

Each script of `ciq repro` contains this module.
"""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from xml.etree import ElementTree

Shape = tuple[str, ...]

_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?")
_HEXADECIMAL = re.compile(r"\b[A-Za-z]?[0-9a-f]{8,}\b|\b[A-Za-z]?[0-9a-f]{4,}(?:-[0-9a-f]{4,}){2,}\b")
_MOMENT_NUMBER = re.compile(r"\b\d{9,}\b")
_PORT = re.compile(r"(://[\w.-]+):\d+")
_COUNTED = frozenset({"TotalCount", "NextToken"})
"""They depend on jobs of earlier runs; only their form is compared."""
_ENTRIES = frozenset({"JobsDetail", "QueueList", "TemplateList", "MediaWorkflowList", "WorkflowExecutionList"})
_JOB = "/JobsDetail"
_WORK = (_JOB, "/WorkflowExecution")
"""Elements whose children change while the target works."""
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
    status: int,
    headers: Sequence[tuple[str, str]],
    body: bytes,
    ids: Mapping[str, str],
    *,
    ignored: Collection[str] = (),
    listing: bool = True,
) -> Shape:
    """The response as lines; `ids` maps ids to names that both runs share.

    Times, other ids, counts and ports are masked. Of each job, the elements in `ignored` are left out. Jobs of other
    runs are left out of a list; another response names them once, without their elements.
    """
    lines = [f"status {status}"]
    root = parsed(body)
    unique = {text for name in _UNIQUE for text in _texts(root, name)} if root is not None else set()
    for name, value in sorted((name.lower(), value) for name, value in headers):
        if name not in _HEADERS:
            shown = _mask(value, ids) if name == "content-type" else "as in the body" if value in unique else ""
            lines.append(f"header {name}: {shown}")
    if root is None:
        lines.append(f"body {_mask(body.decode('utf-8', 'replace'), ids)}")
        return tuple(lines)
    _walk(root, "", _Reading(ids, frozenset(ignored), listing), lines)
    return tuple(lines)


def head(shape: Sequence[str]) -> Shape:
    """Of the shape of a response: its header fields."""
    return tuple(line for line in shape if line.startswith("header "))


def callback_shape(
    method: str, content_type: str, body: bytes, ids: Mapping[str, str], ignored: Collection[str]
) -> Shape:
    """A callback as lines: its method and type, then its document."""
    return (method, *shape_of(200, [("content-type", content_type)], body, ids, ignored=ignored))


def presence(shape: Sequence[str]) -> Shape:
    """Of the shape of a describe: its status, and whether it contains any job."""
    return tuple(dict.fromkeys("a job" if _JOB in line else line for line in shape if _JOB in line or "status" in line))


def membership(shape: Sequence[str], *, pages: bool) -> Shape:
    """Of the shape of a list: its status, which jobs it contains in which order, and with `pages` a further page."""
    kept = ("/JobId ", "/NextToken ") if pages else ("/JobId ",)
    return tuple(line for line in shape if line.startswith("status ") or any(name in line for name in kept))


def relations(bodies: Sequence[bytes], relevant: Collection[str]) -> Shape:
    """How the relevant values of several responses relate: repeated ids, the order of times, counts that are wrong."""
    roots = [root for root in map(parsed, bodies) if root is not None]
    return tuple(sorted({line for name in relevant for line in _relations_of(name, roots)}))


def _relations_of(name: str, roots: Sequence[ElementTree.Element]) -> Iterator[str]:
    texts = [text for root in roots for text in _texts(root, name)]
    if name in _UNIQUE and len(set(texts)) < len(texts):
        yield f"{name} repeats"
    if name.endswith("Time"):
        several = [set(moments) for moments in _moments_by_owner(name, roots).values() if len(moments) > 1]
        if several:
            yield f"{name} {'differs' if any(len(moments) > 1 for moments in several) else 'is the same each time'}"
        for root in roots:
            yield from _times_before(name, root)
    if name == "TotalCount":
        for root in roots:
            entries = sum(local(child.tag) in _ENTRIES for child in root)
            counts = [int(text) for text in _texts(root, name) if text.isdecimal()]
            yield from (f"{name} is less than the entries" for count in counts if count < entries)
            yield from (f"{name} is more than the entries" for count in counts if count > entries)


def _texts(root: ElementTree.Element, name: str) -> list[str]:
    return [(element.text or "").strip() for element in root.iter() if local(element.tag) == name]


def _moments_by_owner(name: str, roots: Sequence[ElementTree.Element]) -> dict[str, list[datetime]]:
    """The times of a name, by the job or queue that has them."""
    found: dict[str, list[datetime]] = {}
    for parent in (element for root in roots for element in root.iter()):
        texts = {local(child.tag): (child.text or "").strip() for child in parent}
        moment = _moment(texts.get(name, ""))
        if moment is not None:
            found.setdefault(texts.get("JobId", "") + texts.get("QueueId", ""), []).append(moment)
    return found


def _times_before(name: str, root: ElementTree.Element) -> Iterator[str]:
    """The times of the same parent that are given earlier and are later."""
    for parent in root.iter():
        known = [(local(child.tag), _moment((child.text or "").strip())) for child in parent]
        times = [(other, moment) for other, moment in known if moment is not None and other.endswith("Time")]
        for (earlier, first), (later, second) in pairwise(times):
            if name in (earlier, later) and first > second:
                yield f"{earlier} is after {later}"


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment.replace(tzinfo=None)


@dataclass(frozen=True, slots=True)
class _Reading:
    ids: Mapping[str, str]
    ignored: frozenset[str]
    listing: bool


def _walk(element: ElementTree.Element, path: str, reading: _Reading, lines: list[str]) -> None:
    ids, name = reading.ids, local(element.tag)
    if name in reading.ignored and any(part in path for part in _WORK):
        return
    if name == "JobsDetail":
        job = next(((child.text or "").strip() for child in element if local(child.tag) == "JobId"), "")
        if job and job not in ids:
            other = f"{path}/{name} of another job"
            lines += [] if reading.listing or other in lines else [other]
            return
    text = (element.text or "").strip()
    if name in _UNIQUE:
        text = "#" if text else ""
    elif name in _COUNTED:
        text = "number" if text.isdecimal() else _mask(text, ids)
    blanks = "" if len(element) or (element.text or "").strip() == (element.text or "") else " with blanks at its ends"
    lines.append(f"{path}/{name} {_mask(text, ids)}".rstrip() + blanks)
    for child in element:
        _walk(child, f"{path}/{name}", reading, lines)


def _mask(text: str, ids: Mapping[str, str]) -> str:
    mapped = re.sub(r"[A-Za-z0-9]+", lambda found: ids.get(found[0], found[0]), text)
    return _PORT.sub(r"\1", _HEXADECIMAL.sub("#", _MOMENT_NUMBER.sub("number", _TIME.sub("TIME", mapped))))
