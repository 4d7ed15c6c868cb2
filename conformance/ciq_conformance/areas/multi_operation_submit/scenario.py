"""Scenario `multi`: as many Operations in one request as documented, then one too many, then one bad Operation."""

from ciq_conformance.areas.errors.labels import NO_SUCH_TAG
from ciq_conformance.areas.multi_operation_submit.labels import BY_RULE, OWN_JSON, OWN_XML, REJECTED, Label
from ciq_conformance.driver.queue_setup import list_until_whole, make_active
from ciq_conformance.driver.requests import CallbackRuleRequest, JobRequest
from ciq_conformance.driver.scenario_context import ScenarioContext

LEVELS = (2, None, 0, 1, 2, 0)
"""JobLevel of each Operation. Six is the documented most (436/85083). The levels are unsorted: a wrong order shows."""


def run(ctx: ScenarioContext) -> None:
    """Submit six jobs in one request and wait for their callbacks; then submit jobs with other callback settings.

    Then send requests that the target must reject, and look for their jobs.
    """
    make_active(ctx, Label.PREPARE)
    address = ctx.receiver.address(ctx.channel(OWN_XML))
    orders = [
        ctx.job_request(
            f"many {index}", level=level if ctx.spec.has_job_level else None, callback=address, callback_format="XML"
        )
        for index, level in enumerate(LEVELS)
    ]
    ids = _submit(ctx, Label.MANY, *orders)
    if ids:
        ctx.look(Label.DESCRIBE, ids)
        _other_callbacks(ctx, ids)
        ctx.wait_callbacks(OWN_XML, ids)
    began = ctx.now()
    taken: list[str] = []
    for step, labels in REJECTED.items():
        orders = [ctx.job_request(label) for label in labels]
        if step is Label.HALF_BAD:
            orders[1] = orders[1].with_(tag=NO_SUCH_TAG)
        taken += ctx.submit(step, *orders).job_ids
    if ctx.spec.cancel_documented:
        for job_id in taken:
            ctx.calls.cancel(Label.SEVEN_CANCEL, job_id)
    list_until_whole(ctx, began, Label.CONTROL, Label.LIST_AFTER, Label.CONTROL_WATCH)
    if taken:
        ctx.watch_ended(Label.SEVEN_WATCH, taken)


def _submit(ctx: ScenarioContext, step: Label, *orders: JobRequest) -> list[str]:
    return ctx.submit(step, *orders).job_ids


def _other_callbacks(ctx: ScenarioContext, many: list[str]) -> None:
    """Submit two jobs with JSON callbacks, two without, and a control under the queue's rule; wait for callbacks."""
    rule = CallbackRuleRequest(url=ctx.receiver.address(ctx.channel(BY_RULE)))
    ruled = ctx.set_queue(Label.RULE, rule=rule).ok
    address = ctx.receiver.address(ctx.channel(OWN_JSON))

    def two(label: str, **choice: str) -> list[JobRequest]:
        return [ctx.job_request(f"{label} {index}", **choice) for index in range(2)]

    in_json = _submit(ctx, Label.MANY_JSON, *two("json", callback=address, callback_format="JSON"))
    silenced = _submit(ctx, Label.MANY_SILENCED, *two("silenced", callback="no")) if ruled else []
    control = _submit(ctx, Label.NOTIFIED_BY_RULE, ctx.job_request("notified by rule")) if ruled else []
    ctx.watch_ended(Label.WATCH, [*many, *in_json, *silenced, *control])
    ctx.wait_callbacks(OWN_JSON, in_json)
    if ruled:
        ctx.wait_callbacks(BY_RULE, control)
        ctx.pause_thread(ctx.timeouts.quiet)
        ctx.restore()
