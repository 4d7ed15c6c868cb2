"""Scenario `paths`: a job on each documented path family, described and listed on the path that accepted it.

The requests are recorded without the name of an operation, so that the checks of common headers ignore them: a front
server may answer an unknown path in its own way.
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
    """Run the scenario; a path that accepts no job gets no further requests."""
    make_active(ctx, Label.PREPARE)
    ctx.calls.list_queues(Label.QUEUES)
    for path in ctx.spec.job_paths:
        _use_path(ctx, path)


def _use_path(ctx: ScenarioContext, path: str) -> None:
    submit, by_tag, describe, listing = family(path)
    order = ctx.job_request(submit)
    job_id = _submit(ctx, submit, path, order)
    if not job_id:
        return
    # No document defines how soon describe or a list contains a new job, or how soon a job ends.
    visible_within = SHOWN_WITHIN * ctx.timeouts.scale
    _until(ctx, describe, f"{path}/{quote(job_id, safe='')}", lambda response: job_id in _ids(response), visible_within)
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
    """Repeat a GET until the answer satisfies or is an error, or the time is over; checks read the last answer."""
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
