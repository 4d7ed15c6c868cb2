"""Reads headers, request parameters and the unchanged XML elements of an exchange. Pure.

Use it for what the typed values do not contain: the spelling of an element, the root element, the request.
"""

from collections.abc import Mapping
from functools import lru_cache
from urllib.parse import parse_qsl, urlsplit

from lxml import etree

from ciq_schemas import xml_parser
from ciq_schemas.operations import operation_of, service_path
from ciq_schemas.transcript.parsed import ParsedExchange
from ciq_schemas.transcript.records import Exchange, Header, HeaderField


def header(fields: tuple[HeaderField, ...], name: str) -> str | None:
    """Returns the value of the first header of that name, upper or lower case; None without one."""
    wanted = name.lower()
    return next((value for key, value in fields if key.lower() == wanted), None)


def answer_header(response: ParsedExchange, name: str) -> str | None:
    """Returns a header of the response."""
    return header(response.exchange.response_headers, name)


def media_type(response: ParsedExchange) -> str:
    """Returns `application/xml` for `Application/XML; charset=utf-8`; empty without a Content-Type."""
    return (answer_header(response, "content-type") or "").split(";")[0].strip().lower()


def query_value(exchange: Exchange, parameter: str) -> str | None:
    """Returns a query parameter as the suite sent it, None when it was not sent."""
    pairs = parse_qsl(urlsplit(exchange.url).query, keep_blank_values=True)
    return next((value for name, value in pairs if name == parameter), None)


def requested_job_id(exchange: Exchange) -> str:
    """Returns the last part of the path: the id, or ids, that a describe, cancel or update names."""
    return urlsplit(exchange.url).path.rpartition("/")[2]


def operation_kind(exchange: Exchange) -> str:
    """Returns the recorded operation; for a raw request the operation of its method and path, else empty."""
    if exchange.operation:
        return exchange.operation
    found = operation_of(exchange.method, service_path(exchange.method, urlsplit(exchange.url).path))
    return found.kind if found is not None else ""


def text(value: str | None) -> str:
    """Returns a value without white space around it; empty when absent."""
    return (value or "").strip()


def number(value: str | None) -> int | None:
    """Returns a decimal number without sign, None for anything else."""
    stripped = text(value)
    return int(stripped) if stripped.isascii() and stripped.isdigit() and len(stripped) < 19 else None


@lru_cache(maxsize=512)
def root_of(data: bytes) -> etree._Element | None:
    """Returns the root of an XML document, None when the bytes are none."""
    try:
        return xml_parser.parse(data)
    except xml_parser.RefusedDocument:
        return None


def name_of(element: etree._Element) -> str:
    """Returns the element name without namespace."""
    return etree.QName(element).localname


def children(element: etree._Element | None, name: str | None = None) -> list[etree._Element]:
    """Returns the child elements (of that name), without comments and processing instructions."""
    if element is None:
        return []
    return [c for c in element if isinstance(c.tag, str) and (name is None or name_of(c) == name)]


def child_text(element: etree._Element | None, name: str) -> str | None:
    """Returns the text of the first child of that name, stripped; None without such a child."""
    found = children(element, name)
    return "".join(str(part) for part in found[0].itertext()).strip() if found else None


def response_root(response: ParsedExchange) -> etree._Element | None:
    """Returns the `Response` root of a response, None when the body has no such root."""
    root = root_of(response.exchange.response_body.data)
    return root if root is not None and name_of(root) == "Response" else None


def texts(element: etree._Element) -> Mapping[str, str]:
    """Returns the texts of the children by name."""
    return {name_of(child): "".join(str(part) for part in child.itertext()).strip() for child in children(element)}


def bucket_in(records: object) -> str:
    """Returns the bucket in the run's header, empty when the records have no header."""
    if isinstance(records, (list, tuple)):
        for record in records:
            if isinstance(record, Header):
                return record.target.bucket
    return ""
