"""The batch of the scenario `order`: jobs of every level and in every dress, held together in the paused queue.

Knows what goes into a batch. Must not know when it is let go.
"""

import math
from dataclasses import dataclass, field

from ciq_conformance.areas.order.labels import TOLD, Label
from ciq_conformance.driver.requests import CallbackRuleRequest, JobRequest, submit_body
from ciq_conformance.driver.scenario_context import PreconditionFailed, ScenarioContext
from ciq_conformance.judge.ordering import FEWEST_PROVEN
from ciq_schemas.features import Feature
from ciq_schemas.lifecycle import QueueState

DOOMED, GAPS = (2, 0, 0), (2, 0, 2)
"""Levels of jobs that are cancelled while they wait, and of those that come right after each of them."""

EACH_FAILING = 8
"""With each so many jobs comes one that fails, so that some do while the queue is frozen."""

LATE_SHARE, MOST_LATE = 0.15, 16
"""Share of those that wait at a freeze: so many more of the highest level come then, to be caught half started."""

OTHER_TAG = "MediaInfo"
"""A tag of media that needs nothing but an input."""

LEAK_SECONDS = 3.0
"""A service that looks at its queues now and then, or that counts time, may forget a pause only after a while."""


@dataclass
class Batch:
    """Jobs held together, with their levels in the order of submission."""

    levels: dict[str, int] = field(default_factory=dict)
    shown: set[str] = field(default_factory=set)
    """What frozen moments have shown: `2>1`, `1>0`, `order`."""
    stood_still: int = 0

    def add(self, ids: list[str], levels: list[int | None]) -> None:
        """Take in the jobs of one request, each with its level; None counts as 0."""
        self.levels.update(zip(ids, (level or 0 for level in levels), strict=False))

    def note(self, waiting: list[str]) -> None:
        """Take down which boundaries a frozen moment shows: a more urgent or earlier job gone, two others waiting."""
        self.stood_still += 1
        left = set(waiting)
        place = {job: index for index, job in enumerate(self.levels)}
        overtaken: dict[str, set[str]] = {}
        for job, level in self.levels.items():
            if job in left:
                continue
            for other in left:
                if self.levels[other] == level - 1 and place[other] < place[job]:
                    overtaken.setdefault(f"{level}>{level - 1}", set()).add(other)
                elif self.levels[other] == level and place[other] > place[job]:
                    overtaken.setdefault("order", set()).add(other)
        self.shown |= {boundary for boundary, others in overtaken.items() if len(others) >= FEWEST_PROVEN}


def hold(
    ctx: ScenarioContext, size: int, pattern: tuple[int | None, ...], *, first: bool, rule: CallbackRuleRequest
) -> tuple[Batch, bool]:
    """Submit a batch to the paused queue; True when it was held there."""
    batch = Batch()
    levels = [pattern[index % len(pattern)] if ctx.spec.has_job_level else None for index in range(size)]
    orders = [_dressed(ctx, index, level) for index, level in enumerate(levels)]
    opening = ctx.submit(Label.SUBMIT, orders[0])
    doomed: list[str] = []
    if opening.ok:
        batch.add(opening.job_ids, levels[:1])
        doomed = _doomed(ctx)
    else:
        # The console pages let a paused queue be closed to jobs: then an active one is filled as fast as can be.
        ctx.set_queue_or_fail(Label.RESUME, rule=rule)
    half = size // 2
    _fill(ctx, batch, orders, levels, range(int(opening.ok), half))
    _odd_ones(ctx, batch)
    if opening.ok and first:
        # Other settings of a paused queue are an occasion to let something go, as much as the time after them.
        ctx.set_queue(Label.TOUCH, state=QueueState.PAUSED, name=f"ciq-{ctx.spec.feature}-held")
        ctx.set_queue_or_fail(Label.TOUCH, state=QueueState.PAUSED, rule=rule)
    since = ctx.now()
    for job_id, level in zip(doomed, GAPS, strict=False):
        ctx.calls.cancel(Label.CANCEL, job_id)
        _into_the_gap(ctx, batch, level)
    _fill(ctx, batch, orders, levels, range(half, size))
    if opening.ok:
        if first:
            ctx.calls.list_queues(Label.HELD_LIST, {"queueIds": ctx.queue_id})
            ctx.watch_for(Label.HELD, list(batch.levels), ctx.timeouts.hold)
            ctx.pause_thread(max(0.0, since + LEAK_SECONDS * ctx.profile.timeout_factor - ctx.now()))
        ctx.watch_for(Label.HELD, list(batch.levels), 0.0)
    return batch, opening.ok


def _dressed(ctx: ScenarioContext, index: int, level: int | None) -> JobRequest:
    """A job for the batch; what has nothing to do with its place in the queue differs from job to job."""
    order = ctx.job_request(f"held {index}", level=level)
    if ctx.spec.job_callback_documented and index % 4 == 3:
        order = order.with_(callback=ctx.receiver.address(ctx.channel(TOLD)))
    return order.with_(queue_id=None) if index % 5 == 2 else order


def _fill(
    ctx: ScenarioContext, batch: Batch, orders: list[JobRequest], levels: list[int | None], places: range
) -> None:
    for index in places:
        if index % EACH_FAILING == 1:
            _failing(ctx, batch)
        response = ctx.submit(Label.SUBMIT, orders[index])
        if not response.ok and orders[index].queue_id is None:
            # QueueId is optional in the newer pages only (436/73198 against 1045/47320).
            response = ctx.submit(Label.SUBMIT, orders[index].with_(queue_id=ctx.queue_id))
        ids = response.job_ids
        if not ids:
            raise PreconditionFailed(
                f"job {index + 1} of {len(orders)} was not accepted (HTTP {response.exchange.status})"
            )
        batch.add(ids, levels[index : index + 1])


def _failing(ctx: ScenarioContext, batch: Batch) -> None:
    """An urgent job that may fail: what becomes of one job is nothing to the others, whether they go on or are held."""
    level = 2 if ctx.spec.has_job_level else None
    missing = ctx.profile.missing_input.replace("{run_id}", ctx.run_id)
    response = ctx.submit(Label.SUBMIT_FAILING, ctx.job_request("failing", level=level, input_object=missing))
    batch.add(response.job_ids, [level])


def _doomed(ctx: ScenarioContext) -> list[str]:
    """Jobs near the front of the line that are cancelled later on: who leaves it changes nobody else's place."""
    if not ctx.spec.cancel_documented:
        return []
    levels = DOOMED if ctx.spec.has_job_level else (None,) * len(DOOMED)
    orders = [ctx.job_request(f"doomed {number}", level=level) for number, level in enumerate(levels)]
    return [job_id for order in orders for job_id in ctx.submit(Label.DOOMED, order).job_ids]


def _into_the_gap(ctx: ScenarioContext, batch: Batch, level: int) -> None:
    """A job right after a cancel: it has neither the place nor the level of the one that left."""
    asked = level if ctx.spec.has_job_level else None
    response = ctx.submit(Label.SUBMIT, ctx.job_request("gap", level=asked))
    batch.add(response.job_ids, [asked])


def _odd_ones(ctx: ScenarioContext, batch: Batch) -> None:
    """Jobs that come another way into the same queue, where the feature has such."""
    if ctx.spec.multi_documented and ctx.spec.has_job_level:
        _many(ctx, batch)
    if ctx.spec.feature is Feature.MEDIA and ctx.job_request("").tag != OTHER_TAG:
        _of_other_tag(ctx, batch)
    for path in ctx.spec.job_paths:
        if path != ctx.timeouts.calibration.job_path:
            _by_other_path(ctx, batch, path)


def _by_other_path(ctx: ScenarioContext, batch: Batch, path: str) -> None:
    """A job submitted on the feature's other documented path; it counts where it can be looked at on this one."""
    body = submit_body([ctx.job_request(f"by {path}", level=0 if ctx.spec.has_job_level else None)])
    response = ctx.calls.raw(Label.SUBMIT_OTHER_PATH, "POST", path, body, {"Content-Type": "application/xml"})
    ids = response.job_ids if response.ok else []
    seen = ctx.look(Label.HELD, ids)
    batch.add([job_id for job_id in ids if job_id in seen], [0])


def _many(ctx: ScenarioContext, batch: Batch) -> None:
    # Rising levels: taken in the order of the Operations they would run the wrong way round. Then one beside none.
    both: tuple[list[int | None], ...] = ([0, 1, 2], [2, None])
    for number, levels in enumerate(both):
        orders = [ctx.job_request(f"many {number} {index}", level=level) for index, level in enumerate(levels)]
        response = ctx.submit(Label.SUBMIT_MANY, *orders)
        batch.add(response.job_ids, levels)


def _of_other_tag(ctx: ScenarioContext, batch: Batch) -> None:
    """Jobs of another tag wait in the same queue (436/46412: one queue a feature); none where it is not offered."""
    for index, level in enumerate((0, 1, 2, 0)):
        order = ctx.job_request(f"other tag {index}", level=level, tag=OTHER_TAG, container=None)
        response = ctx.submit(Label.SUBMIT_OTHER_TAG, order)
        if not response.ok:
            return
        batch.add(response.job_ids, [level])


def submit_late(ctx: ScenarioContext, batch: Batch, waiting: list[str], *, more: bool) -> int:
    """Add a job of every level to what still waits, and `more` of the highest.

    Returns how many jobs are to start until half of these have, 0 where there are no levels.
    """
    if not ctx.spec.has_job_level:
        levels: list[int | None] = [None] * 4
    else:
        levels = [0, 1, 2, 2, *[2] * (min(MOST_LATE, math.ceil(LATE_SHARE * len(waiting))) if more else 0)]
    ahead = sum(batch.levels[job_id] == 2 for job_id in waiting)
    for index, level in enumerate(levels):
        if more and index == len(levels) // 2:
            _failing(ctx, batch)
        response = ctx.submit(Label.SUBMIT_LATE, ctx.job_request(f"late {index}", level=level))
        batch.add(response.job_ids, [level])
    return ahead + levels.count(2) // 2 if ctx.spec.has_job_level else 0
