"""Formats requests, responses and callbacks as text, and makes a curl command that sends a request again.

Output is bounded; a note gives what was cut. Must not judge.
"""

import re
import shlex
from dataclasses import dataclass

import msgspec
from lxml import etree

from ciq_reports.sanitize import sanitize, size_in_words
from ciq_schemas.transcript.records import Body, CallbackReceived, Exchange, HeaderField

LONGEST_BODY = 6_000
"""Characters of a body that are shown."""
LONGEST_PRETTY = 256 * 1024
"""Bytes up to which a body is indented; a longer one is shown as received."""
LONGEST_CURL_BODY = 2_000
LONGEST_HEADER = 400
MOST_HEADERS = 40
_HEX_ROWS = 16
_DECLARATION = re.compile(rb"\s*<\?xml [^<>]{0,200}\?>")
_SECRET = frozenset({"authorization", "x-ci-security-token", "x-cos-security-token", "cookie"})
_HIDDEN = "***"
"""Text that redaction puts in place of a secret."""
_SET_BY_CURL = frozenset({"content-length", "connection", "accept-encoding", "accept", "user-agent"})


@dataclass(frozen=True, slots=True)
class Shown:
    """A body as text; `note` gives its size and how it is shown (indented, cut, binary)."""

    text: str
    note: str


NOTHING = Shown("", "")


def body_text(body: Body) -> Shown:
    """Returns a readable body: XML and JSON indented, other bytes as a hex dump, bounded in length."""
    data = body.data
    if not data:
        return Shown("", "empty")
    size = size_in_words(len(data))
    try:
        plain = data.decode("utf-8")
    except UnicodeDecodeError:
        return Shown(_hex(data), f"{size}, not UTF-8 text: first {min(len(data), 16 * _HEX_ROWS)} bytes")
    pretty = _indented(data) if len(data) <= LONGEST_PRETTY else None
    text = sanitize(plain[: 2 * LONGEST_BODY] if pretty is None else pretty[: 2 * LONGEST_BODY])
    how = size if pretty is None else f"{size}, indented"
    total = len(plain if pretty is None else pretty)
    if total > LONGEST_BODY:
        return Shown(text[:LONGEST_BODY] + "…", f"{how}, first {LONGEST_BODY} of {total} characters")
    return Shown(text, how)


def _indented(data: bytes) -> str | None:
    """Returns XML or JSON with line breaks; None for anything else, and for documents with a DTD."""
    data = data.removeprefix(b"\xef\xbb\xbf")
    start = data.lstrip()[:1]
    if start == b"<" and b"<!DOCTYPE" not in data:
        try:
            parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, remove_blank_text=True)
            root = etree.fromstring(data, parser)
        except (etree.XMLSyntaxError, ValueError):
            return None
        etree.indent(root)
        declaration = _DECLARATION.match(data)
        head = f"{declaration[0].decode('ascii', 'replace').strip()}\n" if declaration else ""
        return head + etree.tostring(root, encoding="unicode")
    if start in (b"{", b"["):
        try:
            return msgspec.json.format(data, indent=2).decode("utf-8")
        except (msgspec.DecodeError, RecursionError):
            return None
    return None


def _hex(data: bytes) -> str:
    rows = []
    for place in range(0, min(len(data), 16 * _HEX_ROWS), 16):
        part = data[place : place + 16]
        text = "".join(chr(byte) if 0x20 <= byte < 0x7F else "." for byte in part)
        rows.append(f"{place:08x}  {part.hex(' '):<47}  {text}")
    return "\n".join(rows)


def header_lines(headers: tuple[HeaderField, ...]) -> str:
    """Returns header fields one a line, bounded in number and length."""
    lines = [f"{name}: {value}" for name, value in headers[:MOST_HEADERS]]
    lines = [line if len(line) <= LONGEST_HEADER else line[:LONGEST_HEADER] + "…" for line in lines]
    if len(headers) > MOST_HEADERS:
        lines.append(f"… and {len(headers) - MOST_HEADERS} more header fields")
    return sanitize("\n".join(line.replace("\n", "␊").replace("\r", "␍") for line in lines))


def curl_line(exchange: Exchange) -> tuple[str, str]:
    """Returns a shell command that sends the request again, and a remark on what it omits (or empty).

    It never contains signatures and tokens.
    """
    words = ["curl", "-sS", "-i"]
    if exchange.method != "GET":
        words += ["-X", exchange.method]
    remarks = []
    for name, value in exchange.request_headers[:MOST_HEADERS]:
        lower = name.lower()
        if lower in _SECRET or _HIDDEN in value:
            remarks.append("the request was signed: sign it again, or disable the signature check")
        elif lower not in _SET_BY_CURL and len(value) <= LONGEST_HEADER:
            words += ["-H", f"{name}: {value}"]
    data = exchange.request_body.data
    if data:
        text = exchange.request_body.text
        if text and len(text) <= LONGEST_CURL_BODY and sanitize(text) == text:
            words += ["--data-binary", text]
        else:
            words += ["--data-binary", f"@request-{exchange.seq}.body"]
            remarks.append(f"the body is request_body of record {exchange.seq} in run.ndjson")
    words += ["--", exchange.url]
    return sanitize(" ".join(shlex.quote(word) for word in words)), "; ".join(dict.fromkeys(remarks))


def request_head(exchange: Exchange) -> str:
    """Returns request line and header fields."""
    return f"{sanitize(exchange.method)} {sanitize(exchange.url)[:2000]}\n{header_lines(exchange.request_headers)}"


def response_head(exchange: Exchange) -> str:
    """Returns status and header fields, or why no response was received."""
    if not exchange.status:
        return f"no response: {sanitize(exchange.error)[:1000]}"
    return f"{exchange.status}\n{header_lines(exchange.response_headers)}"


def arrival_head(arrival: CallbackReceived) -> str:
    """Returns request line and header fields of a callback."""
    return f"{sanitize(arrival.method)} {sanitize(arrival.target)[:2000]}\n{header_lines(arrival.headers)}"
