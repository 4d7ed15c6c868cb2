"""Rules on every exchange of a run, whatever the scenario."""

from ciq_conformance.scenario_spec import ScenarioSpec

SPEC = ScenarioSpec(
    name="*",
    title="whatever was exchanged in any scenario",
    position=260,
    runs=False,
    also_runs=("queues", "submit", "errors"),
)
