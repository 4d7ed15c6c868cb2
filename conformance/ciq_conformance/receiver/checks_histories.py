"""Judges random histories of deliveries."""

from ciq_conformance.judge.evidence import Evidence
from ciq_conformance.judge.finding import Deviations, Finding, blocked, holds, inconclusive, untested
from ciq_conformance.judge.registry import Item, check
from ciq_conformance.receiver.observed import (
    ACCEPTED,
    NO_EFFECTS,
    Count,
    counts_of,
    described,
    is_accepted,
    jobs_of,
    without_steps,
)
from ciq_conformance.receiver.steps import CALLBACK, HISTORIES, is_whole
from ciq_schemas.transcript.records import Exchange

_NEEDS_OPTION = "the run plays no random histories: give --explore N"


def _played(evidence: Evidence) -> tuple[Exchange, ...]:
    return tuple(r.exchange for r in evidence.of(HISTORIES) if r.exchange.operation == CALLBACK)


def _without(evidence: Evidence) -> Finding:
    return without_steps(evidence, HISTORIES) if evidence.blocking_event(HISTORIES) else untested(_NEEDS_OPTION)


@check("RCV-090", HISTORIES)
def histories_have_their_effects(evidence: Evidence, item: Item) -> Finding:
    """Each accepted job is counted once; a job whose callbacks all broke off is never counted."""
    found = _played(evidence)
    if not found:
        return _without(evidence)
    counts = evidence.derive(counts_of)
    if not counts:
        return inconclusive(NO_EFFECTS)
    accepted: dict[str, Exchange] = {}
    whole: set[str] = set()
    for exchange in found:
        if is_whole(exchange.step):
            whole.update(jobs_of(exchange.request_body.data))
            if is_accepted(exchange):
                accepted.update(dict.fromkeys(jobs_of(exchange.request_body.data), exchange))
    wrong = Deviations()
    for job, exchange in accepted.items():
        times = counts.get(job, Count()).times
        if times is not None and times != 1:
            wrong.add(exchange.seq, f"{exchange.step}: job {job} was accepted and counted {times} times")
            wrong.items.extend((seq, wrong.items[-1][1]) for seq in counts[job].seqs[-1:])
    for job, count in counts.items():
        if count.times and job not in whole and any(job.encode() in e.request_body.data for e in found):
            wrong.add(count.seqs[-1], f"job {job} was counted {count.times} times, but its callbacks all broke off")
    if not wrong.items:
        if not accepted:
            return blocked(f"the receiver accepted no callback of the histories: {described(found[0])} (RCV-091)")
        unclear = next((job for job in accepted if counts.get(job, Count()).times is None), "")
        if unclear:
            shown = counts.get(unclear, Count()).unclear or "no answer"
            return inconclusive(f"the answers about effects are no counts ({unclear}: {shown})")
    power = f"{len(accepted)} accepted jobs, {len(found)} deliveries"
    return wrong.finding("each accepted job is counted once", holds(f"{power}: counted once each", power=power))


@check("RCV-091", HISTORIES)
def histories_are_accepted(evidence: Evidence, item: Item) -> Finding:
    """Every whole callback of the histories gets 2xx."""
    found = [exchange for exchange in _played(evidence) if is_whole(exchange.step) and not is_left(exchange)]
    if not found:
        return _without(evidence)
    wrong = Deviations()
    for exchange in found:
        if not is_accepted(exchange):
            wrong.add(exchange.seq, described(exchange))
    return wrong.finding(ACCEPTED, holds(f"{len(found)} callbacks were accepted", power=f"{len(found)} callbacks"))


def is_left(exchange: Exchange) -> bool:
    """Returns whether the sender left before the response."""
    return exchange.step.endswith(" left")
