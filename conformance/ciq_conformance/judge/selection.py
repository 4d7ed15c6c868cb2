"""Selects the items that a run judges: requirement x feature (x format). Pure.

Items have the order of the registry, so verdicts have the same order in a live run and in `ciq judge`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from ciq_conformance.judge.registry import Item
from ciq_schemas.features import FEATURES, Feature
from ciq_schemas.requirement import (
    BY_COMMAND,
    BY_OPTION,
    CORE,
    Registry,
    Requirement,
    UnknownRequirementError,
    load_registry,
)
from ciq_schemas.transcript.records import Level


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """The operator's selection; empty means all."""

    requirements: tuple[str, ...] = ()
    """Globs on requirement ids: `PAU-*`."""
    areas: tuple[str, ...] = ()
    """Names of registry files: `pause`, `workflow`."""
    levels: tuple[Level, ...] = ()
    features: tuple[Feature, ...] = ()
    skip: tuple[str, ...] = ()
    """Globs on item names or ids that are reported as skipped."""
    opened: frozenset[str] = frozenset()
    """Sets of requirements that an option adds: `explore`."""


def all_items(registry: Registry, features: Iterable[Feature]) -> tuple[Item, ...]:
    """Returns every item of the registry on the features."""
    return tuple(item for requirement in registry for item in _items_of(requirement, tuple(features)))


def _items_of(requirement: Requirement, features: Sequence[Feature]) -> Iterable[Item]:
    for feature in features:
        if feature in requirement.features:
            for form in requirement.formats or (None,):
                yield Item(requirement=requirement, feature=FEATURES[feature], format=form)


def select_items(registry: Registry, features: Iterable[Feature], selection: Selection) -> tuple[Item, ...]:
    """Returns the items of the selection; raises UnknownRequirementError for a glob that fits no id or item name."""
    chosen = tuple(features)
    items = all_items(registry, chosen)
    for glob in (*selection.requirements, *selection.skip):
        if not any(fits(item, glob) for item in all_items(registry, FEATURES)):
            registry.select([glob])  # raises, with the nearest id
    registry.select(areas=selection.areas)  # raises for an unknown area
    everything = set(chosen) == set(FEATURES)
    return tuple(
        item
        for item in items
        if (_is_open(item, selection) and (everything or _in_reach(item, selection)))
        and (not selection.areas or item.requirement.area in selection.areas)
        and (not selection.requirements or any(fits(item, glob) for glob in selection.requirements))
        and (not selection.levels or item.requirement.level in selection.levels)
        and (not selection.features or item.feature.feature in selection.features)
    )


def narrowed(items: Sequence[Item], selection: Selection) -> tuple[Item, ...]:
    """Returns those of the items that fit the selection; raises UnknownRequirementError as `select_items` does."""
    for glob in (*selection.requirements, *selection.skip):
        if not any(fits(item, glob) for item in items):
            load_registry().select([glob])  # raises, with the nearest id
    return tuple(
        item
        for item in items
        if (not selection.requirements or any(fits(item, glob) for glob in selection.requirements))
        and (not selection.levels or item.requirement.level in selection.levels)
        and (not selection.features or item.feature.feature in selection.features)
    )


def _is_open(item: Item, selection: Selection) -> bool:
    return item.requirement.set not in BY_OPTION | BY_COMMAND or item.requirement.set in selection.opened


def _in_reach(item: Item, selection: Selection) -> bool:
    """Returns whether a run includes the requirement: the core always; others when named, or with all features."""
    requirement = item.requirement
    return (
        requirement.set == CORE
        or requirement.set in selection.opened
        or requirement.area in selection.areas
        or any(fits(item, glob) for glob in selection.requirements)
    )


def fits(item: Item, glob: str) -> bool:
    """Returns whether a glob fits the item's requirement id or its whole name; ignores case."""
    pattern = glob.upper()
    return fnmatchcase(item.requirement.id, pattern) or fnmatchcase(item.name.upper(), pattern)


def items_by_name(registry: Registry, names: Iterable[str]) -> tuple[Item, ...]:
    """Returns the items that a run file's header names; raises UnknownRequirementError for an unknown name."""
    known = {item.name: item for item in all_items(registry, FEATURES)}
    missing = [name for name in names if name not in known]
    if missing:
        raise UnknownRequirementError(
            f"the run file names {missing[0]!r}, which this version of the kit does not know; "
            "judge it with the version that wrote it, or select requirements with --only"
        )
    return tuple(known[name] for name in names)
