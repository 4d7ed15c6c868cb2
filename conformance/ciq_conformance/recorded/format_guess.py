"""Guesses the format of recorded material from its first bytes, as the codec does. Pure.

JSON or XML is decided by `codec.looks_like_json` alone, so that this module, the codec and the judge always agree.
"""

import re
from dataclasses import dataclass

import msgspec
from lxml import etree

from ciq_conformance.recorded.recording import RecordedFormat, UnreadableFileError
from ciq_schemas import xml_parser
from ciq_schemas.codec import Document, looks_like_json

_BLANK = b"\xef\xbb\xbf \t\r\n"
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_GZIP = b"\x1f\x8b"
_HAR = re.compile(rb'\{\s*"log"\s*:')
_ROOTLESS = (b"<EventName", b"<WorkflowExecution")
_ENDED = frozenset({"Success", "Failed"})
_SHOWN = 24

_ANSWERS = (
    ("QueueList", Document.QUEUE_LIST),
    ("NonExistPIDs", Document.QUEUE_LIST),
    ("Queue", Document.QUEUE_UPDATE_ANSWER),
    ("JobsDetail", Document.JOB_ANSWER),
    ("NonExistJobIds", Document.JOB_ANSWER),
    ("MediaWorkflowList", Document.WORKFLOW_LIST),
    ("MediaWorkflow", Document.WORKFLOW_ANSWER),
    ("WorkflowExecutionList", Document.RUN_LIST),
    ("WorkflowExecution", Document.RUN_DETAIL),
    ("InstanceId", Document.WORKFLOW_TRIGGERED),
    ("TemplateList", Document.TEMPLATE_LIST),
    ("Template", Document.TEMPLATE_ANSWER),
    ("PlayKeyList", Document.PLAY_KEY_ANSWER),
)
"""Child of `Response` by which an answer is recognized."""


@dataclass(frozen=True, slots=True)
class Guess:
    """A format, and the words that say why."""

    format: RecordedFormat
    why: str


def guess(head: bytes) -> Guess:
    """Returns the format of a file that begins with `head`, which contains its first line or more.

    Raises UnreadableFileError for an empty file, gzip, and what is neither XML nor JSON.
    """
    body = head.lstrip(_BLANK)
    if not body:
        raise UnreadableFileError("the file is empty")
    if head.startswith(_GZIP):
        raise UnreadableFileError("the file is gzip-compressed: decompress it first (gunzip)")
    if looks_like_json(head):
        return _guess_json(body)
    if body.startswith(b'"'):
        return Guess(RecordedFormat.NDJSON, "the first line is a JSON string")
    if body.startswith(b"<") or head[:2] in _UTF16_MARKS:
        return _guess_xml(head)
    shown = body[:_SHOWN].decode("utf-8", "backslashreplace")
    raise UnreadableFileError(f"neither XML nor JSON: the file begins with {shown!r}")


def _guess_json(body: bytes) -> Guess:
    if _HAR.match(body):
        return Guess(RecordedFormat.HAR, "a JSON object with the member log")
    line, _, rest = body.partition(b"\n")
    first = _object(line)
    if first is not None and first.get("kind") == "header":
        return Guess(RecordedFormat.RUN, "the first line is the header of a run file")
    if first is not None and rest.strip():
        return Guess(RecordedFormat.NDJSON, "each line is a JSON object")
    if first is not None and first.get("kind") in ("exchange", "arrival"):
        return Guess(RecordedFormat.NDJSON, "the line is a record of a run file")
    return Guess(RecordedFormat.CALLBACK, "one JSON value")


def _object(line: bytes) -> dict[str, object] | None:
    try:
        found = msgspec.json.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _guess_xml(head: bytes) -> Guess:
    """Guesses by the names of the elements; a document that is cut or malformed is judged as a callback."""
    if head.lstrip(_BLANK).startswith(_ROOTLESS):
        return Guess(RecordedFormat.CALLBACK, "a callback without the root Response")
    try:
        root = xml_parser.parse(head)
    except xml_parser.RefusedDocument:
        is_answer = re.search(rb"<Error[\s>]|<RequestId[\s>]", head[:4096]) is not None
        is_callback = b"<EventName" in head
        if is_answer and not is_callback:
            return Guess(RecordedFormat.ANSWER, "XML with the beginning of an answer")
        return Guess(RecordedFormat.CALLBACK, "XML")
    names = [etree.QName(child).localname for child in root]
    if etree.QName(root).localname in ("Error", "Request"):
        return Guess(RecordedFormat.ANSWER, f"the root is {etree.QName(root).localname}")
    if "EventName" in names:
        return Guess(RecordedFormat.CALLBACK, "it has EventName")
    if "JobsDetail" in names and "RequestId" not in names:
        states = {(state.text or "").strip() for state in root.iterfind("JobsDetail/State")}
        if states and states <= _ENDED:
            return Guess(RecordedFormat.CALLBACK, "jobs that have ended, without RequestId: the older form")
    if answer_document(root) is not None:
        return Guess(RecordedFormat.ANSWER, "an answer without EventName")
    return Guess(RecordedFormat.CALLBACK, "XML that is no known answer")


def answer_document(root: etree._Element) -> Document | None:
    """Returns the document that an answer is, by its root and children; None for an unknown one."""
    if etree.QName(root).localname == "Error":
        return Document.ERROR
    if etree.QName(root).localname != "Response":
        return None
    names = {etree.QName(child).localname for child in root}
    return next((document for name, document in _ANSWERS if name in names), None)
