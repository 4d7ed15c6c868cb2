"""Scenario `multi`: several Operations in one request, and one Operation too many."""

from ciq_conformance.driver.stage import Stage
from ciq_conformance.scenarios.readiness import make_active
from ciq_conformance.steps.multi import TOLD, Step

LEVELS = (2, None, 0, 1)
"""One Operation each; the levels are in no order, so that a wrong assignment shows."""


def play(stage: Stage) -> None:
    """Submit four jobs in one request, watch them, hear of them; then send seven Operations."""
    make_active(stage, Step.PREPARE)
    address = stage.receiver.address(stage.channel(TOLD))
    orders = [
        stage.order(
            f"many {index}", level=level if stage.spec.has_job_level else None, callback=address, callback_format="XML"
        )
        for index, level in enumerate(LEVELS)
    ]
    ids = [job.job_id for job in stage.submit(Step.MANY, *orders).jobs if job.job_id]
    if ids:
        stage.look(Step.DESCRIBE, ids)
        stage.watch_ended(Step.WATCH, ids)
        stage.wait_callbacks(TOLD, ids)
    too_many = stage.submit(Step.SEVEN, *(stage.order(f"seven {index}") for index in range(7)))
    taken = [job.job_id for job in too_many.jobs if job.job_id]
    if taken:
        if stage.spec.cancel_documented:
            for job_id in taken:
                stage.calls.cancel(Step.SEVEN_CANCEL, job_id)
        stage.watch_ended(Step.SEVEN_WATCH, taken)
