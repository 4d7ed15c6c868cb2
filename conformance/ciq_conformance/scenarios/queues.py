"""Scenario `queues`: list the feature's queues in every documented way, once while the queue is paused."""

from ciq_conformance.driver.stage import Stage
from ciq_conformance.scenarios.readiness import found_rule, list_until, unknown_queue_id
from ciq_conformance.steps.queues import Step
from ciq_schemas.features import EVERY_CATEGORY
from ciq_schemas.lifecycle import QueueState
from ciq_schemas.transcript.parsed import ParsedExchange


def play(stage: Stage) -> None:
    """Play the scenario; the queue is paused for a few answers only and put back."""
    lists = stage.calls.list_queues
    own, found = stage.queue_id, stage.found.state
    # A list may still show what an earlier scenario has set.
    list_until(stage, Step.SETTLE, {}, lambda reply: _state(reply, own) in (None, found))
    lists(Step.PLAIN)
    lists(Step.BY_ID, {"queueIds": own})
    lists(Step.BY_STRANGER, {"queueIds": unknown_queue_id(stage)})
    lists(Step.BY_UNKNOWN_ID, {"queueIds": f"{own},{unknown_queue_id(stage)}"})
    around = (unknown_queue_id(stage, "before"), own, unknown_queue_id(stage, "behind"))
    lists(Step.BY_IDS_AROUND, {"queueIds": ",".join(around)})
    other = QueueState.PAUSED if found == QueueState.ACTIVE else QueueState.ACTIVE
    lists(Step.BY_ID_OF_OTHER_STATE, {"queueIds": own, "state": other})
    by_state: dict[Step, QueueState] = {
        Step.ACTIVE: QueueState.ACTIVE,
        Step.PAUSED: QueueState.PAUSED,
        Step.PAUSED_ON_A_PAGE: QueueState.PAUSED,
    }
    for step, state in by_state.items():
        _by_state(stage, step, state, shows=state == found)
    lists(Step.FIRST_OF_ONE, {"pageNumber": "1", "pageSize": "1"})
    lists(Step.SECOND_PAGE, {"pageNumber": "2", "pageSize": "10"})
    lists(Step.PAST_THE_END, {"pageNumber": "1000", "pageSize": "10"})
    lists(Step.EMPTY_PARAMETERS, {"queueIds": "", "state": "All", "pageNumber": "", "pageSize": ""})
    lists(Step.PAGE_SIZE_0, {"pageSize": "0"})
    lists(Step.PAGE_SIZE_NEGATIVE, {"pageSize": "-1"})
    lists(Step.PAGE_NUMBER_WORD, {"pageNumber": "abc"})
    eleven = [unknown_queue_id(stage, f"eleven {index}") for index in range(10)]
    lists(Step.ELEVEN_IDS, {"queueIds": ",".join([own, *eleven])})
    if stage.spec.extra_category:
        lists(Step.OWN_CATEGORY, {"category": stage.spec.categories[0]})
        lists(Step.EXTRA_CATEGORY, {"category": stage.spec.extra_category})
        lists(Step.EVERY_CATEGORY, {"category": EVERY_CATEGORY})
    if stage.set_queue(Step.PAUSE, state=QueueState.PAUSED, rule=found_rule(stage)).ok:
        _by_state(stage, Step.PAUSED_WHILE_PAUSED, QueueState.PAUSED, shows=True)
        _by_state(stage, Step.ACTIVE_WHILE_PAUSED, QueueState.ACTIVE, shows=False)
        _by_state(stage, Step.PAUSED_ON_A_PAGE_WHILE_PAUSED, QueueState.PAUSED, shows=True)
        _by_state(stage, Step.ACTIVE_ON_A_PAGE_WHILE_PAUSED, QueueState.ACTIVE, shows=False)
        lists(Step.BY_ID_WHILE_PAUSED, {"queueIds": own})
    stage.restore()


_ON_A_PAGE = (Step.PAUSED_ON_A_PAGE, Step.PAUSED_ON_A_PAGE_WHILE_PAUSED, Step.ACTIVE_ON_A_PAGE_WHILE_PAUSED)


def _by_state(stage: Stage, step: Step, state: QueueState, *, shows: bool) -> None:
    """List by state until the queue shows, or does not."""
    page = {"pageNumber": "1", "pageSize": "10"} if step in _ON_A_PAGE else {}
    params = {"state": state.value, **page}
    list_until(stage, step, params, lambda reply: (_state(reply, stage.queue_id) is not None) == shows)


def _state(reply: ParsedExchange, queue_id: str) -> str | None:
    """State of the queue in a list; None where it is not listed."""
    return next((queue.state or "" for queue in reply.queue_list.queues if queue.queue_id == queue_id), None)
