"""Check of the scenario `update`: two updates of different elements at the same time (UPD-021)."""

from ciq_conformance.areas.update import SPEC
from ciq_conformance.areas.update.labels import Label
from ciq_conformance.areas.update.listed_queue import listed_at
from ciq_conformance.judge.evidence import Evidence
from ciq_conformance.judge.finding import Deviations, Finding, holds, inconclusive, untested
from ciq_conformance.judge.preconditions import record_ids, require_response, with_preconditions
from ciq_conformance.judge.registry import Item, check
from ciq_schemas.transcript import raw
from ciq_schemas.transcript.parsed import ParsedExchange, describe_response


@check("UPD-021", SPEC)
@with_preconditions
def overlapping_updates_of_different_elements_count(evidence: Evidence, item: Item) -> Finding:
    """A target that merges updates of single elements also merges two such updates that overlap."""
    first = require_response(evidence, SPEC, Label.NAME_ALONE)
    if not first.ok:
        reason = f"the target answers an update without State with {describe_response(first)}; the pages require it"
        return untested(reason, witness=record_ids(first))
    merged = listed_at(evidence, Label.LIST_STATE_ALONE)
    name, state = _text(evidence, Label.NAME_ALONE, "Name"), _text(evidence, Label.STATE_ALONE, "State")
    if merged is None or (raw.text(merged[1].name), raw.text(merged[1].state)) != (name, state):
        return untested("the target does not keep the elements that an update omits", witness=record_ids(first))
    wrong, right = Deviations(), []
    names, states = evidence.of(SPEC, Label.NAME_AT_ONCE), evidence.of(SPEC, Label.STATE_AT_ONCE)
    lists = evidence.of(SPEC, Label.LIST_AT_ONCE)
    for index, (one, other) in enumerate(zip(names, states, strict=False)):
        if not (one.ok and other.ok and _overlap(one, other)):
            continue
        begin = max(one.exchange.ended, other.exchange.ended)
        end = min((later.exchange.started for later in names[index + 1 : index + 2]), default=float("inf"))
        shown = [r for r in lists if r.ok and r.exchange.started >= begin and r.exchange.ended <= end]
        if not shown or not shown[-1].queue_list.queues:
            continue
        queue, wanted = shown[-1].queue_list.queues[0], (_element(one, "Name"), _element(other, "State"))
        if (raw.text(queue.name), raw.text(queue.state)) == wanted:
            right.append(shown[-1])
            continue
        seen = f"the list shows {queue.name}, {queue.state} after {wanted[0]} and {wanted[1]} were accepted at once"
        for record in (one, other, shown[-1]):
            wrong.add(record.exchange.seq, seen)
    if not right and not wrong.items:
        return inconclusive("no two accepted updates overlapped")
    expected = "Name and State of two overlapping updates, each of which changes one of them"
    return wrong.finding(expected, holds(f"{len(right)} pairs", witness=record_ids(*right[:3])))


def _overlap(one: ParsedExchange, other: ParsedExchange) -> bool:
    return one.exchange.started < other.exchange.ended and other.exchange.started < one.exchange.ended


def _element(update: ParsedExchange, name: str) -> str:
    return raw.child_text(raw.root_of(update.exchange.request_body.data), name) or ""


def _text(evidence: Evidence, step: Label, name: str) -> str:
    update = evidence.one(SPEC, step)
    return _element(update, name) if update is not None else ""
