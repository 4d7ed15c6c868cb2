"""Loads the areas: the scenarios that the driver runs and the checks that the judge calls."""

import traceback
from collections.abc import Callable, Iterator
from functools import cache
from importlib import import_module
from pkgutil import iter_modules, walk_packages

from ciq_conformance import areas, receiver
from ciq_conformance.driver.scenario_context import ScenarioContext
from ciq_conformance.judge.registry import checked_ids
from ciq_conformance.scenario_spec import ScenarioSpec
from ciq_schemas.requirement import load_registry

RunScenario = Callable[[ScenarioContext], None]


class MissingScenarioError(RuntimeError):
    """An area has no valid SPEC or no `run` function: a defect of the kit."""


@cache
def load_areas() -> dict[ScenarioSpec, str]:
    """Returns the scenario of each area with the name of the area's package, in the order of a run."""
    found: dict[ScenarioSpec, str] = {}
    for area in iter_modules(areas.__path__, f"{areas.__name__}."):
        spec = getattr(import_module(area.name), "SPEC", None)
        if not isinstance(spec, ScenarioSpec):
            raise MissingScenarioError(f"{area.name} has no SPEC")
        found[spec] = area.name
    return {spec: found[spec] for spec in sorted(found, key=lambda spec: spec.position)}


@cache
def load_specs() -> tuple[ScenarioSpec, ...]:
    """Returns the scenarios that the driver can run, in the order of a run."""
    return tuple(spec for spec in load_areas() if spec.runs)


def load_scenario(spec: ScenarioSpec) -> RunScenario:
    """Returns the `run` function of a scenario; raises ImportError or MissingScenarioError when the kit lacks it."""
    name = f"{load_areas()[spec]}.scenario"
    run = getattr(import_module(name), "run", None)
    if not callable(run):
        raise MissingScenarioError(f"{name} has no function run(ctx)")
    found: RunScenario = run
    return found


@cache
def load_checks() -> tuple[str, ...]:
    """Imports every check module and returns the defects of the set of checks; empty in a sound kit.

    A module that cannot be imported, a testable requirement without a check, and a check for an unknown or untestable
    id are one line each. The judge goes on without them, and their items become suite errors.
    """
    problems: list[str] = []
    for name in _check_modules():
        try:
            import_module(name)
        except Exception:
            problems.append(f"{name} cannot be imported: {traceback.format_exc()}")
    testable = {requirement.id for requirement in load_registry() if not requirement.untested}
    problems.extend(f"{name} has no check" for name in sorted(testable - checked_ids()))
    problems.extend(
        f"a check is registered for {name}, which is no testable requirement"
        for name in sorted(checked_ids() - testable)
    )
    return tuple(problems)


def _check_modules() -> Iterator[str]:
    packages = (areas, receiver)
    found = [one.name for package in packages for one in walk_packages(package.__path__, f"{package.__name__}.")]
    return (name for name in sorted(found) if name.rpartition(".")[2].startswith("checks"))
