"""Checks of the scenario `rule`: which rule a callback follows (RUL)."""

from collections.abc import Iterator

from ciq_conformance.areas.callback_retries import SPEC as CALLBACK_RETRIES
from ciq_conformance.areas.callback_retries import labels
from ciq_conformance.areas.callback_rule import SPEC
from ciq_conformance.areas.callback_rule.jobs import address_of, arrives_at, job_of, judge_job
from ciq_conformance.areas.callback_rule.labels import Channel, Label
from ciq_conformance.judge.evidence import Evidence
from ciq_conformance.judge.finding import Finding, Kind, blocked, deviates, holds, inconclusive, observed, untested
from ciq_conformance.judge.observed_jobs import missing_callback, observed_jobs
from ciq_conformance.judge.registry import Item, check
from ciq_conformance.scenario_spec import channel_name
from ciq_schemas.requirement import Format
from ciq_schemas.transcript.jobs import ObservedJob
from ciq_schemas.transcript.parsed import ParsedCallback, describe_response
from ciq_schemas.transcript.requests import requested_update


def _format_of(callback: ParsedCallback) -> Format:
    return Format.JSON if callback.is_json else Format.XML


@check("RUL-001", SPEC)
@judge_job(Label.SUBMIT_PLAIN)
def callback_arrives_at_the_url_of_the_rule(evidence: Evidence, job: ObservedJob) -> Finding:
    """With the rule On, the callback of a job without CallBack arrives at the Url of the current rule."""
    expected = "the callback of a job without CallBack arrives at the Url of the queue's rule"
    first = arrives_at(evidence, job, Channel.QUEUE, expected)
    if first.kind is not Kind.HOLDS:
        return first
    for later, address in _jobs_under_later_rules(evidence):
        elsewhere = [
            callback.arrival for callback in later.unambiguous_callbacks if callback.arrival.channel != address
        ]
        if elsewhere and not later.on(address):
            return deviates(
                expected,
                f"the callback of job {later.job_id} ({later.step}) arrived only at {elsewhere[0].channel}, the "
                f"address of an earlier rule; the Url of its rule was {address}",
                witness=(elsewhere[0].seq, later.submit.exchange.seq),
            )
    return first


def _jobs_under_later_rules(evidence: Evidence) -> Iterator[tuple[ObservedJob, str]]:
    """Yields the jobs submitted after a change of the rule's Url, with the address of the new Url."""
    rules = evidence.one(SPEC, Label.RULE_DEFAULT), evidence.one(SPEC, Label.RULE_XML)
    last = job_of(evidence, Label.SUBMIT_UNDER_XML)
    if isinstance(last, ObservedJob) and len({requested_update(rule).url for rule in rules if rule is not None}) > 1:
        yield last, address_of(evidence, Channel.NEXT)
    for step, channel in labels.SUBMITS.items():
        name = channel_name(evidence.feature, CALLBACK_RETRIES, channel)
        for job in observed_jobs(evidence, CALLBACK_RETRIES, (step,), labels.LOOKS):
            yield job, name


@check("RUL-002", SPEC)
@judge_job(Label.SUBMIT_OWN_JSON)
def callback_arrives_at_the_job_address(evidence: Evidence, job: ObservedJob) -> Finding:
    """The callback of a job with CallBack arrives at that address."""
    return arrives_at(evidence, job, Channel.JOB, "the callback of a job with CallBack arrives at that address")


@check("RUL-003", SPEC)
@judge_job(Label.SUBMIT_OWN_JSON)
def job_address_replaces_the_queue_address(evidence: Evidence, job: ObservedJob) -> Finding:
    """No callback of a job with CallBack arrives at the address of the queue."""
    expected = "no callback of a job with CallBack arrives at the address of the queue"
    return _judge_no_callback(evidence, job, Label.SUBMIT_PLAIN, expected, at=Channel.QUEUE)


@check("RUL-004", SPEC)
def callback_format_of_the_job_applies(evidence: Evidence, _item: Item) -> Finding:
    """The callback has the format of CallBackFormat, not that of the queue's rule."""
    expected = "the callback has the format of CallBackFormat"
    seqs: list[int] = []
    unclear: list[Finding] = []
    for step, form in ((Label.SUBMIT_OWN_JSON, Format.JSON), (Label.SUBMIT_OWN_XML, Format.XML)):
        job = job_of(evidence, step)
        if isinstance(job, Finding):
            unclear.append(job)
            continue
        for callback in job.callbacks:
            if _format_of(callback) is not form:
                queue = "JSON" if form is Format.XML else "its default, XML"
                return deviates(
                    expected,
                    f"with CallBackFormat {form.upper()} the callback of job {job.job_id} is "
                    f"{_format_of(callback).upper()}; the format of the queue is {queue}",
                    witness=(callback.arrival.seq, job.submit.exchange.seq),
                )
            seqs.append(callback.arrival.seq)
        if not job.callbacks:
            unclear.append(blocked(f"no callback of job {job.job_id} ({step}) arrived; RUL-002 judges that"))
    if not seqs:
        return unclear[0]
    remark = f"; not observed: {unclear[0].reason}" if unclear else ""
    return holds(f"{len(seqs)} callback(s) in the format that their job requests{remark}", witness=tuple(seqs))


@check("RUL-005", SPEC)
def callback_no_prevents_the_callback(evidence: Evidence, _item: Item) -> Finding:
    """No callback arrives for a job with CallBack `no`, although the queue's rule is On."""
    expected = "no callback arrives for a job with CallBack no"
    submit = evidence.one(SPEC, Label.SUBMIT_CALLBACK_NO)
    plain = evidence.one(SPEC, Label.SUBMIT_PLAIN)
    if submit is not None and submit.refused and plain is not None and plain.ok:
        return observed(
            f"the target rejected the job with {describe_response(submit)}",
            witness=(submit.exchange.seq,),
            reason="only newer submit pages document the value `no` of CallBack; older pages document addresses",
            expected=expected,
        )
    job = job_of(evidence, Label.SUBMIT_CALLBACK_NO)
    if isinstance(job, Finding):
        return job
    return _judge_no_callback(evidence, job, Label.SUBMIT_PLAIN, expected)


@check("RUL-006", SPEC)
@judge_job(Label.SUBMIT_UNDER_OFF)
def rule_off_prevents_callbacks(evidence: Evidence, job: ObservedJob) -> Finding:
    """No callback arrives while the rule is Off, even if its Url and Event are set."""
    expected = "no callback arrives while the queue's rule is Off"
    return _judge_no_callback(evidence, job, Label.SUBMIT_UNDER_XML, expected, except_at=Channel.NEXT)


@check("RUL-007", SPEC)
def rule_for_another_event_sends_no_callback(evidence: Evidence, item: Item) -> Finding:
    """No callback arrives for a job without CallBack while the rule's only Event is WorkflowFinish."""
    rule = evidence.one(SPEC, Label.RULE_WORKFLOW)
    if rule is not None and not rule.ok:
        seen = f"the target answered a rule with Event WorkflowFinish with {describe_response(rule)}"
        seq = rule.exchange.seq
        if not item.feature.job_callback_documented:
            return untested(f"{seen}; the pages of this queue do not name that event", witness=(seq,))
        return blocked(f"{seen}, although the event is documented; the UPD requirements judge that", witness=(seq,))
    job = job_of(evidence, Label.SUBMIT_UNDER_WORKFLOW)
    if isinstance(job, Finding):
        return job
    expected = "no TaskFinish arrives while the rule's only Event is WorkflowFinish"
    return _judge_no_callback(evidence, job, Label.SUBMIT_UNDER_XML, expected, except_at=Channel.NEXT)


@check("RUL-012", SPEC)
def rule_of_type_tdmq_sends_no_post(evidence: Evidence, item: Item) -> Finding:
    """No callback arrives by HTTP for a job without CallBack while the rule has the type TDMQ."""
    rule = evidence.one(SPEC, Label.RULE_MESSAGE_QUEUE)
    if rule is not None and not rule.ok:
        seen = f"the target answered a rule of type TDMQ with {describe_response(rule)}"
        return untested(f"{seen}; older pages have the type Url only", witness=(rule.exchange.seq,))
    job = job_of(evidence, Label.SUBMIT_UNDER_MESSAGE_QUEUE)
    if isinstance(job, Finding):
        return job
    expected = "no callback arrives at an address while the rule has the type TDMQ"
    return _judge_no_callback(evidence, job, Label.SUBMIT_UNDER_XML, expected, except_at=Channel.NEXT)


def _judge_no_callback(
    evidence: Evidence,
    job: ObservedJob,
    control_step: Label,
    expected: str,
    *,
    at: Channel | None = None,
    except_at: Channel | None = None,
) -> Finding:
    """Judges that no callback of a job arrived; the later callback of a control job proves that callbacks arrive.

    `except_at` is the address of a later rule that requires a callback: a target may read the rule when it sends the
    callback, which may happen some time after the end of the job.
    """
    arrived = job.unambiguous_callbacks if at is None else job.on(address_of(evidence, at))
    if except_at is not None:
        arrived = tuple(callback for callback in arrived if callback.arrival.channel != address_of(evidence, except_at))
    if not arrived and job.rule_changed_before_end:
        return blocked(
            f"job {job.job_id} ({job.step}) was not seen to end before the scenario set the next rule, and no document "
            "says which of the two rules applies; raise `timeout_factor` in the profile",
            witness=(job.submit.exchange.seq,),
        )
    if arrived:
        arrival = arrived[0].arrival
        return deviates(
            expected,
            f"a callback of job {job.job_id} ({job.step}) arrived at {arrival.channel or arrival.target}",
            witness=(arrival.seq, job.submit.exchange.seq),
        )
    if job.ended is None:
        return blocked(
            f"job {job.job_id} ({job.step}) was not seen to end, so a missing callback proves nothing; see LIF-002",
            witness=(job.submit.exchange.seq,),
        )
    control = job_of(evidence, control_step)
    if isinstance(control, Finding):
        return inconclusive(f"no control job: {control.reason}")
    if not control.callbacks:
        return inconclusive(
            f"no callback of the control job {control.job_id} ({control.step}) arrived either, so this proves nothing; "
            "RUL-001 judges the rule itself",
            witness=(control.submit.exchange.seq,),
        )
    proof = control.callbacks[0].arrival
    ended = job.ended.response.exchange.ended
    last_request = max((r.exchange.started for r in evidence.of(SPEC)), default=ended)
    return holds(
        f"no callback of job {job.job_id}, which ended as {job.ended.job.state}; that of the control job arrived",
        witness=(job.ended.seq, proof.seq),
        power=f"waited {max(last_request - ended, 0.0):.1f} s after the end of the job",
    )


@check("RUL-008", SPEC)
def result_format_of_the_rule_applies(evidence: Evidence, _item: Item) -> Finding:
    """Callbacks under ResultFormat JSON are JSON, callbacks under XML are XML."""
    expected = "the callback has the format of the rule's ResultFormat"
    seqs: list[int] = []
    unclear: list[Finding] = []
    for rule_step, step, form in (
        (Label.RULE_JSON, Label.SUBMIT_UNDER_JSON, Format.JSON),
        (Label.RULE_XML, Label.SUBMIT_UNDER_XML, Format.XML),
    ):
        rule = evidence.one(SPEC, rule_step)
        if rule is not None and rule.refused:
            return deviates(
                expected,
                f"the target rejected a rule with ResultFormat {form.upper()} with {describe_response(rule)}",
                witness=(rule.exchange.seq,),
            )
        job = job_of(evidence, step)
        if isinstance(job, Finding):
            unclear.append(job)
            continue
        for callback in job.unambiguous_callbacks:
            if _format_of(callback) is not form:
                return deviates(
                    expected,
                    f"with ResultFormat {form.upper()} the callback of job {job.job_id} is "
                    f"{_format_of(callback).upper()}",
                    witness=(callback.arrival.seq, job.submit.exchange.seq),
                )
            seqs.append(callback.arrival.seq)
        if not job.callbacks:
            plain = job_of(evidence, Label.SUBMIT_PLAIN)
            any_arrived = isinstance(plain, ObservedJob) and plain.callbacks
            missing = missing_callback(evidence, SPEC, job, expected)
            unclear.append(missing if any_arrived else blocked("no callback arrived at all; RUL-001 judges that"))
    if unclear:
        return unclear[0]
    return holds("JSON and XML as in the rules", witness=tuple(seqs))


@check("RUL-011", SPEC)
def rule_with_two_events_sends_callbacks(evidence: Evidence, _item: Item) -> Finding:
    """The callback of a job without CallBack arrives under a rule with TaskFinish and WorkflowFinish."""
    expected = "a rule with TaskFinish and another event sends the callback of a job"
    rules = evidence.of(SPEC, Label.RULE_BOTH, Label.RULE_BOTH_AS_DOCUMENTED)
    if rules and rules[-1].refused:
        seen = f"the target rejected a rule with both events with {describe_response(rules[-1])}"
        return deviates(expected, seen, witness=(rules[-1].exchange.seq,))
    job = job_of(evidence, Label.SUBMIT_UNDER_BOTH)
    if isinstance(job, Finding):
        return job
    plain = job_of(evidence, Label.SUBMIT_PLAIN)
    if not job.callbacks and not (isinstance(plain, ObservedJob) and plain.callbacks):
        return blocked("no callback arrived at all; RUL-001 judges that", witness=(job.submit.exchange.seq,))
    return arrives_at(evidence, job, Channel.QUEUE, expected)


@check("RUL-009", SPEC)
@judge_job(Label.SUBMIT_OWN_UNDER_OFF)
def job_address_under_rule_off_is_reported(evidence: Evidence, job: ObservedJob) -> Finding:
    """Reports whether a callback arrives for a job with CallBack while the queue's rule is Off."""
    undocumented = "no document says which is right; do not rely on either"
    if job.callbacks:
        arrival = job.callbacks[0].arrival
        return observed("a callback arrives at the address of the job", witness=(arrival.seq,), reason=undocumented)
    if job.ended is None:
        return inconclusive(f"job {job.job_id} was not seen to end; see LIF-002")
    return observed("no callback arrives", witness=(job.ended.seq,), reason=undocumented)


@check("RUL-010", SPEC)
@judge_job(Label.SUBMIT_PLAIN)
def default_format_is_xml(evidence: Evidence, job: ObservedJob) -> Finding:
    """The callback is XML where neither the rule nor the job names a format."""
    expected = "an XML body where neither the rule nor the job names a format"
    if not job.callbacks:
        return (
            missing_callback(evidence, SPEC, job, expected)
            if job.ended is None
            else blocked(f"no callback of job {job.job_id} arrived; RUL-001 judges that")
        )
    json = next((callback for callback in job.unambiguous_callbacks if callback.is_json), None)
    if json is None:
        return holds(f"the callback of job {job.job_id} is XML", witness=(job.callbacks[0].arrival.seq,))
    rule = evidence.one(SPEC, Label.RULE_DEFAULT)
    config = rule.queue.notify_config if rule is not None and rule.queue is not None else None
    if rule is not None and config is not None and (config.result_format or "").upper() == "JSON":
        return untested(
            "the target answered an update without ResultFormat with ResultFormat JSON: it keeps the format of an "
            "earlier rule, which no document forbids, so the rule of this queue always names a format",
            witness=(rule.exchange.seq, json.arrival.seq),
        )
    return deviates(expected, f"the callback of job {job.job_id} is JSON", witness=(json.arrival.seq,))
