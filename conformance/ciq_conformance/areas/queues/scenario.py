"""Scenario `queues`: lists the feature's queues in every documented way, while the queue is active and paused."""

from ciq_conformance.areas.queues.labels import Label
from ciq_conformance.driver.queue_setup import found_rule, list_until, unknown_queue_id
from ciq_conformance.driver.scenario_context import ScenarioContext
from ciq_schemas.features import EVERY_CATEGORY
from ciq_schemas.lifecycle import QueueState
from ciq_schemas.transcript.parsed import ParsedExchange


def run(ctx: ScenarioContext) -> None:
    """Runs the scenario; pauses the queue for a few lists only and restores it."""
    lists = ctx.calls.list_queues
    own, found = ctx.queue_id, ctx.found.state
    # A list may still show what an earlier scenario has set.
    list_until(ctx, Label.SETTLE, {}, lambda response: _state(response, own) in (None, found))
    lists(Label.PLAIN)
    lists(Label.BY_ID, {"queueIds": own})
    lists(Label.BY_UNKNOWN_ID, {"queueIds": unknown_queue_id(ctx)})
    lists(Label.BY_KNOWN_AND_UNKNOWN_ID, {"queueIds": f"{own},{unknown_queue_id(ctx)}"})
    ids = (unknown_queue_id(ctx, "before"), own, unknown_queue_id(ctx, "behind"))
    lists(Label.BY_ID_BETWEEN_UNKNOWN_IDS, {"queueIds": ",".join(ids)})
    other = QueueState.PAUSED if found == QueueState.ACTIVE else QueueState.ACTIVE
    lists(Label.BY_ID_OF_OTHER_STATE, {"queueIds": own, "state": other})
    by_state: dict[Label, QueueState] = {
        Label.ACTIVE: QueueState.ACTIVE,
        Label.PAUSED: QueueState.PAUSED,
        Label.PAUSED_ON_A_PAGE: QueueState.PAUSED,
    }
    for step, state in by_state.items():
        _by_state(ctx, step, state, shows=state == found)
    lists(Label.FIRST_OF_ONE, {"pageNumber": "1", "pageSize": "1"})
    lists(Label.SECOND_PAGE, {"pageNumber": "2", "pageSize": "10"})
    lists(Label.PAST_THE_END, {"pageNumber": "1000", "pageSize": "10"})
    lists(Label.EMPTY_PARAMETERS, {"queueIds": "", "state": "All", "pageNumber": "", "pageSize": ""})
    lists(Label.PAGE_SIZE_0, {"pageSize": "0"})
    lists(Label.PAGE_SIZE_NEGATIVE, {"pageSize": "-1"})
    lists(Label.PAGE_NUMBER_WORD, {"pageNumber": "abc"})
    eleven = [unknown_queue_id(ctx, f"eleven {index}") for index in range(10)]
    lists(Label.ELEVEN_IDS, {"queueIds": ",".join([own, *eleven])})
    if ctx.spec.extra_category:
        lists(Label.OWN_CATEGORY, {"category": ctx.spec.categories[0]})
        lists(Label.EXTRA_CATEGORY, {"category": ctx.spec.extra_category})
        lists(Label.EVERY_CATEGORY, {"category": EVERY_CATEGORY})
    if ctx.set_queue(Label.PAUSE, state=QueueState.PAUSED, rule=found_rule(ctx)).ok:
        _by_state(ctx, Label.PAUSED_WHILE_PAUSED, QueueState.PAUSED, shows=True)
        _by_state(ctx, Label.ACTIVE_WHILE_PAUSED, QueueState.ACTIVE, shows=False)
        _by_state(ctx, Label.PAUSED_ON_A_PAGE_WHILE_PAUSED, QueueState.PAUSED, shows=True)
        _by_state(ctx, Label.ACTIVE_ON_A_PAGE_WHILE_PAUSED, QueueState.ACTIVE, shows=False)
        lists(Label.BY_ID_WHILE_PAUSED, {"queueIds": own})
    ctx.restore()


_ON_A_PAGE = (Label.PAUSED_ON_A_PAGE, Label.PAUSED_ON_A_PAGE_WHILE_PAUSED, Label.ACTIVE_ON_A_PAGE_WHILE_PAUSED)


def _by_state(ctx: ScenarioContext, step: Label, state: QueueState, *, shows: bool) -> None:
    """Lists by state until the list contains the queue (`shows`), or no longer contains it."""
    page = {"pageNumber": "1", "pageSize": "10"} if step in _ON_A_PAGE else {}
    params = {"state": state.value, **page}
    list_until(ctx, step, params, lambda response: (_state(response, ctx.queue_id) is not None) == shows)


def _state(response: ParsedExchange, queue_id: str) -> str | None:
    """Returns the State of the queue in a list; None when the list does not contain it."""
    return next((queue.state or "" for queue in response.queue_list.queues if queue.queue_id == queue_id), None)
