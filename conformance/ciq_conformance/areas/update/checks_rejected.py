"""Checks of the scenario `update`: updates that a service must refuse (UPD-006 to UPD-011)."""

from ciq_conformance.areas.update import SPEC
from ciq_conformance.areas.update.labels import BAD, BAD_RULE_WORDS, PARTS_OF_RULE, Label, after
from ciq_conformance.areas.update.listed_queue import QUEUE_NOT_FOUND, listed_at
from ciq_conformance.judge.evidence import Evidence
from ciq_conformance.judge.finding import Deviations, Finding, cannot_tell, holds
from ciq_conformance.judge.preconditions import expect_rejections, record_ids, require_responses, with_preconditions
from ciq_conformance.judge.queue_shape import updatable_values
from ciq_conformance.judge.registry import Item, check
from ciq_schemas.transcript.parsed import describe_response
from ciq_schemas.transcript.requests import requested_update

INVALID_ARGUMENT = frozenset({"InvalidArgument", "1015"})


@check("UPD-006", SPEC)
@with_preconditions
def unknown_id_is_refused(evidence: Evidence, item: Item) -> Finding:
    """An update of a queue that does not exist. The code counts; no document gives its status."""
    responses = require_responses(evidence, SPEC, Label.UNKNOWN_ID)
    return expect_rejections(responses, "4xx with the code QueueNotFound", codes=QUEUE_NOT_FOUND)


@check("UPD-007", SPEC)
@with_preconditions
def unknown_state_is_refused(evidence: Evidence, item: Item) -> Finding:
    """An update to a state that does not exist."""
    responses = require_responses(evidence, SPEC, Label.BAD_STATE)
    return expect_rejections(responses, "HTTP 400 InvalidArgument", status=400, codes=INVALID_ARGUMENT)


@check("UPD-008", SPEC)
@with_preconditions
def long_name_is_refused(evidence: Evidence, item: Item) -> Finding:
    """An update to a name of one letter more than 128."""
    return expect_rejections(
        require_responses(evidence, SPEC, Label.LONG_NAME), "a name of 129 letters is refused with 400", status=400
    )


@check("UPD-009", SPEC)
@with_preconditions
def rule_needs_url(evidence: Evidence, item: Item) -> Finding:
    """A rule that is on and does not say where to, by what way, or of what."""
    expected = "a rule that is On without Url, Type or Event is refused with 400"
    return expect_rejections(require_responses(evidence, SPEC, *PARTS_OF_RULE), expected, status=400)


@check("UPD-015", SPEC)
@with_preconditions
def other_letters_are_refused(evidence: Evidence, item: Item) -> Finding:
    """An update to a name with a blank, a slash and a question mark."""
    return expect_rejections(
        require_responses(evidence, SPEC, Label.OTHER_LETTERS),
        "other characters in a name are refused with 400",
        status=400,
    )


@check("UPD-010", SPEC)
@with_preconditions
def unknown_rule_words_are_refused(evidence: Evidence, item: Item) -> Finding:
    """Words that no document has for State, Type, Event and ResultFormat."""
    responses = require_responses(evidence, SPEC, *BAD_RULE_WORDS)
    return expect_rejections(responses, "unknown words in NotifyConfig are refused with 400", status=400)


@check("UPD-011", SPEC)
@with_preconditions
def refused_changes_nothing(evidence: Evidence, item: Item) -> Finding:
    """The queue before and after each update that was refused; lists may show late what an accepted one asked for."""
    wrong, judged = Deviations(), []
    taken: set[str | None] = set()
    previous = listed_at(evidence, Label.LIST_SETTLED)
    for step in BAD:
        update = evidence.one(SPEC, step)
        now = listed_at(evidence, after(step))
        if update is None or now is None:
            continue
        if update.ok:
            taken.add(requested_update(update).name)
        late = now[1].name in taken and previous is not None and previous[1].name != now[1].name
        if previous is not None and update.exchange.status >= 400 and not late:
            judged.append(update)
            old, new = updatable_values(previous[1]), updatable_values(now[1])
            for name in (name for name in old if old[name] != new[name]):
                for response in (update, now[0]):
                    wrong.add(
                        response.exchange.seq, f"{step}: {describe_response(update)}, yet {name} changed to {new[name]}"
                    )
        previous = now
    if not judged:
        require_responses(evidence, SPEC, *BAD)
        return cannot_tell("no bad update was refused, or the queue was not listed around it")
    expected = "Name, State and NotifyConfig as before"
    return wrong.finding(expected, holds(f"after {len(judged)} refused updates", witness=record_ids(*judged[:3])))
