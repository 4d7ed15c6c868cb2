"""The parts of a queue that an update can change, as a queue list shows them, elements of no document included. Pure.

The suite restores a queue from this, not from typed values: what the values do not know must not be lost.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from xml.sax.saxutils import escape

from lxml import etree

from ciq_schemas.xml_parser import RefusedDocument, parse

_RULE = "NotifyConfig"
_ORDER = ("Url", "State", "Type", "Event", "ResultFormat", "MqMode", "MqRegion", "MqName", "KafkaConfig")
"""Order of the parts of a rule in the documents (1045/72940)."""
_DEFAULTS = {"State": "Active", f"{_RULE}/State": "Off", f"{_RULE}/ResultFormat": "XML"}
"""What an absent part means; for ResultFormat 1045/72940 says so."""


@dataclass(frozen=True, slots=True)
class QueuePart:
    """One element without children: its path below the queue, and its text."""

    path: str
    text: str

    @property
    def name(self) -> str:
        """The path below the rule, for messages."""
        return self.path.removeprefix(f"{_RULE}/")


@dataclass(frozen=True, slots=True)
class Differences:
    """How a queue differs from the one found."""

    effective: tuple[str, ...]
    """Descriptions of differences that change what the queue does or is called."""
    kept_parts: tuple[QueuePart, ...]
    """Parts of the rule that the queue found did not have and that have no effect."""


@dataclass(frozen=True, slots=True)
class QueueSnapshot:
    """Name, state and callback rule of one queue."""

    parts: tuple[QueuePart, ...]

    @classmethod
    def of(cls, body: bytes, queue_id: str) -> "QueueSnapshot | None":
        """Returns the snapshot of a queue in the body of a queue list; None when the body does not have the queue."""
        try:
            root = parse(body)
        except RefusedDocument:
            return None
        for element in root.iter():
            if _name(element) == "QueueId" and (element.text or "").strip() == queue_id:
                queue = element.getparent()
                snapshot = cls(() if queue is None else tuple(_changeable(queue)))
                return snapshot if snapshot.text("Name") else None
        return None

    def text(self, path: str) -> str:
        """Returns the text of a part; what its absence means when it is absent or empty."""
        found = next((part.text for part in self.parts if part.path == path and part.text), "")
        return found or _DEFAULTS.get(path, "")

    def body(self, queue_id: str, *, cleared: tuple[QueuePart, ...] = ()) -> bytes:
        """Returns the update that restores the queue; `cleared` parts are sent empty, or with their default value."""
        state = QueuePart(f"{_RULE}/State", self.text(f"{_RULE}/State"))
        parts = [part for part in self.parts if part.path.startswith(f"{_RULE}/") and part.path != state.path]
        rule = _xml([state, *(part for part in parts if part.text), *cleared], depth=1)
        return (
            f'<?xml version="1.0" encoding="utf-8"?><Request><Name>{escape(self.text("Name"))}</Name>'
            f"<QueueID>{escape(queue_id)}</QueueID><State>{escape(self.text('State'))}</State>"
            f"<{_RULE}>{rule}</{_RULE}></Request>"
        ).encode()

    def differences(self, now: "QueueSnapshot") -> Differences:
        """Returns how the queue differs now; a part that is absent, empty or the documented default counts as equal."""
        effective = []
        kept_parts = []
        on = self.text(f"{_RULE}/State") == "On"
        for path in dict.fromkeys(part.path for part in (*self.parts, *now.parts)):
            before, after = self.text(path), now.text(path)
            if _same(path, before, after):
                continue
            part = QueuePart(path, after)
            if on or path in ("Name", "State", f"{_RULE}/State") or not after:
                effective.append(f"{'rule ' if path.startswith(_RULE) else ''}{part.name} is {after!r}, was {before!r}")
            else:
                kept_parts.append(part)
        return Differences(tuple(effective), tuple(kept_parts))

    def added(self, now: "QueueSnapshot") -> tuple[QueuePart, ...]:
        """Returns, with empty text, the parts of the rule that the queue has now and did not have when it was found."""
        had = {part.path for part in self.parts if part.text}
        return tuple(
            QueuePart(part.path, "")
            for part in now.parts
            if part.text and part.path.startswith(f"{_RULE}/") and part.path not in had
        )


def default_of(part: QueuePart) -> QueuePart:
    """Returns the part with its documented default as text, for a target that does not accept it empty."""
    return QueuePart(part.path, _DEFAULTS.get(part.path, ""))


def _same(path: str, before: str, after: str) -> bool:
    if path.endswith("/Event"):
        return set(before.split(",")) == set(after.split(","))
    return before == after


def _changeable(queue: etree._Element) -> Iterator[QueuePart]:
    for child in queue:
        name = _name(child)
        if name in ("Name", "State"):
            yield QueuePart(name, child.text or "")
        elif name == _RULE:
            yield from _leaves(child, _RULE)


def _leaves(element: etree._Element, path: str) -> Iterator[QueuePart]:
    for child in element:
        below = f"{path}/{_name(child)}"
        if len(child):
            yield from _leaves(child, below)
        else:
            yield QueuePart(below, (child.text or "").strip())


def _name(element: etree._Element) -> str:
    return etree.QName(element).localname


def _xml(parts: list[QueuePart], *, depth: int) -> str:
    """Returns the elements of some parts of a rule; `depth` is the number of path steps above them."""
    groups: dict[str, list[QueuePart]] = {}
    for part in parts:
        groups.setdefault(part.path.split("/")[depth], []).append(part)
    ordered = sorted(groups, key=lambda name: _ORDER.index(name) if name in _ORDER else len(_ORDER))
    texts = []
    for name in ordered:
        group = groups[name]
        nested = [part for part in group if part.path.count("/") > depth]
        inner = _xml(nested, depth=depth + 1) if nested else escape(group[0].text)
        texts.append(f"<{name}>{inner}</{name}>")
    return "".join(texts)
