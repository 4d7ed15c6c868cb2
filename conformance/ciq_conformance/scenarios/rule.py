"""Scenario `rule`: which rule a callback follows - the queue's, the job's own, or none.

A queue's rule may be read when a job is submitted or when it ends (undocumented), so a rule is changed only after
the jobs under it have ended and had time to be told. For each silence there is a control: a plain job submitted
after it, under a rule that must tell; only after the control's callback, and some quiet more, is silence silence.
"""

from collections.abc import Sequence

from ciq_conformance.driver.orders import RuleOrder
from ciq_conformance.driver.stage import Stage, describe_reply
from ciq_conformance.scenarios.slow_jobs import watch_slow
from ciq_conformance.steps.rule import Channel, Step


def play(stage: Stage) -> None:
    """Play the scenario; the queue is given back as it was found."""
    try:
        _without_format(stage)
        if stage.spec.job_callback_documented:
            _json(stage)
            _both_events(stage)
        _workflow_only(stage)
        _off(stage)
        _xml_and_control(stage)
    finally:
        stage.restore(Step.RESTORE)


def _rule(stage: Stage, *, at: Channel = Channel.QUEUE, **changes: str) -> RuleOrder:
    return RuleOrder(url=stage.receiver.address(stage.channel(at)), **changes)


def _submit(stage: Stage, step: Step, *, own: bool = False, **changes: str) -> list[str]:
    """Submit one job; a refusal is noted and left to the judge."""
    order = stage.order(step, **changes)
    if own:
        order = order.with_(callback=stage.receiver.address(stage.channel(Channel.JOB)))
    reply = stage.submit(step, order)
    if not reply.ok:
        stage.mark("note", f"{step} answered {describe_reply(reply)}")
        return []
    return reply.job_ids


def _finish(
    stage: Stage,
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
    watch_slow(stage, Step.LOOK, jobs)
    deadline = stage.now() + stage.patience.callback
    stage.wait_callbacks(at, queue)
    stage.wait_callbacks(Channel.JOB, own, max(stage.patience.quiet, deadline - stage.now()))
    if silence:
        stage.pause_thread(stage.patience.quiet)


def _without_format(stage: Stage) -> None:
    stage.set_queue_or_break(Step.RULE_DEFAULT, rule=_rule(stage))
    own: list[str] = []
    silenced: list[str] = []
    if stage.spec.job_callback_documented:
        own = _submit(stage, Step.SUBMIT_OWN_JSON, own=True, callback_format="JSON")
        silenced = _submit(stage, Step.SUBMIT_SILENCED, callback="no")
    plain = _submit(stage, Step.SUBMIT_PLAIN)
    _finish(stage, [*own, *silenced, *plain], queue=plain, own=own, silence=bool(own or silenced))


def _json(stage: Stage) -> None:
    reply = stage.set_queue(Step.RULE_JSON, rule=_rule(stage, result_format="JSON"))
    if not reply.ok:
        stage.mark("note", f"a rule with ResultFormat JSON answered {describe_reply(reply)}")
        return
    own = _submit(stage, Step.SUBMIT_OWN_XML, own=True, callback_format="XML")
    plain = _submit(stage, Step.SUBMIT_UNDER_JSON)
    _finish(stage, [*own, *plain], queue=plain, own=own, silence=False)


def _both_events(stage: Stage) -> None:
    """One event among two, the other way round than on the pages where the target takes that."""
    reply = stage.set_queue(Step.RULE_BOTH, rule=_rule(stage, event="WorkflowFinish,TaskFinish"))
    if not reply.ok:
        reply = stage.set_queue(Step.RULE_BOTH_AS_SHOWN, rule=_rule(stage, event="TaskFinish,WorkflowFinish"))
    if not reply.ok:
        stage.mark("note", f"a rule with two events answered {describe_reply(reply)}")
        return
    plain = _submit(stage, Step.SUBMIT_UNDER_BOTH)
    _finish(stage, plain, queue=plain, silence=False)


def _workflow_only(stage: Stage) -> None:
    reply = stage.set_queue(Step.RULE_WORKFLOW, rule=_rule(stage, event="WorkflowFinish"))
    if not reply.ok:
        stage.mark("note", f"a rule with Event WorkflowFinish answered {describe_reply(reply)}")
        return
    _finish(stage, _submit(stage, Step.SUBMIT_UNDER_WORKFLOW))


def _off(stage: Stage) -> None:
    stage.set_queue_or_break(Step.RULE_OFF, rule=_rule(stage, state="Off"))
    jobs = _submit(stage, Step.SUBMIT_UNDER_OFF)
    if stage.spec.job_callback_documented:
        jobs += _submit(stage, Step.SUBMIT_OWN_UNDER_OFF, own=True)
    _finish(stage, jobs)


def _xml_and_control(stage: Stage) -> None:
    # Document queues document no ResultFormat: there the job is the control only. The address is another one: a
    # target that goes on with the one before is seen.
    documented = {"result_format": "XML"} if stage.spec.job_callback_documented else {}
    stage.set_queue_or_break(Step.RULE_XML, rule=_rule(stage, at=Channel.NEXT, **documented))
    plain = _submit(stage, Step.SUBMIT_UNDER_XML)
    _finish(stage, plain, queue=plain, at=Channel.NEXT)
