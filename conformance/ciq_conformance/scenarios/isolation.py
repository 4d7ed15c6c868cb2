"""Scenario `isolation`: act on one feature's queue and look at the queues and jobs of the others.

Played for one feature at a time, before features run side by side.
"""

from ciq_conformance.driver.orders import RuleOrder, submit_body, update_body
from ciq_conformance.driver.stage import Stage
from ciq_conformance.steps.isolation import Step, beside
from ciq_schemas.lifecycle import QueueState


def play(stage: Stage) -> None:
    """Foreign ids first, then a rename with a callback rule, then a pause; siblings are listed at each stop."""
    own = stage.spec.feature
    siblings = [sibling for feature, sibling in stage.siblings.items() if feature != own]
    stage.calls.list_queues(Step.OWN)
    for sibling in siblings:
        sibling.calls.list_queues(beside(own, Step.BEFORE))
    for sibling in siblings[:1]:
        foreign = sibling.queue_id
        stage.calls.list_queues(Step.FOREIGN_LIST, {"queueIds": foreign})
        stage.calls.submit(Step.FOREIGN_SUBMIT, submit_body([stage.order("foreign", queue_id=foreign)]))
        body = update_body(
            name="ciq-foreign",
            state=QueueState.ACTIVE,
            rule=RuleOrder(state="Off", url=None, event=None, type=None),
        )
        stage.calls.update_queue(Step.FOREIGN_UPDATE, foreign, body)
        sibling.calls.list_queues(beside(own, Step.AFTER_FOREIGN))
        sibling.restore(beside(own, Step.TOUCH))
    _change(stage)
    for sibling in siblings:
        sibling.calls.list_queues(beside(own, Step.CHANGED))
    for sibling in siblings:
        # Updated in the same second as the pause below: queues told apart only by time would be mixed up here.
        sibling.restore(beside(own, Step.TOUCH))
    stage.set_queue_or_break(Step.PAUSE, state=QueueState.PAUSED)
    for sibling in siblings:
        sibling.calls.list_queues(beside(own, Step.PAUSED))
    for sibling in siblings[:1]:
        ids = sibling.submit_or_break(beside(own, Step.SUBMIT), sibling.order(f"beside {own}"))
        sibling.watch_ended(beside(own, Step.RUN), ids)
    for sibling in siblings:
        sibling.restore(beside(own, Step.TOUCH))


def _change(stage: Stage) -> None:
    rule = RuleOrder(url=stage.receiver.address(stage.channel("changed")))
    stage.set_queue(Step.CHANGE, rule=rule, name=f"ciq-{stage.spec.feature}-renamed")
