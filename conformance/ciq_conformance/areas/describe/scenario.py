"""Scenario `describe`: ask for jobs one by one, several at once, unknown ones, from submit to end.

One of them is held in the paused queue first, so that a waiting job is seen on however fast a service.
"""

from ciq_conformance.areas.describe.labels import Label
from ciq_conformance.driver.queue_setup import held, make_active, unknown_job_id
from ciq_conformance.driver.scenario_context import ScenarioContext
from ciq_schemas.lifecycle import FINAL_STATES

OWN = 3
MOST = 10
SETTLED = 1.0
"""Seconds in which one way to describe a job knows what another has shown."""
CHEAP = 0.3
"""A job latency in seconds below which ten jobs cost nothing; above it, ids of earlier scenarios fill up."""


def run(ctx: ScenarioContext) -> None:
    """Play the scenario. Jobs of the run from earlier scenarios serve as further ids where there are any."""
    make_active(ctx, Label.PREPARE)
    with held(ctx, Label.PAUSE, Label.SUBMIT_HELD, Label.RESUME, ctx.job_request("held")) as ids:
        ctx.look_for(Label.HELD, ids)
    for index in range(OWN):
        new = ctx.submit_or_fail(Label.SUBMIT, ctx.job_request(f"own {index}"))
        ids.extend(new)
        ctx.look_for(Label.SINGLE, new)
    several = ctx.spec.multi_documented
    ten = _up_to_ten(ctx, ids) if several else ids
    ctx.watch_ended(Label.WATCH, ids)
    unknown = unknown_job_id(ctx)
    ctx.calls.describe(Label.UNKNOWN, unknown)
    for pattern in (f"{ids[-1][:-4]}%", f"{ids[-1][:-1]}_", "%"):
        ctx.calls.describe(Label.WILDCARD, pattern)
    if several:
        ctx.calls.describe(Label.KNOWN, *ids)
        ctx.calls.describe(Label.UP_TO_TEN, *ten)
        others = unknown_job_id(ctx, "other")
        ctx.calls.describe(Label.KNOWN_AND_UNKNOWN, ids[0], unknown, ids[1], others)
        ctx.calls.describe(Label.ELEVEN, *ten, *(unknown_job_id(ctx, f"{i}") for i in range(11 - len(ten))))
        ctx.watch_ended(Label.ENDED, ten)
    for job_id in ids:
        ctx.calls.describe(Label.ENDED, job_id)
    if several:
        _together(ctx, ids)


def _together(ctx: ScenarioContext, ids: list[str]) -> None:
    """Describe the ended jobs in one request, again while it tells of one otherwise: an answer may be a moment old."""
    deadline = ctx.now() + SETTLED
    while True:
        response = ctx.calls.describe(Label.TOGETHER, *ids)
        if not response.ok or all(job.state in FINAL_STATES for job in response.jobs) or ctx.now() >= deadline:
            return
        ctx.pause_thread(ctx.timeouts.poll)


def _up_to_ten(ctx: ScenarioContext, own: list[str]) -> list[str]:
    ids = dict.fromkeys(own)
    listed = ctx.calls.list_jobs(Label.EARLIER, {"tag": ctx.job_request("any").tag, "size": "100"})
    for job in listed.jobs:
        told = (job.operation.user_data if job.operation else None) or ""
        if job.job_id and told.startswith(ctx.run_id) and len(ids) < MOST:
            ids[job.job_id] = None
    if ctx.timeouts.calibration.job_latency < CHEAP:
        while len(ids) < MOST:
            ids.update(dict.fromkeys(ctx.submit_or_fail(Label.FILL, ctx.job_request(f"fill {len(ids)}"))))
    return list(ids)
