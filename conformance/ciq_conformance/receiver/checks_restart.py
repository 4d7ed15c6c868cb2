"""Judges a receiver that is restarted right after it has accepted callbacks."""

from ciq_conformance.judge.evidence import Evidence
from ciq_conformance.judge.finding import Finding, untested
from ciq_conformance.judge.registry import Item, check
from ciq_conformance.receiver.observed import effects, sent, without_steps
from ciq_conformance.receiver.steps import RESTART, Restarted

_NEEDS_OPTION = "the run does not restart the receiver: give --restart-command CMD"


def _after(evidence: Evidence, step: Restarted) -> Finding:
    if not sent(evidence, RESTART, (step,)) or evidence.blocking_event(RESTART):
        return without_steps(evidence, RESTART) if evidence.blocking_event(RESTART) else untested(_NEEDS_OPTION)
    return effects(evidence, RESTART, (step,))


@check("RCV-080", RESTART)
def accepted_callbacks_survive_a_restart(evidence: Evidence, item: Item) -> Finding:
    """Each job that was accepted right before the restart is counted once after it."""
    return _after(evidence, Restarted.BEFORE)


@check("RCV-081", RESTART)
def repeated_callbacks_after_a_restart_have_one_effect(evidence: Evidence, item: Item) -> Finding:
    """The job of a callback that is sent before and after the restart is counted once."""
    return _after(evidence, Restarted.AFTER)
