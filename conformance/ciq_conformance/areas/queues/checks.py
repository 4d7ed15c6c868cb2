"""Checks of the scenario `queues`: the elements of a list and of its queues (QUE, ONE-001, ONE-002, HDR-003)."""

from ciq_conformance.areas.queues import SPEC
from ciq_conformance.areas.queues.labels import FOUND, Label
from ciq_conformance.judge.evidence import Evidence
from ciq_conformance.judge.finding import Deviations, Finding, deviates, holds, inconclusive, observed, untested
from ciq_conformance.judge.preconditions import (
    expect_status_200,
    record_ids,
    require_response,
    require_responses,
    require_success,
    with_preconditions,
)
from ciq_conformance.judge.queue_shape import (
    NO_QUEUE,
    STATES,
    is_speed_queue,
    listed,
    missing_elements,
    spelled_queue_id_upper,
)
from ciq_conformance.judge.registry import Item, check
from ciq_schemas import times
from ciq_schemas.transcript import raw
from ciq_schemas.transcript.parsed import ParsedExchange, describe_response
from ciq_schemas.values import Queue


def _listed_queues(evidence: Evidence) -> list[tuple[ParsedExchange, Queue]]:
    """Returns every queue in the lists of the queue in its first state."""
    responses = [response for response in require_responses(evidence, SPEC, *FOUND) if response.ok]
    return [(response, queue) for response in responses for queue in response.queue_list.queues]


def _own_id(evidence: Evidence) -> str:
    return raw.query_value(require_response(evidence, SPEC, Label.BY_ID).exchange, "queueIds") or ""


@check("QUE-001", SPEC)
@with_preconditions
def list_has_page_elements(evidence: Evidence, item: Item) -> Finding:
    """Checks status and elements of the list without parameters."""
    expected = "HTTP 200 and Response with RequestId, TotalCount, PageNumber, PageSize and one QueueList per queue"
    response = expect_status_200(evidence, SPEC, Label.PLAIN, expected)
    root = raw.response_root(response)
    if root is None:
        return deviates(expected, "the response is not a Response document", witness=record_ids(response))
    faults = [] if raw.child_text(root, "RequestId") else ["no RequestId"]
    for name in ("TotalCount", "PageNumber", "PageSize"):
        value = raw.child_text(root, name)
        if raw.number(value) is None:
            faults.append(f"{name} {value}" if value else f"no {name}")
    entries = raw.children(root, "QueueList")
    if not entries:
        faults.append("no QueueList, but the feature has a queue")
    elif any(not (raw.child_text(e, "QueueId") or raw.child_text(e, "QueueID")) for e in entries):
        faults.append("a QueueList without QueueId, which is not one queue")
    total = raw.number(raw.child_text(root, "TotalCount"))
    size = raw.number(raw.child_text(root, "PageSize"))
    if total is not None and size is not None and len(entries) != min(total, size):
        faults.append(f"TotalCount {total} with {len(entries)} QueueList")
    if faults:
        return deviates(expected, "; ".join(faults), witness=record_ids(response))
    return holds(f"{len(entries)} of {total} queue(s)", witness=record_ids(response))


@check("QUE-002", SPEC)
@with_preconditions
def queue_has_documented_elements(evidence: Evidence, item: Item) -> Finding:
    """Checks that every listed queue has the documented elements."""
    wrong = Deviations()
    shown = _listed_queues(evidence)
    old = [response for response, _ in shown if spelled_queue_id_upper(response, "QueueList")]
    for response, queue in shown:
        gone = [name for name in missing_elements(queue) if not (name == "QueueId" and response in old)]
        if gone:
            wrong.add(response.exchange.seq, f"a queue without {', '.join(gone)}")
    if not shown:
        return NO_QUEUE
    expected = "QueueId, Name, State, NotifyConfig, MaxSize, MaxConcurrent, CreateTime, UpdateTime on each queue"
    otherwise = holds(f"{len(shown)} times", witness=record_ids(shown[0][0]))
    if old:
        otherwise = observed("QueueID, as some old samples spell it", witness=record_ids(*old), expected=expected)
    return wrong.finding(expected, otherwise)


@check("QUE-003", SPEC)
@with_preconditions
def queue_state_is_documented(evidence: Evidence, item: Item) -> Finding:
    """Checks that State of every listed queue is Active or Paused."""
    responses = [r for r in require_responses(evidence, SPEC, *FOUND, Label.PAUSED_WHILE_PAUSED, Label.ACTIVE) if r.ok]
    wrong, seen = Deviations(), set()
    for response in responses:
        for queue in response.queue_list.queues:
            state = raw.text(queue.state)
            seen.add(state)
            if state not in STATES:
                wrong.add(response.exchange.seq, f"State {state or 'is missing'}")
    if not seen:
        return NO_QUEUE
    return wrong.finding("State Active or Paused", holds(", ".join(sorted(seen)), witness=record_ids(responses[0])))


@check("QUE-004", SPEC)
@with_preconditions
def queue_times_are_complete(evidence: Evidence, item: Item) -> Finding:
    """Checks that CreateTime and UpdateTime of every listed queue have date, time and zone."""
    wrong, seen = Deviations(), ""
    shown = _listed_queues(evidence)
    for response, queue in shown:
        for name, value in (("CreateTime", queue.create_time), ("UpdateTime", queue.update_time)):
            if times.parse(value) is None:
                wrong.add(response.exchange.seq, f"{name} {value!r}")
            seen = seen or raw.text(value)
    if not shown:
        return NO_QUEUE
    return wrong.finding("date, time and numeric zone", holds(seen, witness=record_ids(shown[0][0])))


@check("QUE-023", SPEC)
@with_preconditions
def queue_times_have_documented_form(evidence: Evidence, item: Item) -> Finding:
    """Checks the form of every time of a queue, in lists and in the response to an update."""
    answers = [(r, r.queue) for r in evidence.of(SPEC, Label.PAUSE) if r.ok and r.queue is not None]
    paused = [(r, queue) for r in evidence.of(SPEC, Label.BY_ID_WHILE_PAUSED) for queue in r.queue_list.queues if r.ok]
    shown = [*_listed_queues(evidence), *answers, *paused]
    if not shown:
        return NO_QUEUE
    wrong, right = Deviations(), []
    for response, queue in shown:
        for name, value in (("CreateTime", queue.create_time), ("UpdateTime", queue.update_time)):
            if times.is_documented_form(value):
                right.append(response)
            elif times.parse(value) is not None:  # QUE-004 judges times that cannot be parsed
                wrong.add(response.exchange.seq, f"{name} {value}")
    if not right and not wrong.items:
        return inconclusive("no time of a queue can be parsed; see QUE-004", witness=record_ids(shown[0][0]))
    expected = "times such as 2026-01-02T03:04:05+0800"
    return wrong.finding(expected, holds(f"{len(right)} times", witness=record_ids(*right[:2])))


@check("QUE-005", SPEC)
@with_preconditions
def queue_sizes_are_positive(evidence: Evidence, item: Item) -> Finding:
    """Checks that MaxSize and MaxConcurrent of every listed queue are positive numbers."""
    wrong, seen = Deviations(), ""
    shown = _listed_queues(evidence)
    for response, queue in shown:
        for name, value in (("MaxSize", queue.max_size), ("MaxConcurrent", queue.max_concurrent)):
            if not raw.number(value):
                wrong.add(response.exchange.seq, f"{name} {value!r}")
        seen = f"MaxSize {queue.max_size}, MaxConcurrent {queue.max_concurrent}"
    if not shown:
        return NO_QUEUE
    return wrong.finding("positive decimal numbers", holds(seen, witness=record_ids(shown[0][0])))


def _category(evidence: Evidence, item: Item) -> Finding:
    expected = f"Category {' or '.join(item.feature.categories)}"
    wrong, seen = Deviations(), set()
    shown = _listed_queues(evidence)
    for response, queue in shown:
        category = raw.text(queue.category)
        seen.add(category)
        if category and category not in item.feature.categories:
            wrong.add(response.exchange.seq, f"Category {category}")
    if not shown:
        return NO_QUEUE
    if seen == {""}:
        reason = "newer pages have Category in every queue, older pages do not"
        return observed("no Category", witness=record_ids(shown[0][0]), expected=expected, reason=reason)
    return wrong.finding(expected, holds(", ".join(sorted(seen - {""})), witness=record_ids(shown[0][0])))


@check("QUE-006", SPEC)
@with_preconditions
def category_is_the_features(evidence: Evidence, item: Item) -> Finding:
    """Checks that Category of every listed queue is the feature's category."""
    return _category(evidence, item)


@check("QUE-007", SPEC)
@with_preconditions
def observe_category_of_document_queue(evidence: Evidence, item: Item) -> Finding:
    """Reports which of the two documented categories a document queue has."""
    finding = _category(evidence, item)
    return observed(finding.seen or finding.reason, witness=finding.witness, expected=finding.expected)


@check("QUE-016", SPEC)
@with_preconditions
def queue_has_callback_rule(evidence: Evidence, item: Item) -> Finding:
    """Checks that every listed queue contains its callback rule, NotifyConfig."""
    expected = "NotifyConfig with Url, Event, Type and State, State On or Off"
    wrong, shown = Deviations(), _listed_queues(evidence)
    incomplete: list[tuple[ParsedExchange, str]] = []
    for response, queue in shown:
        config = queue.notify_config
        if config is None:
            wrong.add(response.exchange.seq, "no NotifyConfig")
            continue
        state = raw.text(config.state)
        if state not in ("On", "Off"):
            wrong.add(response.exchange.seq, f"NotifyConfig.State {state or 'is missing'}")
        parts = (("Url", config.url), ("Event", config.event), ("Type", config.type))
        gone = [name for name, value in parts if value is None]
        if gone and state == "On":
            wrong.add(response.exchange.seq, f"a rule that is On without {', '.join(gone)}")
        elif gone:
            incomplete.append((response, f"a rule that is Off omits {', '.join(gone)}; samples have them empty"))
    if not shown:
        return NO_QUEUE
    otherwise = holds(f"{len(shown)} times", witness=record_ids(shown[0][0]))
    if incomplete:
        otherwise = observed(incomplete[0][1], witness=record_ids(incomplete[0][0]), expected=expected)
    return wrong.finding(expected, otherwise)


@check("ONE-001", SPEC)
@with_preconditions
def feature_has_one_queue(evidence: Evidence, item: Item) -> Finding:
    """Checks that the list without parameters contains exactly one queue of the feature."""
    response = require_success(evidence, SPEC, Label.PLAIN)
    speed = [queue for queue in response.queue_list.queues if item.feature.extra_queue_names and is_speed_queue(queue)]
    queues = [queue for queue in response.queue_list.queues if queue not in speed]
    names = ", ".join(f"{queue.name} ({queue.queue_id})" for queue in queues)
    if len(queues) != 1:
        return deviates(
            "exactly one queue of the feature", f"{len(queues)}: {names or 'none'}", witness=record_ids(response)
        )
    total = raw.number(response.queue_list.total_count)
    if total is not None and total > len(response.queue_list.queues):
        return deviates("exactly one queue of the feature", f"TotalCount {total}", witness=record_ids(response))
    return holds(names, witness=record_ids(response))


def _first_listed(evidence: Evidence, queue_id: str) -> tuple[ParsedExchange, Queue] | None:
    for response in evidence.responses:
        if response.ok and response.exchange.operation == "list_queues":
            queue = listed(response, queue_id)
            if queue is not None:
                return response, queue
    return None


@check("ONE-002", SPEC)
@with_preconditions
def new_queue_has_documented_name(evidence: Evidence, item: Item) -> Finding:
    """Checks the Name of a never updated queue in the first list of the run, before the suite updates the queue."""
    names = (*item.feature.queue_names, *item.feature.extra_queue_names)
    expected = f"the name {' or '.join(item.feature.queue_names)} on a queue never updated"
    first = _first_listed(evidence, _own_id(evidence))
    if first is None:
        return NO_QUEUE
    response, queue = first
    witness = record_ids(response)
    if raw.text(queue.name) in names:
        return holds(raw.text(queue.name), witness=witness)
    created, updated = times.parse(queue.create_time), times.parse(queue.update_time)
    if created is None or updated is None:
        return inconclusive("CreateTime or UpdateTime cannot be parsed; see QUE-004", witness=witness)
    if created != updated:
        return untested(f"the queue has Name {queue.name} and was updated after its creation", witness=witness)
    return deviates(expected, f"{queue.name}, CreateTime and UpdateTime both {queue.create_time}", witness=witness)


@check("HDR-003", SPEC)
@with_preconditions
def request_id_is_equal_in_body_and_header(evidence: Evidence, item: Item) -> Finding:
    """Checks that RequestId in the body equals the header x-ci-request-id, in responses that have both."""
    responses = [response for response in require_responses(evidence, SPEC, *Label) if response.exchange.status]
    wrong, right = Deviations(), []
    for response in responses:
        root = raw.root_of(response.exchange.response_body.data)
        body, head = raw.child_text(root, "RequestId"), raw.answer_header(response, "x-ci-request-id")
        if not body or not head:
            continue
        if body == head.strip():
            right.append(response)
        else:
            wrong.add(response.exchange.seq, f"body {body}, header {head} ({describe_response(response)})")
    if not right and not wrong.items:
        return untested("no response has both", witness=record_ids(*responses[:1]))
    return wrong.finding(
        "the same id in body and header", holds(f"{len(right)} responses", witness=record_ids(*right[:1]))
    )
