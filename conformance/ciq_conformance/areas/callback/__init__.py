"""Callbacks of jobs."""

from ciq_conformance.scenario_spec import ScenarioSpec

SPEC = ScenarioSpec(
    name="callback",
    title="jobs told in JSON and in XML, looked at before and right after their callbacks.",
    position=80,
    about_callbacks=True,
)
