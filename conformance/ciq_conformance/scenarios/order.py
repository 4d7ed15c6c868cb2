"""Scenario `order`: hold jobs in a paused queue, let them go, freeze the queue in the middle, let them go again.

The freeze is what makes order visible on any service, however many workers it has and however fast they are: once
the running jobs have come to rest, started and waiting jobs stand still, and every started one must come before
every waiting one. Jobs of a higher level that arrive during the freeze must then overtake what still waits.
"""

import math

from ciq_conformance.driver.orders import JobOrder, RuleOrder
from ciq_conformance.driver.stage import Broken, Stage
from ciq_conformance.judge.ordering import SLACK
from ciq_conformance.steps.order import TOLD, Step
from ciq_schemas.lifecycle import FINAL_STATES, WAITING_STATES, QueueState
from ciq_schemas.run import Calibration

LEVELS = (0, 2, 1, None, 2, 1, 0, 1, 2)
"""Levels as submitted, over and over: every level comes before and after every other; None counts as 0."""

FEWEST, MOST = 9, 90
DRAIN_SECONDS = 1.5
FREEZES = 4


def batch_size(calibration: Calibration) -> int:
    """How many jobs to hold: enough that some wait while others run, few enough for slow workers."""
    job = max(calibration.job_latency, 0.001)
    wanted = math.ceil(DRAIN_SECONDS * calibration.workers / job)
    least = max(FEWEST, math.ceil(2.5 * calibration.workers))
    return max(least, min(wanted, MOST))


def play(stage: Stage) -> None:
    """Play the scenario; jobs submitted here are the ones that carry the judgement of order and pause."""
    rule = RuleOrder(url=stage.receiver.address(stage.channel(TOLD)))
    stage.set_queue_or_break(Step.PAUSE, state=QueueState.PAUSED, rule=rule)
    orders = _batch(stage)
    first = stage.submit(Step.SUBMIT, orders[0])
    takes_jobs = first.ok
    if not takes_jobs:
        # The console pages let a paused queue be closed to jobs: then an active one is filled as fast as can be.
        stage.set_queue_or_break(Step.RESUME, rule=rule)
    ids = [job.job_id for job in first.jobs if job.job_id]
    ids += _fill(stage, orders[1:] if takes_jobs else orders)
    if takes_jobs:
        stage.calls.list_queues(Step.HELD_LIST, {"queueIds": stage.queue_id})
        stage.watch_for(Step.HELD, ids, stage.patience.hold)
        stage.set_queue_or_break(Step.RESUME, rule=rule)
    ids = _freeze_and_thaw(stage, ids, rule)
    stage.watch_ended(Step.DRAIN, ids)
    stage.wait_callbacks(TOLD, ids)


def _batch(stage: Stage) -> list[JobOrder]:
    size = batch_size(stage.patience.calibration)
    if not stage.several_ids:
        size = min(size, max(30, FEWEST))
    return [_order(stage, f"held {index}", LEVELS[index % len(LEVELS)]) for index in range(size)]


def _fill(stage: Stage, orders: list[JobOrder]) -> list[str]:
    ids: list[str] = []
    many: list[str] = []
    for index, order in enumerate(orders):
        if index == len(orders) // 2 and stage.spec.multi_documented and stage.spec.has_job_level:
            many = _many(stage)
        ids += [job.job_id for job in stage.submit(Step.SUBMIT, order).jobs if job.job_id]
    if len(ids) < len(orders):
        raise Broken(f"{len(orders)} jobs were submitted, {len(ids)} were accepted")
    return ids + many


def _freeze_and_thaw(stage: Stage, ids: list[str], rule: RuleOrder) -> list[str]:
    """Pause in the middle until started and waiting jobs stood still twice; return all ids, late ones included."""
    at_once = _drain_estimate(stage, len(ids)) < 0.5
    ended: set[str] = set()
    stood_still = 0
    for _ in range(FREEZES):
        before = len(ids) - len(ended)
        if not at_once:
            _until_some_started(stage, [job for job in ids if job not in ended])
        stage.set_queue_or_break(Step.FREEZE, state=QueueState.PAUSED, rule=rule)
        states = _settle(stage, ids)
        ended = {job for job in ids if states.get(job) in FINAL_STATES}
        waiting = [job for job in ids if job not in ended]
        if len(waiting) == before:
            at_once = False
        elif waiting:
            late = _late(stage) if not stood_still else []
            ids = ids + late
            stage.watch_for(Step.FROZEN, waiting + late, stage.patience.hold + SLACK)
            stood_still += 1
        stage.set_queue_or_break(Step.THAW, rule=rule)
        if not waiting or stood_still == 2:
            break
    return ids


def _many(stage: Stage) -> list[str]:
    orders = [_order(stage, f"many {index}", level) for index, level in enumerate((0, 2, 1))]
    return [job.job_id for job in stage.submit(Step.SUBMIT_MANY, *orders).jobs if job.job_id]


def _late(stage: Stage) -> list[str]:
    ids: list[str] = []
    for index, level in enumerate((1, 2, 2)):
        reply = stage.submit(Step.SUBMIT_LATE, _order(stage, f"late {index}", level))
        ids += [job.job_id for job in reply.jobs if job.job_id]
    return ids


def _order(stage: Stage, label: str, level: int | None) -> JobOrder:
    return stage.order(label, level=level if stage.spec.has_job_level else None)


def _drain_estimate(stage: Stage, jobs: int) -> float:
    calibration = stage.patience.calibration
    return calibration.job_latency * math.ceil(jobs / max(1, calibration.workers))


def _until_some_started(stage: Stage, ids: list[str]) -> None:
    want = max(1, len(ids) // 4)

    def enough(states: dict[str, str]) -> bool:
        return sum(state not in WAITING_STATES for state in states.values()) >= want

    stage.watch(Step.RUN, ids, enough, stage.patience.jobs(want))


def _settle(stage: Stage, ids: list[str]) -> dict[str, str]:
    """Watch until no job runs any more; what a target stops at a pause (console reading) comes to rest too."""

    def at_rest(states: dict[str, str]) -> bool:
        return all(state in WAITING_STATES or state in FINAL_STATES for state in states.values())

    stage.pause_thread(min(0.3, stage.patience.settle))
    return stage.watch(Step.SETTLE, ids, at_rest, stage.patience.settle + stage.patience.jobs(1))
