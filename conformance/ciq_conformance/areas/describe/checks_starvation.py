"""Check over all scenarios: no job waits too long in an active queue that could run it (LIF-006).

No document says how soon a job starts. So a waiting job is a deviation only where a wait of the suite timed out, the
queue was certainly active during that time, a worker was free and no other job had ended for some time. Pure.
"""

import math
from collections.abc import Iterable, Iterator, Sequence

from ciq_conformance.areas.describe import SPEC
from ciq_conformance.judge.evidence import Evidence
from ciq_conformance.judge.finding import Deviations, Finding, blocked, holds, inconclusive
from ciq_conformance.judge.preconditions import not_judged
from ciq_conformance.judge.registry import Item, check
from ciq_conformance.judge.whole_run import active_spans, all_timelines, exchanges_of, has_own_job_rules
from ciq_conformance.timeouts import Timeouts
from ciq_schemas.lifecycle import ENDED_BY_RUNNING, FINAL_STATES, WAITING_STATES, JobState
from ciq_schemas.operations import OperationKind
from ciq_schemas.transcript import raw
from ciq_schemas.transcript.jobs import JobTimeline
from ciq_schemas.transcript.records import Calibration

QUIET = 2.0
"""Seconds, in addition to the time of two jobs, in which no other job ended."""


@check("LIF-006", SPEC)
def waiting_job_is_scheduled(evidence: Evidence, item: Item) -> Finding:
    """No job of any scenario still waits at a timeout although the queue could run it."""
    timelines = evidence.derive(all_timelines)
    if not timelines:
        return not_judged(evidence, SPEC, "no job was accepted; see SUB-001")
    if evidence.calibration is None:
        return blocked("the probe failed, so the suite does not know how long a job may take")
    ended = sum(timeline.last_state in ENDED_BY_RUNNING for timeline in timelines)
    starving = Deviations()
    for timeline, since in _starving_jobs(evidence, timelines, evidence.calibration):
        last = timeline.observations[-1]
        text = (
            f"job {timeline.job_id} was still {last.state} {last.sent - since:.1f} s after the queue was able to run it"
        )
        starving.add(timeline.submit_seq, text)
        starving.add(last.seq, text)
    if not ended and not starving.items:
        return inconclusive("no job was seen to end")
    power = f"{ended} of {len(timelines)} jobs seen to their end"
    return starving.finding("a job that waits in an active queue is scheduled", holds(power, power=power))


def _starving_jobs(
    evidence: Evidence, timelines: Sequence[JobTimeline], calibration: Calibration
) -> Iterator[tuple[JobTimeline, float]]:
    """Yields the jobs that waited although they could run, each with the time from which it could run."""
    scenarios = {
        response.exchange.seq: response.exchange.scenario
        for response in exchanges_of(evidence, OperationKind.SUBMIT_JOB)
    }
    cancelled = {
        raw.requested_job_id(response.exchange)
        for response in exchanges_of(evidence, OperationKind.CANCEL_JOB)
        if not response.refused
    }
    timeouts = Timeouts(calibration)
    spans = evidence.derive(active_spans)
    for timeline in timelines:
        scenario = scenarios[timeline.submit_seq]
        if timeline.last_state not in WAITING_STATES or has_own_job_rules(scenario) or timeline.job_id in cancelled:
            continue
        at = timeline.observations[-1].sent
        begin = next((span.begin for span in spans if span.begin <= at <= span.end), math.inf)
        since = max(begin, timeline.accepted_by)
        expired = any(event.at >= since for event in evidence.events(scenario, "expired"))
        if not expired or at - since < timeouts.jobs(1) or timeline.callback_arrivals:
            continue
        last_end, busy = _other_jobs(timeline, timelines, since, at)
        if busy < max(1, calibration.workers) and at - last_end >= QUIET + 2 * calibration.job_latency:
            yield timeline, since


def _other_jobs(timeline: JobTimeline, timelines: Iterable[JobTimeline], since: float, at: float) -> tuple[float, int]:
    """Returns when another job last ended before `at`, and how many other jobs may have occupied a worker then."""
    last_end, busy = -math.inf, 0
    for other in timelines:
        if other is timeline or other.submitted_at > at:
            continue
        seen = [observation for observation in other.observations if observation.received <= at]
        end = min((s.received for s in seen if s.state in FINAL_STATES), default=math.inf)
        end = min([end, *(arrival.at for arrival in other.callback_arrivals if arrival.at <= at)])
        if end < math.inf:
            last_end = max(last_end, end)
        elif not any(s.state in WAITING_STATES and s.sent >= since for s in seen) or seen[-1].state == JobState.RUNNING:
            busy += 1
    return last_end, busy
