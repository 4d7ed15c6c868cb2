"""Scenario `paths`: a job on each documented path family of the feature, described and listed where it was taken.

Requests go out without the name of an operation: what a front server says to a path it does not have is its own
affair, and no check of common headers may look at it.
"""

from collections.abc import Callable
from urllib.parse import quote, urlencode

from ciq_conformance.areas.job_paths.labels import Label, family
from ciq_conformance.driver.queue_setup import make_active
from ciq_conformance.driver.requests import JobRequest, submit_body
from ciq_conformance.driver.scenario_context import ScenarioContext
from ciq_conformance.timeouts import SHOWN_WITHIN
from ciq_schemas.lifecycle import FINAL_STATES
from ciq_schemas.transcript.parsed import ParsedExchange


def run(ctx: ScenarioContext) -> None:
    """Play the scenario; a path that takes no job is asked nothing more."""
    make_active(ctx, Label.PREPARE)
    ctx.calls.list_queues(Label.QUEUES)
    for path in ctx.spec.job_paths:
        _try(ctx, path)


def _try(ctx: ScenarioContext, path: str) -> None:
    submit, by_tag, describe, listing = family(path)
    order = ctx.job_request(submit)
    job_id = _submit(ctx, submit, path, order)
    if not job_id:
        return
    # No document promises that describe or a list knows a job at once, nor how soon a job ends.
    shown = SHOWN_WITHIN * ctx.timeouts.scale
    _until(ctx, describe, f"{path}/{quote(job_id, safe='')}", lambda response: job_id in _ids(response), shown)
    _submit(ctx, by_tag, path, order.with_(queue_id=None, user_data=f"{ctx.run_id} {by_tag}"))
    query = urlencode({"tag": order.tag, "size": "100"}, quote_via=quote)
    _until(ctx, listing, f"{path}?{query}", lambda response: job_id in _ids(response), ctx.timeouts.callback)
    _until(ctx, describe, f"{path}/{quote(job_id, safe='')}", _ended, ctx.timeouts.jobs(2))


def _submit(ctx: ScenarioContext, step: Label, path: str, order: JobRequest) -> str:
    response = ctx.calls.raw(step, "POST", path, submit_body([order]), {"Content-Type": "application/xml"})
    return next(iter(_ids(response)), "")


def _until(
    ctx: ScenarioContext, step: Label, target: str, satisfied: Callable[[ParsedExchange], bool], within: float
) -> None:
    """Ask again until the answer satisfies, is no acceptance, or time is up; the judge reads the last answer."""
    deadline = ctx.now() + within
    while True:
        response = ctx.calls.raw(step, "GET", target)
        if satisfied(response) or not response.ok or ctx.now() >= deadline:
            return
        ctx.pause_thread(ctx.timeouts.poll)


def _ids(response: ParsedExchange) -> list[str]:
    return response.job_ids if response.ok else []


def _ended(response: ParsedExchange) -> bool:
    return all(job.state in FINAL_STATES for job in response.jobs)
