"""Scenario `queues`: list the feature's queues in every documented way, once while the queue is paused."""

from ciq_conformance.driver.stage import Stage
from ciq_conformance.reply import Reply
from ciq_conformance.scenarios.readiness import found_rule, list_until, unknown_queue_id
from ciq_conformance.steps.queues import Step
from ciq_schemas.features import EVERY_CATEGORY
from ciq_schemas.lifecycle import QueueState


def play(stage: Stage) -> None:
    """Play the scenario; the queue is paused for two answers only and put back."""
    lists = stage.calls.list_queues
    lists(Step.PLAIN)
    lists(Step.BY_ID, {"queueIds": stage.queue_id})
    lists(Step.BY_STRANGER, {"queueIds": unknown_queue_id(stage)})
    lists(Step.BY_UNKNOWN_ID, {"queueIds": f"{stage.queue_id},{unknown_queue_id(stage)}"})
    lists(Step.ACTIVE, {"state": "Active"})
    lists(Step.PAUSED, {"state": "Paused"})
    lists(Step.PAUSED_ON_A_PAGE, {"state": "Paused", "pageNumber": "1", "pageSize": "10"})
    lists(Step.FIRST_OF_ONE, {"pageNumber": "1", "pageSize": "1"})
    lists(Step.PAST_THE_END, {"pageNumber": "1000", "pageSize": "10"})
    lists(Step.EMPTY_PARAMETERS, {"queueIds": "", "state": "All", "pageNumber": "", "pageSize": ""})
    lists(Step.PAGE_SIZE_0, {"pageSize": "0"})
    lists(Step.PAGE_SIZE_NEGATIVE, {"pageSize": "-1"})
    lists(Step.PAGE_NUMBER_WORD, {"pageNumber": "abc"})
    eleven = [unknown_queue_id(stage, f"eleven {index}") for index in range(10)]
    lists(Step.ELEVEN_IDS, {"queueIds": ",".join([stage.queue_id, *eleven])})
    if stage.spec.extra_category:
        lists(Step.OWN_CATEGORY, {"category": stage.spec.categories[0]})
        lists(Step.EXTRA_CATEGORY, {"category": stage.spec.extra_category})
        lists(Step.EVERY_CATEGORY, {"category": EVERY_CATEGORY})
    if stage.set_queue(Step.PAUSE, state=QueueState.PAUSED, rule=found_rule(stage)).ok:
        list_until(stage, Step.PAUSED_WHILE_PAUSED, {"state": "Paused"}, lambda reply: _shows(reply, stage.queue_id))
        list_until(
            stage, Step.ACTIVE_WHILE_PAUSED, {"state": "Active"}, lambda reply: not _shows(reply, stage.queue_id)
        )
    stage.restore()


def _shows(reply: Reply, queue_id: str) -> bool:
    return any(queue.queue_id == queue_id for queue in reply.queue_list.queues)
