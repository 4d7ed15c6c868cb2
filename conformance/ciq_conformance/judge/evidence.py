"""The judge's view of a transcript: records of one feature by scenario and step, each read once."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeVar, cast

from ciq_conformance.scenario_spec import ScenarioName
from ciq_schemas.features import Feature
from ciq_schemas.transcript.parsed import ParsedCallback, ParsedExchange
from ciq_schemas.transcript.records import AnyRecord, Calibration, CallbackReceived, DriverEvent, Exchange

Derived = TypeVar("Derived")


@dataclass(frozen=True)
class Evidence:
    """Everything recorded that concerns one feature (records without a feature concern all)."""

    feature: Feature
    records: Sequence[AnyRecord]
    declared: dict[str, bool | None] = field(default_factory=dict)
    """Capabilities of the profile: true, false, or None for unknown."""
    _derived: dict[object, object] = field(default_factory=dict, compare=False, repr=False)

    def derive(self, make: "Callable[[Evidence], Derived]") -> "Derived":
        """What `make` draws from this evidence, drawn once however many checks ask for it."""
        if make not in self._derived:
            self._derived[make] = make(self)
        return cast(Derived, self._derived[make])

    @cached_property
    def responses(self) -> tuple[ParsedExchange, ...]:
        """All exchanges of the feature, in the order in which they began."""
        mine = [r for r in self.records if isinstance(r, Exchange) and r.feature in ("", self.feature)]
        return tuple(ParsedExchange(exchange) for exchange in sorted(mine, key=lambda e: e.started))

    @cached_property
    def callbacks(self) -> tuple[ParsedCallback, ...]:
        """All callback arrivals on addresses given out for the feature, in order of arrival."""
        mine = [r for r in self.records if isinstance(r, CallbackReceived) and r.feature in ("", self.feature)]
        return tuple(ParsedCallback(arrival) for arrival in sorted(mine, key=lambda a: a.started))

    @cached_property
    def calibration(self) -> Calibration | None:
        """What the probe measured, None when it did not get through."""
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
        """Exchanges of a scenario, of the named steps only when steps are named."""
        responses = self._by_scenario.get(str(scenario), ())
        return tuple(response for response in responses if response.exchange.step in steps) if steps else responses

    def one(self, scenario: ScenarioName, step: str) -> ParsedExchange | None:
        """The first exchange of a step, None when it was never made."""
        found = self.of(scenario, step)
        return found[0] if found else None

    def arrivals(self, *channels: str) -> tuple[ParsedCallback, ...]:
        """Arrivals on the named channels, on any when none is named."""
        return tuple(n for n in self.callbacks if not channels or n.arrival.channel in channels)

    def events(self, scenario: ScenarioName, name: str | None = None) -> Iterator[DriverEvent]:
        """Remarks of the driver about a scenario."""
        return (event for event in self._events.get(str(scenario), ()) if name is None or event.name == name)

    def blocking_event(self, scenario: ScenarioName) -> DriverEvent | None:
        """The first mark that says why the scenario could not be played to its end, None when it was."""
        return next((m for m in self.events(scenario) if m.name in ("broken", "unsupported", "interrupted")), None)
