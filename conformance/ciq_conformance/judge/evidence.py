"""Provides the checks with the records of one feature, by scenario and step; parses each record once."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeVar, cast

from ciq_conformance.scenario_spec import ScenarioName
from ciq_schemas.features import Feature
from ciq_schemas.transcript.parsed import ParsedCallback, ParsedExchange
from ciq_schemas.transcript.records import REPRODUCED, AnyRecord, Calibration, CallbackReceived, DriverEvent, Exchange

Derived = TypeVar("Derived")


@dataclass(frozen=True)
class Evidence:
    """All records that concern one feature; records without a feature concern every feature."""

    feature: Feature
    records: Sequence[AnyRecord]
    declared: dict[str, bool | None] = field(default_factory=dict)
    """Capabilities of the profile: true, false, or None for unknown."""
    _derived: dict[object, object] = field(default_factory=dict, compare=False, repr=False)

    def derive(self, make: "Callable[[Evidence], Derived]") -> "Derived":
        """Returns `make(self)`; computes it once and caches it for all checks."""
        if make not in self._derived:
            self._derived[make] = make(self)
        return cast(Derived, self._derived[make])

    @cached_property
    def responses(self) -> tuple[ParsedExchange, ...]:
        """All exchanges of the feature, in the order in which the suite sent the requests."""
        mine = [r for r in self.records if isinstance(r, Exchange) and r.feature in ("", self.feature)]
        return tuple(ParsedExchange(exchange) for exchange in sorted(mine, key=lambda e: e.started))

    @cached_property
    def callbacks(self) -> tuple[ParsedCallback, ...]:
        """All callbacks that arrived at the feature's addresses, in order of arrival."""
        mine = [r for r in self.records if isinstance(r, CallbackReceived) and r.feature in ("", self.feature)]
        return tuple(ParsedCallback(arrival) for arrival in sorted(mine, key=lambda a: a.started))

    @cached_property
    def calibration(self) -> Calibration | None:
        """What the probe measured; None when the probe did not finish."""
        found = [r for r in self.records if isinstance(r, Calibration) and r.feature == self.feature]
        return found[-1] if found else None

    @cached_property
    def _by_scenario(self) -> dict[str, tuple[ParsedExchange, ...]]:
        found: dict[str, list[ParsedExchange]] = {}
        for response in self.responses:
            found.setdefault(response.exchange.scenario, []).append(response)
        return {scenario: tuple(responses) for scenario, responses in found.items()}

    @cached_property
    def _events(self) -> dict[str, tuple[DriverEvent, ...]]:
        found: dict[str, list[DriverEvent]] = {}
        for record in self.records:
            if isinstance(record, DriverEvent) and record.feature in ("", self.feature):
                found.setdefault(record.scenario, []).append(record)
        return {scenario: tuple(events) for scenario, events in found.items()}

    def of(self, scenario: ScenarioName, *steps: str) -> tuple[ParsedExchange, ...]:
        """Returns the exchanges of a scenario; with `steps`, only those of these steps."""
        responses = self._by_scenario.get(str(scenario), ())
        return tuple(response for response in responses if response.exchange.step in steps) if steps else responses

    def one(self, scenario: ScenarioName, step: str) -> ParsedExchange | None:
        """Returns the first exchange of a step; None when the scenario never made it."""
        found = self.of(scenario, step)
        return found[0] if found else None

    def arrivals(self, *channels: str) -> tuple[ParsedCallback, ...]:
        """Returns the callbacks that arrived on the channels; without `channels`, those on any channel."""
        return tuple(n for n in self.callbacks if not channels or n.arrival.channel in channels)

    def events(self, scenario: ScenarioName, name: str | None = None) -> Iterator[DriverEvent]:
        """Returns the driver's events of a scenario; with `name`, only those of that name."""
        return (event for event in self._events.get(str(scenario), ()) if name is None or event.name == name)

    @cached_property
    def lost(self) -> tuple[Exchange, ...]:
        """The exchanges whose response the network may have lost.

        Where no exchange of a step, or of an operation, got a response, the target closes these connections.
        """
        answered: dict[tuple[str, ...], list[bool]] = {}
        for response in self.responses:
            for key in _alike(response.exchange):
                answered.setdefault(key, []).append(response.exchange.status > 0)
        closed = {key for key, answers in answered.items() if len(answers) >= REPRODUCED and not any(answers)}
        return tuple(
            response.exchange
            for response in self.responses
            if response.exchange.is_lost and closed.isdisjoint(_alike(response.exchange))
        )

    def without(self, exchanges: Sequence[Exchange]) -> "Evidence":
        """Returns the evidence without some exchanges."""
        left = {exchange.seq for exchange in exchanges}
        kept = [r for r in self.records if not (isinstance(r, Exchange) and r.seq in left)]
        return Evidence(feature=self.feature, records=kept, declared=self.declared)

    def blocking_event(self, scenario: ScenarioName) -> DriverEvent | None:
        """Returns the first event that says why the scenario stopped early; None when it ran to its end."""
        return next((m for m in self.events(scenario) if m.name in ("broken", "unsupported", "interrupted")), None)


def _alike(exchange: Exchange) -> tuple[tuple[str, ...], ...]:
    """Returns the groups of exchanges that a target treats alike: those of one step, and those of one operation."""
    step = (exchange.scenario, exchange.step)
    return (step, ("operation", exchange.operation, exchange.method)) if exchange.operation else (step,)
