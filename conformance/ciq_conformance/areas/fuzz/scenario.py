"""Scenario `fuzz`: odd requests for as long as the operator allows (`--fuzz SECONDS`), then a good job."""

from itertools import zip_longest

from ciq_conformance.areas.fuzz.labels import ADDRESS, CONTROL, CONTROL_WATCH, LOOK, PREPARE
from ciq_conformance.driver.queue_setup import make_active
from ciq_conformance.driver.requests import CallbackRuleRequest, submit_body, update_body
from ciq_conformance.driver.scenario_context import ScenarioContext
from ciq_conformance.fuzz.drawn import drawn, mutated
from ciq_conformance.fuzz.hostile import hostile
from ciq_conformance.fuzz.wild import Wild
from ciq_schemas.lifecycle import QueueState
from ciq_schemas.transcript.records import Calibration

EACH = 4
"""Drawn requests of an operation and mode in one round."""
MUTATED = 30


def run(ctx: ScenarioContext) -> None:
    """Play the scenario; jobs that a target makes of odd requests are watched to their end."""
    make_active(ctx, PREPARE)
    begin = ctx.extra_testing.seed_of(ctx.run_id)
    made: list[str] = []
    sent = rounds = 0
    wilds = _round(ctx, begin, first=True)
    end = ctx.now() + ctx.extra_testing.fuzz_seconds
    while ctx.now() < end:
        for wild in wilds:
            if ctx.now() > end:
                break
            response = ctx.calls.raw(wild.label, wild.method, wild.target, wild.body, wild.headers)
            sent += 1
            if wild.method == "POST" and response.ok:
                made += response.job_ids
        rounds += 1
        if ctx.now() < end:
            wilds = _round(ctx, begin + rounds, first=False)
    ctx.record_event("note", f"{sent} odd requests in {rounds} round(s); --seed {begin} gives the same ones")
    make_active(ctx, PREPARE)
    ctx.watch_ended(LOOK, made)
    ids = ctx.submit(CONTROL, ctx.job_request(CONTROL)).job_ids
    ctx.watch_ended(CONTROL_WATCH, ids)


def _round(ctx: ScenarioContext, begin: int, *, first: bool) -> list[Wild]:
    job_path = _job_path(ctx)
    good = submit_body([ctx.job_request("odd")])
    found = drawn(ctx.spec, job_path, ctx.receiver.address(ctx.channel(ADDRESS)), each=EACH, begin=begin)
    found += [
        Wild(label="mutated submit", method="POST", target=job_path, body=body)
        for body in mutated(good, count=MUTATED, begin=begin)
    ]
    if first:  # they are always the same
        update = update_body(
            name=ctx.found.name or ctx.spec.queue_names[0],
            state=QueueState.ACTIVE,
            rule=CallbackRuleRequest(state="Off"),
        )
        odd = hostile(
            good=good, job_path=job_path, queue_path=ctx.spec.queue_path, queue_id=ctx.queue_id, update=update
        )
        # By turns, so that a short time has some of each kind.
        return [wild for pair in zip_longest(found, odd) for wild in pair if wild is not None]
    return found


def _job_path(ctx: ScenarioContext) -> str:
    measured = (r for r in ctx.recorder.records if isinstance(r, Calibration) and r.feature == ctx.spec.feature)
    return next((one.job_path for one in measured), ctx.spec.job_path)
