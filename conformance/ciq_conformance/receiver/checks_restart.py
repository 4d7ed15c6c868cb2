"""Judges a receiver that is restarted right after it has accepted callbacks."""

from ciq_conformance.judge.evidence import Evidence
from ciq_conformance.judge.finding import Finding, Kind, inconclusive, untested
from ciq_conformance.judge.registry import Item, check
from ciq_conformance.receiver.observed import accepted, effects, sent, without_steps
from ciq_conformance.receiver.steps import RESTART, Restarted

_NEEDS_OPTION = "the run does not restart the receiver: give --restart-command CMD"


def _after(evidence: Evidence, step: Restarted) -> Finding:
    if evidence.blocking_event(RESTART):
        return without_steps(evidence, RESTART)
    if not sent(evidence, RESTART, (step,)):
        return untested(_NEEDS_OPTION)
    return effects(evidence, RESTART, (step,))


@check("RCV-080", RESTART)
def accepted_callbacks_survive_a_restart(evidence: Evidence, item: Item) -> Finding:
    """Each job that was accepted right before the restart is counted once after it."""
    return _after(evidence, Restarted.BEFORE)


@check("RCV-081", RESTART)
def repeated_callbacks_after_a_restart_have_one_effect(evidence: Evidence, item: Item) -> Finding:
    """The job of a callback that is sent before and after the restart is counted once."""
    if accepted(evidence, RESTART, Restarted.REPEATED).kind is Kind.DEVIATES:
        return inconclusive("the receiver did not accept the callback before the restart, so nothing was repeated")
    return _after(evidence, Restarted.AFTER)
