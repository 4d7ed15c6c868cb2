"""The parser refuses dangerous, too large and malformed documents with a position, and resolves no reference."""

from pathlib import Path

import pytest
from contract_samples import sample

from ciq_schemas import codec
from ciq_schemas.codec import Document, NoteKind, ProblemKind, Reading
from ciq_schemas.xml_parser import (
    MAX_BYTES,
    MAX_DEPTH,
    MAX_ELEMENTS,
    MAX_REQUEST_BYTES,
    ForbiddenDocument,
    MalformedDocument,
    OversizedDocument,
    parse,
)

BOMB = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 9))
FORBIDDEN = {
    "entity bomb": f'<!DOCTYPE r [<!ENTITY e0 "ha">{BOMB}]><Response>&e8;</Response>',
    "empty document type": "<!DOCTYPE Response><Response/>",
    "external document type": '<!DOCTYPE Response SYSTEM "http://127.0.0.1:9/x.dtd"><Response/>',
    "external entity": '<!DOCTYPE r [<!ENTITY e SYSTEM "file:///etc/passwd">]><Response>&e;</Response>',
    "parameter entity": '<!DOCTYPE r [<!ENTITY % p SYSTEM "file:///etc/passwd"> %p;]><Response/>',
    "after a comment": "<!-- a --><?p i?>\n<!DOCTYPE Response><Response/>",
    "after the declaration": '<?xml version="1.0"?>\n<!DOCTYPE Response><Response/>',
    "style sheet": '<?xml-stylesheet type="text/xsl" href="file:///etc/passwd"?><Response/>',
}


@pytest.mark.parametrize("name", FORBIDDEN)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-8-sig"])
def test_document_type_or_style_sheet_is_refused(name: str, encoding: str) -> None:
    """The parser refuses it in any encoding before it reads the document."""
    with pytest.raises(ForbiddenDocument):
        parse(FORBIDDEN[name].encode(encoding))


def test_forbidden_markup_inside_text_is_accepted() -> None:
    """CDATA and comments inside the root may contain the text that is refused before the root."""
    root = parse(b"<a><![CDATA[<!DOCTYPE x><?xml-stylesheet?>]]><!-- <!DOCTYPE x> --></a>")
    assert root.text == "<!DOCTYPE x><?xml-stylesheet?>"


@pytest.mark.parametrize("reading", Reading)
def test_schema_location_is_ignored(tmp_path: Path, reading: Reading) -> None:
    """The parser neither opens the named schema nor validates against it."""
    pipe = tmp_path / "schema.xsd"
    pipe.write_text("<not a schema")
    document, data = sample("error")
    hint = (
        '<Error xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
        f'xsi:noNamespaceSchemaLocation="{pipe}" xsi:schemaLocation="urn:x {pipe}">'
    )
    decoded = codec.read(document, data.replace(b"<Error>", hint.encode()), reading)
    assert decoded.value["Code"] == "InvalidArgument"
    if reading is Reading.TOLERANT:
        assert decoded.problems == ()
        assert {note.kind for note in decoded.notes} == {NoteKind.ATTRIBUTE, NoteKind.NAMESPACE}
    else:
        assert {problem.kind for problem in decoded.problems} == {ProblemKind.UNEXPECTED}


def test_document_over_depth_limit_is_refused() -> None:
    """A document at the limit is accepted; thousands of levels exhaust no resource."""
    parse(b"<a>" * MAX_DEPTH + b"</a>" * MAX_DEPTH)
    for depth in (MAX_DEPTH + 1, 250):
        with pytest.raises(OversizedDocument, match="levels"):
            parse(b"<a>" * depth + b"</a>" * depth)
    with pytest.raises(MalformedDocument):
        parse(b"<a>" * 100_000)


def test_document_over_element_limit_is_refused() -> None:
    """A document at the limit is accepted."""
    parse(b"<a>" + b"<b/>" * 499 + b"</a>", max_elements=500)
    with pytest.raises(OversizedDocument, match="elements"):
        parse(b"<a>" + b"<b/>" * 500 + b"</a>", max_elements=500)


def test_document_over_size_limit_is_refused() -> None:
    """A document at the limit is accepted; responses may be larger than requests."""
    exact = b"<a>" + b" " * (MAX_REQUEST_BYTES - 7) + b"</a>"
    parse(exact, max_bytes=MAX_REQUEST_BYTES)
    parse(exact + b" ")
    for document in (Document.ERROR, Document.JOB_SUBMIT_REQUEST):
        (problem,) = codec.read_request(document, exact + b" ").problems
        assert problem.kind is ProblemKind.OVERSIZED
        (problem,) = codec.read(document, b" " * (MAX_BYTES + 1)).problems
        assert problem.kind is ProblemKind.OVERSIZED


@pytest.mark.parametrize(
    ("data", "place"),
    [
        (b"<a>\n<b>\n</a>", (3, 5)),
        (b"<a>&undeclared;</a>", (1, 16)),
        (b"plain text", (1, 1)),
        (b"<a/><b/>", (1, 5)),
        (b"<a>\x00</a>", (1, 4)),
        (b"<a>\xff</a>", (1, 4)),
        (b'<?xml version="1.0" encoding="utf-7"?><a/>', (1, 1)),
        (b'<?xml version="1.0" encoding="gbk"?><a>\xff\xff</a>', (1, 1)),
        (b"<CallBackFormat>JSON<CallBackFormat>", (1, 37)),
    ],
)
def test_malformed_document_is_refused_with_position(data: bytes, place: tuple[int, int]) -> None:
    """The error has line, column and reason."""
    with pytest.raises(MalformedDocument) as caught:
        parse(data)
    assert caught.value.reason
    assert (caught.value.line, caught.value.column) == place


@pytest.mark.parametrize("data", [b"", b" \n"])
def test_empty_document_has_its_own_problem_kind(data: bytes) -> None:
    """Servers respond to an empty body with another code than to a malformed one."""
    (problem,) = codec.read(Document.JOB_SUBMIT_REQUEST, data).problems
    assert problem.kind is ProblemKind.EMPTY


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"<a", ProblemKind.MALFORMED),
        (FORBIDDEN["entity bomb"].encode(), ProblemKind.FORBIDDEN),
        (b"<a>" * 40 + b"</a>" * 40, ProblemKind.OVERSIZED),
        (b"[" * 100_000, ProblemKind.OVERSIZED),
        (b'{"a":' * 100_000, ProblemKind.OVERSIZED),
        (b'{"a":' * 40 + b"1" + b"}" * 40, ProblemKind.OVERSIZED),
        (b'{"EventName":[' + b"1," * MAX_ELEMENTS + b"1]}", ProblemKind.OVERSIZED),
        (b"{" + b" " * MAX_BYTES + b"}", ProblemKind.OVERSIZED),
        (b'{"a":', ProblemKind.MALFORMED),
        (b'{"a":"\xff"}', ProblemKind.MALFORMED),
        (b"[1]", ProblemKind.ROOT),
    ],
)
def test_codec_reports_refusal_as_problem(data: bytes, kind: ProblemKind) -> None:
    """Reading raises no exception for bad data, neither in XML nor in JSON."""
    (problem,) = codec.read_callback(data).problems
    assert problem.kind is kind
    assert str(problem)
