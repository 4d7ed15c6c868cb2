"""Scenario `deactivation`: switch the feature off and on again. Played only where the profile allows it."""

import msgspec

from ciq_conformance.driver.stage import Broken, Stage, Unsupported, describe_reply
from ciq_conformance.steps.deactivation import Step
from ciq_schemas.requirement import Capability


def play(stage: Stage) -> None:
    """Deactivate, look, activate, look, and put name, state and rule back on the queue that is there then."""
    if stage.profile.capabilities.get(Capability.DEACTIVATE) is not True:
        raise Unsupported("deactivation deletes the queue; declare the capability `deactivate` true to have it tried")
    stage.calls.list_queues(Step.QUEUES_BEFORE)
    reply = stage.calls.deactivate(Step.DEACTIVATE)
    try:
        stage.calls.list_queues(Step.QUEUES_WITHOUT)
    finally:
        again = stage.calls.activate(Step.REACTIVATE)
        queues = stage.calls.list_queues(Step.QUEUES_AGAIN).queue_list.queues
    if not reply.ok:
        raise Broken(f"DELETE on the bucket path answered {describe_reply(reply)}")
    if not queues:
        raise Broken(
            f"after activating again ({describe_reply(again)}) the queue list is empty: "
            "activate the feature by hand before the next run"
        )
    if stage.queue_id not in {queue.queue_id for queue in queues}:
        stage.found = msgspec.structs.replace(stage.found, queue_id=queues[0].queue_id)
    stage.restore()
