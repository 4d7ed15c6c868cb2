"""Check of the scenario `order`: what the callbacks of jobs that had to wait say of their beginning (SHP-014).

On an idle service a job is made and started in one second, so the two times are told apart only where it waited.
"""

from ciq_conformance.areas.order import SPEC
from ciq_conformance.areas.order.checks import blocking_finding, order_timelines
from ciq_conformance.areas.order.labels import SUBMITS
from ciq_conformance.judge.evidence import Evidence
from ciq_conformance.judge.finding import Deviations, Finding, absent, blocked, cannot_tell, holds
from ciq_conformance.judge.registry import Item, check
from ciq_schemas import times
from ciq_schemas.transcript.parsed import ParsedExchange
from ciq_schemas.values import Job

_ROUNDING = 1.0
"""Seconds: a service may cut a fraction off in one place and round it in the other."""
_LONG = 2.0
"""Seconds of waiting after which the start lies in another second, however times are rounded."""


@check("SHP-014", SPEC)
def creation_time_is_kept(evidence: Evidence, item: Item) -> Finding:
    """CreationTime in the callbacks of the scenario's jobs, against the answers to their submits."""
    timelines = evidence.derive(order_timelines)
    stop = blocking_finding(evidence, timelines)
    if stop:
        return stop
    made: dict[str, tuple[ParsedExchange, Job]] = {
        job.job_id: (response, job)
        for response in evidence.of(SPEC, *SUBMITS)
        if response.ok
        for job in response.jobs
        if job.job_id
    }
    waited = {timeline.job_id for timeline in timelines if timeline.not_before.at - timeline.accepted_by >= _LONG}
    found = Deviations()
    compared: set[str] = set()
    came = False
    for callback in evidence.callbacks:
        for told in callback.callback.jobs:
            if told.job_id not in made:
                continue
            came = True
            response, answered = made[told.job_id]
            before, after = times.parse(answered.creation_time), times.parse(told.creation_time)
            if before is None or after is None:
                continue  # SUB-004 and SHP-007 judge times that cannot be read
            compared.add(told.job_id)
            if abs(after - before).total_seconds() > _ROUNDING:
                text = f"CreationTime of job {told.job_id} is {told.creation_time}, it was {answered.creation_time}"
                found.add(response.exchange.seq, text)
                found.add(callback.arrival.seq, text)
    if not came:
        return blocked("no callback of these jobs came; PAU-008 and DEL-001 judge that")
    if not compared:
        return cannot_tell("no job has a CreationTime that can be read both at its submit and in its callback")
    if not found.items and not compared & waited:
        return absent(f"none of {len(compared)} jobs waited for {_LONG:g} s or longer, so the two times are one here")
    power = f"{len(compared)} jobs, {len(compared & waited)} of them waited for {_LONG:g} s or longer"
    return found.finding("CreationTime as the submit answered it", holds(power, power=power))
