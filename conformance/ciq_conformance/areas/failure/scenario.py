"""Scenario `failure`: jobs whose input does not exist, what the target reports, and valid jobs right after them.

The failing jobs differ in their callbacks: the rule of the queue, an own address with JSON, and `CallBack` no. Valid
jobs are submitted after the first failing job (a failure must not affect the next job) and after the last one, when
more jobs have failed than the queue has workers. In one queue and level, jobs start in the order of submission.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

from ciq_conformance.areas.failure.labels import LIKE_TRUE, Channel, Label
from ciq_conformance.driver.requests import CallbackRuleRequest, JobRequest
from ciq_conformance.driver.scenario_context import PreconditionFailed, ScenarioContext
from ciq_conformance.driver.slow_jobs import watch_slow
from ciq_schemas import times
from ciq_schemas.features import Feature
from ciq_schemas.lifecycle import ENDED_BY_RUNNING, JobState
from ciq_schemas.transcript.parsed import describe_response

MARGIN = timedelta(seconds=2)
"""Subtracted from the start of a time window: no document says clearly whether its bounds belong to it."""
MOST_FAILING = 9
"""A queue with at least this many workers gets no extra failing jobs."""


def run(ctx: ScenarioContext) -> None:
    """Run the scenario, then restore the queue.

    A target may reject the job at submit: no page says when a service detects a missing input.
    """
    rule = CallbackRuleRequest(url=ctx.receiver.address(ctx.channel(Channel.QUEUE)))
    try:
        ctx.set_queue_or_fail(Label.RULE, rule=rule)
        response = ctx.submit(Label.SUBMIT, _missing(ctx))
        first = response.job_ids
        if response.refused:
            ctx.record_event(
                "note", f"the target rejected the job without input at submit: {describe_response(response)}"
            )
            return
        if not response.ok or not first:
            raise PreconditionFailed(f"submit answered {describe_response(response)} instead of a job")
        _observe(ctx, first, *_submit_others(ctx))
    finally:
        ctx.restore(Label.RESTORE)


def _missing(ctx: ScenarioContext, label: str = "missing") -> JobRequest:
    missing = ctx.profile.missing_input.replace("{run_id}", ctx.run_id)
    return ctx.job_request(label, input_object=missing)


def _submit(ctx: ScenarioContext, step: Label, order: JobRequest) -> list[str]:
    """Submit one more job; record a rejection, which the checks judge."""
    response = ctx.submit(step, order)
    if not response.ok:
        ctx.record_event("note", f"{step} answered {describe_response(response)}")
    return [job.job_id for job in response.jobs if response.ok and job.job_id]


def _submit_others(ctx: ScenarioContext) -> tuple[list[str], list[str], list[str]]:
    """Submit the jobs after the first; ids by callback address: the queue's, the job's own, none."""
    by_queue = _submit(ctx, Label.SUBMIT_NEXT, ctx.job_request("next"))
    own: list[str] = []
    silenced: list[str] = []
    if ctx.spec.job_callback_documented:
        address = ctx.receiver.address(ctx.channel(Channel.JOB))
        order = _missing(ctx, "missing own").with_(callback=address, callback_format="JSON", user_data=LIKE_TRUE)
        own = _submit(ctx, Label.SUBMIT_OWN_JSON, order)
        silenced = _submit(ctx, Label.SUBMIT_SILENCED, _missing(ctx, "missing silenced").with_(callback="no"))
    failing = 1 + len(own) + len(silenced)
    wanted = ctx.timeouts.calibration.workers + 1
    for number in range(failing, wanted if wanted <= MOST_FAILING else failing):
        by_queue += _submit(ctx, Label.SUBMIT_MORE, _missing(ctx, f"missing {number}"))
    by_queue += _submit(ctx, Label.SUBMIT_LAST, ctx.job_request("last"))
    return by_queue, own, silenced


def _observe(ctx: ScenarioContext, first: list[str], by_queue: list[str], own: list[str], silenced: list[str]) -> None:
    """Wait until all jobs end and their callbacks arrive; then wait for an unwanted callback of `silenced`."""
    jobs = [*first, *by_queue, *own, *silenced]
    states = watch_slow(ctx, Label.LOOK, jobs)

    def due(ids: list[str]) -> list[str]:
        return [job_id for job_id in ids if states.get(job_id) in ENDED_BY_RUNNING]

    deadline = ctx.now() + ctx.timeouts.callback
    ctx.wait_callbacks(Channel.QUEUE, due([*first, *by_queue]))
    if own:
        ctx.wait_callbacks(Channel.JOB, due(own), max(ctx.timeouts.quiet, deadline - ctx.now()))
    if silenced:
        ctx.pause_thread(ctx.timeouts.quiet)
    last = ctx.look(Label.LAST, jobs)
    failed = [job_id for job_id in jobs if states.get(job_id) == JobState.FAILED]
    created = [times.parse(last[job_id].creation_time) for job_id in failed if job_id in last]
    _list_failed(ctx, failed, min((moment for moment in created if moment is not None), default=None))


def _list_failed(ctx: ScenarioContext, failed: list[str], created: datetime | None) -> None:
    """List failed jobs: by their state, with states=All and without states. Feature `file` has no documented list."""
    if ctx.spec.feature is Feature.FILE or not failed:
        return
    page = {"tag": ctx.job_request("any").tag, "size": "100"}
    _list_until_complete(ctx, Label.LISTED, {**page, "states": "Failed"}, failed)
    # The window keeps the jobs of earlier scenarios and runs off the page.
    window = {"startCreationTime": times.written(created - MARGIN)} if created is not None else {}
    _list_until_complete(ctx, Label.LISTED_ALL, {**page, **window, "states": "All"}, failed)
    _list_until_complete(ctx, Label.LISTED_PLAIN, {**page, **window}, failed)


def _list_until_complete(ctx: ScenarioContext, step: Label, params: Mapping[str, str], failed: list[str]) -> None:
    """List until the list contains the failed jobs; lists may be late."""
    deadline = ctx.now() + ctx.timeouts.callback
    while True:
        response = ctx.calls.list_jobs(step, params)
        listed = {job.job_id: job.state for job in response.jobs}
        complete = all(listed.get(job_id) == JobState.FAILED for job_id in failed)
        if complete or not response.ok or ctx.now() >= deadline:
            return
        ctx.pause_thread(ctx.timeouts.poll)
