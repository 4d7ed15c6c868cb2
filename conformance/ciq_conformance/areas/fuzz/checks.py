"""Checks of the scenario `fuzz` (FUZ): no malformed request breaks the service, and errors have the documented form."""

from ciq_conformance.areas.fuzz import SPEC
from ciq_conformance.areas.fuzz.labels import (
    CONTROL,
    CONTROL_WATCH,
    LARGE,
    is_for_documented_operation,
    is_fuzz_request,
)
from ciq_conformance.judge.evidence import Evidence
from ciq_conformance.judge.finding import Deviations, Finding, blocked, holds, inconclusive
from ciq_conformance.judge.registry import Item, check
from ciq_schemas.lifecycle import JobState
from ciq_schemas.transcript import raw
from ciq_schemas.transcript.parsed import ParsedExchange, describe_response

NO_RESPONSES = inconclusive("the suite sent no malformed request; allow more time (--fuzz SECONDS)")


def _answers(evidence: Evidence) -> tuple[ParsedExchange, ...]:
    return tuple(response for response in evidence.of(SPEC) if is_fuzz_request(response.exchange.step))


@check("FUZ-001", SPEC)
def malformed_requests_get_no_5xx(evidence: Evidence, item: Item) -> Finding:
    """Every malformed request gets a status below 500. 501 may reject a method; a large body may end the connection."""
    wrong, right = Deviations(), 0
    for response in _answers(evidence):
        exchange = response.exchange
        cut_off = not exchange.status and len(exchange.request_body.data) > LARGE
        if cut_off or (0 < exchange.status < 500) or exchange.status == 501:
            right += 1
        else:
            wrong.add(exchange.seq, f"{exchange.step} ({exchange.method}): {describe_response(response)}")
    if not right and not wrong.items:
        return NO_RESPONSES
    return wrong.finding("a status below 500", holds(f"{right} malformed requests"))


@check("FUZ-002", SPEC)
def errors_have_the_documented_form(evidence: Evidence, item: Item) -> Finding:
    """Rejections of malformed requests to documented operations have Code, Message and RequestId."""
    wrong, right = Deviations(), 0
    for response in _answers(evidence):
        exchange = response.exchange
        if not response.refused or not is_for_documented_operation(exchange.step):
            continue
        root = raw.root_of(exchange.response_body.data)
        missing = [name for name in ("Code", "Message", "RequestId") if raw.child_text(root, name) is None]
        if root is None or raw.name_of(root) != "Error" or missing:
            what = f"no {', '.join(missing)}" if root is not None and missing else "no Error document"
            wrong.add(exchange.seq, f"{exchange.step} ({describe_response(response)}): {what}")
        else:
            right += 1
    if not right and not wrong.items:
        return NO_RESPONSES
    return wrong.finding("Error with Code, Message and RequestId", holds(f"{right} rejections"))


@check("FUZ-003", SPEC)
def answers_are_xml(evidence: Evidence, item: Item) -> Finding:
    """Every answer with a body to a request of a documented operation has Content-Type application/xml."""
    wrong, right = Deviations(), 0
    for response in _answers(evidence):
        exchange = response.exchange
        if not exchange.status or not exchange.response_body.data or not is_for_documented_operation(exchange.step):
            continue
        kind = raw.media_type(response)
        if kind == "application/xml":
            right += 1
        else:
            wrong.add(
                exchange.seq, f"{exchange.step} ({describe_response(response)}): Content-Type {kind or 'missing'}"
            )
    if not right and not wrong.items:
        return NO_RESPONSES
    return wrong.finding("Content-Type application/xml", holds(f"{right} answers"))


@check("FUZ-004", SPEC)
def target_still_runs_a_valid_job(evidence: Evidence, item: Item) -> Finding:
    """A valid job submitted after all malformed requests succeeds."""
    submitted = evidence.one(SPEC, CONTROL)
    if submitted is None:
        event = evidence.blocking_event(SPEC)
        return blocked(event.text if event else "the scenario did not finish")
    watched = evidence.of(SPEC, CONTROL_WATCH)
    states = [job.state for response in (submitted, *watched) for job in response.jobs]
    seqs = tuple(response.exchange.seq for response in (submitted, *watched[-1:]))
    wrong = Deviations()
    if not states or states[-1] != JobState.SUCCESS:
        for number in seqs:
            wrong.add(number, f"{describe_response(submitted)}, last seen {states[-1] if states else 'never'}")
    return wrong.finding("a valid job ends as Success", holds("a valid job ended as Success", witness=seqs))
