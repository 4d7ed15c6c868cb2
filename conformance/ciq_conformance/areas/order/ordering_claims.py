"""Decides from timelines whether an order holds: an inversion is a deviation, proof is a pass, else inconclusive."""

from collections.abc import Sequence
from dataclasses import dataclass

from ciq_conformance.areas.pause_running_jobs import SPEC as PAUSE_RUNNING_JOBS
from ciq_conformance.areas.pause_running_jobs import labels
from ciq_conformance.judge.evidence import Evidence
from ciq_conformance.judge.finding import Finding, deviates, holds, inconclusive
from ciq_conformance.judge.ordering import FEWEST_PROVEN, Inversion, Ordering, PairFilter, agreement
from ciq_schemas.transcript.jobs import JobTimeline, build_timelines

FEWEST_PAIRS = 20
AGREEMENT = 0.8
"""Share of callback pairs in the required order that counts as proof when states prove nothing; chance gives half."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One part of an ordering requirement and the evidence for it."""

    name: str
    ordering: Ordering
    agreeing: int = 0
    comparable: int = 0
    must_show: bool = True
    enough: int = FEWEST_PROVEN

    @classmethod
    def of(
        cls,
        name: str,
        ordering: Ordering,
        timelines: Sequence[JobTimeline] = (),
        counts: PairFilter | None = None,
        *,
        must_show: bool = True,
        enough: int = FEWEST_PROVEN,
    ) -> "Claim":
        """Builds a claim; uses the order of callbacks only when states do not prove the order."""
        agreeing = comparable = 0
        if counts is not None and ordering.proven < min(enough, ordering.owed):
            agreeing, comparable = agreement(timelines, counts)
        return cls(
            name=name,
            ordering=ordering,
            agreeing=agreeing,
            comparable=comparable,
            must_show=must_show,
            enough=enough,
        )

    @property
    def by_states(self) -> bool:
        """Whether states prove the claim."""
        return bool(self.ordering.owed) and self.ordering.proven >= min(self.enough, self.ordering.owed)

    @property
    def by_callbacks(self) -> bool:
        """Whether the order of callbacks supports the claim beyond chance."""
        return self.comparable >= FEWEST_PAIRS and self.agreeing >= AGREEMENT * self.comparable

    @property
    def power(self) -> str:
        """Describes how well the evidence distinguishes a correct order from a wrong one."""
        if self.by_states:
            return f"{self.name}: {self.ordering.proven} of {self.ordering.owed} jobs certainly waited for another"
        if self.by_callbacks:
            return f"{self.name}: by callbacks only, {self.agreeing} of {self.comparable} pairs in order"
        pairs = f", {self.agreeing} of {self.comparable} pairs of callbacks in order" if self.comparable else ""
        return f"{self.name}: not proven ({self.ordering.proven} of {self.ordering.owed} jobs{pairs})"


def decide(expected: str, claims: Sequence[Claim], timelines: Sequence[JobTimeline], evidence: Evidence) -> Finding:
    """Returns a deviation for inversions, inconclusive when a required claim has no proof, else a pass."""
    shown = [claim for claim in claims if claim.must_show]
    power = "; ".join(claim.power for claim in shown)
    inversions = _without_stopped_jobs(
        sorted((i for claim in claims for i in claim.ordering.inversions), key=lambda i: -i.gap), timelines, evidence
    )
    if inversions:
        overtaken = len({inversion.late.job_id for inversion in inversions})
        return deviates(
            expected,
            f"{describe_inversion(inversions[0])} ({overtaken} job(s) were overtaken)",
            witness=inversions[0].witness,
            power=power,
        )
    open_claims = [claim for claim in shown if not claim.by_states and not claim.by_callbacks]
    if open_claims:
        return inconclusive(
            f"the jobs ended too fast, or too many at once, to observe {' and '.join(c.name for c in open_claims)}; "
            "name a larger sample input in the profile (inputs.<feature>.good)",
            power=power,
        )
    return holds(power, power=power)


def describe_inversion(inversion: Inversion) -> str:
    """Describes one inversion for a message."""
    early, late = inversion.early, inversion.late
    proof = (
        f"StartTime is {inversion.gap + 1.0:.0f} s earlier"
        if inversion.by_stamp
        else f"had started by {early.not_after.at:.2f} s, the other still waited at {late.not_before.at:.2f} s"
    )
    counted = f"; with it at least {inversion.overtakers} jobs did" if inversion.overtakers > 1 else ""
    return (
        f"job {early.job_id} ({_level(early)}, submitted at {early.submitted_at:.2f} s) started before "
        f"job {late.job_id} ({_level(late)}, submitted at {late.submitted_at:.2f} s): {proof}{counted}"
    )


def _level(timeline: JobTimeline) -> str:
    return "no level" if timeline.requested.level is None else f"level {timeline.requested.level}"


def _without_stopped_jobs(
    inversions: Sequence[Inversion], timelines: Sequence[JobTimeline], evidence: Evidence
) -> Sequence[Inversion]:
    """Removes inversions that a pause explains: where it stops running jobs, started jobs show as waiting."""
    if not any(timeline.returned_to_waiting for timeline in (*timelines, *evidence.derive(running_timelines))):
        return inversions
    workers = max(1, evidence.calibration.workers if evidence.calibration else 1)
    return inversions if len({i.late.job_id for i in inversions}) > workers else ()


def running_timelines(evidence: Evidence) -> tuple[JobTimeline, ...]:
    """Builds the timelines of the scenario `running`; they show whether a pause stops a running job."""
    responses = evidence.of(PAUSE_RUNNING_JOBS)
    submits = [r for r in responses if r.exchange.step == labels.Label.SUBMIT]
    return build_timelines(submits, (r for r in responses if r.exchange.step != labels.Label.SUBMIT))
