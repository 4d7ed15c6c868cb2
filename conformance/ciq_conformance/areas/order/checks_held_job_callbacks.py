"""Check of the scenario `order`: CreationTime in the callbacks of jobs that waited in the paused queue (SHP-014).

On an idle service a job is created and started within one second. Only a job that waited has two different times.
"""

from ciq_conformance.areas.order import SPEC
from ciq_conformance.areas.order.checks import blocking_finding, order_timelines
from ciq_conformance.areas.order.labels import SUBMITS
from ciq_conformance.judge.evidence import Evidence
from ciq_conformance.judge.finding import Deviations, Finding, blocked, holds, inconclusive, untested
from ciq_conformance.judge.registry import Item, check
from ciq_schemas import times
from ciq_schemas.transcript.parsed import ParsedExchange
from ciq_schemas.values import Job

_ROUNDING = 1.0
"""Seconds: a service may truncate a time in one place and round it in the other."""
_LONG = 2.0
"""Seconds of waiting after which creation and start differ by at least one second, even when rounded."""


@check("SHP-014", SPEC)
def callback_keeps_creation_time(evidence: Evidence, item: Item) -> Finding:
    """Checks that callbacks contain the CreationTime of the submit response."""
    timelines = evidence.derive(order_timelines)
    stop = blocking_finding(evidence, timelines)
    if stop:
        return stop
    submitted: dict[str, tuple[ParsedExchange, Job]] = {
        job.job_id: (response, job)
        for response in evidence.of(SPEC, *SUBMITS)
        if response.ok
        for job in response.jobs
        if job.job_id
    }
    waited = {timeline.job_id for timeline in timelines if timeline.not_before.at - timeline.accepted_by >= _LONG}
    found = Deviations()
    compared: set[str] = set()
    arrived = False
    for callback in evidence.callbacks:
        for job in callback.callback.jobs:
            if job.job_id not in submitted:
                continue
            arrived = True
            response, accepted = submitted[job.job_id]
            before, after = times.parse(accepted.creation_time), times.parse(job.creation_time)
            if before is None or after is None:
                continue  # SUB-004 and SHP-007 judge times that cannot be parsed
            compared.add(job.job_id)
            if abs(after - before).total_seconds() > _ROUNDING:
                text = f"CreationTime of job {job.job_id} is {job.creation_time} instead of {accepted.creation_time}"
                found.add(response.exchange.seq, text)
                found.add(callback.arrival.seq, text)
    if not arrived:
        return blocked("no callback of these jobs arrived; see PAU-008 and DEL-001")
    if not compared:
        return inconclusive("no job has a valid CreationTime both in its submit response and in its callback")
    if not found.items and not compared & waited:
        return untested(
            f"none of {len(compared)} jobs waited for {_LONG:g} s or longer, so the two times do not differ"
        )
    power = f"{len(compared)} jobs, {len(compared & waited)} of them waited for {_LONG:g} s or longer"
    return found.finding("CreationTime as in the submit response", holds(power, power=power))
