"""Scenario `cancel`: take held jobs out, let the others run; then cancel an ended job, a stranger, a running job.

One is taken from among its equals, one of level 2 from among lower ones, one from a request that made several.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from ciq_conformance.areas.cancel.labels import PAGE, TOLD, Label
from ciq_conformance.driver.queue_setup import found_rule, unknown_job_id
from ciq_conformance.driver.requests import CallbackRuleRequest, JobRequest
from ciq_conformance.driver.scenario_context import NotOffered, PreconditionFailed, ScenarioContext
from ciq_schemas import times
from ciq_schemas.lifecycle import FINAL_STATES, WAITING_STATES, JobState, QueueState
from ciq_schemas.values import Job

HELD = 3
OF_MANY = 2
BACKLOG_SECONDS = 1.0
MOST = 60
TRIES = 3
MARGIN = timedelta(seconds=2)
"""Beside a window's bounds, of which no document says for sure whether they belong to it."""
Order = Callable[[str], JobRequest]


def run(ctx: ScenarioContext) -> None:
    """Play the scenario; whatever happens the queue goes on at its end."""
    rule = found_rule(ctx)
    address = ctx.receiver.address(ctx.channel(TOLD))

    def order(label: str) -> JobRequest:
        return ctx.job_request(label, callback=address, callback_format="XML")

    try:
        held = _hold(ctx, rule, order)
        victims = held.victims(ctx)
        taken = [victim for step, victim in victims.items() if ctx.calls.cancel(step, victim).ok]
        gone = list(victims.values())
        ctx.watch(
            Label.CANCELLED,
            gone,
            lambda states: all(states.get(victim) == JobState.CANCEL for victim in taken),
            min(5.0, ctx.timeouts.callback),
        )
    finally:
        ctx.set_queue(Label.RESUME, rule=rule)
    others = [job_id for job_id in held.ids if job_id not in gone]
    states = ctx.watch(
        Label.WATCH,
        [*gone, *others],
        lambda states: all(states.get(job_id) in FINAL_STATES for job_id in others),
        ctx.timeouts.jobs(len(held.ids)),
    )
    ended = [job_id for job_id in others if states.get(job_id) in FINAL_STATES][:1] or others[:1]
    ctx.look(Label.ENDED_BEFORE, ended)
    ctx.calls.cancel(Label.CANCEL_ENDED, ended[0])
    ctx.look(Label.ENDED_AFTER, ended)
    ctx.calls.cancel(Label.CANCEL_UNKNOWN, unknown_job_id(ctx))
    ctx.wait_callbacks(TOLD, others)
    ctx.receiver.wait(lambda: False, ctx.timeouts.quiet)
    looked = ctx.look(Label.VICTIM_LATER, [*gone, *others])
    _list(ctx, [looked[job_id] for job_id in gone if job_id in looked and looked[job_id].state == JobState.CANCEL])
    _cancel_failed(ctx, order)
    _cancel_running(ctx, order)


def _list(ctx: ScenarioContext, cancelled: list[Job]) -> None:
    """List by state until the cancelled jobs show: no document promises that a list knows a new state at once."""
    moments = [moment for moment in (times.parse(job.creation_time) for job in cancelled) if moment is not None]
    if not moments:
        return
    window = {
        "tag": ctx.job_request("any").tag,
        "size": str(PAGE),
        "startCreationTime": times.written(min(moments) - MARGIN),
        "endCreationTime": times.written(max(moments) + MARGIN),
    }
    for step, states in ((Label.LIST_CANCEL, "Cancel"), (Label.LIST_SUCCESS_CANCEL, "Success,Cancel")):
        deadline = ctx.now() + ctx.timeouts.callback
        while True:
            response = ctx.calls.list_jobs(step, {**window, "states": states})
            listed = {job.job_id for job in response.jobs}
            shown = listed.issuperset(job.job_id for job in cancelled)
            if shown or not response.ok or len(response.jobs) >= PAGE or ctx.now() >= deadline:
                break
            ctx.pause_thread(ctx.timeouts.poll)


def _cancel_failed(ctx: ScenarioContext, order: Order) -> None:
    """Cancel a job that ended Failed for want of its input; where such a job is refused, none is cancelled."""
    missing = ctx.profile.missing_input.replace("{run_id}", ctx.run_id)
    response = ctx.submit(Label.SUBMIT_FAILING, order("failing").with_(input_object=missing))
    ids = response.job_ids
    states = ctx.watch_ended(Label.UNTIL_FAILED, ids) if ids else {}
    failed = [job_id for job_id, state in states.items() if state == JobState.FAILED]
    if failed:
        ctx.calls.cancel(Label.CANCEL_FAILED, failed[0])
        ctx.look(Label.AFTER_FAILED, failed)


def _cancel_running(ctx: ScenarioContext, order: Order) -> None:
    """Cancel a job that was just seen Running; where jobs are too short to be seen so, none is cancelled."""
    for attempt in range(TRIES):
        ids = ctx.submit(Label.SUBMIT_TO_RUN, order(f"run {attempt}")).job_ids
        states = ctx.watch(
            Label.UNTIL_RUNNING,
            ids,
            lambda states: all(state not in WAITING_STATES for state in states.values()),
            ctx.timeouts.jobs(1),
        )
        running = [job_id for job_id, state in states.items() if state == JobState.RUNNING]
        if running:
            ctx.calls.cancel(Label.CANCEL_RUNNING, running[0])
            ctx.watch_ended(Label.AFTER_RUNNING, running)
            return


@dataclass(frozen=True, slots=True)
class _Held:
    """Jobs that a paused queue holds back: those like one another, and two kinds that a queue may keep elsewhere."""

    equal: list[str]
    leveled: tuple[str, ...] = ()
    """One of level 2, the highest."""
    of_one_request: tuple[str, ...] = ()

    @property
    def ids(self) -> list[str]:
        return [*self.equal, *self.leveled, *self.of_one_request]

    def victims(self, ctx: ScenarioContext) -> dict[Label, str]:
        """The jobs to cancel, by the step that does."""
        chosen = {Label.CANCEL: _waiting(ctx, self)}
        groups = ((Label.CANCEL_LEVEL, self.leveled), (Label.CANCEL_OF_MANY, self.of_one_request))
        return chosen | {step: group[0] for step, group in groups if group}


def _hold(ctx: ScenarioContext, rule: CallbackRuleRequest, order: Order) -> _Held:
    """Hold jobs back in the paused queue.

    Console pages close a paused queue to new jobs (1045/43607). Where it is closed, the jobs go in before the pause,
    so many that some still wait when it comes.
    """
    ctx.set_queue_or_fail(Label.PAUSE, state=QueueState.PAUSED, rule=rule)
    first = ctx.submit(Label.SUBMIT, order("held 0"))
    if not first.refused:
        ids = first.job_ids
        for index in range(len(ids), HELD):
            ids += ctx.submit_or_fail(Label.SUBMIT, order(f"held {index}"))
        return _Held(ids, _leveled(ctx, order), _of_one_request(ctx, order))
    ctx.set_queue_or_fail(Label.OPEN, rule=rule)
    calibration = ctx.timeouts.calibration
    workers, job = calibration.workers, max(calibration.job_latency, 0.001)
    ids = []
    for index in range(min(MOST, math.ceil(2.5 * workers) + math.ceil(BACKLOG_SECONDS * workers / job))):
        ids += ctx.submit_or_fail(Label.SUBMIT, order(f"open {index}"))
    ctx.set_queue_or_fail(Label.PAUSE, state=QueueState.PAUSED, rule=rule)
    return _Held(ids)


def _leveled(ctx: ScenarioContext, order: Order) -> tuple[str, ...]:
    """One job of the highest level, submitted last; those of level 0 wait before it, and one of level 1."""
    if not ctx.spec.has_job_level:
        return ()
    lower = ctx.submit_or_fail(Label.SUBMIT_LEVELS, order("level 1").with_(level=1))
    return *ctx.submit_or_fail(Label.SUBMIT_LEVELS, order("level 2").with_(level=2)), *lower


def _of_one_request(ctx: ScenarioContext, order: Order) -> tuple[str, ...]:
    """Two jobs of one request, where that is documented."""
    if not ctx.spec.multi_documented:
        return ()
    response = ctx.submit(Label.SUBMIT_MANY, *(order(f"many {index}") for index in range(OF_MANY)))
    return tuple(response.job_ids)


def _waiting(ctx: ScenarioContext, held: _Held) -> str:
    """The job to cancel: from the middle of those that are like one another and wait."""
    seen = ctx.look_for(Label.WAITING, held.ids)
    waiting = [job_id for job_id in held.equal if job_id in seen and seen[job_id].state in WAITING_STATES]
    if waiting:
        return waiting[len(waiting) // 2]
    if len(held.equal) == HELD:
        states = ", ".join(str(job.state) for job in seen.values()) or "not described"
        raise PreconditionFailed(f"no job waits in the paused queue ({states}), so none can be cancelled")
    raise NotOffered(
        "a paused queue takes no job here, and in an active one none waits long enough to be cancelled; "
        "name a larger sample input in the profile"
    )
