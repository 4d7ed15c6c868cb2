"""Checks over all exchanges: common headers (HDR), answers to updates (UPD-018) and changes of job states (LIF-001)."""

import math
import re
from collections.abc import Iterable, Iterator
from email.utils import parsedate_to_datetime
from itertools import accumulate, pairwise
from urllib.parse import urlsplit

from ciq_conformance.areas.all_exchanges import SPEC
from ciq_conformance.areas.update import SPEC as UPDATE
from ciq_conformance.areas.update import labels
from ciq_conformance.judge.evidence import Evidence
from ciq_conformance.judge.finding import Deviations, Finding, Kind, blocked, holds, inconclusive, observed
from ciq_conformance.judge.registry import Item, check
from ciq_schemas.lifecycle import JobState, may_be_seen_after
from ciq_schemas.transcript.parsed import ParsedExchange, describe_response
from ciq_schemas.transcript.raw import answer_header, child_text, media_type, root_of
from ciq_schemas.transcript.requests import requested_update

_RFC_1123 = re.compile(
    r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d{2} (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d{4} "
    r"\d{2}:\d{2}:\d{2} GMT",
    re.ASCII,
)
_STATES = frozenset(state.value for state in JobState)
NO_RESPONSES = blocked("the target sent no response for this feature")


def _responses(evidence: Evidence) -> list[ParsedExchange]:
    """Returns the responses to documented operations. No document says what a server returns for an unknown path."""
    return [response for response in evidence.responses if response.exchange.status and response.exchange.operation]


@check("HDR-001", SPEC)
def content_type_is_xml(evidence: Evidence, item: Item) -> Finding:
    """Every response with a body is application/xml; parameters such as a charset are allowed."""
    wrong, right = Deviations(), 0
    for response in _responses(evidence):
        if not response.exchange.response_body.data:
            continue
        if media_type(response) == "application/xml":
            right += 1
        else:
            given = answer_header(response, "content-type") or "none"
            wrong.add(
                response.exchange.seq,
                f"Content-Type {given} ({response.exchange.operation}, {describe_response(response)})",
            )
    if not right and not wrong.items:
        return NO_RESPONSES
    return wrong.finding("Content-Type application/xml on every response with a body", holds(f"{right} responses"))


@check("HDR-002", SPEC)
def every_response_has_a_request_id(evidence: Evidence, item: Item) -> Finding:
    """Every response has an x-ci-request-id."""
    wrong, right = Deviations(), 0
    for response in _responses(evidence):
        exchange = response.exchange
        if (answer_header(response, "x-ci-request-id") or "").strip():
            right += 1
        else:
            wrong.add(exchange.seq, f"no x-ci-request-id ({exchange.operation}, {describe_response(response)})")
    if not right and not wrong.items:
        return NO_RESPONSES
    return wrong.finding("an x-ci-request-id on every response", holds(f"{right} ids"))


@check("HDR-006", SPEC)
def request_ids_do_not_repeat(evidence: Evidence, item: Item) -> Finding:
    """No two responses have the same x-ci-request-id, or the same RequestId in the body."""
    wrong, different = Deviations(), 0
    for name, id_of in (("x-ci-request-id", _id_in_header), ("RequestId", _id_in_body)):
        seen: dict[str, int] = {}
        for response in _responses(evidence):
            value, seq = id_of(response), response.exchange.seq
            if value in seen:
                wrong.add(seen[value], f"{name} {value} is on two responses")
                wrong.add(seq, f"{name} {value} is on two responses")
            elif value:
                seen[value] = seq
        different += len(seen)
    if not different:
        return inconclusive("no response has a request id; see HDR-002")
    return wrong.finding("no request id on two responses", holds(f"{different} different ids"))


def _id_in_header(response: ParsedExchange) -> str:
    return (answer_header(response, "x-ci-request-id") or "").strip()


def _id_in_body(response: ParsedExchange) -> str:
    root = root_of(response.exchange.response_body.data)
    return "" if root is None else child_text(root, "RequestId") or ""


@check("HDR-004", SPEC)
def every_response_has_an_rfc_1123_date(evidence: Evidence, item: Item) -> Finding:
    """Every Date is in the format of RFC 1123; a response without Date gives a warning."""
    wrong, right = Deviations(), 0
    missing = Deviations()
    for response in _responses(evidence):
        value = answer_header(response, "date")
        if value is None:
            missing.add(
                response.exchange.seq, f"no Date ({response.exchange.operation}, {describe_response(response)})"
            )
        elif not _is_rfc_1123(value.strip()):
            wrong.add(response.exchange.seq, f"Date {value}")
        else:
            right += 1
    if not right and not wrong.items and not missing.items:
        return NO_RESPONSES
    expected = "a Date such as `Fri, 02 Jan 2026 03:04:05 GMT` on every response"
    without = missing.finding(expected, holds(f"{right} responses"))
    if without.kind is Kind.DEVIATES:
        without = observed(without.seen, expected=expected, witness=without.witness)
    return wrong.finding(expected, without)


def _is_rfc_1123(value: str) -> bool:
    if _RFC_1123.fullmatch(value) is None:
        return False
    try:
        parsedate_to_datetime(value)
    except ValueError:
        return False
    return True


@check("HDR-005", SPEC)
def trace_id_is_on_failed_requests_only(evidence: Evidence, item: Item) -> Finding:
    """No response to an accepted request has x-ci-trace-id, the header of failed requests."""
    wrong, right = Deviations(), 0
    for response in _responses(evidence):
        if not response.ok:
            continue
        if answer_header(response, "x-ci-trace-id"):
            wrong.add(
                response.exchange.seq, f"x-ci-trace-id on {describe_response(response)} ({response.exchange.operation})"
            )
        else:
            right += 1
    if not right and not wrong.items:
        return NO_RESPONSES
    return wrong.finding("x-ci-trace-id on failed requests only", holds(f"{right} responses to accepted requests"))


def _unsigned(response: ParsedExchange) -> bool:
    return not any(name.lower() == "authorization" for name, _ in response.exchange.request_headers)


@check("UPD-018", UPDATE)
def update_returns_the_values_set(evidence: Evidence, item: Item) -> Finding:
    """Accepted updates of all scenarios return the State and Name that they set; bad updates are not judged.

    The response shows the queue as it is (1045/72940), so overlapping updates may each return the values of the other.
    """
    wrong, right = Deviations(), 0
    for response in _not_overlapping(
        response for response in evidence.responses if response.exchange.operation == "update_queue"
    ):
        exchange = response.exchange
        if not response.ok or response.queue is None:
            continue
        if exchange.scenario == UPDATE.name and exchange.step in labels.BAD:
            continue
        wanted = requested_update(response)
        pairs = (("State", wanted.state, response.queue.state), ("Name", wanted.name, response.queue.name))
        for name, want, got in pairs:
            if want and (got or "").strip() != want:
                wrong.add(
                    exchange.seq, f"{name} {got} although the request set {want} ({exchange.scenario} {exchange.step})"
                )
            else:
                right += bool(want)
    if not right and not wrong.items:
        return inconclusive("no update was accepted; see UPD-001")
    return wrong.finding("State and Name in the response as set", holds(f"{right} times"))


def _not_overlapping(updates: Iterable[ParsedExchange]) -> Iterator[ParsedExchange]:
    """Yields the updates that overlap no other update of the same queue."""
    by_queue: dict[str, list[ParsedExchange]] = {}
    for response in updates:
        by_queue.setdefault(urlsplit(response.exchange.url).path, []).append(response)
    for of_queue in by_queue.values():
        ordered = sorted(of_queue, key=lambda response: response.exchange.started)
        ends = list(accumulate((response.exchange.ended for response in ordered), max, initial=-math.inf))
        for index, response in enumerate(ordered):
            following = ordered[index + 1].exchange.started if index + 1 < len(ordered) else math.inf
            if ends[index] < response.exchange.started and response.exchange.ended < following:
                yield response


@check("LIF-001", SPEC)
def states_move_forward(evidence: Evidence, item: Item) -> Finding:
    """Two observations of a job follow the life cycle, if the first response came before the second request."""
    observations: dict[str, list[tuple[ParsedExchange, JobState]]] = {}
    for response in evidence.responses:
        if not response.ok or response.exchange.operation not in ("submit_job", "describe_job"):
            continue
        for job in response.jobs:
            state = (job.state or "").strip()
            if job.job_id and state in _STATES:
                observations.setdefault(job.job_id, []).append((response, JobState(state)))
    wrong, changes = Deviations(), 0
    for job_id, seen in observations.items():
        for (before, earlier), (after, later) in pairwise(seen):
            if earlier == later or before.exchange.ended > after.exchange.started:
                continue
            changes += 1
            if not may_be_seen_after(earlier, later):
                wrong.add(before.exchange.seq, f"job {job_id} was {earlier}, later {later}")
                wrong.add(after.exchange.seq, f"job {job_id} was {earlier}, later {later}")
    rejected = [response for response in _responses(evidence) if response.exchange.status in (401, 403)]
    if not observations and rejected:
        advice = (
            "set CIQ_SECRET_ID and CIQ_SECRET_KEY" if _unsigned(rejected[0]) else "check the keys and their permissions"
        )
        reason = (
            f"no job was created: {rejected[0].exchange.operation} returned {describe_response(rejected[0])}; {advice}"
        )
        return inconclusive(reason, witness=(rejected[0].exchange.seq,))
    if not changes:
        return inconclusive("no job was observed in two states; run a scenario with jobs too (submit, order)")
    return wrong.finding(
        "states change only from Submitted to Running to Success or Failed (Pause and Cancel while waiting)",
        holds(f"{changes} changes of state of {len(observations)} jobs"),
    )
