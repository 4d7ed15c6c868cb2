"""Tests of parsed exchanges and callbacks: descriptions of answers, and the format of callbacks."""

from __future__ import annotations

from typing import cast

import msgspec
import pytest
from transcripts import Transcript, refusal, response_xml

from ciq_schemas.transcript.parsed import ParsedCallback, ParsedExchange, describe_response
from ciq_schemas.transcript.records import Body, CallbackReceived, Exchange

PAGE = "<!DOCTYPE html>\n<html><body>Welcome to nginx!</body></html>"


def described(body: str, *, status: int = 200, kind: str | None = "text/html") -> str:
    """Describes a response with a body and a Content-Type."""
    transcript = Transcript("probe").exchange("found", body, status=status).header("found", "Content-Type", kind)
    return describe_response(ParsedExchange(cast(Exchange, transcript.records[0])))


@pytest.mark.parametrize(
    ("body", "kind", "expected"),
    [
        (PAGE, "text/html", "HTTP 200, no API answer: text/html, begins '<!DOCTYPE html> <html><body>Welcome to n'"),
        ("<html><body/></html>", "text/html", "HTTP 200, no API answer: text/html, begins '<html><body/></html>'"),
        ("upstream down", None, "HTTP 200, no API answer: no Content-Type, begins 'upstream down'"),
        (response_xml(), "application/xml", "HTTP 200"),
        ("", None, "HTTP 200"),
    ],
)
def test_answers_of_other_servers_are_named(body: str, kind: str | None, expected: str) -> None:
    """A web page or plain text is named with its type and first bytes; API answers are not."""
    assert described(body, kind=kind) == expected


def test_error_code_is_named() -> None:
    """An Error document gives its code."""
    assert described(refusal("InvalidArgument"), status=400, kind="application/xml") == "HTTP 400 InvalidArgument"


@pytest.mark.parametrize("start", [b"", b"\xef\xbb\xbf", b"\xef\xbb\xbf\n", b" \n"])
def test_callback_with_a_byte_order_mark_is_json(start: bytes) -> None:
    """The same bytes are JSON for the format of a callback and for its content."""
    body = start + b'{"EventName": "TaskFinish", "JobsDetail": [{"JobId": "j1", "State": "Success"}]}'
    record = cast(CallbackReceived, Transcript("callback").callback("own", "").records[0])
    callback = ParsedCallback(_with_body(record, body))
    assert callback.is_json
    assert callback.job_ids == ("j1",)


def _with_body(record: CallbackReceived, body: bytes) -> CallbackReceived:
    return msgspec.structs.replace(record, body=Body.of(body))
