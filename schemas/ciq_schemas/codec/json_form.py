"""Decodes JSON callbacks into the tree of the XML form, and encodes canonical mappings as JSON.

Samples (436/85073, 1045/73381) show JobsDetail as array and as object, with and without the wrapper Response, numbers
beside strings, and omit empty elements. Decoding accepts all of these forms and reports the found form as notes.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import msgspec
from lxml import etree

from ciq_schemas.codec.binding import to_mapping
from ciq_schemas.codec.documents import Document, Fragment, Note, NoteKind, Problem, ProblemKind
from ciq_schemas.codec.names import is_element_name, writable
from ciq_schemas.codec.tree import decode_item
from ciq_schemas.xml_parser import MAX_BYTES, MAX_DEPTH, MAX_ELEMENTS, parse
from ciq_schemas.xsd_tables import ContainerType, OpenType, TextType, Type

_ROOT = "Response"


@dataclass(frozen=True, slots=True)
class JsonTree:
    """A JSON callback as the tree of the XML form, in the order of the schema."""

    root: etree._Element
    document: Document
    notes: tuple[Note, ...]
    problems: tuple[Problem, ...]
    """Problems that the tree cannot represent: an array in place of one value."""


class _TooLargeError(ValueError):
    pass


@dataclass(slots=True)
class _Builder:
    """Builds the tree and collects notes and problems."""

    notes: list[Note] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    elements: int = 0

    def note(self, kind: NoteKind, path: str, text: str) -> None:
        self.notes.append(Note(kind=kind, path=path, text=text))

    def fill(self, parent: etree._Element, item: object, kind: Type | None, path: str, depth: int) -> None:
        """Puts the value of an element into it."""
        if depth > MAX_DEPTH:
            raise _TooLargeError(f"more than {MAX_DEPTH} levels of objects")
        match item:
            case dict():
                self.children(parent, item, kind, path, depth)
            case str():
                clean = writable(item)
                if clean != item:
                    self.note(NoteKind.NOT_XML, path, "control characters replaced")
                parent.text = clean
            case bool():
                self.note(NoteKind.JSON_NOT_TEXT, path, "true or false instead of text")
                parent.text = "true" if item else "false"
            case _:
                self.note(NoteKind.JSON_NOT_TEXT, path, "a number instead of text")
                parent.text = str(item)

    def children(
        self, parent: etree._Element, item: dict[str, object], kind: Type | None, path: str, depth: int
    ) -> None:
        """Puts the members of an object below an element, those of the schema in its order."""
        names = list(item)
        content = kind if isinstance(kind, ContainerType) else None
        if content is not None:
            last = len(content.fields)
            names.sort(key=lambda n: content.by_name[n].position if n in content.by_name else last)
        for name in names:
            place = f"{path}/{name}"
            if not is_element_name(name):
                self.note(NoteKind.NOT_XML, place, "not a name for an element, omitted")
                continue
            row = content.by_name.get(name) if content is not None else None
            inner = item[name]
            if isinstance(inner, list):
                if row is not None and not row.repeated:
                    expected = "text" if isinstance(row.type, TextType) else "an object"
                    self.problems.append(
                        Problem(kind=ProblemKind.STRUCTURE, path=place, expected=expected, found="an array")
                    )
                items = inner
            else:
                items = [inner]
            for number, one in enumerate(items, start=1):
                numbered = f"{place}[{number}]" if row is not None and row.repeated else place
                self.add(parent, name, one, row.type if row is not None else None, numbered, depth)

    def add(self, parent: etree._Element, name: str, item: object, kind: Type | None, path: str, depth: int) -> None:
        """Puts one more element below another."""
        if item is None:
            self.note(NoteKind.JSON_NOT_TEXT, path, "null, read as absent")
            return
        if isinstance(item, list):
            self.problems.append(
                Problem(kind=ProblemKind.STRUCTURE, path=path, expected="one value", found="an array in an array")
            )
            return
        self.elements += 1
        if self.elements > MAX_ELEMENTS:
            raise _TooLargeError(f"more than {MAX_ELEMENTS} values")
        self.fill(etree.SubElement(parent, name), item, kind, path, depth + 1)


def callback_document(names: Mapping[str, object] | frozenset[str]) -> Document:
    """Which callback has these members: by WorkflowExecution, else by EventName, which the older form lacks."""
    if "WorkflowExecution" in names:
        return Document.WORKFLOW_CALLBACK
    if "EventName" in names or "JobsDetail" not in names:
        return Document.TASK_CALLBACK
    return Document.LEGACY_CALLBACK


def json_callback_tree(data: bytes) -> JsonTree | Problem:
    """Decodes a JSON callback into a tree; returns a Problem when it is no JSON object or too large."""
    if len(data) > MAX_BYTES:
        return _refused(ProblemKind.OVERSIZED, f"{len(data)} bytes")
    try:
        body = msgspec.json.decode(data.removeprefix(b"\xef\xbb\xbf"))
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        return _refused(ProblemKind.MALFORMED, str(error))
    except RecursionError:
        return _refused(ProblemKind.OVERSIZED, "far too many levels")
    if not isinstance(body, dict):
        return Problem(kind=ProblemKind.ROOT, path="/", expected="a JSON object", found=f"a JSON {_json_name(body)}")
    builder = _Builder()
    inner = body.get(_ROOT)
    if isinstance(inner, dict):
        builder.note(NoteKind.JSON_WRAPPER, f"/{_ROOT}", "the wrapper Response is there")
        body = inner
    jobs = body.get("JobsDetail")
    if isinstance(jobs, list | dict):
        form = NoteKind.JSON_ARRAY if isinstance(jobs, list) else NoteKind.JSON_OBJECT
        builder.note(form, f"/{_ROOT}/JobsDetail", f"JobsDetail is an {_json_name(jobs)}")
    document = callback_document(body)
    root = etree.Element(_ROOT)
    try:
        builder.fill(root, body, document.table.content, f"/{_ROOT}", 1)
    except _TooLargeError as error:
        return _refused(ProblemKind.OVERSIZED, str(error))
    return JsonTree(root, document, tuple(builder.notes), tuple(builder.problems))


def encode_callback_json(
    value: Mapping[str, object] | msgspec.Struct,
    *,
    document: Document = Document.TASK_CALLBACK,
    jobs: Literal["array", "object"] = "array",
    wrapper: bool = False,
    numbers: bool = False,
) -> bytes:
    """Encodes a callback as JSON: by default strings, no wrapper, JobsDetail an array; omits empty optional elements.

    `value` is a value for `encode`, which may contain fragments. `numbers` writes decimal elements (JobLevel) as
    numbers. `jobs="object"` allows one job only; raises ValueError for more.
    """
    members = _plain(value, document.table.content, numbers=numbers)
    if not isinstance(members, dict):
        members = {}
    if jobs == "object" and isinstance(members.get("JobsDetail"), list):
        several = members["JobsDetail"]
        if len(several) != 1:
            raise ValueError(f"JobsDetail as an object allows one job, got {len(several)}")
        members["JobsDetail"] = several[0]
    return msgspec.json.encode({_ROOT: members} if wrapper else members)


def _plain(item: object, kind: Type | None, *, numbers: bool) -> object:
    """Returns the JSON value of an item; None for an empty one, which is omitted."""
    if isinstance(item, Fragment):
        element = parse(item.data)
        item = decode_item(element, kind if kind is not None else OpenType())
    if isinstance(item, msgspec.Struct):
        item = to_mapping(item)
    if isinstance(item, Mapping):
        return _members(item, kind, numbers=numbers)
    if isinstance(item, list | tuple):
        kept = [one for one in (_plain(one, kind, numbers=numbers) for one in item) if one is not None]
        return kept or None
    if item is None or item == "":
        return None
    text = str(item)
    if numbers and isinstance(kind, TextType) and kind.is_number:
        return int(text)
    return text


def _members(item: Mapping[str, object], kind: Type | None, *, numbers: bool) -> dict[str, object] | None:
    names = list(item)
    content = kind if isinstance(kind, ContainerType) else None
    if content is not None:
        names.sort(key=lambda name: content.by_name[name].position)
    members: dict[str, object] = {}
    for name in names:
        row = content.by_name[name] if content is not None else None
        inner = _plain(item[name], row.type if row is not None else None, numbers=numbers)
        if inner is None and (row is None or not row.required):
            continue
        if row is not None and inner is None:
            inner = {} if isinstance(row.type, ContainerType) else ""
        if row is not None and row.repeated and not isinstance(inner, list):
            inner = [inner]
        members[name] = inner
    return members or None


def _refused(kind: ProblemKind, found: str) -> Problem:
    expected = "well-formed JSON" if kind is ProblemKind.MALFORMED else "a document within the limits"
    return Problem(kind=kind, expected=expected, found=found)


def _json_name(item: object) -> str:
    match item:
        case dict():
            return "object"
        case list():
            return "array"
        case str():
            return "string"
        case bool() | None:
            return "literal"
        case _:
            return "number"
