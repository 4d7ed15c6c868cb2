"""Scenario `cancel`: take one of three held jobs out, let the others run; then cancel an ended job and a stranger."""

from ciq_conformance.driver.orders import JobOrder
from ciq_conformance.driver.stage import Stage
from ciq_conformance.scenarios.readiness import found_rule, unknown_job_id
from ciq_conformance.steps.cancel import TOLD, Step
from ciq_schemas.lifecycle import FINAL_STATES, JobState, QueueState


def play(stage: Stage) -> None:
    """Play the scenario; whatever happens the queue goes on at its end."""
    rule = found_rule(stage)
    address = stage.receiver.address(stage.channel(TOLD))

    def order(label: str) -> JobOrder:
        return stage.order(label, callback=address, callback_format="XML")

    stage.set_queue_or_break(Step.PAUSE, state=QueueState.PAUSED, rule=rule)
    try:
        (first,) = stage.submit_or_break(Step.SUBMIT, order("first"))
        (victim,) = stage.submit_or_break(Step.SUBMIT_VICTIM, order("victim"))
        (last,) = stage.submit_or_break(Step.SUBMIT, order("last"))
        stage.look(Step.WAITING, [first, victim, last])
        stage.calls.cancel(Step.CANCEL, victim)
        stage.watch(
            Step.CANCELLED,
            [victim],
            lambda states: states.get(victim) == JobState.CANCEL,
            min(5.0, stage.patience.callback),
        )
    finally:
        stage.set_queue(Step.RESUME, rule=rule)
    others = [first, last]
    stage.watch(
        Step.WATCH,
        [victim, *others],
        lambda states: all(states.get(job_id) in FINAL_STATES for job_id in others),
        stage.patience.jobs(3),
    )
    stage.look(Step.ENDED_BEFORE, [first])
    stage.calls.cancel(Step.CANCEL_ENDED, first)
    stage.look(Step.ENDED_AFTER, [first])
    stage.calls.cancel(Step.CANCEL_UNKNOWN, unknown_job_id(stage))
    stage.wait_callbacks(TOLD, others)
    stage.receiver.wait(lambda: False, stage.patience.quiet)
    stage.look(Step.VICTIM_LATER, [victim, *others])
