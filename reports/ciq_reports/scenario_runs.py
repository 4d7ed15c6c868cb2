"""Sorts the records of a run by scenario and feature, with the time of each scenario. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from ciq_reports.transcript import RunView, Witness
from ciq_schemas.transcript.records import CallbackReceived, DriverEvent, Exchange, Verdict

ALL_EXCHANGES = "*"
"""Scenario of a verdict whose evidence is every exchange of the run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScenarioRun:
    """One scenario on one feature: its records and its closed interval in seconds of the run."""

    feature: str
    scenario: str
    started: float
    ended: float
    exchanges: tuple[Exchange, ...]
    arrivals: tuple[CallbackReceived, ...]
    events: tuple[DriverEvent, ...]

    @property
    def name(self) -> str:
        """Name such as `order-media`; also its anchor in a report."""
        return f"{self.scenario}-{self.feature}" if self.feature else self.scenario

    @property
    def seconds(self) -> float:
        """Duration."""
        return self.ended - self.started


def arrival_place(arrival: CallbackReceived) -> tuple[str, str]:
    """Returns feature and scenario of a callback: from the record, else from its channel (`media.rule.queue`)."""
    parts = arrival.channel.split(".", 2)
    feature = arrival.feature or (parts[0] if len(parts) == 3 else "")
    scenario = arrival.scenario or (parts[1] if len(parts) == 3 else "")
    return feature, scenario


def scenario_runs(view: RunView) -> Mapping[tuple[str, str], ScenarioRun]:
    """Returns all scenario runs by (feature, scenario), in the order of their start."""
    exchanges: dict[tuple[str, str], list[Exchange]] = {}
    arrivals: dict[tuple[str, str], list[CallbackReceived]] = {}
    events: dict[tuple[str, str], list[DriverEvent]] = {}
    for exchange in view.exchanges:
        exchanges.setdefault((exchange.feature, exchange.scenario), []).append(exchange)
    for arrival in view.arrivals:
        arrivals.setdefault(arrival_place(arrival), []).append(arrival)
    for event in view.events:
        events.setdefault((event.feature, event.scenario), []).append(event)
    found = []
    for key in dict.fromkeys((*exchanges, *events, *arrivals)):
        feature, scenario = key
        own_exchanges = exchanges.get(key, [])
        own_arrivals = arrivals.get(key, [])
        own_events = events.get(key, [])
        instants = [event.at for event in own_events]
        starts = [e.started for e in own_exchanges] + [a.started for a in own_arrivals] + instants
        ends = [e.ended for e in own_exchanges] + [a.ended for a in own_arrivals] + instants
        found.append(
            ScenarioRun(
                feature=feature,
                scenario=scenario,
                started=min(starts),
                ended=max(ends),
                exchanges=tuple(own_exchanges),
                arrivals=tuple(own_arrivals),
                events=tuple(own_events),
            )
        )
    found.sort(key=lambda scenario_run: (scenario_run.started, scenario_run.feature))
    return MappingProxyType({(scenario_run.feature, scenario_run.scenario): scenario_run for scenario_run in found})


def scenario_durations(view: RunView) -> Mapping[tuple[str, str], float]:
    """Returns the duration of each scenario by (feature, scenario), without callbacks after its end."""
    spans: dict[tuple[str, str], tuple[float, float]] = {}
    times = [((e.feature, e.scenario), e.started, e.ended) for e in view.exchanges]
    times += [((m.feature, m.scenario), m.at, m.at) for m in view.events]
    for key, started, ended in times:
        first, last = spans.get(key, (started, ended))
        spans[key] = (min(first, started), max(last, ended))
    return MappingProxyType({key: last - first for key, (first, last) in spans.items()})


def place_of(witness: Witness) -> tuple[str, str]:
    """Returns feature and scenario of a record."""
    match witness:
        case CallbackReceived():
            return arrival_place(witness)
        case Exchange() | DriverEvent():
            return witness.feature, witness.scenario
        case _:
            return witness.feature, ""


def scenario_of(view: RunView, verdict: Verdict) -> tuple[str, str]:
    """Returns feature and scenario to show for a verdict: those of its first evidence record, else its own."""
    for witness in view.witnesses(verdict):
        feature, scenario = place_of(witness)
        if scenario:
            return feature or verdict.feature, scenario
    return verdict.feature, verdict.scenario
