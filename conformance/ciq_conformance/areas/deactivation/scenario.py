"""Scenario `deactivation`: deactivate and reactivate the feature. Runs only where the profile allows it."""

import msgspec

from ciq_conformance.areas.deactivation.labels import Label
from ciq_conformance.driver.queue_setup import list_until
from ciq_conformance.driver.requests import CallbackRuleRequest
from ciq_conformance.driver.scenario_context import NotOffered, PreconditionFailed, ScenarioContext
from ciq_schemas.lifecycle import QueueState
from ciq_schemas.requirement import Capability
from ciq_schemas.transcript.parsed import ParsedExchange, describe_response

LISTED_WITHIN = 5.0
"""Seconds within which the queue list has a queue after the activation; the probe uses the same limit."""


def run(ctx: ScenarioContext) -> None:
    """Changes the queue, deactivates, submits a job, reactivates, lists the queues, and restores the settings.

    The name, the rule and the state of the queue are changed first, so that the checks can distinguish a new queue
    from the old one.
    """
    if ctx.profile.capabilities.get(Capability.DEACTIVATE) is not True:
        raise NotOffered("deactivation deletes the queue; declare the capability `deactivate` true to test it")
    ctx.calls.list_queues(Label.QUEUES_BEFORE)
    _change_queue(ctx)
    response = ctx.calls.deactivate(Label.DEACTIVATE)
    try:
        list_until(ctx, Label.QUEUES_WITHOUT, {}, lambda response: not response.queue_list.queues)
        ctx.submit(Label.SUBMIT_WITHOUT, ctx.job_request("without"))
    finally:
        again = ctx.calls.activate(Label.REACTIVATE)
        listed = list_until(ctx, Label.QUEUES_AGAIN, {}, lambda response: _is_new(ctx, response), LISTED_WITHIN)
    queues = listed.queue_list.queues
    if not queues:
        raise PreconditionFailed(
            f"after activating again ({describe_response(again)}) the queue list is empty: "
            "activate the feature manually before the next run"
        )
    if ctx.queue_id not in {queue.queue_id for queue in queues}:
        ctx.found = msgspec.structs.replace(ctx.found, queue_id=queues[0].queue_id)
    ctx.restore()
    if not response.ok:
        raise PreconditionFailed(f"DELETE on the bucket path returned {describe_response(response)}")


def _change_queue(ctx: ScenarioContext) -> None:
    """Sets another name, a rule that is On, and State Paused; without the rule where the target rejects its address."""
    name, state = f"ciq-{ctx.spec.feature}-before", QueueState.PAUSED
    rule = CallbackRuleRequest(url=ctx.receiver.address(ctx.channel("before")))
    if not ctx.set_queue(Label.CHANGE, name=name, state=state, rule=rule).ok:
        ctx.set_queue(Label.CHANGE_WITHOUT_RULE, name=name, state=state)
    list_until(ctx, Label.QUEUES_CHANGED, {}, lambda response: any(q.name == name for q in response.queue_list.queues))


def _is_new(ctx: ScenarioContext, response: ParsedExchange) -> bool:
    return any(
        queue.name in ctx.spec.queue_names and queue.state == QueueState.ACTIVE for queue in response.queue_list.queues
    )
