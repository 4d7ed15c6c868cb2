"""Every writer accepts arbitrary bytes and text of a target, and its output can be parsed."""

import io
from itertools import chain

import msgspec
import pytest
import small_run as run
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from lxml import html as lxml_html
from rich.console import Console

from ciq_reports import html, junit, summary_markdown, wire_text
from ciq_reports.console import ConsoleReporter
from ciq_reports.sanitize import one_line, sanitize
from ciq_reports.transcript import RunView
from ciq_schemas.transcript.records import AnyRecord, Body, CallbackReceived, Exchange, Verdict

XML_START = b"<Response><JobsDetail><JobId>j1</JobId><State>Running</State>"
BODIES = st.one_of(
    st.binary(max_size=200),
    st.text(max_size=100).map(lambda text: text.encode("utf-8")),
    st.binary(max_size=60).map(lambda data: XML_START + data),
    st.binary(max_size=60).map(lambda data: b'{"EventName":"TaskFinish","JobsDetail":[' + data),
    st.sampled_from(
        [
            b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>",
            b"\xef\xbb\xbf<Response/>",
            b"\xff\xfe<\x00R\x00/\x00>\x00",
            b"[" * 5000,
            b"<a>" * 2000,
            b"{" + b'"a":{' * 2000,
            b'{"a": 1e999}',
            b"\x00",
        ]
    ),
)
TEXTS = st.text(st.characters(codec="utf-8"), max_size=60)


def rendered(records: list[AnyRecord]) -> None:
    """Write every report of the records and parse the output."""
    view = RunView.of(records)
    page = html.render(view)
    assert lxml_html.document_fromstring(page.encode("utf-8")).tag == "html"
    etree.fromstring(junit.render(view))
    summary_markdown.render(view).encode("utf-8")
    stream = io.StringIO()
    reporter = ConsoleReporter(Console(file=stream, width=80))
    for record in records:
        reporter.feed(record)
    assert "\x1b" not in stream.getvalue()


@settings(max_examples=30, deadline=None)
@given(st.lists(BODIES, min_size=1, max_size=4))
def test_arbitrary_body_is_written(bodies: list[bytes]) -> None:
    """Request, response and callback bodies are arbitrary bytes."""
    parts = chain.from_iterable(iter(lambda: bodies, None))
    records: list[AnyRecord] = []
    for record in run.RUN:
        match record:
            case Exchange():
                changed = msgspec.structs.replace(
                    record, request_body=Body.of(next(parts)), response_body=Body.of(next(parts))
                )
                records.append(changed)
            case CallbackReceived():
                records.append(msgspec.structs.replace(record, body=Body.of(next(parts))))
            case _:
                records.append(record)
    rendered(records)


@settings(max_examples=30, deadline=None)
@given(TEXTS)
def test_arbitrary_text_is_written(text: str) -> None:
    """Fields of verdicts, steps, headers and marks are arbitrary text."""
    records: list[AnyRecord] = []
    for record in run.RUN:
        match record:
            case Exchange():
                fields = (("X-Any", text), (text, "value"))
                records.append(
                    msgspec.structs.replace(
                        record, step=text, url=run.URL + "/" + text, response_headers=fields, request_headers=fields
                    )
                )
            case Verdict():
                records.append(
                    msgspec.structs.replace(record, seen=text, reason=text, title=text, expected=text, clause=text)
                )
            case _:
                records.append(record)
    rendered(records)


@given(st.text())
def test_printable_text_is_valid_xml(text: str) -> None:
    """It has no control characters but tab and line feed."""
    shown = sanitize(text)
    etree.fromstring(f"<a>{shown.replace('&', '').replace('<', '')}</a>".encode())
    assert all(char >= " " or char in "\t\n" for char in shown)
    assert "\n" not in one_line(text)


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"<a><b>1</b></a>", "<a>\n  <b>1</b>\n</a>"),
        (b'{"a":[1]}', '{\n  "a": [\n    1\n  ]\n}'),
        (b"plain", "plain"),
        (b"<a>", "<a>"),
    ],
)
def test_xml_and_json_bodies_are_indented(data: bytes, text: str) -> None:
    """Other bodies are shown unchanged."""
    assert wire_text.body_text(Body.of(data)).text == text


def test_document_with_dtd_is_shown_unparsed() -> None:
    """Entities are not expanded."""
    bomb = b"<!DOCTYPE a [<!ENTITY b 'expanded'>]><a>&b;</a>"
    assert wire_text.body_text(Body.of(bomb)).text == bomb.decode()


def test_binary_body_is_shown_in_hexadecimal() -> None:
    """The dump has the size."""
    shown = wire_text.body_text(Body.of(b"\xff\x00ab" * 200))
    assert shown.text.startswith("00000000  ff 00 61 62")
    assert shown.note == "800 bytes, not UTF-8 text: first 256 bytes"


def test_curl_line_quotes_body() -> None:
    """A body with quotes and dollars reaches the shell as one argument."""
    made = run.submit(5, 1.0, run.FIRST, "x", 0)
    made = msgspec.structs.replace(made, request_body=Body.of(b"<a>'$(rm -rf /)'</a>"))
    line, remark = wire_text.curl_line(made)
    assert line.endswith(f"--data-binary '<a>'\"'\"'$(rm -rf /)'\"'\"'</a>' -- {run.URL}/jobs")
    assert "signed" in remark
