"""Scenario `fuzz`: odd requests for as long as the operator allows (`--fuzz SECONDS`), then a good job."""

from itertools import zip_longest

from ciq_conformance.driver.orders import RuleOrder, submit_body, update_body
from ciq_conformance.driver.stage import Stage
from ciq_conformance.fuzz.drawn import drawn, mutated
from ciq_conformance.fuzz.hostile import hostile
from ciq_conformance.fuzz.wild import Wild
from ciq_conformance.scenarios.readiness import make_active
from ciq_conformance.steps.fuzz import ADDRESS, CONTROL, CONTROL_WATCH, LOOK, PREPARE
from ciq_schemas.lifecycle import QueueState
from ciq_schemas.transcript.records import Calibration

EACH = 4
"""Drawn requests of an operation and mode in one round."""
MUTATED = 30


def play(stage: Stage) -> None:
    """Play the scenario; jobs that a target makes of odd requests are watched to their end."""
    make_active(stage, PREPARE)
    begin = stage.effort.seed_of(stage.run_id)
    made: list[str] = []
    sent = rounds = 0
    wilds = _round(stage, begin, first=True)
    end = stage.now() + stage.effort.fuzz_seconds
    while stage.now() < end:
        for wild in wilds:
            if stage.now() > end:
                break
            reply = stage.calls.raw(wild.label, wild.method, wild.target, wild.body, wild.headers)
            sent += 1
            if wild.method == "POST" and reply.ok:
                made += reply.job_ids
        rounds += 1
        if stage.now() < end:
            wilds = _round(stage, begin + rounds, first=False)
    stage.mark("note", f"{sent} odd requests in {rounds} round(s); --seed {begin} gives the same ones")
    make_active(stage, PREPARE)
    stage.watch_ended(LOOK, made)
    ids = stage.submit(CONTROL, stage.order(CONTROL)).job_ids
    stage.watch_ended(CONTROL_WATCH, ids)


def _round(stage: Stage, begin: int, *, first: bool) -> list[Wild]:
    job_path = _job_path(stage)
    good = submit_body([stage.order("odd")])
    found = drawn(stage.spec, job_path, stage.receiver.address(stage.channel(ADDRESS)), each=EACH, begin=begin)
    found += [
        Wild(label="mutated submit", method="POST", target=job_path, body=body)
        for body in mutated(good, count=MUTATED, begin=begin)
    ]
    if first:  # they are always the same
        update = update_body(
            name=stage.found.name or stage.spec.queue_names[0], state=QueueState.ACTIVE, rule=RuleOrder(state="Off")
        )
        odd = hostile(
            good=good, job_path=job_path, queue_path=stage.spec.queue_path, queue_id=stage.queue_id, update=update
        )
        # By turns, so that a short time has some of each kind.
        return [wild for pair in zip_longest(found, odd) for wild in pair if wild is not None]
    return found


def _job_path(stage: Stage) -> str:
    measured = (r for r in stage.recorder.records if isinstance(r, Calibration) and r.feature == stage.spec.feature)
    return next((one.job_path for one in measured), stage.spec.job_path)
