"""Rules for one recorded answer of the service. Pure: an exchange in, cases out.

A recording shows no scenario, so only the rules that hold for every answer of a kind are here.
"""

from collections.abc import Iterator
from datetime import datetime
from itertools import pairwise
from urllib.parse import urlsplit

from ciq_conformance.judge.queue_shape import STATES as QUEUE_STATES
from ciq_conformance.judge.queue_shape import missing_elements, spelled_queue_id_upper
from ciq_conformance.recorded.format_guess import answer_document
from ciq_conformance.recorded.har import operation_at
from ciq_conformance.recorded.tally import Case
from ciq_schemas import times
from ciq_schemas.codec import Document
from ciq_schemas.lifecycle import JobState
from ciq_schemas.openapi import answer_of
from ciq_schemas.operations import OperationKind
from ciq_schemas.transcript import raw
from ciq_schemas.transcript.parsed import ParsedExchange
from ciq_schemas.values import Job, Queue

_JOB_STATES = frozenset(state.value for state in JobState)
_DESCRIBES = frozenset({"", OperationKind.DESCRIBE_JOB})
"""A bare answer about jobs counts as one to DescribeJob: submits and lists return the same document."""


def document_of(response: ParsedExchange) -> Document | None:
    """Returns the document that an answer must be, by its operation or else by its content; None for an unknown one."""
    exchange = response.exchange
    if exchange.status >= 400:
        return Document.ERROR
    if exchange.operation:
        found = operation_at(exchange.method, urlsplit(exchange.url).path)
        return answer_of(found) if found is not None else None
    root = raw.root_of(exchange.response_body.data)
    return None if root is None else answer_document(root)


def answer_cases(response: ParsedExchange) -> Iterator[Case]:
    """Yields what an answer shows; nothing for a document without rules and for an exchange without a body."""
    if not response.exchange.response_body.data:
        return
    document = document_of(response)
    if document is Document.ERROR:
        yield from _error(response)
    elif document is Document.QUEUE_LIST:
        upper = spelled_queue_id_upper(response, "QueueList")
        for queue in response.queue_list.queues:
            yield from _queue(queue, upper=upper)
    elif document is Document.JOB_ANSWER and response.exchange.operation in _DESCRIBES:
        for job in response.jobs:
            yield from _job(job)


def not_judged(response: ParsedExchange) -> str:
    """Returns why an answer without a request has no rules; empty when it has some."""
    if response.exchange.operation or response.exchange.status:
        return ""
    root = raw.root_of(response.exchange.response_body.data)
    if root is None:
        return "no well-formed XML, as every answer of the service is"
    if raw.name_of(root) == "Request":
        return "a request: ciq check judges answers and callbacks; `ciq schema export DIR` has the XSD of requests"
    document = answer_document(root)
    judged = (Document.ERROR, Document.QUEUE_LIST, Document.JOB_ANSWER)
    return "" if document in judged else f"{document or 'an unknown document'}: no rule judges it without its request"


def schema_problems(response: ParsedExchange) -> tuple[str, ...]:
    """Returns what an answer lacks of its XSD. The XSD is stricter than the documents, so these are remarks."""
    document = document_of(response)
    if document is None or not response.exchange.response_body.data:
        return ()
    return tuple(f"{document}.xsd: {problem}" for problem in response.read(document).problems)


def _error(response: ParsedExchange) -> Iterator[Case]:
    root = raw.root_of(response.exchange.response_body.data)
    if root is None or raw.name_of(root) != "Error":
        yield Case("ERR-001", f"HTTP {response.exchange.status} with a body that is not an Error document")
        return
    missing = [name for name in ("Code", "RequestId") if not raw.child_text(root, name)]
    missing += ["Message"] if raw.child_text(root, "Message") is None else []
    yield Case("ERR-001", f"no {', '.join(missing)}" if missing else "")


def _queue(queue: Queue, *, upper: bool) -> Iterator[Case]:
    missing = [name for name in missing_elements(queue) if not (name == "QueueId" and upper)]
    if missing:
        yield Case("QUE-002", f"a queue without {', '.join(missing)}")
    else:
        yield Case("QUE-002", remark="QueueID, as some old samples spell it" if upper else "")
    state = raw.text(queue.state)
    yield Case("QUE-003", "" if state in QUEUE_STATES else f"State {state or 'is missing'}")
    for name, value in (("CreateTime", queue.create_time), ("UpdateTime", queue.update_time)):
        if times.parse(value) is None:
            yield Case("QUE-004", f"{name} {value!r}")
        else:
            yield Case("QUE-004")
            yield Case("QUE-023", "" if times.is_documented_form(value) else f"{name} {value}")


def _job(job: Job) -> Iterator[Case]:
    state = raw.text(job.state)
    yield Case("DES-007", "" if state in _JOB_STATES else f"State {state or 'is missing'}")
    stamps = (("CreationTime", job.creation_time), ("StartTime", job.start_time), ("EndTime", job.end_time))
    for name, value in stamps:
        if times.is_unset(value):
            if name == "CreationTime":
                yield Case("DES-008", f"{name} {value!r}")
        elif times.parse(value) is None:
            yield Case("DES-008", f"{name} {value!r}")
        else:
            yield Case("DES-008")
            yield Case("DES-013", "" if times.is_documented_form(value) else f"{name} {value}")
    known = [(name, moment) for name, value in stamps if (moment := _second(value)) is not None]
    for (earlier, first), (later, second) in pairwise(known):
        late = f"{earlier} {first.isoformat()} is after {later} {second.isoformat()}"
        yield Case("DES-009", late if first > second else "")
    if state != JobState.FAILED:
        wrong = raw.text(job.code) not in ("", "Success")
        yield Case("DES-011", f"Code {job.code} in State {state}" if wrong else "")


def _second(value: str | None) -> datetime | None:
    moment = times.parse(value)
    return None if moment is None else moment.replace(microsecond=0)
