"""Rejected requests."""

from ciq_conformance.areas.errors.labels import BAD
from ciq_conformance.scenario_spec import ScenarioSpec

SPEC = ScenarioSpec(
    name="errors",
    title="requests that a service must reject, then a valid request that it must still accept.",
    position=200,
    needs_jobs=False,
    bad_steps=BAD,
)
