"""Checks of the scenario `callback`: whether, when and where callbacks are delivered (DEL)."""

import re

from ciq_conformance.areas.callback import SPEC
from ciq_conformance.areas.callback import labels as steps
from ciq_conformance.areas.callback.jobs import jobs_of, readable_deliveries_of
from ciq_conformance.judge.body_paths import texts_by_path
from ciq_conformance.judge.evidence import Evidence
from ciq_conformance.judge.finding import Deviations, Finding, Kind, blocked, deviates, holds, inconclusive
from ciq_conformance.judge.observed_jobs import missing_callback, no_job, observed_jobs
from ciq_conformance.judge.registry import Item, check
from ciq_conformance.scenario_spec import RECEIVER_NOTES, UNKNOWN_ADDRESS, channel_name
from ciq_schemas.requirement import Format
from ciq_schemas.transcript.jobs import ObservedJob

_ESCAPE = re.compile(r"%[0-9a-fA-F]{2}")


def format_of(item: Item) -> Format:
    """Returns the format of an item; XML, the documented default, for an item without a format."""
    return item.format or Format.XML


@check("DEL-001", SPEC)
def ended_job_is_reported_by_post(evidence: Evidence, item: Item) -> Finding:
    """A POST to the address of its rule names each job that ended."""
    expected = "for each ended job, a POST that names it, sent to the address in force"
    channel = channel_name(evidence.feature, SPEC, steps.CHANNELS[format_of(item)])
    jobs = jobs_of(evidence, format_of(item))
    if isinstance(jobs, Finding):
        return jobs
    reported: list[ObservedJob] = []
    missing: list[Finding] = []
    for job in jobs:
        # If the rule changed before the job was seen to end, the next address is correct too.
        at_address = job.callbacks if job.rule_changed_before_end else job.on(channel)
        if any(callback.arrival.method == "POST" for callback in at_address):
            reported.append(job)
        elif job.callbacks:
            arrival = (at_address or job.callbacks)[0].arrival
            elsewhere = f"arrived at {arrival.channel} only, although the address is {channel}"
            how = f"arrived by {arrival.method}" if at_address else elsewhere
            seen = f"{job.step}: the callback of job {job.job_id} {how}"
            missing.append(deviates(expected, seen, witness=(arrival.seq, job.submit.exchange.seq)))
        else:
            missing.append(missing_callback(evidence, SPEC, job, expected))
    contradicting = [finding for finding in missing if finding.kind is Kind.DEVIATES]
    if contradicting:
        return contradicting[0]
    if not reported:
        return missing[0]
    return holds(
        f"{len(reported)} of {len(jobs)} jobs reported by POST" + (f"; {missing[0].reason}" if missing else ""),
        witness=tuple(job.callbacks[0].arrival.seq for job in reported),
    )


@check("DEL-002", SPEC)
def callback_names_one_job(evidence: Evidence, item: Item) -> Finding:
    """Each body has exactly one JobsDetail, as in every sample."""
    readable = readable_deliveries_of(evidence, format_of(item))
    if isinstance(readable, Finding):
        return readable
    found = Deviations()
    for delivery in readable:
        count = len(delivery.callback.callback.jobs)
        if count != 1:
            found.add(delivery.seq, f"{count} JobsDetail in the callback of job {delivery.job.job_id}")
    return found.finding("one JobsDetail in each body", holds(f"{len(readable)} bodies with one job each"))


@check("DEL-003", SPEC)
def job_has_ended_when_its_callback_arrives(evidence: Evidence, item: Item) -> Finding:
    """A describe sent after the suite accepted the callback shows that the job has ended."""
    jobs = jobs_of(evidence, format_of(item))
    if isinstance(jobs, Finding):
        return jobs
    found = Deviations()
    gaps: list[float] = []
    seqs: list[int] = []
    for job in jobs:
        for callback in job.callbacks[:1]:
            for observation in job.observations_after(callback):
                gaps.append(observation.response.exchange.started - callback.arrival.ended)
                seqs.append(observation.seq)
                if not observation.is_final:
                    found.add(
                        observation.seq,
                        f"describe {gaps[-1]:.3f} s after the callback of job {job.job_id} has {observation.job.state}",
                    )
    if not gaps:
        if not any(job.callbacks for job in jobs):
            return blocked("no callback arrived; DEL-001 judges that")
        return inconclusive("the target answered no describe after a callback; the DES requirements judge describe")
    return found.finding(
        "describe shows Success or Failed after the callback",
        holds(f"{len(gaps)} describes, the first {min(gaps):.3f} s after a callback", witness=tuple(seqs[:3])),
    )


@check("DEL-004", SPEC)
def accepted_callback_is_not_repeated(evidence: Evidence, item: Item) -> Finding:
    """The target does not repeat a callback that the receiver answered with 200."""
    jobs = jobs_of(evidence, format_of(item))
    if isinstance(jobs, Finding):
        return jobs
    reported = [job for job in jobs if job.callbacks]
    if not reported:
        return blocked("no callback arrived; DEL-001 judges that")
    for job in reported:
        first, *later = job.callbacks
        if later and 200 <= first.arrival.answered < 300:
            contents = {tuple(texts_by_path(callback.body).items()) for callback in job.callbacks}
            return deviates(
                "one callback per job after the receiver answered 200",
                f"{job.step}: {1 + len(later)} callbacks of job {job.job_id}, the second "
                f"{later[0].arrival.started - first.arrival.started:.3f} s after the first"
                + ("" if len(contents) == 1 else ", and their contents differ"),
                witness=tuple(callback.arrival.seq for callback in job.callbacks[:3]),
                reason="receivers must accept duplicates, but the documents describe one message",
            )
    return holds(
        f"{len(reported)} jobs, one callback each", witness=tuple(job.callbacks[0].arrival.seq for job in reported)
    )


@check("DEL-008", SPEC)
def callback_keeps_path_and_query(evidence: Evidence, _item: Item) -> Finding:
    """Callbacks have the path and the query of their address."""
    submits = [step for form in Format for step in steps.SUBMITS[form]]
    jobs = observed_jobs(evidence, SPEC, submits, steps.LOOKS)
    if not jobs:
        return no_job(evidence, SPEC, submits)
    expected = f"a request target that ends with {steps.ADDRESS_SUFFIX}, as the address does"
    arrivals = [callback.arrival for job in jobs for callback in job.unambiguous_callbacks]
    if not arrivals:
        stray = [event for event in evidence.events(RECEIVER_NOTES, "note") if UNKNOWN_ADDRESS in event.text]
        if stray:
            return deviates(expected, stray[0].text, witness=(stray[0].seq,))
        return blocked("no callback arrived; DEL-001 judges that")
    found = Deviations()
    for arrival in arrivals:
        if not _canonical(arrival.target).endswith(_canonical(steps.ADDRESS_SUFFIX)):
            found.add(arrival.seq, f"request target {arrival.target}")
    return found.finding(expected, holds(f"{len(arrivals)} callbacks with path and query"))


def _canonical(target: str) -> str:
    """Returns the target with upper-case escapes: %2f and %2F are equal by RFC 3986 (6.2.2.1)."""
    return _ESCAPE.sub(lambda match: match[0].upper(), target)
