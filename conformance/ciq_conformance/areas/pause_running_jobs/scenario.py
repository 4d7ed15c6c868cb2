"""Scenario `running`: pauses the queue while a job runs, and observes whether the job continues."""

from ciq_conformance.areas.pause_running_jobs.labels import Label
from ciq_conformance.driver.scenario_context import ScenarioContext
from ciq_schemas.lifecycle import FINAL_STATES, JobState, QueueState

TRIES = 3


def run(ctx: ScenarioContext) -> None:
    """Submits a job, pauses the queue when the job runs, observes it, resumes, and observes it to its end."""
    for attempt in range(TRIES):
        ctx.set_queue_or_fail(Label.RESUME)
        ids = ctx.submit_or_fail(Label.SUBMIT, ctx.job_request(f"caught {attempt}"))
        states = ctx.watch(
            Label.CATCH,
            ids,
            lambda seen: any(s == JobState.RUNNING or s in FINAL_STATES for s in seen.values()),
            ctx.timeouts.jobs(1),
        )
        caught = JobState.RUNNING in states.values()
        ctx.set_queue_or_fail(Label.PAUSE, state=QueueState.PAUSED)
        ctx.watch(
            Label.PAUSED,
            ids,
            lambda seen: all(state in FINAL_STATES for state in seen.values()),
            ctx.timeouts.settle + ctx.timeouts.hold,
        )
        ctx.set_queue_or_fail(Label.RESUME)
        ctx.watch_ended(Label.DRAIN, ids)
        if caught:
            return
