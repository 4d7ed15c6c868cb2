"""Decodes bytes to `Decoded`: parses, validates by the XSD, decodes by the tables. Never raises for invalid data.

Must not know any element by name, except the one that it keeps as bytes.
"""

import re

import msgspec
from lxml import etree

from ciq_schemas.codec.documents import (
    Canonical,
    Content,
    Decoded,
    Document,
    Fragment,
    Note,
    NoteKind,
    Problem,
    ProblemKind,
    Reading,
)
from ciq_schemas.codec.explain import explain, wrong_root
from ciq_schemas.codec.json_form import callback_document, json_callback_tree
from ciq_schemas.codec.parts import part_type
from ciq_schemas.codec.tree import decode_container, decode_item, put_in_order, reshape, tidied
from ciq_schemas.xml_parser import (
    MAX_REQUEST_BYTES,
    MAX_REQUEST_ELEMENTS,
    ForbiddenDocument,
    MalformedDocument,
    OversizedDocument,
    Parsed,
    RefusedDocument,
    parse,
    parse_document,
)
from ciq_schemas.xsd_tables import DocumentTable

_ROOTLESS = re.compile(rb"(?P<head>(?:\xef\xbb\xbf)?\s*(?:<\?xml[^>]*\?>)?\s*)<(?:EventName|WorkflowExecution)[\s>]")
"""Beginning of a callback without the root Response."""
_KEPT_AS_BYTES = {Document.JOB_SUBMIT_REQUEST: "Operation"}


def read(document: Document, data: bytes, reading: Reading = Reading.TOLERANT) -> Decoded:
    """Decodes `data` as `document`. What does not parse or conform is a problem of the result."""
    try:
        parsed = parse_document(data)
    except RefusedDocument as error:
        return Decoded(document=document, problems=(_refusal(data, error),))
    return _judge(document, parsed, reading)


def read_request(document: Document, data: bytes, *, max_bytes: int = MAX_REQUEST_BYTES) -> Decoded:
    """Decodes a request with the tolerant reading, for servers.

    `fragments` contains the Operation elements too: children in the order of the schema, unknown elements last.
    """
    try:
        parsed = parse_document(data, max_bytes=max_bytes, max_elements=MAX_REQUEST_ELEMENTS)
    except RefusedDocument as error:
        return Decoded(document=document, problems=(_refusal(data, error),))
    return _judge(document, parsed, Reading.TOLERANT, keep=True)


def looks_like_json(data: bytes) -> bool:
    """Returns whether the first character is that of a JSON object or array, after a byte order mark and blanks."""
    return data.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"{", b"[")


def read_callback(data: bytes) -> Decoded:
    """Decodes a callback body tolerantly; its first byte decides JSON or XML, its elements the kind of callback."""
    if looks_like_json(data):
        form = json_callback_tree(data)
        if isinstance(form, Problem):
            return Decoded(document=Document.TASK_CALLBACK, problems=(form,))
        decoded = _judge(form.document, Parsed(form.root, True), Reading.TOLERANT, notes=form.notes)
        return msgspec.structs.replace(decoded, problems=form.problems + decoded.problems)
    notes: tuple[Note, ...] = ()
    rootless = _ROOTLESS.match(data)
    if rootless is not None:
        data = b"<Response>%b</Response>" % data[rootless.end("head") :]
        notes = (Note(kind=NoteKind.NO_ROOT, path="/", text="the root Response is missing"),)
    try:
        parsed = parse_document(data)
    except RefusedDocument as error:
        return Decoded(document=Document.TASK_CALLBACK, problems=(_refusal(data, error),))
    names = frozenset(etree.QName(child).localname for child in parsed.root)
    return _judge(callback_document(names), parsed, Reading.TOLERANT, notes=notes)


def validate(document: Document, data: bytes) -> tuple[Problem, ...]:
    """Returns the problems of `data` in the strict reading; empty when it is valid."""
    return read(document, data, Reading.STRICT).problems


def decode_part(document: Document, path: str, fragment: Fragment) -> Content:
    """Returns the value of a fragment at `path` (such as `JobsDetail/Operation`) of `document`.

    Raises RefusedDocument when the bytes do not parse: the kit itself writes fragments.
    """
    return decode_item(parse(fragment.data), part_type(document, path))


def _judge(
    document: Document,
    parsed: Parsed,
    reading: Reading,
    *,
    keep: bool = False,
    notes: tuple[Note, ...] = (),
) -> Decoded:
    """Validates and decodes. Only plain trees reach libxml2's validator: it would follow xsi:schemaLocation."""
    table = document.table
    root = parsed.root
    accepted: list[Note] = []
    if _is_valid(parsed, table, reading, accepted):
        return Decoded(
            document=document,
            value=decode_container(root, table.content),
            notes=(*notes, *accepted),
            fragments=_kept(document, root) if keep else (),
        )
    if etree.QName(root).localname != table.root:
        return Decoded(document=document, notes=notes, problems=(wrong_root(root, table),))
    problems = _problems_as_is(parsed, table) if reading is Reading.STRICT else ()
    shaped = reshape(root, table.content, f"/{table.root}", accepted)
    value: Canonical = decode_container(shaped, table.content)
    if reading is Reading.TOLERANT:
        notes = (*notes, *accepted)
        if not table.schema.validate(shaped):
            problems = explain(shaped, table)
    return Decoded(
        document=document,
        value=value,
        notes=notes,
        problems=problems,
        fragments=_kept_whole(document, root) if keep and not problems else (),
    )


def _is_valid(parsed: Parsed, table: DocumentTable, reading: Reading, accepted: list[Note]) -> bool:
    """Returns whether the tree is valid: unchanged or, for the tolerant reading, with its children put in order."""
    root = parsed.root
    if not parsed.plain or root.tag != table.root:
        return False
    if table.schema.validate(root):
        return True
    if reading is Reading.STRICT or not put_in_order(root, table.content, accepted):
        return False
    return bool(accepted) and table.schema.validate(root)


def _problems_as_is(parsed: Parsed, table: DocumentTable) -> tuple[Problem, ...]:
    if parsed.root.tag == table.root:
        return explain(parsed.root, table)
    return (wrong_root(parsed.root, table),)


def _kept(document: Document, root: etree._Element) -> tuple[Fragment, ...]:
    name = _KEPT_AS_BYTES.get(document)
    if name is None:
        return ()
    return tuple(
        Fragment(etree.tostring(element, encoding="utf-8", with_tail=False)) for element in root.iterchildren(name)
    )


def _kept_whole(document: Document, root: etree._Element) -> tuple[Fragment, ...]:
    """Returns as `_kept`, from the received tree, with unknown elements: an echo must be complete."""
    name = _KEPT_AS_BYTES.get(document)
    kind = None if name is None else document.table.content.by_name[name].type
    return tuple(
        Fragment(etree.tostring(tidied(element, kind), encoding="utf-8", with_tail=False))
        for element in root
        if etree.QName(element).localname == name
    )


def _refusal(data: bytes, error: RefusedDocument) -> Problem:
    match error:
        case MalformedDocument() if not data or data.isspace():
            kind, expected, found = ProblemKind.EMPTY, "an XML document", "nothing"
        case MalformedDocument():
            kind, expected, found = ProblemKind.MALFORMED, "well-formed XML", error.reason
        case OversizedDocument():
            kind, expected, found = ProblemKind.OVERSIZED, "a document within the limits", error.reason
        case ForbiddenDocument():
            kind, expected, found = ProblemKind.FORBIDDEN, "XML without a document type", error.reason
        case _:
            raise error
    return Problem(kind=kind, line=error.line, expected=expected, found=found)
