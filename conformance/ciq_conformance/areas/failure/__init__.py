"""Jobs that fail."""

from ciq_conformance.scenario_spec import ScenarioSpec

SPEC = ScenarioSpec(
    name="failure",
    title="jobs whose input is not there, what is told of them, and good jobs right after them.",
    position=100,
)
