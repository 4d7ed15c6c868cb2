"""Scenario `receiver`: callbacks meet a receiver that answers late, one that answers 500, and one that hangs up.

The jobs must not care, nor must other jobs lose their callbacks. How often and when the target tries again is measured
over a short time. The slow receiver comes first, when no retry of another callback can be what keeps a sender busy.
"""

from ciq_conformance.areas.callback_retries.labels import FAILURES, JOBS_BESIDE, LATE, Channel, Label
from ciq_conformance.driver.requests import CallbackRuleRequest
from ciq_conformance.driver.scenario_context import PreconditionFailed, ScenarioContext
from ciq_conformance.driver.slow_jobs import watch_slow

_RETRY_WATCH = (1.0, 5.0)
"""Least and most seconds to listen for another attempt."""


def run(ctx: ScenarioContext) -> None:
    """Play the scenario; the queue is given back as it was found."""
    jobs: list[str] = []
    try:
        _told_late(ctx)
        jobs += _told_badly(ctx, Channel.ERROR, 500, Label.RULE_ERROR, Label.SUBMIT_ERROR)
        if not ctx.receiver.arrivals(ctx.channel(Channel.ERROR)):
            raise PreconditionFailed("no callback came, so none could meet a failing receiver")
        jobs += _told_badly(ctx, Channel.HANGUP, 0, Label.RULE_HANGUP, Label.SUBMIT_HANGUP)
        least, most = _RETRY_WATCH
        ctx.pause_thread(min(most, max(least, ctx.timeouts.quiet)))
        ctx.watch_ended(Label.LAST, jobs)
    finally:
        ctx.restore(Label.RESTORE)


def _told_late(ctx: ScenarioContext) -> None:
    """Jobs that end while the receiver of the one before them has not answered yet, told at another address."""
    slow, beside = ctx.channel(Channel.SLOW), ctx.channel(Channel.BESIDE)
    ctx.receiver.answer(slow, 200, 1, late=LATE)
    ctx.set_queue_or_fail(Label.RULE_SLOW, rule=CallbackRuleRequest(url=ctx.receiver.address(slow)))
    jobs = list(ctx.submit_or_fail(Label.SUBMIT_SLOW, ctx.job_request(Channel.SLOW)))
    watch_slow(ctx, Label.LOOK, jobs)
    if not ctx.wait_callbacks(Channel.SLOW, jobs):
        return
    ctx.set_queue_or_fail(Label.RULE_BESIDE, rule=CallbackRuleRequest(url=ctx.receiver.address(beside)))
    orders = [ctx.job_request(f"{Channel.BESIDE} {number}") for number in range(JOBS_BESIDE)]
    jobs = [job_id for order in orders for job_id in ctx.submit_or_fail(Label.SUBMIT_BESIDE, order)]
    watch_slow(ctx, Label.LOOK, jobs)
    ctx.wait_callbacks(Channel.BESIDE, jobs)


def _told_badly(ctx: ScenarioContext, channel: Channel, status: int, rule_step: Label, submit_step: Label) -> list[str]:
    """One job whose callback meets the failing receiver; returns its id once the first attempt was made."""
    name = ctx.channel(channel)
    ctx.receiver.answer(name, status, FAILURES)
    ctx.set_queue_or_fail(rule_step, rule=CallbackRuleRequest(url=ctx.receiver.address(name)))
    jobs = list(ctx.submit_or_fail(submit_step, ctx.job_request(channel)))
    ctx.watch_ended(Label.LOOK, jobs)
    ctx.wait_callbacks(channel, jobs)
    return jobs
