"""What an exchange shows on its surface: headers, asked parameters, and the elements of its answer as they stand.

For what the typed values leave out: how an element was spelled, which root it had, what was asked. Pure.
"""

from collections.abc import Mapping
from functools import lru_cache
from urllib.parse import parse_qsl, urlsplit

from lxml import etree

from ciq_schemas import xml_parser
from ciq_schemas.operations import operation_of
from ciq_schemas.transcript.parsed import ParsedExchange
from ciq_schemas.transcript.records import Exchange, Header, HeaderField


def header(fields: tuple[HeaderField, ...], name: str) -> str | None:
    """Value of the first header of that name, in whatever letters; None when there is none."""
    wanted = name.lower()
    return next((value for key, value in fields if key.lower() == wanted), None)


def answer_header(response: ParsedExchange, name: str) -> str | None:
    """A header of the answer."""
    return header(response.exchange.response_headers, name)


def media_type(response: ParsedExchange) -> str:
    """`application/xml` of `Application/XML; charset=utf-8`; empty without a Content-Type."""
    return (answer_header(response, "content-type") or "").split(";")[0].strip().lower()


def query_value(exchange: Exchange, parameter: str) -> str | None:
    """Value of a query parameter as the suite sent it, None when it was not sent."""
    pairs = parse_qsl(urlsplit(exchange.url).query, keep_blank_values=True)
    return next((value for name, value in pairs if name == parameter), None)


def requested_job_id(exchange: Exchange) -> str:
    """The last part of the path: the id, or ids, that a describe, cancel or update names."""
    return urlsplit(exchange.url).path.rpartition("/")[2]


def operation_kind(exchange: Exchange) -> str:
    """The recorded operation; for a request made by hand the one that its method and path name, else empty."""
    if exchange.operation:
        return exchange.operation
    found = operation_of(exchange.method, urlsplit(exchange.url).path)
    return found.kind if found is not None else ""


def text(value: str | None) -> str:
    """A value without white space around it; empty when absent."""
    return (value or "").strip()


def number(value: str | None) -> int | None:
    """A decimal number without sign, None for anything else."""
    stripped = text(value)
    return int(stripped) if stripped.isascii() and stripped.isdigit() and len(stripped) < 19 else None


@lru_cache(maxsize=512)
def root_of(data: bytes) -> etree._Element | None:
    """Root of an XML document, None when the bytes are none."""
    try:
        return xml_parser.parse(data)
    except xml_parser.RefusedDocument:
        return None


def name_of(element: etree._Element) -> str:
    """Element name without namespace."""
    return etree.QName(element).localname


def children(element: etree._Element | None, name: str | None = None) -> list[etree._Element]:
    """Child elements (of that name), comments and the like left out."""
    if element is None:
        return []
    return [c for c in element if isinstance(c.tag, str) and (name is None or name_of(c) == name)]


def child_text(element: etree._Element | None, name: str) -> str | None:
    """Text of the first child of that name, stripped; None when there is no such child."""
    found = children(element, name)
    return "".join(str(part) for part in found[0].itertext()).strip() if found else None


def response_root(response: ParsedExchange) -> etree._Element | None:
    """The `Response` root of an answer, None when the answer is no such document."""
    root = root_of(response.exchange.response_body.data)
    return root if root is not None and name_of(root) == "Response" else None


def texts(element: etree._Element) -> Mapping[str, str]:
    """Texts of the children by name."""
    return {name_of(child): "".join(str(part) for part in child.itertext()).strip() for child in children(element)}


def bucket_in(records: object) -> str:
    """The bucket that the run's header names, empty when the records have no header."""
    if isinstance(records, (list, tuple)):
        for record in records:
            if isinstance(record, Header):
                return record.target.bucket
    return ""
