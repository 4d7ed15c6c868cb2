"""Callbacks of jobs."""

from ciq_conformance.scenario_spec import ScenarioSpec

SPEC = ScenarioSpec(
    name="callback",
    title="request callbacks in JSON and in XML, and describe each job before and right after its callback.",
    position=80,
    about_callbacks=True,
)
