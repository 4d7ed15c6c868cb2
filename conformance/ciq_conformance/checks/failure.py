"""Checks of the scenario `failure`: a job that must fail, and what is told of it (LIF-003, LIF-004, DEL-005)."""

from ciq_conformance.driver.stage import describe_reply
from ciq_conformance.judge.evidence import Evidence
from ciq_conformance.judge.finding import Finding, absent, blocked, deviates, holds, observed
from ciq_conformance.judge.registry import Item, check
from ciq_conformance.judge.told import ToldJob, no_job, told_jobs, untold
from ciq_conformance.steps.failure import LOOKS, Step
from ciq_schemas.lifecycle import JobState
from ciq_schemas.requirement import Scenario
from ciq_schemas.values import Job

FAILURE = Scenario.FAILURE
_ADVICE = "name an input that fails on this target as `missing_input` in the profile"


def _failed(evidence: Evidence) -> ToldJob | Finding:
    """The job that failed; a finding where none did."""
    job = _submitted(evidence)
    if isinstance(job, Finding):
        return job
    if any(job.told(notice).state == JobState.FAILED for notice in job.notices):
        return job
    if job.ended is None:
        return blocked(
            f"job {job.job_id} without its input was not seen to end (last state {job.state or 'unknown'})",
            witness=(job.submit.exchange.seq,),
        )
    if job.ended.job.state != JobState.FAILED:
        return absent(
            f"job {job.job_id} without its input ended as {job.ended.job.state}, so there was no failed job; {_ADVICE}",
            witness=(job.ended.seq,),
        )
    return job


def _submitted(evidence: Evidence) -> ToldJob | Finding:
    submit = evidence.one(FAILURE, Step.SUBMIT)
    if submit is not None and submit.refused:
        return absent(
            f"the job without its input was refused at submit with {describe_reply(submit)}, so there was no failed "
            f"job; {_ADVICE} that is accepted and fails later",
            witness=(submit.exchange.seq,),
        )
    jobs = told_jobs(evidence, FAILURE, (Step.SUBMIT,), LOOKS)
    return jobs[0] if jobs else no_job(evidence, FAILURE, (Step.SUBMIT,))


def _silence(job: Job) -> list[str]:
    """What a failed job leaves unsaid."""
    said: list[str] = []
    code = (job.code or "").strip()
    if not code:
        said.append("it has no Code")
    elif code.lower() == "success":
        said.append(f"its Code is {code}")
    message = (job.message or "").strip()
    if not message:
        said.append("it has no Message")
    return said


@check("LIF-003")
def failed_job_says_why(evidence: Evidence, _item: Item) -> Finding:
    """Describe shows Code and Message of a failed job."""
    job = _failed(evidence)
    if isinstance(job, Finding):
        return job
    looks = [look for look in job.looks if look.job.state == JobState.FAILED]
    if not looks:
        return blocked(f"describe never showed job {job.job_id} failed, though its callback did; see DEL-003")
    for look in looks:
        unsaid = _silence(look.job)
        if unsaid:
            return deviates(
                "a job in state Failed has a Code other than Success and a Message",
                f"describe of failed job {job.job_id}: {' and '.join(unsaid)}",
                witness=(look.seq,),
            )
    last = looks[-1]
    return holds(f"Code {last.job.code}, Message {last.job.message}", witness=(last.seq,))


@check("LIF-004")
def missing_input_fails(evidence: Evidence, _item: Item) -> Finding:
    """Measured: the job with the missing input ends as Failed."""
    job = _submitted(evidence)
    if isinstance(job, Finding):
        return job
    if job.ended is None:
        return blocked(f"job {job.job_id} was not seen to end; see LIF-002", witness=(job.submit.exchange.seq,))
    if job.ended.job.state == JobState.FAILED:
        return holds(f"job {job.job_id} ended as Failed", witness=(job.ended.seq,))
    return observed(
        f"job {job.job_id} ended as {job.ended.job.state}: the target does not look at its input",
        witness=(job.ended.seq,),
        reason=f"if this input does exist on the target, {_ADVICE}",
    )


@check("DEL-005")
def failed_job_is_told(evidence: Evidence, _item: Item) -> Finding:
    """The callback of a failed job says Failed and why."""
    expected = "a callback with State Failed, a Code other than Success and a Message"
    job = _failed(evidence)
    if isinstance(job, Finding):
        return job
    if not job.notices:
        return untold(evidence, FAILURE, job, expected)
    readable = [notice for notice in job.notices if job.told(notice) != Job()]
    if not readable:
        return blocked(
            f"the callback of job {job.job_id} could not be read as far as the job; SHP-001 and SHP-002 judge that",
            witness=(job.notices[0].arrival.seq,),
        )
    for notice in readable:
        told = job.told(notice)
        wrong = [] if told.state == JobState.FAILED else [f"its State is {told.state or 'not there'}"]
        wrong += _silence(told)
        if wrong:
            return deviates(
                expected,
                f"callback of failed job {job.job_id}: {' and '.join(wrong)}",
                witness=(notice.arrival.seq, *((job.ended.seq,) if job.ended else ())),
            )
    told = job.told(readable[0])
    return holds(f"Failed, Code {told.code}, Message {told.message}", witness=(readable[0].arrival.seq,))
