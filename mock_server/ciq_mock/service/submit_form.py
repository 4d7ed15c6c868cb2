"""What a submit request says, as far as the service looks at it; the rest of each Operation goes through as bytes.

Two ways lead here. A body that is valid, if need be after its known elements were put in order, is read straight
from the tree: it is the way of every good client, and this the busiest call. Any other body takes the codec's way,
which forgives what may be forgiven and says what is wrong. A test holds the two ways equal.
"""

from collections.abc import Mapping

import msgspec
from lxml import etree

from ciq_mock.service.bodies import request_body
from ciq_mock.settings import Limits
from ciq_schemas.codec import Decoded, Document, Fragment
from ciq_schemas.codec.tree import put_in_order
from ciq_schemas.xml_parser import RefusedDocument, parse_document

_CALLBACK = "CallBack"
"""The callback elements of a request all begin so."""
_EXACT = frozenset({"Object"})
"""Elements of Input whose white space counts."""

Texts = Mapping[str, object]
"""Element names to texts; an element that holds elements is another such mapping."""


class AskedOperation(msgspec.Struct, frozen=True):
    """One Operation: what is looked at, and the whole as XML. `level` is None where no JobLevel stands."""

    tag: str
    template_id: str
    has_output: bool
    level: str | None
    xml: bytes


class SubmitForm(msgspec.Struct, frozen=True):
    """The request. `source` is its Input, None where there is none; texts are "" where absent."""

    tag: str
    queue_id: str
    queue_type: str
    source: Texts | None
    callback: Texts
    operations: tuple[AskedOperation, ...]


def read_submit(body: bytes, limits: Limits) -> SubmitForm:
    """Read the body of a submit; raise Refusal when it is none."""
    return _straight(body) or _by_codec(request_body(Document.JOB_SUBMIT_REQUEST, body, limits))


def _straight(body: bytes) -> SubmitForm | None:
    """The form of a body without any fault, None for all others."""
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


def _operation(element: etree._Element) -> AskedOperation:
    tag = template_id = ""
    level = None
    has_output = False
    for child in element:
        match child.tag:
            case "Tag":
                tag = _word(child)
            case "TemplateId":
                template_id = _word(child)
            case "Output":
                has_output = len(child) > 0
            case "JobLevel":
                level = _word(child)
    xml = etree.tostring(element, encoding="utf-8", with_tail=False)
    return AskedOperation(tag, template_id, has_output, level, xml)


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
    """The text of an element whose white space does not count."""
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
            _asked(operation if isinstance(operation, dict) else {}, fragment)
            for operation, fragment in zip(operations, decoded.fragments, strict=True)
        ),
    )


def _asked(operation: Texts, fragment: Fragment) -> AskedOperation:
    return AskedOperation(
        tag=_of(operation, "Tag"),
        template_id=_of(operation, "TemplateId"),
        has_output=bool(operation.get("Output")),
        level=_of(operation, "JobLevel") if "JobLevel" in operation else None,
        xml=fragment.data,
    )


def _of(value: Texts, name: str) -> str:
    return str(value.get(name) or "")
