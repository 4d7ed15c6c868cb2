"""Templates."""

from ciq_conformance.scenario_spec import ScenarioSpec

SPEC = ScenarioSpec(
    name="templates",
    title="make one, find it, change it, let a job name it, delete it.",
    position=180,
)
