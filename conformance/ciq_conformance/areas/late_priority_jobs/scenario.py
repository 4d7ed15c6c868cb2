"""Scenario `late`: submit jobs of a higher level while the queue is active and other jobs wait."""

import math

from ciq_conformance.areas.late_priority_jobs.labels import Label
from ciq_conformance.driver.scenario_context import NotOffered, ScenarioContext
from ciq_schemas.lifecycle import WAITING_STATES, QueueState

BACKLOG_SECONDS = 1.2
MOST = 60


def run(ctx: ScenarioContext) -> None:
    """Submit a backlog of level 0, let it start, submit one job of level 1 and two of level 2, wait until all end."""
    calibration = ctx.timeouts.calibration
    job, workers = calibration.job_latency, calibration.workers
    size = math.ceil(2.5 * workers) + math.ceil(BACKLOG_SECONDS * workers / max(job, 0.001))
    if size > MOST and math.ceil(MOST / workers) * job < BACKLOG_SECONDS / 2:
        raise NotOffered(
            f"jobs end within {job * 1000:.0f} ms on {workers} worker(s), so no job waits in an active queue; "
            "name a larger sample input in the profile to observe late jobs"
        )
    ctx.set_queue_or_fail(Label.PAUSE, state=QueueState.PAUSED)
    orders = [ctx.job_request(f"early {index}", level=0) for index in range(min(size, MOST))]
    first = ctx.submit(Label.SUBMIT, orders[0])
    if not first.ok:
        # The console pages allow a paused queue to reject jobs: then the suite fills the active queue quickly.
        ctx.set_queue_or_fail(Label.RESUME)
    ids = first.job_ids
    for order in orders[int(first.ok) :]:
        ids += ctx.submit_or_fail(Label.SUBMIT, order)
    ctx.set_queue_or_fail(Label.RESUME)
    ctx.watch(
        Label.RUN,
        ids,
        lambda states: any(state not in WAITING_STATES for state in states.values()),
        ctx.timeouts.jobs(1),
    )
    for index, level in enumerate((1, 2, 2)):
        ids += ctx.submit_or_fail(Label.SUBMIT_LATE, ctx.job_request(f"late {index}", level=level))
    ctx.look(Label.BACKLOG, ids)
    ctx.watch_ended(Label.DRAIN, ids)
