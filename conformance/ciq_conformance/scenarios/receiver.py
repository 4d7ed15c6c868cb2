"""Scenario `receiver`: callbacks meet a receiver that answers 500, and one that hangs up.

The jobs must not care. How often and when the target tries again is measured over a short time.
"""

from ciq_conformance.driver.orders import RuleOrder
from ciq_conformance.driver.stage import Broken, Stage
from ciq_conformance.steps.receiver import FAILURES, Channel, Step

_RETRY_WATCH = (1.0, 5.0)
"""Least and most seconds to listen for another attempt."""


def play(stage: Stage) -> None:
    """Play the scenario; the queue is given back as it was found."""
    jobs: list[str] = []
    try:
        jobs += _told_badly(stage, Channel.ERROR, 500, Step.RULE_ERROR, Step.SUBMIT_ERROR)
        if not stage.receiver.arrivals(stage.channel(Channel.ERROR)):
            raise Broken("no callback came, so none could meet a failing receiver")
        jobs += _told_badly(stage, Channel.HANGUP, 0, Step.RULE_HANGUP, Step.SUBMIT_HANGUP)
        least, most = _RETRY_WATCH
        stage.pause_thread(min(most, max(least, stage.patience.quiet)))
        stage.watch_ended(Step.LAST, jobs)
    finally:
        stage.restore(Step.RESTORE)


def _told_badly(stage: Stage, channel: Channel, status: int, rule_step: Step, submit_step: Step) -> list[str]:
    """One job whose callback meets the failing receiver; returns its id once the first attempt was made."""
    name = stage.channel(channel)
    stage.receiver.answer(name, status, FAILURES)
    stage.set_queue_or_break(rule_step, rule=RuleOrder(url=stage.receiver.address(name)))
    jobs = list(stage.submit_or_break(submit_step, stage.order(channel)))
    stage.watch_ended(Step.LOOK, jobs)
    stage.wait_callbacks(channel, jobs)
    return jobs
