"""Checks of the scenario `update`: updates that a service must reject (UPD-006 to UPD-011, UPD-015, UPD-020)."""

from ciq_conformance.areas.update import SPEC
from ciq_conformance.areas.update.labels import BAD, BAD_RULE_VALUES, PARTS_OF_RULE, Label, after
from ciq_conformance.areas.update.listed_queue import QUEUE_NOT_FOUND, listed_at
from ciq_conformance.judge.evidence import Evidence
from ciq_conformance.judge.finding import Deviations, Finding, Kind, holds, inconclusive
from ciq_conformance.judge.preconditions import expect_rejections, record_ids, require_responses, with_preconditions
from ciq_conformance.judge.queue_shape import updatable_values
from ciq_conformance.judge.registry import Item, check
from ciq_schemas.lifecycle import QueueState
from ciq_schemas.transcript import raw
from ciq_schemas.transcript.parsed import ParsedExchange, describe_response
from ciq_schemas.transcript.requests import requested_update
from ciq_schemas.values import Queue

INVALID_ARGUMENT = frozenset({"InvalidArgument", "1015"})


@check("UPD-006", SPEC)
@with_preconditions
def unknown_queue_id_is_rejected(evidence: Evidence, item: Item) -> Finding:
    """Checks the error code of an update of an unknown queue; no document defines the HTTP status."""
    responses = require_responses(evidence, SPEC, Label.UNKNOWN_ID)
    return expect_rejections(responses, "4xx with the code QueueNotFound", codes=QUEUE_NOT_FOUND)


@check("UPD-007", SPEC)
@with_preconditions
def unknown_state_is_rejected(evidence: Evidence, item: Item) -> Finding:
    """Checks that the target rejects an update to an unknown State."""
    responses = require_responses(evidence, SPEC, Label.BAD_STATE)
    return expect_rejections(responses, "HTTP 400 InvalidArgument", status=400, codes=INVALID_ARGUMENT)


@check("UPD-020", SPEC)
@with_preconditions
def unknown_state_is_not_stored(evidence: Evidence, item: Item) -> Finding:
    """Checks that neither the answer to an update to an unknown State nor the list after it shows another State."""
    update = require_responses(evidence, SPEC, Label.BAD_STATE)[0]
    listed = listed_at(evidence, after(Label.BAD_STATE))
    if listed is None:
        return inconclusive("no list shows the queue after the update to an unknown State", witness=record_ids(update))
    wrong = Deviations()
    for response, queue in ((update, update.queue if update.ok else None), listed):
        state = raw.text(queue.state) if queue is not None else ""
        if state and state not in list(QueueState):
            wrong.add(response.exchange.seq, f"State {state} after an update to it ({describe_response(update)})")
    seen = f"State {listed[1].state} after {describe_response(update)}"
    return wrong.finding("State Active or Paused", holds(seen, witness=record_ids(update, listed[0])))


@check("UPD-008", SPEC)
@with_preconditions
def long_name_is_rejected(evidence: Evidence, item: Item) -> Finding:
    """Checks that the target rejects a name longer than 128 characters."""
    responses = require_responses(evidence, SPEC, Label.LONG_NAME)
    return expect_rejections(responses, "the target rejects a name of 129 characters with 400", status=400)


@check("UPD-009", SPEC)
@with_preconditions
def incomplete_rule_is_rejected(evidence: Evidence, item: Item) -> Finding:
    """Checks that the target rejects a rule that is On without Url, Type or Event, or keeps the omitted part.

    The documents leave open whether an update keeps the parts of NotifyConfig that it omits; then the rule is complete.
    """
    expected = "the target rejects a rule that is On without Url, Type or Event with 400"
    responses = require_responses(evidence, SPEC, *PARTS_OF_RULE)
    merged = [response for response in responses if response.ok and _keeps_omitted_part(evidence, response)]
    others = [response for response in responses if response not in merged]
    finding = expect_rejections(others, expected, status=400)
    if not merged or finding.kind is not Kind.HOLDS:
        return finding
    steps = ", ".join(response.exchange.step for response in merged)
    seen = f"accepted, and the rule keeps the omitted part: {steps}"
    return holds("; ".join(filter(None, (finding.seen, seen))), witness=(*finding.witness, *record_ids(*merged)))


def _keeps_omitted_part(evidence: Evidence, update: ParsedExchange) -> bool:
    """Returns whether an accepted update took effect, and the part that it omits is as in the list before it."""
    step = Label(update.exchange.step)
    lists = [found for label in (Label.LIST_SETTLED, *map(after, BAD)) if (found := listed_at(evidence, label))]
    earlier = [found for found in lists if found[0].exchange.ended <= update.exchange.started]
    before = max(earlier, key=lambda found: found[0].exchange.ended)[1] if earlier else None
    listed = listed_at(evidence, after(step))
    now = listed[1] if listed is not None else update.queue
    if before is None or now is None or now.name != requested_update(update).name:
        return False
    old, new = _part(before, step), _part(now, step)
    return bool(new) and old == new


def _part(queue: Queue, step: Label) -> str:
    rule = queue.notify_config
    if rule is None:
        return ""
    return raw.text({Label.NO_URL: rule.url, Label.NO_TYPE: rule.type, Label.NO_EVENT: rule.event}[step])


@check("UPD-015", SPEC)
@with_preconditions
def undocumented_characters_in_name_are_rejected(evidence: Evidence, item: Item) -> Finding:
    """Checks that the target rejects a name with a space, a slash and a question mark."""
    responses = require_responses(evidence, SPEC, Label.OTHER_LETTERS)
    return expect_rejections(responses, "the target rejects other characters in a name with 400", status=400)


@check("UPD-010", SPEC)
@with_preconditions
def unknown_rule_values_are_rejected(evidence: Evidence, item: Item) -> Finding:
    """Checks that the target rejects undocumented values of State, Type, Event and ResultFormat."""
    responses = require_responses(evidence, SPEC, *BAD_RULE_VALUES)
    return expect_rejections(responses, "the target rejects unknown values in NotifyConfig with 400", status=400)


@check("UPD-011", SPEC)
@with_preconditions
def rejected_update_changes_nothing(evidence: Evidence, item: Item) -> Finding:
    """Checks that the queue is the same before and after each rejected update.

    A list may show the values of an earlier accepted update late; such a change does not count.
    """
    wrong, judged = Deviations(), []
    accepted: set[str | None] = set()
    previous = listed_at(evidence, Label.LIST_SETTLED)
    for step in BAD:
        update = evidence.one(SPEC, step)
        now = listed_at(evidence, after(step))
        if update is None or now is None:
            continue
        if update.ok:
            accepted.add(requested_update(update).name)
        late = now[1].name in accepted and previous is not None and previous[1].name != now[1].name
        if previous is not None and update.exchange.status >= 400 and not late:
            judged.append(update)
            old, new = updatable_values(previous[1]), updatable_values(now[1])
            for name in (name for name in old if old[name] != new[name]):
                for response in (update, now[0]):
                    text = f"{step}: {describe_response(update)}, but {name} changed to {new[name]}"
                    wrong.add(response.exchange.seq, text)
        previous = now
    if not judged:
        require_responses(evidence, SPEC, *BAD)
        return inconclusive("the target rejected no invalid update, or no list contained the queue before and after it")
    expected = "Name, State and NotifyConfig as before"
    return wrong.finding(expected, holds(f"after {len(judged)} rejected updates", witness=record_ids(*judged[:3])))
