"""Makes malformed and hostile requests from a valid callback, one defect each. Pure."""

from collections.abc import Iterator
from dataclasses import replace

from ciq_conformance.receiver.messages import CONTENT_TYPES, ReportedJob, task_callback
from ciq_conformance.receiver.plans import Planned, Planner
from ciq_conformance.receiver.steps import Bad
from ciq_conformance.receiver.wire import Delivery
from ciq_schemas.features import Feature
from ciq_schemas.requirement import Format

HUGE = 8 * 1024 * 1024
"""Bytes of the huge body; a run file stores it shortened (`player`)."""
_LEVELS = 20_000
_DECLARATION = b'<?xml version="1.0" encoding="utf-8"?>\n'
_BOMB = (
    b'<?xml version="1.0"?>\n<!DOCTYPE Response [<!ENTITY a "aaaaaaaaaa">'
    + b"".join(b'<!ENTITY %c "%b">' % (name, b"&%c;" % (name - 1) * 10) for name in range(ord("b"), ord("k")))
    + b"]>\n"
)
"""Entities that expand to ten gigabytes."""
_STRANGE = "../../etc/passwd'; DROP TABLE jobs; -- %00%n${x}"
_LONG_ID = 10_000


def malformed(planner: Planner, feature: Feature, canary: str) -> Iterator[Planned]:
    """Yields each bad request, followed by a valid callback. `canary` is the address that an external entity names."""
    for bad in Bad:
        job = planner.source.job(feature, bad)
        sent = _request(planner, bad, job, canary)
        jobs = (job.job_id,) if bad in (Bad.TRUNCATED_XML, Bad.TRUNCATED_JSON) else ()
        yield Planned(step=bad, deliveries=(sent,), jobs=(), suspects=jobs)
        after = planner.source.job(feature, bad.after)
        yield Planned(step=bad.after, deliveries=(planner.report(after),), jobs=(after.job_id,))


def _request(planner: Planner, bad: Bad, job: ReportedJob, canary: str) -> Delivery:
    xml = planner.delivery(task_callback([job], Format.XML), Format.XML)
    if bad is Bad.GET:
        return replace(xml, method="GET", body=b"", content_type="")
    if bad in _TYPES:
        form = Format.JSON if bad is Bad.JSON_AS_XML else Format.XML
        return replace(xml, body=task_callback([job], form), content_type=_TYPES[bad])
    body = _json_body(bad, job) or _xml_body(bad, job, canary)
    form = Format.JSON if body.startswith((b"{", b"[", b"7")) else Format.XML
    return replace(xml, body=body, content_type=CONTENT_TYPES[form])


_TYPES = {
    Bad.XML_AS_JSON: CONTENT_TYPES[Format.JSON],
    Bad.JSON_AS_XML: CONTENT_TYPES[Format.XML],
    Bad.FORM_TYPE: "application/x-www-form-urlencoded",
    Bad.UNKNOWN_TYPE: "nonsense; charset=klingon",
}


def _json_body(bad: Bad, job: ReportedJob) -> bytes:
    """Returns the body of a JSON defect; empty for another one."""
    whole = task_callback([job], Format.JSON)
    match bad:
        case Bad.TRUNCATED_JSON:
            return whole[: len(whole) * 3 // 4]
        case Bad.DEEP_JSON:
            return b'{"JobsDetail":' * _LEVELS + b"1" + b"}" * _LEVELS
        case Bad.JSON_ARRAY:
            return b"[1,2,3]"
        case Bad.JSON_NUMBER:
            return b"7"
        case Bad.WRONG_TYPES:
            return b'{"EventName":["TaskFinish"],"JobsDetail":[{"JobId":{"a":1},"State":7,"Operation":"x"},null,3]}'
        case _:
            return b""


def _xml_body(bad: Bad, job: ReportedJob, canary: str) -> bytes:
    whole = task_callback([job], Format.XML)
    bare = whole.removeprefix(_DECLARATION)
    match bad:
        case Bad.TRUNCATED_XML:
            return whole[: len(whole) * 3 // 4]
        case Bad.BLANK:
            return b" \r\n\t "
        case Bad.HUGE:
            return whole.replace(b"</UserData>", b"x" * HUGE + b"</UserData>", 1)
        case Bad.DEEP_XML:
            return b"<Response>" + b"<a>" * _LEVELS + b"</a>" * _LEVELS + b"</Response>"
        case Bad.ENTITY_BOMB:
            return _BOMB + bare.replace(b"</UserData>", b"&j;</UserData>", 1)
        case Bad.EXTERNAL_ENTITY:
            doctype = f'<!DOCTYPE Response [<!ENTITY canary SYSTEM "{canary}">]>\n'.encode()
            return _DECLARATION + doctype + bare.replace(b"</UserData>", b"&canary;</UserData>", 1)
        case Bad.INVALID_UTF8:
            return whole.replace(b"</UserData>", b"\xff\xfe\xc3\x28</UserData>", 1)
        case Bad.NUL:
            return whole.replace(b"</UserData>", b"\x00</UserData>", 1)
        case Bad.UNKNOWN_ENCODING:
            return b'<?xml version="1.0" encoding="klingon"?>\n' + bare
        case Bad.TEXT:
            return b"hello"
        case Bad.OTHER_ROOT:
            return b"<html><body>hello</body></html>"
        case Bad.NO_JOB:
            return b"<Response><EventName>TaskFinish</EventName></Response>"
        case Bad.NO_JOB_ID:
            return task_callback([job.changed(JobId=None)], Format.XML)
        case Bad.UNKNOWN_EVENT:
            return task_callback([job], Format.XML, event_name="SomethingNew")
        case Bad.STRANGE_ID:
            return task_callback([job.changed(JobId=_STRANGE)], Format.XML)
        case Bad.LONG_ID:
            return task_callback([job.changed(JobId="j" * _LONG_ID)], Format.XML)
        case _:
            return b""
