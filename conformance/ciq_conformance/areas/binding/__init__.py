"""Binding of a bucket."""

from ciq_conformance.scenario_spec import ScenarioSpec

SPEC = ScenarioSpec(
    name="binding",
    title="bind the bucket, which is already bound. A conforming target changes nothing.",
    position=190,
)
