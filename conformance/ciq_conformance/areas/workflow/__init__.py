"""Workflows."""

from ciq_conformance.scenario_spec import ScenarioSpec

SPEC = ScenarioSpec(
    name="workflow",
    title="create a workflow, run it with XML and JSON callbacks and on a missing object, list, pause and delete it.",
    position=210,
)
