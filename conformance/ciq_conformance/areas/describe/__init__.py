"""Describing jobs."""

from ciq_conformance.scenario_spec import ScenarioSpec

SPEC = ScenarioSpec(
    name="describe",
    title="ask for jobs one by one, several at once, unknown ones, from submit to end.",
    position=70,
    rejects=True,
)
