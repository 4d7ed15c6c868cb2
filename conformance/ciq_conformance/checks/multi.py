"""Checks of the scenario `multi` (MUL)."""

from collections import Counter

from ciq_conformance.checks.job_facts import ids_of, level_of, output_of, shortened, tag_of, user_data_of
from ciq_conformance.checks.leftovers import leftovers
from ciq_conformance.checks.premise import accepted, asked, granted, made, premised, refusals, said, seq, with_200
from ciq_conformance.driver.stage import channel_name
from ciq_conformance.judge.evidence import Evidence
from ciq_conformance.judge.finding import Collected, Finding, blocked, cannot_tell, deviates, holds, observed
from ciq_conformance.judge.registry import Item, check
from ciq_conformance.steps.multi import BY_RULE, REFUSED, TOLD, TOLD_JSON, Step
from ciq_schemas.lifecycle import WAITING_STATES
from ciq_schemas.requirement import Scenario
from ciq_schemas.transcript import raw
from ciq_schemas.transcript.parsed import ParsedExchange
from ciq_schemas.transcript.requests import RequestedJob, requested_jobs
from ciq_schemas.values import Job

HERE = Scenario.MULTI
Parameters = tuple[str, str, str, str]
"""Tag, UserData, JobLevel, Output.Object."""


@check("MUL-001")
@premised
def one_job_an_operation(evidence: Evidence, item: Item) -> Finding:
    """How many jobs a submit with several Operations makes."""
    reply = with_200(evidence, HERE, Step.MANY, "HTTP 200 and one JobsDetail for each Operation")
    wanted, got = len(requested_jobs(reply)), len(set(ids_of([reply])))
    if got != wanted or len(reply.jobs) != wanted:
        seen = f"{len(reply.jobs)} JobsDetail with {got} different ids"
        return deviates(f"{wanted} JobsDetail, one for each Operation", seen, witness=seq(reply))
    ended = [job for job in reply.jobs if raw.text(job.state) not in WAITING_STATES]
    if ended:
        seen = f"State {ended[0].state or 'missing'} of {ended[0].job_id}"
        return deviates("State Submitted on each job of the answer", seen, witness=seq(reply))
    return holds(f"{got} jobs", witness=seq(reply))


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
    return granted(evidence, HERE, Step.MANY)


@check("MUL-002")
@premised
def own_parameters(evidence: Evidence, item: Item) -> Finding:
    """Parameters of the jobs against those of the Operations, in whatever order."""
    reply = _many(evidence)
    if not reply.jobs:
        return blocked("no job was made; see MUL-001", witness=seq(reply))
    shows_output = any(output_of(job)[2] for job in reply.jobs)  # else SUB-007 tells
    wanted = Counter(_whole(_wanted(asked_for), shows_output) for asked_for in requested_jobs(reply))
    got = Counter(_whole(_got(job), shows_output) for job in reply.jobs)
    expected = "Tag, UserData, JobLevel and Output of each Operation on one job"
    if wanted != got:
        missing = [_words(parameters) for parameters in (wanted - got)]
        extra = [_words(parameters) for parameters in (got - wanted)]
        seen = f"no job with {'; '.join(missing[:2]) or 'nothing else'}"
        seen += f"; instead {'; '.join(extra[:2])}" if extra else ""
        return deviates(expected, seen, witness=seq(reply))
    looks = [look for look in evidence.of(HERE, Step.DESCRIBE) if look.ok]
    given = {raw.text(job.job_id): _got(job) for job in reply.jobs}
    wrong = Collected()
    for look in looks:
        for job in look.jobs:
            mine = given.get(raw.text(job.job_id))
            # An ended job may show its output by another name than it was ordered by (`${Number}`).
            if mine is not None and _got(job)[:3] != mine[:3]:
                text = f"describe of {job.job_id} shows {_words(_got(job))}, submit showed {_words(mine)}"
                wrong.add(look.exchange.seq, text)
    return wrong.finding(expected, holds(f"{len(given)} jobs", witness=seq(reply, *looks[:1])))


@check("MUL-003")
@premised
def jobs_in_order(evidence: Evidence, item: Item) -> Finding:
    """UserData, which is different in each Operation, along the jobs of the answer."""
    reply = _many(evidence)
    wanted = [asked_for.user_data for asked_for in requested_jobs(reply)]
    got = [user_data_of(job) for job in reply.jobs]
    if sorted(str(value) for value in got) != sorted(str(value) for value in wanted):
        return blocked("the jobs cannot be told apart by UserData; see MUL-002", witness=seq(reply))
    if got != wanted:
        order = ", ".join(str(wanted.index(value) + 1) for value in got)
        return deviates("jobs in the order of the Operations", f"jobs of the Operations {order}", witness=seq(reply))
    return holds(f"{len(got)} in order", witness=seq(reply))


@check("MUL-004")
@premised
def own_callbacks(evidence: Evidence, item: Item) -> Finding:
    """Arrivals at the request's CallBack address."""
    reply = _many(evidence)
    ids = ids_of([reply])
    if not ids:
        return blocked("no job was made; see MUL-001", witness=seq(reply))
    arrivals = evidence.arrivals(channel_name(item.feature.feature, HERE, TOLD))
    wrong = Collected()
    told: dict[str, int] = {}
    for notice in arrivals:
        mine = [job_id for job_id in notice.job_ids if job_id in ids]
        if len(mine) > 1:
            wrong.add(notice.arrival.seq, f"one callback for {len(mine)} jobs")
        for job_id in mine:
            told.setdefault(job_id, notice.arrival.seq)
    for job_id in ids:
        if job_id not in told:
            wrong.add(reply.exchange.seq, f"no callback for {job_id}")
    expected = f"{len(ids)} callbacks, one for each job"
    return wrong.finding(expected, holds(f"{len(told)} jobs told", witness=(reply.exchange.seq, *told.values())))


@check("MUL-005")
@premised
def seven_operations(evidence: Evidence, item: Item) -> Finding:
    """Seven Operations; six is the documented most."""
    return refusals(made(evidence, HERE, Step.SEVEN), "seven Operations are refused with 400", status=400)


@check("MUL-006")
@premised
def refused_makes_none(evidence: Evidence, item: Item) -> Finding:
    """Jobs of the two bad requests in the list made after them, of those that were refused."""
    made(evidence, HERE, *REFUSED)
    refused = {
        label: reply for step, labels in REFUSED.items() for reply in evidence.of(HERE, step) for label in labels
    }
    left = {label: reply for label, reply in refused.items() if reply.exchange.status >= 400}
    if not left:
        return cannot_tell("neither request was refused", witness=seq(*refused.values()))
    return leftovers(evidence, HERE, left, Step.CONTROL, Step.LIST_AFTER)


@check("MUL-007")
@premised
def told_in_json(evidence: Evidence, item: Item) -> Finding:
    """Arrivals for the jobs of a request with CallBackFormat JSON."""
    expected = "each job of a request with CallBackFormat JSON is told in JSON"
    reply = accepted(evidence, HERE, Step.MANY_JSON, expected)
    ids = ids_of([reply])
    if not ids:
        return blocked("no job was made; see MUL-001", witness=seq(reply))
    wrong, told = Collected(), set()
    for notice in evidence.arrivals(channel_name(item.feature.feature, HERE, TOLD_JSON)):
        mine = set(notice.job_ids) & set(ids)
        told |= mine
        if mine and not notice.is_json:
            wrong.add(notice.arrival.seq, f"a callback for {', '.join(sorted(mine))} that is no JSON")
    for job_id in ids:
        if job_id not in told:
            wrong.add(reply.exchange.seq, f"no callback for {job_id}")
    return wrong.finding(expected, holds(f"{len(told)} jobs", witness=seq(reply)))


@check("MUL-008")
@premised
def silenced_together(evidence: Evidence, item: Item) -> Finding:
    """Arrivals for the jobs of a request with CallBack `no`, up to some quiet after that of a job behind them."""
    expected = "nothing arrives for the jobs of a request with CallBack no"
    granted(evidence, HERE, Step.RULE)
    reply = asked(evidence, HERE, Step.MANY_SILENCED)
    if reply.refused:
        reason = "older submit pages do not have the value"
        return observed(f"answered {said(reply)}", witness=seq(reply), expected=expected, reason=reason)
    accepted(evidence, HERE, Step.MANY_SILENCED, expected)
    ids = set(ids_of([reply]))
    if not ids:
        return blocked("no job was made; see MUL-001", witness=seq(reply))
    wrong = Collected()
    for notice in evidence.arrivals():
        for job_id in sorted(ids & set(notice.job_ids)):
            wrong.add(notice.arrival.seq, f"{job_id} is told at {notice.arrival.target}")
    control = granted(evidence, HERE, Step.TOLD_BY_RULE)
    by_rule = evidence.arrivals(channel_name(item.feature.feature, HERE, BY_RULE))
    heard = [notice for notice in by_rule if set(ids_of([control])) & set(notice.job_ids)]
    if not heard and not wrong.items:
        return blocked("the queue's rule tells of no job, so silence says nothing; see RUL-001", witness=seq(control))
    witness = (*seq(reply), *(notice.arrival.seq for notice in heard[:1]))
    return wrong.finding(expected, holds(f"{len(ids)} jobs", witness=witness))
