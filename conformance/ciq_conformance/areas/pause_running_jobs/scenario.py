"""Scenario `running`: pauses the queue while a job runs, and observes whether the job continues.

When the job ends during the pause, the scenario waits for its callback before it resumes the queue.
"""

from ciq_conformance.areas.pause_running_jobs.labels import CALLBACKS, Label
from ciq_conformance.driver.requests import CallbackRuleRequest
from ciq_conformance.driver.scenario_context import ScenarioContext
from ciq_schemas.lifecycle import FINAL_STATES, JobState, QueueState

TRIES = 3


def run(ctx: ScenarioContext) -> None:
    """Submits a job, pauses the queue when the job runs, observes it, resumes, and observes it to its end."""
    rule = CallbackRuleRequest(url=ctx.receiver.address(ctx.channel(CALLBACKS)))
    for attempt in range(TRIES):
        ctx.set_queue_or_fail(Label.RESUME, rule=rule)
        ids = ctx.submit_or_fail(Label.SUBMIT, ctx.job_request(f"caught {attempt}"))
        states = ctx.watch(
            Label.CATCH,
            ids,
            lambda seen: any(s == JobState.RUNNING or s in FINAL_STATES for s in seen.values()),
            ctx.timeouts.jobs(1),
        )
        caught = JobState.RUNNING in states.values()
        ctx.set_queue_or_fail(Label.PAUSE, state=QueueState.PAUSED, rule=rule)
        ended = ctx.watch(
            Label.PAUSED,
            ids,
            lambda seen: all(state in FINAL_STATES for state in seen.values()),
            ctx.timeouts.settle + ctx.timeouts.hold,
        )
        if caught and all(state in FINAL_STATES for state in ended.values()):
            ctx.wait_callbacks(CALLBACKS, ids)
        ctx.set_queue_or_fail(Label.RESUME, rule=rule)
        ctx.watch_ended(Label.DRAIN, ids)
        if caught:
            return
