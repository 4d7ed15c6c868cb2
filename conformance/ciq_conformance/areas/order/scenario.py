"""Scenario `order`: hold jobs in a paused queue, let them go, freeze the queue in the middle, let them go again.

The freeze is what makes order visible on any service, however many workers it has and however fast they are: once
the running jobs have come to rest, started and waiting jobs stand still, and every started one must come before
every waiting one. Jobs of a higher level that arrive during the freeze must then overtake what still waits.
Where jobs end at once, resume and freeze are sent side by side, and a batch too small to be caught in the middle
is followed by a larger one.
"""

import math
from functools import partial

from ciq_conformance.areas.order.held_batch import Batch, hold, submit_late
from ciq_conformance.areas.order.labels import TOLD, Label
from ciq_conformance.driver.quiescence import resume_then_pause, wait_until_idle
from ciq_conformance.driver.requests import CallbackRuleRequest
from ciq_conformance.driver.scenario_context import ScenarioContext
from ciq_conformance.judge.ordering import SLACK
from ciq_schemas.lifecycle import WAITING_STATES, QueueState
from ciq_schemas.transcript.records import Calibration

LEVELS = (0, 2, 1, None, 2, 1, 0, 1, 2)
"""Levels as submitted, over and over: every level comes before and after every other; None counts as 0."""

LOWER_LEVELS = (0, 1, None, 1, 0, 1)
"""Levels of a further batch once 2 was seen before 1: the first jobs to go then show 1 before 0."""

FEWEST, MOST = 9, 90
FEW, FEW_SECONDS = 24, 5.0
"""An order that holds among the first sixteen or so only is seen where so many can run in that time."""
LARGEST = 600
"""Jobs in a batch after batches that ended before they could be caught in the middle."""
DRAIN_SECONDS = 1.5
FREEZES = 10
BATCHES = 3
GROWTH = 8
AT_ONCE_SECONDS = 0.5
MOST_DRAIN_SECONDS = 6.0
FILL_SECONDS = 15.0
"""No batch is made larger than can be submitted in this time."""
FIRST_SHARE = 0.12
"""Part of the time that the waiting jobs should take to drain, after which the queue is frozen; halved each batch."""
LEADS = (0.002, 0.0, 0.005, 0.001, 0.01, 0.003)
"""Seconds between resume and freeze where jobs end at once, one an attempt."""


def batch_size(calibration: Calibration) -> int:
    """How many jobs to hold: enough that some wait while others run, few enough for slow workers."""
    job = max(calibration.job_latency, 0.001)
    wanted = math.ceil(DRAIN_SECONDS * calibration.workers / job)
    in_reach = math.ceil(FEW_SECONDS * calibration.workers / job)
    least = max(FEWEST, math.ceil(2.5 * calibration.workers), min(FEW, in_reach))
    return max(least, min(wanted, MOST))


def run(ctx: ScenarioContext) -> None:
    """Play the scenario; jobs submitted here are the ones that carry the judgement of order and pause."""
    rule = CallbackRuleRequest(url=ctx.receiver.address(ctx.channel(TOLD)))
    wanted = {"2>1", "1>0", "order"} if ctx.spec.has_job_level else {"order"}
    size = batch_size(ctx.timeouts.calibration)
    if not ctx.several_ids:
        size = min(size, 30)
    shown: set[str] = set()
    stood_still = 0
    at_once = ctx.timeouts.drain(size) < AT_ONCE_SECONDS
    for number in range(BATCHES):
        ctx.set_queue_or_fail(Label.PAUSE, state=QueueState.PAUSED, rule=rule)
        ctx.let_pause_reach_workers()
        began = ctx.now()
        pattern = LOWER_LEVELS if "2>1" in shown else LEVELS
        batch, held = hold(ctx, size, pattern, first=number == 0, rule=rule)
        each = (ctx.now() - began) / size
        ids = _freeze_and_thaw(ctx, batch, rule, wanted - shown, held=held, at_once=at_once, haste=number)
        began = ctx.now()
        ctx.watch_ended(Label.DRAIN, ids)
        drained = ctx.now() - began
        ctx.wait_callbacks(TOLD, ids)
        shown |= batch.shown
        stood_still += batch.stood_still
        if shown >= wanted and stood_still >= 2:
            return
        if not batch.stood_still or at_once:
            # All ended before the freeze took hold, or in too few gulps: more jobs, less time from resume to freeze.
            at_once = True
            size = min(size * GROWTH, LARGEST, max(size, int(FILL_SECONDS / max(each, 0.0001))))
        if drained > MOST_DRAIN_SECONDS:
            return


def _freeze_and_thaw(
    ctx: ScenarioContext,
    batch: Batch,
    rule: CallbackRuleRequest,
    wanted: set[str],
    *,
    held: bool,
    at_once: bool,
    haste: int,
) -> list[str]:
    """Pause in the middle, several times, until what is wanted was shown; return all ids, late ones included."""
    paused = held
    by_clock = held
    waiting = list(batch.levels)
    aimed: float | None = None
    for attempt in range(FREEZES):
        before = len(waiting)
        lead = took = 0.0
        resume = Label.THAW if attempt or not held else Label.RESUME
        if by_clock:
            lead = ctx.timeouts.drain(before) * FIRST_SHARE / 2**haste if aimed is None else aimed
            hasty = ctx.job_request(f"hasty {attempt}", level=0 if ctx.spec.has_job_level else None)
            lead = LEADS[attempt % len(LEADS)] if at_once else lead
            # A hasty job comes after all that wait, however free a worker is when the queue has just become active.
            after = partial(ctx.submit, Label.SUBMIT_HASTY, hasty) if attempt % 2 else None
            began = ctx.now()
            response = resume_then_pause(ctx, rule, (resume, Label.FREEZE), lead, after)
            took = ctx.now() - began
            batch.add(response.job_ids if response else [], [0])
        else:
            if paused:
                ctx.set_queue_or_fail(resume, rule=rule)
            _until_some_started(ctx, waiting)
            ctx.set_queue_or_fail(Label.FREEZE, state=QueueState.PAUSED, rule=rule)
        paused = True
        states = wait_until_idle(ctx, Label.SETTLE, list(batch.levels))
        waiting = [job for job in batch.levels if states.get(job, "") in ("", *WAITING_STATES)]
        if not waiting:
            break
        if len(waiting) == before:
            # Nothing had started yet: after a few tries wait until something is seen to start.
            by_clock = by_clock and at_once and attempt < FREEZES // 2
            if not held:
                # Nothing was looked at in the first pause, and jobs stopped by this one can be.
                ctx.watch_for(Label.FROZEN, waiting, SLACK)
            continue
        by_clock = held
        batch.note(waiting)
        aimed = None
        if batch.stood_still == 1:
            # Where jobs end at once nobody can aim, and more of them would only put off what the levels show.
            half = submit_late(ctx, batch, waiting, more=not at_once)
            if half and took:
                aimed = _lead_to(half, lead, took, before - len(waiting), ctx.timeouts.calibration.workers)
            waiting = [job for job in batch.levels if states.get(job, "") in ("", *WAITING_STATES)]
        ctx.watch_for(Label.FROZEN, waiting, SLACK + (ctx.timeouts.hold if batch.stood_still == 1 else 0.1))
        if batch.stood_still >= 2 and batch.shown >= wanted:
            break
    ctx.set_queue_or_fail(Label.THAW, rule=rule)
    return list(batch.levels)


def _lead_to(wanted: int, lead: float, took: float, started: int, workers: int) -> float:
    """Seconds from resume to pause until `wanted` jobs have started, when `started` had after `lead`.

    As many as there are workers start at once, the others in the time that the two requests `took`.
    """
    each = took / max(1, started - workers)
    return max(0.0, each * (wanted - workers) - (took - lead))


def _until_some_started(ctx: ScenarioContext, ids: list[str]) -> None:
    want = max(1, len(ids) // 6)

    def enough(states: dict[str, str]) -> bool:
        return sum(state not in WAITING_STATES for state in states.values()) >= want

    ctx.watch(Label.RUN, ids, enough, ctx.timeouts.jobs(want))
