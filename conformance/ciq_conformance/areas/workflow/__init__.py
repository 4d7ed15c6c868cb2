"""Workflows."""

from ciq_conformance.scenario_spec import ScenarioSpec

SPEC = ScenarioSpec(
    name="workflow",
    title="make one, run it on an object in both callback forms and on a missing one, list, switch, delete.",
    position=210,
)
