"""Templates."""

from ciq_conformance.scenario_spec import ScenarioSpec

SPEC = ScenarioSpec(
    name="templates",
    title="create a template, list it, update it, submit a job that uses it, and delete it.",
    position=180,
)
