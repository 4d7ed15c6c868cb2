"""Scenario `receiver`: callbacks meet a receiver that answers late, one that answers 500, and one that hangs up.

The jobs must not care, nor must other jobs lose their callbacks. How often and when the target tries again is measured
over a short time. The slow receiver comes first, when no retry of another callback can be what keeps a sender busy.
"""

from ciq_conformance.driver.orders import RuleOrder
from ciq_conformance.driver.stage import Broken, Stage
from ciq_conformance.scenarios.slow_jobs import watch_slow
from ciq_conformance.steps.receiver import FAILURES, JOBS_BESIDE, LATE, Channel, Step

_RETRY_WATCH = (1.0, 5.0)
"""Least and most seconds to listen for another attempt."""


def play(stage: Stage) -> None:
    """Play the scenario; the queue is given back as it was found."""
    jobs: list[str] = []
    try:
        _told_late(stage)
        jobs += _told_badly(stage, Channel.ERROR, 500, Step.RULE_ERROR, Step.SUBMIT_ERROR)
        if not stage.receiver.arrivals(stage.channel(Channel.ERROR)):
            raise Broken("no callback came, so none could meet a failing receiver")
        jobs += _told_badly(stage, Channel.HANGUP, 0, Step.RULE_HANGUP, Step.SUBMIT_HANGUP)
        least, most = _RETRY_WATCH
        stage.pause_thread(min(most, max(least, stage.patience.quiet)))
        stage.watch_ended(Step.LAST, jobs)
    finally:
        stage.restore(Step.RESTORE)


def _told_late(stage: Stage) -> None:
    """Jobs that end while the receiver of the one before them has not answered yet, told at another address."""
    slow, beside = stage.channel(Channel.SLOW), stage.channel(Channel.BESIDE)
    stage.receiver.answer(slow, 200, 1, late=LATE)
    stage.set_queue_or_break(Step.RULE_SLOW, rule=RuleOrder(url=stage.receiver.address(slow)))
    jobs = list(stage.submit_or_break(Step.SUBMIT_SLOW, stage.order(Channel.SLOW)))
    watch_slow(stage, Step.LOOK, jobs)
    if not stage.wait_callbacks(Channel.SLOW, jobs):
        return
    stage.set_queue_or_break(Step.RULE_BESIDE, rule=RuleOrder(url=stage.receiver.address(beside)))
    orders = [stage.order(f"{Channel.BESIDE} {number}") for number in range(JOBS_BESIDE)]
    jobs = [job_id for order in orders for job_id in stage.submit_or_break(Step.SUBMIT_BESIDE, order)]
    watch_slow(stage, Step.LOOK, jobs)
    stage.wait_callbacks(Channel.BESIDE, jobs)


def _told_badly(stage: Stage, channel: Channel, status: int, rule_step: Step, submit_step: Step) -> list[str]:
    """One job whose callback meets the failing receiver; returns its id once the first attempt was made."""
    name = stage.channel(channel)
    stage.receiver.answer(name, status, FAILURES)
    stage.set_queue_or_break(rule_step, rule=RuleOrder(url=stage.receiver.address(name)))
    jobs = list(stage.submit_or_break(submit_step, stage.order(channel)))
    stage.watch_ended(Step.LOOK, jobs)
    stage.wait_callbacks(channel, jobs)
    return jobs
