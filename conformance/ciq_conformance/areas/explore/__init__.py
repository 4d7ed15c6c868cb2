"""Random legal histories."""

from ciq_conformance.scenario_spec import ScenarioSpec

SPEC = ScenarioSpec(
    name="explore",
    title="random legal histories, as many as the operator requests (`--explore N`).",
    position=230,
    movable=False,
    option="explore",
    also_runs=("running",),
    own_job_rules=True,
)
