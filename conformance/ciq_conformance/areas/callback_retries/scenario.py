"""Scenario `receiver`: send callbacks to receivers that answer late, answer 500, or close the connection.

A failing receiver must not change the job, and other jobs must not lose their callbacks. The scenario measures for a
short time how often and when the target retries. The slow receiver comes first, so that no retry of another callback
occupies the sender of the target.
"""

from ciq_conformance.areas.callback_retries.labels import ANSWER_DELAY, FAILURES, OTHER_JOBS, Channel, Label
from ciq_conformance.driver.requests import CallbackRuleRequest
from ciq_conformance.driver.scenario_context import PreconditionFailed, ScenarioContext
from ciq_conformance.driver.slow_jobs import watch_slow

_RETRY_WATCH = (1.0, 5.0)
"""Minimum and maximum seconds to wait for another attempt."""


def run(ctx: ScenarioContext) -> None:
    """Runs the scenario, and restores the queue at the end."""
    jobs: list[str] = []
    try:
        _call_slow_receiver(ctx)
        jobs += _call_failing_receiver(ctx, Channel.ERROR, 500, Label.RULE_ERROR, Label.SUBMIT_ERROR)
        if not ctx.receiver.arrivals(ctx.channel(Channel.ERROR)):
            raise PreconditionFailed("no callback arrived, so no receiver could fail")
        jobs += _call_failing_receiver(ctx, Channel.HANGUP, 0, Label.RULE_HANGUP, Label.SUBMIT_HANGUP)
        minimum, maximum = _RETRY_WATCH
        ctx.pause_thread(min(maximum, max(minimum, ctx.timeouts.quiet)))
        ctx.watch_ended(Label.LAST, jobs)
    finally:
        ctx.restore(Label.RESTORE)


def _call_slow_receiver(ctx: ScenarioContext) -> None:
    """Runs jobs with another address that end before the slow receiver has answered the callback of an earlier job."""
    slow, other = ctx.channel(Channel.SLOW), ctx.channel(Channel.OTHER)
    ctx.receiver.answer(slow, 200, 1, late=ANSWER_DELAY)
    ctx.set_queue_or_fail(Label.RULE_SLOW, rule=CallbackRuleRequest(url=ctx.receiver.address(slow)))
    jobs = list(ctx.submit_or_fail(Label.SUBMIT_SLOW, ctx.job_request(Channel.SLOW)))
    watch_slow(ctx, Label.LOOK, jobs)
    if not ctx.wait_callbacks(Channel.SLOW, jobs):
        return
    ctx.set_queue_or_fail(Label.RULE_OTHER, rule=CallbackRuleRequest(url=ctx.receiver.address(other)))
    requests = [ctx.job_request(f"{Channel.OTHER} {number}") for number in range(OTHER_JOBS)]
    jobs = [job_id for request in requests for job_id in ctx.submit_or_fail(Label.SUBMIT_OTHER, request)]
    watch_slow(ctx, Label.LOOK, jobs)
    ctx.wait_callbacks(Channel.OTHER, jobs)


def _call_failing_receiver(
    ctx: ScenarioContext, channel: Channel, status: int, rule_step: Label, submit_step: Label
) -> list[str]:
    """Runs one job whose receiver fails; returns its id after the first callback attempt."""
    name = ctx.channel(channel)
    ctx.receiver.answer(name, status, FAILURES)
    ctx.set_queue_or_fail(rule_step, rule=CallbackRuleRequest(url=ctx.receiver.address(name)))
    jobs = list(ctx.submit_or_fail(submit_step, ctx.job_request(channel)))
    ctx.watch_ended(Label.LOOK, jobs)
    ctx.wait_callbacks(channel, jobs)
    return jobs
