"""Scenario `order`: hold jobs in a paused queue, let them go, freeze the queue in the middle, let them go again.

The freeze is what makes order visible on any service, however many workers it has and however fast they are: once
the running jobs have come to rest, started and waiting jobs stand still, and every started one must come before
every waiting one. Jobs of a higher level that arrive during the freeze must then overtake what still waits.
Where jobs end at once, resume and freeze are sent side by side, and a batch too small to be caught in the middle
is followed by a larger one.
"""

import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from ciq_conformance.driver.orders import JobOrder, RuleOrder
from ciq_conformance.driver.stage import Broken, Stage
from ciq_conformance.judge.ordering import SLACK
from ciq_conformance.steps.order import TOLD, Step
from ciq_schemas.features import Feature
from ciq_schemas.lifecycle import FINAL_STATES, WAITING_STATES, QueueState
from ciq_schemas.run import Calibration

LEVELS = (0, 2, 1, None, 2, 1, 0, 1, 2)
"""Levels as submitted, over and over: every level comes before and after every other; None counts as 0."""

LOWER_LEVELS = (0, 1, None, 1, 0, 1)
"""Levels of a further batch once 2 was seen before 1: the first jobs to go then show 1 before 0."""

FEWEST, MOST = 9, 90
LARGEST = 600
"""Jobs in a batch after batches that ended before they could be caught in the middle."""
DRAIN_SECONDS = 1.5
FREEZES = 10
BATCHES = 3
GROWTH = 8
AT_ONCE_SECONDS = 0.5
MOST_DRAIN_SECONDS = 6.0
FILL_SECONDS = 6.0
"""No batch is made larger than can be submitted in this time."""
FIRST_SHARE = 0.12
"""Part of the time that the waiting jobs should take to drain, after which the queue is frozen; halved each batch."""
OTHER_TAG = "MediaInfo"
"""A tag of media that needs nothing but an input."""
LEAK_SECONDS = 1.6
"""A service that looks at its queues now and then may forget a pause only by its next look."""
LEADS = (0.002, 0.0, 0.005, 0.001, 0.01, 0.003)
"""Seconds between resume and freeze where jobs end at once, one an attempt."""


@dataclass
class _Batch:
    """Jobs held together, with their levels in the order of submission."""

    levels: dict[str, int] = field(default_factory=dict)
    shown: set[str] = field(default_factory=set)
    """What frozen moments have shown: `2>1`, `1>0`, `order`."""
    stood_still: int = 0

    def add(self, ids: list[str], levels: list[int | None]) -> None:
        self.levels.update(zip(ids, (level or 0 for level in levels), strict=False))

    def note(self, waiting: list[str]) -> None:
        """Take down which boundaries a frozen moment shows: later and more urgent ones gone, earlier ones waiting."""
        self.stood_still += 1
        left = set(waiting)
        place = {job: index for index, job in enumerate(self.levels)}
        for job, level in self.levels.items():
            if job in left:
                continue
            for other in left:
                if self.levels[other] == level - 1 and place[other] < place[job]:
                    self.shown.add(f"{level}>{level - 1}")
                elif self.levels[other] == level and place[other] > place[job]:
                    self.shown.add("order")


def batch_size(calibration: Calibration) -> int:
    """How many jobs to hold: enough that some wait while others run, few enough for slow workers."""
    job = max(calibration.job_latency, 0.001)
    wanted = math.ceil(DRAIN_SECONDS * calibration.workers / job)
    least = max(FEWEST, math.ceil(2.5 * calibration.workers))
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
    at_once = _drain_estimate(stage, size) < AT_ONCE_SECONDS
    for number in range(BATCHES):
        stage.set_queue_or_break(Step.PAUSE, state=QueueState.PAUSED, rule=rule)
        began = stage.now()
        pattern = LOWER_LEVELS if "2>1" in shown else LEVELS
        batch, held = _hold(stage, size, pattern, first=number == 0, rule=rule)
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


def _hold(
    stage: Stage, size: int, pattern: tuple[int | None, ...], *, first: bool, rule: RuleOrder
) -> tuple[_Batch, bool]:
    """Submit a batch to the paused queue; True when it was held there."""
    batch = _Batch()
    levels = [pattern[index % len(pattern)] if stage.spec.has_job_level else None for index in range(size)]
    orders = [_dressed(stage, index, level) for index, level in enumerate(levels)]
    opening = stage.submit(Step.SUBMIT, orders[0])
    if opening.ok:
        batch.add([job.job_id for job in opening.jobs if job.job_id], levels[:1])
    else:
        # The console pages let a paused queue be closed to jobs: then an active one is filled as fast as can be.
        stage.set_queue_or_break(Step.RESUME, rule=rule)
    _fill(stage, batch, orders, levels, skip=int(opening.ok))
    if opening.ok:
        if first:
            stage.calls.list_queues(Step.HELD_LIST, {"queueIds": stage.queue_id})
            _stay_paused(stage, list(batch.levels), rule)
        stage.watch_for(Step.HELD, list(batch.levels), 0.0)
    return batch, opening.ok


def _stay_paused(stage: Stage, ids: list[str], rule: RuleOrder) -> None:
    """Give what must not start the time and the occasions to: other settings of the paused queue, and some patience."""
    stage.watch_for(Step.HELD, ids, stage.patience.hold)
    stage.set_queue(Step.TOUCH, state=QueueState.PAUSED, name=f"ciq-{stage.spec.feature}-held")
    stage.set_queue_or_break(Step.TOUCH, state=QueueState.PAUSED, rule=rule)
    stage.pause_thread(max(LEAK_SECONDS * stage.profile.patience, stage.patience.hold))


def _dressed(stage: Stage, index: int, level: int | None) -> JobOrder:
    """A job for the batch; what has nothing to do with its place in the queue differs from job to job."""
    order = stage.order(f"held {index}", level=level)
    own_address = stage.spec.job_callback_documented and index % 4 == 3
    return order.with_(callback=stage.receiver.address(stage.channel(TOLD))) if own_address else order


def _fill(stage: Stage, batch: _Batch, orders: list[JobOrder], levels: list[int | None], *, skip: int) -> None:
    for index in range(skip, len(orders)):
        if index == len(orders) // 2 and stage.spec.multi_documented and stage.spec.has_job_level:
            _many(stage, batch)
            _of_other_tag(stage, batch)
        reply = stage.submit(Step.SUBMIT, orders[index])
        ids = [job.job_id for job in reply.jobs if job.job_id]
        if not ids:
            raise Broken(f"job {index + 1} of {len(orders)} was not accepted (HTTP {reply.exchange.status})")
        batch.add(ids, levels[index : index + 1])


def _many(stage: Stage, batch: _Batch) -> None:
    # Rising levels: taken in the order of the Operations they would run the wrong way round. Then one beside none.
    both: tuple[list[int | None], ...] = ([0, 1, 2], [2, None])
    for number, levels in enumerate(both):
        orders = [stage.order(f"many {number} {index}", level=level) for index, level in enumerate(levels)]
        reply = stage.submit(Step.SUBMIT_MANY, *orders)
        batch.add([job.job_id for job in reply.jobs if job.job_id], levels)


def _of_other_tag(stage: Stage, batch: _Batch) -> None:
    """Jobs of another tag wait in the same queue (436/46412: one queue a feature); none where it is not offered."""
    if stage.spec.feature is not Feature.MEDIA or stage.order("").tag == OTHER_TAG:
        return
    for index, level in enumerate((0, 1, 2, 0)):
        order = stage.order(f"other tag {index}", level=level, tag=OTHER_TAG, container=None)
        reply = stage.submit(Step.SUBMIT_OTHER_TAG, order)
        if not reply.ok:
            return
        batch.add([job.job_id for job in reply.jobs if job.job_id], [level])


def _late(stage: Stage, batch: _Batch) -> None:
    for index, level in enumerate((1, 2, 2)):
        asked = level if stage.spec.has_job_level else None
        reply = stage.submit(Step.SUBMIT_LATE, stage.order(f"late {index}", level=asked))
        batch.add([job.job_id for job in reply.jobs if job.job_id], [asked])


def _freeze_and_thaw(
    stage: Stage, batch: _Batch, rule: RuleOrder, wanted: set[str], *, held: bool, at_once: bool, haste: int
) -> list[str]:
    """Pause in the middle, several times, until what is wanted was shown; return all ids, late ones included."""
    paused = held
    by_clock = held
    waiting = list(batch.levels)
    for attempt in range(FREEZES):
        before = len(waiting)
        resume = Step.THAW if attempt or not held else Step.RESUME
        if by_clock:
            lead = _drain_estimate(stage, before) * FIRST_SHARE / 2**haste
            _resume_and_freeze(stage, rule, resume, LEADS[attempt % len(LEADS)] if at_once else lead)
        else:
            if paused:
                stage.set_queue_or_break(resume, rule=rule)
            _until_some_started(stage, waiting)
            stage.set_queue_or_break(Step.FREEZE, state=QueueState.PAUSED, rule=rule)
        paused = True
        states = _settle(stage, list(batch.levels))
        waiting = [job for job in batch.levels if states.get(job) not in FINAL_STATES]
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
        if batch.stood_still == 1:
            _late(stage, batch)
            waiting = [job for job in batch.levels if states.get(job) not in FINAL_STATES]
        stage.watch_for(Step.FROZEN, waiting, SLACK + (stage.patience.hold if batch.stood_still == 1 else 0.1))
        if batch.stood_still >= 2 and batch.shown >= wanted:
            break
    stage.set_queue_or_break(Step.THAW, rule=rule)
    return list(batch.levels)


def _resume_and_freeze(stage: Stage, rule: RuleOrder, resume: Step, lead: float) -> None:
    """Send resume, and `lead` seconds later freeze, without waiting for the first answer; then freeze for certain."""
    with ThreadPoolExecutor(1) as beside:
        resumed = beside.submit(stage.set_queue_or_break, resume, rule=rule)
        stage.pause_thread(lead)
        stage.set_queue(Step.FREEZE, state=QueueState.PAUSED, rule=rule)
        resumed.result()
    stage.set_queue_or_break(Step.FREEZE, state=QueueState.PAUSED, rule=rule)


def _drain_estimate(stage: Stage, jobs: int) -> float:
    calibration = stage.patience.calibration
    return calibration.job_latency * math.ceil(jobs / max(1, calibration.workers))


def _until_some_started(stage: Stage, ids: list[str]) -> None:
    want = max(1, len(ids) // 6)

    def enough(states: dict[str, str]) -> bool:
        return sum(state not in WAITING_STATES for state in states.values()) >= want

    stage.watch(Step.RUN, ids, enough, stage.patience.jobs(want))


def _settle(stage: Stage, ids: list[str]) -> dict[str, str]:
    """Watch until no job runs any more; what a target stops at a pause (console reading) comes to rest too."""

    def at_rest(states: dict[str, str]) -> bool:
        return all(state in WAITING_STATES or state in FINAL_STATES for state in states.values())

    stage.pause_thread(min(0.3, stage.patience.settle))
    return stage.watch(Step.SETTLE, ids, at_rest, stage.patience.settle + stage.patience.jobs(1))
