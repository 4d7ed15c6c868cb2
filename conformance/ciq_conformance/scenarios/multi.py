"""Scenario `multi`: as many Operations in one request as there may be, then one too many, and a bad one among good."""

from ciq_conformance.driver.stage import Stage
from ciq_conformance.scenarios.readiness import list_until_whole, make_active
from ciq_conformance.steps.errors import NO_SUCH_TAG
from ciq_conformance.steps.multi import REFUSED, TOLD, Step

LEVELS = (2, None, 0, 1, 2, 0)
"""One Operation each, six being the documented most (436/85083), in no order: a wrong assignment shows."""


def play(stage: Stage) -> None:
    """Submit six jobs in one request and hear of them; then send what is to be refused, and look for its jobs."""
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
    began = stage.now()
    taken: list[str] = []
    for step, labels in REFUSED.items():
        orders = [stage.order(label) for label in labels]
        if step is Step.HALF_BAD:
            orders[1] = orders[1].with_(tag=NO_SUCH_TAG)
        taken += [job.job_id for job in stage.submit(step, *orders).jobs if job.job_id]
    if stage.spec.cancel_documented:
        for job_id in taken:
            stage.calls.cancel(Step.SEVEN_CANCEL, job_id)
    list_until_whole(stage, began, Step.CONTROL, Step.LIST_AFTER, Step.CONTROL_WATCH)
    if taken:
        stage.watch_ended(Step.SEVEN_WATCH, taken)
