"""Submits the batches of the scenario `order`: jobs of every level and form that wait together in the paused queue.

This module decides what a batch contains. The scenario decides when to resume the queue.
"""

import math
from dataclasses import dataclass, field

from ciq_conformance.areas.order.labels import RULE_CHANNEL, Label
from ciq_conformance.driver.requests import CallbackRuleRequest, JobRequest, submit_body
from ciq_conformance.driver.scenario_context import PreconditionFailed, ScenarioContext
from ciq_conformance.judge.ordering import FEWEST_PROVEN
from ciq_schemas.features import Feature
from ciq_schemas.lifecycle import QueueState

CANCELLED_LEVELS, REPLACEMENT_LEVELS = (2, 0, 0), (2, 0, 2)
"""Levels of the jobs that the suite cancels while they wait, and of the job that it submits after each cancel."""

OTHER_PATH_LEVELS = (0, 2, 1, 2)
"""Levels of the jobs on the feature's other documented path: the level counts on every path."""

JOBS_PER_FAILING_JOB, MOST_FAILING = 8, 10
"""The suite submits one failing job with every so many jobs, so that some fail while the queue is paused; few in all.

They have the highest level, so each of them comes before the jobs whose order a pause can show.
"""

LATE_SHARE, MOST_LATE = 0.15, 16
"""The suite adds jobs of the highest level during a pause: this share of the waiting jobs, at most this number."""

MOST_OPERATIONS, FEWEST_OPERATIONS = 6, 3
"""Jobs of equal level in one request: the documented maximum, or few where jobs take long."""
SHORT_JOB = 0.3
"""Seconds; of longer jobs few in sequence show their order."""
EQUAL_SHARE = 0.3
"""Share of a batch that requests with several Operations of one level submit, so that a pause interrupts one."""
BEFORE_EQUAL = 6
"""Jobs that the suite submits before these requests, some of them of each level."""

OTHER_TAG = "MediaInfo"
"""A tag of media that needs only an input."""

LEAK_SECONDS = 3.0
"""The suite observes a pause at least this long: a service that polls its queues may forget a pause only later."""


@dataclass
class Batch:
    """Jobs that wait together in the paused queue, with their levels in the order of submission."""

    levels: dict[str, int] = field(default_factory=dict)
    proven: set[str] = field(default_factory=set)
    """What the pauses have proven so far: the boundaries `2>1` and `1>0`, `order`, `late`, `request`."""
    pauses: int = 0
    """Number of pauses in which some jobs had started and others still waited."""
    late: set[str] = field(default_factory=set)
    """Jobs of the highest level that were submitted while others waited in a pause."""
    requests: list[list[str]] = field(default_factory=list)
    """Jobs of each request with several Operations of one level, in the order of its Operations."""

    def add(self, ids: list[str], levels: list[int | None]) -> None:
        """Adds the jobs of one request, each with its level; None counts as 0."""
        self.levels.update(zip(ids, (level or 0 for level in levels), strict=False))

    def by_rank(self, waiting: list[str]) -> list[str]:
        """Sorts waiting jobs as they are due to start."""
        return sorted(waiting, key=lambda job_id: -self.levels[job_id])  # stable: then order of submission

    def record_pause(self, waiting: list[str]) -> None:
        """Records the boundaries that a pause proves: a higher or earlier job has started, two others still wait."""
        self.pauses += 1
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
        self.proven |= {boundary for boundary, others in overtaken.items() if len(others) >= FEWEST_PROVEN}
        first_late = min((place[job] for job in self.late - left), default=None)
        if first_late is not None and any(place[job] < first_late and self.levels[job] < 2 for job in left):
            self.proven.add("late")
        if any(left & set(jobs) and set(jobs) - left for jobs in self.requests):
            self.proven.add("request")

    def next_to_separate(self, waiting: list[str], wanted: set[str]) -> int:
        """Returns how many of the waiting jobs must start to separate the late jobs, the Operations, or levels 1 and 0.

        0 when these are proven or have started.
        """
        ranked = self.by_rank(waiting)
        operations = {job for request in self.requests for job in request}
        for name, jobs in (("late", self.late), ("request", operations)):
            places = [number for number, job in enumerate(ranked, 1) if job in jobs]
            if places and name in wanted:
                return places[len(places) // 2]
        first = next((number for number, job in enumerate(ranked, 1) if self.levels[job] == 1), 0)
        return first if "1>0" in wanted else 0


def submit_batch(
    ctx: ScenarioContext, size: int, pattern: tuple[int | None, ...], *, first: bool, rule: CallbackRuleRequest
) -> tuple[Batch, bool]:
    """Submits a batch to the paused queue; returns True when the queue accepted the jobs while paused."""
    batch = Batch()
    equal = _equal_requests(ctx, size)
    size = max(2 * BEFORE_EQUAL, size - sum(equal)) if sum(equal) else size
    levels = [pattern[index % len(pattern)] if ctx.spec.has_job_level else None for index in range(size)]
    requests = [_varied_request(ctx, index, level) for index, level in enumerate(levels)]
    first_response = ctx.submit(Label.SUBMIT, requests[0])
    to_cancel: list[str] = []
    if first_response.ok:
        batch.add(first_response.job_ids, levels[:1])
        to_cancel = _submit_jobs_to_cancel(ctx)
    else:
        # By the console pages a paused queue may reject jobs; then the suite fills an active queue quickly.
        ctx.set_queue_or_fail(Label.RESUME, rule=rule)
    half = size // 2
    before_equal = min(BEFORE_EQUAL, half)
    _fill(ctx, batch, requests, levels, range(int(first_response.ok), before_equal))
    _submit_equal(ctx, batch, equal)
    _fill(ctx, batch, requests, levels, range(max(before_equal, int(first_response.ok)), half))
    _submit_other_ways(ctx, batch)
    if first_response.ok and first:
        # A faulty target may start jobs when a client updates other settings of a paused queue.
        ctx.set_queue(Label.TOUCH, state=QueueState.PAUSED, name=f"ciq-{ctx.spec.feature}-held")
        ctx.set_queue_or_fail(Label.TOUCH, state=QueueState.PAUSED, rule=rule)
    since = ctx.now()
    for job_id, level in zip(to_cancel, REPLACEMENT_LEVELS, strict=False):
        ctx.calls.cancel(Label.CANCEL, job_id)
        _submit_replacement(ctx, batch, level)
    _fill(ctx, batch, requests, levels, range(half, size))
    if first_response.ok:
        if first:
            ctx.calls.list_queues(Label.HELD_LIST, {"queueIds": ctx.queue_id})
            ctx.watch_for(Label.HELD, list(batch.levels), ctx.timeouts.hold)
            ctx.pause_thread(max(0.0, since + LEAK_SECONDS * ctx.profile.timeout_factor - ctx.now()))
        ctx.watch_for(Label.HELD, list(batch.levels), 0.0)
    return batch, first_response.ok


def _varied_request(ctx: ScenarioContext, index: int, level: int | None) -> JobRequest:
    """Returns a job for the batch; values that must not affect its place in the queue vary from job to job."""
    request = ctx.job_request(f"held {index}", level=level)
    if ctx.spec.job_callback_documented and index % 4 == 3:
        request = request.with_(callback=ctx.receiver.address(ctx.channel(RULE_CHANNEL)))
    return request.with_(queue_id=None) if index % 5 == 2 else request


def _fill(
    ctx: ScenarioContext, batch: Batch, requests: list[JobRequest], levels: list[int | None], places: range
) -> None:
    for index in places:
        if index % max(JOBS_PER_FAILING_JOB, len(requests) // MOST_FAILING) == 1:
            _submit_failing_job(ctx, batch)
        response = ctx.submit(Label.SUBMIT, requests[index])
        if not response.ok and requests[index].queue_id is None:
            # QueueId is optional in the newer pages only (436/73198 against 1045/47320).
            response = ctx.submit(Label.SUBMIT, requests[index].with_(queue_id=ctx.queue_id))
        ids = response.job_ids
        if not ids:
            raise PreconditionFailed(
                f"the target did not accept job {index + 1} of {len(requests)} (HTTP {response.exchange.status})"
            )
        batch.add(ids, levels[index : index + 1])


def _submit_failing_job(ctx: ScenarioContext, batch: Batch) -> None:
    """Submits a job of the highest level that may fail: its failure must not affect other jobs or the pause."""
    level = 2 if ctx.spec.has_job_level else None
    missing = ctx.profile.missing_input.replace("{run_id}", ctx.run_id)
    response = ctx.submit(Label.SUBMIT_FAILING, ctx.job_request("failing", level=level, input_object=missing))
    batch.add(response.job_ids, [level])


def _submit_jobs_to_cancel(ctx: ScenarioContext) -> list[str]:
    """Submits jobs near the front of the queue and returns their ids: cancelling them must not move other jobs."""
    if not ctx.spec.cancel_documented:
        return []
    levels = CANCELLED_LEVELS if ctx.spec.has_job_level else (None,) * len(CANCELLED_LEVELS)
    requests = [ctx.job_request(f"to cancel {number}", level=level) for number, level in enumerate(levels)]
    return [job_id for request in requests for job_id in ctx.submit(Label.TO_CANCEL, request).job_ids]


def _submit_replacement(ctx: ScenarioContext, batch: Batch, level: int) -> None:
    """Submits a job right after a cancel: it must get neither the place nor the level of the cancelled job."""
    requested = level if ctx.spec.has_job_level else None
    response = ctx.submit(Label.SUBMIT, ctx.job_request("replacement", level=requested))
    batch.add(response.job_ids, [requested])


def _submit_other_ways(ctx: ScenarioContext, batch: Batch) -> None:
    """Submits jobs to the same queue by other documented requests of the feature: several Operations, tag, path."""
    if ctx.spec.multi_documented and ctx.spec.has_job_level:
        _submit_many(ctx, batch)
    if ctx.spec.feature is Feature.MEDIA and ctx.job_request("").tag != OTHER_TAG:
        _submit_other_tag(ctx, batch)
    for path in ctx.spec.job_paths:
        if path != ctx.timeouts.calibration.job_path:
            _submit_on_path(ctx, batch, path)


def _submit_on_path(ctx: ScenarioContext, batch: Batch, path: str) -> None:
    """Submits jobs of every level on the feature's other path; a job counts when the usual path describes it."""
    for index, level in enumerate(OTHER_PATH_LEVELS if ctx.spec.has_job_level else (None,)):
        body = submit_body([ctx.job_request(f"by {path} {index}", level=level)])
        response = ctx.calls.raw(Label.SUBMIT_OTHER_PATH, "POST", path, body, {"Content-Type": "application/xml"})
        ids = response.job_ids if response.ok else []
        seen = ctx.look(Label.HELD, ids)
        batch.add([job_id for job_id in ids if job_id in seen], [level])


def _submit_many(ctx: ScenarioContext, batch: Batch) -> None:
    # Rising levels: in the order of the Operations they would run in reverse. Then one job with and one without level.
    both: tuple[list[int | None], ...] = ([0, 1, 2], [2, None])
    for number, levels in enumerate(both):
        requests = [ctx.job_request(f"many {number} {index}", level=level) for index, level in enumerate(levels)]
        response = ctx.submit(Label.SUBMIT_MANY, *requests)
        batch.add(response.job_ids, levels)


def _equal_requests(ctx: ScenarioContext, size: int) -> list[int]:
    """Returns how many Operations of equal level each of these requests has; none where that is not documented."""
    if not (ctx.spec.multi_documented and ctx.spec.has_job_level):
        return []
    calibration = ctx.timeouts.calibration
    if calibration.job_latency >= SHORT_JOB:
        # Jobs that several workers take at once show no order: the last Operations must start later.
        return [min(MOST_OPERATIONS, max(FEWEST_OPERATIONS, calibration.workers + 2))]
    return [MOST_OPERATIONS] * max(2, int(EQUAL_SHARE * size / MOST_OPERATIONS))


def _submit_equal(ctx: ScenarioContext, batch: Batch, operations: list[int]) -> None:
    """Submits requests with several Operations of one level: they should start in the order of the Operations."""
    for number, count in enumerate(operations):
        requests = [ctx.job_request(f"equal {number} {index}", level=1) for index in range(count)]
        response = ctx.submit(Label.SUBMIT_EQUAL, *requests)
        batch.add(response.job_ids, [1] * count)
        batch.requests.append(response.job_ids)


def _submit_other_tag(ctx: ScenarioContext, batch: Batch) -> None:
    """Submits jobs of another tag to the same queue (436/46412: one queue a feature); stops when rejected."""
    for index, level in enumerate((0, 1, 2, 0)):
        request = ctx.job_request(f"other tag {index}", level=level, tag=OTHER_TAG, container=None)
        response = ctx.submit(Label.SUBMIT_OTHER_TAG, request)
        if not response.ok:
            return
        batch.add(response.job_ids, [level])


def submit_late(ctx: ScenarioContext, batch: Batch, waiting: list[str], *, more: bool) -> None:
    """Submits a job of every level while other jobs wait, and with `more` further jobs of the highest level."""
    if not ctx.spec.has_job_level:
        levels: list[int | None] = [None] * 4
    else:
        levels = [0, 1, 2, 2, *[2] * (min(MOST_LATE, math.ceil(LATE_SHARE * len(waiting))) if more else 0)]
    for index, level in enumerate(levels):
        if more and index == len(levels) // 2:
            _submit_failing_job(ctx, batch)
        response = ctx.submit(Label.SUBMIT_LATE, ctx.job_request(f"late {index}", level=level))
        batch.add(response.job_ids, [level])
        batch.late.update(response.job_ids if level == 2 else ())
