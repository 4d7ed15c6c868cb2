"""Which scenarios a run plays, and in which order. Pure.

Each scenario is played at most once a feature. Isolation comes first and for one feature at a time: it shows whether
features may run side by side. Deactivation comes last: it takes the queue away.
"""

import random
from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase

from ciq_conformance.judge.registry import Item
from ciq_schemas.features import Feature
from ciq_schemas.requirement import Capability, Scenario

SEQUENCE = (
    Scenario.ACTIVATION,
    Scenario.QUEUES,
    Scenario.UPDATE,
    Scenario.SUBMIT,
    Scenario.PATHS,
    Scenario.MULTI,
    Scenario.DESCRIBE,
    Scenario.CALLBACK,
    Scenario.RULE,
    Scenario.FAILURE,
    Scenario.RECEIVER,
    Scenario.CANCEL,
    Scenario.ORDER,
    Scenario.LATE,
    Scenario.RUNNING,
    Scenario.CONCURRENCY,
    Scenario.LIST,
    Scenario.TEMPLATES,
    Scenario.BINDING,
    Scenario.ERRORS,
    Scenario.WORKFLOW,
    Scenario.BATCH,
    Scenario.EXPLORE,
    Scenario.FUZZ,
    Scenario.DEACTIVATION,
)
"""Order within one feature; isolation is played before all of it."""

_PLACED = frozenset({Scenario.ISOLATION, Scenario.RUNNING, Scenario.EXPLORE, Scenario.FUZZ, Scenario.DEACTIVATION})
"""Scenarios that stay where they are when the others change places: what comes after them counts on them, or they may
take long or leave nothing behind."""

CALLBACK_SCENARIOS = frozenset({Scenario.CALLBACK, Scenario.RULE, Scenario.RECEIVER})
"""Scenarios that are about callbacks and senseless when none can arrive."""
_FOR_EVERY = (Scenario.QUEUES, Scenario.SUBMIT, Scenario.ERRORS)
"""Played for requirements on all exchanges, so that there are some of each kind."""
_BESIDE = {
    Scenario.EVERY: _FOR_EVERY,
    # What a pause does to running jobs must be known before the order in a history left to chance can be judged.
    Scenario.EXPLORE: (Scenario.RUNNING, Scenario.EXPLORE),
    Scenario.CONCURRENCY: (Scenario.RUNNING, Scenario.CONCURRENCY),
}


def plan_scenarios(
    items: Iterable[Item],
    *,
    capabilities: Mapping[Capability, bool | None],
    skip: Sequence[str] = (),
) -> dict[Feature, tuple[Scenario, ...]]:
    """The scenarios that the items need, by feature, in order; isolation too when several features are to run."""
    needed: dict[Feature, set[Scenario]] = {}
    for item in items:
        if not _is_put(item, capabilities, skip):
            continue
        wanted = needed.setdefault(item.feature.feature, set())
        scenario = item.requirement.scenario
        wanted.update(_BESIDE.get(scenario, (scenario,)))
    if len(needed) > 1:
        for wanted in needed.values():
            wanted.add(Scenario.ISOLATION)
    return {
        feature: tuple(s for s in (Scenario.ISOLATION, *SEQUENCE) if s in wanted) for feature, wanted in needed.items()
    }


def shuffled(plan: Mapping[Feature, tuple[Scenario, ...]], seed: int) -> dict[Feature, tuple[Scenario, ...]]:
    """The same scenarios in an order of chance, which the seed repeats; those with a place of their own keep it."""

    def mixed(feature: Feature, scenarios: tuple[Scenario, ...]) -> tuple[Scenario, ...]:
        free = [scenario for scenario in scenarios if scenario not in _PLACED]
        random.Random(f"{seed} {feature}").shuffle(free)  # noqa: S311 - an order of play, no secret
        left = iter(free)
        return tuple(scenario if scenario in _PLACED else next(left) for scenario in scenarios)

    return {feature: mixed(feature, scenarios) for feature, scenarios in plan.items()}


def _is_put(item: Item, capabilities: Mapping[Capability, bool | None], skip: Sequence[str]) -> bool:
    """The question is put to the target: it has a check, the operator wants it, the target says that it can."""
    requirement = item.requirement
    skipped = any(fnmatchcase(name.upper(), glob.upper()) for glob in skip for name in (requirement.id, item.name))
    offered = all(capabilities.get(c) or (c.tried and capabilities.get(c) is None) for c in requirement.capabilities)
    return not requirement.untested and not skipped and offered
