"""Checks of the scenario `callback`: whether, when and where callbacks are delivered (DEL)."""

import re

from ciq_conformance.areas.callback import SPEC
from ciq_conformance.areas.callback import labels as steps
from ciq_conformance.areas.callback.jobs import jobs_of, readable_of
from ciq_conformance.judge.body_paths import texts_by_path
from ciq_conformance.judge.evidence import Evidence
from ciq_conformance.judge.finding import Deviations, Finding, Kind, blocked, cannot_tell, deviates, holds
from ciq_conformance.judge.observed_jobs import missing_callback, no_job, observed_jobs
from ciq_conformance.judge.registry import Item, check
from ciq_conformance.scenario_spec import RECEIVER_NOTES, channel_name
from ciq_schemas.requirement import Format
from ciq_schemas.transcript.jobs import ObservedJob

_ESCAPE = re.compile(r"%[0-9a-fA-F]{2}")


def form_of(item: Item) -> Format:
    """The form of an item that has one; XML, the default of the documents, for one that has none."""
    return item.format or Format.XML


@check("DEL-001", SPEC)
def told_by_post(evidence: Evidence, item: Item) -> Finding:
    """Each job that ended is told by a POST that names it, at the address that its rule has."""
    expected = "a POST to the address in force that names the job, for each job that ended"
    channel = channel_name(evidence.feature, SPEC, steps.CHANNELS[form_of(item)])
    jobs = jobs_of(evidence, form_of(item))
    if isinstance(jobs, Finding):
        return jobs
    told: list[ObservedJob] = []
    wanting: list[Finding] = []
    for job in jobs:
        # Where the rule changed before the job's end was seen, the next address is as right as this one.
        right = job.callbacks if job.rule_changed_before_end else job.on(channel)
        if any(callback.arrival.method == "POST" for callback in right):
            told.append(job)
        elif job.callbacks:
            arrival = (right or job.callbacks)[0].arrival
            how = f"by {arrival.method}" if right else f"at {arrival.channel} only, though the address is {channel}"
            seen = f"{job.step}: job {job.job_id} was told {how}"
            wanting.append(deviates(expected, seen, witness=(arrival.seq, job.submit.exchange.seq)))
        else:
            wanting.append(missing_callback(evidence, SPEC, job, expected))
    contradicting = [finding for finding in wanting if finding.kind is Kind.DEVIATES]
    if contradicting:
        return contradicting[0]
    if not told:
        return wanting[0]
    return holds(
        f"{len(told)} of {len(jobs)} jobs told by POST" + (f"; {wanting[0].reason}" if wanting else ""),
        witness=tuple(job.callbacks[0].arrival.seq for job in told),
    )


@check("DEL-002", SPEC)
def one_job_in_a_message(evidence: Evidence, item: Item) -> Finding:
    """Each body names exactly one job, as every sample does."""
    readable = readable_of(evidence, form_of(item))
    if isinstance(readable, Finding):
        return readable
    found = Deviations()
    for telling in readable:
        count = len(telling.callback.callback.jobs)
        if count != 1:
            found.add(telling.seq, f"{count} JobsDetail in the callback of job {telling.job.job_id}")
    return found.finding("one JobsDetail in each body", holds(f"{len(readable)} bodies with one job each"))


@check("DEL-003", SPEC)
def follows_the_end(evidence: Evidence, item: Item) -> Finding:
    """A describe asked for after the callback was taken shows the job ended."""
    jobs = jobs_of(evidence, form_of(item))
    if isinstance(jobs, Finding):
        return jobs
    found = Deviations()
    gaps: list[float] = []
    seqs: list[int] = []
    for job in jobs:
        for callback in job.callbacks[:1]:
            for look in job.observations_after(callback):
                gaps.append(look.response.exchange.started - callback.arrival.ended)
                seqs.append(look.seq)
                if not look.is_final:
                    found.add(
                        look.seq,
                        f"describe {gaps[-1]:.3f} s after the callback of job {job.job_id} shows {look.job.state}",
                    )
    if not gaps:
        if not any(job.callbacks for job in jobs):
            return blocked("no callback came; DEL-001 judges that")
        return cannot_tell("no describe was answered after a callback; the DES requirements judge describe itself")
    return found.finding(
        "describe shows Success or Failed from the callback on",
        holds(f"{len(gaps)} looks, the first {min(gaps):.3f} s after a callback", witness=tuple(seqs[:3])),
    )


@check("DEL-004", SPEC)
def one_callback_a_job(evidence: Evidence, item: Item) -> Finding:
    """A callback that was answered 200 is not sent again."""
    jobs = jobs_of(evidence, form_of(item))
    if isinstance(jobs, Finding):
        return jobs
    told = [job for job in jobs if job.callbacks]
    if not told:
        return blocked("no callback came; DEL-001 judges that")
    for job in told:
        first, *later = job.callbacks
        if later and 200 <= first.arrival.answered < 300:
            same = {tuple(texts_by_path(callback.arrival.body.data).items()) for callback in job.callbacks}
            return deviates(
                "one callback a job once the receiver has said 200",
                f"{job.step}: {1 + len(later)} callbacks of job {job.job_id}, the second "
                f"{later[0].arrival.started - first.arrival.started:.3f} s after the first"
                + ("" if len(same) == 1 else ", and they do not say the same"),
                witness=tuple(callback.arrival.seq for callback in job.callbacks[:3]),
                reason="receivers must take duplicates, but documents speak of one message",
            )
    return holds(f"{len(told)} jobs, one callback each", witness=tuple(job.callbacks[0].arrival.seq for job in told))


@check("DEL-008", SPEC)
def address_is_kept(evidence: Evidence, _item: Item) -> Finding:
    """Path and query of the address arrive as they were given."""
    submits = [step for form in Format for step in steps.SUBMITS[form]]
    jobs = observed_jobs(evidence, SPEC, submits, steps.LOOKS)
    if not jobs:
        return no_job(evidence, SPEC, submits)
    expected = f"a request target that ends with {steps.ADDRESS_SUFFIX}, as the address does"
    arrivals = [callback.arrival for job in jobs for callback in job.unambiguous_callbacks]
    if not arrivals:
        stray = [event for event in evidence.events(RECEIVER_NOTES, "note") if "never gave out" in event.text]
        if stray:
            return deviates(expected, stray[0].text, witness=(stray[0].seq,))
        return blocked("no callback came; DEL-001 judges that")
    found = Deviations()
    for arrival in arrivals:
        if not _canonical(arrival.target).endswith(_canonical(steps.ADDRESS_SUFFIX)):
            found.add(arrival.seq, f"request target {arrival.target}")
    return found.finding(expected, holds(f"{len(arrivals)} callbacks kept path and query"))


def _canonical(target: str) -> str:
    """Escapes in capitals: RFC 3986 (6.2.2.1) holds %2f and %2F for the same."""
    return _ESCAPE.sub(lambda match: match[0].upper(), target)
