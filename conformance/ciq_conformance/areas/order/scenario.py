"""Scenario `order`: fills a paused queue, resumes it, pauses it again while jobs wait and run, and resumes it again.

The second pause (`freeze`) makes the order visible on any service, for any number and speed of workers. When the
running jobs have ended, the states of all jobs stay constant, and every started job must precede every waiting job.
Jobs of a higher level that the suite submits during this pause must then start before the waiting jobs.
When jobs end quickly, the suite sends resume and pause at almost the same time. When a batch ends before the pause
takes effect, the suite submits a larger batch.
"""

import math
from functools import partial

from ciq_conformance.areas.late_priority_jobs.scenario import backlog_size
from ciq_conformance.areas.order.held_batch import Batch, submit_batch, submit_late
from ciq_conformance.areas.order.labels import RULE_CHANNEL, Label
from ciq_conformance.driver.quiescence import look_at_once, resume_then_pause, wait_until_idle
from ciq_conformance.driver.requests import CallbackRuleRequest
from ciq_conformance.driver.scenario_context import ScenarioContext
from ciq_conformance.judge.ordering import SLACK
from ciq_schemas.lifecycle import FINAL_STATES, WAITING_STATES, QueueState
from ciq_schemas.transcript.records import Calibration

LEVELS = (0, 2, 1, None, 2, 1, 0, 1, 2)
"""Levels in the order of submission, repeated: every level precedes and follows every other; None counts as 0."""

LOWER_LEVELS = (0, 1, None, 1, 0, 1)
"""Levels of a further batch when 2 before 1 is proven: the first jobs to start then prove 1 before 0."""

FEWEST, MOST = 9, 90
FEW, FEW_SECONDS = 24, 5.0
"""A batch has at least FEW jobs when they can run in FEW_SECONDS: a faulty order may concern only later jobs."""
LARGEST = 1200
"""The largest batch, used when smaller batches ended before the second pause took effect."""
DRAIN_SECONDS = 1.5
MOST_PAUSES = 10
BATCHES, MOST_BATCHES = 3, 6
LONG_BATCH = 30.0
"""Seconds; after a batch that takes longer a further one follows only where the checks cannot decide."""
RETRY_SECONDS = 90.0
"""Batches up to the larger number follow in this time while the checks cannot decide."""
BATCH_DECIDES = frozenset({"PAU-001", "PRI-001", "PRI-002", "PRI-003", "PRI-005", "PRI-007", "PRI-009"})
LATE_DECIDES = "PRI-004"
"""Requirements that the batches must decide; the last only where jobs are too short for the scenario `late`."""
GROWTH = 8
AT_ONCE_SECONDS = 0.5
LONG_JOB = 1.0
"""Seconds; leaks of longer jobs show after the grace period, one by one."""
MOST_WATCHED = 80
"""Most jobs that the suite describes again and again during a pause."""
HELD_AT_ONCE = 120
"""Jobs that must wait in a pause where jobs end at once: so many start in the time of one describe."""
HELD_EACH, HELD_MORE = 2, 16
"""Jobs that workers can hold at a pause: for each calibrated worker, and for workers that calibration did not see."""
MOST_DRAIN_SECONDS = 6.0
FILL_SECONDS = 15.0
"""No batch is larger than the suite can submit in this time."""
FIRST_SHARE = 0.12
"""The suite pauses the queue after this part of the time that the waiting jobs need to end; halved in each batch."""
CAUTION = 0.6
"""Part of a computed time between resume and pause that the suite waits when jobs end quickly."""
LEADS = (0.002, 0.0, 0.005, 0.001, 0.01, 0.003)
"""Seconds between resume and pause when jobs end quickly, one per attempt."""


def batch_size(calibration: Calibration) -> int:
    """Returns the number of jobs: enough that some wait while others run, few enough for slow workers."""
    job = max(calibration.job_latency, 0.001)
    wanted = math.ceil(DRAIN_SECONDS * calibration.workers / job)
    in_reach = math.ceil(FEW_SECONDS * calibration.workers / job)
    least = max(
        FEWEST,
        math.ceil(2.5 * calibration.workers),
        min(FEW, in_reach),
        min(2 * _held_by_workers(calibration), in_reach),
    )
    return max(least, min(wanted, MOST))


def run(ctx: ScenarioContext) -> None:
    """Runs the scenario; the checks of order and pause judge its jobs."""
    rule = CallbackRuleRequest(url=ctx.receiver.address(ctx.channel(RULE_CHANNEL)))
    wanted = {"order", "pause"}
    if ctx.spec.has_job_level:
        wanted |= {"2>1", "1>0", "late"}
        wanted |= {"request"} if ctx.spec.multi_documented else set()
    size = batch_size(ctx.timeouts.calibration)
    if not ctx.several_ids:
        size = min(size, 30)
    proven: set[str] = set()
    pauses = 0
    at_once = ctx.timeouts.drain(size) < AT_ONCE_SECONDS
    largest = LARGEST if ctx.several_ids else LARGEST // 4
    until = ctx.now() + RETRY_SECONDS * ctx.profile.timeout_factor
    for number in range(MOST_BATCHES):
        began_batch = ctx.now()
        ctx.set_queue_or_fail(Label.PAUSE, state=QueueState.PAUSED, rule=rule)
        ctx.let_pause_reach_workers()
        began = ctx.now()
        pattern = LOWER_LEVELS if "2>1" in proven else LEVELS
        batch, held = submit_batch(ctx, size, pattern, first=number == 0, rule=rule)
        each = (ctx.now() - began) / size
        ids = _resume_and_pause(ctx, batch, rule, wanted - proven, held=held, at_once=at_once, number=number)
        began = ctx.now()
        states = ctx.watch_ended(Label.DRAIN, ids)
        drained = ctx.now() - began
        if not any(state in FINAL_STATES for state in states.values()):
            return  # no job ran after the resume: another batch would wait in vain too
        ctx.wait_callbacks(RULE_CHANNEL, ids)
        proven |= batch.proven
        pauses += batch.pauses
        slow = ctx.now() - began_batch > LONG_BATCH
        enough = (proven >= wanted and pauses >= 2) or number + 1 >= BATCHES or slow
        if (enough and not _undecided(ctx)) or ctx.now() > until:
            return
        if not batch.pauses or at_once:
            # All jobs ended before the pause took effect, or in too few steps: use more jobs and pause sooner.
            at_once = True
            size = min(size * GROWTH, largest, max(size, int(FILL_SECONDS / max(each, 0.0001))))
        elif drained > MOST_DRAIN_SECONDS:
            return


def _undecided(ctx: ScenarioContext) -> bool:
    """Whether the evidence so far leaves a requirement open that a further batch can decide."""
    alone = {LATE_DECIDES} if not backlog_size(ctx.timeouts.calibration) else set()
    return bool(ctx.open_requirements(BATCH_DECIDES | alone))


def _resume_and_pause(
    ctx: ScenarioContext,
    batch: Batch,
    rule: CallbackRuleRequest,
    wanted: set[str],
    *,
    held: bool,
    at_once: bool,
    number: int,
) -> list[str]:
    """Resumes and pauses the queue until the pauses prove the wanted boundaries; returns the ids of all jobs."""
    paused = held
    by_clock = held
    waiting = list(batch.levels)
    aimed: float | None = None
    for attempt in range(MOST_PAUSES):
        before = len(waiting)
        lead = took = 0.0
        resume = Label.THAW if attempt or not held else Label.RESUME
        if by_clock:
            lead = _lead(ctx, before, aimed, attempt, number, at_once=at_once)
            request = ctx.job_request(f"after resume {attempt}", level=0 if ctx.spec.has_job_level else None)
            # A job submitted right after the resume must start after all waiting jobs, even when a worker is free.
            after = partial(ctx.submit, Label.SUBMIT_AFTER_RESUME, request) if attempt % 2 else None
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
        look_at_once(ctx, Label.AT_ONCE, batch.by_rank(waiting))
        states = wait_until_idle(ctx, Label.SETTLE, list(batch.levels))
        waiting = [job for job in batch.levels if states.get(job, "") in ("", *WAITING_STATES)]
        if not waiting:
            break
        if len(waiting) == before:
            # No job has started yet: after a few attempts wait until a job is observed to start.
            waited_in_vain = not by_clock
            by_clock = by_clock and at_once and attempt < MOST_PAUSES // 2
            if not held:
                # The suite did not observe the first pause; it can observe jobs that this pause stops.
                ctx.watch_for(Label.FROZEN, waiting, SLACK)
            if waited_in_vain:
                break
            continue
        by_clock = held
        batch.record_pause(waiting)
        if len(waiting) > (HELD_AT_ONCE if at_once else _held_by_workers(ctx.timeouts.calibration)):
            batch.proven.add("pause")
        aimed = None
        started = before - len(waiting)
        if batch.pauses == 1:
            # When jobs end quickly the suite cannot choose the moment of a pause, and more jobs only delay the result.
            submit_late(ctx, batch, waiting, more=not at_once)
            waiting = [job for job in batch.levels if states.get(job, "") in ("", *WAITING_STATES)]
        due = batch.next_to_separate(waiting, wanted - batch.proven)
        if not due and batch.pauses >= 2 and wanted - batch.proven <= {"late", "request"}:
            break  # what remains has started: only another batch can separate it
        if due and took:
            aimed = _lead_to(due, lead, took, started, ctx.timeouts.calibration.workers)
        ranked = batch.by_rank(waiting)
        if len(ranked) > MOST_WATCHED:
            # A leak is likeliest at either end of the queue; one describe at the end covers the middle.
            ranked = [*ranked[: MOST_WATCHED // 2], *ranked[-MOST_WATCHED // 2 :]]
        ctx.watch_for(Label.FROZEN, ranked, SLACK + (ctx.timeouts.hold if batch.pauses == 1 else 0.1))
        if len(ranked) < len(waiting):
            ctx.look(Label.FROZEN, waiting)
        if batch.pauses >= 2 and batch.proven >= wanted:
            break
    ctx.set_queue_or_fail(Label.THAW, rule=rule)
    return list(batch.levels)


def _lead(
    ctx: ScenarioContext, waiting: int, aimed: float | None, attempt: int, number: int, *, at_once: bool
) -> float:
    """Returns the seconds from resume to pause; when jobs end quickly, only a distant aim is longer than `LEADS`."""
    if not at_once:
        return ctx.timeouts.drain(waiting) * FIRST_SHARE / 2**number if aimed is None else aimed
    cautious = CAUTION * (aimed or 0.0)
    return cautious if cautious > max(LEADS) else LEADS[attempt % len(LEADS)]


def _held_by_workers(calibration: Calibration) -> int:
    """Returns how many of the jobs that wait in a pause the workers can hold at most."""
    if calibration.job_latency > LONG_JOB:
        return calibration.workers
    unshown = 2 * calibration.workers * calibration.start_latency / max(calibration.job_latency, 0.001)
    return HELD_EACH * calibration.workers + HELD_MORE + math.ceil(unshown)


def _lead_to(wanted: int, lead: float, took: float, started: int, workers: int) -> float:
    """Returns the seconds from resume to pause in which `wanted` jobs start, given that `started` did after `lead`.

    As many jobs as there are workers start immediately, the others in the time that the two requests `took`.
    """
    each = took / max(1, started - workers)
    return max(0.0, each * (wanted - workers) - (took - lead))


def _until_some_started(ctx: ScenarioContext, ids: list[str]) -> None:
    want = max(1, len(ids) // 6)

    def enough(states: dict[str, str]) -> bool:
        return sum(state not in WAITING_STATES for state in states.values()) >= want

    ctx.watch(Label.RUN, ids, enough, ctx.timeouts.jobs(want))
