"""What several scenarios need first: a queue that runs jobs, one that holds a job, ids and names that exist nowhere."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from hashlib import sha256

from ciq_conformance.driver.requests import CallbackRuleRequest, JobRequest
from ciq_conformance.driver.scenario_context import ScenarioContext
from ciq_conformance.driver.timeouts import SHOWN_WITHIN
from ciq_schemas import times
from ciq_schemas.lifecycle import QueueState
from ciq_schemas.transcript.parsed import ParsedExchange


def found_rule(ctx: ScenarioContext) -> CallbackRuleRequest:
    """The callback rule that the queue had before the run, for updates that must not disturb it."""
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
    """Set the queue active when it was found paused, so that jobs run; PreconditionFailed when the target refuses."""
    if ctx.found.state == QueueState.PAUSED:
        ctx.set_queue_or_break(step, rule=found_rule(ctx))


def list_until(
    ctx: ScenarioContext,
    step: str,
    params: Mapping[str, str],
    fits: Callable[[ParsedExchange], bool],
    within: float = SHOWN_WITHIN,
) -> ParsedExchange:
    """List queues until the list fits, or for as long as a change may take to show; the last list, which counts."""
    deadline = ctx.now() + within * ctx.timeouts.scale
    while True:
        response = ctx.calls.list_queues(step, params)
        if not response.ok or fits(response) or ctx.now() >= deadline:
            return response
        ctx.pause_thread(0.05)


@contextmanager
def held(ctx: ScenarioContext, pause: str, submit: str, resume: str, order: JobRequest) -> Iterator[list[str]]:
    """Hold one job back in the paused queue; its id, or none where a paused queue takes no job (1045/43607).

    On an idle service a job waits for an instant only, so what a waiting job shows is seen nowhere else.
    """
    rule = found_rule(ctx)
    if not ctx.set_queue(pause, state=QueueState.PAUSED, rule=rule).ok:
        yield []
        return
    try:
        yield ctx.submit(submit, order).job_ids
    finally:
        ctx.set_queue_or_break(resume, rule=rule)


def list_until_whole(ctx: ScenarioContext, began: float, control: str, listing: str, watch: str) -> None:
    """Submit a good job, and list the time since `began` until it shows: then the list holds what came before, too."""
    response = ctx.submit(control, ctx.order(control))
    ids = response.job_ids
    if not ids:
        return
    created = times.parse(response.jobs[0].creation_time)
    params = {"tag": ctx.order(control).tag, "size": "100"}
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
    """A queue id in the form of all samples that no queue has."""
    return f"p{_digest(ctx, salt)}"


def unknown_job_id(ctx: ScenarioContext, salt: str = "job") -> str:
    """A job id in the form of the feature's samples that no job has."""
    return f"{ctx.spec.id_letter}{_digest(ctx, salt)}"


def _digest(ctx: ScenarioContext, salt: str) -> str:
    return sha256(f"{ctx.run_id} {ctx.spec.feature} {ctx.scenario} {salt}".encode()).hexdigest()[:32]
