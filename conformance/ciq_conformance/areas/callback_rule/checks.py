"""Checks of the scenario `rule`: whose rule a callback follows (RUL)."""

from collections.abc import Iterator

from ciq_conformance.areas.callback_retries import SPEC as CALLBACK_RETRIES
from ciq_conformance.areas.callback_retries import labels
from ciq_conformance.areas.callback_rule import SPEC
from ciq_conformance.areas.callback_rule.jobs import address_of, arrives_at, job_of
from ciq_conformance.areas.callback_rule.labels import Channel, Label
from ciq_conformance.judge.evidence import Evidence
from ciq_conformance.judge.finding import (
    Finding,
    Kind,
    absent,
    blocked,
    cannot_tell,
    deviates,
    holds,
    observed,
)
from ciq_conformance.judge.observed_jobs import missing_callback, observed_jobs
from ciq_conformance.judge.registry import Item, check
from ciq_conformance.scenario_spec import channel_name
from ciq_schemas.requirement import Format
from ciq_schemas.transcript.jobs import ObservedJob
from ciq_schemas.transcript.parsed import ParsedCallback, describe_response
from ciq_schemas.transcript.requests import requested_update


def _form(callback: ParsedCallback) -> Format:
    return Format.JSON if callback.is_json else Format.XML


@check("RUL-001", SPEC)
def queue_rule_sends(evidence: Evidence, _item: Item) -> Finding:
    """With the rule On a job without an address is told at the rule's Url, and at the next Url once that is set."""
    job = job_of(evidence, Label.SUBMIT_PLAIN)
    if isinstance(job, Finding):
        return job
    expected = "the callback of a job without CallBack arrives at the Url of the queue's rule"
    first = arrives_at(evidence, job, Channel.QUEUE, expected)
    if first.kind is not Kind.HOLDS:
        return first
    for later, address in _later(evidence):
        elsewhere = [
            callback.arrival for callback in later.unambiguous_callbacks if callback.arrival.channel != address
        ]
        if elsewhere and not later.on(address):
            return deviates(
                expected,
                f"job {later.job_id} ({later.step}) was told at {elsewhere[0].channel}, the address of an earlier "
                f"rule, only; the Url of its rule was {address}",
                witness=(elsewhere[0].seq, later.submit.exchange.seq),
            )
    return first


def _later(evidence: Evidence) -> Iterator[tuple[ObservedJob, str]]:
    """Jobs submitted when the rule's Url had been changed, with the address that it then was."""
    rules = evidence.one(SPEC, Label.RULE_DEFAULT), evidence.one(SPEC, Label.RULE_XML)
    last = job_of(evidence, Label.SUBMIT_UNDER_XML)
    if isinstance(last, ObservedJob) and len({requested_update(rule).url for rule in rules if rule is not None}) > 1:
        yield last, address_of(evidence, Channel.NEXT)
    for step, channel in labels.SUBMITS.items():
        name = channel_name(evidence.feature, CALLBACK_RETRIES, channel)
        for met in observed_jobs(evidence, CALLBACK_RETRIES, (step,), labels.LOOKS):
            yield met, name


@check("RUL-002", SPEC)
def job_address_wins(evidence: Evidence, _item: Item) -> Finding:
    """A job with CallBack is told there."""
    job = job_of(evidence, Label.SUBMIT_OWN_JSON)
    if isinstance(job, Finding):
        return job
    return arrives_at(evidence, job, Channel.JOB, "the callback of a job with CallBack arrives at that address")


@check("RUL-003", SPEC)
def job_address_is_instead(evidence: Evidence, _item: Item) -> Finding:
    """Nothing of a job with CallBack arrives at the queue's address."""
    job = job_of(evidence, Label.SUBMIT_OWN_JSON)
    if isinstance(job, Finding):
        return job
    expected = "a job with CallBack is not told at the queue's address as well"
    return _silent(evidence, job, Label.SUBMIT_PLAIN, expected, at=Channel.QUEUE)


@check("RUL-004", SPEC)
def job_format_wins(evidence: Evidence, _item: Item) -> Finding:
    """CallBackFormat decides the form, whatever the queue's rule says."""
    expected = "the callback has the form of CallBackFormat"
    seqs: list[int] = []
    waiting: list[Finding] = []
    for step, form in ((Label.SUBMIT_OWN_JSON, Format.JSON), (Label.SUBMIT_OWN_XML, Format.XML)):
        job = job_of(evidence, step)
        if isinstance(job, Finding):
            waiting.append(job)
            continue
        for callback in job.callbacks:
            if _form(callback) is not form:
                queue = "JSON" if form is Format.XML else "its default, XML"
                return deviates(
                    expected,
                    f"job {job.job_id} with CallBackFormat {form.upper()} was told in {_form(callback).upper()}, the "
                    f"queue's format being {queue}",
                    witness=(callback.arrival.seq, job.submit.exchange.seq),
                )
            seqs.append(callback.arrival.seq)
        if not job.callbacks:
            waiting.append(blocked(f"no callback of job {job.job_id} ({step}) came; RUL-002 judges that"))
    if not seqs:
        return waiting[0]
    left = f"; not seen: {waiting[0].reason}" if waiting else ""
    return holds(f"{len(seqs)} callback(s) in the form their job asked for{left}", witness=tuple(seqs))


@check("RUL-005", SPEC)
def no_silences(evidence: Evidence, _item: Item) -> Finding:
    """CallBack `no` keeps the queue's rule from telling of the job."""
    expected = "nothing arrives for a job with CallBack no"
    submit = evidence.one(SPEC, Label.SUBMIT_SILENCED)
    plain = evidence.one(SPEC, Label.SUBMIT_PLAIN)
    if submit is not None and submit.refused and plain is not None and plain.ok:
        return observed(
            f"the job was refused with {describe_response(submit)}",
            witness=(submit.exchange.seq,),
            reason="`no` is a documented value of CallBack on newer submit pages only; older ones know addresses",
            expected=expected,
        )
    job = job_of(evidence, Label.SUBMIT_SILENCED)
    if isinstance(job, Finding):
        return job
    return _silent(evidence, job, Label.SUBMIT_PLAIN, expected)


@check("RUL-006", SPEC)
def off_is_silent(evidence: Evidence, _item: Item) -> Finding:
    """With the rule Off, its Url and Event still set, nothing arrives."""
    job = job_of(evidence, Label.SUBMIT_UNDER_OFF)
    if isinstance(job, Finding):
        return job
    expected = "nothing arrives while the queue's rule is Off"
    return _silent(evidence, job, Label.SUBMIT_UNDER_XML, expected, but=Channel.NEXT)


@check("RUL-007", SPEC)
def other_event_is_silent(evidence: Evidence, item: Item) -> Finding:
    """With Event WorkflowFinish only, a job without address is not told."""
    rule = evidence.one(SPEC, Label.RULE_WORKFLOW)
    if rule is not None and not rule.ok:
        told = f"a rule with Event WorkflowFinish was answered with {describe_response(rule)}"
        seq = rule.exchange.seq
        if not item.feature.job_callback_documented:
            return absent(f"{told}; the pages of this queue do not name that event", witness=(seq,))
        return blocked(f"{told}, though the event is documented; the UPD requirements judge that", witness=(seq,))
    job = job_of(evidence, Label.SUBMIT_UNDER_WORKFLOW)
    if isinstance(job, Finding):
        return job
    expected = "no TaskFinish arrives while the rule's Event is WorkflowFinish only"
    return _silent(evidence, job, Label.SUBMIT_UNDER_XML, expected, but=Channel.NEXT)


def _silent(
    evidence: Evidence,
    job: ObservedJob,
    control_step: Label,
    expected: str,
    *,
    at: Channel | None = None,
    but: Channel | None = None,
) -> Finding:
    """Silence about a job, proven by a control that was told afterwards.

    `but` is the address of a later rule that must tell: no document says that a rule is not read when a callback is
    sent, which may be a while after the job's end.
    """
    heard = job.unambiguous_callbacks if at is None else job.on(address_of(evidence, at))
    if but is not None:
        heard = tuple(callback for callback in heard if callback.arrival.channel != address_of(evidence, but))
    if not heard and job.rule_changed_before_end:
        return blocked(
            f"job {job.job_id} ({job.step}) was not seen to end before the next rule was set, and no document says "
            "which of the two rules counts then; raise `timeout_factor` in the profile",
            witness=(job.submit.exchange.seq,),
        )
    if heard:
        arrival = heard[0].arrival
        return deviates(
            expected,
            f"job {job.job_id} ({job.step}) was told at {arrival.channel or arrival.target}",
            witness=(arrival.seq, job.submit.exchange.seq),
        )
    if job.ended is None:
        return blocked(
            f"job {job.job_id} ({job.step}) was not seen to end, so its silence says nothing; see LIF-002",
            witness=(job.submit.exchange.seq,),
        )
    control = job_of(evidence, control_step)
    if isinstance(control, Finding):
        return cannot_tell(f"no control job: {control.reason}")
    if not control.callbacks:
        return cannot_tell(
            f"the control job {control.job_id} ({control.step}) was not told either, so the silence says nothing; "
            "RUL-001 judges the rule itself",
            witness=(control.submit.exchange.seq,),
        )
    told = control.callbacks[0].arrival
    ended = job.ended.response.exchange.ended
    listened = max((r.exchange.started for r in evidence.of(SPEC)), default=ended) - ended
    return holds(
        f"nothing of job {job.job_id}, which ended as {job.ended.job.state}; the control was told",
        witness=(job.ended.seq, told.seq),
        power=f"listened {max(listened, 0.0):.1f} s after the job's end",
    )


@check("RUL-008", SPEC)
def result_format_decides(evidence: Evidence, _item: Item) -> Finding:
    """ResultFormat JSON gives JSON, XML gives XML."""
    expected = "the callback has the form of the rule's ResultFormat"
    seqs: list[int] = []
    waiting: list[Finding] = []
    for rule_step, step, form in (
        (Label.RULE_JSON, Label.SUBMIT_UNDER_JSON, Format.JSON),
        (Label.RULE_XML, Label.SUBMIT_UNDER_XML, Format.XML),
    ):
        rule = evidence.one(SPEC, rule_step)
        if rule is not None and rule.refused:
            return deviates(
                expected,
                f"a rule with ResultFormat {form.upper()} was refused with {describe_response(rule)}",
                witness=(rule.exchange.seq,),
            )
        job = job_of(evidence, step)
        if isinstance(job, Finding):
            waiting.append(job)
            continue
        for callback in job.unambiguous_callbacks:
            if _form(callback) is not form:
                return deviates(
                    expected,
                    f"with ResultFormat {form.upper()} job {job.job_id} was told in {_form(callback).upper()}",
                    witness=(callback.arrival.seq, job.submit.exchange.seq),
                )
            seqs.append(callback.arrival.seq)
        if not job.callbacks:
            plain = job_of(evidence, Label.SUBMIT_PLAIN)
            told = isinstance(plain, ObservedJob) and plain.callbacks
            wanting = missing_callback(evidence, SPEC, job, expected)
            waiting.append(wanting if told else blocked("no callback came at all; RUL-001 judges that"))
    if waiting:
        return waiting[0]
    return holds("JSON and XML as the rule says", witness=tuple(seqs))


@check("RUL-011", SPEC)
def one_event_of_two_counts(evidence: Evidence, _item: Item) -> Finding:
    """With TaskFinish and WorkflowFinish in Event a job without an address is told."""
    expected = "TaskFinish counts beside another event of the rule"
    rules = evidence.of(SPEC, Label.RULE_BOTH, Label.RULE_BOTH_AS_SHOWN)
    if rules and rules[-1].refused:
        seen = f"a rule with both events was refused with {describe_response(rules[-1])}"
        return deviates(expected, seen, witness=(rules[-1].exchange.seq,))
    job = job_of(evidence, Label.SUBMIT_UNDER_BOTH)
    if isinstance(job, Finding):
        return job
    plain = job_of(evidence, Label.SUBMIT_PLAIN)
    if not job.callbacks and not (isinstance(plain, ObservedJob) and plain.callbacks):
        return blocked("no callback came at all; RUL-001 judges that", witness=(job.submit.exchange.seq,))
    return arrives_at(evidence, job, Channel.QUEUE, expected)


@check("RUL-009", SPEC)
def off_with_own_address(evidence: Evidence, _item: Item) -> Finding:
    """Measured: is a job with an address told while the queue's rule is Off?"""
    job = job_of(evidence, Label.SUBMIT_OWN_UNDER_OFF)
    if isinstance(job, Finding):
        return job
    undocumented = "documents do not say which is right; do not rely on either"
    if job.callbacks:
        arrival = job.callbacks[0].arrival
        return observed("it is told, at the job's address", witness=(arrival.seq,), reason=undocumented)
    if job.ended is None:
        return cannot_tell(f"job {job.job_id} was not seen to end; see LIF-002")
    return observed("it is not told", witness=(job.ended.seq,), reason=undocumented)


@check("RUL-010", SPEC)
def default_is_xml(evidence: Evidence, _item: Item) -> Finding:
    """Without any format the callback is XML."""
    job = job_of(evidence, Label.SUBMIT_PLAIN)
    if isinstance(job, Finding):
        return job
    expected = "an XML body where neither the rule nor the job names a format"
    if not job.callbacks:
        return (
            missing_callback(evidence, SPEC, job, expected)
            if job.ended is None
            else blocked(f"no callback of job {job.job_id} came; RUL-001 judges that")
        )
    json = next((callback for callback in job.unambiguous_callbacks if callback.is_json), None)
    if json is None:
        return holds(f"job {job.job_id} was told in XML", witness=(job.callbacks[0].arrival.seq,))
    rule = evidence.one(SPEC, Label.RULE_DEFAULT)
    config = rule.queue.notify_config if rule is not None and rule.queue is not None else None
    if rule is not None and config is not None and (config.result_format or "").upper() == "JSON":
        return cannot_tell(
            "the update without ResultFormat was answered with ResultFormat JSON: the target keeps the format of an "
            "earlier rule, which no document forbids; set the queue's format to XML once and run again",
            witness=(rule.exchange.seq, json.arrival.seq),
        )
    return deviates(expected, f"job {job.job_id} was told in JSON", witness=(json.arrival.seq,))
