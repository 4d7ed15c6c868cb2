"""Scenario `late`: jobs of a higher level arrive while the queue is active and others wait."""

import math

from ciq_conformance.driver.stage import Stage, Unsupported
from ciq_conformance.steps.late import Step
from ciq_schemas.lifecycle import WAITING_STATES, QueueState

BACKLOG_SECONDS = 1.2
MOST = 60


def play(stage: Stage) -> None:
    """Build a backlog of level 0, let it start, submit two of level 2 and one of level 1, watch all to the end."""
    calibration = stage.patience.calibration
    job, workers = calibration.job_latency, calibration.workers
    size = math.ceil(2.5 * workers) + math.ceil(BACKLOG_SECONDS * workers / max(job, 0.001))
    if size > MOST and math.ceil(MOST / workers) * job < BACKLOG_SECONDS / 2:
        raise Unsupported(
            f"jobs end within {job * 1000:.0f} ms on {workers} worker(s), so none waits in an active queue; "
            "name a larger sample input in the profile to see late arrivals"
        )
    stage.set_queue_or_break(Step.PAUSE, state=QueueState.PAUSED)
    orders = [stage.order(f"early {index}", level=0) for index in range(min(size, MOST))]
    first = stage.submit(Step.SUBMIT, orders[0])
    if not first.ok:
        # The console pages let a paused queue be closed to jobs: then an active one is filled as fast as can be.
        stage.set_queue_or_break(Step.RESUME)
    ids = first.job_ids
    for order in orders[int(first.ok) :]:
        ids += stage.submit_or_break(Step.SUBMIT, order)
    stage.set_queue_or_break(Step.RESUME)
    stage.watch(
        Step.RUN,
        ids,
        lambda states: any(state not in WAITING_STATES for state in states.values()),
        stage.patience.jobs(1),
    )
    for index, level in enumerate((1, 2, 2)):
        ids += stage.submit_or_break(Step.SUBMIT_LATE, stage.order(f"late {index}", level=level))
    stage.look(Step.BACKLOG, ids)
    stage.watch_ended(Step.DRAIN, ids)
