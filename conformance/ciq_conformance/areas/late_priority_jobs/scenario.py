"""Scenario `late`: submit jobs of a higher level while the queue is active and other jobs wait."""

import math

from ciq_conformance.areas.late_priority_jobs.labels import Label
from ciq_conformance.driver.scenario_context import NotOffered, ScenarioContext
from ciq_schemas.lifecycle import WAITING_STATES, QueueState
from ciq_schemas.transcript.records import Calibration

BACKLOG_SECONDS = 1.2
"""The backlog lasts so long, and twice as long as the target needs to show a start."""
MOST = 400
ROUNDS, GROWTH = 3, 3
"""Further backlogs, each so many times larger, follow where all jobs ended too soon."""
SHORTEST_BACKLOG = 0.5
"""Seconds; a backlog that ends sooner shows no order."""
LEVELS = (1, 2, 2)
WITH_RUNNING = 8
"""So many late jobs must not interrupt the jobs that run."""
FURTHER, ENOUGH_FURTHER, SHORT_JOB = 27, 5, 0.1
"""Further late jobs, at most and at least, where jobs take less than this many seconds.

Most describes then miss the moment of a start.
"""
SHORTEST_POLL = 0.05
"""Part of a job's time between two describes."""
NEXT_EACH, NEXT_MORE, MOST_NEXT = 5, 8, 36
"""Jobs of the backlog that the suite describes after a late submit: for each worker, further ones, and at most."""


def run(ctx: ScenarioContext) -> None:
    """Run backlogs, each larger than the one before, until a late job arrived while others waited."""
    calibration = ctx.timeouts.calibration
    size = backlog_size(calibration)
    if not size:
        raise NotOffered(
            f"jobs end within {calibration.job_latency * 1000:.0f} ms on {calibration.workers} worker(s), so no job "
            "waits in an active queue; name a larger sample input in the profile to observe late jobs"
        )
    wanted = len(LEVELS) + (ENOUGH_FURTHER if calibration.job_latency < SHORT_JOB else 0)
    for _ in range(ROUNDS):
        late = _run_backlog(ctx, size)
        if size == MOST or (late >= wanted and not ctx.open_requirements({"PRI-004"})):
            return
        size = min(GROWTH * size, MOST)


def _run_backlog(ctx: ScenarioContext, size: int) -> int:
    """Submit a backlog of level 0, let it start, submit jobs of level 1 and 2, wait until all end.

    Returns how many late jobs found others waiting.
    """
    ctx.set_queue_or_fail(Label.PAUSE, state=QueueState.PAUSED)
    orders = [ctx.job_request(f"early {index}", level=0) for index in range(size)]
    first = ctx.submit(Label.SUBMIT, orders[0])
    if not first.ok:
        # The console pages allow a paused queue to reject jobs: then the suite fills the active queue quickly.
        ctx.set_queue_or_fail(Label.RESUME)
    ids = list(first.job_ids)
    for order in orders[int(first.ok) :]:
        ids += ctx.submit_or_fail(Label.SUBMIT, order)
    ctx.set_queue_or_fail(Label.RESUME)
    ctx.watch(
        Label.RUN,
        ids[: _watched(ctx)],
        lambda states: any(state not in WAITING_STATES for state in states.values()),
        ctx.timeouts.jobs(1),
    )
    early = list(ids)
    found_waiting = 0
    workers, job = ctx.timeouts.calibration.workers, ctx.timeouts.calibration.job_latency
    for index, level in enumerate((*LEVELS, *[2] * (FURTHER if job < SHORT_JOB else 0))):
        started = _started(ctx, early)
        # The jobs that run stay in view for the first late jobs, which must not interrupt them.
        running = min(workers, started) if index < WITH_RUNNING else 0
        found_waiting += started < len(early)
        early = early[started - running :]
        # Some of the next ones may have started meanwhile.
        in_view = early[: running + workers] if index < WITH_RUNNING else []
        ctx.look(Label.RUN, in_view)
        if index >= len(LEVELS) and len(early) < _watched(ctx):
            break
        late = list(ctx.submit_or_fail(Label.SUBMIT_LATE, ctx.job_request(f"late {index}", level=level)))
        ids += late
        _watch_start(ctx, late, early)
        # Two answers in a row must show that a job no longer runs: one may be stale.
        ctx.look(Label.BACKLOG, in_view)
    ctx.look(Label.BACKLOG, ids)
    ctx.watch_ended(Label.DRAIN, ids)
    return found_waiting


def _started(ctx: ScenarioContext, early: list[str]) -> int:
    """Returns how many jobs of the backlog have started, by bisection: jobs that end at once leave no time for all."""
    low, high = 0, len(early)
    while low < high:
        middle = (low + high) // 2
        job = ctx.look(Label.RUN, [early[middle]]).get(early[middle])
        if job is not None and job.state in WAITING_STATES:
            high = middle
        else:
            low = middle + 1
    return low


def backlog_size(calibration: Calibration) -> int:
    """Returns how many jobs wait while late ones arrive; 0 where jobs are so short that none waits long enough."""
    job, workers = calibration.job_latency, calibration.workers
    seconds = BACKLOG_SECONDS + 2 * min(calibration.start_latency, 1.0)
    size = math.ceil(2.5 * workers) + math.ceil(seconds * workers / max(job, 0.001))
    if size > MOST and math.ceil(MOST / workers) * job < SHORTEST_BACKLOG:
        return 0
    return min(size, MOST)


def _watched(ctx: ScenarioContext) -> int:
    """Returns how many jobs of the backlog the suite describes after a late submit."""
    size = NEXT_EACH * ctx.timeouts.calibration.workers + NEXT_MORE
    return min(size, MOST_NEXT if ctx.several_ids else MOST_NEXT // 4)


def _watch_start(ctx: ScenarioContext, late: list[str], early: list[str]) -> None:
    """Polls a late job until it starts, and the jobs of the backlog that are due to start next.

    Few jobs at a time: workers that hold several jobs start them within milliseconds.
    """
    ctx.watch(
        Label.BACKLOG,
        [*early[: _watched(ctx)], *late],
        lambda states: all(states.get(job_id, "") not in ("", *WAITING_STATES) for job_id in late),
        ctx.timeouts.jobs(1),
        poll=min(ctx.timeouts.poll, ctx.timeouts.calibration.job_latency * SHORTEST_POLL),
    )
