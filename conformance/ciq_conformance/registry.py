"""Loads the areas: the scenarios that the driver runs and the checks that the judge calls."""

import traceback
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from importlib import import_module
from pkgutil import walk_packages
from types import MappingProxyType

from ciq_conformance import areas
from ciq_conformance.driver.scenario_context import ScenarioContext
from ciq_conformance.judge.registry import checked_ids
from ciq_schemas.requirement import Scenario, load_registry

Play = Callable[[ScenarioContext], None]

_RENAMED = {
    Scenario.LIST: "list_jobs",
    Scenario.LATE: "late_priority_jobs",
    Scenario.MULTI: "multi_operation_submit",
    Scenario.PATHS: "job_paths",
    Scenario.RECEIVER: "callback_retries",
    Scenario.RULE: "callback_rule",
    Scenario.RUNNING: "pause_running_jobs",
}
MODULES: Mapping[Scenario, str] = MappingProxyType(
    {
        scenario: f"{areas.__name__}.{_RENAMED.get(scenario, scenario.value)}.scenario"
        for scenario in Scenario
        if scenario is not Scenario.EVERY
    }
)
"""The module of each scenario; EVERY has none."""


class MissingPlayError(RuntimeError):
    """A scenario module without a `play` function: a defect of the kit."""


def load_play(scenario: Scenario) -> Play:
    """Returns the `play` function of a scenario; raises ImportError or MissingPlayError when the kit lacks it."""
    module = import_module(MODULES[scenario])
    play = getattr(module, "play", None)
    if not callable(play):
        raise MissingPlayError(f"{MODULES[scenario]} has no function play(ctx)")
    found: Play = play
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
    found = (module.name for module in walk_packages(areas.__path__, f"{areas.__name__}."))
    return (name for name in sorted(found) if name.rpartition(".")[2].startswith("checks"))
