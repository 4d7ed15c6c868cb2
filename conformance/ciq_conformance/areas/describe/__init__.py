"""Describe of jobs."""

from ciq_conformance.scenario_spec import ScenarioSpec

SPEC = ScenarioSpec(
    name="describe",
    title="describe jobs one by one, several at once and unknown ids, from the submit to the end.",
    position=70,
    rejects=True,
)
