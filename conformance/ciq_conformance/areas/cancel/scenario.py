"""Scenario `cancel`: cancel waiting jobs and let the others run; then cancel an ended, an unknown and a running job.

The waiting jobs to cancel are one of several equal jobs, one of level 2 among lower levels, and one of a request with
several jobs. Then one cancel names three waiting jobs.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from ciq_conformance.areas.cancel.labels import CALLBACKS, PAGE, Label
from ciq_conformance.driver.queue_setup import found_rule, unknown_job_id
from ciq_conformance.driver.requests import CallbackRuleRequest, JobRequest
from ciq_conformance.driver.scenario_context import NotOffered, PreconditionFailed, ScenarioContext
from ciq_schemas import times
from ciq_schemas.lifecycle import FINAL_STATES, WAITING_STATES, JobState, QueueState
from ciq_schemas.values import Job

EQUAL_JOBS = 3
JOBS_OF_ONE_REQUEST = 2
JOBS_TOGETHER = 3
BACKLOG_SECONDS = 1.0
MOST_JOBS = 60
TRIES = 3
MARGIN = timedelta(seconds=2)
"""Added on both sides of a time window: no document says clearly whether its bounds belong to it."""
JobRequestFactory = Callable[[str], JobRequest]


def run(ctx: ScenarioContext) -> None:
    """Runs the scenario, and resumes the queue even after a failure."""
    rule = found_rule(ctx)
    address = ctx.receiver.address(ctx.channel(CALLBACKS))

    def new_request(label: str) -> JobRequest:
        return ctx.job_request(label, callback=address, callback_format="XML")

    try:
        waiting = _submit_waiting_jobs(ctx, rule, new_request)
        to_cancel = waiting.to_cancel(ctx)
        accepted = [job_id for step, job_id in to_cancel.items() if ctx.calls.cancel(step, job_id).ok]
        cancelled = list(to_cancel.values())
        together = list(waiting.together)
        if together and ctx.calls.cancel(Label.CANCEL_TOGETHER, ",".join(together)).ok:
            # One page documents several ids (436/120620), the others do not: the states need not show the cancel.
            ctx.watch(
                Label.CANCELLED,
                together,
                lambda states: all(states.get(job_id) == JobState.CANCEL for job_id in together),
                min(1.0, ctx.timeouts.callback),
            )
        ctx.watch(
            Label.CANCELLED,
            cancelled,
            lambda states: all(states.get(job_id) == JobState.CANCEL for job_id in accepted),
            min(5.0, ctx.timeouts.callback),
        )
    finally:
        ctx.set_queue(Label.RESUME, rule=rule)
    others = [job_id for job_id in waiting.ids if job_id not in cancelled]
    states = ctx.watch(
        Label.WATCH,
        [*cancelled, *others, *together],
        lambda states: all(states.get(job_id) in FINAL_STATES for job_id in (*others, *together)),
        ctx.timeouts.jobs(len(waiting.ids)),
    )
    ended = [job_id for job_id in others if states.get(job_id) in FINAL_STATES][:1] or others[:1]
    ctx.look(Label.ENDED_BEFORE, ended)
    ctx.calls.cancel(Label.CANCEL_ENDED, ended[0])
    ctx.look(Label.ENDED_AFTER, ended)
    ctx.calls.cancel(Label.CANCEL_UNKNOWN, unknown_job_id(ctx))
    ctx.wait_callbacks(CALLBACKS, others)
    ctx.receiver.wait(lambda: False, ctx.timeouts.quiet)
    at_the_end = ctx.look(Label.AT_THE_END, [*cancelled, *others, *together])
    _list_cancelled(
        ctx,
        [
            at_the_end[job_id]
            for job_id in cancelled
            if job_id in at_the_end and at_the_end[job_id].state == JobState.CANCEL
        ],
    )
    _cancel_failed(ctx, new_request)
    _cancel_running(ctx, new_request)


def _list_cancelled(ctx: ScenarioContext, cancelled: list[Job]) -> None:
    """Lists by state until the list has the cancelled jobs: no document promises that it shows a new state at once."""
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
            complete = listed.issuperset(job.job_id for job in cancelled)
            if complete or not response.ok or len(response.jobs) >= PAGE or ctx.now() >= deadline:
                break
            ctx.pause_thread(ctx.timeouts.poll)


def _cancel_failed(ctx: ScenarioContext, new_request: JobRequestFactory) -> None:
    """Cancels a job that failed because its input is missing, unless the target rejects such a job at the submit."""
    missing = ctx.profile.missing_input.replace("{run_id}", ctx.run_id)
    response = ctx.submit(Label.SUBMIT_FAILING, new_request("failing").with_(input_object=missing))
    ids = response.job_ids
    states = ctx.watch_ended(Label.UNTIL_FAILED, ids) if ids else {}
    failed = [job_id for job_id, state in states.items() if state == JobState.FAILED]
    if failed:
        ctx.calls.cancel(Label.CANCEL_FAILED, failed[0])
        ctx.look(Label.AFTER_FAILED, failed)


def _cancel_running(ctx: ScenarioContext, new_request: JobRequestFactory) -> None:
    """Cancels a job that was just seen Running, unless all jobs are too short to be seen Running."""
    for attempt in range(TRIES):
        ids = ctx.submit(Label.SUBMIT_TO_RUN, new_request(f"run {attempt}")).job_ids
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
class _WaitingJobs:
    """Jobs that wait in a paused queue: equal jobs, and two kinds that a target may store separately."""

    equal: list[str]
    leveled: tuple[str, ...] = ()
    """A job of level 2, the highest, before one of level 1."""
    of_one_request: tuple[str, ...] = ()
    together: tuple[str, ...] = ()
    """Jobs that one cancel names together; they are not in `ids`."""

    @property
    def ids(self) -> list[str]:
        return [*self.equal, *self.leveled, *self.of_one_request]

    def to_cancel(self, ctx: ScenarioContext) -> dict[Label, str]:
        """Returns the jobs to cancel, by the label of the cancel."""
        chosen = {Label.CANCEL: _choose_waiting_job(ctx, self)}
        groups = ((Label.CANCEL_LEVEL, self.leveled), (Label.CANCEL_OF_MANY, self.of_one_request))
        return chosen | {step: group[0] for step, group in groups if group}


def _submit_waiting_jobs(
    ctx: ScenarioContext, rule: CallbackRuleRequest, new_request: JobRequestFactory
) -> _WaitingJobs:
    """Submits jobs that wait in a paused queue.

    By the console pages a paused queue rejects new jobs (1045/43607). In that case the function submits the jobs before
    the pause, and so many that some still wait when the pause takes effect.
    """
    ctx.set_queue_or_fail(Label.PAUSE, state=QueueState.PAUSED, rule=rule)
    first = ctx.submit(Label.SUBMIT, new_request("held 0"))
    if not first.refused:
        ids = first.job_ids
        for index in range(len(ids), EQUAL_JOBS):
            ids += ctx.submit_or_fail(Label.SUBMIT, new_request(f"held {index}"))
        leveled, of_one_request = _submit_levels(ctx, new_request), _submit_in_one_request(ctx, new_request)
        return _WaitingJobs(ids, leveled, of_one_request, _submit_together(ctx, new_request))
    ctx.set_queue_or_fail(Label.OPEN, rule=rule)
    calibration = ctx.timeouts.calibration
    workers, job = calibration.workers, max(calibration.job_latency, 0.001)
    ids = []
    for index in range(min(MOST_JOBS, math.ceil(2.5 * workers) + math.ceil(BACKLOG_SECONDS * workers / job))):
        ids += ctx.submit_or_fail(Label.SUBMIT, new_request(f"open {index}"))
    ctx.set_queue_or_fail(Label.PAUSE, state=QueueState.PAUSED, rule=rule)
    return _WaitingJobs(ids)


def _submit_levels(ctx: ScenarioContext, new_request: JobRequestFactory) -> tuple[str, ...]:
    """Submits a job of level 1 and then one of the highest level, after the jobs of level 0."""
    if not ctx.spec.has_job_level:
        return ()
    lower = ctx.submit_or_fail(Label.SUBMIT_LEVELS, new_request("level 1").with_(level=1))
    return *ctx.submit_or_fail(Label.SUBMIT_LEVELS, new_request("level 2").with_(level=2)), *lower


def _submit_in_one_request(ctx: ScenarioContext, new_request: JobRequestFactory) -> tuple[str, ...]:
    """Submits two jobs in one request, where the feature documents that."""
    if not ctx.spec.multi_documented:
        return ()
    response = ctx.submit(Label.SUBMIT_MANY, *(new_request(f"many {index}") for index in range(JOBS_OF_ONE_REQUEST)))
    return tuple(response.job_ids)


def _submit_together(ctx: ScenarioContext, new_request: JobRequestFactory) -> tuple[str, ...]:
    """Submits three jobs, which one request cancels."""
    requests = (new_request(f"together {index}") for index in range(JOBS_TOGETHER))
    return tuple(job_id for request in requests for job_id in ctx.submit(Label.SUBMIT_TOGETHER, request).job_ids)


def _choose_waiting_job(ctx: ScenarioContext, jobs: _WaitingJobs) -> str:
    """Returns the job to cancel: from the middle of the equal jobs that wait."""
    seen = ctx.look_for(Label.WAITING, jobs.ids)
    waiting = [job_id for job_id in jobs.equal if job_id in seen and seen[job_id].state in WAITING_STATES]
    if waiting:
        return waiting[len(waiting) // 2]
    if len(jobs.equal) == EQUAL_JOBS:
        states = ", ".join(str(job.state) for job in seen.values()) or "not described"
        raise PreconditionFailed(f"no job waits in the paused queue ({states}), so none can be cancelled")
    raise NotOffered(
        "a paused queue accepts no job here, and in an active queue no job waits long enough to be cancelled; "
        "name a larger sample input in the profile"
    )
