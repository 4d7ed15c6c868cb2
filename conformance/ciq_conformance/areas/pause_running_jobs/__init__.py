"""A pause while jobs run."""

from ciq_conformance.scenario_spec import ScenarioSpec

SPEC = ScenarioSpec(
    name="running",
    title="pause the queue while a job runs, and observe whether the job continues.",
    position=150,
    movable=False,
)
