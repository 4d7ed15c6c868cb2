"""Checks of the scenario `failure`: jobs that must fail, their callbacks, and the valid jobs between them.

LIF-003, LIF-004, LIF-005, DEL-005.
"""

from collections.abc import Iterator, Sequence

from ciq_conformance.areas.failure import SPEC
from ciq_conformance.areas.failure.labels import FAILING, LOOKS, VALID, Channel, Label
from ciq_conformance.judge.evidence import Evidence
from ciq_conformance.judge.finding import (
    Deviations,
    Finding,
    Kind,
    blocked,
    deviates,
    holds,
    inconclusive,
    observed,
    untested,
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
"""Seconds without a running job after which a waiting job counts as stuck."""


def failed_jobs(evidence: Evidence) -> tuple[ObservedJob, ...] | Finding:
    """The failed jobs, the one with the queue's rule first; a finding when that job did not fail."""
    job = _submitted(evidence)
    if isinstance(job, Finding):
        return job
    others = observed_jobs(evidence, SPEC, FAILING[1:], LOOKS)
    if not _has_failed(job):
        if job.ended is None:
            return blocked(
                f"job {job.job_id} without its input did not end while observed (last state {job.state or 'unknown'})",
                witness=(job.submit.exchange.seq,),
            )
        return untested(
            f"job {job.job_id} without its input ended as {job.ended.job.state}, so no job failed; {_ADVICE}",
            witness=(job.ended.seq,),
        )
    return (job, *(other for other in others if _has_failed(other)))


def _has_failed(job: ObservedJob) -> bool:
    described = job.ended is not None and job.ended.job.state == JobState.FAILED
    return described or any(job.reported_in(callback).state == JobState.FAILED for callback in job.callbacks)


def _submitted(evidence: Evidence) -> ObservedJob | Finding:
    submit = evidence.one(SPEC, Label.SUBMIT)
    if submit is not None and submit.refused:
        return untested(
            f"the target rejected the job without its input with {describe_response(submit)}, so no job failed; "
            f"{_ADVICE}; the target must accept it at submit",
            witness=(submit.exchange.seq,),
        )
    jobs = observed_jobs(evidence, SPEC, (Label.SUBMIT,), LOOKS)
    return jobs[0] if jobs else no_job(evidence, SPEC, (Label.SUBMIT,))


def _missing_reasons(job: Job) -> list[str]:
    """Which parts of the failure reason (Code, Message) a failed job lacks."""
    missing: list[str] = []
    code = (job.code or "").strip()
    if not code:
        missing.append("it has no Code")
    elif code.lower() == "success":
        missing.append(f"its Code is {code}")
    message = (job.message or "").strip()
    if not message:
        missing.append("it has no Message")
    return missing


@check("LIF-003", SPEC)
def failed_jobs_have_code_message_and_end_time(evidence: Evidence, _item: Item) -> Finding:
    """Describe shows Code, Message and EndTime of each failed job."""
    jobs = failed_jobs(evidence)
    if isinstance(jobs, Finding):
        return jobs
    observations = [
        (job, observation)
        for job in jobs
        for observation in job.observations
        if observation.job.state == JobState.FAILED
    ]
    if not observations:
        return blocked(f"describe never showed job {jobs[0].job_id} as Failed, but its callback did; see DEL-003")
    shows_end = evidence.feature not in _WITHOUT_TIMES or any(
        not times.is_unset(valid.ended.job.end_time)
        for valid in observed_jobs(evidence, SPEC, VALID, LOOKS)
        if valid.ended is not None
    )
    for job, observation in observations:
        missing = _missing_reasons(observation.job)
        if shows_end and times.is_unset(observation.job.end_time):
            missing.append("it has no EndTime")
        if missing:
            return deviates(
                "a job in state Failed has a Code other than Success, a Message and an EndTime",
                f"describe of failed job {job.job_id}: {' and '.join(missing)}",
                witness=(observation.seq,),
            )
    _, last = observations[-1]
    return holds(f"Code {last.job.code}, Message {last.job.message}", witness=(last.seq,))


@check("LIF-004", SPEC)
def missing_input_fails(evidence: Evidence, _item: Item) -> Finding:
    """Measures whether the job with the missing input ends as Failed."""
    job = _submitted(evidence)
    if isinstance(job, Finding):
        return job
    if job.ended is None:
        return blocked(f"job {job.job_id} did not end while observed; see LIF-002", witness=(job.submit.exchange.seq,))
    if job.ended.job.state == JobState.FAILED:
        return holds(f"job {job.job_id} ended as Failed", witness=(job.ended.seq,))
    return observed(
        f"job {job.job_id} ended as {job.ended.job.state}: the target does not read its input",
        witness=(job.ended.seq,),
        reason=f"if this input exists on the target, {_ADVICE}",
    )


@check("LIF-005", SPEC)
def valid_jobs_succeed_after_failed_ones(evidence: Evidence, _item: Item) -> Finding:
    """Valid jobs succeed right after a failing job, and after more failing jobs than the queue has workers."""
    failed = failed_jobs(evidence)
    if isinstance(failed, Finding):
        return failed
    jobs = observed_jobs(evidence, SPEC, VALID, LOOKS)
    if not jobs:
        return no_job(evidence, SPEC, VALID)
    found = Deviations()
    unclear: list[str] = []
    for job in jobs:
        what = f"{job.step}: job {job.job_id} with an existing input"
        if job.ended is None:
            idle = _idle(evidence)
            if job.state in WAITING_STATES and idle >= _IDLE:
                text = f"{what} is {job.state}, although no job has run for {idle:.1f} s since others failed"
                found.add(job.observations[-1].seq, text)
            else:
                unclear.append(f"{what} did not end while observed")
        elif job.ended.job.state == JobState.FAILED:
            why = f"{job.ended.job.code}: {job.ended.job.message}"
            found.add(job.ended.seq, f"{what} ended as Failed ({why})")
    if unclear and not found.items:
        return inconclusive(f"{unclear[0]}; raise `timeout_factor` in the profile")
    return found.finding(
        "a job with an existing input succeeds, even after failed jobs",
        holds(
            f"{len(jobs)} jobs succeeded between {len(failed)} failed jobs",
            witness=tuple(j.submit.exchange.seq for j in jobs),
        ),
    )


def _idle(evidence: Evidence) -> float:
    """Seconds before the last observation in which no job of the scenario ran or ended."""
    jobs = observed_jobs(evidence, SPEC, (*FAILING, *VALID), LOOKS)
    submitted = max((job.submit.exchange.ended for job in jobs), default=0.0)
    running = [
        observation for job in jobs for observation in job.observations if observation.job.state == JobState.RUNNING
    ]
    active = [
        observation.response.exchange.ended
        for observation in (*running, *(job.ended for job in jobs if job.ended is not None))
    ]
    last = max((observation.response.exchange.started for job in jobs for observation in job.observations), default=0.0)
    return last - max([submitted, *active])


@check("DEL-005", SPEC)
def failed_jobs_are_notified(evidence: Evidence, _item: Item) -> Finding:
    """Callbacks of failed jobs have the requested address and format, State Failed, a Code and a Message."""
    expected = (
        "a callback with State Failed, a Code other than Success and a Message, at the requested address and format"
    )
    jobs = failed_jobs(evidence)
    if isinstance(jobs, Finding):
        return jobs
    not_judged: list[Finding] = []
    notified: list[tuple[ObservedJob, ParsedCallback]] = []
    for job in jobs:
        if job.step == Label.SUBMIT_SILENCED:
            continue
        if not job.callbacks:
            not_judged.append(missing_callback(evidence, SPEC, job, expected))
            continue
        readable = [callback for callback in job.callbacks if job.reported_in(callback) != Job()]
        if not readable:
            not_judged.append(
                blocked(
                    f"the suite could not read the job in the callback of job {job.job_id}; see SHP-001 and SHP-002",
                    witness=(job.callbacks[0].arrival.seq,),
                )
            )
        notified += [(job, callback) for callback in readable]
    found = Deviations()
    for seq, text in (*_wrong_destinations(evidence, jobs), *_wrong_contents(notified)):
        found.add(seq, text)
    if found.items:
        return found.finding(expected, holds())
    contradicting = [finding for finding in not_judged if finding.kind is Kind.DEVIATES]
    if contradicting or not notified:
        return (contradicting or not_judged)[0]
    first, callback = notified[0]
    reported = first.reported_in(callback)
    rest = f"; not judged: {not_judged[0].reason}" if not_judged else ""
    return holds(
        f"{len(notified)} callback(s): Failed, Code {reported.code}, Message {reported.message}{rest}",
        witness=(callback.arrival.seq,),
    )


def _wrong_contents(notified: Sequence[tuple[ObservedJob, ParsedCallback]]) -> Iterator[tuple[int, str]]:
    """Callbacks of failed jobs with another State, or without a reason."""
    for job, callback in notified:
        reported = job.reported_in(callback)
        wrong = [] if reported.state == JobState.FAILED else [f"its State is {reported.state or 'missing'}"]
        wrong += _missing_reasons(reported)
        if wrong:
            yield callback.arrival.seq, f"callback of failed job {job.job_id}: {' and '.join(wrong)}"


def _wrong_destinations(evidence: Evidence, jobs: Sequence[ObservedJob]) -> Iterator[tuple[int, str]]:
    """Callbacks of failed jobs at another address or in another format than those of successful jobs."""
    valid_callbacks = [callback for job in observed_jobs(evidence, SPEC, VALID, LOOKS) for callback in job.callbacks]
    in_xml = bool(valid_callbacks) and not any(callback.is_json for callback in valid_callbacks)
    for job in jobs:
        own = job.step == Label.SUBMIT_OWN_JSON
        right = channel_name(evidence.feature, SPEC, Channel.JOB if own else Channel.QUEUE)
        what = f"failed job {job.job_id} ({job.step})"
        if job.callbacks and job.step == Label.SUBMIT_SILENCED:
            arrival = job.callbacks[0].arrival
            yield arrival.seq, f"{what} was notified at {arrival.channel or arrival.target}"
        elif job.unambiguous_callbacks and not job.on(right):
            arrival = job.unambiguous_callbacks[0].arrival
            yield arrival.seq, f"{what} was notified at {arrival.channel or arrival.target} only, not at {right}"
        for callback in job.on(right):
            if own and not callback.is_json:
                yield callback.arrival.seq, f"{what} was notified in XML, although its CallBackFormat is JSON"
            elif not own and callback.is_json and in_xml:
                yield callback.arrival.seq, f"{what} was notified in JSON, but successful jobs in XML"
