"""Scenario `multi`: as many Operations in one request as there may be, then one too many, and a bad one among good."""

from ciq_conformance.driver.orders import JobOrder, RuleOrder
from ciq_conformance.driver.stage import Stage
from ciq_conformance.scenarios.readiness import list_until_whole, make_active
from ciq_conformance.steps.errors import NO_SUCH_TAG
from ciq_conformance.steps.multi import BY_RULE, REFUSED, TOLD, TOLD_JSON, Step

LEVELS = (2, None, 0, 1, 2, 0)
"""One Operation each, six being the documented most (436/85083), in no order: a wrong assignment shows."""


def play(stage: Stage) -> None:
    """Submit six jobs in one request and hear of them, and of others in other ways.

    Then send what is to be refused, and look for its jobs.
    """
    make_active(stage, Step.PREPARE)
    address = stage.receiver.address(stage.channel(TOLD))
    orders = [
        stage.order(
            f"many {index}", level=level if stage.spec.has_job_level else None, callback=address, callback_format="XML"
        )
        for index, level in enumerate(LEVELS)
    ]
    ids = _submit(stage, Step.MANY, *orders)
    if ids:
        stage.look(Step.DESCRIBE, ids)
        _other_callbacks(stage, ids)
        stage.wait_callbacks(TOLD, ids)
    began = stage.now()
    taken: list[str] = []
    for step, labels in REFUSED.items():
        orders = [stage.order(label) for label in labels]
        if step is Step.HALF_BAD:
            orders[1] = orders[1].with_(tag=NO_SUCH_TAG)
        taken += stage.submit(step, *orders).job_ids
    if stage.spec.cancel_documented:
        for job_id in taken:
            stage.calls.cancel(Step.SEVEN_CANCEL, job_id)
    list_until_whole(stage, began, Step.CONTROL, Step.LIST_AFTER, Step.CONTROL_WATCH)
    if taken:
        stage.watch_ended(Step.SEVEN_WATCH, taken)


def _submit(stage: Stage, step: Step, *orders: JobOrder) -> list[str]:
    return stage.submit(step, *orders).job_ids


def _other_callbacks(stage: Stage, many: list[str]) -> None:
    """Two jobs to be told in JSON and two not at all, then a control which the queue's rule tells of; wait for all."""
    rule = RuleOrder(url=stage.receiver.address(stage.channel(BY_RULE)))
    ruled = stage.set_queue(Step.RULE, rule=rule).ok
    address = stage.receiver.address(stage.channel(TOLD_JSON))

    def two(label: str, **choice: str) -> list[JobOrder]:
        return [stage.order(f"{label} {index}", **choice) for index in range(2)]

    in_json = _submit(stage, Step.MANY_JSON, *two("json", callback=address, callback_format="JSON"))
    silenced = _submit(stage, Step.MANY_SILENCED, *two("silenced", callback="no")) if ruled else []
    control = _submit(stage, Step.TOLD_BY_RULE, stage.order("told by rule")) if ruled else []
    stage.watch_ended(Step.WATCH, [*many, *in_json, *silenced, *control])
    stage.wait_callbacks(TOLD_JSON, in_json)
    if ruled:
        stage.wait_callbacks(BY_RULE, control)
        stage.pause_thread(stage.patience.quiet)
        stage.restore()
