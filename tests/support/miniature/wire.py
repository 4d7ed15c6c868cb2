"""Writes the XML and JSON of the miniature target in its legal variation."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape

from .traits import Traits

if TYPE_CHECKING:
    from .model import Job


@dataclass
class Tree:
    """An element: text or children."""

    name: str
    children: list[Tree] = field(default_factory=list)
    text: str | None = None

    def child(self, name: str) -> Tree | None:
        """Returns the first child of a name."""
        return next((c for c in self.children if c.name == name), None)

    def set(self, name: str, text: str) -> None:
        """Changes a child's text."""
        child = self.child(name)
        if child:
            child.text = text

    def drop(self, name: str) -> None:
        """Removes children of a name."""
        self.children = [c for c in self.children if c.name != name]


def stamp(moment: float | None, traits: Traits) -> str | None:
    """Returns a time in the form of the documents, or the configured form of an unset one."""
    if moment is None:
        return traits.unset
    zone = timezone(timedelta(hours=traits.zone_hours))
    return datetime.fromtimestamp(int(moment), zone).strftime("%Y-%m-%dT%H:%M:%S%z")


def from_element(element: ET.Element) -> Tree:
    """Copies a received element."""
    if len(element):
        return Tree(element.tag, [from_element(e) for e in element])
    return Tree(element.tag, text=element.text or "")


RESULTS = {
    "media": ("MediaResult", "OutputFile"),
    "speech": ("SpeechRecognitionResult", "Result"),
    "doc": ("DocProcessResult", "TotalPageCount"),
}
"""The result container of each feature's tag (436/85059, 436/80171, 1545/65203)."""


def job_tree(job: Job, traits: Traits, state: str | None = None, *, callback: bool = False) -> Tree:
    """Returns one JobsDetail."""
    shown = state or job.state
    operation = from_element(job.operation)
    if job.tag_inside is False:
        operation.drop("Tag")
    if operation.child("JobLevel") is None and traits.echo_level and job.feature != "doc":
        operation.children.append(Tree("JobLevel", text="0"))
    if traits.fault == "level_not_echoed":
        operation.drop("JobLevel")
    if traits.fault == "userdata_lost_in_describe" and not callback:
        operation.drop("UserData")
    if shown == "Success":
        container, inside = RESULTS[job.feature]
        operation.children.append(Tree(container, [Tree(inside, text="1")]))
    failed = shown == "Failed"
    code, message = ("ResourceNotFound", "the input was not found") if failed else ("Success", traits.message)
    if traits.fault == "failed_without_reason" and failed:
        code, message = "Success", ""
    children = [
        Tree("Code", text=code),
        Tree("Message", text=message),
        Tree("JobId", text=job.id),
        Tree("State", text=shown),
        Tree("CreationTime", text=stamp(job.created, traits)),
    ]
    if not job.tag_inside:
        children.append(Tree("Tag", text=job.tag))
    if job.feature != "doc":
        started = stamp(job.started, traits)
        ended = stamp(job.ended, traits)
        if started is not None:
            children.append(Tree("StartTime", text=started))
        if ended is not None:
            children.append(Tree("EndTime", text=ended))
    children += [
        Tree("QueueId", text=job.queue_id),
        Tree(
            "Input",
            [
                Tree("BucketId", text=job.bucket),
                Tree("Object", text=job.input_object),
                Tree("Region", text=job.region),
            ],
        ),
        operation,
    ]
    return Tree("JobsDetail", children)


def to_xml(tree: Tree, traits: Traits, rng: random.Random) -> bytes:
    """Returns the document as bytes."""
    head = '<?xml version="1.0" encoding="utf-8"?>\n' if traits.declaration else ""
    return (head + _xml(tree, traits, rng, 0)).encode()


def _xml(tree: Tree, traits: Traits, rng: random.Random, depth: int) -> str:
    if not tree.children:
        if not tree.text:
            return f"<{tree.name}/>"
        return f"<{tree.name}>{escape(tree.text)}</{tree.name}>"
    children = list(tree.children)
    if traits.extras:
        children.append(Tree("XTraceHint", text=str(rng.randint(0, 9))))
    if traits.shuffle:
        names = [c.name for c in children]
        rng.shuffle(names)
        pools: dict[str, list[Tree]] = {}
        for c in children:
            pools.setdefault(c.name, []).append(c)
        children = [pools[name].pop(0) for name in names]
    gap = "\n" + "  " * (depth + 1) if traits.pretty else ""
    inner = "".join(gap + _xml(c, traits, rng, depth + 1) for c in children)
    return f"<{tree.name}>{inner}{gap[:-2] if gap else ''}</{tree.name}>"


def _value(tree: Tree, traits: Traits) -> Any:
    if not tree.children:
        text = tree.text or ""
        if traits.json_numbers and tree.name == "JobLevel" and text.isdecimal():
            return int(text)
        return text
    value: dict[str, Any] = {}
    for child in tree.children:
        if not child.children and not child.text:
            continue
        piece = _value(child, traits)
        if child.name in value:
            old = value[child.name]
            value[child.name] = [*old, piece] if isinstance(old, list) else [old, piece]
        else:
            value[child.name] = piece
    return value


def to_json(tree: Tree, traits: Traits) -> str:
    """Returns a callback as JSON."""
    body = _value(tree, traits)
    details = body.get("JobsDetail")
    if traits.json_details == "array" and isinstance(details, dict):
        body["JobsDetail"] = [details]
    if traits.fault == "json_is_xml_text":
        return "<Response/>"
    if traits.fault == "json_lower_keys":
        body = {k.lower(): v for k, v in body.items()}
    if traits.json_wrapper:
        body = {"Response": body}
    return json.dumps(body, ensure_ascii=False)
