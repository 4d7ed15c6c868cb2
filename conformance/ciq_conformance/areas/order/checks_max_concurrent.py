"""Check of the number of jobs that one queue runs at the same time (PRI-008), in scenarios that fill the queue."""

from collections import Counter
from collections.abc import Iterable, Iterator

from ciq_conformance.areas.concurrency.checks import concurrent_timelines
from ciq_conformance.areas.order import SPEC
from ciq_conformance.areas.order.checks import blocking_finding, order_timelines
from ciq_conformance.judge.evidence import Evidence
from ciq_conformance.judge.finding import Finding, deviates, holds, observed, untested
from ciq_conformance.judge.ordering import SLACK
from ciq_conformance.judge.registry import Item, check
from ciq_schemas.lifecycle import JobState
from ciq_schemas.transcript.jobs import JobTimeline, StateObservation

Run = tuple[StateObservation, StateObservation]
"""The first and the last observation of a job in state Running: between them it certainly ran."""


def _runs(timelines: Iterable[JobTimeline]) -> Iterator[Run]:
    for timeline in timelines:
        running = [sighting for sighting in timeline.observations if sighting.state == JobState.RUNNING]
        if running and not timeline.returned_to_waiting and running[0].received < running[-1].sent:
            yield running[0], running[-1]


def most_at_once(runs: Iterable[Run], late: float = 0.0) -> tuple[int, tuple[int, ...]]:
    """Returns the greatest number of jobs that ran at one instant, and the records that prove it.

    An observation counts as up to `late` seconds old.
    """
    known = sorted((run for run in runs if run[1].sent - late > run[0].received), key=lambda run: run[0].received)
    best: list[Run] = []
    current: list[Run] = []
    for run in known:
        current = [*(one for one in current if one[1].sent - late > run[0].received), run]
        if len(current) > len(best):
            best = current
    return len(best), tuple(dict.fromkeys(sighting.seq for run in best[:3] for sighting in run))


def most_in_one_answer(timelines: Iterable[JobTimeline]) -> tuple[int, tuple[int, ...]]:
    """Returns the greatest number of jobs that one answer shows Running, and its record; 0 without any."""
    running = Counter(s.seq for timeline in timelines for s in timeline.observations if s.state == JobState.RUNNING)
    return next(((count, (seq,)) for seq, count in running.most_common(1)), (0, ()))


@check("PRI-008", SPEC)
def running_jobs_do_not_exceed_max_concurrent(evidence: Evidence, item: Item) -> Finding:
    """Checks that no more jobs run at the same time than MaxConcurrent of the queue list allows."""
    timelines = (*evidence.derive(order_timelines), *evidence.derive(concurrent_timelines))
    stop = blocking_finding(evidence, timelines)
    if stop:
        return stop
    limits = [
        int(queue.max_concurrent)
        for response in evidence.responses
        for queue in (
            response.queue_list.queues if response.ok and response.exchange.operation == "list_queues" else ()
        )
        if queue.max_concurrent and queue.max_concurrent.strip().isdecimal()
    ]
    if not limits:
        return untested("no list contains MaxConcurrent; see QUE-005")
    runs = tuple(_runs(timelines))
    most, witness = most_at_once(runs)
    limit = max(limits)
    if not most:
        most, witness = most_in_one_answer(timelines)
    if not most:
        return untested("no job was observed Running, so the jobs are too short to be counted")
    expected = f"at most {limit} jobs at once (MaxConcurrent)"
    certain, proof = most_at_once(runs, SLACK)
    if certain > limit:
        return deviates(expected, f"{certain} ran at once", witness=proof)
    if most > limit:
        reason = f"the jobs are so short that answers which show a state {SLACK:g} s late can look like this"
        return observed(f"{most} jobs showed Running at once", witness=witness, expected=expected, reason=reason)
    return holds(f"{most} jobs observed at once, MaxConcurrent is {limit}", witness=witness)
