"""Checks of the scenario `update`: updates that a service must refuse (UPD-006 to UPD-011)."""

from ciq_conformance.checks.premise import made, premised, refusals, said, seq
from ciq_conformance.checks.queue_shape import standing
from ciq_conformance.checks.update_look import HERE, QUEUE_NOT_FOUND, listed_at
from ciq_conformance.judge.evidence import Evidence
from ciq_conformance.judge.finding import Collected, Finding, cannot_tell, holds
from ciq_conformance.judge.registry import Item, check
from ciq_conformance.steps.update import BAD, BAD_RULE_WORDS, PARTS_OF_RULE, Step, after
from ciq_schemas.transcript.requests import requested_update

INVALID_ARGUMENT = frozenset({"InvalidArgument", "1015"})


@check("UPD-006")
@premised
def unknown_id_is_refused(evidence: Evidence, item: Item) -> Finding:
    """An update of a queue that does not exist. The code counts; no document gives its status."""
    replies = made(evidence, HERE, Step.UNKNOWN_ID)
    return refusals(replies, "4xx with the code QueueNotFound", codes=QUEUE_NOT_FOUND)


@check("UPD-007")
@premised
def unknown_state_is_refused(evidence: Evidence, item: Item) -> Finding:
    """An update to a state that does not exist."""
    replies = made(evidence, HERE, Step.BAD_STATE)
    return refusals(replies, "HTTP 400 InvalidArgument", status=400, codes=INVALID_ARGUMENT)


@check("UPD-008")
@premised
def long_name_is_refused(evidence: Evidence, item: Item) -> Finding:
    """An update to a name of one letter more than 128."""
    return refusals(made(evidence, HERE, Step.LONG_NAME), "a name of 129 letters is refused with 400", status=400)


@check("UPD-009")
@premised
def rule_needs_url(evidence: Evidence, item: Item) -> Finding:
    """A rule that is on and does not say where to, by what way, or of what."""
    expected = "a rule that is On without Url, Type or Event is refused with 400"
    return refusals(made(evidence, HERE, *PARTS_OF_RULE), expected, status=400)


@check("UPD-015")
@premised
def other_letters_are_refused(evidence: Evidence, item: Item) -> Finding:
    """An update to a name with a blank, a slash and a question mark."""
    return refusals(
        made(evidence, HERE, Step.OTHER_LETTERS), "other characters in a name are refused with 400", status=400
    )


@check("UPD-010")
@premised
def unknown_rule_words_are_refused(evidence: Evidence, item: Item) -> Finding:
    """Words that no document has for State, Type, Event and ResultFormat."""
    replies = made(evidence, HERE, *BAD_RULE_WORDS)
    return refusals(replies, "unknown words in NotifyConfig are refused with 400", status=400)


@check("UPD-011")
@premised
def refused_changes_nothing(evidence: Evidence, item: Item) -> Finding:
    """The queue before and after each update that was refused; lists may show late what an accepted one asked for."""
    wrong, judged = Collected(), []
    taken: set[str | None] = set()
    previous = listed_at(evidence, Step.LIST_SETTLED)
    for step in BAD:
        update = evidence.one(HERE, step)
        now = listed_at(evidence, after(step))
        if update is None or now is None:
            continue
        if update.ok:
            taken.add(requested_update(update).name)
        late = now[1].name in taken and previous is not None and previous[1].name != now[1].name
        if previous is not None and update.exchange.status >= 400 and not late:
            judged.append(update)
            old, new = standing(previous[1]), standing(now[1])
            for name in (name for name in old if old[name] != new[name]):
                for reply in (update, now[0]):
                    wrong.add(reply.exchange.seq, f"{step}: {said(update)}, yet {name} changed to {new[name]}")
        previous = now
    if not judged:
        made(evidence, HERE, *BAD)
        return cannot_tell("no bad update was refused, or the queue was not listed around it")
    expected = "Name, State and NotifyConfig as before"
    return wrong.finding(expected, holds(f"after {len(judged)} refused updates", witness=seq(*judged[:3])))
