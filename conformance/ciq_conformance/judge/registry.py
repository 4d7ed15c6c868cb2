"""Registers the check and the scenario of each requirement. One check per id."""

from collections.abc import Callable
from dataclasses import dataclass

from ciq_conformance.judge.evidence import Evidence
from ciq_conformance.judge.finding import Finding
from ciq_conformance.scenario_spec import ScenarioSpec
from ciq_schemas.features import FeatureSpec
from ciq_schemas.requirement import Capability, Format, Requirement


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One thing to judge: requirement x feature (x format)."""

    requirement: Requirement
    feature: FeatureSpec
    format: Format | None = None

    @property
    def name(self) -> str:
        """`PRI-001-media`, `SHP-002-doc-json`."""
        tail = f"-{self.format}" if self.format else ""
        return f"{self.requirement.id}-{self.feature.feature}{tail}"


Check = Callable[[Evidence, Item], Finding]
Shows = Callable[[Evidence], bool]
_CHECKS: dict[str, Check] = {}
_SCENARIOS: dict[str, ScenarioSpec] = {}
_SHOWS: dict[Capability, Shows] = {}


class DuplicateCheckError(ValueError):
    """Two checks are registered for one requirement: an error of the kit."""


def check(requirement_id: str, scenario: ScenarioSpec) -> Callable[[Check], Check]:
    """Registers the decorated function as the check of `requirement_id`; it judges what `scenario` recorded."""

    def register(function: Check) -> Check:
        if requirement_id in _CHECKS:
            raise DuplicateCheckError(f"{requirement_id} has two checks")
        _CHECKS[requirement_id] = function
        _SCENARIOS[requirement_id] = scenario
        return function

    return register


def without_check(requirement_id: str, scenario: ScenarioSpec) -> None:
    """Registers the scenario of a requirement that has no check."""
    _SCENARIOS[requirement_id] = scenario


def shows(capability: Capability) -> Callable[[Shows], Shows]:
    """Registers a function that says whether the transcript shows a capability that the profile does not declare."""

    def register(function: Shows) -> Shows:
        _SHOWS[capability] = function
        return function

    return register


def is_shown(capability: Capability, evidence: Evidence) -> bool:
    """Returns whether the transcript shows that the target offers the capability."""
    return capability in _SHOWS and _SHOWS[capability](evidence)


def scenario_of(requirement_id: str) -> ScenarioSpec | None:
    """Returns the scenario of a requirement; None when no area names the requirement."""
    return _SCENARIOS.get(requirement_id)


def scenarios_of_checks() -> tuple[ScenarioSpec, ...]:
    """Returns all scenarios of registered requirements, in the order of a run."""
    return tuple(sorted(set(_SCENARIOS.values()), key=lambda spec: spec.position))


def check_of(requirement_id: str) -> Check | None:
    """Returns the check of a requirement; None when it has none."""
    return _CHECKS.get(requirement_id)


def checked_ids() -> frozenset[str]:
    """Returns the ids that have a check."""
    return frozenset(_CHECKS)
