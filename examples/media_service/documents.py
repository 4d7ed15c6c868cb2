"""Reads and writes the documents of the service: request bodies, XML answers, callbacks in XML and JSON, times."""

import json
from datetime import datetime, timedelta, timezone
from xml.etree import ElementTree as ET

ZONE = timezone(timedelta(hours=8))
TIME_FORMAT = "%Y-%m-%dT%H:%M:%S%z"


class ApiError(Exception):
    """A rejected request."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.code, self.message, self.status = code, message, status


def element(name: str, *children: ET.Element, **leaves: object) -> ET.Element:
    """Returns an element with children: one with text for each of `leaves`, then `children`."""
    made = ET.Element(name)
    made.extend(leaf(key, str(value)) for key, value in leaves.items())
    made.extend(children)
    return made


def leaf(name: str, text: str) -> ET.Element:
    """Returns an element with text."""
    made = ET.Element(name)
    made.text = text
    return made


def to_xml(root: ET.Element) -> bytes:
    """Returns the document with a declaration and without added blanks."""
    return b'<?xml version="1.0" encoding="utf-8"?>\n' + ET.tostring(root, encoding="unicode").encode()


def to_json(event: str, detail: ET.Element) -> bytes:
    """Returns a callback in JSON: no Response around it, JobsDetail as an array, every value a string."""
    return json.dumps({"EventName": event, "JobsDetail": [_value(detail)]}, ensure_ascii=False).encode()


def _value(node: ET.Element) -> object:
    """Returns an element as a JSON value: repeated elements become an array, empty ones are omitted."""
    if not len(node):
        return node.text or ""
    made: dict[str, object] = {}
    for name in dict.fromkeys(child.tag for child in node):
        if values := [value for child in node.findall(name) if (value := _value(child))]:
            made[name] = values[0] if len(values) == 1 else values
    return made


def read_request(body: bytes) -> ET.Element:
    """Returns the root of a request body; rejects an empty, malformed or other document."""
    if not body.strip():
        raise ApiError("MissingContent", "the request has no body")
    if b"<!DOCTYPE" in body:
        raise ApiError("InvalidContent", "a document type definition is not allowed")
    try:
        root = ET.fromstring(body)  # noqa: S314 - without a document type definition there are no entities
    except ET.ParseError as error:
        raise ApiError("InvalidContent", f"the body is not well-formed XML: {error}") from None
    if root.tag != "Request":
        raise ApiError("InvalidContent", f"the root element is {root.tag}, expected Request")
    return root


def write_time(seconds: int | None) -> str:
    """Returns a time in whole seconds as the pages write it; a dash for a time that is not set."""
    return "-" if seconds is None else datetime.fromtimestamp(seconds, ZONE).strftime(TIME_FORMAT)


def read_time(text: str) -> int:
    """Returns a time in seconds; it may be in any zone."""
    try:
        return int(datetime.strptime(text, TIME_FORMAT).timestamp())  # noqa: DTZ007 - the format has a zone
    except ValueError:
        raise ApiError("InvalidArgument", f"{text!r} is not a time like 2026-01-05T09:00:00+0800") from None
