"""Judges one pause: which jobs started in it, and how many starts the observations could have missed. Pure."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from ciq_conformance.judge.finding import Finding, deviates, holds, inconclusive
from ciq_conformance.judge.worker_allowance import WorkerAllowance
from ciq_schemas.lifecycle import WAITING_STATES
from ciq_schemas.transcript.jobs import JobTimeline
from ciq_schemas.transcript.pauses import Leak, PauseSpan, held_observation, leaks, starts_in

QUOTED = 3
"""Jobs that a finding names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PauseFacts:
    """One pause and what the jobs did in it."""

    span: PauseSpan
    leaks: tuple[Leak, ...]
    """Jobs that started although the queue was paused."""
    held: int
    """Jobs seen waiting after the grace period."""
    held_over: int
    """Those of them that had been accepted before the pause, so that workers could have held them."""
    looks: tuple[float, ...]
    """Seconds from the acknowledgement until the first describe of each job that this showed waiting, in order."""

    @classmethod
    def of(
        cls, timelines: Sequence[JobTimeline], span: PauseSpan, settled: float, allowance: WorkerAllowance
    ) -> "PauseFacts":
        """Judges the jobs of one pause: each start after the grace period, or more starts than workers can hold."""
        started = tuple(starts_in(timelines, span))
        counted = started if len(started) > allowance.jobs else ()
        alone = tuple(leaks(timelines, span, settled))
        by_job = {leak.timeline.job_id: leak for leak in (*counted, *alone)}
        before = [timeline for timeline in timelines if timeline.accepted_by <= span.begin]
        held = [timeline for timeline in timelines if held_observation(timeline, span, settled) is not None]
        first = [look for timeline in before if (look := _first_waiting(timeline, span)) is not None]
        return cls(
            span=span,
            leaks=tuple(by_job.values()),
            held=len(held),
            held_over=sum(timeline.accepted_by <= span.begin for timeline in held),
            looks=tuple(sorted(look - span.begin for look in first)),
        )

    def hidden(self, settled: float, allowance: WorkerAllowance) -> int:
        """The largest number of jobs that could have started in this pause without being reported.

        Starts after the grace period are all reported. Earlier ones are reported when more jobs than workers can hold
        were seen waiting before they started; what starts until the first describe is not seen waiting.
        """
        alone = allowance.started_within(settled)
        if not self.looks:
            return alone
        return min(alone, allowance.usual_jobs + math.ceil(allowance.throughput * self.looks[0]))

    def could_show(self, settled: float, allowance: WorkerAllowance) -> bool:
        """Whether so many jobs waited that more starts than `hidden` would have been reported."""
        hidden = self.hidden(settled, allowance)
        if self.held_over > allowance.started_within(settled):
            return True
        # Jobs start in the order in which they are described, so the next look must come before the next start.
        pace = max(allowance.throughput, 0.001)
        in_time = sum(look <= (number + allowance.usual_jobs) / pace for number, look in enumerate(self.looks, 1))
        return in_time > hidden


def _first_waiting(timeline: JobTimeline, span: PauseSpan) -> float | None:
    """When the first describe after the acknowledgement showed the job waiting; None when it came after the first."""
    looks = (s for s in timeline.observations if s.sent >= span.begin and s.received <= span.end)
    first = next(looks, None)
    return first.received if first is not None and first.state in WAITING_STATES else None


def leaks_finding(expected: str, found: Sequence[Leak], allowance: WorkerAllowance) -> Finding:
    """The deviation: the jobs that started, with the records of each."""
    first = min((leak.span for leak in found), key=lambda span: span.begin)
    mine = [leak for leak in found if leak.span == first]
    texts = [leak.text for leak in mine[:QUOTED]]
    more = f" (and {len(mine) - QUOTED} more)" if len(mine) > QUOTED else ""
    spans = len({leak.span for leak in found})
    seen = (
        f"{len(mine)} job(s) started in the pause from {first.begin:.2f} s to {first.end:.2f} s of the run: "
        f"{'; '.join(texts)}{more}"
    )
    if spans > 1:
        seen += f"; {len(found)} jobs in {spans} pauses together"
    if len(mine) > allowance.jobs:
        seen += f"; workers can have held {allowance.jobs} job(s) when the pause was acknowledged"
    return deviates(expected, seen, witness=tuple(dict.fromkeys(seq for leak in mine for seq in leak.witness)))


def unless_hidden(pauses: Sequence[PauseFacts], settled: float, allowance: WorkerAllowance, power: str) -> Finding:
    """The pass, with what it could not observe; inconclusive where no pause left enough jobs waiting."""
    clear = [pause for pause in pauses if pause.could_show(settled, allowance)]
    least = min(pause.hidden(settled, allowance) for pause in clear or pauses)
    if not any(pause.looks or pause.held_over for pause in pauses):
        power = f"{power}; no pause of the busy queue left a job waiting"
        return holds(power, power=power)
    text = f"starts right after a pause are not judged singly: up to {least} job(s) here"
    if not clear:
        return inconclusive(
            f"too few jobs waited in any pause to distinguish leaks from jobs that workers held; {text}; "
            "name a larger sample input in the profile (inputs.<feature>.good)",
            power=power,
        )
    return holds(f"{power}; {text}", power=f"{power}; {text}")
