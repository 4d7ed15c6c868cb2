"""Callbacks as receivers meet them: documented results, the element order of the samples, a byte order mark."""

import pytest

from ciq_schemas import codec
from ciq_schemas.codec import Document, NoteKind, read_callback, validate

HEAD = (
    "<Code>Success</Code><CreationTime>2026-02-01T10:00:00+0800</CreationTime><EndTime>2026-02-01T10:00:09+0800"
    "</EndTime><Input><Object>in/one.png</Object></Input><JobId>a1</JobId><Message/>"
)
TAIL = "<QueueId>p1</QueueId><StartTime>2026-02-01T10:00:01+0800</StartTime><State>Success</State>"
RESULTS = {
    "Translation": "<AITranslateResult><Result>good day</Result></AITranslateResult><NoNeedOutput>true</NoNeedOutput>"
    "<Translation><Lang>en</Lang><Type>txt</Type></Translation>",
    "ExtractDigitalWatermark": "<ExtractDigitalWatermark><Message>mark-7</Message><Type>Text</Type><Version>V1"
    "</Version></ExtractDigitalWatermark><UserData>u</UserData>",
    "QualityEstimate": "<MediaResult><OutputFile/></MediaResult><QualityEstimate><Score>6.5</Score></QualityEstimate>",
    "ImageOCR": "<Detection><TextDetections><DetectedText>ok</DetectedText></TextDetections></Detection>",
    "PicProcess": "<JobLevel>0</JobLevel><Output><Bucket>b</Bucket><Object>o.png</Object><Region>r</Region></Output>",
}
"""Operation as in the samples: its elements in alphabetical order."""


def callback(tag: str) -> bytes:
    """A callback with its elements in the order of the samples."""
    detail = f"{HEAD}<Operation>{RESULTS[tag]}</Operation>{TAIL}<Tag>{tag}</Tag>"
    return f"<Response><EventName>TaskFinish</EventName><JobsDetail>{detail}</JobsDetail></Response>".encode()


@pytest.mark.parametrize("tag", RESULTS)
def test_callback_in_order_of_samples_is_read(tag: str) -> None:
    """The codec knows every element; it puts them in the order of the XSD, which the plain XSD would refuse."""
    decoded = read_callback(callback(tag))
    assert decoded.problems == ()
    assert {note.kind for note in decoded.notes} == {NoteKind.REORDERED}
    assert validate(Document.TASK_CALLBACK, codec.encode(Document.TASK_CALLBACK, decoded.value)) == ()


def test_byte_order_mark_is_read() -> None:
    """RFC 8259 8.1 lets a parser ignore it."""
    body = codec.encode_callback_json(read_callback(callback("Translation")).value)
    assert read_callback(b"\xef\xbb\xbf" + body).value == read_callback(body).value
