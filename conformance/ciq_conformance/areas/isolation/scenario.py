"""Scenario `isolation`: change the queue of one feature, and observe the queues and jobs of the other features.

Runs for one feature at a time, before the features run in parallel. A list may show an update late. So each list of
another feature's queue is repeated until it shows what that feature has set; the last answer counts.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from ciq_conformance.areas.isolation.labels import Label, beside
from ciq_conformance.driver.queue_setup import list_until
from ciq_conformance.driver.requests import CallbackRuleRequest, submit_body, update_body
from ciq_conformance.driver.scenario_context import ScenarioContext
from ciq_schemas.features import Feature
from ciq_schemas.lifecycle import QueueState
from ciq_schemas.transcript.parsed import ParsedExchange


def run(ctx: ScenarioContext) -> None:
    """Use ids of other features, then change name and rule, then pause; list the other queues after each step."""
    own = ctx.spec.feature
    siblings = [sibling for feature, sibling in ctx.siblings.items() if feature != own]
    ctx.calls.list_queues(Label.OWN)
    for sibling in siblings:
        _before(sibling, own)
    for sibling in siblings:
        _foreign(ctx, sibling)
    _change(ctx)
    for sibling in siblings:
        _look(sibling, beside(own, Label.CHANGED))
    for sibling in siblings:
        # Updated in the same second as the pause below: a target that identifies queues by time mixes them up here.
        sibling.restore(beside(own, Label.TOUCH))
    ctx.set_queue_or_fail(Label.PAUSE, state=QueueState.PAUSED)
    list_until(ctx, Label.OWN_PAUSED, {}, lambda response: _state(ctx, response) == QueueState.PAUSED)
    for sibling in siblings:
        _look(sibling, beside(own, Label.PAUSED))
        sibling.calls.list_queues(beside(own, Label.PAUSED_ONLY), {"state": "Paused"})
    _jobs_of(siblings, own)
    for sibling in siblings:
        sibling.restore(beside(own, Label.TOUCH))


def _before(sibling: ScenarioContext, own: Feature) -> None:
    """Lists the queue and expects its original state. If an earlier update was lost, sends it again."""
    if not _look(sibling, beside(own, Label.BEFORE)):
        sibling.restore(beside(own, Label.TOUCH))
        _look(sibling, beside(own, Label.BEFORE))


def _foreign(ctx: ScenarioContext, sibling: ScenarioContext) -> None:
    own, foreign = ctx.spec.feature, sibling.queue_id
    ctx.calls.list_queues(Label.FOREIGN_LIST, {"queueIds": foreign})
    ctx.calls.submit(Label.FOREIGN_SUBMIT, submit_body([ctx.job_request("foreign", queue_id=foreign)]))
    if ctx.spec.multi_documented:
        orders = [ctx.job_request(f"foreign {index}", queue_id=foreign) for index in range(2)]
        ctx.calls.submit(Label.FOREIGN_SUBMIT, submit_body(orders))
    body = update_body(
        name="ciq-foreign",
        state=QueueState.ACTIVE,
        rule=CallbackRuleRequest(state="Off", url=None, event=None, type=None),
    )
    ctx.calls.update_queue(Label.FOREIGN_UPDATE, foreign, body)
    _look(sibling, beside(own, Label.AFTER_FOREIGN))
    sibling.restore(beside(own, Label.TOUCH))


def _change(ctx: ScenarioContext) -> None:
    rule = CallbackRuleRequest(url=ctx.receiver.address(ctx.channel("changed")))
    name = f"ciq-{ctx.spec.feature}-renamed"
    if ctx.set_queue(Label.CHANGE, rule=rule, name=name).ok:
        list_until(ctx, Label.OWN_CHANGED, {}, lambda response: any(q.name == name for q in response.queue_list.queues))


def _jobs_of(siblings: Sequence[ScenarioContext], own: Feature) -> None:
    """Submit a job of each other feature while this queue is paused; then wait for all of them."""
    step = beside(own, Label.SUBMIT)
    made = [(sibling, sibling.submit(step, sibling.job_request(f"beside {own}"))) for sibling in siblings]
    running = [(sibling, response.job_ids) for sibling, response in made if response.job_ids]
    with ThreadPoolExecutor(max(1, len(running))) as pool:
        waits = [pool.submit(sibling.watch_ended, beside(own, Label.RUN), ids) for sibling, ids in running]
        for wait in waits:
            wait.result()


def _look(sibling: ScenarioContext, step: str) -> bool:
    """Lists another feature's queue until it shows its original state; returns whether it does."""
    seen: list[bool] = []

    def fits(response: ParsedExchange) -> bool:
        seen.append(_as_found(sibling, response))
        return seen[-1]

    list_until(sibling, step, {}, fits)
    return bool(seen) and seen[-1]


def _as_found(ctx: ScenarioContext, response: ParsedExchange) -> bool:
    queue = next((queue for queue in response.queue_list.queues if queue.queue_id == ctx.queue_id), None)
    if queue is None:
        return True
    then, now = ctx.found.notify_config, queue.notify_config
    rules = [(c.state or "Off", c.url or "") if c and c.state == "On" else ("Off", "") for c in (then, now)]
    return queue.name == ctx.found.name and queue.state == ctx.found.state and rules[0] == rules[1]


def _state(ctx: ScenarioContext, response: ParsedExchange) -> str | None:
    return next((queue.state for queue in response.queue_list.queues if queue.queue_id == ctx.queue_id), None)
