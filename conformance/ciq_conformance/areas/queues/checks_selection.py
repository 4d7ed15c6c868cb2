"""Checks of the scenario `queues`: which queues a list returns, by id, state and page (QUE-008 to QUE-022)."""

from ciq_conformance.areas.queues import SPEC
from ciq_conformance.areas.queues.labels import OUT_OF_RANGE, WHILE_ACTIVE, WHILE_PAUSED, Label
from ciq_conformance.judge.evidence import Evidence
from ciq_conformance.judge.finding import Deviations, Finding, blocked, deviates, holds, observed, untested
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
def queue_ids_filter_the_list(evidence: Evidence, item: Item) -> Finding:
    """Checks the lists by the queue's id and by an unknown id; with one queue, only the latter tests the filter."""
    own = _own_id(evidence)
    expected = f"queueIds={own} returns exactly that queue"
    response = expect_success(evidence, SPEC, Label.BY_ID, expected)
    ids = [raw.text(queue.queue_id) for queue in response.queue_list.queues]
    if ids != [own] and not (spelled_queue_id_upper(response, "QueueList") and len(ids) == 1):
        return deviates(expected, f"listed: {', '.join(ids) or 'none'}", witness=record_ids(response))
    unknown = evidence.one(SPEC, Label.BY_UNKNOWN_ID)
    if unknown is not None and unknown.ok and unknown.queue_list.queues:
        requested = raw.query_value(unknown.exchange, "queueIds")
        return deviates(
            "queueIds returns no other queue", f"queueIds={requested} lists {own}", witness=record_ids(unknown)
        )
    paused = evidence.one(SPEC, Label.BY_ID_WHILE_PAUSED)
    if paused is not None and paused.ok and not paused.queue_list.queues:
        return deviates(expected, "no queue is listed while the queue is paused", witness=record_ids(paused))
    return holds("that queue alone, and none for an unknown id", witness=record_ids(response))


@check("QUE-009", SPEC)
@with_preconditions
def unknown_ids_are_returned(evidence: Evidence, item: Item) -> Finding:
    """Checks that NonExistPIDs has the unknown ids: beside a known id, before and after it, and alone."""
    expected = "the target accepts a known and an unknown id"
    response = expect_success(evidence, SPEC, Label.BY_KNOWN_AND_UNKNOWN_ID, expected)
    responses = [response, *evidence.of(SPEC, Label.BY_ID_BETWEEN_UNKNOWN_IDS)]
    own = _own_id(evidence)
    wrong = Deviations()
    for response in responses:
        if response.ok:
            for fault in _id_faults(response, own):
                wrong.add(response.exchange.seq, fault)
        else:
            requested = raw.query_value(response.exchange, "queueIds")
            wrong.add(response.exchange.seq, f"{describe_response(response)} to queueIds={requested}")
    unknown = evidence.one(SPEC, Label.BY_UNKNOWN_ID)
    if unknown is not None and unknown.ok:
        for fault in _id_faults(unknown, own):
            wrong.add(unknown.exchange.seq, f"{fault} for an unknown id alone")
    expected = f"{own} in QueueList, each unknown id in NonExistPIDs"
    return wrong.finding(expected, holds("all ids as expected", witness=record_ids(*responses)))


def _id_faults(response: ParsedExchange, own: str) -> list[str]:
    """Describes the faults of a list by ids of which only `own` exists."""
    wanted = (raw.query_value(response.exchange, "queueIds") or "").split(",")
    ids = [raw.text(queue.queue_id) for queue in response.queue_list.queues]
    returned = tuple(value.strip() for value in response.queue_list.non_exist_ids)
    unknown = [value for value in wanted if value != own]
    faults = []
    if own in wanted and own not in ids and not spelled_queue_id_upper(response, "QueueList"):
        faults.append(f"{own} is not listed")
    faults += [f"{value} is listed" for value in unknown if value in ids]
    if any(value not in returned for value in unknown):
        faults.append(f"NonExistPIDs has {', '.join(returned) or 'nothing'}")
    if own in returned:
        faults.append(f"NonExistPIDs has {own}, which exists")
    return faults


@check("QUE-010", SPEC)
@with_preconditions
def existing_ids_are_not_in_non_exist_pids(evidence: Evidence, item: Item) -> Finding:
    """Checks that lists by the queue's id, active and paused, and the list without ids have no NonExistPIDs."""
    successful = [
        response
        for response in require_responses(evidence, SPEC, Label.BY_ID, Label.BY_ID_WHILE_PAUSED, Label.PLAIN)
        if response.ok
    ]
    responses = [r for r in successful if r.queue_list.queues or r.queue_list.non_exist_ids]
    if not responses:
        return blocked("no list by id contained a queue; see QUE-008")
    wrong = Deviations()
    for response in responses:
        returned = [value for value in response.queue_list.non_exist_ids if value.strip()]
        if returned:
            wrong.add(response.exchange.seq, f"NonExistPIDs {', '.join(returned)}")
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
"""Step, requested state, and state of the queue at that time if it was active before the run."""


@check("QUE-011", SPEC)
@with_preconditions
def state_filters_the_list(evidence: Evidence, item: Item) -> Finding:
    """Checks the lists by each state, while the queue is active and while it is paused."""
    expect_success(evidence, SPEC, Label.ACTIVE, "the target accepts state=Active")
    expect_success(evidence, SPEC, Label.PAUSED, "the target accepts state=Paused")
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
            verb = "omits" if state == wanted else "lists"
            wrong.add(response.exchange.seq, f"state={wanted} {verb} {own}, which is {state}")
    return wrong.finding(
        "state=Active returns the active queues only, state=Paused the paused ones only",
        holds(f"{len(judged)} lists", witness=record_ids(*judged)),
    )


@check("QUE-024", SPEC)
@with_preconditions
def ids_and_state_filter_together(evidence: Evidence, item: Item) -> Finding:
    """Checks that the list by the queue's id and a state that it does not have is empty."""
    response = require_response(evidence, SPEC, Label.BY_ID_OF_OTHER_STATE)
    if response.refused:
        reason = f"the target rejects queueIds together with state ({describe_response(response)})"
        return untested(reason, witness=record_ids(response))
    own, state = _own_id(evidence), raw.query_value(response.exchange, "state")
    expected = f"queueIds={own}&state={state} returns no queue in another state"
    response = expect_success(evidence, SPEC, Label.BY_ID_OF_OTHER_STATE, expected)
    by_id = expect_success(evidence, SPEC, Label.BY_ID, expected)
    if listed(by_id, own) is None:
        return blocked("queueIds alone does not list the queue; see QUE-008", witness=record_ids(by_id))
    wrong = Deviations()
    for queue in response.queue_list.queues:
        if raw.text(queue.state) != state:
            wrong.add(response.exchange.seq, f"{queue.queue_id} is listed with State {queue.state}")
    return wrong.finding(expected, holds("none", witness=record_ids(response)))


@check("QUE-022", SPEC)
@with_preconditions
def total_count_equals_matching_queues(evidence: Evidence, item: Item) -> Finding:
    """Checks that TotalCount of the lists by state equals the number of listed queues; they fit on one page."""
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
        return blocked("no list by state has a TotalCount; see QUE-001 and QUE-011")
    return wrong.finding(
        "TotalCount of the queues that match", holds(f"{len(judged)} lists", witness=record_ids(*judged[:3]))
    )


@check("QUE-012", SPEC)
@with_preconditions
def page_defaults_are_documented(evidence: Evidence, item: Item) -> Finding:
    """Checks that the list without parameters is page 1 of size 10."""
    response = require_success(evidence, SPEC, Label.PLAIN)
    page = response.queue_list
    returned = f"PageNumber {page.page_number}, PageSize {page.page_size}"
    if raw.number(page.page_number) != 1 or raw.number(page.page_size) != 10:
        return deviates("PageNumber 1 and PageSize 10 without page parameters", returned, witness=record_ids(response))
    return holds(returned, witness=record_ids(response))


@check("QUE-013", SPEC)
@with_preconditions
def page_parameters_are_echoed(evidence: Evidence, item: Item) -> Finding:
    """Checks number and size of a first page of one queue, and the number of page 1000 when the target accepts it."""
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
def page_past_the_end_is_empty(evidence: Evidence, item: Item) -> Finding:
    """Checks that page 1000 is empty."""
    plain = require_success(evidence, SPEC, Label.PLAIN)
    if raw.number(plain.queue_list.total_count) is None:
        return blocked("the list without parameters has no TotalCount; see QUE-001", witness=record_ids(plain))
    expected = f"no queue and TotalCount {plain.queue_list.total_count} on page 1000"
    response = expect_success(evidence, SPEC, Label.PAST_THE_END, expected)
    page = response.queue_list
    if page.queues or raw.number(page.total_count) != raw.number(plain.queue_list.total_count):
        seen = f"{len(page.queues)} queue(s), TotalCount {page.total_count}"
        return deviates(expected, seen, witness=record_ids(plain, response))
    return holds("an empty page", witness=record_ids(response))


@check("QUE-025", SPEC)
@with_preconditions
def second_page_repeats_no_queue(evidence: Evidence, item: Item) -> Finding:
    """Checks that page 2 contains no queue of page 1, which is the list without parameters, and has its TotalCount."""
    plain = require_success(evidence, SPEC, Label.PLAIN)
    second = require_response(evidence, SPEC, Label.SECOND_PAGE)
    expected = "no queue of page 1 on page 2, with the TotalCount of page 1"
    if second.refused:
        return holds(f"page 2 is rejected: {describe_response(second)}", witness=record_ids(plain, second))
    second = expect_success(evidence, SPEC, Label.SECOND_PAGE, expected)
    first_ids = {raw.text(queue.queue_id) for queue in plain.queue_list.queues}
    if not first_ids:
        return blocked("the list without parameters contains no queue; see QUE-001", witness=record_ids(plain))
    repeated = [raw.text(queue.queue_id) for queue in second.queue_list.queues if raw.text(queue.queue_id) in first_ids]
    if repeated:
        seen = f"page 2 repeats {', '.join(repeated)} of page 1"
        return deviates(expected, seen, witness=record_ids(plain, second))
    totals = [raw.number(page.queue_list.total_count) for page in (plain, second)]
    if None not in totals and totals[0] != totals[1]:
        seen = f"TotalCount {totals[0]} on page 1 and {totals[1]} on page 2"
        return deviates(expected, seen, witness=record_ids(plain, second))
    return holds(f"{len(second.queue_list.queues)} queue(s) on page 2", witness=record_ids(plain, second))


@check("QUE-015", SPEC)
@with_preconditions
def empty_parameters_count_as_absent(evidence: Evidence, item: Item) -> Finding:
    """Checks that the empty parameters of the official SDKs return the same list as no parameters."""
    plain = require_success(evidence, SPEC, Label.PLAIN)
    expected = "queueIds=&state=All&pageNumber=&pageSize= returns the same queues as no parameters"
    response = expect_success(evidence, SPEC, Label.EMPTY_PARAMETERS, expected)
    ids = [sorted(raw.text(queue.queue_id) for queue in r.queue_list.queues) for r in (plain, response)]
    if not ids[0]:
        return blocked("the list without parameters contains no queue; see QUE-001", witness=record_ids(plain))
    if ids[0] != ids[1]:
        seen = f"{', '.join(ids[1]) or 'no queue'} instead of {', '.join(ids[0]) or 'no queue'}"
        return deviates(expected, seen, witness=record_ids(plain, response))
    return holds("the same queues", witness=record_ids(plain, response))


@check("QUE-019", SPEC)
@with_preconditions
def own_category_lists_the_queue(evidence: Evidence, item: Item) -> Finding:
    """Checks that the lists by the feature's category and by all categories contain the queue."""
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
    return wrong.finding(wanted, holds("both lists contain it", witness=record_ids(*responses)))


@check("QUE-020", SPEC)
@with_preconditions
def other_category_does_not_list_the_queue(evidence: Evidence, item: Item) -> Finding:
    """Checks that the list by the category of the speed queue contains that queue or none, not the feature's own."""
    own, extra = _own_id(evidence), item.feature.extra_category
    expected = f"category={extra} lists queues of that category only, or none"
    response = expect_success(evidence, SPEC, Label.EXTRA_CATEGORY, expected)
    if raw.response_root(response) is None:
        return deviates(expected, "the response is not a Response document", witness=record_ids(response))
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
                wrong.add(every.exchange.seq, f"category={EVERY_CATEGORY} omits {queue.name} ({queue.queue_id})")
    names = ", ".join(raw.text(queue.name) for queue in response.queue_list.queues)
    return wrong.finding(expected, holds(names or "no queue of that category", witness=record_ids(response)))


@check("QUE-021", SPEC)
@with_preconditions
def observe_extra_queue(evidence: Evidence, item: Item) -> Finding:
    """Reports whether the list of all categories contains a second queue."""
    response = require_success(evidence, SPEC, Label.EVERY_CATEGORY)
    names = ", ".join(f"{queue.name} ({queue.category or 'no Category'})" for queue in response.queue_list.queues)
    return observed(names or "no queue", witness=record_ids(response))


@check("QUE-017", SPEC)
@with_preconditions
def eleven_ids_are_rejected(evidence: Evidence, item: Item) -> Finding:
    """Checks that the target rejects eleven ids; ten is the documented maximum."""
    responses = require_responses(evidence, SPEC, Label.ELEVEN_IDS)
    return expect_rejections(responses, "the target rejects eleven queueIds with 400", status=400)


@check("QUE-018", SPEC)
@with_preconditions
def invalid_page_parameters_are_rejected(evidence: Evidence, item: Item) -> Finding:
    """Checks that the target rejects page parameters that are not positive numbers."""
    responses = require_responses(evidence, SPEC, *OUT_OF_RANGE)
    expected = "the target rejects pageSize=0, pageSize=-1 and pageNumber=abc with 400"
    return expect_rejections(responses, expected, status=400)
