"""Scenario `deactivation`: switch the feature off and on again. Played only where the profile allows it."""

import msgspec

from ciq_conformance.driver.orders import RuleOrder
from ciq_conformance.driver.stage import Broken, Stage, Unsupported, describe_reply
from ciq_conformance.scenarios.readiness import list_until
from ciq_conformance.steps.deactivation import Step
from ciq_schemas.lifecycle import QueueState
from ciq_schemas.requirement import Capability
from ciq_schemas.transcript.parsed import ParsedExchange

MADE_WITHIN = 5.0
"""Seconds in which a queue is listed after the activation, as the probe has it."""


def play(stage: Stage) -> None:
    """Make the queue another, deactivate, try a job, activate, look, and put all back on the queue that is there then.

    The queue goes with a name, a rule and a state of its own, so that one that is no new one shows.
    """
    if stage.profile.capabilities.get(Capability.DEACTIVATE) is not True:
        raise Unsupported("deactivation deletes the queue; declare the capability `deactivate` true to have it tried")
    stage.calls.list_queues(Step.QUEUES_BEFORE)
    _dress(stage)
    reply = stage.calls.deactivate(Step.DEACTIVATE)
    try:
        list_until(stage, Step.QUEUES_WITHOUT, {}, lambda reply: not reply.queue_list.queues)
        stage.submit(Step.SUBMIT_WITHOUT, stage.order("without"))
    finally:
        again = stage.calls.activate(Step.REACTIVATE)
        listed = list_until(stage, Step.QUEUES_AGAIN, {}, lambda reply: _is_new(stage, reply), MADE_WITHIN)
    queues = listed.queue_list.queues
    if not queues:
        raise Broken(
            f"after activating again ({describe_reply(again)}) the queue list is empty: "
            "activate the feature by hand before the next run"
        )
    if stage.queue_id not in {queue.queue_id for queue in queues}:
        stage.found = msgspec.structs.replace(stage.found, queue_id=queues[0].queue_id)
    stage.restore()
    if not reply.ok:
        raise Broken(f"DELETE on the bucket path answered {describe_reply(reply)}")


def _dress(stage: Stage) -> None:
    """Another name, a rule that is On and State Paused; without the rule where the target refuses its address."""
    name, state = f"ciq-{stage.spec.feature}-before", QueueState.PAUSED
    rule = RuleOrder(url=stage.receiver.address(stage.channel("before")))
    if not stage.set_queue(Step.DRESS, name=name, state=state, rule=rule).ok:
        stage.set_queue(Step.DRESS_WITHOUT_RULE, name=name, state=state)
    list_until(stage, Step.DRESSED, {}, lambda reply: any(q.name == name for q in reply.queue_list.queues))


def _is_new(stage: Stage, reply: ParsedExchange) -> bool:
    return any(
        queue.name in stage.spec.queue_names and queue.state == QueueState.ACTIVE for queue in reply.queue_list.queues
    )
