"""How many jobs of one queue ran at once (PRI-008), from the scenarios that fill it."""

from collections.abc import Iterable, Iterator

from ciq_conformance.areas.concurrency.checks import concurrent_timelines
from ciq_conformance.areas.order import SPEC
from ciq_conformance.areas.order.checks import blocking_finding, order_timelines
from ciq_conformance.judge.evidence import Evidence
from ciq_conformance.judge.finding import Finding, absent, deviates, holds
from ciq_conformance.judge.registry import Item, check
from ciq_schemas.lifecycle import JobState
from ciq_schemas.transcript.jobs import JobTimeline, StateObservation

Run = tuple[StateObservation, StateObservation]
"""The first and the last look at a running job: between them it ran for certain."""


def _runs(timelines: Iterable[JobTimeline]) -> Iterator[Run]:
    for timeline in timelines:
        running = [sighting for sighting in timeline.observations if sighting.state == JobState.RUNNING]
        if running and not timeline.returned_to_waiting and running[0].received < running[-1].sent:
            yield running[0], running[-1]


def most_at_once(runs: Iterable[Run]) -> tuple[int, tuple[int, ...]]:
    """The greatest number of jobs that certainly ran at one instant, and records that show it."""
    known = sorted(runs, key=lambda run: run[0].received)
    best: list[Run] = []
    going: list[Run] = []
    for run in known:
        going = [*(one for one in going if one[1].sent > run[0].received), run]
        if len(going) > len(best):
            best = going
    return len(best), tuple(dict.fromkeys(sighting.seq for run in best[:3] for sighting in run))


@check("PRI-008", SPEC)
def no_more_than_max_concurrent(evidence: Evidence, item: Item) -> Finding:
    """Jobs seen Running by two looks each, against what the queue's list tells."""
    timelines = (*evidence.derive(order_timelines), *evidence.derive(concurrent_timelines))
    stop = blocking_finding(evidence, timelines)
    if stop:
        return stop
    told = [
        int(queue.max_concurrent)
        for response in evidence.responses
        for queue in (
            response.queue_list.queues if response.ok and response.exchange.operation == "list_queues" else ()
        )
        if queue.max_concurrent and queue.max_concurrent.strip().isdecimal()
    ]
    if not told:
        return absent("no list told MaxConcurrent (see QUE-005)")
    most, witness = most_at_once(_runs(timelines))
    if not most:
        return absent("no job was seen Running twice: they are too short to be counted")
    if most > max(told):
        return deviates(f"at most {max(told)} jobs at once (MaxConcurrent)", f"{most} ran at once", witness=witness)
    return holds(f"{most} jobs seen at once, MaxConcurrent is {max(told)}", witness=witness)
