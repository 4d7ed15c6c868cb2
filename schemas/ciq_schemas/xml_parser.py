"""Safe parsing of XML that comes from outside: bytes in, lxml element out.

Knows limits and what is refused. Must not know any document of the service.
Nothing is ever resolved or fetched: a DTD is refused before the parser sees it, and with it every entity;
a style sheet instruction, the other way to point outside, likewise. Comments and processing instructions are
dropped. The bytes given to libxml2 are always UTF-8, so the searches below cannot be evaded by another encoding.
"""

import re
import threading
from typing import NamedTuple

from lxml import etree

MAX_BYTES = 8 * 1024 * 1024
MAX_ELEMENTS = 200_000
"""Of answers and callbacks: a document job shows up to 5000 pages, a page of a list up to 100 jobs."""
MAX_REQUEST_BYTES = 1024 * 1024
MAX_REQUEST_ELEMENTS = 50_000
"""Of what strangers send to a server."""
MAX_DEPTH = 32

_DECLARED_ENCODING = re.compile(
    rb"""\A(?:\xef\xbb\xbf)?<\?xml[^>]{0,60}?encoding\s{0,9}=\s{0,9}["']([A-Za-z0-9._\-]{1,40})["']"""
)
_NATIVE_ENCODINGS = frozenset({"utf-8", "utf8", "us-ascii", "ascii"})
_OTHER_ENCODINGS = frozenset({"utf-16", "iso-8859-1", "latin1", "windows-1252", "gb2312", "gbk", "gb18030"})
_USUAL_STARTS = (b'<?xml version="1.0" encoding="utf-8"?>', b'<?xml version="1.0" encoding="UTF-8"?>', b"<Re")
"""Documents that begin so need no closer look at their encoding."""
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")


class RefusedDocument(ValueError):  # noqa: N818 - the three below are named for what came, not for us
    """Base of what `parse` raises. `line` and `column` count from 1; 0 where there is no place to point at."""

    def __init__(self, reason: str, *, line: int = 0, column: int = 0) -> None:
        super().__init__(f"line {line}, column {column}: {reason}" if line else reason)
        self.reason = reason
        self.line = line
        self.column = column


class MalformedDocument(RefusedDocument):
    """Not well-formed XML, or empty, or in an encoding that is not read here."""


class OversizedDocument(RefusedDocument):
    """More bytes, elements or levels than allowed."""


class ForbiddenDocument(RefusedDocument):
    """Well-formed perhaps, but with a DTD or a style sheet instruction."""


class _ParserPerThread(threading.local):
    """lxml parsers carry state from call to call, so each thread has its own."""

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
    """No namespace is declared anywhere, so no attribute of the tree can send a validator to other files."""


def parse(data: bytes, *, max_bytes: int = MAX_BYTES, max_elements: int = MAX_ELEMENTS) -> etree._Element:
    """Return the root element of `data`, without comments and processing instructions.

    Raises MalformedDocument, OversizedDocument or ForbiddenDocument; nothing else.
    """
    return parse_document(data, max_bytes=max_bytes, max_elements=max_elements).root


def parse_document(data: bytes, *, max_bytes: int = MAX_BYTES, max_elements: int = MAX_ELEMENTS) -> Parsed:
    """As `parse`, and tell whether the document is free of namespaces."""
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
    # A document of n levels has 2n tags, so small ones need no second look.
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
    """The same document in UTF-8. Every XML reader knows UTF-16 too; the rest is what servers here may use."""
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
        raise MalformedDocument(f"encoding {name} is not read here; expected utf-8", line=1, column=1)
    try:
        return data.decode(name).encode("utf-8")
    except UnicodeError as error:
        raise MalformedDocument(f"not in the declared encoding {name}: {error}", line=1, column=1) from error


def _prolog_has(data: bytes, mark: bytes) -> bool:
    """Tell whether `mark` stands before the root element, where it means something (in CDATA it does not)."""
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
    """libxml2's words without the place, which is told apart."""
    return (message or "not well-formed").partition(", line ")[0]
