"""Turns findings into verdicts, and verdicts into the exit code. Pure; used by a live run and by `ciq judge`.

Only this module derives the severity of a finding, from the requirement's level:

| finding | MUST | SHOULD | NOTE |
| --- | --- | --- | --- |
| holds | pass | pass | pass |
| deviates | fail | warn | note |
| observed | warn | warn | note |
| inconclusive | inconclusive | inconclusive | inconclusive |
| blocked | blocked | blocked | blocked |
| left-out | skipped | skipped | skipped |
| absent | not-implemented | not-implemented | not-implemented |
| untested | untested | untested | untested |

The exit code is the first that applies: 3 the target or the callback path is not reachable; 4 the run file or a report
could not be written; 1 a MUST failed and is not in the baseline; 4 a suite error; 1 a MUST was blocked and is not in
the baseline, or a baseline entry is stale; 5 nothing was judged, or a MUST is inconclusive; 0. (The command line
returns 2 before the suite sends a request.) A check or scenario that raises costs its own verdicts only, so a failed
MUST outranks it.
"""

import traceback
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from ciq_conformance.judge.causes import after_causes
from ciq_conformance.judge.evidence import Evidence
from ciq_conformance.judge.finding import Finding, Kind
from ciq_conformance.judge.lost_answers import blocked_by_network, blocked_by_stop, without_lost_answers
from ciq_conformance.judge.registry import Item, check_of, is_shown, scenario_of
from ciq_conformance.judge.selection import fits
from ciq_conformance.scenario_spec import ScenarioSpec
from ciq_schemas.features import Feature
from ciq_schemas.requirement import Capability
from ciq_schemas.transcript.records import AnyRecord, DriverEvent, ExitCode, Header, Level, Outcome, Verdict

_OUTCOMES: Mapping[Kind, Mapping[Level, Outcome]] = {
    Kind.HOLDS: dict.fromkeys(Level, Outcome.PASS),
    Kind.DEVIATES: {Level.MUST: Outcome.FAIL, Level.SHOULD: Outcome.WARN, Level.NOTE: Outcome.NOTE},
    Kind.OBSERVED: {Level.MUST: Outcome.WARN, Level.SHOULD: Outcome.WARN, Level.NOTE: Outcome.NOTE},
    Kind.INCONCLUSIVE: dict.fromkeys(Level, Outcome.INCONCLUSIVE),
    Kind.BLOCKED: dict.fromkeys(Level, Outcome.BLOCKED),
    Kind.LEFT_OUT: dict.fromkeys(Level, Outcome.SKIPPED),
    Kind.ABSENT: dict.fromkeys(Level, Outcome.NOT_IMPLEMENTED),
    Kind.UNTESTED: dict.fromkeys(Level, Outcome.UNTESTED),
}
SKIPPED_BY_OPERATOR = "skipped by the operator"
JUDGED = frozenset({Outcome.PASS, Outcome.FAIL, Outcome.WARN, Outcome.NOTE})
"""Outcomes that are a result about the target."""

EventsByScenario = Mapping[str, Mapping[str, DriverEvent]]

CAPABILITY_SETTING = "capabilities."
"""Prefix of the settings that contain the declared capabilities in a run file's header."""


def declared_capabilities(header: Header) -> dict[str, bool | None]:
    """Returns the capabilities that the operator declared, from the settings of a header."""
    words: dict[str, bool | None] = {"true": True, "false": False}
    return {
        setting.name.removeprefix(CAPABILITY_SETTING): words.get(setting.value)
        for setting in header.settings
        if setting.name.startswith(CAPABILITY_SETTING)
    }


def verdict_of(item: Item, finding: Finding) -> Verdict:
    """Returns the verdict of a finding on an item."""
    return _verdict(item, _OUTCOMES[finding.kind][item.requirement.level], finding)


def judge_run(
    records: Sequence[AnyRecord],
    items: Iterable[Item],
    *,
    declared: Mapping[str, bool | None],
    skip: Sequence[str] = (),
) -> tuple[Verdict, ...]:
    """Judges items by the records of a run. The same records and items always give the same verdicts."""
    evidence: dict[Feature, Evidence] = {}
    events: dict[Feature, EventsByScenario] = {}
    verdicts = []
    for item in items:
        feature = item.feature.feature
        if feature not in evidence:
            evidence[feature] = Evidence(feature=feature, records=records, declared=dict(declared))
            events[feature] = events_of(evidence[feature])
        verdicts.append(judge_item(item, evidence[feature], events[feature], skip=skip))
    return tuple(verdicts)


def events_of(evidence: Evidence) -> EventsByScenario:
    """Returns the first event of each name, by scenario."""
    found: dict[str, dict[str, DriverEvent]] = {}
    for record in evidence.records:
        if isinstance(record, DriverEvent) and record.feature in ("", evidence.feature):
            found.setdefault(record.scenario, {}).setdefault(record.name, record)
    return found


def judge_item(item: Item, evidence: Evidence, events: EventsByScenario, *, skip: Sequence[str] = ()) -> Verdict:
    """Judges one item by the evidence of its feature and the driver's events in it (`events_of`)."""
    if any(fits(item, glob) for glob in skip):
        return _verdict(item, Outcome.SKIPPED, reason=SKIPPED_BY_OPERATOR)
    try:
        return _judge(item, evidence, events)
    except Exception as error:
        reason = f"the check raised {type(error).__name__}: {error}\n{traceback.format_exc()}"
        return _verdict(item, Outcome.SUITE_ERROR, reason=reason)


def _judge(item: Item, evidence: Evidence, events: EventsByScenario) -> Verdict:
    requirement = item.requirement
    if requirement.untested:
        return _verdict(item, Outcome.UNTESTED, reason=requirement.untested)
    for capability in requirement.capabilities:
        without_capability = _verdict_without_capability(item, capability, evidence)
        if without_capability is not None:
            return without_capability
    without_scenario = _verdict_without_scenario(item, events)
    if without_scenario is not None:
        network = blocked_by_network(evidence, scenario_of(requirement.id))
        return (
            verdict_of(item, network) if network and without_scenario.outcome is Outcome.BLOCKED else without_scenario
        )
    check = check_of(requirement.id)
    if check is None:
        return _verdict(
            item, Outcome.SUITE_ERROR, reason=f"the kit has no check for {requirement.id}: please report this"
        )
    finding = without_lost_answers(check(evidence, item), evidence, lambda other: check(other, item))
    finding = after_causes(finding, evidence, item)
    if finding.kind is Kind.BLOCKED:
        scenario = scenario_of(requirement.id)
        finding = blocked_by_network(evidence, scenario) or blocked_by_stop(evidence, scenario) or finding
    return verdict_of(item, finding)


def _verdict_without_capability(item: Item, capability: Capability, evidence: Evidence) -> Verdict | None:
    declared = evidence.declared.get(capability)
    if declared is False:
        return _verdict(item, Outcome.NOT_IMPLEMENTED, reason=f"the profile declares {capability} = false")
    shown = capability.tried or is_shown(capability, evidence)
    if declared is None and not shown:
        reason = f"the profile does not say whether the target offers {capability}; set it under [capabilities]"
        return _verdict(item, Outcome.UNTESTED, reason=reason)
    return None


def _verdict_without_scenario(item: Item, by_scenario: EventsByScenario) -> Verdict | None:
    """Returns the verdict when the scenario crashed, stopped early or never began; None when the check can judge."""
    scenario = scenario_of(item.requirement.id)
    if scenario is None or not scenario.runs:
        return None
    events = by_scenario.get(scenario.name, {})
    if "crashed" in events:
        return _verdict(item, Outcome.SUITE_ERROR, reason=f"the scenario {scenario} crashed: {events['crashed'].text}")
    if "begin" in events and "interrupted" not in events:
        return None
    return _verdict_of_unfinished(item, scenario, events)


def _verdict_of_unfinished(item: Item, scenario: ScenarioSpec, events: Mapping[str, DriverEvent]) -> Verdict:
    match events:
        case {"broken": event}:
            return _verdict(item, Outcome.BLOCKED, reason=event.text, witness=(event.seq,))
        case {"unsupported": event}:
            return _verdict(item, Outcome.UNTESTED, reason=event.text, witness=(event.seq,))
        case {"interrupted": event}:
            return _verdict(item, Outcome.INCONCLUSIVE, reason=event.text, witness=(event.seq,))
        case _:
            reason = f"the run did not include the scenario {scenario} on {item.feature.feature}"
            return _verdict(item, Outcome.INCONCLUSIVE, reason=reason)


def _verdict(
    item: Item,
    outcome: Outcome,
    finding: Finding | None = None,
    *,
    reason: str = "",
    witness: tuple[int, ...] = (),
) -> Verdict:
    requirement = item.requirement
    return Verdict(
        requirement=requirement.id,
        level=requirement.level,
        outcome=outcome,
        feature=item.feature.feature.value,
        format=item.format or "",
        scenario=str(scenario_of(requirement.id) or ""),
        title=requirement.title,
        clause=requirement.clause,
        expected=(finding.expected if finding else "")
        or (requirement.statement if outcome is not Outcome.PASS else ""),
        seen=finding.seen if finding else "",
        reason=finding.reason if finding else reason,
        witness=finding.witness if finding else witness,
        power=finding.power if finding else "",
    )


def counts(verdicts: Iterable[Verdict]) -> dict[str, int]:
    """Counts the verdicts of each outcome, in the order of the outcomes."""
    found = Counter(verdict.outcome for verdict in verdicts)
    return {outcome: found[outcome] for outcome in Outcome if found[outcome]}


def exit_code(
    verdicts: Sequence[Verdict],
    *,
    unreachable: bool = False,
    unwritten: bool = False,
    suite_failed: bool = False,
    stale: bool = False,
    left_changed: bool = False,
) -> ExitCode:
    """Returns the exit code of a run.

    `unwritten`: the run file is not complete. `suite_failed`: the suite failed outside any verdict. `stale`: the
    baseline has a stale entry. `left_changed`: the target is not restored; then the run does not prove conformance,
    although no verdict names the cause.
    """
    musts = [verdict for verdict in verdicts if verdict.level is Level.MUST]
    if unreachable:
        return ExitCode.UNREACHABLE
    if unwritten:
        return ExitCode.SUITE_ERROR
    if any(verdict.outcome is Outcome.FAIL and not verdict.baseline for verdict in musts):
        return ExitCode.DEVIATES
    if suite_failed or any(verdict.outcome is Outcome.SUITE_ERROR for verdict in verdicts):
        return ExitCode.SUITE_ERROR
    if stale or any(verdict.outcome is Outcome.BLOCKED and not verdict.baseline for verdict in musts):
        return ExitCode.DEVIATES
    if not any(verdict.outcome in JUDGED for verdict in verdicts):
        return ExitCode.NOTHING_PROVEN
    if left_changed or any(verdict.outcome is Outcome.INCONCLUSIVE for verdict in musts):
        return ExitCode.NOTHING_PROVEN
    return ExitCode.CONFORMS
