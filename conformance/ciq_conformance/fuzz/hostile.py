"""Hostile bodies, paths and headers, each with a name. All are small, so that rejecting them is cheap. Pure."""

import gzip
from collections.abc import Iterator

from ciq_conformance.fuzz.fuzz_request import FuzzRequest

DEEP = 5_000
HUGE = 600_000
_LAUGHS = b"".join(b'<!ENTITY l%d "%s">' % (n, b"&l%d;" % (n - 1) * 10) for n in range(1, 9))


def bodies(valid: bytes) -> dict[str, bytes]:
    """Returns variants of a valid body (root Request) that may break a parser."""
    bare = valid[valid.index(b"<Request>") :]
    inside = bare.removeprefix(b"<Request>").removesuffix(b"</Request>")

    def extra(text: bytes) -> bytes:
        return b"<Request>" + inside + b"<X>" + text + b"</X></Request>"

    return {
        "entity bomb": b'<!DOCTYPE Request [<!ENTITY l0 "ha">' + _LAUGHS + b"]>" + extra(b"&l8;"),
        "entity loop": b'<!DOCTYPE Request [<!ENTITY a "&b;"><!ENTITY b "&a;">]>' + extra(b"&a;"),
        "external entity": b'<!DOCTYPE Request [<!ENTITY x SYSTEM "file:///etc/hostname">]>' + extra(b"&x;"),
        "external DTD": b'<!DOCTYPE Request SYSTEM "file:///dev/null">' + bare,
        "depth": b"<Request>" + b"<a>" * DEEP + b"</a>" * DEEP + b"</Request>",
        "unclosed depth": b"<Request>" + b"<a>" * DEEP,
        "huge text": extra(b"u" * HUGE),
        "huge name": b"<Request><" + b"n" * 60_000 + b"/></Request>",
        "many attributes": b"<Request "
        + b" ".join(b'a%d=""' % n for n in range(3_000))
        + b">"
        + inside
        + b"</Request>",
        "many elements": b"<Request>" + b"<Operation/>" * 5_000 + b"</Request>",
        "a thousand namespaces": b"<Request " + b" ".join(b'xmlns:n%d="u"' % n for n in range(1_000)) + b"/>",
        "UTF-16": b"\xff\xfe" + bare.decode().encode("utf-16-le"),
        "UTF-16 without byte order mark": bare.decode().encode("utf-16-be"),
        "UTF-32": bare.decode().encode("utf-32"),
        "EBCDIC": bare.decode().encode("cp037"),
        "unknown encoding": b'<?xml version="1.0" encoding="x-no-such"?>' + bare,
        "wrong declared encoding": b'<?xml version="1.0" encoding="UTF-16"?>' + bare,
        "XML 1.1": b'<?xml version="1.1"?>' + bare,
        "NUL": extra(b"a\x00b"),
        "NUL by reference": extra(b"&#0;"),
        "surrogate by reference": extra(b"&#xD800;"),
        "lone surrogate": extra(b"\xed\xa0\x80"),
        "code point beyond Unicode": extra(b"&#x7FFFFFFF;"),
        "reference to a noncharacter": extra(b"&#xFFFF;"),
        "broken UTF-8": extra(b"\xc3\x28\xff"),
        "overlong UTF-8": extra(b"\xc0\xaf"),
        "control characters": extra(b"\x01\x02\x1b[31m"),
        "unknown entity": extra(b"&nbsp;"),
        "two roots": bare + bare,
        "text outside the root": b"before" + bare + b"after",
        "only a comment": b"<!-- " + b"-" * 10 + b" -->",
        "unclosed CDATA": b"<Request><![CDATA[" + inside,
        "processing instruction": b'<?php system("id"); ?>' + bare,
        "prefix without namespace": bare.replace(b"Request>", b"q:Request>"),
        "JSON": b'{"Request": {"Tag": "Snapshot"}}',
        "form": b"Request=1&Tag=Snapshot",
        "compressed": gzip.compress(bare, mtime=0),
        "binary": bytes(range(256)) * 16,
        "white space only": b" \r\n\t" * 100,
        "number out of range": bare.replace(b"</Operation>", b"<JobLevel>" + b"9" * 400 + b"</JobLevel></Operation>"),
        "number in Arabic digits": bare.replace(b"</Operation>", "<JobLevel>\u0661</JobLevel></Operation>".encode()),
        "every element twice": b"<Request>" + inside + inside + b"</Request>",
    }


def paths(path: str) -> dict[str, str]:
    """Returns request targets whose last part is not an id."""
    return {
        "NUL in the id": f"{path}/%00",
        "dots": f"{path}/..%2f..%2fetc%2fpasswd",
        "bad escape": f"{path}/%zz%",
        "broken UTF-8 in the id": f"{path}/%ff%fe",
        "surrogate in the id": f"{path}/%ed%a0%80",
        "a long id": f"{path}/{'a' * 3_000}",
        "many ids": f"{path}/{','.join('j' * 9 for _ in range(200))}",
        "commas": f"{path}/,,,,",
        "markup in the id": f"{path}/%3Cscript%3E%26",
        "line break in the id": f"{path}/a%0d%0aX-Injected:%20yes",
        "a long query": f"{path}?tag={'t' * 3_000}",
        "many parameters": f"{path}?{'&'.join(f'p{n}={n}' for n in range(300))}",
        "no values": f"{path}?tag&size&states&=&&==",
        "repeated parameters": f"{path}?size=1&size=2&tag=a&tag=b",
        "numbers out of range": f"{path}?size={'9' * 300}&pageNumber=-{'9' * 30}",
        "times out of range": f"{path}?startCreationTime=9999-99-99T99:99:99%2B9999&endCreationTime=%00",
    }


def headers() -> dict[str, dict[str, str]]:
    """Returns headers that contradict the request."""
    return {
        "JSON type for XML": {"Content-Type": "application/json"},
        "invalid media type": {"Content-Type": "\u00ff/;;=,"},
        "unknown charset": {"Content-Type": "application/xml; charset=x-no-such"},
        "gzip encoding of plain XML": {"Content-Encoding": "gzip"},
        "a long header": {"X-Ciq-Long": "h" * 4_000},
        "many headers": {f"X-Ciq-{n}": "v" for n in range(60)},
        "invalid dates": {"Date": "yesterday", "If-Modified-Since": "-1"},
        "a range": {"Range": "bytes=9999999999999-0"},
        "unsatisfiable Accept": {"Accept": "image/x-no-such;q=0", "Accept-Charset": "x-no-such"},
        "incomplete signature": {"Authorization": "q-sign-algorithm=sha1&q-ak=&q-sign-time=;&q-signature="},
    }


def hostile_requests(
    *, valid_submit: bytes, job_path: str, queue_path: str, queue_id: str, valid_update: bytes
) -> Iterator[FuzzRequest]:
    """Yields every hostile request: bodies of submits and updates, paths to read, headers on a truncated submit."""
    for name, body in bodies(valid_submit).items():
        yield FuzzRequest(label=f"hostile {name}", method="POST", target=job_path, body=body)
    for name, body in bodies(valid_update).items():
        yield FuzzRequest(label=f"hostile {name}", method="PUT", target=f"{queue_path}/{queue_id}", body=body)
    for path in (job_path, queue_path):
        for name, target in paths(path).items():
            yield FuzzRequest(label=f"path {name}", method="GET", target=target)
    for name, fields in headers().items():
        yield FuzzRequest(
            label=f"header {name}", method="POST", target=job_path, body=valid_submit[:-2], headers=fields
        )
