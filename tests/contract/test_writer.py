"""The table-driven writer: equal to lxml, valid, and the inverse of the decoder, for random documents."""

import pytest
from contract_samples import OPERATION, canonical_form, sample
from contract_strategies import mappings
from hypothesis import given, settings
from lxml import etree

from ciq_schemas import codec
from ciq_schemas.codec import Document, EncodeError, Fragment, Reading
from ciq_schemas.xml_parser import parse
from ciq_schemas.xsd_tables import ContainerType, IdsType, OpenType, Type

RANDOM = settings(derandomize=True, deadline=None, max_examples=200)


def by_lxml(name: str, value: object, kind: Type) -> etree._Element:
    """The document of a mapping, built element by element with lxml."""
    element = etree.Element(name)
    if isinstance(value, str):
        element.text = value
        return element
    assert isinstance(value, dict)
    match kind:
        case ContainerType():
            names = sorted(value, key=lambda n: kind.by_name[n].position)
            types = {n: kind.by_name[n].type for n in names}
        case IdsType():
            names, types = list(value), dict.fromkeys(value, OpenType())
        case _:
            names, types = list(value), dict.fromkeys(value, kind)
    for child in names:
        for one in value[child] if isinstance(value[child], list) else [value[child]]:
            element.append(by_lxml(child, one, types[child]))
    return element


@pytest.mark.parametrize("document", Document)
def test_written_document_equals_lxml_document(document: Document) -> None:
    """Random mappings are compared in canonical form."""

    @RANDOM
    @given(mappings(document))
    def check(value: dict[str, object]) -> None:
        obvious = etree.tostring(by_lxml(document.table.root, value, document.table.content), method="c14n")
        assert canonical_form(codec.encode(document, value)) == obvious

    check()


@pytest.mark.parametrize("document", Document)
def test_written_document_is_valid_and_decodes_to_its_mapping(document: Document) -> None:
    """The documents are valid in the strict reading."""

    @RANDOM
    @given(mappings(document))
    def check(value: dict[str, object]) -> None:
        data = codec.encode(document, value)
        assert codec.validate(document, data) == ()
        assert codec.read(document, data, Reading.STRICT).value == value

    check()


def test_special_characters_are_escaped() -> None:
    """Markup and carriage returns are kept; characters that XML cannot contain become U+FFFD; no numeric references."""
    error = {"Code": "C", "Message": "a<b>&\r\n\t\"'中\x00\x1f\ud800\ufffe", "RequestId": "r"}
    data = codec.encode(Document.ERROR, error)
    assert "中".encode() in data
    root = parse(data)
    assert root.findtext("Message") == "a<b>&\r\n\t\"'中\ufffd\ufffd\ufffd\ufffd"


def test_fragment_is_written_as_its_element() -> None:
    """This works for repeated elements, in a mapping and in a JSON callback."""
    document, data = sample("task callback")
    value = codec.read(document, data).value
    jobs = value["JobsDetail"]
    assert isinstance(jobs, list)
    kept = {**value, "JobsDetail": [{**jobs[0], "Operation": Fragment(OPERATION.encode())}]}
    assert canonical_form(codec.encode(document, kept)) == canonical_form(data)
    assert codec.encode_callback_json(kept) == codec.encode_callback_json(value)


def test_part_is_written_and_read_alone() -> None:
    """One element of a document can be written in advance."""
    value = {"JobLevel": "0", "Tag": "T", "Snapshot": {"Mode": "K"}}
    part = codec.encode_part(Document.JOB_ANSWER, "JobsDetail/Operation", value)
    assert part.data == (
        b"<Operation><Tag>T</Tag><Snapshot><Mode>K</Mode></Snapshot><JobLevel>0</JobLevel></Operation>"
    )
    assert codec.decode_part(Document.JOB_ANSWER, "JobsDetail/Operation", part) == value


def test_none_is_left_out_and_numbers_are_written_as_text() -> None:
    """The types are int and bool; the declaration can be left out."""
    data = codec.encode(Document.QUEUE_LIST, {"RequestId": "r", "TotalCount": 3, "PageNumber": None}, declaration=False)
    assert data == b"<Response><RequestId>r</RequestId><TotalCount>3</TotalCount></Response>"


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"RequestId": "r", "Odd": "x"}, "Response: Odd is not an element"),
        ({"RequestId": ["r"]}, "Response/RequestId: expected text, got list"),
        ({"QueueList": ["x"]}, "Response/QueueList: expected a mapping or a value, got str"),
        ("text", "Response: expected a mapping or a value, got str"),
    ],
)
def test_value_without_schema_element_is_refused(value: object, message: str) -> None:
    """The error for the caller has the path."""
    with pytest.raises(EncodeError, match=message):
        codec.encode(Document.QUEUE_LIST, value)


def test_invalid_name_in_open_content_is_refused() -> None:
    """A name from outside cannot end its element."""
    request = {"Operation": [{"Snapshot": {"a><b": "x"}}]}
    with pytest.raises(EncodeError, match="not a name for an element"):
        codec.encode(Document.JOB_SUBMIT_REQUEST, request)
