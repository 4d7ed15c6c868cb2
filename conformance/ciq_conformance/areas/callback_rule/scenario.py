"""Scenario `rule`: set the callback rule of the queue and of single jobs, and observe which rule each callback follows.

No document says whether the target reads the rule of a queue at the submit or at the end of a job. So the scenario
changes a rule only after the jobs under it have ended and their callbacks had time to arrive. Each check that expects
no callback has a control: a plain job submitted later, under a rule that requires a callback. The check holds only if
the callback of the control arrives and nothing else arrives for some time after it.
"""

from collections.abc import Sequence

from ciq_conformance.areas.callback_rule.labels import Channel, Label
from ciq_conformance.driver.requests import CallbackRuleRequest
from ciq_conformance.driver.scenario_context import ScenarioContext
from ciq_conformance.driver.slow_jobs import watch_slow
from ciq_schemas.transcript.parsed import describe_response


def run(ctx: ScenarioContext) -> None:
    """Runs the scenario, and restores the queue at the end."""
    try:
        _set_default_rule(ctx)
        if ctx.spec.job_callback_documented:
            _set_json_rule(ctx)
            _set_rule_with_two_events(ctx)
            _set_message_queue_rule(ctx)
        _set_workflow_rule(ctx)
        _set_rule_off(ctx)
        _set_xml_rule_for_control(ctx)
    finally:
        ctx.restore(Label.RESTORE)


def _rule(ctx: ScenarioContext, *, at: Channel = Channel.QUEUE, **changes: str) -> CallbackRuleRequest:
    return CallbackRuleRequest(url=ctx.receiver.address(ctx.channel(at)), **changes)


def _submit(ctx: ScenarioContext, step: Label, *, own: bool = False, **changes: str) -> list[str]:
    """Submits one job; records a rejection as a note, which the checks judge."""
    request = ctx.job_request(step, **changes)
    if own:
        request = request.with_(callback=ctx.receiver.address(ctx.channel(Channel.JOB)))
    response = ctx.submit(step, request)
    if not response.ok:
        ctx.record_event("note", f"{step} returned {describe_response(response)}")
        return []
    return response.job_ids


def _wait(
    ctx: ScenarioContext,
    jobs: Sequence[str],
    *,
    queue: Sequence[str] = (),
    own: Sequence[str] = (),
    expect_none: bool = True,
    at: Channel = Channel.QUEUE,
) -> None:
    """Waits until `jobs` have ended and the callbacks of `queue` and `own` have arrived.

    Those of `queue` arrive at the address of the queue (`at`), those of `own` at the address of the job. The function
    waits longer where a check expects that no callback arrives (`expect_none`).
    """
    watch_slow(ctx, Label.LOOK, jobs)
    deadline = ctx.now() + ctx.timeouts.callback
    ctx.wait_callbacks(at, queue)
    ctx.wait_callbacks(Channel.JOB, own, max(ctx.timeouts.quiet, deadline - ctx.now()))
    if expect_none:
        ctx.pause_thread(ctx.timeouts.quiet)


def _set_default_rule(ctx: ScenarioContext) -> None:
    ctx.set_queue_or_fail(Label.RULE_DEFAULT, rule=_rule(ctx))
    own: list[str] = []
    without_callback: list[str] = []
    if ctx.spec.job_callback_documented:
        own = _submit(ctx, Label.SUBMIT_OWN_JSON, own=True, callback_format="JSON")
        without_callback = _submit(ctx, Label.SUBMIT_CALLBACK_NO, callback="no")
    plain = _submit(ctx, Label.SUBMIT_PLAIN)
    _wait(ctx, [*own, *without_callback, *plain], queue=plain, own=own, expect_none=bool(own or without_callback))


def _set_json_rule(ctx: ScenarioContext) -> None:
    response = ctx.set_queue(Label.RULE_JSON, rule=_rule(ctx, result_format="JSON"))
    if not response.ok:
        ctx.record_event("note", f"a rule with ResultFormat JSON returned {describe_response(response)}")
        return
    own = _submit(ctx, Label.SUBMIT_OWN_XML, own=True, callback_format="XML")
    plain = _submit(ctx, Label.SUBMIT_UNDER_JSON)
    _wait(ctx, [*own, *plain], queue=plain, own=own, expect_none=False)


def _set_rule_with_two_events(ctx: ScenarioContext) -> None:
    """Sets a rule with two events, in reverse request of the pages where the target accepts that."""
    response = ctx.set_queue(Label.RULE_BOTH, rule=_rule(ctx, event="WorkflowFinish,TaskFinish"))
    if not response.ok:
        response = ctx.set_queue(Label.RULE_BOTH_AS_DOCUMENTED, rule=_rule(ctx, event="TaskFinish,WorkflowFinish"))
    if not response.ok:
        ctx.record_event("note", f"a rule with two events returned {describe_response(response)}")
        return
    plain = _submit(ctx, Label.SUBMIT_UNDER_BOTH)
    _wait(ctx, plain, queue=plain, expect_none=False)


def _set_message_queue_rule(ctx: ScenarioContext) -> None:
    """Sets a rule of type TDMQ whose message queue does not exist; its Url is that of the receiver."""
    rule = _rule(ctx, type="TDMQ", mq_mode="Queue", mq_region="sh", mq_name=f"ciq-{ctx.run_id[:30]}")
    response = ctx.set_queue(Label.RULE_MESSAGE_QUEUE, rule=rule)
    if not response.ok:
        ctx.record_event("note", f"a rule of type TDMQ returned {describe_response(response)}")
        return
    _wait(ctx, _submit(ctx, Label.SUBMIT_UNDER_MESSAGE_QUEUE))


def _set_workflow_rule(ctx: ScenarioContext) -> None:
    response = ctx.set_queue(Label.RULE_WORKFLOW, rule=_rule(ctx, event="WorkflowFinish"))
    if not response.ok:
        ctx.record_event("note", f"a rule with Event WorkflowFinish returned {describe_response(response)}")
        return
    _wait(ctx, _submit(ctx, Label.SUBMIT_UNDER_WORKFLOW))


def _set_rule_off(ctx: ScenarioContext) -> None:
    ctx.set_queue_or_fail(Label.RULE_OFF, rule=_rule(ctx, state="Off"))
    jobs = _submit(ctx, Label.SUBMIT_UNDER_OFF)
    if ctx.spec.job_callback_documented:
        jobs += _submit(ctx, Label.SUBMIT_OWN_UNDER_OFF, own=True)
    _wait(ctx, jobs)


def _set_xml_rule_for_control(ctx: ScenarioContext) -> None:
    # The pages of document queues have no ResultFormat: there the job is only the control. The address is a new one,
    # so that the checks can see whether the target still uses the previous address.
    documented = {"result_format": "XML"} if ctx.spec.job_callback_documented else {}
    ctx.set_queue_or_fail(Label.RULE_XML, rule=_rule(ctx, at=Channel.NEXT, **documented))
    plain = _submit(ctx, Label.SUBMIT_UNDER_XML)
    _wait(ctx, plain, queue=plain, at=Channel.NEXT)
