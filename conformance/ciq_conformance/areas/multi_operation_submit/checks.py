"""Checks of the scenario `multi` (MUL)."""

from collections import Counter

from ciq_conformance.areas.errors.jobs_of_rejected_submits import leftovers
from ciq_conformance.areas.multi_operation_submit import SPEC
from ciq_conformance.areas.multi_operation_submit.labels import BY_RULE, REFUSED, TOLD, TOLD_JSON, Label
from ciq_conformance.judge.evidence import Evidence
from ciq_conformance.judge.finding import Deviations, Finding, blocked, cannot_tell, deviates, holds, observed
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
def one_job_an_operation(evidence: Evidence, item: Item) -> Finding:
    """How many jobs a submit with several Operations makes."""
    response = expect_status_200(evidence, SPEC, Label.MANY, "HTTP 200 and one JobsDetail for each Operation")
    wanted, got = len(requested_jobs(response)), len(set(ids_of([response])))
    if got != wanted or len(response.jobs) != wanted:
        seen = f"{len(response.jobs)} JobsDetail with {got} different ids"
        return deviates(f"{wanted} JobsDetail, one for each Operation", seen, witness=record_ids(response))
    ended = [job for job in response.jobs if raw.text(job.state) not in WAITING_STATES]
    if ended:
        seen = f"State {ended[0].state or 'missing'} of {ended[0].job_id}"
        return deviates("State Submitted on each job of the answer", seen, witness=record_ids(response))
    return holds(f"{got} jobs", witness=record_ids(response))


def _wanted(asked_for: RequestedJob) -> Parameters:
    # A job without level may show the documented default (samples show 0 where none was given) or none.
    return asked_for.tag or "", asked_for.user_data or "", asked_for.level or "0", asked_for.output[2] or ""


def _got(job: Job) -> Parameters:
    return tag_of(job), user_data_of(job) or "", level_of(job) or "0", output_of(job)[2]


def _whole(parameters: Parameters, shows_output: bool) -> Parameters:
    return parameters if shows_output else (*parameters[:3], "")


def _words(parameters: Parameters) -> str:
    tag, user_data, level, output = parameters
    return (
        f"Tag {tag or 'missing'}, UserData {shortened(user_data, 40)}, JobLevel {level}, Output {output or 'missing'}"
    )


def _many(evidence: Evidence) -> ParsedExchange:
    return require_success(evidence, SPEC, Label.MANY)


@check("MUL-002", SPEC)
@with_preconditions
def own_parameters(evidence: Evidence, item: Item) -> Finding:
    """Parameters of the jobs against those of the Operations, in whatever order."""
    response = _many(evidence)
    if not response.jobs:
        return blocked("no job was made; see MUL-001", witness=record_ids(response))
    shows_output = any(output_of(job)[2] for job in response.jobs)  # else SUB-007 tells
    wanted = Counter(_whole(_wanted(asked_for), shows_output) for asked_for in requested_jobs(response))
    got = Counter(_whole(_got(job), shows_output) for job in response.jobs)
    expected = "Tag, UserData, JobLevel and Output of each Operation on one job"
    if wanted != got:
        missing = [_words(parameters) for parameters in (wanted - got)]
        extra = [_words(parameters) for parameters in (got - wanted)]
        seen = f"no job with {'; '.join(missing[:2]) or 'nothing else'}"
        seen += f"; instead {'; '.join(extra[:2])}" if extra else ""
        return deviates(expected, seen, witness=record_ids(response))
    looks = [look for look in evidence.of(SPEC, Label.DESCRIBE) if look.ok]
    given = {raw.text(job.job_id): _got(job) for job in response.jobs}
    wrong = Deviations()
    for look in looks:
        for job in look.jobs:
            mine = given.get(raw.text(job.job_id))
            # An ended job may show its output by another name than it was ordered by (`${Number}`).
            if mine is not None and _got(job)[:3] != mine[:3]:
                text = f"describe of {job.job_id} shows {_words(_got(job))}, submit showed {_words(mine)}"
                wrong.add(look.exchange.seq, text)
    return wrong.finding(expected, holds(f"{len(given)} jobs", witness=record_ids(response, *looks[:1])))


@check("MUL-003", SPEC)
@with_preconditions
def jobs_in_order(evidence: Evidence, item: Item) -> Finding:
    """UserData, which is different in each Operation, along the jobs of the answer."""
    response = _many(evidence)
    wanted = [asked_for.user_data for asked_for in requested_jobs(response)]
    got = [user_data_of(job) for job in response.jobs]
    if sorted(str(value) for value in got) != sorted(str(value) for value in wanted):
        return blocked("the jobs cannot be told apart by UserData; see MUL-002", witness=record_ids(response))
    if got != wanted:
        order = ", ".join(str(wanted.index(value) + 1) for value in got)
        return deviates(
            "jobs in the order of the Operations", f"jobs of the Operations {order}", witness=record_ids(response)
        )
    return holds(f"{len(got)} in order", witness=record_ids(response))


@check("MUL-004", SPEC)
@with_preconditions
def own_callbacks(evidence: Evidence, item: Item) -> Finding:
    """Arrivals at the request's CallBack address."""
    response = _many(evidence)
    ids = ids_of([response])
    if not ids:
        return blocked("no job was made; see MUL-001", witness=record_ids(response))
    arrivals = evidence.arrivals(channel_name(item.feature.feature, SPEC, TOLD))
    wrong = Deviations()
    told: dict[str, int] = {}
    for callback in arrivals:
        mine = [job_id for job_id in callback.job_ids if job_id in ids]
        if len(mine) > 1:
            wrong.add(callback.arrival.seq, f"one callback for {len(mine)} jobs")
        for job_id in mine:
            told.setdefault(job_id, callback.arrival.seq)
    for job_id in ids:
        if job_id not in told:
            wrong.add(response.exchange.seq, f"no callback for {job_id}")
    expected = f"{len(ids)} callbacks, one for each job"
    return wrong.finding(expected, holds(f"{len(told)} jobs told", witness=(response.exchange.seq, *told.values())))


@check("MUL-005", SPEC)
@with_preconditions
def seven_operations(evidence: Evidence, item: Item) -> Finding:
    """Seven Operations; six is the documented most."""
    return expect_rejections(
        require_responses(evidence, SPEC, Label.SEVEN), "seven Operations are refused with 400", status=400
    )


@check("MUL-006", SPEC)
@with_preconditions
def refused_makes_none(evidence: Evidence, item: Item) -> Finding:
    """Jobs of the two bad requests in the list made after them, of those that were refused."""
    require_responses(evidence, SPEC, *REFUSED)
    refused = {
        label: response for step, labels in REFUSED.items() for response in evidence.of(SPEC, step) for label in labels
    }
    left = {label: response for label, response in refused.items() if response.exchange.status >= 400}
    if not left:
        return cannot_tell("neither request was refused", witness=record_ids(*refused.values()))
    return leftovers(evidence, SPEC, left, Label.CONTROL, Label.LIST_AFTER)


@check("MUL-007", SPEC)
@with_preconditions
def told_in_json(evidence: Evidence, item: Item) -> Finding:
    """Arrivals for the jobs of a request with CallBackFormat JSON."""
    expected = "each job of a request with CallBackFormat JSON is told in JSON"
    response = expect_success(evidence, SPEC, Label.MANY_JSON, expected)
    ids = ids_of([response])
    if not ids:
        return blocked("no job was made; see MUL-001", witness=record_ids(response))
    wrong, told = Deviations(), set()
    for callback in evidence.arrivals(channel_name(item.feature.feature, SPEC, TOLD_JSON)):
        mine = set(callback.job_ids) & set(ids)
        told |= mine
        if mine and not callback.is_json:
            wrong.add(callback.arrival.seq, f"a callback for {', '.join(sorted(mine))} that is no JSON")
    for job_id in ids:
        if job_id not in told:
            wrong.add(response.exchange.seq, f"no callback for {job_id}")
    return wrong.finding(expected, holds(f"{len(told)} jobs", witness=record_ids(response)))


@check("MUL-008", SPEC)
@with_preconditions
def silenced_together(evidence: Evidence, item: Item) -> Finding:
    """Arrivals for the jobs of a request with CallBack `no`, up to some quiet after that of a job behind them."""
    expected = "nothing arrives for the jobs of a request with CallBack no"
    require_success(evidence, SPEC, Label.RULE)
    response = require_response(evidence, SPEC, Label.MANY_SILENCED)
    if response.refused:
        reason = "older submit pages do not have the value"
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
            wrong.add(callback.arrival.seq, f"{job_id} is told at {callback.arrival.target}")
    control = require_success(evidence, SPEC, Label.TOLD_BY_RULE)
    by_rule = evidence.arrivals(channel_name(item.feature.feature, SPEC, BY_RULE))
    heard = [callback for callback in by_rule if set(ids_of([control])) & set(callback.job_ids)]
    if not heard and not wrong.items:
        return blocked(
            "the queue's rule tells of no job, so silence says nothing; see RUL-001", witness=record_ids(control)
        )
    witness = (*record_ids(response), *(callback.arrival.seq for callback in heard[:1]))
    return wrong.finding(expected, holds(f"{len(ids)} jobs", witness=witness))
