"""Plans which scenarios a run needs, and in which order. Sends nothing.

Each scenario runs at most once per feature. Isolation runs first, for one feature at a time: it shows whether features
may run in parallel. Deactivation runs last: it removes the queue.
"""

import random
from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase

from ciq_conformance.judge.registry import Item, scenario_of
from ciq_conformance.registry import load_checks, load_specs
from ciq_conformance.scenario_spec import ScenarioSpec
from ciq_schemas.features import Feature
from ciq_schemas.requirement import Capability


def plan_scenarios(
    items: Iterable[Item],
    *,
    capabilities: Mapping[Capability, bool | None],
    skip: Sequence[str] = (),
) -> dict[Feature, tuple[ScenarioSpec, ...]]:
    """Returns the scenarios that the items need, by feature, in order; with isolation when several features run."""
    load_checks()
    needed: dict[Feature, set[str]] = {}
    for item in items:
        if not _needs_scenario(item, capabilities, skip):
            continue
        wanted = needed.setdefault(item.feature.feature, set())
        scenario = scenario_of(item.requirement.id)
        if scenario is not None:
            wanted.update((scenario.name, *scenario.also_runs))
    if len(needed) > 1:
        for wanted in needed.values():
            wanted.update(spec.name for spec in load_specs() if spec.independence)
    return {feature: tuple(spec for spec in load_specs() if spec.name in wanted) for feature, wanted in needed.items()}


def shuffled(plan: Mapping[Feature, tuple[ScenarioSpec, ...]], seed: int) -> dict[Feature, tuple[ScenarioSpec, ...]]:
    """Returns the scenarios in the random order of the seed; scenarios with a fixed position keep it."""

    def mixed(feature: Feature, scenarios: tuple[ScenarioSpec, ...]) -> tuple[ScenarioSpec, ...]:
        free = [scenario for scenario in scenarios if scenario.movable]
        random.Random(f"{seed} {feature}").shuffle(free)  # noqa: S311 - an order of scenarios, no secret
        left = iter(free)
        return tuple(next(left) if scenario.movable else scenario for scenario in scenarios)

    return {feature: mixed(feature, scenarios) for feature, scenarios in plan.items()}


def _needs_scenario(item: Item, capabilities: Mapping[Capability, bool | None], skip: Sequence[str]) -> bool:
    """Whether to run the item's scenario: it has a check, is not skipped, and the target offers its capabilities."""
    requirement = item.requirement
    skipped = any(fnmatchcase(name.upper(), glob.upper()) for glob in skip for name in (requirement.id, item.name))
    offered = all(capabilities.get(c) or (c.tried and capabilities.get(c) is None) for c in requirement.capabilities)
    return not requirement.untested and not skipped and offered
