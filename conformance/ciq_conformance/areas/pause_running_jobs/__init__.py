"""A pause while jobs run."""

from ciq_conformance.scenario_spec import ScenarioSpec

SPEC = ScenarioSpec(
    name="running",
    title="pause the queue while jobs run, and see what becomes of them.",
    position=150,
    movable=False,
)
