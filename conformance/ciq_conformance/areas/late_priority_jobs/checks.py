"""Checks of late arrivals: jobs of greater level accepted while others wait (PRI-004), and preemption (PRI-006)."""

from dataclasses import replace

from ciq_conformance.areas.late_priority_jobs import SPEC
from ciq_conformance.areas.late_priority_jobs import labels as steps
from ciq_conformance.areas.order.checks import order_timelines
from ciq_conformance.areas.order.labels import Label as OrderStep
from ciq_conformance.areas.order.ordering_claims import Claim, decide
from ciq_conformance.judge.evidence import Evidence
from ciq_conformance.judge.finding import Finding, Kind, absent, blocked, observed
from ciq_conformance.judge.ordering import Ordering, level_rule, settled_after
from ciq_conformance.judge.registry import Item, check
from ciq_schemas.transcript.jobs import JobTimeline, build_timelines

EXPECTED = "a job of greater level that arrives while others wait starts before them"


def _tracks(evidence: Evidence) -> tuple[JobTimeline, ...]:
    """Tracks of the scenario `late`, with the late jobs accepted a little later than they were.

    In an active queue a worker may hold a job that still shows itself waiting. Only what still waits some time after
    the late job was accepted was certainly not taken before it.
    """
    responses = evidence.of(SPEC)
    timelines = build_timelines(
        (r for r in responses if r.exchange.step in steps.SUBMITS),
        (r for r in responses if r.exchange.step not in steps.SUBMITS),
    )
    lag = settled_after(evidence.calibration)
    return tuple(
        replace(timeline, accepted_by=timeline.accepted_by + lag)
        if timeline.step == steps.Label.SUBMIT_LATE
        else timeline
        for timeline in timelines
    )


def _late_ordering(timelines: tuple[JobTimeline, ...], late_step: str) -> Ordering:
    late = {t.job_id for t in timelines if t.step == late_step}
    if not late:
        return Ordering(inversions=(), owed=0, proven=0)
    ordering = level_rule(timelines)
    still = [t for t in timelines if t.job_id not in late]
    waited = [
        low
        for low in still
        for high in timelines
        if high.job_id in late and high.level > low.level and high.accepted_by <= low.not_before.at
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
def late_job_overtakes(evidence: Evidence, item: Item) -> Finding:
    """In an active queue with a backlog; where jobs are too short for one, among jobs frozen by a pause."""
    timelines = evidence.derive(_tracks)
    active = _late_ordering(timelines, steps.Label.SUBMIT_LATE)
    frozen_tracks = evidence.derive(order_timelines)
    frozen = _late_ordering(frozen_tracks, OrderStep.SUBMIT_LATE)
    both = Ordering(
        inversions=(*active.inversions, *frozen.inversions),
        owed=active.owed + frozen.owed,
        proven=active.proven + frozen.proven,
    )
    if both.owed:
        where = "overtaken in an active queue" if active.owed else "overtaken after a pause in between"
        finding = decide(EXPECTED, [Claim.of(where, both, enough=1)], (*timelines, *frozen_tracks), evidence)
        if finding.kind is not Kind.CANNOT_TELL:
            return finding
    event = evidence.blocking_event(SPEC)
    if event is not None and event.name != "unsupported":
        return blocked(event.text, witness=(event.seq,))
    return absent(event.text if event else "no job still waited when the late one was accepted")


@check("PRI-006", SPEC)
def preemption(evidence: Evidence, item: Item) -> Finding:
    """Whether a job seen running was put back while late jobs of greater level arrived."""
    timelines = evidence.derive(_tracks)
    halted = [t for t in timelines if t.returned_to_waiting]
    if halted:
        return observed(
            f"{len(halted)} running job(s) were put back when a job of greater level arrived",
            witness=(halted[0].observations[-1].seq,),
        )
    return observed("no running job was put back" if timelines else "no late arrival could be played")
