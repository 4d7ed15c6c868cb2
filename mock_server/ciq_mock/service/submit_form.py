"""Reads a submit request: the fields that the service uses, and each Operation as bytes for the echo.

Two readers give the same result, which a test checks. A valid body (possibly after its known elements were reordered)
is read directly from the XML tree, because submit is the most frequent call. Any other body is read by the codec, which
tolerates some deviations and reports the others.
"""

from collections.abc import Mapping

import msgspec
from lxml import etree

from ciq_mock.service.arguments import request_body
from ciq_mock.settings import Limits
from ciq_schemas.codec import Decoded, Document, Fragment
from ciq_schemas.codec.tree import put_in_order
from ciq_schemas.xml_parser import RefusedDocument, parse_document

_CALLBACK = "CallBack"
"""The names of all callback elements of a request begin with it."""
_EXACT = frozenset({"Object"})
"""Elements of Input whose white space is significant."""

Texts = Mapping[str, object]
"""Element names to texts; an element with children is another such mapping."""


class RequestedOperation(msgspec.Struct, frozen=True):
    """One Operation: the fields that the service uses, and the element as XML. `level` is None without JobLevel;
    `text_only` is NoNeedOutput, with which a translation needs no Output (460/84799)."""

    tag: str
    template_id: str
    has_output: bool
    text_only: bool
    level: str | None
    xml: bytes


class SubmitForm(msgspec.Struct, frozen=True):
    """The request. `source` is its Input, None when absent; absent texts are ""."""

    tag: str
    queue_id: str
    queue_type: str
    source: Texts | None
    callback: Texts
    operations: tuple[RequestedOperation, ...]


def read_submit(body: bytes, limits: Limits) -> SubmitForm:
    """Read the body of a submit; raise Refusal when it is not valid."""
    return _from_valid_body(body) or _by_codec(request_body(Document.JOB_SUBMIT_REQUEST, body, limits))


def _from_valid_body(body: bytes) -> SubmitForm | None:
    """Return the form of a valid body, None for any other."""
    if not body:
        return None
    table = Document.JOB_SUBMIT_REQUEST.table
    try:
        root, plain = parse_document(body)
    except RefusedDocument:
        return None
    if not plain or root.tag != table.root:
        return None
    if not table.schema.validate(root):
        if not put_in_order(root, table.content, []):
            return None
        if not table.schema.validate(root):
            return None
    return _from_tree(root)


def _from_tree(root: etree._Element) -> SubmitForm:
    tag = queue_id = queue_type = ""
    source: Texts | None = None
    callback: dict[str, object] = {}
    operations = []
    for child in root:
        match child.tag:
            case "Operation":
                operations.append(_operation(child))
            case "Tag":
                tag = _word(child)
            case "Input":
                source = _texts(child)
            case "QueueId":
                queue_id = _word(child)
            case "QueueType":
                queue_type = _word(child)
            case str(name) if name.startswith(_CALLBACK):
                callback[name] = _texts(child) if len(child) else _word(child)
    return SubmitForm(tag, queue_id, queue_type, source, callback, tuple(operations))


def _operation(element: etree._Element) -> RequestedOperation:
    tag = template_id = ""
    level = None
    has_output = text_only = False
    for child in element:
        match child.tag:
            case "Tag":
                tag = _word(child)
            case "TemplateId":
                template_id = _word(child)
            case "Output":
                has_output = len(child) > 0
            case "NoNeedOutput":
                text_only = _word(child).lower() == "true"
            case "JobLevel":
                level = _word(child)
    xml = etree.tostring(element, encoding="utf-8", with_tail=False)
    return RequestedOperation(tag, template_id, has_output, text_only, level, xml)


def _texts(element: etree._Element) -> Texts:
    texts: dict[str, object] = {}
    for child in element:
        name = str(child.tag)
        item: object = _texts(child) if len(child) else (child.text or "") if name in _EXACT else _word(child)
        known = texts.get(name)
        if known is None:
            texts[name] = item
        else:
            texts[name] = [*known, item] if isinstance(known, list) else [known, item]
    return texts


def _word(element: etree._Element) -> str:
    """Return the text of an element whose white space is not significant."""
    text = element.text
    if not text:
        return ""
    return text if text.isalnum() else " ".join(text.split())


def _by_codec(decoded: Decoded) -> SubmitForm:
    value = decoded.value
    source = value.get("Input")
    given = value["Operation"]
    operations = given if isinstance(given, list) else []
    return SubmitForm(
        tag=_of(value, "Tag"),
        queue_id=_of(value, "QueueId"),
        queue_type=_of(value, "QueueType"),
        source=source if isinstance(source, dict) else None,
        callback={name: item for name, item in value.items() if name.startswith(_CALLBACK)},
        operations=tuple(
            _operation_by_codec(operation if isinstance(operation, dict) else {}, fragment)
            for operation, fragment in zip(operations, decoded.fragments, strict=True)
        ),
    )


def _operation_by_codec(operation: Texts, fragment: Fragment) -> RequestedOperation:
    return RequestedOperation(
        tag=_of(operation, "Tag"),
        template_id=_of(operation, "TemplateId"),
        has_output=bool(operation.get("Output")),
        text_only=_of(operation, "NoNeedOutput").lower() == "true",
        level=_of(operation, "JobLevel") if "JobLevel" in operation else None,
        xml=fragment.data,
    )


def _of(value: Texts, name: str) -> str:
    return str(value.get(name) or "")
