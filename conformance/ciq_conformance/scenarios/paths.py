"""Scenario `paths`: a job on each documented path family of the feature, described and listed where it was taken.

Requests go out without the name of an operation: what a front server says to a path it does not have is its own
affair, and no check of common headers may look at it.
"""

from collections.abc import Callable
from urllib.parse import quote, urlencode

from ciq_conformance.driver.orders import JobOrder, submit_body
from ciq_conformance.driver.patience import SHOWN_WITHIN
from ciq_conformance.driver.stage import Stage
from ciq_conformance.scenarios.readiness import make_active
from ciq_conformance.steps.paths import Step, family
from ciq_schemas.lifecycle import FINAL_STATES
from ciq_schemas.transcript.parsed import ParsedExchange


def play(stage: Stage) -> None:
    """Play the scenario; a path that takes no job is asked nothing more."""
    make_active(stage, Step.PREPARE)
    stage.calls.list_queues(Step.QUEUES)
    for path in stage.spec.job_paths:
        _try(stage, path)


def _try(stage: Stage, path: str) -> None:
    submit, by_tag, describe, listing = family(path)
    order = stage.order(submit)
    job_id = _submit(stage, submit, path, order)
    if not job_id:
        return
    # No document promises that describe or a list knows a job at once, nor how soon a job ends.
    shown = SHOWN_WITHIN * stage.patience.scale
    _until(stage, describe, f"{path}/{quote(job_id, safe='')}", lambda reply: job_id in _ids(reply), shown)
    _submit(stage, by_tag, path, order.with_(queue_id=None, user_data=f"{stage.run_id} {by_tag}"))
    query = urlencode({"tag": order.tag, "size": "100"}, quote_via=quote)
    _until(stage, listing, f"{path}?{query}", lambda reply: job_id in _ids(reply), stage.patience.callback)
    _until(stage, describe, f"{path}/{quote(job_id, safe='')}", _ended, stage.patience.jobs(2))


def _submit(stage: Stage, step: Step, path: str, order: JobOrder) -> str:
    reply = stage.calls.raw(step, "POST", path, submit_body([order]), {"Content-Type": "application/xml"})
    return next(iter(_ids(reply)), "")


def _until(stage: Stage, step: Step, target: str, satisfied: Callable[[ParsedExchange], bool], within: float) -> None:
    """Ask again until the answer satisfies, is no acceptance, or time is up; the judge reads the last answer."""
    deadline = stage.now() + within
    while True:
        reply = stage.calls.raw(step, "GET", target)
        if satisfied(reply) or not reply.ok or stage.now() >= deadline:
            return
        stage.pause_thread(stage.patience.poll)


def _ids(reply: ParsedExchange) -> list[str]:
    return reply.job_ids if reply.ok else []


def _ended(reply: ParsedExchange) -> bool:
    return all(job.state in FINAL_STATES for job in reply.jobs)
