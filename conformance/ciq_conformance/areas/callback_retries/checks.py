"""Checks of the scenario `receiver`: failing receivers (DEL-006, DEL-007) and a slow one (DEL-011)."""

from itertools import pairwise

from ciq_conformance.areas.callback_retries import SPEC
from ciq_conformance.areas.callback_retries.labels import ANSWER_DELAY, LOOKS, SUBMITS, Label
from ciq_conformance.judge.evidence import Evidence
from ciq_conformance.judge.finding import Finding, Kind, blocked, deviates, holds, inconclusive, observed
from ciq_conformance.judge.observed_jobs import missing_callback, no_job, observed_jobs
from ciq_conformance.judge.registry import Item, check
from ciq_schemas.lifecycle import JobState
from ciq_schemas.transcript.jobs import ObservedJob
from ciq_schemas.transcript.records import CallbackReceived


def _failed_arrivals(job: ObservedJob) -> list[CallbackReceived]:
    return [callback.arrival for callback in job.callbacks if not 200 <= callback.arrival.answered < 300]


def _describe_answer(answered: int) -> str:
    return f"answered with {answered}" if answered else "closed without a response"


@check("DEL-006", SPEC)
def failing_receiver_does_not_change_the_job(evidence: Evidence, _item: Item) -> Finding:
    """A job whose receiver fails still ends as Success and keeps that state."""
    jobs = observed_jobs(evidence, SPEC, SUBMITS, LOOKS)
    if not jobs:
        return no_job(evidence, SPEC, SUBMITS)
    expected = "the job ends as Success and keeps that state, although its receiver fails"
    confirmed: list[str] = []
    seqs: list[int] = []
    unclear: list[Finding] = []
    for job in jobs:
        failures = _failed_arrivals(job)
        if not failures:
            why = f"{job.step}: no callback of job {job.job_id} reached the failing receiver"
            unclear.append(
                inconclusive(why) if job.callbacks else blocked(f"{why}; RUL-001 judges whether callbacks arrive")
            )
            continue
        first = failures[0]
        after = [
            observation for observation in job.observations if observation.response.exchange.started >= first.ended
        ]
        if not after:
            unclear.append(inconclusive(f"{job.step}: the target answered no describe after the receiver had failed"))
            continue
        reported = job.reported_in(next(callback for callback in job.callbacks if callback.arrival is first))
        if reported.state == JobState.FAILED:
            unclear.append(
                blocked(
                    f"{job.step}: job {job.job_id} failed by itself ({reported.code}: {reported.message}); see LIF-002",
                    witness=(first.seq,),
                )
            )
            continue
        last = after[-1]
        if last.job.state != JobState.SUCCESS:
            waited = last.response.exchange.started - first.ended
            return deviates(
                expected,
                f"{job.step}: job {job.job_id} is {last.job.state} {waited:.1f} s after its callback "
                f"(State {reported.state}) was {_describe_answer(first.answered)}",
                witness=(last.seq, first.seq),
            )
        confirmed.append(f"Success after its callback was {_describe_answer(first.answered)}")
        seqs += [first.seq, last.seq]
    if not confirmed:
        return unclear[0]
    remark = f"; not observed: {unclear[0].reason}" if unclear else ""
    return holds("; ".join(confirmed) + remark, witness=tuple(seqs))


@check("DEL-007", SPEC)
def retries_are_measured(evidence: Evidence, _item: Item) -> Finding:
    """Reports the callback attempts after a failed one, and the seconds between them."""
    jobs = observed_jobs(evidence, SPEC, SUBMITS, LOOKS)
    if not jobs:
        return no_job(evidence, SPEC, SUBMITS)
    seen: list[str] = []
    seqs: list[int] = []
    end = max(response.exchange.ended for response in evidence.of(SPEC))
    for job in jobs:
        arrivals = [callback.arrival for callback in job.callbacks]
        if not _failed_arrivals(job):
            continue
        seqs += [arrival.seq for arrival in arrivals]
        first_answer = _describe_answer(arrivals[0].answered)
        if len(arrivals) == 1:
            seconds = max(0.0, end - arrivals[0].started)
            seen.append(f"{first_answer}: not sent again within {seconds:.1f} s")
        else:
            gaps = ", ".join(f"{late.started - early.started:.2f}" for early, late in pairwise(arrivals))
            seen.append(f"{first_answer}: sent {len(arrivals)} times, {gaps} s apart")
    if not seen:
        return blocked("no callback reached the failing receiver; RUL-001 judges whether callbacks arrive")
    return observed("; ".join(seen), witness=tuple(seqs), reason="no document defines retries, so they are not judged")


@check("DEL-011", SPEC)
def slow_receiver_does_not_stop_other_callbacks(evidence: Evidence, _item: Item) -> Finding:
    """A callback arrives for each job that ends before the slow receiver of another job has answered."""
    expected = "a callback for each job that ends while another job's receiver has not answered yet"
    others = observed_jobs(evidence, SPEC, (Label.SUBMIT_OTHER,), LOOKS)
    slow = [
        callback.arrival
        for job in observed_jobs(evidence, SPEC, (Label.SUBMIT_SLOW,), LOOKS)
        for callback in job.callbacks
    ]
    if not slow and evidence.of(SPEC, Label.SUBMIT_SLOW) and not evidence.blocking_event(SPEC):
        return blocked("no callback reached the slow receiver; RUL-001 judges whether callbacks arrive")
    if not others or not slow:
        return no_job(evidence, SPEC, (Label.SUBMIT_SLOW, Label.SUBMIT_OTHER))
    answered = slow[0].started + ANSWER_DELAY
    # Only jobs that were seen to end before the slow answer count.
    meanwhile = [job for job in others if job.ended is not None and job.ended.response.exchange.ended <= answered]
    if not meanwhile:
        return inconclusive(
            f"no job ended in the {ANSWER_DELAY:g} s before the slow receiver answered; jobs take longer"
        )
    missing = [missing_callback(evidence, SPEC, job, expected) for job in meanwhile if not job.callbacks]
    if missing:
        return next((finding for finding in missing if finding.kind is Kind.DEVIATES), missing[0])
    last = max(job.callbacks[0].arrival.started for job in meanwhile) - slow[0].started
    return holds(
        f"{len(meanwhile)} callbacks, the last {last:.2f} s after a callback whose receiver took {ANSWER_DELAY:g} s",
        witness=(slow[0].seq, *(job.callbacks[0].arrival.seq for job in meanwhile)),
    )
