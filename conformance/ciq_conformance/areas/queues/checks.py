"""Checks of the scenario `queues`: what a list and its queues show (QUE, ONE-001, ONE-002, HDR-003)."""

from ciq_conformance.areas.queues import SPEC
from ciq_conformance.areas.queues.labels import FOUND, Label
from ciq_conformance.judge.evidence import Evidence
from ciq_conformance.judge.finding import Deviations, Finding, absent, cannot_tell, deviates, holds, observed
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


def _shown(evidence: Evidence) -> list[tuple[ParsedExchange, Queue]]:
    """Every queue in the lists that show the queue as found."""
    responses = [response for response in require_responses(evidence, SPEC, *FOUND) if response.ok]
    return [(response, queue) for response in responses for queue in response.queue_list.queues]


def _own_id(evidence: Evidence) -> str:
    return raw.query_value(require_response(evidence, SPEC, Label.BY_ID).exchange, "queueIds") or ""


@check("QUE-001", SPEC)
@with_preconditions
def paged_shape(evidence: Evidence, item: Item) -> Finding:
    """The list without parameters."""
    expected = "HTTP 200 and Response with RequestId, TotalCount, PageNumber, PageSize and one QueueList a queue"
    response = expect_status_200(evidence, SPEC, Label.PLAIN, expected)
    root = raw.response_root(response)
    if root is None:
        return deviates(expected, "the answer is no Response document", witness=record_ids(response))
    faults = [] if raw.child_text(root, "RequestId") else ["no RequestId"]
    for name in ("TotalCount", "PageNumber", "PageSize"):
        value = raw.child_text(root, name)
        if raw.number(value) is None:
            faults.append(f"{name} {value}" if value else f"no {name}")
    entries = raw.children(root, "QueueList")
    if not entries:
        faults.append("no QueueList, though the feature has a queue")
    elif any(not (raw.child_text(e, "QueueId") or raw.child_text(e, "QueueID")) for e in entries):
        faults.append("a QueueList that is not one queue (it has no QueueId of its own)")
    total = raw.number(raw.child_text(root, "TotalCount"))
    size = raw.number(raw.child_text(root, "PageSize"))
    if total is not None and size is not None and len(entries) != min(total, size):
        faults.append(f"TotalCount {total} with {len(entries)} QueueList")
    if faults:
        return deviates(expected, "; ".join(faults), witness=record_ids(response))
    return holds(f"{len(entries)} of {total} queue(s)", witness=record_ids(response))


@check("QUE-002", SPEC)
@with_preconditions
def documented_elements(evidence: Evidence, item: Item) -> Finding:
    """Elements of every queue shown."""
    wrong = Deviations()
    shown = _shown(evidence)
    old = [response for response, _ in shown if spelled_queue_id_upper(response, "QueueList")]
    for response, queue in shown:
        gone = [name for name in missing_elements(queue) if not (name == "QueueId" and response in old)]
        if gone:
            wrong.add(response.exchange.seq, f"a queue without {', '.join(gone)}")
    if not shown:
        return NO_QUEUE
    expected = "QueueId, Name, State, NotifyConfig, MaxSize, MaxConcurrent, CreateTime, UpdateTime on each queue"
    fine = holds(f"{len(shown)} times", witness=record_ids(shown[0][0]))
    if old:
        fine = observed("QueueID, as some old samples spell it", witness=record_ids(*old), expected=expected)
    return wrong.finding(expected, fine)


@check("QUE-003", SPEC)
@with_preconditions
def state_words(evidence: Evidence, item: Item) -> Finding:
    """State of every queue shown, paused ones included."""
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
def times_are_whole(evidence: Evidence, item: Item) -> Finding:
    """CreateTime and UpdateTime of every queue shown."""
    wrong, seen = Deviations(), ""
    shown = _shown(evidence)
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
def times_as_on_the_pages(evidence: Evidence, item: Item) -> Finding:
    """The form of every time of a queue shown, in the answer to an update as well."""
    answers = [(r, r.queue) for r in evidence.of(SPEC, Label.PAUSE) if r.ok and r.queue is not None]
    paused = [(r, queue) for r in evidence.of(SPEC, Label.BY_ID_WHILE_PAUSED) for queue in r.queue_list.queues if r.ok]
    shown = [*_shown(evidence), *answers, *paused]
    if not shown:
        return NO_QUEUE
    wrong, right = Deviations(), []
    for response, queue in shown:
        for name, value in (("CreateTime", queue.create_time), ("UpdateTime", queue.update_time)):
            if times.is_documented_form(value):
                right.append(response)
            elif times.parse(value) is not None:  # what cannot be read is told by QUE-004
                wrong.add(response.exchange.seq, f"{name} {value}")
    if not right and not wrong.items:
        return cannot_tell("no time of a queue can be read; see QUE-004", witness=record_ids(shown[0][0]))
    expected = "times such as 2026-01-02T03:04:05+0800"
    return wrong.finding(expected, holds(f"{len(right)} times", witness=record_ids(*right[:2])))


@check("QUE-005", SPEC)
@with_preconditions
def sizes_are_positive(evidence: Evidence, item: Item) -> Finding:
    """MaxSize and MaxConcurrent of every queue shown."""
    wrong, seen = Deviations(), ""
    shown = _shown(evidence)
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
    shown = _shown(evidence)
    for response, queue in shown:
        category = raw.text(queue.category)
        seen.add(category)
        if category and category not in item.feature.categories:
            wrong.add(response.exchange.seq, f"Category {category}")
    if not shown:
        return NO_QUEUE
    if seen == {""}:
        reason = "the newer pages have it in every queue, the older ones do not"
        return observed("no Category", witness=record_ids(shown[0][0]), expected=expected, reason=reason)
    return wrong.finding(expected, holds(", ".join(sorted(seen - {""})), witness=record_ids(shown[0][0])))


@check("QUE-006", SPEC)
@with_preconditions
def category_names_feature(evidence: Evidence, item: Item) -> Finding:
    """Category of every queue shown."""
    return _category(evidence, item)


@check("QUE-007", SPEC)
@with_preconditions
def category_of_documents(evidence: Evidence, item: Item) -> Finding:
    """Which of the two documented words a document queue has."""
    finding = _category(evidence, item)
    return observed(finding.seen or finding.reason, witness=finding.witness, expected=finding.expected)


@check("QUE-016", SPEC)
@with_preconditions
def rule_is_shown(evidence: Evidence, item: Item) -> Finding:
    """NotifyConfig of every queue shown."""
    expected = "NotifyConfig with Url, Event, Type and State, State On or Off"
    wrong, shown = Deviations(), _shown(evidence)
    lesser: list[tuple[ParsedExchange, str]] = []
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
            lesser.append((response, f"a rule that is Off leaves out {', '.join(gone)}; samples show them empty"))
    if not shown:
        return NO_QUEUE
    fine = holds(f"{len(shown)} times", witness=record_ids(shown[0][0]))
    if lesser:
        fine = observed(lesser[0][1], witness=record_ids(lesser[0][0]), expected=expected)
    return wrong.finding(expected, fine)


@check("ONE-001", SPEC)
@with_preconditions
def one_queue(evidence: Evidence, item: Item) -> Finding:
    """How many queues the list without parameters holds."""
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


def _first_look(evidence: Evidence, queue_id: str) -> tuple[ParsedExchange, Queue] | None:
    for response in evidence.responses:
        if response.ok and response.exchange.operation == "list_queues":
            queue = listed(response, queue_id)
            if queue is not None:
                return response, queue
    return None


@check("ONE-002", SPEC)
@with_preconditions
def documented_name(evidence: Evidence, item: Item) -> Finding:
    """Name of the queue in the first list of the run, before the run's own updates, where nobody has updated it."""
    names = (*item.feature.queue_names, *item.feature.extra_queue_names)
    expected = f"the name {' or '.join(item.feature.queue_names)} on a queue never updated"
    first = _first_look(evidence, _own_id(evidence))
    if first is None:
        return NO_QUEUE
    response, queue = first
    witness = record_ids(response)
    if raw.text(queue.name) in names:
        return holds(raw.text(queue.name), witness=witness)
    created, updated = times.parse(queue.create_time), times.parse(queue.update_time)
    if created is None or updated is None:
        return cannot_tell("CreateTime or UpdateTime cannot be read, see QUE-004", witness=witness)
    if created != updated:
        return absent(f"the queue is called {queue.name} and has been updated since it was made", witness=witness)
    return deviates(expected, f"{queue.name}, CreateTime and UpdateTime both {queue.create_time}", witness=witness)


@check("HDR-003", SPEC)
@with_preconditions
def request_ids_agree(evidence: Evidence, item: Item) -> Finding:
    """RequestId of the body and x-ci-request-id of the header, where an answer has both."""
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
        return absent("no answer gives both", witness=record_ids(*responses[:1]))
    return wrong.finding(
        "the same id in body and header", holds(f"{len(right)} answers", witness=record_ids(*right[:1]))
    )
