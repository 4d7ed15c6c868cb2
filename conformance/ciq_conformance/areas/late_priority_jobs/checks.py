"""Checks of jobs of a greater level that are accepted while others wait (PRI-004), and of preemption (PRI-006)."""

from itertools import pairwise

from ciq_conformance.areas.late_priority_jobs import SPEC, labels
from ciq_conformance.areas.order.checks import order_timelines
from ciq_conformance.areas.order.labels import Label as OrderLabel
from ciq_conformance.areas.order.ordering_claims import Claim, decide
from ciq_conformance.judge.evidence import Evidence
from ciq_conformance.judge.finding import Finding, Kind, blocked, deviates, holds, untested
from ciq_conformance.judge.ordering import Ordering, lagging_level_rule, settled_after
from ciq_conformance.judge.registry import Item, check
from ciq_conformance.judge.worker_allowance import worker_allowance
from ciq_schemas.lifecycle import WAITING_STATES, JobState
from ciq_schemas.transcript.jobs import JobTimeline, build_timelines

EXPECTED = "a job of a greater level, submitted while others wait, starts before them"


def _late_timelines(evidence: Evidence) -> tuple[JobTimeline, ...]:
    """Timelines of the scenario `late_priority_jobs`."""
    responses = evidence.of(SPEC)
    return build_timelines(
        (r for r in responses if r.exchange.step in labels.SUBMITS),
        (r for r in responses if r.exchange.step not in labels.SUBMITS),
    )


def _late_ordering(timelines: tuple[JobTimeline, ...], late_step: str, *, lag: float, spare: int) -> Ordering:
    """The level rule for jobs that arrived late, which count as accepted `lag` seconds later.

    In an active queue a worker may hold a job that still shows as waiting. Only what still waits some time after the
    late job was accepted was certainly not taken before it, or more jobs than the `spare` that workers can hold.
    """
    late = {t.job_id for t in timelines if t.step == late_step}
    if not late:
        return Ordering(inversions=(), owed=0, proven=0)
    ordering = lagging_level_rule(
        timelines, lambda timeline: lag if timeline.job_id in late else 0.0, held_by_workers=spare
    )
    earlier = [t for t in timelines if t.job_id not in late]
    waited = [
        low
        for low in earlier
        for high in timelines
        if high.job_id in late and high.level > low.level and high.accepted_by + lag <= low.not_before.at
    ]
    proven = {
        low.job_id
        for low in waited
        if any(
            high.job_id in late and high.level > low.level and high.not_after.at <= low.not_before.at
            for high in timelines
        )
    }
    return Ordering(
        inversions=tuple(i for i in ordering.inversions if i.late.job_id in late),
        owed=len({low.job_id for low in waited}),
        proven=len(proven),
    )


@check("PRI-004", SPEC)
def late_job_of_greater_level_starts_first(evidence: Evidence, item: Item) -> Finding:
    """A late job of a greater level starts before waiting jobs, in an active queue or after a pause in between."""
    timelines = evidence.derive(_late_timelines)
    allowance = evidence.derive(worker_allowance)
    spare = allowance.jobs
    lag = settled_after(evidence.calibration)
    active = _late_ordering(timelines, labels.Label.SUBMIT_LATE, lag=lag, spare=spare)
    paused_timelines = evidence.derive(order_timelines)
    paused = _late_ordering(paused_timelines, OrderLabel.SUBMIT_LATE, lag=0.0, spare=spare)
    both = Ordering(
        inversions=(*active.inversions, *paused.inversions),
        owed=active.owed + paused.owed,
        proven=active.proven + paused.proven,
    )
    if both.owed:
        where = "overtaken in an active queue" if active.owed else "overtaken after a pause in between"
        finding = decide(EXPECTED, [Claim.of(where, both, enough=1)], (*timelines, *paused_timelines), evidence)
        if finding.kind is Kind.HOLDS:
            hidden = min(allowance.started_within(lag), allowance.jobs)
            text = f"{finding.seen}; starts right after a late submit are not judged singly: up to {hidden} job(s) here"
            return holds(text, power=text)
        if finding.kind is not Kind.INCONCLUSIVE:
            return finding
    event = evidence.blocking_event(SPEC)
    if event is not None and event.name != "unsupported":
        return blocked(event.text, witness=(event.seq,))
    return untested(event.text if event else "no job still waited when the target accepted the late job")


@check("PRI-006", SPEC)
def running_job_is_not_preempted(evidence: Evidence, item: Item) -> Finding:
    """Checks that no running job shows a waiting state again after late jobs of a greater level were submitted.

    One such response can be a stale one; two in a row after the first Running are reported.
    """
    timelines = evidence.derive(_late_timelines)
    if not timelines:
        event = evidence.blocking_event(SPEC)
        return (
            untested(event.text)
            if event and event.name == "unsupported"
            else blocked("the suite could not submit late jobs")
        )
    late = [timeline for timeline in timelines if timeline.step == labels.Label.SUBMIT_LATE]
    survived = 0
    for timeline in timelines:
        runs = [s for s in timeline.observations if s.state == JobState.RUNNING]
        if not runs:
            continue
        running = runs[0]
        survived += any(
            high.level > timeline.level and running.received <= high.submitted_at and runs[-1].sent >= high.accepted_by
            for high in late
        )
        later = [s for s in timeline.observations if s.sent > running.received]
        back = next((pair for pair in pairwise(later) if all(s.state in WAITING_STATES for s in pair)), None)
        if back is not None:
            return deviates(
                "a running job runs to its end when a job of a higher level arrives",
                f"job {timeline.job_id} (level {timeline.level}) was Running by {running.received:.2f} s "
                f"and {back[1].state} at {back[1].sent:.2f} s of the run",
                witness=(running.seq, back[0].seq, back[1].seq),
            )
    if not survived:
        return untested("no job was observed Running before and after a job of a higher level arrived")
    return holds(f"{survived} job(s) observed Running before and after a job of a higher level arrived")
