"""Scenario `describe`: ask for jobs one by one, several at once, unknown ones, from submit to end.

One of them is held in the paused queue first, so that a waiting job is seen on however fast a service.
"""

from ciq_conformance.driver.stage import Stage
from ciq_conformance.scenarios.readiness import held, make_active, unknown_job_id
from ciq_conformance.steps.describe import Step
from ciq_schemas.lifecycle import FINAL_STATES

OWN = 3
MOST = 10
SETTLED = 1.0
"""Seconds in which one way to describe a job knows what another has shown."""
CHEAP = 0.3
"""A job latency in seconds below which ten jobs cost nothing; above it, ids of earlier scenarios fill up."""


def play(stage: Stage) -> None:
    """Play the scenario. Jobs of the run from earlier scenarios serve as further ids where there are any."""
    make_active(stage, Step.PREPARE)
    with held(stage, Step.PAUSE, Step.SUBMIT_HELD, Step.RESUME, stage.order("held")) as ids:
        stage.look_for(Step.HELD, ids)
    for index in range(OWN):
        new = stage.submit_or_break(Step.SUBMIT, stage.order(f"own {index}"))
        ids.extend(new)
        stage.look_for(Step.SINGLE, new)
    several = stage.spec.multi_documented
    ten = _up_to_ten(stage, ids) if several else ids
    stage.watch_ended(Step.WATCH, ids)
    unknown = unknown_job_id(stage)
    stage.calls.describe(Step.UNKNOWN, unknown)
    for pattern in (f"{ids[-1][:-4]}%", f"{ids[-1][:-1]}_", "%"):
        stage.calls.describe(Step.WILDCARD, pattern)
    if several:
        stage.calls.describe(Step.KNOWN, *ids)
        stage.calls.describe(Step.UP_TO_TEN, *ten)
        others = unknown_job_id(stage, "other")
        stage.calls.describe(Step.KNOWN_AND_UNKNOWN, ids[0], unknown, ids[1], others)
        stage.calls.describe(Step.ELEVEN, *ten, *(unknown_job_id(stage, f"{i}") for i in range(11 - len(ten))))
        stage.watch_ended(Step.ENDED, ten)
    for job_id in ids:
        stage.calls.describe(Step.ENDED, job_id)
    if several:
        _together(stage, ids)


def _together(stage: Stage, ids: list[str]) -> None:
    """Describe the ended jobs in one request, again while it tells of one otherwise: an answer may be a moment old."""
    deadline = stage.now() + SETTLED
    while True:
        reply = stage.calls.describe(Step.TOGETHER, *ids)
        if not reply.ok or all(job.state in FINAL_STATES for job in reply.jobs) or stage.now() >= deadline:
            return
        stage.pause_thread(stage.patience.poll)


def _up_to_ten(stage: Stage, own: list[str]) -> list[str]:
    ids = dict.fromkeys(own)
    listed = stage.calls.list_jobs(Step.EARLIER, {"tag": stage.order("any").tag, "size": "100"})
    for job in listed.jobs:
        told = (job.operation.user_data if job.operation else None) or ""
        if job.job_id and told.startswith(stage.run_id) and len(ids) < MOST:
            ids[job.job_id] = None
    if stage.patience.calibration.job_latency < CHEAP:
        while len(ids) < MOST:
            ids.update(dict.fromkeys(stage.submit_or_break(Step.FILL, stage.order(f"fill {len(ids)}"))))
    return list(ids)
