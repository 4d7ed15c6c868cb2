"""Checks of the scenario `cancel` (CAN)."""

from collections.abc import Sequence

from ciq_conformance.areas.cancel import SPEC
from ciq_conformance.areas.cancel.labels import CALLBACKS, CANCELS, LISTS, PAGE, SUBMITS, Label
from ciq_conformance.judge.evidence import Evidence
from ciq_conformance.judge.finding import Deviations, Finding, Kind, blocked, deviates, holds, observed, untested
from ciq_conformance.judge.job_facts import ids_of, jobs_in, last_seen, zones_apart
from ciq_conformance.judge.preconditions import (
    EarlyFinding,
    other_status,
    record_ids,
    require_response,
    require_responses,
    require_success,
    with_preconditions,
)
from ciq_conformance.judge.registry import Item, check
from ciq_conformance.scenario_spec import channel_name
from ciq_schemas.lifecycle import FINAL_STATES, WAITING_STATES, JobState
from ciq_schemas.transcript import raw
from ciq_schemas.transcript.parsed import ParsedExchange, describe_response
from ciq_schemas.values import Job

STARTED = frozenset({JobState.RUNNING, JobState.SUCCESS, JobState.FAILED})


def _attempts(evidence: Evidence) -> list[tuple[str, ParsedExchange]]:
    """Returns the waiting jobs with their cancels; stops the check where the plain job was not waiting."""
    require_response(evidence, SPEC, Label.CANCEL)
    attempts = [(raw.requested_job_id(response.exchange), response) for response in evidence.of(SPEC, *CANCELS)]
    seen = last_seen(evidence.of(SPEC, Label.WAITING), [job_id for job_id, _ in attempts])
    waited = {job_id for job_id, (_, job) in seen.items() if raw.text(job.state) in WAITING_STATES}
    if attempts[0][0] not in waited:
        raise EarlyFinding(blocked("the job to cancel was not seen waiting in the paused queue; see PAU"))
    return [(job_id, response) for job_id, response in attempts if job_id in waited]


def _cancelled(evidence: Evidence) -> list[tuple[str, ParsedExchange]]:
    """Returns the waiting jobs whose cancel the target accepted."""
    attempts = _attempts(evidence)
    require_success(evidence, SPEC, Label.CANCEL)
    return [(job_id, response) for job_id, response in attempts if response.ok]


def _others(evidence: Evidence) -> list[str]:
    """Returns the jobs without a cancel, all of them submitted before the cancels."""
    to_cancel = {raw.requested_job_id(response.exchange) for response in evidence.of(SPEC, *CANCELS)}
    return [job_id for job_id in ids_of(require_responses(evidence, SPEC, *SUBMITS)) if job_id not in to_cancel]


_KINDS = {Label.CANCEL_LEVEL: " of level 2", Label.CANCEL_OF_MANY: " of a request with several jobs"}


def _describe_job(cancel: ParsedExchange) -> str:
    """Returns the job for a message, such as `the job of level 2`."""
    return f"the job{_KINDS.get(Label(cancel.exchange.step), '')}"


@check("CAN-001", SPEC)
@with_preconditions
def waiting_job_is_cancelled(evidence: Evidence, item: Item) -> Finding:
    """The target accepts cancels of waiting jobs: a plain one, one of level 2, one of a request with several jobs."""
    wrong, right = Deviations(), []
    for _, response in _attempts(evidence):
        if response.ok and not other_status(response):
            right.append(response)
        else:
            wrong.add(response.exchange.seq, f"{_describe_job(response)}: {describe_response(response)}")
    return wrong.finding("HTTP 200", holds(f"HTTP 200, {len(right)} times", witness=record_ids(*right)))


@check("CAN-002", SPEC)
@with_preconditions
def cancelled_job_has_state_cancel(evidence: Evidence, item: Item) -> Finding:
    """Cancelled jobs show State Cancel, while the queue is still paused and at the end."""
    wrong, right = Deviations(), []
    for job_id, cancel in _cancelled(evidence):
        seen = last_seen(evidence.of(SPEC, Label.CANCELLED, Label.AT_THE_END), [job_id]).get(job_id)
        if seen is None:
            wrong.add(cancel.exchange.seq, f"{_describe_job(cancel)} is no longer described")
            continue
        response, job = seen
        right += [cancel, response]
        if raw.text(job.state) != JobState.CANCEL:
            for record in (cancel, response):
                wrong.add(record.exchange.seq, f"State {job.state} of {_describe_job(cancel)}")
    return wrong.finding("State Cancel", holds("State Cancel", witness=record_ids(*right)))


@check("CAN-003", SPEC)
@with_preconditions
def cancelled_job_never_runs(evidence: Evidence, item: Item) -> Finding:
    """No later describe and no callback shows a cancelled job as started."""
    cancels = dict(_cancelled(evidence))
    observations = list(jobs_in(evidence.of(SPEC, Label.CANCELLED, Label.WATCH, Label.AT_THE_END), cancels))
    after_resume = [response for response, _ in observations if response.exchange.step != Label.CANCELLED]
    wrong = Deviations()
    for response, job in observations:
        if raw.text(job.state) in STARTED:
            cancel = cancels[raw.text(job.job_id)]
            for record in (cancel, response):
                wrong.add(
                    record.exchange.seq, f"State {job.state} of {_describe_job(cancel)} after its cancel was accepted"
                )
    for callback in evidence.arrivals(channel_name(item.feature.feature, SPEC, CALLBACKS)):
        for job in callback.callback.jobs:
            job_id = raw.text(job.job_id)
            if job_id in cancels and raw.text(job.state) in STARTED:
                text = f"a callback has State {job.state} for {_describe_job(cancels[job_id])} after its cancel"
                wrong.add(callback.arrival.seq, text)
    if not after_resume and not wrong.items:
        reason = "no response describes the cancelled job after the queue was resumed"
        return blocked(reason, witness=record_ids(*cancels.values()))
    power = f"{len(after_resume)} observations of {len(cancels)} jobs after the queue was resumed"
    expected = "never Running, Success or Failed after the cancel"
    witness = record_ids(*cancels.values(), *after_resume[-1:])
    return wrong.finding(expected, holds(power, witness=witness, power=power))


@check("CAN-010", SPEC)
@with_preconditions
def cancelled_job_is_listed(evidence: Evidence, item: Item) -> Finding:
    """Lists by the state Cancel, alone and with another state, contain the jobs that describe shows as Cancel."""
    cancelled = _cancelled(evidence)
    described = last_seen(evidence.of(SPEC, Label.AT_THE_END), [job_id for job_id, _ in cancelled])
    due = {job_id: response for job_id, (response, job) in described.items() if raw.text(job.state) == JobState.CANCEL}
    if not due:
        return blocked("describe shows no cancelled job as Cancel; see CAN-002", witness=record_ids(cancelled[0][1]))
    expected = "the cancelled jobs in lists by their state"
    wrong, right = Deviations(), []
    for step in LISTS:
        require_responses(evidence, SPEC, step)
        response = evidence.of(SPEC, step)[-1]
        name = f"states={raw.query_value(response.exchange, 'states')}"
        absent_ids = [job_id for job_id in due if job_id not in ids_of([response])]
        if not response.ok:
            wrong.add(response.exchange.seq, f"{name}: {describe_response(response)}")
        elif absent_ids and len(response.jobs) < PAGE:
            for record in (due[absent_ids[0]], response):
                wrong.add(record.exchange.seq, f"{name} does not contain {absent_ids[0]}, which is Cancel")
        else:
            right.append(response)
    apart = zones_apart(require_responses(evidence, SPEC, *SUBMITS))
    if wrong.items and apart:
        return blocked(f"{apart}, so the window may select other jobs; see LST-001", witness=record_ids(*due.values()))
    return wrong.finding(expected, holds(f"{len(due)} jobs, {len(right)} times", witness=record_ids(*right)))


@check("CAN-004", SPEC)
@with_preconditions
def other_jobs_run(evidence: Evidence, item: Item) -> Finding:
    """The jobs submitted before and after the cancelled ones run after the queue was resumed."""
    require_success(evidence, SPEC, Label.CANCEL)
    resume = require_success(evidence, SPEC, Label.RESUME)
    others = _others(evidence)
    observations = list(jobs_in(evidence.of(SPEC, Label.WATCH, Label.ENDED_BEFORE, Label.AT_THE_END), others))
    if not observations:
        return blocked("no response describes the other jobs after the queue was resumed", witness=record_ids(resume))
    ran = {raw.text(job.job_id): response for response, job in observations if raw.text(job.state) in STARTED}
    last = {raw.text(job.job_id): (response, job) for response, job in observations}
    wrong = Deviations()
    for job_id in others:
        if job_id in ran:
            continue
        if job_id not in last:
            wrong.add(resume.exchange.seq, f"{job_id} is no longer described")
            continue
        response, job = last[job_id]
        is_cancelled = raw.text(job.state) == JobState.CANCEL
        seen = "shows Cancel without a cancel" if is_cancelled else f"was still {job.state} at the timeout"
        wrong.add(response.exchange.seq, f"{job_id} {seen}")
    witness = record_ids(resume, *ran.values())[:6]
    return wrong.finding("the jobs without a cancel run", holds(f"{len(ran)} jobs ran", witness=witness))


@check("CAN-005", SPEC)
@with_preconditions
def cancel_does_not_change_an_ended_job(evidence: Evidence, item: Item) -> Finding:
    """Ended jobs, also a failed one, have the same state before and after their cancels."""
    attempt = require_response(evidence, SPEC, Label.CANCEL_ENDED)
    ids = _others(evidence)
    before = next(jobs_in(evidence.of(SPEC, Label.ENDED_BEFORE), ids), None)
    if before is None or raw.text(before[1].state) not in FINAL_STATES:
        state = before[1].state if before else "not described"
        return blocked(f"the job had not ended ({state}) before its cancel", witness=record_ids(attempt))
    finding = _judge_unchanged(before, attempt, evidence.of(SPEC, Label.ENDED_AFTER, Label.AT_THE_END))
    failed_attempt = evidence.one(SPEC, Label.CANCEL_FAILED)
    if finding.kind is not Kind.HOLDS or failed_attempt is None:
        return finding
    failed_id = raw.requested_job_id(failed_attempt.exchange)
    failed = last_seen(evidence.of(SPEC, Label.UNTIL_FAILED), [failed_id]).get(failed_id)
    if failed is None:
        return finding
    other = _judge_unchanged(failed, failed_attempt, evidence.of(SPEC, Label.AFTER_FAILED))
    return finding if other.kind is Kind.HOLDS else other


def _judge_unchanged(
    before: tuple[ParsedExchange, Job], attempt: ParsedExchange, later: Sequence[ParsedExchange]
) -> Finding:
    """Judges that a job has its final state after an attempt to cancel it."""
    earlier, ended = before
    expected = f"State {ended.state} as before the cancel"
    after = last_seen(later, [raw.text(ended.job_id)]).get(raw.text(ended.job_id))
    if after is None:
        return deviates(expected, "the job is no longer described", witness=record_ids(earlier, attempt))
    response, job = after
    witness = record_ids(earlier, attempt, response)
    if raw.text(job.state) != raw.text(ended.state):
        return deviates(expected, f"State {job.state} ({describe_response(attempt)})", witness=witness)
    return holds(f"State {job.state}, the cancel returned {describe_response(attempt)}", witness=witness)


@check("CAN-006", SPEC)
@with_preconditions
def cancel_returns_no_body(evidence: Evidence, item: Item) -> Finding:
    """The response to an accepted cancel has no body."""
    response = require_success(evidence, SPEC, Label.CANCEL)
    body = response.exchange.response_body.data
    if body:
        return deviates("no body, Content-Length 0", f"{len(body)} bytes", witness=record_ids(response))
    return holds("no body", witness=record_ids(response))


@check("CAN-007", SPEC)
@with_preconditions
def callback_of_cancelled_job_is_reported(evidence: Evidence, item: Item) -> Finding:
    """Reports whether a callback arrived for the cancelled job."""
    job_id, cancel = _cancelled(evidence)[0]
    arrivals = evidence.arrivals(channel_name(item.feature.feature, SPEC, CALLBACKS))
    callbacks = [callback for callback in arrivals if job_id in callback.job_ids]
    if callbacks:
        state = next((job.state for job in callbacks[0].callback.jobs if job.job_id == job_id), None)
        return observed(f"a callback with State {state}", witness=(cancel.exchange.seq, callbacks[0].arrival.seq))
    others = {other for callback in arrivals for other in callback.job_ids}
    return observed(f"no callback; {len(others)} other jobs were reported", witness=record_ids(cancel))


@check("CAN-008", SPEC)
@with_preconditions
def cancel_of_unknown_id_is_no_server_error(evidence: Evidence, item: Item) -> Finding:
    """A cancel of an unknown id returns a status below 500."""
    response = require_response(evidence, SPEC, Label.CANCEL_UNKNOWN)
    status = response.exchange.status
    if not status or status >= 500:
        return deviates("a status below 500", describe_response(response), witness=record_ids(response))
    return holds(describe_response(response), witness=record_ids(response))


@check("CAN-009", SPEC)
@with_preconditions
def running_job_is_not_cancelled(evidence: Evidence, item: Item) -> Finding:
    """A job that was seen Running does not show Cancel after its cancel."""
    require_response(evidence, SPEC, Label.CANCEL_UNKNOWN)
    cancel = evidence.one(SPEC, Label.CANCEL_RUNNING)
    if cancel is None:
        return untested("no job was seen Running because jobs are too short; name a larger sample input in the profile")
    job_id = raw.requested_job_id(cancel.exchange)
    observations = list(jobs_in(evidence.of(SPEC, Label.AFTER_RUNNING), [job_id]))
    if not observations:
        return blocked("no response describes the running job after its cancel", witness=record_ids(cancel))
    cancelled = next((response for response, job in observations if raw.text(job.state) == JobState.CANCEL), None)
    if cancelled is not None:
        seen = f"State Cancel after a cancel that returned {describe_response(cancel)}"
        running = next(jobs_in(evidence.of(SPEC, Label.UNTIL_RUNNING)[-1:], [job_id]), None)
        return deviates(
            "a running job is not cancelled", seen, witness=record_ids(*(running or ())[:1], cancel, cancelled)
        )
    response, job = observations[-1]
    return holds(
        f"State {job.state}, the cancel returned {describe_response(cancel)}", witness=record_ids(cancel, response)
    )
