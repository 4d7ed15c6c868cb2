"""Scenario `cancel`: take one held job out, let the others run; then cancel an ended job, a stranger, a running job."""

import math
from collections.abc import Callable

from ciq_conformance.driver.orders import JobOrder, RuleOrder
from ciq_conformance.driver.stage import Broken, Stage, Unsupported
from ciq_conformance.scenarios.readiness import found_rule, unknown_job_id
from ciq_conformance.steps.cancel import TOLD, Step
from ciq_schemas.lifecycle import FINAL_STATES, WAITING_STATES, JobState, QueueState

HELD = 3
BACKLOG_SECONDS = 1.0
MOST = 60
TRIES = 3


def play(stage: Stage) -> None:
    """Play the scenario; whatever happens the queue goes on at its end."""
    rule = found_rule(stage)
    address = stage.receiver.address(stage.channel(TOLD))

    def order(label: str) -> JobOrder:
        return stage.order(label, callback=address, callback_format="XML")

    try:
        ids = _hold(stage, rule, order)
        victim = _waiting(stage, ids)
        stage.calls.cancel(Step.CANCEL, victim)
        stage.watch(
            Step.CANCELLED,
            [victim],
            lambda states: states.get(victim) == JobState.CANCEL,
            min(5.0, stage.patience.callback),
        )
    finally:
        stage.set_queue(Step.RESUME, rule=rule)
    others = [job_id for job_id in ids if job_id != victim]
    stage.watch(
        Step.WATCH,
        [victim, *others],
        lambda states: all(states.get(job_id) in FINAL_STATES for job_id in others),
        stage.patience.jobs(len(ids)),
    )
    ended = others[:1]
    stage.look(Step.ENDED_BEFORE, ended)
    stage.calls.cancel(Step.CANCEL_ENDED, ended[0])
    stage.look(Step.ENDED_AFTER, ended)
    stage.calls.cancel(Step.CANCEL_UNKNOWN, unknown_job_id(stage))
    stage.wait_callbacks(TOLD, others)
    stage.receiver.wait(lambda: False, stage.patience.quiet)
    stage.look(Step.VICTIM_LATER, [victim, *others])
    _cancel_running(stage, order)


def _cancel_running(stage: Stage, order: Callable[[str], JobOrder]) -> None:
    """Cancel a job that was just seen Running; where jobs are too short to be seen so, none is cancelled."""
    for attempt in range(TRIES):
        ids = [job.job_id for job in stage.submit(Step.SUBMIT_TO_RUN, order(f"run {attempt}")).jobs if job.job_id]
        states = stage.watch(
            Step.UNTIL_RUNNING,
            ids,
            lambda states: all(state not in WAITING_STATES for state in states.values()),
            stage.patience.jobs(1),
        )
        running = [job_id for job_id, state in states.items() if state == JobState.RUNNING]
        if running:
            stage.calls.cancel(Step.CANCEL_RUNNING, running[0])
            stage.watch_ended(Step.AFTER_RUNNING, running)
            return


def _hold(stage: Stage, rule: RuleOrder, order: Callable[[str], JobOrder]) -> list[str]:
    """Ids of jobs that a paused queue holds back.

    Console pages close a paused queue to new jobs (1045/43607). Where it is closed, the jobs go in before the pause,
    so many that some still wait when it comes.
    """
    stage.set_queue_or_break(Step.PAUSE, state=QueueState.PAUSED, rule=rule)
    first = stage.submit(Step.SUBMIT, order("held 0"))
    if not first.refused:
        ids = [job.job_id for job in first.jobs if job.job_id]
        for index in range(len(ids), HELD):
            ids += stage.submit_or_break(Step.SUBMIT, order(f"held {index}"))
        return ids
    stage.set_queue_or_break(Step.OPEN, rule=rule)
    calibration = stage.patience.calibration
    workers, job = calibration.workers, max(calibration.job_latency, 0.001)
    ids = []
    for index in range(min(MOST, math.ceil(2.5 * workers) + math.ceil(BACKLOG_SECONDS * workers / job))):
        ids += stage.submit_or_break(Step.SUBMIT, order(f"open {index}"))
    stage.set_queue_or_break(Step.PAUSE, state=QueueState.PAUSED, rule=rule)
    return ids


def _waiting(stage: Stage, ids: list[str]) -> str:
    """The job to cancel: from the middle of those that wait."""
    seen = stage.look(Step.WAITING, ids)
    waiting = [job_id for job_id in ids if job_id in seen and seen[job_id].state in WAITING_STATES]
    if waiting:
        return waiting[len(waiting) // 2]
    if len(ids) == HELD:
        states = ", ".join(str(job.state) for job in seen.values()) or "not described"
        raise Broken(f"no job waits in the paused queue ({states}), so none can be cancelled")
    raise Unsupported(
        "a paused queue takes no job here, and in an active one none waits long enough to be cancelled; "
        "name a larger sample input in the profile"
    )
