"""Jobs that fail."""

from ciq_conformance.scenario_spec import ScenarioSpec

SPEC = ScenarioSpec(
    name="failure",
    title="jobs whose input does not exist, what the target reports, and valid jobs right after them.",
    position=100,
)
