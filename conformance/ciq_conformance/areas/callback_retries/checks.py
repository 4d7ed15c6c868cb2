"""Checks of the scenario `receiver`: one that fails at first (DEL-006, DEL-007), one that is slow (DEL-011)."""

from itertools import pairwise

from ciq_conformance.areas.callback_retries import SPEC
from ciq_conformance.areas.callback_retries.labels import LATE, LOOKS, SUBMITS, Label
from ciq_conformance.judge.evidence import Evidence
from ciq_conformance.judge.finding import Finding, Kind, blocked, cannot_tell, deviates, holds, observed
from ciq_conformance.judge.observed_jobs import missing_callback, no_job, observed_jobs
from ciq_conformance.judge.registry import Item, check
from ciq_schemas.lifecycle import JobState
from ciq_schemas.transcript.jobs import ObservedJob
from ciq_schemas.transcript.records import CallbackReceived


def _failed_arrivals(job: ObservedJob) -> list[CallbackReceived]:
    return [n.arrival for n in job.callbacks if not 200 <= n.arrival.answered < 300]


def _words(answered: int) -> str:
    return f"answered {answered}" if answered else "hung up on"


@check("DEL-006", SPEC)
def job_does_not_care(evidence: Evidence, _item: Item) -> Finding:
    """A job whose callback was answered badly still ends, and stays, as Success."""
    jobs = observed_jobs(evidence, SPEC, SUBMITS, LOOKS)
    if not jobs:
        return no_job(evidence, SPEC, SUBMITS)
    expected = "the job ends and stays as Success, however its callback was received"
    shown: list[str] = []
    seqs: list[int] = []
    unclear: list[Finding] = []
    for job in jobs:
        failures = _failed_arrivals(job)
        if not failures:
            why = f"{job.step}: no callback of job {job.job_id} met the failing receiver"
            unclear.append(cannot_tell(why) if job.callbacks else blocked(f"{why}; RUL-001 judges whether any come"))
            continue
        first = failures[0]
        after = [look for look in job.observations if look.response.exchange.started >= first.ended]
        if not after:
            unclear.append(cannot_tell(f"{job.step}: no describe was answered after the callback was refused"))
            continue
        told = job.reported_in(next(n for n in job.callbacks if n.arrival is first))
        if told.state == JobState.FAILED:
            unclear.append(
                blocked(
                    f"{job.step}: job {job.job_id} failed by itself ({told.code}: {told.message}); see LIF-002",
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
                f"(State {told.state}) was {_words(first.answered)}",
                witness=(last.seq, first.seq),
            )
        shown.append(f"Success after its callback was {_words(first.answered)}")
        seqs += [first.seq, last.seq]
    if not shown:
        return unclear[0]
    left = f"; not seen: {unclear[0].reason}" if unclear else ""
    return holds("; ".join(shown) + left, witness=tuple(seqs))


@check("DEL-007", SPEC)
def retries(evidence: Evidence, _item: Item) -> Finding:
    """Measured: attempts after a failed one, and their distance."""
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
        manner = _words(arrivals[0].answered)
        if len(arrivals) == 1:
            watched = max(0.0, end - arrivals[0].started)
            seen.append(f"{manner}: not sent again within {watched:.1f} s")
        else:
            gaps = ", ".join(f"{late.started - early.started:.2f}" for early, late in pairwise(arrivals))
            seen.append(f"{manner}: sent {len(arrivals)} times, {gaps} s apart")
    if not seen:
        return blocked("no callback met the failing receiver; RUL-001 judges whether callbacks come at all")
    return observed("; ".join(seen), witness=tuple(seqs), reason="documents are silent; never judged")


@check("DEL-011", SPEC)
def told_beside_a_slow_receiver(evidence: Evidence, _item: Item) -> Finding:
    """Jobs that ended while the receiver of another job had not answered yet were told, at once or later."""
    expected = "a callback for each job that ends while another job's receiver has not answered yet"
    beside = observed_jobs(evidence, SPEC, (Label.SUBMIT_BESIDE,), LOOKS)
    slow = [
        callback.arrival
        for job in observed_jobs(evidence, SPEC, (Label.SUBMIT_SLOW,), LOOKS)
        for callback in job.callbacks
    ]
    if not slow and evidence.of(SPEC, Label.SUBMIT_SLOW) and not evidence.blocking_event(SPEC):
        return blocked("no callback met the slow receiver; RUL-001 judges whether any come")
    if not beside or not slow:
        return no_job(evidence, SPEC, (Label.SUBMIT_SLOW, Label.SUBMIT_BESIDE))
    answered = slow[0].started + LATE
    # A job that was not seen to end before the slow answer does not put the question.
    meanwhile = [job for job in beside if job.ended is not None and job.ended.response.exchange.ended <= answered]
    if not meanwhile:
        return cannot_tell(
            f"no job ended in the {LATE:g} s in which the slow receiver had not answered; jobs take longer"
        )
    wanting = [missing_callback(evidence, SPEC, job, expected) for job in meanwhile if not job.callbacks]
    if wanting:
        return next((finding for finding in wanting if finding.kind is Kind.DEVIATES), wanting[0])
    last = max(job.callbacks[0].arrival.started for job in meanwhile) - slow[0].started
    return holds(
        f"{len(meanwhile)} jobs told, the last one {last:.2f} s after a callback that was answered after {LATE:g} s",
        witness=(slow[0].seq, *(job.callbacks[0].arrival.seq for job in meanwhile)),
    )
