"""Checks of the scenario `deactivation` (ACT-007)."""

from ciq_conformance.checks.premise import accepted, asked, premised, said, seq
from ciq_conformance.judge import wire
from ciq_conformance.judge.evidence import Evidence
from ciq_conformance.judge.finding import Finding, blocked, deviates, holds
from ciq_conformance.judge.registry import Item, check
from ciq_conformance.steps.deactivation import Step
from ciq_schemas.requirement import Scenario

HERE = Scenario.DEACTIVATION


@check("ACT-007")
@premised
def queue_is_removed(evidence: Evidence, item: Item) -> Finding:
    """The answer to DELETE, and the queue list after it: empty, or refused because the feature is off."""
    expected = "success with RequestId and BucketName, and no queue of the feature afterwards"
    reply = accepted(evidence, HERE, Step.DEACTIVATE, expected)
    root = wire.response(reply)
    missing = [name for name in ("RequestId", "BucketName") if not wire.child_text(root, name)]
    if missing:
        return deviates(expected, f"the answer has no {' and no '.join(missing)}", witness=seq(reply))
    after = asked(evidence, HERE, Step.QUEUES_WITHOUT)
    if after.ok and after.queue_list.queues:
        left = ", ".join(wire.text(queue.queue_id) for queue in after.queue_list.queues)
        return deviates(expected, f"{left} is still listed", witness=seq(reply, after))
    if not after.ok and not after.refused:
        return blocked(f"the queue list after deactivation was answered {said(after)}", witness=seq(after))
    return holds(f"the queue list was answered {said(after)}, without a queue", witness=seq(reply, after))
