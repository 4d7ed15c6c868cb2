"""From what the tracks say about an order to a finding: inversions blame, proof clears, and anything less is said."""

from collections.abc import Sequence
from dataclasses import dataclass

from ciq_conformance.areas.pause_running_jobs import SPEC as PAUSE_RUNNING_JOBS
from ciq_conformance.areas.pause_running_jobs import labels
from ciq_conformance.judge.evidence import Evidence
from ciq_conformance.judge.finding import Finding, cannot_tell, deviates, holds
from ciq_conformance.judge.ordering import FEWEST_PROVEN, Inversion, Ordering, PairFilter, agreement
from ciq_schemas.transcript.jobs import JobTimeline, build_timelines

FEWEST_PAIRS = 20
AGREEMENT = 0.8
"""Share of pairs told in the demanded order that lets callbacks stand in for states; chance alone gives a half."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One part of an ordering requirement and what speaks for it."""

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
        """A claim; the order of callbacks is consulted only where states do not show it."""
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
        """States prove it."""
        return bool(self.ordering.owed) and self.ordering.proven >= min(self.enough, self.ordering.owed)

    @property
    def by_callbacks(self) -> bool:
        """The order of callbacks shows it beyond chance."""
        return self.comparable >= FEWEST_PAIRS and self.agreeing >= AGREEMENT * self.comparable

    @property
    def power(self) -> str:
        """How much the evidence can tell apart, in words."""
        if self.by_states:
            return f"{self.name}: {self.ordering.proven} of {self.ordering.owed} jobs shown to have waited"
        if self.by_callbacks:
            return f"{self.name}: by callbacks only, {self.agreeing} of {self.comparable} pairs told in order"
        told = f", {self.agreeing} of {self.comparable} pairs of callbacks in order" if self.comparable else ""
        return f"{self.name}: not shown ({self.ordering.proven} of {self.ordering.owed} jobs{told})"


def decide(expected: str, claims: Sequence[Claim], timelines: Sequence[JobTimeline], evidence: Evidence) -> Finding:
    """Inversions deviate; a claim that must be shown and is not leaves the question open; else it holds."""
    shown = [claim for claim in claims if claim.must_show]
    power = "; ".join(claim.power for claim in shown)
    inversions = _beyond_halted(
        sorted((i for claim in claims for i in claim.ordering.inversions), key=lambda i: -i.gap), timelines, evidence
    )
    if inversions:
        overtaken = len({inversion.late.job_id for inversion in inversions})
        return deviates(
            expected,
            f"{words(inversions[0])} ({overtaken} job(s) were overtaken)",
            witness=inversions[0].witness,
            power=power,
        )
    open_claims = [claim for claim in shown if not claim.by_states and not claim.by_callbacks]
    if open_claims:
        return cannot_tell(
            f"the jobs ended too fast, or too many at once, to see {' and '.join(c.name for c in open_claims)}; "
            "name a larger sample input in the profile (inputs.<feature>.good)",
            power=power,
        )
    return holds(power, power=power)


def words(inversion: Inversion) -> str:
    """One inversion in words."""
    early, late = inversion.early, inversion.late
    proof = (
        f"StartTime is {inversion.gap + 1.0:.0f} s earlier"
        if inversion.by_stamp
        else f"had started by {early.not_after.at:.2f} s, the other still waited at {late.not_before.at:.2f} s"
    )
    return (
        f"job {early.job_id} ({_level(early)}, submitted at {early.submitted_at:.2f} s) started before "
        f"job {late.job_id} ({_level(late)}, submitted at {late.submitted_at:.2f} s): {proof}"
    )


def _level(timeline: JobTimeline) -> str:
    return "no level" if timeline.requested.level is None else f"level {timeline.requested.level}"


def _beyond_halted(
    inversions: Sequence[Inversion], timelines: Sequence[JobTimeline], evidence: Evidence
) -> Sequence[Inversion]:
    """Leave out what a pause that stops running jobs explains: such jobs look waiting although they had started."""
    if not any(timeline.returned_to_waiting for timeline in (*timelines, *evidence.derive(running_timelines))):
        return inversions
    workers = max(1, evidence.calibration.workers if evidence.calibration else 1)
    return inversions if len({i.late.job_id for i in inversions}) > workers else ()


def running_timelines(evidence: Evidence) -> tuple[JobTimeline, ...]:
    """Tracks of the scenario `running`: whether a pause was seen to stop a running job."""
    responses = evidence.of(PAUSE_RUNNING_JOBS)
    submits = [r for r in responses if r.exchange.step == labels.Label.SUBMIT]
    return build_timelines(submits, (r for r in responses if r.exchange.step != labels.Label.SUBMIT))
