"""Binding of a bucket."""

from ciq_conformance.scenario_spec import ScenarioSpec

SPEC = ScenarioSpec(
    name="binding",
    title="bind the bucket, which is bound already. Nothing changes on a service that conforms.",
    position=190,
)
