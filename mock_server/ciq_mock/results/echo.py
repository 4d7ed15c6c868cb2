"""Finds elements in the XML of an echoed Operation, and writes elements; works on bytes.

The mock has written the echo itself (elements without attributes, references for `&<>` and carriage returns only), so
a search for tags is enough. It is much faster than a parser, and every callback needs it.
Must not know features or results.
"""

from html import unescape

from ciq_schemas.codec.writing import escape


def section(xml: bytes, name: bytes) -> bytes:
    """Return the content of the first element `name`, child elements included; b"" when there is none."""
    start = xml.find(b"<%b>" % name)
    if start < 0:
        return b""
    start += len(name) + 2
    end = xml.find(b"</%b>" % name, start)
    return b"" if end < 0 else xml[start:end]


def last_section(xml: bytes, name: bytes) -> bytes:
    """Return the content of the last element `name`; b"" when there is none."""
    end = xml.rfind(b"</%b>" % name)
    start = xml.rfind(b"<%b>" % name, 0, end) if end > 0 else -1
    return b"" if start < 0 else xml[start + len(name) + 2 : end]


def text(xml: bytes, name: bytes) -> bytes:
    """Return the escaped text of the first element `name`; b"" when there is none or it has child elements."""
    start = xml.find(b"<%b>" % name)
    if start < 0:
        return b""
    start += len(name) + 2
    end = xml.find(b"<", start)
    return xml[start:].strip() if end < 0 else xml[start:end].strip()


def texts(xml: bytes, name: bytes) -> list[bytes]:
    """Return the texts of all elements `name` that are not empty."""
    parts = xml.split(b"<%b>" % name)[1:]
    return [found for part in parts if (found := part.partition(b"<")[0].strip())]


def number(xml: bytes, name: bytes, default: int) -> int:
    """Return the whole number in the first element `name`, or the default when there is none."""
    found = text(xml, name)
    return int(found) if found.isdigit() and len(found) < 10 else default


def element(name: bytes, *content: bytes) -> bytes:
    """Return an element with content that is XML."""
    inside = b"".join(content)
    return b"<%b>%b</%b>" % (name, inside, name) if inside else b"<%b/>" % name


def plain(escaped: bytes) -> str:
    """Return escaped character data as text."""
    return unescape(escaped.decode("utf-8", "replace")) if b"&" in escaped else escaped.decode("utf-8", "replace")


def escaped(plain_text: str) -> bytes:
    """Return text as escaped character data."""
    return escape(plain_text).encode("utf-8", "replace")
