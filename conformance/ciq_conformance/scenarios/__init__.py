"""The stories that the driver plays: one module a scenario, each with `play(stage)`.

Modules are loaded when they are played, so that one broken story does not stop the others.
"""

from collections.abc import Callable, Mapping
from importlib import import_module
from types import MappingProxyType

from ciq_conformance.driver.stage import Stage
from ciq_schemas.requirement import Scenario

Play = Callable[[Stage], None]

_RENAMED = {Scenario.LIST: "list_jobs"}
MODULES: Mapping[Scenario, str] = MappingProxyType(
    {
        scenario: f"{__name__}.{_RENAMED.get(scenario, scenario.value)}"
        for scenario in Scenario
        if scenario is not Scenario.EVERY
    }
)
"""Which module plays which scenario; EVERY is no story of its own."""


class MissingPlayError(RuntimeError):
    """A scenario module without a `play` function: our mistake."""


def load_play(scenario: Scenario) -> Play:
    """The play of a scenario; ImportError or MissingPlayError when the kit lacks it."""
    module = import_module(MODULES[scenario])
    play = getattr(module, "play", None)
    if not callable(play):
        raise MissingPlayError(f"{MODULES[scenario]} has no function play(stage)")
    found: Play = play
    return found
