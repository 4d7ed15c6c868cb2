"""Checks of the scenario `fuzz` (FUZ): no odd request breaks the service, and refusals keep their form."""

from ciq_conformance.checks.premise import said
from ciq_conformance.judge.evidence import Evidence
from ciq_conformance.judge.finding import Collected, Finding, blocked, cannot_tell, holds
from ciq_conformance.judge.registry import Item, check
from ciq_conformance.steps.fuzz import CONTROL, CONTROL_WATCH, LARGE, is_drawn, is_odd
from ciq_schemas.lifecycle import JobState
from ciq_schemas.requirement import Scenario
from ciq_schemas.transcript import raw
from ciq_schemas.transcript.parsed import ParsedExchange

HERE = Scenario.FUZZ
NOTHING = cannot_tell("no odd request was sent; allow more time (--fuzz SECONDS)")


def _odd(evidence: Evidence) -> tuple[ParsedExchange, ...]:
    return tuple(reply for reply in evidence.of(HERE) if is_odd(reply.exchange.step))


@check("FUZ-001")
def never_breaks(evidence: Evidence, item: Item) -> Finding:
    """Status of every odd request; 501 refuses a method, and a large body may be cut off."""
    wrong, right = Collected(), 0
    for reply in _odd(evidence):
        exchange = reply.exchange
        cut_off = not exchange.status and len(exchange.request_body.data) > LARGE
        if cut_off or (0 < exchange.status < 500) or exchange.status == 501:
            right += 1
        else:
            wrong.add(exchange.seq, f"{exchange.step} ({exchange.method}): {said(reply)}")
    if not right and not wrong.items:
        return NOTHING
    return wrong.finding("an answer below 500", holds(f"{right} odd requests"))


@check("FUZ-002")
def refusals_have_their_form(evidence: Evidence, item: Item) -> Finding:
    """Bodies of refusals of requests that documented operations were made for."""
    wrong, right = Collected(), 0
    for reply in _odd(evidence):
        exchange = reply.exchange
        if not reply.refused or not is_drawn(exchange.step):
            continue
        root = raw.root_of(exchange.response_body.data)
        missing = [name for name in ("Code", "Message", "RequestId") if raw.child_text(root, name) is None]
        if root is None or raw.name_of(root) != "Error" or missing:
            what = f"no {', '.join(missing)}" if root is not None and missing else "no Error document"
            wrong.add(exchange.seq, f"{exchange.step} ({said(reply)}): {what}")
        else:
            right += 1
    if not right and not wrong.items:
        return NOTHING
    return wrong.finding("Error with Code, Message and RequestId", holds(f"{right} refusals"))


@check("FUZ-003")
def answers_are_xml(evidence: Evidence, item: Item) -> Finding:
    """Content-Type of every answer with a body to a request of a documented operation."""
    wrong, right = Collected(), 0
    for reply in _odd(evidence):
        exchange = reply.exchange
        if not exchange.status or not exchange.response_body.data or not is_drawn(exchange.step):
            continue
        kind = raw.media_type(reply)
        if kind == "application/xml":
            right += 1
        else:
            wrong.add(exchange.seq, f"{exchange.step} ({said(reply)}): Content-Type {kind or 'missing'}")
    if not right and not wrong.items:
        return NOTHING
    return wrong.finding("Content-Type application/xml", holds(f"{right} answers"))


@check("FUZ-004")
def still_serves(evidence: Evidence, item: Item) -> Finding:
    """A good job after all of them."""
    submitted = evidence.one(HERE, CONTROL)
    if submitted is None:
        mark = evidence.obstacle(HERE)
        return blocked(mark.text if mark else "the scenario did not come to its end")
    watched = evidence.of(HERE, CONTROL_WATCH)
    states = [job.state for reply in (submitted, *watched) for job in reply.jobs]
    seqs = tuple(reply.exchange.seq for reply in (submitted, *watched[-1:]))
    wrong = Collected()
    if not states or states[-1] != JobState.SUCCESS:
        for number in seqs:
            wrong.add(number, f"{said(submitted)}, last seen {states[-1] if states else 'never'}")
    return wrong.finding("a good job ends as Success", holds("a good job ended as Success", witness=seqs))
