"""The parser refuses what is dangerous or too large, says where a document is malformed, and resolves nothing."""

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
def test_documents_that_point_outside_are_forbidden(name: str, encoding: str) -> None:
    """A document type or style sheet is refused before anything is read, in whatever encoding."""
    with pytest.raises(ForbiddenDocument):
        parse(FORBIDDEN[name].encode(encoding))


def test_the_words_are_harmless_inside_text() -> None:
    """CDATA and comments inside the root may hold the words that are refused before it."""
    root = parse(b"<a><![CDATA[<!DOCTYPE x><?xml-stylesheet?>]]><!-- <!DOCTYPE x> --></a>")
    assert root.text == "<!DOCTYPE x><?xml-stylesheet?>"


@pytest.mark.parametrize("reading", Reading)
def test_schema_locations_are_not_followed(tmp_path: Path, reading: Reading) -> None:
    """An instance that names a schema of its own is not judged by it, and the file is not opened."""
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


def test_depth_is_limited() -> None:
    """As many levels as allowed pass, one more does not, and thousands do not exhaust anything."""
    parse(b"<a>" * MAX_DEPTH + b"</a>" * MAX_DEPTH)
    for depth in (MAX_DEPTH + 1, 250):
        with pytest.raises(OversizedDocument, match="levels"):
            parse(b"<a>" * depth + b"</a>" * depth)
    with pytest.raises(MalformedDocument):
        parse(b"<a>" * 100_000)


def test_elements_are_limited() -> None:
    """As many elements as allowed pass, one more does not."""
    parse(b"<a>" + b"<b/>" * 499 + b"</a>", max_elements=500)
    with pytest.raises(OversizedDocument, match="elements"):
        parse(b"<a>" + b"<b/>" * 500 + b"</a>", max_elements=500)


def test_size_is_limited() -> None:
    """A document of the allowed size passes, one more byte does not; answers may be larger than requests."""
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
def test_malformed_documents_are_told_with_their_place(data: bytes, place: tuple[int, int]) -> None:
    """A document that is not well-formed is refused with line, column and the reason."""
    with pytest.raises(MalformedDocument) as caught:
        parse(data)
    assert caught.value.reason
    assert (caught.value.line, caught.value.column) == place


@pytest.mark.parametrize("data", [b"", b" \n"])
def test_empty_is_a_kind_of_its_own(data: bytes) -> None:
    """Nothing at all is told apart from something malformed: servers answer it with another code."""
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
def test_the_codec_turns_refusals_into_problems(data: bytes, kind: ProblemKind) -> None:
    """Reading never raises for bad data, neither XML nor JSON."""
    (problem,) = codec.read_callback(data).problems
    assert problem.kind is kind
    assert str(problem)
