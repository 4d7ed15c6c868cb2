"""Checks of the scenario `update`: updates that a service must accept (UPD, ONE-011, PAU-009)."""

from ipaddress import ip_address
from urllib.parse import urlsplit

from ciq_conformance.areas.update import SPEC
from ciq_conformance.areas.update.labels import GOOD, LISTS, Label
from ciq_conformance.areas.update.listed_queue import QUEUE_NOT_FOUND, listed_at
from ciq_conformance.judge.evidence import Evidence
from ciq_conformance.judge.finding import Deviations, Finding, blocked, deviates, holds, observed
from ciq_conformance.judge.preconditions import (
    expect_status_200,
    expect_success,
    other_status,
    record_ids,
    require_response,
    require_success,
    with_preconditions,
)
from ciq_conformance.judge.queue_shape import (
    events,
    missing_elements,
    same_moment,
    spelled_queue_id_upper,
    updatable_values,
)
from ciq_conformance.judge.registry import Item, check
from ciq_schemas.transcript import raw
from ciq_schemas.transcript.parsed import ParsedExchange, describe_response
from ciq_schemas.transcript.requests import RequestedUpdate, requested_update
from ciq_schemas.values import Queue

PLAIN_UPDATES = (Label.PAUSE, Label.RESUME)
"""Updates that every reading of the documents accepts: the target accepted their name and rule before."""


def _own_id(response: ParsedExchange) -> str:
    return raw.requested_job_id(response.exchange)


def _returned_queues(evidence: Evidence, update: ParsedExchange, step: str) -> list[tuple[ParsedExchange, Queue]]:
    """Returns the queue in the response to the update and in the list after it."""
    own = [] if update.queue is None else [(update, update.queue)]
    then = listed_at(evidence, step)
    return own if then is None else [*own, then]


@check("UPD-001", SPEC)
@with_preconditions
def update_returns_the_queue(evidence: Evidence, item: Item) -> Finding:
    """Checks the responses to all accepted updates; the target must accept the plain updates."""
    expected = "HTTP 200 and Response with RequestId and one Queue that has the elements of the list"
    for step in PLAIN_UPDATES:
        expect_status_200(evidence, SPEC, step, expected)
    wrong, older, right = Deviations(), [], []
    for response in evidence.of(SPEC, *GOOD):
        if not response.ok:
            continue
        faults = [*filter(None, [other_status(response)]), *_response_faults(response)]
        for fault in faults:
            wrong.add(response.exchange.seq, f"{response.exchange.step}: {fault}")
        if not faults and response.queue is not None:
            if missing_elements(response.queue) or spelled_queue_id_upper(response, "Queue"):
                older.append(response)
            right.append(response)
    if older:
        seen = "a response in the form of the older pages (no MaxSize and MaxConcurrent, or QueueID)"
        return wrong.finding(expected, observed(seen, witness=record_ids(*older[:3]), expected=expected))
    return wrong.finding(expected, holds(f"{len(right)} updates", witness=record_ids(*right[:3])))


def _response_faults(response: ParsedExchange) -> list[str]:
    root = raw.response_root(response)
    if root is None:
        return ["the response is not a Response document"]
    faults = [] if raw.child_text(root, "RequestId") else ["no RequestId"]
    count = len(raw.children(root, "Queue"))
    if count != 1 or response.queue is None:
        return [*faults, f"{count} Queue elements"]
    gone = missing_elements(response.queue, sizes=False)
    if spelled_queue_id_upper(response, "Queue"):
        gone = [name for name in gone if name != "QueueId"]
    return [*faults, *([f"Queue without {', '.join(gone)}"] if gone else [])]


@check("UPD-002", SPEC)
@with_preconditions
def state_is_set(evidence: Evidence, item: Item) -> Finding:
    """Checks State in the response and the list after an update to Paused, then to Active."""
    expected = "State as requested, in response and list"
    wrong, seen = Deviations(), []
    for step, then in ((Label.PAUSE, Label.LIST_PAUSED), (Label.RESUME, Label.LIST_RESUMED)):
        update = expect_success(evidence, SPEC, step, expected)
        wanted = requested_update(update).state
        shown = _returned_queues(evidence, update, then)
        if not any(response is not update for response, _ in shown):
            return blocked(f"no list contained the queue after {step}", witness=record_ids(update))
        for response, queue in shown:
            seen.append(response)
            if raw.text(queue.state) != wanted:
                text = f"State {queue.state} after an update to {wanted} ({response.exchange.step})"
                wrong.add(update.exchange.seq, text)
                wrong.add(response.exchange.seq, text)
    return wrong.finding(expected, holds("Paused, then Active", witness=record_ids(*seen)))


def _is_intranet(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return not ip_address(host).is_global
    except ValueError:
        return "." not in host or host.endswith((".local", ".internal", ".localhost", ".test"))


@check("UPD-003", SPEC)
@with_preconditions
def rule_is_set(evidence: Evidence, item: Item) -> Finding:
    """Checks the callback rule in the response and the list, when it is On and when it is Off."""
    expected = "Url, Event, Type, State and ResultFormat of NotifyConfig as requested, in response and list"
    update = require_response(evidence, SPEC, Label.RULE)
    wanted = requested_update(update)
    renamed = evidence.one(SPEC, Label.RENAME)
    if update.refused and renamed and renamed.refused and requested_update(renamed).name == wanted.name:
        reason = f"the target rejects the name {wanted.name} also without a rule ({describe_response(renamed)})"
        return blocked(f"{reason}; see UPD-004", witness=record_ids(renamed, update))
    other_code = (update.error.code or "").strip() not in QUEUE_NOT_FOUND
    if update.refused and other_code and _is_intranet(wanted.url or ""):
        reason = f"{describe_response(update)} to the rule's address {wanted.url}, perhaps because it is an intranet "
        reason += "address, which the documents forbid; set callback_url in the profile to an accepted address"
        return blocked(reason, witness=record_ids(update))
    expect_success(evidence, SPEC, Label.RULE, expected)
    shown = _returned_queues(evidence, update, Label.LIST_RULE)
    if not any(response is not update for response, _ in shown):
        return blocked("no list contained the queue after the update of its rule", witness=record_ids(update))
    wrong = Deviations()
    for response, queue in shown:
        for difference in _rule_differences(wanted, queue):
            wrong.add(response.exchange.seq, f"{difference} ({response.exchange.step})")
    off = evidence.one(SPEC, Label.RULE_OFF)
    if off is not None:
        if not off.ok:
            wrong.add(off.exchange.seq, f"{describe_response(off)} to the same rule with State Off")
        for response, queue in _returned_queues(evidence, off, Label.LIST_RULE_OFF) if off.ok else ():
            for difference in _off_differences(requested_update(off), queue):
                wrong.add(response.exchange.seq, f"{difference} ({response.exchange.step})")
    return wrong.finding(
        expected, holds(f"{wanted.url}, {wanted.event}", witness=record_ids(update, *(r for r, _ in shown)))
    )


def _rule_differences(wanted: RequestedUpdate, queue: Queue) -> list[str]:
    config = queue.notify_config
    if config is None:
        return ["no NotifyConfig"]
    pairs = [
        ("Url", wanted.url, config.url),
        ("Type", wanted.type, config.type),
        ("State", wanted.rule_state, config.state),
        ("ResultFormat", wanted.result_format, config.result_format),
    ]
    different = [f"{name} {got!r} instead of {want!r}" for name, want, got in pairs if want and raw.text(got) != want]
    if events(config.event) != events(wanted.event):
        different.append(f"Event {config.event!r} instead of {wanted.event!r}")
    return different


def _off_differences(wanted: RequestedUpdate, queue: Queue) -> list[str]:
    """As `_rule_differences`, for a rule that is Off: its elements may be empty, but must not have other values."""
    config = queue.notify_config
    if config is None or raw.text(config.state) != wanted.rule_state:
        return [f"NotifyConfig.State {config.state if config else 'missing'} instead of {wanted.rule_state}"]
    pairs = (("Url", wanted.url, config.url), ("Type", wanted.type, config.type))
    return [
        f"{name} {got!r} instead of {want!r}" for name, want, got in pairs if want and raw.text(got) not in ("", want)
    ]


@check("UPD-004", SPEC)
@with_preconditions
def name_is_set(evidence: Evidence, item: Item) -> Finding:
    """Checks Name in the response and the list after an update of the name."""
    return _judge_name(evidence, Label.RENAME, Label.LIST_RENAMED)


@check("UPD-014", SPEC)
@with_preconditions
def longest_name_is_kept(evidence: Evidence, item: Item) -> Finding:
    """Checks that the target keeps a name of 100 characters, the smallest documented limit."""
    return _judge_name(evidence, Label.LONGEST_NAME, Label.LIST_LONGEST_NAME)


def _judge_name(evidence: Evidence, step: Label, then: Label) -> Finding:
    expected = "Name as requested, in response and list"
    update = expect_success(evidence, SPEC, step, expected)
    wanted = requested_update(update).name
    shown = _returned_queues(evidence, update, then)
    if not any(response is not update for response, _ in shown):
        return blocked("no list contained the queue after the update of its name", witness=record_ids(update))
    wrong = Deviations()
    for response, queue in shown:
        if raw.text(queue.name) != wanted:
            wrong.add(response.exchange.seq, f"Name {queue.name!r} instead of {wanted!r} ({response.exchange.step})")
    return wrong.finding(expected, holds(f"{wanted}", witness=record_ids(update, *(r for r, _ in shown))))


@check("UPD-016", SPEC)
@with_preconditions
def rule_without_state_is_off(evidence: Evidence, item: Item) -> Finding:
    """Checks that a rule without State is Off. The rule before it was Off, so a target that merges rules passes."""
    expected = "NotifyConfig.State Off after an update with a rule without State"
    require_success(evidence, SPEC, Label.RULE_OFF)
    update = expect_success(evidence, SPEC, Label.RULE_WITHOUT_STATE, expected)
    shown = _returned_queues(evidence, update, Label.LIST_RULE_WITHOUT_STATE)
    if not any(response is not update for response, _ in shown):
        return blocked("no list contained the queue after the update of its rule", witness=record_ids(update))
    wrong = Deviations()
    for response, queue in shown:
        state = raw.text(queue.notify_config.state) if queue.notify_config is not None else ""
        if state != "Off":
            wrong.add(response.exchange.seq, f"NotifyConfig.State {state or 'missing'} ({response.exchange.step})")
    return wrong.finding(expected, holds("Off", witness=record_ids(update, *(r for r, _ in shown))))


@check("UPD-017", SPEC)
@with_preconditions
def one_update_sets_name_rule_and_state(evidence: Evidence, item: Item) -> Finding:
    """Checks name, rule and State after an update of all three, and after an update of State alone."""
    expected = "Name, NotifyConfig and State as requested in one update, in response and list"
    wrong, seen = Deviations(), []
    for step, then in ((Label.PAUSE, Label.LIST_PAUSED), (Label.RESUME, Label.LIST_RESUMED)):
        update = expect_success(evidence, SPEC, step, expected)
        wanted = requested_update(update)
        shown = _returned_queues(evidence, update, then)
        if not any(response is not update for response, _ in shown):
            return blocked(f"no list contained the queue after {step}", witness=record_ids(update))
        for response, queue in shown:
            seen.append(response)
            pairs = (("Name", wanted.name, queue.name), ("State", wanted.state, queue.state))
            different = [f"{what} {got} instead of {want}" for what, want, got in pairs if raw.text(got) != want]
            on = wanted.rule_state == "On"
            different += (_rule_differences if on else _off_differences)(wanted, queue)
            for difference in different:
                wrong.add(response.exchange.seq, f"{difference} ({response.exchange.step})")
    return wrong.finding(expected, holds("all three values as requested", witness=record_ids(*seen)))


@check("UPD-012", SPEC)
@with_preconditions
def queue_id_in_body_is_optional(evidence: Evidence, item: Item) -> Finding:
    """Checks that the target accepts updates with QueueID, with QueueId, and with neither in the body."""
    wrong, right = Deviations(), []
    for step in (Label.WITH_QUEUE_ID_UPPER, Label.WITH_QUEUE_ID, Label.WITHOUT_QUEUE_ID):
        response = require_response(evidence, SPEC, step)
        if not response.ok:
            wrong.add(response.exchange.seq, f"{step}: {describe_response(response)}")
        elif response.queue is None:
            wrong.add(response.exchange.seq, f"{step}: the response contains no Queue")
        elif raw.text(response.queue.queue_id) not in ("", _own_id(response)):
            wrong.add(response.exchange.seq, f"{step}: the response contains queue {response.queue.queue_id}")
        else:
            right.append(response)
    expected = "the target accepts the update and returns the queue of the path"
    return wrong.finding(expected, holds("all three updates", witness=record_ids(*right)))


@check("UPD-013", SPEC)
@with_preconditions
def elements_are_accepted_in_any_order(evidence: Evidence, item: Item) -> Finding:
    """Checks that the target accepts an update with its elements in reverse order."""
    expected = "HTTP 200, and the queue as requested"
    response = expect_success(evidence, SPEC, Label.REVERSED, expected)
    shown = _returned_queues(evidence, response, Label.LIST_SETTLED)
    if not shown:
        reason = "neither the response nor a list contains the queue; see UPD-001"
        return blocked(reason, witness=record_ids(response))
    wanted = requested_update(response)
    for then, queue in shown:
        if raw.text(queue.name) != wanted.name or raw.text(queue.state) != wanted.state:
            seen = f"Name {queue.name}, State {queue.state} instead of {wanted.name}, {wanted.state}"
            return deviates(expected, seen, witness=record_ids(response, then))
    return holds("accepted", witness=record_ids(response))


@check("ONE-011", SPEC)
@with_preconditions
def update_keeps_id_and_create_time(evidence: Evidence, item: Item) -> Finding:
    """Checks that every response and list after the first has the same QueueId and CreateTime."""
    require_success(evidence, SPEC, Label.BEFORE)
    before = listed_at(evidence, Label.BEFORE)
    if before is None:
        return blocked("no list contained the queue before the updates")
    wrong, judged = Deviations(), []
    own = raw.text(before[1].queue_id)
    updated = False
    for response in evidence.of(SPEC, *GOOD, *LISTS):
        if not response.ok or response.exchange.step == Label.BEFORE:
            continue
        is_update = response.exchange.step in GOOD
        updated = updated or is_update
        queue = response.queue if is_update else next(iter(response.queue_list.queues), None)
        if queue is None:
            if not is_update:
                wrong.add(response.exchange.seq, f"{own} is no longer listed ({response.exchange.step})")
            continue
        judged.append(response)
        if raw.text(queue.queue_id) != own:
            wrong.add(response.exchange.seq, f"QueueId {queue.queue_id} instead of {own} ({response.exchange.step})")
        if not same_moment(queue.create_time, before[1].create_time):
            difference = f"CreateTime {queue.create_time} instead of {before[1].create_time}"
            wrong.add(response.exchange.seq, f"{difference} ({response.exchange.step})")
    if not updated:
        return blocked("the target accepted no update; see UPD-001")
    expected = "the same QueueId and CreateTime after every update"
    return wrong.finding(
        expected, holds(f"{own} in {len(judged)} responses", witness=record_ids(before[0], *judged[-1:]))
    )


@check("PAU-009", SPEC)
@with_preconditions
def second_pause_changes_nothing(evidence: Evidence, item: Item) -> Finding:
    """Checks that the target accepts a second pause in a row, and that the queue stays the same."""
    expected = "HTTP 200 and the queue as after the first pause"
    require_success(evidence, SPEC, Label.PAUSE)
    again = expect_success(evidence, SPEC, Label.PAUSE_AGAIN, expected)
    first, second = listed_at(evidence, Label.LIST_PAUSED), listed_at(evidence, Label.LIST_PAUSED_AGAIN)
    if first is None or second is None:
        return blocked("no list contained the queue after both pauses", witness=record_ids(again))
    old, new = updatable_values(first[1]), updatable_values(second[1])
    changed = [f"{name} changed from {old[name]} to {new[name]}" for name in old if old[name] != new[name]]
    if changed:
        return deviates(expected, "; ".join(changed), witness=record_ids(first[0], again, second[0]))
    return holds("unchanged", witness=record_ids(first[0], again, second[0]))
