"""Judges order and pause by the exchanges of one recording. Pure.

A recording has no calibration: how fast the target shows a start is unknown. So a start counts against the order only
when the proofs are `CERTAIN` seconds apart. Other clients may use the queue, so a pause is certain only when the user
says that the recording is complete.
"""

from collections.abc import Sequence
from itertools import chain
from urllib.parse import urlsplit

from ciq_conformance.judge.finding import Deviations, Finding, deviates, holds, untested
from ciq_conformance.judge.ordering import FEWEST_PROVEN, Ordering, level_rule, order_rule
from ciq_conformance.recorded.tally import NO_ORDER, NO_PAUSE
from ciq_schemas.lifecycle import QueueState
from ciq_schemas.operations import OperationKind
from ciq_schemas.transcript.jobs import JobTimeline, build_timelines
from ciq_schemas.transcript.parsed import ParsedCallback, ParsedExchange
from ciq_schemas.transcript.pauses import certain_pauses, held_observation, leaks, state_settings

CERTAIN = 2.0
"""Seconds between two proofs that no delay of the target explains."""
_PAUSED_ORDER = "a pause returned running jobs to waiting, which one documented reading allows"


class RecordedQueue:
    """The jobs and updates of one queue in a recording."""

    def __init__(self, timelines: Sequence[JobTimeline], updates: Sequence[ParsedExchange], *, until: float) -> None:
        self.timelines = timelines
        self._updates = updates
        self._until = until

    def levels(self) -> Ordering:
        """Applies the level rule."""
        return level_rule(self.timelines, slack=CERTAIN)

    def order(self) -> Ordering:
        """Applies the rule of the order of submission."""
        return order_rule(self.timelines, slack=CERTAIN)

    def pause(self) -> tuple[int, list[tuple[str, tuple[int, ...]]]]:
        """Returns how many jobs certainly waited in a pause, and the jobs that left it."""
        spans = certain_pauses(state_settings(self._updates, QueueState.PAUSED), until=self._until)
        held = sum(held_observation(t, span, CERTAIN) is not None for span in spans for t in self.timelines)
        left = [(leak.text, leak.witness) for span in spans for leak in leaks(self.timelines, span, CERTAIN)]
        return held, left


def _host(response: ParsedExchange) -> str:
    return urlsplit(response.exchange.url).netloc


def recorded_queues(
    responses: Sequence[ParsedExchange], callbacks: Sequence[ParsedCallback]
) -> tuple[RecordedQueue, ...]:
    """Returns the queues of a recording: jobs belong to one queue by host and QueueId."""
    submits = [r for r in responses if r.exchange.operation == OperationKind.SUBMIT_JOB and r.ok]
    describes = [r for r in responses if r.exchange.operation == OperationKind.DESCRIBE_JOB and r.ok]
    updates = [r for r in responses if r.exchange.operation == OperationKind.UPDATE_QUEUE]
    queue_ids = {
        job.job_id: (_host(response), job.queue_id or "") for response in submits for job in response.jobs if job.job_id
    }
    groups: dict[tuple[str, str], list[JobTimeline]] = {}
    for timeline in build_timelines(submits, describes, callbacks):
        groups.setdefault(queue_ids.get(timeline.job_id, ("", "")), []).append(timeline)
    until = max((response.exchange.ended for response in responses), default=0.0)
    return tuple(
        RecordedQueue(
            timelines,
            [u for u in updates if _host(u) == host and urlsplit(u.exchange.url).path.endswith(f"/{queue_id}")],
            until=until,
        )
        for (host, queue_id), timelines in groups.items()
        if queue_id
    )


def order_finding(queues: Sequence[RecordedQueue], *, by_level: bool) -> Finding:
    """Judges the level rule (PRI-001) or the order of submission (PRI-002)."""
    if any(timeline.returned_to_waiting for queue in queues for timeline in queue.timelines):
        return untested(_PAUSED_ORDER)
    orderings = [queue.levels() if by_level else queue.order() for queue in queues]
    inversions = list(chain.from_iterable(ordering.inversions for ordering in orderings))
    if inversions:
        widest = max(inversions, key=lambda inversion: inversion.gap)
        early, late = widest.early, widest.late
        seen = (
            f"job {early.job_id} (level {early.level}) started {widest.gap:.1f} s before job {late.job_id} "
            f"(level {late.level}) stopped waiting"
        )
        expected = "of two waiting jobs the one of greater level starts first, at equal level the one accepted first"
        return deviates(expected, seen, witness=widest.witness)
    proven = sum(ordering.proven for ordering in orderings)
    return holds(f"{proven} jobs certainly waited for another") if proven >= FEWEST_PROVEN else untested(NO_ORDER)


def pause_finding(queues: Sequence[RecordedQueue], *, complete: bool) -> Finding:
    """Judges that no waiting job starts in a paused queue (PAU-001)."""
    if not complete:
        return untested(NO_PAUSE)
    held, wrong = 0, Deviations()
    for queue in queues:
        waited, left = queue.pause()
        held += waited
        for text, witness in left:
            wrong.add(witness[0], text)
    otherwise = holds(f"{held} jobs waited in a pause") if held else untested("no job certainly waited in a pause")
    return wrong.finding("no waiting job starts while the queue is paused", otherwise)
