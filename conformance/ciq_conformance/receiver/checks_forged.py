"""Judges forged callbacks: a callback has no signature, so only the service can confirm it."""

from ciq_conformance.judge.evidence import Evidence
from ciq_conformance.judge.finding import Finding, Kind, deviates, holds, inconclusive, untested
from ciq_conformance.judge.registry import Item, check
from ciq_conformance.receiver.observed import NO_EFFECTS, effects, jobs_of, never, sent, without_steps
from ciq_conformance.receiver.steps import FORGED, SERVICE, Forged
from ciq_conformance.scenario_spec import channel_name

_NEEDS_OPTION = (
    "the run has no service beside the receiver: give --service-bind HOST:PORT and configure the receiver "
    "to use the service at this address"
)


def _without_effect(evidence: Evidence, step: Forged, expected: str) -> Finding:
    """Judges that the forged callback of a step has no effect, while the genuine one has."""
    found = sent(evidence, FORGED, (step,))
    if not found:
        return without_steps(evidence, FORGED) if evidence.blocking_event(FORGED) else untested(_NEEDS_OPTION)
    genuine = effects(evidence, FORGED, (Forged.GENUINE,))
    if genuine.kind is Kind.INCONCLUSIVE:
        return inconclusive(NO_EFFECTS)
    if genuine.kind is not Kind.HOLDS:
        shown = genuine.seen or genuine.reason
        return inconclusive(f"the genuine callback has no single effect ({shown}), so an absent effect proves nothing")
    jobs = {job: exchange for exchange in found for job in jobs_of(exchange.request_body.data)}
    return never(evidence, jobs, expected)


@check("RCV-082", FORGED)
def unknown_job_has_no_effect(evidence: Evidence, item: Item) -> Finding:
    """A callback of a job that the service does not know is not counted."""
    return _without_effect(evidence, Forged.UNKNOWN_JOB, "a job that the service does not know has no effect")


@check("RCV-083", FORGED)
def contradicted_state_has_no_effect(evidence: Evidence, item: Item) -> Finding:
    """A callback that reports Success of a job that has not ended is not counted."""
    return _without_effect(evidence, Forged.OTHER_STATE, "a job that the service describes as not ended has no effect")


@check("RCV-084", FORGED)
def receiver_asks_back(evidence: Evidence, item: Item) -> Finding:
    """Measures whether the receiver sends a describe for a reported job."""
    found = sent(evidence, FORGED, (Forged.UNKNOWN_JOB,))
    if not found:
        return without_steps(evidence, FORGED) if evidence.blocking_event(FORGED) else untested(_NEEDS_OPTION)
    visits = evidence.arrivals(channel_name(evidence.feature, FORGED, SERVICE))
    if not visits:
        return deviates("a describe of the reported job", "the receiver sent none", witness=(found[0].seq,))
    seqs = tuple(visit.arrival.seq for visit in visits)
    return holds(f"the receiver sent {len(visits)} describe request(s)", witness=seqs[:6])
