"""Checks of the scenario `queues`: which queues a list returns, by id, state and page (QUE-008 to QUE-022)."""

from ciq_conformance.areas.queues import SPEC
from ciq_conformance.areas.queues.labels import OUT_OF_RANGE, WHILE_ACTIVE, WHILE_PAUSED, Label
from ciq_conformance.judge.evidence import Evidence
from ciq_conformance.judge.finding import Deviations, Finding, absent, blocked, deviates, holds, observed
from ciq_conformance.judge.preconditions import (
    expect_rejections,
    expect_success,
    record_ids,
    require_response,
    require_responses,
    require_success,
    with_preconditions,
)
from ciq_conformance.judge.queue_shape import NO_QUEUE, listed, spelled_queue_id_upper
from ciq_conformance.judge.registry import Item, check
from ciq_schemas.features import EVERY_CATEGORY
from ciq_schemas.lifecycle import QueueState
from ciq_schemas.transcript import raw
from ciq_schemas.transcript.parsed import ParsedExchange, describe_response


def _own_id(evidence: Evidence) -> str:
    return raw.query_value(require_response(evidence, SPEC, Label.BY_ID).exchange, "queueIds") or ""


@check("QUE-008", SPEC)
@with_preconditions
def ids_select(evidence: Evidence, item: Item) -> Finding:
    """The list by the queue's own id, and by an id that is none: the one queue alone would hide a filter ignored."""
    own = _own_id(evidence)
    expected = f"queueIds={own} returns exactly that queue"
    response = expect_success(evidence, SPEC, Label.BY_ID, expected)
    ids = [raw.text(queue.queue_id) for queue in response.queue_list.queues]
    if ids != [own] and not (spelled_queue_id_upper(response, "QueueList") and len(ids) == 1):
        return deviates(expected, f"listed: {', '.join(ids) or 'none'}", witness=record_ids(response))
    stranger = evidence.one(SPEC, Label.BY_STRANGER)
    if stranger is not None and stranger.ok and stranger.queue_list.queues:
        asked_for = raw.query_value(stranger.exchange, "queueIds")
        return deviates(
            "queueIds returns no other queue", f"queueIds={asked_for} lists {own}", witness=record_ids(stranger)
        )
    paused = evidence.one(SPEC, Label.BY_ID_WHILE_PAUSED)
    if paused is not None and paused.ok and not paused.queue_list.queues:
        return deviates(expected, "none is listed while the queue is paused", witness=record_ids(paused))
    return holds("that queue alone, and none by an unknown id", witness=record_ids(response))


@check("QUE-009", SPEC)
@with_preconditions
def unknown_ids_are_told(evidence: Evidence, item: Item) -> Finding:
    """The lists by a known and an unknown id, by a known one between two unknown ones, and by an unknown one alone."""
    response = expect_success(evidence, SPEC, Label.BY_UNKNOWN_ID, "a known and an unknown id are accepted")
    responses = [response, *evidence.of(SPEC, Label.BY_IDS_AROUND)]
    own = _own_id(evidence)
    wrong = Deviations()
    for response in responses:
        if response.ok:
            for fault in _id_faults(response, own):
                wrong.add(response.exchange.seq, fault)
        else:
            asked_for = raw.query_value(response.exchange, "queueIds")
            wrong.add(response.exchange.seq, f"queueIds={asked_for} is answered {describe_response(response)}")
    exclusive = evidence.one(SPEC, Label.BY_STRANGER)
    if exclusive is not None and exclusive.ok:
        for fault in _id_faults(exclusive, own):
            wrong.add(exclusive.exchange.seq, f"{fault} for an unknown id alone")
    expected = f"{own} in QueueList, each unknown id in NonExistPIDs"
    return wrong.finding(expected, holds("each where it belongs", witness=record_ids(*responses)))


def _id_faults(response: ParsedExchange, own: str) -> list[str]:
    """What is wrong with the answer to a list by ids, of which `own` alone exists."""
    wanted = (raw.query_value(response.exchange, "queueIds") or "").split(",")
    ids = [raw.text(queue.queue_id) for queue in response.queue_list.queues]
    told = tuple(value.strip() for value in response.queue_list.non_exist_ids)
    unknown = [value for value in wanted if value != own]
    faults = []
    if own in wanted and own not in ids and not spelled_queue_id_upper(response, "QueueList"):
        faults.append(f"{own} is not listed")
    faults += [f"{value} is listed" for value in unknown if value in ids]
    if any(value not in told for value in unknown):
        faults.append(f"NonExistPIDs has {', '.join(told) or 'nothing'}")
    if own in told:
        faults.append(f"{own}, which exists, stands in NonExistPIDs")
    return faults


@check("QUE-010", SPEC)
@with_preconditions
def existing_ids_are_not_told(evidence: Evidence, item: Item) -> Finding:
    """NonExistPIDs of the lists by the queue's own id, active and paused, and of the list without ids."""
    answered = [
        response
        for response in require_responses(evidence, SPEC, Label.BY_ID, Label.BY_ID_WHILE_PAUSED, Label.PLAIN)
        if response.ok
    ]
    responses = [r for r in answered if r.queue_list.queues or r.queue_list.non_exist_ids]
    if not responses:
        return blocked("no list by id told of any queue; see QUE-008")
    wrong = Deviations()
    for response in responses:
        told = [value for value in response.queue_list.non_exist_ids if value.strip()]
        if told:
            wrong.add(response.exchange.seq, f"NonExistPIDs {', '.join(told)}")
    return wrong.finding("no NonExistPIDs when every id exists", holds("none", witness=record_ids(responses[0])))


_FILTERS = (
    (Label.ACTIVE, QueueState.ACTIVE, QueueState.ACTIVE),
    (Label.PAUSED, QueueState.PAUSED, QueueState.ACTIVE),
    (Label.PAUSED_ON_A_PAGE, QueueState.PAUSED, QueueState.ACTIVE),
    (Label.PAUSED_WHILE_PAUSED, QueueState.PAUSED, QueueState.PAUSED),
    (Label.ACTIVE_WHILE_PAUSED, QueueState.ACTIVE, QueueState.PAUSED),
    (Label.PAUSED_ON_A_PAGE_WHILE_PAUSED, QueueState.PAUSED, QueueState.PAUSED),
    (Label.ACTIVE_ON_A_PAGE_WHILE_PAUSED, QueueState.ACTIVE, QueueState.PAUSED),
)
"""Step, state asked for, state of the queue at that time when it was found active."""


@check("QUE-011", SPEC)
@with_preconditions
def state_filters(evidence: Evidence, item: Item) -> Finding:
    """The list by each state, while the queue is active and while it is paused."""
    expect_success(evidence, SPEC, Label.ACTIVE, "state=Active is accepted")
    expect_success(evidence, SPEC, Label.PAUSED, "state=Paused is accepted")
    own = _own_id(evidence)
    before = listed(require_success(evidence, SPEC, Label.PLAIN), own)
    if before is None:
        return NO_QUEUE
    found = raw.text(before.state)
    wrong, judged = Deviations(), []
    for step, wanted, usual in _FILTERS:
        response = next(reversed(evidence.of(SPEC, step)), None)
        if response is None or not response.ok:
            continue
        judged.append(response)
        state = found if step in WHILE_ACTIVE else usual.value
        for queue in response.queue_list.queues:
            if raw.text(queue.state) != wanted:
                wrong.add(response.exchange.seq, f"state={wanted} lists a queue with State {queue.state}")
        shown = listed(response, own) is not None
        if shown != (state == wanted):
            verb = "leaves out" if state == wanted else "lists"
            wrong.add(response.exchange.seq, f"state={wanted} {verb} {own}, which is {state}")
    return wrong.finding(
        "state=Active returns the active queues only, state=Paused the paused ones only",
        holds(f"{len(judged)} lists", witness=record_ids(*judged)),
    )


@check("QUE-024", SPEC)
@with_preconditions
def ids_and_state_count_together(evidence: Evidence, item: Item) -> Finding:
    """The list by the queue's own id and the state in which it is not."""
    response = require_response(evidence, SPEC, Label.BY_ID_OF_OTHER_STATE)
    if response.refused:
        return absent(f"queueIds beside state is answered {describe_response(response)}", witness=record_ids(response))
    own, state = _own_id(evidence), raw.query_value(response.exchange, "state")
    expected = f"queueIds={own}&state={state} returns no queue in another state"
    response = expect_success(evidence, SPEC, Label.BY_ID_OF_OTHER_STATE, expected)
    exclusive = expect_success(evidence, SPEC, Label.BY_ID, expected)
    if listed(exclusive, own) is None:
        return blocked("queueIds alone does not list the queue; see QUE-008", witness=record_ids(exclusive))
    wrong = Deviations()
    for queue in response.queue_list.queues:
        if raw.text(queue.state) != state:
            wrong.add(response.exchange.seq, f"{queue.queue_id} is listed with State {queue.state}")
    return wrong.finding(expected, holds("none", witness=record_ids(response)))


@check("QUE-022", SPEC)
@with_preconditions
def total_counts_what_matches(evidence: Evidence, item: Item) -> Finding:
    """TotalCount of the lists by state, which are shorter than a page, beside what they hold."""
    wrong, judged = Deviations(), []
    for response in require_responses(evidence, SPEC, *WHILE_ACTIVE, *WHILE_PAUSED):
        total, size = (raw.number(v) for v in (response.queue_list.total_count, response.queue_list.page_size))
        shown = len(response.queue_list.queues)
        if not response.ok or total is None or shown >= (10 if size is None else size):
            continue
        judged.append(response)
        if total != shown:
            state = raw.query_value(response.exchange, "state")
            wrong.add(response.exchange.seq, f"TotalCount {total} with {shown} QueueList for state={state}")
    if not judged:
        return blocked("no list by state was answered with a TotalCount; see QUE-001 and QUE-011")
    return wrong.finding(
        "TotalCount of the queues that match", holds(f"{len(judged)} lists", witness=record_ids(*judged[:3]))
    )


@check("QUE-012", SPEC)
@with_preconditions
def page_defaults(evidence: Evidence, item: Item) -> Finding:
    """What the list without parameters says of its page."""
    response = require_success(evidence, SPEC, Label.PLAIN)
    page = response.queue_list
    said_page = f"PageNumber {page.page_number}, PageSize {page.page_size}"
    if raw.number(page.page_number) != 1 or raw.number(page.page_size) != 10:
        return deviates("PageNumber 1 and PageSize 10 without page parameters", said_page, witness=record_ids(response))
    return holds(said_page, witness=record_ids(response))


@check("QUE-013", SPEC)
@with_preconditions
def page_is_echoed(evidence: Evidence, item: Item) -> Finding:
    """The first page of one queue; and the number of a page far behind, where the target answers it."""
    expected = "PageNumber 1, PageSize 1 and one queue"
    response = expect_success(evidence, SPEC, Label.FIRST_OF_ONE, expected)
    page = response.queue_list
    faults = []
    if raw.number(page.page_number) != 1 or raw.number(page.page_size) != 1:
        faults.append(f"PageNumber {page.page_number}, PageSize {page.page_size}")
    if len(page.queues) > 1:
        faults.append(f"{len(page.queues)} queues on a page of one")
    if not page.queues and raw.number(page.total_count):
        faults.append(f"no queue on the first page of {page.total_count}")
    if faults:
        return deviates(expected, "; ".join(faults), witness=record_ids(response))
    far = evidence.one(SPEC, Label.PAST_THE_END)
    wanted = raw.query_value(far.exchange, "pageNumber") if far is not None and far.ok else None
    if far is not None and wanted and raw.number(far.queue_list.page_number) != raw.number(wanted):
        seen = f"PageNumber {far.queue_list.page_number} for pageNumber={wanted}"
        return deviates("PageNumber as in the request", seen, witness=record_ids(far))
    return holds(f"{len(page.queues)} queue on the page", witness=record_ids(response))


@check("QUE-014", SPEC)
@with_preconditions
def past_the_end(evidence: Evidence, item: Item) -> Finding:
    """Page 1000, and the second page where one holds all."""
    plain = require_success(evidence, SPEC, Label.PLAIN)
    if raw.number(plain.queue_list.total_count) is None:
        return blocked("the plain list tells no TotalCount; see QUE-001", witness=record_ids(plain))
    expected = f"no queue and TotalCount {plain.queue_list.total_count} on page 1000"
    response = expect_success(evidence, SPEC, Label.PAST_THE_END, expected)
    page = response.queue_list
    if page.queues or raw.number(page.total_count) != raw.number(plain.queue_list.total_count):
        seen = f"{len(page.queues)} queue(s), TotalCount {page.total_count}"
        return deviates(expected, seen, witness=record_ids(plain, response))
    second = evidence.one(SPEC, Label.SECOND_PAGE)
    total = raw.number(plain.queue_list.total_count) or 0
    size = raw.number(raw.query_value(second.exchange, "pageSize")) if second is not None and second.ok else None
    if second is not None and size is not None and total <= size and second.queue_list.queues:
        seen = f"{len(second.queue_list.queues)} queue(s) on page 2 of {size} each, of {total} in all"
        return deviates("no queue on page 2 where page 1 holds all", seen, witness=record_ids(plain, second))
    return holds("an empty page", witness=record_ids(response))


@check("QUE-015", SPEC)
@with_preconditions
def empty_means_absent(evidence: Evidence, item: Item) -> Finding:
    """The list with the empty parameters that official SDKs send."""
    plain = require_success(evidence, SPEC, Label.PLAIN)
    expected = "queueIds=&state=All&pageNumber=&pageSize= answers as no parameters do"
    response = expect_success(evidence, SPEC, Label.EMPTY_PARAMETERS, expected)
    ids = [sorted(raw.text(queue.queue_id) for queue in r.queue_list.queues) for r in (plain, response)]
    if not ids[0]:
        return blocked("the plain list holds no queue; see QUE-001", witness=record_ids(plain))
    if ids[0] != ids[1]:
        seen = f"{', '.join(ids[1]) or 'no queue'} instead of {', '.join(ids[0]) or 'no queue'}"
        return deviates(expected, seen, witness=record_ids(plain, response))
    return holds("the same queues", witness=record_ids(plain, response))


@check("QUE-019", SPEC)
@with_preconditions
def own_category_has_the_queue(evidence: Evidence, item: Item) -> Finding:
    """The lists by the feature's own category and by every category."""
    own = _own_id(evidence)
    wanted = f"category={item.feature.categories[0]} and category={EVERY_CATEGORY} list {own}"
    wrong, responses = Deviations(), []
    for step in (Label.OWN_CATEGORY, Label.EVERY_CATEGORY):
        response = expect_success(evidence, SPEC, step, wanted)
        responses.append(response)
        if listed(response, own) is None and not spelled_queue_id_upper(response, "QueueList"):
            ids = ", ".join(raw.text(queue.queue_id) for queue in response.queue_list.queues)
            wrong.add(
                response.exchange.seq,
                f"category={raw.query_value(response.exchange, 'category')} lists {ids or 'none'}",
            )
    return wrong.finding(wanted, holds("both do", witness=record_ids(*responses)))


@check("QUE-020", SPEC)
@with_preconditions
def other_category_has_other_queues(evidence: Evidence, item: Item) -> Finding:
    """The list by the category of the speed queue: that queue or none, never the feature's own."""
    own, extra = _own_id(evidence), item.feature.extra_category
    expected = f"category={extra} lists queues of that category only, or none"
    response = expect_success(evidence, SPEC, Label.EXTRA_CATEGORY, expected)
    if raw.response_root(response) is None:
        return deviates(expected, "the answer is no Response document", witness=record_ids(response))
    wrong = Deviations()
    for queue in response.queue_list.queues:
        category = raw.text(queue.category)
        if raw.text(queue.queue_id) == own or category not in ("", extra):
            wrong.add(response.exchange.seq, f"{queue.name} ({queue.queue_id}), Category {category or 'missing'}")
    every = evidence.one(SPEC, Label.EVERY_CATEGORY)
    if every is not None and every.ok:
        known = {raw.text(queue.queue_id) for queue in every.queue_list.queues}
        for queue in response.queue_list.queues:
            if raw.text(queue.queue_id) not in known:
                wrong.add(every.exchange.seq, f"category={EVERY_CATEGORY} leaves out {queue.name} ({queue.queue_id})")
    names = ", ".join(raw.text(queue.name) for queue in response.queue_list.queues)
    return wrong.finding(expected, holds(names or "no queue of that category", witness=record_ids(response)))


@check("QUE-021", SPEC)
@with_preconditions
def is_there_an_extra_queue(evidence: Evidence, item: Item) -> Finding:
    """Whether the list of every category holds a second queue."""
    response = require_success(evidence, SPEC, Label.EVERY_CATEGORY)
    names = ", ".join(f"{queue.name} ({queue.category or 'no Category'})" for queue in response.queue_list.queues)
    return observed(names or "no queue", witness=record_ids(response))


@check("QUE-017", SPEC)
@with_preconditions
def eleven_ids(evidence: Evidence, item: Item) -> Finding:
    """Eleven ids; ten is the documented most."""
    return expect_rejections(
        require_responses(evidence, SPEC, Label.ELEVEN_IDS), "eleven queueIds are refused with 400", status=400
    )


@check("QUE-018", SPEC)
@with_preconditions
def page_out_of_range(evidence: Evidence, item: Item) -> Finding:
    """Page parameters that are no page."""
    responses = require_responses(evidence, SPEC, *OUT_OF_RANGE)
    return expect_rejections(responses, "pageSize=0, pageSize=-1 and pageNumber=abc are refused with 400", status=400)
