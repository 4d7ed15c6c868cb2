"""Scenario `late`: submit jobs of a higher level while the queue is active and other jobs wait."""

import math

from ciq_conformance.areas.late_priority_jobs.labels import Label
from ciq_conformance.driver.scenario_context import NotOffered, ScenarioContext
from ciq_schemas.lifecycle import FINAL_STATES, WAITING_STATES, QueueState

BACKLOG_SECONDS = 1.2
MOST = 120
SHORTEST_BACKLOG = 0.5
"""Seconds; a backlog that ends sooner shows no order."""
NEXT_EACH, NEXT_MORE, MOST_NEXT = 5, 4, 36
"""Jobs of the backlog that the suite describes after a late submit: for each worker, further ones, and at most."""


def run(ctx: ScenarioContext) -> None:
    """Submit a backlog of level 0, let it start, submit one job of level 1 and two of level 2, wait until all end."""
    calibration = ctx.timeouts.calibration
    job, workers = calibration.job_latency, calibration.workers
    size = math.ceil(2.5 * workers) + math.ceil(BACKLOG_SECONDS * workers / max(job, 0.001))
    if size > MOST and math.ceil(MOST / workers) * job < SHORTEST_BACKLOG:
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
    ids = list(first.job_ids)
    for order in orders[int(first.ok) :]:
        ids += ctx.submit_or_fail(Label.SUBMIT, order)
    ctx.set_queue_or_fail(Label.RESUME)
    states = ctx.watch(
        Label.RUN,
        ids,
        lambda states: any(state not in WAITING_STATES for state in states.values()),
        ctx.timeouts.jobs(1),
    )
    early = list(ids)
    for index, level in enumerate((1, 2, 2)):
        late = list(ctx.submit_or_fail(Label.SUBMIT_LATE, ctx.job_request(f"late {index}", level=level)))
        ids += late
        states |= _watch_start(ctx, late, [job_id for job_id in early if states.get(job_id) not in FINAL_STATES])
    ctx.look(Label.BACKLOG, ids)
    ctx.watch_ended(Label.DRAIN, ids)


def _watch_start(ctx: ScenarioContext, late: list[str], early: list[str]) -> dict[str, str]:
    """Polls a late job until it starts, and the jobs of the backlog that are due to start next.

    Few jobs at a time: workers that hold several jobs start them within milliseconds.
    """
    size = NEXT_EACH * ctx.timeouts.calibration.workers + NEXT_MORE
    watched = early[: min(size, MOST_NEXT if ctx.several_ids else MOST_NEXT // 4)]
    return ctx.watch(
        Label.BACKLOG,
        [*watched, *late],
        lambda states: all(states.get(job_id, "") not in ("", *WAITING_STATES) for job_id in late),
        ctx.timeouts.jobs(1),
    )
