"""Rules for every exchange of a run, in all scenarios."""

from ciq_conformance.scenario_spec import ScenarioSpec

SPEC = ScenarioSpec(
    name="*",
    title="all exchanges of all scenarios",
    position=260,
    runs=False,
    also_runs=("queues", "submit", "errors"),
)
