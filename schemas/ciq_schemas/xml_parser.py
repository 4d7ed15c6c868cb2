"""Parses XML from untrusted sources safely: bytes in, lxml element out.

Enforces limits. Must not know any document of the service. It resolves and fetches nothing: it rejects a DTD (and with
it every entity) and a style sheet instruction before the parser reads them. It drops comments and processing
instructions. libxml2 always receives UTF-8, so that another encoding cannot evade the searches below.
"""

import re
import threading
from typing import NamedTuple

from lxml import etree

MAX_BYTES = 8 * 1024 * 1024
MAX_ELEMENTS = 200_000
"""Limit for responses and callbacks: a document job has up to 5000 pages, a page of a list up to 100 jobs."""
MAX_REQUEST_BYTES = 1024 * 1024
MAX_REQUEST_ELEMENTS = 50_000
"""Limit for requests that a server receives."""
MAX_DEPTH = 32

_DECLARED_ENCODING = re.compile(
    rb"""\A(?:\xef\xbb\xbf)?<\?xml[^>]{0,60}?encoding\s{0,9}=\s{0,9}["']([A-Za-z0-9._\-]{1,40})["']"""
)
_NATIVE_ENCODINGS = frozenset({"utf-8", "utf8", "us-ascii", "ascii"})
_OTHER_ENCODINGS = frozenset({"utf-16", "iso-8859-1", "latin1", "windows-1252", "gb2312", "gbk", "gb18030"})
_USUAL_STARTS = (b'<?xml version="1.0" encoding="utf-8"?>', b'<?xml version="1.0" encoding="UTF-8"?>', b"<Re")
"""Documents with these beginnings need no check of their encoding."""
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")


class RefusedDocument(ValueError):  # noqa: N818 - the three below describe the document, not an error of the kit
    """Base of what `parse` raises. `line` and `column` count from 1; 0 when unknown."""

    def __init__(self, reason: str, *, line: int = 0, column: int = 0) -> None:
        super().__init__(f"line {line}, column {column}: {reason}" if line else reason)
        self.reason = reason
        self.line = line
        self.column = column


class MalformedDocument(RefusedDocument):
    """Not well-formed XML, or empty, or in an unsupported encoding."""


class OversizedDocument(RefusedDocument):
    """The document has more bytes, elements or levels than allowed."""


class ForbiddenDocument(RefusedDocument):
    """The document has a DTD or a style sheet instruction."""


class _ParserPerThread(threading.local):
    """Holds one lxml parser per thread: a parser keeps state between calls."""

    def __init__(self) -> None:
        self.parser = etree.XMLParser(
            encoding="utf-8",
            resolve_entities=False,
            no_network=True,
            load_dtd=False,
            dtd_validation=False,
            attribute_defaults=False,
            huge_tree=False,
            remove_comments=True,
            remove_pis=True,
            collect_ids=False,
        )


_LOCAL = _ParserPerThread()
_TOO_DEEP = etree.XPath("boolean(" + "/*" * (MAX_DEPTH + 1) + ")", smart_strings=False)
_ELEMENT_COUNT = etree.XPath("count(//*)", smart_strings=False)


class Parsed(NamedTuple):
    """A parsed document."""

    root: etree._Element
    plain: bool
    """The document declares no namespace, so that no attribute can make a validator read other files."""


def parse(data: bytes, *, max_bytes: int = MAX_BYTES, max_elements: int = MAX_ELEMENTS) -> etree._Element:
    """Returns the root element of `data`, without comments and processing instructions.

    Raises MalformedDocument, OversizedDocument or ForbiddenDocument; nothing else.
    """
    return parse_document(data, max_bytes=max_bytes, max_elements=max_elements).root


def parse_document(data: bytes, *, max_bytes: int = MAX_BYTES, max_elements: int = MAX_ELEMENTS) -> Parsed:
    """Parses as `parse` and also returns whether the document is free of namespaces."""
    if len(data) > max_bytes:
        raise OversizedDocument(f"{len(data)} bytes, more than the {max_bytes} allowed")
    if not data or data.isspace():
        raise MalformedDocument("the document is empty")
    data = _as_utf8(data)
    if b"<!DOCTYPE" in data and _prolog_has(data, b"<!DOCTYPE"):
        raise ForbiddenDocument("a document type declaration is not accepted")
    if b"<?xml-stylesheet" in data and _prolog_has(data, b"<?xml-stylesheet"):
        raise ForbiddenDocument("a style sheet instruction is not accepted")
    try:
        root = etree.fromstring(data, _LOCAL.parser)
    except etree.XMLSyntaxError as error:
        line, column = error.lineno or 0, (error.offset or 0) + 1
        raise MalformedDocument(_first_sentence(error.msg), line=line, column=column) from error
    # A document of n levels has 2n tags, so small documents need no check.
    if data.count(b"<") > 2 * MAX_DEPTH:
        _check_limits(root, max_elements)
    return Parsed(root, b"xmlns" not in data)


def _check_limits(root: etree._Element, max_elements: int) -> None:
    if _TOO_DEEP(root):
        raise OversizedDocument(f"more than {MAX_DEPTH} levels of elements")
    count = _ELEMENT_COUNT(root)
    if isinstance(count, float) and count > max_elements:
        raise OversizedDocument(f"{count:.0f} elements, more than the {max_elements} allowed")


def _as_utf8(data: bytes) -> bytes:
    """Returns the document in UTF-8. Every XML reader supports UTF-16 too; servers may use the other encodings."""
    if data.startswith(_USUAL_STARTS):
        return data
    if data[:2] in _UTF16_MARKS:
        name = "utf-16"
    else:
        declared = _DECLARED_ENCODING.match(data)
        if declared is None:
            return data
        name = declared[1].decode("ascii").lower()
        if name in _NATIVE_ENCODINGS:
            return data
    if name not in _OTHER_ENCODINGS:
        raise MalformedDocument(f"encoding {name} is not supported; expected utf-8", line=1, column=1)
    try:
        return data.decode(name).encode("utf-8")
    except UnicodeError as error:
        raise MalformedDocument(f"not in the declared encoding {name}: {error}", line=1, column=1) from error


def _prolog_has(data: bytes, mark: bytes) -> bool:
    """Returns whether `mark` occurs before the root element; elsewhere, as in CDATA, it has no effect."""
    at = 3 if data.startswith(b"\xef\xbb\xbf") else 0
    while True:
        while data[at : at + 1].isspace():
            at += 1
        if data.startswith(mark, at):
            return True
        if data.startswith(b"<!--", at):
            end = data.find(b"-->", at + 4) + 3
        elif data.startswith(b"<?", at):
            end = data.find(b"?>", at + 2) + 2
        else:
            return data.startswith(b"<!DOCTYPE", at)
        if end <= at:
            return False
        at = end


def _first_sentence(message: str | None) -> str:
    """Returns libxml2's message without the position, which is a separate value."""
    return (message or "not well-formed").partition(", line ")[0]
