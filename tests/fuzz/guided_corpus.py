"""The inputs that coverage-guided fuzzing starts from: seeds made from the contract, and one small file per target.

A file `corpus/TARGET.json` lists the inputs that a run found to reach code of their own, as Latin-1 texts. It holds the
smallest ones, up to a limit; a finding that was corrected stays in `corpus/findings.json`.
"""

import json
from collections.abc import Iterable
from pathlib import Path

from guided_targets import DOCUMENTS

from ciq_schemas.codec import Document
from ciq_schemas.operations import operations

CORPUS = Path(__file__).parent / "corpus"
FINDINGS = "findings"
"""Name of the file with the inputs that have shown a defect: a table from target to inputs."""
MOST_BYTES = 32_000
"""Longest sum of the inputs of one target."""
KEY_TIME = "1700000000;1700003600"
CALLBACK = (
    b'{"EventName":"TaskFinish","JobsDetail":[{"Code":"Success","JobId":"j1","State":"Success","Tag":"Snapshot",'
    b'"CreationTime":"2026-01-05T09:00:00+0800","QueueId":"p1","Input":{"Object":"a"},"Operation":{"JobLevel":0}}]}'
)
HEADER = (
    b'{"kind":"header","schema_version":1,"kit_version":"0.1.0","requirement_set":"r","run_id":"r","started_at":"t",'
    b'"target":{"url":"http://h","bucket":"b","region":"r"},"features":["media"],"selected":["A-1"]}\n'
)
EXCHANGE = (
    b'{"kind":"exchange","seq":1,"scenario":"s","step":"a","started":1.0,"ended":2.0,"method":"GET","url":"http://h/jobs",'
    b'"status":200,"response_body":{"text":"<Response><RequestId>r</RequestId><JobsDetail/></Response>"}}\n'
)
ARRIVAL = (
    b'{"kind":"arrival","seq":2,"started":1.0,"ended":2.0,"method":"POST","target":"/","body":{"base64":"e30="}}\n'
)


def seeds(target: str) -> list[bytes]:
    """Return inputs that the target reads without an error, or with a common one."""
    match target:
        case "xml":
            return [bytes([index]) + _document(document) for index, document in enumerate(DOCUMENTS)]
        case "json-callback":
            xml = b"<Response><EventName>TaskFinish</EventName><JobsDetail><JobId>j</JobId></JobsDetail></Response>"
            return [CALLBACK, b'{"Response":%b}' % CALLBACK, xml]
        case "signature":
            return [_signed("id", header=True), _signed("temporary", header=True), _signed("id", header=False)]
        case "router":
            hosts = (b"b-1.ci.ap-test.myqcloud.com", b"ci.ap-test.myqcloud.com:80", b"[::1]:8080", b"b-1.localhost")
            paths = [(one.method, one.path.replace("{", "%41").replace("}", "")) for one in operations()]
            return [
                f"{method}\n{path}\ntag=Snapshot&size=%31\n".encode() + hosts[number % len(hosts)]
                for number, (method, path) in enumerate(paths)
            ]
        case _:
            return [HEADER, HEADER + EXCHANGE, HEADER + ARRIVAL, HEADER + EXCHANGE + ARRIVAL[:-9]]


def words(target: str) -> Iterable[bytes]:
    """Return words of the formats, which random changes hardly find."""
    names = {name for document in Document for name in document.table.content.by_name}
    match target:
        case "xml":
            roots = {document.table.root for document in Document}
            markup = (
                b"<!--",
                b"<![CDATA[",
                b"<!DOCTYPE a>",
                b"<?xml version='1.0' encoding='gbk'?>",
                b"&amp;",
                b"&#0;",
            )
            return [*markup, *(f"<{name}>".encode() for name in sorted(names | roots))]
        case "json-callback":
            return [b'\\"', b"\\ud800", b"1e999", b"null", *(f'"{name}":'.encode() for name in sorted(names))]
        case "signature":
            fields = ("algorithm", "ak", "sign-time", "key-time", "header-list", "url-param-list", "signature")
            return [b"authorization:", b"sign=", b"x-cos-security-token", *(f"q-{name}=".encode() for name in fields)]
        case "router":
            return sorted({one.path.partition("{")[0].encode() for one in operations()})
        case _:
            fields = ("kind", "exchange", "arrival", "mark", "verdict", "footer", "base64", "text", "response_body")
            return [f'"{name}"'.encode() for name in fields]


def stored(target: str) -> list[bytes]:
    """Return the stored inputs of a target."""
    path = CORPUS / f"{target}.json"
    return [text.encode("latin-1") for text in json.loads(path.read_text("utf-8"))] if path.exists() else []


def findings(target: str) -> list[bytes]:
    """Return the inputs that have shown a defect, since corrected."""
    table = json.loads((CORPUS / f"{FINDINGS}.json").read_text("utf-8"))
    return [text.encode("latin-1") for text in table.get(target, ())]


def store(target: str, inputs: Iterable[bytes]) -> None:
    """Store the smallest inputs of a target."""
    kept: list[str] = []
    size = 0
    for one in sorted(set(inputs), key=lambda data: (len(data), data)):
        size += len(one)
        if size > MOST_BYTES:
            break
        kept.append(one.decode("latin-1"))
    text = json.dumps(kept, indent=0, ensure_ascii=True)
    (CORPUS / f"{target}.json").write_text(text + "\n", encoding="utf-8")


def _document(document: Document) -> bytes:
    fields = "".join(f"<{name}/>" for name in document.table.content.by_name)
    return f"<{document.table.root}>{fields}</{document.table.root}>".encode()


def _signed(secret_id: str, *, header: bool) -> bytes:
    fields = (
        f"q-sign-algorithm=sha1&q-ak={secret_id}&q-sign-time={KEY_TIME}&q-key-time={KEY_TIME}"
        f"&q-header-list=host&q-url-param-list=tag&q-signature={40 * '0'}"
    ).encode()
    if not header:
        return b"GET\n/jobs\ntag=a&" + fields + b"\nhost:h:80"
    return b"GET\n/jobs%20\ntag=a+b\nauthorization:" + fields + b"\nhost:h:80\nx-cos-security-token:a-token"
