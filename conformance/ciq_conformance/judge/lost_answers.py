"""Decides whether a finding rests on a response that the network lost; such a finding does not blame the target. Pure.

The target may have processed a request whose response is lost. A finding that has such an exchange as evidence is
derived again without it; a deviation that other evidence shows remains.
"""

from collections.abc import Callable

from ciq_conformance.judge.evidence import Evidence
from ciq_conformance.judge.finding import Finding, Kind, inconclusive
from ciq_conformance.scenario_spec import ALL_EXCHANGES, ScenarioSpec
from ciq_schemas.transcript.records import DriverEvent, Exchange

PROBE = "probe"
"""Scenario name of the calibration; every scenario that submits jobs depends on it."""
_AGAINST_THE_TARGET = frozenset({Kind.DEVIATES, Kind.OBSERVED, Kind.BLOCKED})


def without_lost_answers(finding: Finding, evidence: Evidence, judge: Callable[[Evidence], Finding]) -> Finding:
    """Returns the finding, or one that names the network when the finding rests on a lost response."""
    if finding.kind not in _AGAINST_THE_TARGET:
        return finding
    unsure = {exchange.seq: exchange for exchange in (*evidence.lost, *_ambiguous(evidence))}
    named = [unsure[seq] for seq in finding.witness if seq in unsure]
    if not named:
        return finding
    if finding.kind is not Kind.BLOCKED:
        again = judge(evidence.without(tuple(unsure.values())))
        if again.kind is finding.kind and not unsure.keys() & set(again.witness):
            return again
    return _network(named[0], finding.witness)


def blocked_by_network(evidence: Evidence, scenario: ScenarioSpec | None) -> Finding | None:
    """Returns the finding for a blocked check when the network lost a response that its scenario needed, else None."""
    names = {str(scenario), *(scenario.also_runs if scenario else ()), PROBE, ALL_EXCHANGES}
    anywhere = scenario is None or not scenario.runs
    found = [exchange for exchange in evidence.lost if anywhere or exchange.scenario in names]
    own = [exchange for exchange in found if scenario is not None and exchange.scenario == scenario.name]
    return _network((own or found)[0], ()) if found else None


def blocked_by_stop(evidence: Evidence, scenario: ScenarioSpec | None) -> Finding | None:
    """Returns the finding for a blocked check over all scenarios when the run was cut short, else None."""
    if scenario is not None and scenario.runs:
        return None
    stops = (r for r in evidence.records if isinstance(r, DriverEvent) and r.name == "interrupted")
    event = next((event for event in stops if event.feature in ("", evidence.feature)), None)
    return None if event is None else inconclusive(event.text, witness=(event.seq,))


def _ambiguous(evidence: Evidence) -> tuple[Exchange, ...]:
    return tuple(response.exchange for response in evidence.responses if response.exchange.is_ambiguous)


def _network(exchange: Exchange, witness: tuple[int, ...]) -> Finding:
    if exchange.status:
        what = f"the first response to step {exchange.step} was lost; the repeated request got HTTP {exchange.status}"
    else:
        what = f"the response to step {exchange.step} was lost ({exchange.error})"
    return inconclusive(
        f"the network: {what}. The target may have processed the request. Run the suite again; "
        "if this repeats at the same step, the target closes the connection",
        witness=witness or (exchange.seq,),
    )
