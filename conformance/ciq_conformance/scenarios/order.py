"""Scenario `order`: hold jobs in a paused queue, let them go, freeze the queue in the middle, let them go again.

The freeze is what makes order visible on any service, however many workers it has and however fast they are: once
the running jobs have come to rest, started and waiting jobs stand still, and every started one must come before
every waiting one. Jobs of a higher level that arrive during the freeze must then overtake what still waits.
Where jobs end at once, resume and freeze are sent side by side, and a batch too small to be caught in the middle
is followed by a larger one.
"""

import math
from functools import partial

from ciq_conformance.driver.orders import RuleOrder
from ciq_conformance.driver.rest import resume_and_freeze, watch_rest
from ciq_conformance.driver.stage import Stage
from ciq_conformance.judge.ordering import SLACK
from ciq_conformance.scenarios.held_batch import Batch, hold, submit_late
from ciq_conformance.steps.order import TOLD, Step
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


def play(stage: Stage) -> None:
    """Play the scenario; jobs submitted here are the ones that carry the judgement of order and pause."""
    rule = RuleOrder(url=stage.receiver.address(stage.channel(TOLD)))
    wanted = {"2>1", "1>0", "order"} if stage.spec.has_job_level else {"order"}
    size = batch_size(stage.patience.calibration)
    if not stage.several_ids:
        size = min(size, 30)
    shown: set[str] = set()
    stood_still = 0
    at_once = stage.patience.drain(size) < AT_ONCE_SECONDS
    for number in range(BATCHES):
        stage.set_queue_or_break(Step.PAUSE, state=QueueState.PAUSED, rule=rule)
        stage.let_pause_reach_workers()
        began = stage.now()
        pattern = LOWER_LEVELS if "2>1" in shown else LEVELS
        batch, held = hold(stage, size, pattern, first=number == 0, rule=rule)
        each = (stage.now() - began) / size
        ids = _freeze_and_thaw(stage, batch, rule, wanted - shown, held=held, at_once=at_once, haste=number)
        began = stage.now()
        stage.watch_ended(Step.DRAIN, ids)
        drained = stage.now() - began
        stage.wait_callbacks(TOLD, ids)
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
    stage: Stage, batch: Batch, rule: RuleOrder, wanted: set[str], *, held: bool, at_once: bool, haste: int
) -> list[str]:
    """Pause in the middle, several times, until what is wanted was shown; return all ids, late ones included."""
    paused = held
    by_clock = held
    waiting = list(batch.levels)
    aimed: float | None = None
    for attempt in range(FREEZES):
        before = len(waiting)
        lead = took = 0.0
        resume = Step.THAW if attempt or not held else Step.RESUME
        if by_clock:
            lead = stage.patience.drain(before) * FIRST_SHARE / 2**haste if aimed is None else aimed
            hasty = stage.order(f"hasty {attempt}", level=0 if stage.spec.has_job_level else None)
            lead = LEADS[attempt % len(LEADS)] if at_once else lead
            # A hasty job comes after all that wait, however free a worker is when the queue has just become active.
            after = partial(stage.submit, Step.SUBMIT_HASTY, hasty) if attempt % 2 else None
            began = stage.now()
            reply = resume_and_freeze(stage, rule, (resume, Step.FREEZE), lead, after)
            took = stage.now() - began
            batch.add(reply.job_ids if reply else [], [0])
        else:
            if paused:
                stage.set_queue_or_break(resume, rule=rule)
            _until_some_started(stage, waiting)
            stage.set_queue_or_break(Step.FREEZE, state=QueueState.PAUSED, rule=rule)
        paused = True
        states = watch_rest(stage, Step.SETTLE, list(batch.levels))
        waiting = [job for job in batch.levels if states.get(job, "") in ("", *WAITING_STATES)]
        if not waiting:
            break
        if len(waiting) == before:
            # Nothing had started yet: after a few tries wait until something is seen to start.
            by_clock = by_clock and at_once and attempt < FREEZES // 2
            if not held:
                # Nothing was looked at in the first pause, and jobs stopped by this one can be.
                stage.watch_for(Step.FROZEN, waiting, SLACK)
            continue
        by_clock = held
        batch.note(waiting)
        aimed = None
        if batch.stood_still == 1:
            # Where jobs end at once nobody can aim, and more of them would only put off what the levels show.
            half = submit_late(stage, batch, waiting, more=not at_once)
            if half and took:
                aimed = _lead_to(half, lead, took, before - len(waiting), stage.patience.calibration.workers)
            waiting = [job for job in batch.levels if states.get(job, "") in ("", *WAITING_STATES)]
        stage.watch_for(Step.FROZEN, waiting, SLACK + (stage.patience.hold if batch.stood_still == 1 else 0.1))
        if batch.stood_still >= 2 and batch.shown >= wanted:
            break
    stage.set_queue_or_break(Step.THAW, rule=rule)
    return list(batch.levels)


def _lead_to(wanted: int, lead: float, took: float, started: int, workers: int) -> float:
    """Seconds from resume to pause until `wanted` jobs have started, when `started` had after `lead`.

    As many as there are workers start at once, the others in the time that the two requests `took`.
    """
    each = took / max(1, started - workers)
    return max(0.0, each * (wanted - workers) - (took - lead))


def _until_some_started(stage: Stage, ids: list[str]) -> None:
    want = max(1, len(ids) // 6)

    def enough(states: dict[str, str]) -> bool:
        return sum(state not in WAITING_STATES for state in states.values()) >= want

    stage.watch(Step.RUN, ids, enough, stage.patience.jobs(want))
