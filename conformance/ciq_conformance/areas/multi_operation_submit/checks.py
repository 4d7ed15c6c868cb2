"""Checks of the scenario `multi` (MUL)."""

from collections import Counter

from ciq_conformance.areas.errors.jobs_of_rejected_submits import no_rejected_submit_made_a_job
from ciq_conformance.areas.multi_operation_submit import SPEC
from ciq_conformance.areas.multi_operation_submit.labels import BY_RULE, OWN_JSON, OWN_XML, REJECTED, Label
from ciq_conformance.judge.evidence import Evidence
from ciq_conformance.judge.finding import Deviations, Finding, blocked, deviates, holds, inconclusive, observed
from ciq_conformance.judge.job_facts import ids_of, level_of, output_of, shortened, tag_of, user_data_of
from ciq_conformance.judge.preconditions import (
    expect_rejections,
    expect_status_200,
    expect_success,
    record_ids,
    require_response,
    require_responses,
    require_success,
    with_preconditions,
)
from ciq_conformance.judge.registry import Item, check
from ciq_conformance.scenario_spec import channel_name
from ciq_schemas.lifecycle import WAITING_STATES
from ciq_schemas.transcript import raw
from ciq_schemas.transcript.parsed import ParsedExchange, describe_response
from ciq_schemas.transcript.requests import RequestedJob, requested_jobs
from ciq_schemas.values import Job

Parameters = tuple[str, str, str, str]
"""Tag, UserData, JobLevel, Output.Object."""


@check("MUL-001", SPEC)
@with_preconditions
def each_operation_makes_one_job(evidence: Evidence, item: Item) -> Finding:
    """A submit with several Operations makes one job for each of them."""
    response = expect_status_200(evidence, SPEC, Label.MANY, "HTTP 200 and one JobsDetail for each Operation")
    wanted, got = len(requested_jobs(response)), len(set(ids_of([response])))
    if got != wanted or len(response.jobs) != wanted:
        seen = f"{len(response.jobs)} JobsDetail with {got} different ids"
        return deviates(f"{wanted} JobsDetail, one for each Operation", seen, witness=record_ids(response))
    ended = [job for job in response.jobs if raw.text(job.state) not in WAITING_STATES]
    if ended:
        seen = f"State {ended[0].state or 'missing'} of {ended[0].job_id}"
        return deviates("State Submitted for each job in the answer", seen, witness=record_ids(response))
    return holds(f"{got} jobs", witness=record_ids(response))


def _requested(requested: RequestedJob) -> Parameters:
    # A job without level may show the documented default (samples show 0 when none was sent) or none.
    return requested.tag or "", requested.user_data or "", requested.level or "0", requested.output[2] or ""


def _returned(job: Job) -> Parameters:
    return tag_of(job), user_data_of(job) or "", level_of(job) or "0", output_of(job)[2]


def _comparable(parameters: Parameters, shows_output: bool) -> Parameters:
    return parameters if shows_output else (*parameters[:3], "")


def _describe(parameters: Parameters) -> str:
    tag, user_data, level, output = parameters
    return (
        f"Tag {tag or 'missing'}, UserData {shortened(user_data, 40)}, JobLevel {level}, Output {output or 'missing'}"
    )


def _many(evidence: Evidence) -> ParsedExchange:
    return require_success(evidence, SPEC, Label.MANY)


@check("MUL-002", SPEC)
@with_preconditions
def jobs_have_the_parameters_of_their_operations(evidence: Evidence, item: Item) -> Finding:
    """Each Operation has a job with its parameters, in any order, and describe agrees with the submit."""
    response = _many(evidence)
    if not response.jobs:
        return blocked("no job was made; see MUL-001", witness=record_ids(response))
    shows_output = any(output_of(job)[2] for job in response.jobs)  # otherwise SUB-007 deviates
    wanted = Counter(_comparable(_requested(job), shows_output) for job in requested_jobs(response))
    got = Counter(_comparable(_returned(job), shows_output) for job in response.jobs)
    expected = "one job with Tag, UserData, JobLevel and Output of each Operation"
    if wanted != got:
        missing = [_describe(parameters) for parameters in (wanted - got)]
        extra = [_describe(parameters) for parameters in (got - wanted)]
        seen = f"no job with {'; '.join(missing[:2])}" if missing else "more jobs than Operations"
        seen += f"; instead {'; '.join(extra[:2])}" if extra else ""
        return deviates(expected, seen, witness=record_ids(response))
    answers = [answer for answer in evidence.of(SPEC, Label.DESCRIBE) if answer.ok]
    submitted = {raw.text(job.job_id): _returned(job) for job in response.jobs}
    wrong = Deviations()
    for answer in answers:
        for job in answer.jobs:
            before = submitted.get(raw.text(job.job_id))
            # An ended job may show another output name than the submit request had (`${Number}`).
            if before is not None and _returned(job)[:3] != before[:3]:
                text = f"describe of {job.job_id} shows {_describe(_returned(job))}, submit showed {_describe(before)}"
                wrong.add(answer.exchange.seq, text)
    return wrong.finding(expected, holds(f"{len(submitted)} jobs", witness=record_ids(response, *answers[:1])))


@check("MUL-003", SPEC)
@with_preconditions
def jobs_have_the_order_of_their_operations(evidence: Evidence, item: Item) -> Finding:
    """The jobs in the answer have the order of the Operations, recognized by UserData."""
    response = _many(evidence)
    wanted = [job.user_data for job in requested_jobs(response)]
    got = [user_data_of(job) for job in response.jobs]
    if sorted(str(value) for value in got) != sorted(str(value) for value in wanted):
        return blocked("UserData does not identify the jobs; see MUL-002", witness=record_ids(response))
    if got != wanted:
        order = ", ".join(str(wanted.index(value) + 1) for value in got)
        return deviates(
            "jobs in the order of the Operations", f"jobs of the Operations {order}", witness=record_ids(response)
        )
    return holds(f"{len(got)} in order", witness=record_ids(response))


@check("MUL-004", SPEC)
@with_preconditions
def each_job_gets_its_own_callback(evidence: Evidence, item: Item) -> Finding:
    """The CallBack address of the request receives one callback for each job."""
    response = _many(evidence)
    ids = ids_of([response])
    if not ids:
        return blocked("no job was made; see MUL-001", witness=record_ids(response))
    arrivals = evidence.arrivals(channel_name(item.feature.feature, SPEC, OWN_XML))
    wrong = Deviations()
    notified: dict[str, int] = {}
    for callback in arrivals:
        matching = [job_id for job_id in callback.job_ids if job_id in ids]
        if len(matching) > 1:
            wrong.add(callback.arrival.seq, f"one callback for {len(matching)} jobs")
        for job_id in matching:
            notified.setdefault(job_id, callback.arrival.seq)
    for job_id in ids:
        if job_id not in notified:
            wrong.add(response.exchange.seq, f"no callback for {job_id}")
    expected = f"{len(ids)} callbacks, one for each job"
    return wrong.finding(
        expected, holds(f"{len(notified)} jobs notified", witness=(response.exchange.seq, *notified.values()))
    )


@check("MUL-005", SPEC)
@with_preconditions
def seven_operations_are_rejected(evidence: Evidence, item: Item) -> Finding:
    """The target rejects seven Operations in one request; six is the documented most."""
    return expect_rejections(require_responses(evidence, SPEC, Label.SEVEN), "400 for seven Operations", status=400)


@check("MUL-006", SPEC)
@with_preconditions
def rejected_requests_make_no_job(evidence: Evidence, item: Item) -> Finding:
    """The list sent after the two bad requests contains no job of those that the target rejected."""
    require_responses(evidence, SPEC, *REJECTED)
    bad = {
        label: response for step, labels in REJECTED.items() for response in evidence.of(SPEC, step) for label in labels
    }
    rejected = {label: response for label, response in bad.items() if response.exchange.status >= 400}
    if not rejected:
        return inconclusive("the target rejected neither request", witness=record_ids(*bad.values()))
    return no_rejected_submit_made_a_job(evidence, SPEC, rejected, Label.CONTROL, Label.LIST_AFTER)


@check("MUL-007", SPEC)
@with_preconditions
def callbacks_are_json(evidence: Evidence, item: Item) -> Finding:
    """Each job of a request with CallBackFormat JSON gets a JSON callback."""
    expected = "a JSON callback for each job of a request with CallBackFormat JSON"
    response = expect_success(evidence, SPEC, Label.MANY_JSON, expected)
    ids = ids_of([response])
    if not ids:
        return blocked("no job was made; see MUL-001", witness=record_ids(response))
    wrong, notified = Deviations(), set()
    for callback in evidence.arrivals(channel_name(item.feature.feature, SPEC, OWN_JSON)):
        matching = set(callback.job_ids) & set(ids)
        notified |= matching
        if matching and not callback.is_json:
            wrong.add(callback.arrival.seq, f"a callback for {', '.join(sorted(matching))} is not JSON")
    for job_id in ids:
        if job_id not in notified:
            wrong.add(response.exchange.seq, f"no callback for {job_id}")
    return wrong.finding(expected, holds(f"{len(notified)} jobs", witness=record_ids(response)))


@check("MUL-008", SPEC)
@with_preconditions
def callback_no_silences_all_jobs(evidence: Evidence, item: Item) -> Finding:
    """A request with CallBack `no` causes no callback until a quiet time after the callback of a later job."""
    expected = "no callback for the jobs of a request with CallBack no"
    require_success(evidence, SPEC, Label.RULE)
    response = require_response(evidence, SPEC, Label.MANY_SILENCED)
    if response.refused:
        reason = "older submit pages do not define this value"
        return observed(
            f"answered {describe_response(response)}", witness=record_ids(response), expected=expected, reason=reason
        )
    expect_success(evidence, SPEC, Label.MANY_SILENCED, expected)
    ids = set(ids_of([response]))
    if not ids:
        return blocked("no job was made; see MUL-001", witness=record_ids(response))
    wrong = Deviations()
    for callback in evidence.arrivals():
        for job_id in sorted(ids & set(callback.job_ids)):
            wrong.add(callback.arrival.seq, f"{job_id} is notified at {callback.arrival.target}")
    control = require_success(evidence, SPEC, Label.NOTIFIED_BY_RULE)
    by_rule = evidence.arrivals(channel_name(item.feature.feature, SPEC, BY_RULE))
    arrived = [callback for callback in by_rule if set(ids_of([control])) & set(callback.job_ids)]
    if not arrived and not wrong.items:
        return blocked(
            "the queue's rule caused no callback, so a missing one proves nothing; see RUL-001",
            witness=record_ids(control),
        )
    witness = (*record_ids(response), *(callback.arrival.seq for callback in arrived[:1]))
    return wrong.finding(expected, holds(f"{len(ids)} jobs", witness=witness))
