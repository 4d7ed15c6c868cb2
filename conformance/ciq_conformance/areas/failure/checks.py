"""Checks of the scenario `failure`: jobs that must fail, what is told of them, and the jobs beside them.

LIF-003, LIF-004, LIF-005, DEL-005.
"""

from collections.abc import Iterator, Sequence

from ciq_conformance.areas.failure import SPEC
from ciq_conformance.areas.failure.labels import FAILING, GOOD, LOOKS, Channel, Label
from ciq_conformance.judge.evidence import Evidence
from ciq_conformance.judge.finding import (
    Deviations,
    Finding,
    Kind,
    absent,
    blocked,
    cannot_tell,
    deviates,
    holds,
    observed,
)
from ciq_conformance.judge.observed_jobs import missing_callback, no_job, observed_jobs
from ciq_conformance.judge.registry import Item, check
from ciq_conformance.scenario_spec import channel_name
from ciq_schemas import times
from ciq_schemas.features import Feature
from ciq_schemas.lifecycle import WAITING_STATES, JobState
from ciq_schemas.transcript.jobs import ObservedJob
from ciq_schemas.transcript.parsed import ParsedCallback, describe_response
from ciq_schemas.values import Job

_ADVICE = "name an input that fails on this target as `missing_input` in the profile"
_WITHOUT_TIMES = frozenset({Feature.DOC, Feature.SPEECH})
"""Features whose pages or SDK types lack StartTime or EndTime (1045/47932, 1045/49789)."""
_IDLE = 2.0
"""Seconds without a running job after which a waiting one is held by something."""


def failed_jobs(evidence: Evidence) -> tuple[ObservedJob, ...] | Finding:
    """The jobs that failed, the plain one first; a finding where that one did not."""
    job = _submitted(evidence)
    if isinstance(job, Finding):
        return job
    others = observed_jobs(evidence, SPEC, FAILING[1:], LOOKS)
    if not _has_failed(job):
        if job.ended is None:
            return blocked(
                f"job {job.job_id} without its input was not seen to end (last state {job.state or 'unknown'})",
                witness=(job.submit.exchange.seq,),
            )
        return absent(
            f"job {job.job_id} without its input ended as {job.ended.job.state}, so there was no failed job; {_ADVICE}",
            witness=(job.ended.seq,),
        )
    return (job, *(other for other in others if _has_failed(other)))


def _has_failed(job: ObservedJob) -> bool:
    shown = job.ended is not None and job.ended.job.state == JobState.FAILED
    return shown or any(job.reported_in(callback).state == JobState.FAILED for callback in job.callbacks)


def _submitted(evidence: Evidence) -> ObservedJob | Finding:
    submit = evidence.one(SPEC, Label.SUBMIT)
    if submit is not None and submit.refused:
        return absent(
            f"the job without its input was refused at submit with {describe_response(submit)}, so there was no failed "
            f"job; {_ADVICE} that is accepted and fails later",
            witness=(submit.exchange.seq,),
        )
    jobs = observed_jobs(evidence, SPEC, (Label.SUBMIT,), LOOKS)
    return jobs[0] if jobs else no_job(evidence, SPEC, (Label.SUBMIT,))


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


@check("LIF-003", SPEC)
def failed_job_says_why(evidence: Evidence, _item: Item) -> Finding:
    """Describe shows Code, Message and EndTime of the failed jobs."""
    jobs = failed_jobs(evidence)
    if isinstance(jobs, Finding):
        return jobs
    looks = [(job, look) for job in jobs for look in job.observations if look.job.state == JobState.FAILED]
    if not looks:
        return blocked(f"describe never showed job {jobs[0].job_id} failed, though its callback did; see DEL-003")
    shows_end = evidence.feature not in _WITHOUT_TIMES or any(
        not times.is_unset(good.ended.job.end_time)
        for good in observed_jobs(evidence, SPEC, GOOD, LOOKS)
        if good.ended is not None
    )
    for job, look in looks:
        unsaid = _silence(look.job)
        if shows_end and times.is_unset(look.job.end_time):
            unsaid.append("it has no EndTime")
        if unsaid:
            return deviates(
                "a job in state Failed has a Code other than Success, a Message and an EndTime",
                f"describe of failed job {job.job_id}: {' and '.join(unsaid)}",
                witness=(look.seq,),
            )
    _, last = looks[-1]
    return holds(f"Code {last.job.code}, Message {last.job.message}", witness=(last.seq,))


@check("LIF-004", SPEC)
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


@check("LIF-005", SPEC)
def others_do_not_suffer(evidence: Evidence, _item: Item) -> Finding:
    """Good jobs submitted right after a failing one, and after more of them than there are workers, succeed."""
    failed = failed_jobs(evidence)
    if isinstance(failed, Finding):
        return failed
    jobs = observed_jobs(evidence, SPEC, GOOD, LOOKS)
    if not jobs:
        return no_job(evidence, SPEC, GOOD)
    found = Deviations()
    unclear: list[str] = []
    for job in jobs:
        what = f"{job.step}: job {job.job_id} with good input"
        if job.ended is None:
            idle = _idle(evidence)
            if job.state in WAITING_STATES and idle >= _IDLE:
                text = f"{what} is {job.state}, though nothing has run for {idle:.1f} s since others failed"
                found.add(job.observations[-1].seq, text)
            else:
                unclear.append(f"{what} was not seen to end")
        elif job.ended.job.state == JobState.FAILED:
            why = f"{job.ended.job.code}: {job.ended.job.message}"
            found.add(job.ended.seq, f"{what} ended as Failed ({why})")
    if unclear and not found.items:
        return cannot_tell(f"{unclear[0]}; raise `timeout_factor` in the profile")
    return found.finding(
        "Success of a job with good input, whatever became of those before it",
        holds(f"{len(jobs)} jobs amid {len(failed)} that failed", witness=tuple(j.submit.exchange.seq for j in jobs)),
    )


def _idle(evidence: Evidence) -> float:
    """Seconds up to the last look in which none of the scenario's jobs was seen to run or newly to have ended."""
    jobs = observed_jobs(evidence, SPEC, (*FAILING, *GOOD), LOOKS)
    submitted = max((job.submit.exchange.ended for job in jobs), default=0.0)
    running = [look for job in jobs for look in job.observations if look.job.state == JobState.RUNNING]
    moved = [look.response.exchange.ended for look in (*running, *(job.ended for job in jobs if job.ended is not None))]
    last = max((look.response.exchange.started for job in jobs for look in job.observations), default=0.0)
    return last - max([submitted, *moved])


@check("DEL-005", SPEC)
def failed_job_is_told(evidence: Evidence, _item: Item) -> Finding:
    """The callbacks of failed jobs go where and come as their jobs ask, say Failed, and say why."""
    expected = "a callback with State Failed, a Code other than Success and a Message, where and as the job asks for it"
    jobs = failed_jobs(evidence)
    if isinstance(jobs, Finding):
        return jobs
    open_: list[Finding] = []
    told: list[tuple[ObservedJob, ParsedCallback]] = []
    for job in jobs:
        if job.step == Label.SUBMIT_SILENCED:
            continue
        if not job.callbacks:
            open_.append(missing_callback(evidence, SPEC, job, expected))
            continue
        readable = [callback for callback in job.callbacks if job.reported_in(callback) != Job()]
        if not readable:
            open_.append(
                blocked(
                    f"the callback of job {job.job_id} could not be read as far as the job; SHP-001 and SHP-002 judge "
                    "that",
                    witness=(job.callbacks[0].arrival.seq,),
                )
            )
        told += [(job, callback) for callback in readable]
    found = Deviations()
    for seq, text in (*_misdirected(evidence, jobs), *_misinformed(told)):
        found.add(seq, text)
    if found.items:
        return found.finding(expected, holds())
    contradicting = [finding for finding in open_ if finding.kind is Kind.DEVIATES]
    if contradicting or not told:
        return (contradicting or open_)[0]
    first, callback = told[0]
    said = first.reported_in(callback)
    left = f"; not seen: {open_[0].reason}" if open_ else ""
    return holds(
        f"{len(told)} callback(s): Failed, Code {said.code}, Message {said.message}{left}",
        witness=(callback.arrival.seq,),
    )


def _misinformed(told: Sequence[tuple[ObservedJob, ParsedCallback]]) -> Iterator[tuple[int, str]]:
    for job, callback in told:
        said = job.reported_in(callback)
        wrong = [] if said.state == JobState.FAILED else [f"its State is {said.state or 'not there'}"]
        wrong += _silence(said)
        if wrong:
            yield callback.arrival.seq, f"callback of failed job {job.job_id}: {' and '.join(wrong)}"


def _misdirected(evidence: Evidence, jobs: Sequence[ObservedJob]) -> Iterator[tuple[int, str]]:
    """Callbacks of failed jobs that went where, or came in a form in which, a job that succeeds is not told."""
    good = [callback for job in observed_jobs(evidence, SPEC, GOOD, LOOKS) for callback in job.callbacks]
    in_xml = bool(good) and not any(callback.is_json for callback in good)
    for job in jobs:
        own = job.step == Label.SUBMIT_OWN_JSON
        right = channel_name(evidence.feature, SPEC, Channel.JOB if own else Channel.QUEUE)
        what = f"failed job {job.job_id} ({job.step})"
        if job.callbacks and job.step == Label.SUBMIT_SILENCED:
            arrival = job.callbacks[0].arrival
            yield arrival.seq, f"{what} was told at {arrival.channel or arrival.target}"
        elif job.unambiguous_callbacks and not job.on(right):
            arrival = job.unambiguous_callbacks[0].arrival
            yield arrival.seq, f"{what} was told at {arrival.channel or arrival.target} only, not at {right}"
        for callback in job.on(right):
            if own and not callback.is_json:
                yield callback.arrival.seq, f"{what} was told in XML, though its CallBackFormat is JSON"
            elif not own and callback.is_json and in_xml:
                yield callback.arrival.seq, f"{what} was told in JSON, jobs that succeed in XML"
