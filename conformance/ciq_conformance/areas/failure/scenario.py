"""Scenario `failure`: jobs whose input is not there, what is told of them, and good jobs right after them.

The jobs that must fail differ in their rule: the queue's, an address and a form of their own, `CallBack` no. Good
jobs come after the first (whatever fails must not touch the next) and after the last, when more jobs have failed
than the queue has workers. With one queue and one level, documents have them started in the order of their submits.
"""

from ciq_conformance.areas.failure.labels import LIKE_TRUE, Channel, Label
from ciq_conformance.driver.requests import CallbackRuleRequest, JobRequest
from ciq_conformance.driver.scenario_context import PreconditionFailed, ScenarioContext
from ciq_conformance.driver.slow_jobs import watch_slow
from ciq_schemas.features import Feature
from ciq_schemas.lifecycle import ENDED_BY_RUNNING, JobState
from ciq_schemas.transcript.parsed import describe_response

MOST_FAILING = 9
"""A queue with as many workers or more is not filled with failing jobs."""


def run(ctx: ScenarioContext) -> None:
    """Play the scenario; the queue is given back as it was found.

    A target that refuses the job at submit is within its rights: no page says where a missing input is found.
    """
    rule = CallbackRuleRequest(url=ctx.receiver.address(ctx.channel(Channel.QUEUE)))
    try:
        ctx.set_queue_or_fail(Label.RULE, rule=rule)
        response = ctx.submit(Label.SUBMIT, _missing(ctx))
        first = response.job_ids
        if response.refused:
            ctx.record_event("note", f"the job without input was refused at submit: {describe_response(response)}")
            return
        if not response.ok or not first:
            raise PreconditionFailed(f"submit answered {describe_response(response)} instead of a job")
        _follow(ctx, first, *_others(ctx))
    finally:
        ctx.restore(Label.RESTORE)


def _missing(ctx: ScenarioContext, label: str = "missing") -> JobRequest:
    missing = ctx.profile.missing_input.replace("{run_id}", ctx.run_id)
    return ctx.job_request(label, input_object=missing)


def _submit(ctx: ScenarioContext, step: Label, order: JobRequest) -> list[str]:
    """Submit one more job; a refusal is noted and left to the judge."""
    response = ctx.submit(step, order)
    if not response.ok:
        ctx.record_event("note", f"{step} answered {describe_response(response)}")
    return [job.job_id for job in response.jobs if response.ok and job.job_id]


def _others(ctx: ScenarioContext) -> tuple[list[str], list[str], list[str]]:
    """Submit the jobs after the first; by where they are told: the queue's address, their own, nowhere."""
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


def _follow(ctx: ScenarioContext, first: list[str], by_queue: list[str], own: list[str], silenced: list[str]) -> None:
    """Watch all to their end; wait for the callbacks of those that have ended, and listen for the one of `silenced`."""
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
    ctx.look(Label.LAST, jobs)
    _list_failed(ctx, [job_id for job_id in jobs if states.get(job_id) == JobState.FAILED])


def _list_failed(ctx: ScenarioContext, failed: list[str]) -> None:
    """List what has failed until it shows these as they are: lists may be late. Files have no page of lists."""
    if ctx.spec.feature is Feature.FILE or not failed:
        return
    deadline = ctx.now() + ctx.timeouts.callback
    while True:
        response = ctx.calls.list_jobs(
            Label.LISTED, {"tag": ctx.job_request("any").tag, "states": "Failed", "size": "100"}
        )
        listed = {job.job_id: job.state for job in response.jobs}
        shown = all(listed.get(job_id) == JobState.FAILED for job_id in failed)
        if shown or not response.ok or ctx.now() >= deadline:
            return
        ctx.pause_thread(ctx.timeouts.poll)
