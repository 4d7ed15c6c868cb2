"""Scenario `rule`: which rule a callback follows - the queue's, the job's own, or none.

A queue's rule may be read when a job is submitted or when it ends (undocumented), so a rule is changed only after
the jobs under it have ended and had time to be told. For each silence there is a control: a plain job submitted
after it, under a rule that must tell; only after the control's callback, and some quiet more, is silence silence.
"""

from collections.abc import Sequence

from ciq_conformance.areas.callback_rule.labels import Channel, Label
from ciq_conformance.driver.requests import CallbackRuleRequest
from ciq_conformance.driver.scenario_context import ScenarioContext
from ciq_conformance.driver.slow_jobs import watch_slow
from ciq_schemas.transcript.parsed import describe_response


def run(ctx: ScenarioContext) -> None:
    """Play the scenario; the queue is given back as it was found."""
    try:
        _without_format(ctx)
        if ctx.spec.job_callback_documented:
            _json(ctx)
            _both_events(ctx)
        _workflow_only(ctx)
        _off(ctx)
        _xml_and_control(ctx)
    finally:
        ctx.restore(Label.RESTORE)


def _rule(ctx: ScenarioContext, *, at: Channel = Channel.QUEUE, **changes: str) -> CallbackRuleRequest:
    return CallbackRuleRequest(url=ctx.receiver.address(ctx.channel(at)), **changes)


def _submit(ctx: ScenarioContext, step: Label, *, own: bool = False, **changes: str) -> list[str]:
    """Submit one job; a refusal is noted and left to the judge."""
    order = ctx.job_request(step, **changes)
    if own:
        order = order.with_(callback=ctx.receiver.address(ctx.channel(Channel.JOB)))
    response = ctx.submit(step, order)
    if not response.ok:
        ctx.record_event("note", f"{step} answered {describe_response(response)}")
        return []
    return response.job_ids


def _finish(
    ctx: ScenarioContext,
    jobs: Sequence[str],
    *,
    queue: Sequence[str] = (),
    own: Sequence[str] = (),
    silence: bool = True,
    at: Channel = Channel.QUEUE,
) -> None:
    """Wait until `jobs` have ended, `queue` were told at the queue's address (`at`) and `own` at the job's.

    Listen some more where there is `silence` to be heard.
    """
    watch_slow(ctx, Label.LOOK, jobs)
    deadline = ctx.now() + ctx.timeouts.callback
    ctx.wait_callbacks(at, queue)
    ctx.wait_callbacks(Channel.JOB, own, max(ctx.timeouts.quiet, deadline - ctx.now()))
    if silence:
        ctx.pause_thread(ctx.timeouts.quiet)


def _without_format(ctx: ScenarioContext) -> None:
    ctx.set_queue_or_fail(Label.RULE_DEFAULT, rule=_rule(ctx))
    own: list[str] = []
    silenced: list[str] = []
    if ctx.spec.job_callback_documented:
        own = _submit(ctx, Label.SUBMIT_OWN_JSON, own=True, callback_format="JSON")
        silenced = _submit(ctx, Label.SUBMIT_SILENCED, callback="no")
    plain = _submit(ctx, Label.SUBMIT_PLAIN)
    _finish(ctx, [*own, *silenced, *plain], queue=plain, own=own, silence=bool(own or silenced))


def _json(ctx: ScenarioContext) -> None:
    response = ctx.set_queue(Label.RULE_JSON, rule=_rule(ctx, result_format="JSON"))
    if not response.ok:
        ctx.record_event("note", f"a rule with ResultFormat JSON answered {describe_response(response)}")
        return
    own = _submit(ctx, Label.SUBMIT_OWN_XML, own=True, callback_format="XML")
    plain = _submit(ctx, Label.SUBMIT_UNDER_JSON)
    _finish(ctx, [*own, *plain], queue=plain, own=own, silence=False)


def _both_events(ctx: ScenarioContext) -> None:
    """One event among two, the other way round than on the pages where the target takes that."""
    response = ctx.set_queue(Label.RULE_BOTH, rule=_rule(ctx, event="WorkflowFinish,TaskFinish"))
    if not response.ok:
        response = ctx.set_queue(Label.RULE_BOTH_AS_SHOWN, rule=_rule(ctx, event="TaskFinish,WorkflowFinish"))
    if not response.ok:
        ctx.record_event("note", f"a rule with two events answered {describe_response(response)}")
        return
    plain = _submit(ctx, Label.SUBMIT_UNDER_BOTH)
    _finish(ctx, plain, queue=plain, silence=False)


def _workflow_only(ctx: ScenarioContext) -> None:
    response = ctx.set_queue(Label.RULE_WORKFLOW, rule=_rule(ctx, event="WorkflowFinish"))
    if not response.ok:
        ctx.record_event("note", f"a rule with Event WorkflowFinish answered {describe_response(response)}")
        return
    _finish(ctx, _submit(ctx, Label.SUBMIT_UNDER_WORKFLOW))


def _off(ctx: ScenarioContext) -> None:
    ctx.set_queue_or_fail(Label.RULE_OFF, rule=_rule(ctx, state="Off"))
    jobs = _submit(ctx, Label.SUBMIT_UNDER_OFF)
    if ctx.spec.job_callback_documented:
        jobs += _submit(ctx, Label.SUBMIT_OWN_UNDER_OFF, own=True)
    _finish(ctx, jobs)


def _xml_and_control(ctx: ScenarioContext) -> None:
    # Document queues document no ResultFormat: there the job is the control only. The address is another one: a
    # target that goes on with the one before is seen.
    documented = {"result_format": "XML"} if ctx.spec.job_callback_documented else {}
    ctx.set_queue_or_fail(Label.RULE_XML, rule=_rule(ctx, at=Channel.NEXT, **documented))
    plain = _submit(ctx, Label.SUBMIT_UNDER_XML)
    _finish(ctx, plain, queue=plain, at=Channel.NEXT)
