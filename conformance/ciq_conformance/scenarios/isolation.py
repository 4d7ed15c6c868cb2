"""Scenario `isolation`: act on one feature's queue and look at the queues and jobs of the others.

Played for one feature at a time, before features run side by side. A list may show an update late, so each look at
another's queue is repeated until it shows what that feature itself has set; the last one counts.
"""

from collections.abc import Sequence

from ciq_conformance.driver.orders import RuleOrder, submit_body, update_body
from ciq_conformance.driver.stage import Stage
from ciq_conformance.scenarios.readiness import list_until
from ciq_conformance.steps.isolation import Step, beside
from ciq_schemas.features import Feature
from ciq_schemas.lifecycle import QueueState
from ciq_schemas.transcript.parsed import ParsedExchange


def play(stage: Stage) -> None:
    """Foreign ids first, then a rename with a callback rule, then a pause; siblings are listed at each stop."""
    own = stage.spec.feature
    siblings = [sibling for feature, sibling in stage.siblings.items() if feature != own]
    stage.calls.list_queues(Step.OWN)
    for sibling in siblings:
        _before(sibling, own)
    for sibling in siblings:
        _foreign(stage, sibling)
    _change(stage)
    for sibling in siblings:
        _look(sibling, beside(own, Step.CHANGED))
    for sibling in siblings:
        # Updated in the same second as the pause below: queues told apart only by time would be mixed up here.
        sibling.restore(beside(own, Step.TOUCH))
    stage.set_queue_or_break(Step.PAUSE, state=QueueState.PAUSED)
    list_until(stage, Step.OWN_PAUSED, {}, lambda reply: _state(stage, reply) == QueueState.PAUSED)
    for sibling in siblings:
        _look(sibling, beside(own, Step.PAUSED))
        sibling.calls.list_queues(beside(own, Step.PAUSED_ONLY), {"state": "Paused"})
    _jobs_of(siblings, own)
    for sibling in siblings:
        sibling.restore(beside(own, Step.TOUCH))


def _before(sibling: Stage, own: Feature) -> None:
    """What must not change: the queue as it was found. Where an update before this was lost, it is made again."""
    if not _look(sibling, beside(own, Step.BEFORE)):
        sibling.restore(beside(own, Step.TOUCH))
        _look(sibling, beside(own, Step.BEFORE))


def _foreign(stage: Stage, sibling: Stage) -> None:
    own, foreign = stage.spec.feature, sibling.queue_id
    stage.calls.list_queues(Step.FOREIGN_LIST, {"queueIds": foreign})
    stage.calls.submit(Step.FOREIGN_SUBMIT, submit_body([stage.order("foreign", queue_id=foreign)]))
    if stage.spec.multi_documented:
        orders = [stage.order(f"foreign {index}", queue_id=foreign) for index in range(2)]
        stage.calls.submit(Step.FOREIGN_SUBMIT, submit_body(orders))
    body = update_body(
        name="ciq-foreign",
        state=QueueState.ACTIVE,
        rule=RuleOrder(state="Off", url=None, event=None, type=None),
    )
    stage.calls.update_queue(Step.FOREIGN_UPDATE, foreign, body)
    _look(sibling, beside(own, Step.AFTER_FOREIGN))
    sibling.restore(beside(own, Step.TOUCH))


def _change(stage: Stage) -> None:
    rule = RuleOrder(url=stage.receiver.address(stage.channel("changed")))
    name = f"ciq-{stage.spec.feature}-renamed"
    if stage.set_queue(Step.CHANGE, rule=rule, name=name).ok:
        list_until(stage, Step.OWN_CHANGED, {}, lambda reply: any(q.name == name for q in reply.queue_list.queues))


def _jobs_of(siblings: Sequence[Stage], own: Feature) -> None:
    """A job of each sibling while this queue is paused; all at once, then each is waited for."""
    step = beside(own, Step.SUBMIT)
    made = [(sibling, sibling.submit(step, sibling.order(f"beside {own}"))) for sibling in siblings]
    for sibling, reply in made:
        ids = reply.job_ids
        if ids:
            sibling.watch_ended(beside(own, Step.RUN), ids)


def _look(sibling: Stage, step: str) -> bool:
    """List a sibling's queue until it is as it was found; True when it was."""
    seen: list[bool] = []

    def fits(reply: ParsedExchange) -> bool:
        seen.append(_as_found(sibling, reply))
        return seen[-1]

    list_until(sibling, step, {}, fits)
    return bool(seen) and seen[-1]


def _as_found(stage: Stage, reply: ParsedExchange) -> bool:
    queue = next((queue for queue in reply.queue_list.queues if queue.queue_id == stage.queue_id), None)
    if queue is None:
        return True
    then, now = stage.found.notify_config, queue.notify_config
    rules = [(c.state or "Off", c.url or "") if c and c.state == "On" else ("Off", "") for c in (then, now)]
    return queue.name == stage.found.name and queue.state == stage.found.state and rules[0] == rules[1]


def _state(stage: Stage, reply: ParsedExchange) -> str | None:
    return next((queue.state for queue in reply.queue_list.queues if queue.queue_id == stage.queue_id), None)
