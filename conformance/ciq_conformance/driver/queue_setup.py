"""Shared preparation of scenarios: an active queue, a queue that holds one job, unknown ids and names."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from hashlib import sha256

from ciq_conformance.driver.requests import CallbackRuleRequest, JobRequest
from ciq_conformance.driver.scenario_context import ScenarioContext
from ciq_conformance.timeouts import SHOWN_WITHIN
from ciq_schemas import times
from ciq_schemas.lifecycle import QueueState
from ciq_schemas.transcript.parsed import ParsedExchange


def found_rule(ctx: ScenarioContext) -> CallbackRuleRequest:
    """Returns the callback rule that the queue had before the run, for updates that must keep it."""
    config = ctx.found.notify_config
    if config is None:
        return CallbackRuleRequest(state="Off", url=None, event=None, type=None)
    return CallbackRuleRequest(
        state=config.state or "Off",
        url=config.url or None,
        event=config.event or None,
        type=config.type or None,
        result_format=config.result_format or None,
    )


def make_active(ctx: ScenarioContext, step: str) -> None:
    """Sets a queue that was found paused to Active; raises PreconditionFailed when the target rejects that."""
    if ctx.found.state == QueueState.PAUSED:
        ctx.set_queue_or_fail(step, rule=found_rule(ctx))


def list_until(
    ctx: ScenarioContext,
    step: str,
    params: Mapping[str, str],
    fits: Callable[[ParsedExchange], bool],
    within: float = SHOWN_WITHIN,
) -> ParsedExchange:
    """Lists queues until `fits` accepts the list or a change had time to become visible; returns the last list."""
    deadline = ctx.now() + within * ctx.timeouts.scale
    while True:
        response = ctx.calls.list_queues(step, params)
        if not response.ok or fits(response) or ctx.now() >= deadline:
            return response
        ctx.pause_thread(0.05)


@contextmanager
def held(ctx: ScenarioContext, pause: str, submit: str, resume: str, order: JobRequest) -> Iterator[list[str]]:
    """Queues one job while the queue is paused; yields its id, or none when a paused queue rejects jobs (1045/43607).

    On an idle service a job waits for an instant only, so only this shows the response for a waiting job.
    """
    rule = found_rule(ctx)
    if not ctx.set_queue(pause, state=QueueState.PAUSED, rule=rule).ok:
        yield []
        return
    try:
        yield ctx.submit(submit, order).job_ids
    finally:
        ctx.set_queue_or_fail(resume, rule=rule)


def list_until_whole(ctx: ScenarioContext, began: float, control: str, listing: str, watch: str) -> None:
    """Submits a valid job and lists until it is visible: then the list also contains all jobs accepted before it."""
    response = ctx.submit(control, ctx.job_request(control))
    ids = response.job_ids
    if not ids:
        return
    created = times.parse(response.jobs[0].creation_time)
    params = {"tag": ctx.job_request(control).tag, "size": "100"}
    if created is not None:
        start = created - timedelta(seconds=ctx.now() - began + 5)
        params["startCreationTime"] = times.written(start)
    deadline = ctx.now() + ctx.timeouts.callback
    while True:
        listed = {job.job_id for job in ctx.calls.list_jobs(listing, params).jobs}
        if listed.issuperset(ids) or ctx.now() >= deadline:
            break
        ctx.pause_thread(ctx.timeouts.poll)
    ctx.watch_ended(watch, ids)


def unknown_queue_id(ctx: ScenarioContext, salt: str = "queue") -> str:
    """Returns a well-formed queue id that no queue has."""
    return f"p{_digest(ctx, salt)}"


def unknown_job_id(ctx: ScenarioContext, salt: str = "job") -> str:
    """Returns a well-formed job id of the feature that no job has."""
    return f"{ctx.spec.id_letter}{_digest(ctx, salt)}"


def _digest(ctx: ScenarioContext, salt: str) -> str:
    return sha256(f"{ctx.run_id} {ctx.spec.feature} {ctx.scenario} {salt}".encode()).hexdigest()[:32]
