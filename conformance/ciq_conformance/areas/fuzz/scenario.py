"""Scenario `fuzz`: malformed requests for as long as the operator allows (`--fuzz SECONDS`), then a valid job."""

from itertools import zip_longest

from ciq_conformance.areas.fuzz.labels import ADDRESS, CONTROL, CONTROL_WATCH, LOOK, PREPARE
from ciq_conformance.driver.queue_setup import make_active
from ciq_conformance.driver.requests import CallbackRuleRequest, submit_body, update_body
from ciq_conformance.driver.scenario_context import ScenarioContext
from ciq_conformance.fuzz.fuzz_request import FuzzRequest
from ciq_conformance.fuzz.generated import generated_requests, mutated_bodies
from ciq_conformance.fuzz.hostile import hostile_requests
from ciq_schemas.lifecycle import QueueState
from ciq_schemas.transcript.records import Calibration

EACH = 4
"""Generated requests for each operation and mode in one round."""
MUTATED = 30


def run(ctx: ScenarioContext) -> None:
    """Run the scenario. It waits until jobs that the target made of malformed requests have ended."""
    make_active(ctx, PREPARE)
    begin = ctx.extra_testing.seed_of(ctx.run_id)
    made: list[str] = []
    sent = rounds = 0
    requests = _round(ctx, begin, first=True)
    end = ctx.now() + ctx.extra_testing.fuzz_seconds
    while ctx.now() < end:
        for request in requests:
            if ctx.now() > end:
                break
            response = ctx.calls.raw(request.label, request.method, request.target, request.body, request.headers)
            sent += 1
            if request.method == "POST" and response.ok:
                made += response.job_ids
        rounds += 1
        if ctx.now() < end:
            requests = _round(ctx, begin + rounds, first=False)
    ctx.record_event("note", f"{sent} malformed requests in {rounds} round(s); `--seed {begin}` reproduces them")
    make_active(ctx, PREPARE)
    ctx.watch_ended(LOOK, made)
    ids = ctx.submit(CONTROL, ctx.job_request(CONTROL)).job_ids
    ctx.watch_ended(CONTROL_WATCH, ids)


def _round(ctx: ScenarioContext, begin: int, *, first: bool) -> list[FuzzRequest]:
    job_path = _job_path(ctx)
    valid = submit_body([ctx.job_request("fuzz")])
    found = generated_requests(ctx.spec, job_path, ctx.receiver.address(ctx.channel(ADDRESS)), each=EACH, begin=begin)
    found += [
        FuzzRequest(label="mutated submit", method="POST", target=job_path, body=body)
        for body in mutated_bodies(valid, count=MUTATED, begin=begin)
    ]
    if first:  # the hostile requests are the same in each round
        update = update_body(
            name=ctx.found.name or ctx.spec.queue_names[0],
            state=QueueState.ACTIVE,
            rule=CallbackRuleRequest(state="Off"),
        )
        hostile = hostile_requests(
            valid_submit=valid,
            job_path=job_path,
            queue_path=ctx.spec.queue_path,
            queue_id=ctx.queue_id,
            valid_update=update,
        )
        # Alternate between both, so that a short run sends some of each kind.
        return [request for pair in zip_longest(found, hostile) for request in pair if request is not None]
    return found


def _job_path(ctx: ScenarioContext) -> str:
    measured = (r for r in ctx.recorder.records if isinstance(r, Calibration) and r.feature == ctx.spec.feature)
    return next((one.job_path for one in measured), ctx.spec.job_path)
