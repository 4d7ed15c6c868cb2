"""The jobs of the start of the run, at its end."""

from ciq_conformance.scenario_spec import ScenarioSpec

SPEC = ScenarioSpec(
    name="retention",
    title="describe the first jobs of the run again, after the other scenarios.",
    position=205,
    movable=False,
)
