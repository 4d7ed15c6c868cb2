"""Malformed requests."""

from ciq_conformance.scenario_spec import ScenarioSpec

SPEC = ScenarioSpec(
    name="fuzz",
    title="malformed requests for as long as the operator allows (`--fuzz SECONDS`), then a valid job.",
    position=240,
    movable=False,
    option="fuzz",
    own_job_rules=True,
)
