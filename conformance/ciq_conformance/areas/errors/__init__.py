"""Rejected requests."""

from ciq_conformance.scenario_spec import ScenarioSpec

SPEC = ScenarioSpec(
    name="errors",
    title="requests that a service must refuse, then a good one that it must still serve.",
    position=200,
    needs_jobs=False,
)
