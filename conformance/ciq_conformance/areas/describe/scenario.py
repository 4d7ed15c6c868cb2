"""Scenario `describe`: describe jobs one by one, several at once and unknown ids, from the submit to the end.

One job waits in the paused queue first, so that the checks observe a waiting job even on a very fast target.
"""

from ciq_conformance.areas.describe.labels import Label
from ciq_conformance.driver.queue_setup import held, make_active, unknown_job_id
from ciq_conformance.driver.scenario_context import ScenarioContext
from ciq_schemas.lifecycle import FINAL_STATES

OWN_JOBS = 3
MOST_IDS = 10
SETTLED_WITHIN = 1.0
"""Seconds within which a describe of several ids returns the same states as describes of one id."""
FAST_JOB = 0.3
"""Job latency in seconds below which the scenario submits up to ten jobs; above it, it uses earlier jobs only."""


def run(ctx: ScenarioContext) -> None:
    """Runs the scenario. Jobs of earlier scenarios of the run are further ids, where there are any."""
    make_active(ctx, Label.PREPARE)
    with held(ctx, Label.PAUSE, Label.SUBMIT_HELD, Label.RESUME, ctx.job_request("held")) as ids:
        ctx.look_for(Label.HELD, ids)
    for index in range(OWN_JOBS):
        new = ctx.submit_or_fail(Label.SUBMIT, ctx.job_request(f"own {index}"))
        ids.extend(new)
        ctx.look_for(Label.SINGLE, new)
    several = ctx.spec.multi_documented
    ten = _ids_up_to_ten(ctx, ids) if several else ids
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
        _describe_together(ctx, ids)


def _describe_together(ctx: ScenarioContext, ids: list[str]) -> None:
    """Describes the ended jobs in one request until all are final: a response may be slightly out of date."""
    deadline = ctx.now() + SETTLED_WITHIN
    while True:
        response = ctx.calls.describe(Label.TOGETHER, *ids)
        if not response.ok or all(job.state in FINAL_STATES for job in response.jobs) or ctx.now() >= deadline:
            return
        ctx.pause_thread(ctx.timeouts.poll)


def _ids_up_to_ten(ctx: ScenarioContext, own: list[str]) -> list[str]:
    """Returns up to ten job ids: own jobs, earlier jobs of the run, and new jobs where jobs are fast."""
    ids = dict.fromkeys(own)
    listed = ctx.calls.list_jobs(Label.EARLIER, {"tag": ctx.job_request("any").tag, "size": "100"})
    for job in listed.jobs:
        user_data = (job.operation.user_data if job.operation else None) or ""
        if job.job_id and user_data.startswith(ctx.run_id) and len(ids) < MOST_IDS:
            ids[job.job_id] = None
    if ctx.timeouts.calibration.job_latency < FAST_JOB:
        while len(ids) < MOST_IDS:
            ids.update(dict.fromkeys(ctx.submit_or_fail(Label.FILL, ctx.job_request(f"fill {len(ids)}"))))
    return list(ids)
