"""Scenario `running`: pause the queue while jobs run, and see what becomes of them."""

from ciq_conformance.driver.stage import Stage
from ciq_conformance.steps.running import Step
from ciq_schemas.lifecycle import FINAL_STATES, JobState, QueueState

TRIES = 3


def play(stage: Stage) -> None:
    """Submit, pause as soon as a job is seen running, watch, resume, watch to the end."""
    for attempt in range(TRIES):
        stage.set_queue_or_break(Step.RESUME)
        ids = stage.submit_or_break(Step.SUBMIT, stage.order(f"caught {attempt}"))
        states = stage.watch(
            Step.CATCH,
            ids,
            lambda seen: any(s == JobState.RUNNING or s in FINAL_STATES for s in seen.values()),
            stage.patience.jobs(1),
        )
        caught = JobState.RUNNING in states.values()
        stage.set_queue_or_break(Step.PAUSE, state=QueueState.PAUSED)
        stage.watch(
            Step.PAUSED,
            ids,
            lambda seen: all(state in FINAL_STATES for state in seen.values()),
            stage.patience.settle + stage.patience.hold,
        )
        stage.set_queue_or_break(Step.RESUME)
        stage.watch_ended(Step.DRAIN, ids)
        if caught:
            return
