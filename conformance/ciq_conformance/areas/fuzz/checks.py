"""Checks of the scenario `fuzz` (FUZ): no odd request breaks the service, and refusals keep their form."""

from ciq_conformance.areas.fuzz import SPEC
from ciq_conformance.areas.fuzz.labels import CONTROL, CONTROL_WATCH, LARGE, is_drawn, is_odd
from ciq_conformance.judge.evidence import Evidence
from ciq_conformance.judge.finding import Deviations, Finding, blocked, cannot_tell, holds
from ciq_conformance.judge.registry import Item, check
from ciq_schemas.lifecycle import JobState
from ciq_schemas.transcript import raw
from ciq_schemas.transcript.parsed import ParsedExchange, describe_response

NO_RESPONSES = cannot_tell("no odd request was sent; allow more time (--fuzz SECONDS)")


def _odd(evidence: Evidence) -> tuple[ParsedExchange, ...]:
    return tuple(response for response in evidence.of(SPEC) if is_odd(response.exchange.step))


@check("FUZ-001", SPEC)
def never_breaks(evidence: Evidence, item: Item) -> Finding:
    """Status of every odd request; 501 refuses a method, and a large body may be cut off."""
    wrong, right = Deviations(), 0
    for response in _odd(evidence):
        exchange = response.exchange
        cut_off = not exchange.status and len(exchange.request_body.data) > LARGE
        if cut_off or (0 < exchange.status < 500) or exchange.status == 501:
            right += 1
        else:
            wrong.add(exchange.seq, f"{exchange.step} ({exchange.method}): {describe_response(response)}")
    if not right and not wrong.items:
        return NO_RESPONSES
    return wrong.finding("an answer below 500", holds(f"{right} odd requests"))


@check("FUZ-002", SPEC)
def refusals_have_their_form(evidence: Evidence, item: Item) -> Finding:
    """Bodies of refusals of requests that documented operations were made for."""
    wrong, right = Deviations(), 0
    for response in _odd(evidence):
        exchange = response.exchange
        if not response.refused or not is_drawn(exchange.step):
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
    return wrong.finding("Error with Code, Message and RequestId", holds(f"{right} refusals"))


@check("FUZ-003", SPEC)
def answers_are_xml(evidence: Evidence, item: Item) -> Finding:
    """Content-Type of every answer with a body to a request of a documented operation."""
    wrong, right = Deviations(), 0
    for response in _odd(evidence):
        exchange = response.exchange
        if not exchange.status or not exchange.response_body.data or not is_drawn(exchange.step):
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
def still_serves(evidence: Evidence, item: Item) -> Finding:
    """A good job after all of them."""
    submitted = evidence.one(SPEC, CONTROL)
    if submitted is None:
        event = evidence.blocking_event(SPEC)
        return blocked(event.text if event else "the scenario did not come to its end")
    watched = evidence.of(SPEC, CONTROL_WATCH)
    states = [job.state for response in (submitted, *watched) for job in response.jobs]
    seqs = tuple(response.exchange.seq for response in (submitted, *watched[-1:]))
    wrong = Deviations()
    if not states or states[-1] != JobState.SUCCESS:
        for number in seqs:
            wrong.add(number, f"{describe_response(submitted)}, last seen {states[-1] if states else 'never'}")
    return wrong.finding("a good job ends as Success", holds("a good job ended as Success", witness=seqs))
