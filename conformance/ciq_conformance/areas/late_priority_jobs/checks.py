"""Checks of jobs of a greater level that are accepted while others wait (PRI-004), and of preemption (PRI-006)."""

from ciq_conformance.areas.late_priority_jobs import SPEC, labels
from ciq_conformance.areas.order.checks import order_timelines
from ciq_conformance.areas.order.labels import Label as OrderLabel
from ciq_conformance.areas.order.ordering_claims import Claim, decide
from ciq_conformance.judge.evidence import Evidence
from ciq_conformance.judge.finding import Finding, Kind, absent, blocked, observed
from ciq_conformance.judge.ordering import Ordering, lagging_level_rule, settled_after
from ciq_conformance.judge.registry import Item, check
from ciq_conformance.judge.worker_allowance import worker_allowance
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
    spare = evidence.derive(worker_allowance).jobs
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
        if finding.kind is not Kind.INCONCLUSIVE:
            return finding
    event = evidence.blocking_event(SPEC)
    if event is not None and event.name != "unsupported":
        return blocked(event.text, witness=(event.seq,))
    return absent(event.text if event else "no job still waited when the target accepted the late job")


@check("PRI-006", SPEC)
def preemption_of_running_jobs(evidence: Evidence, item: Item) -> Finding:
    """Reports whether a running job returned to waiting when late jobs of a greater level were submitted."""
    timelines = evidence.derive(_late_timelines)
    returned = [t for t in timelines if t.returned_to_waiting]
    if returned:
        return observed(
            f"{len(returned)} running job(s) returned to waiting after a job of a greater level was submitted",
            witness=(returned[0].observations[-1].seq,),
        )
    return observed("no running job returned to waiting" if timelines else "the suite could not submit late jobs")
