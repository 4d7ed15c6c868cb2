"""Activation of a feature."""

from ciq_conformance.areas.activation.labels import OUT_OF_RANGE
from ciq_conformance.scenario_spec import ScenarioSpec

SPEC = ScenarioSpec(
    name="activation",
    title="activate a bucket that is already active, and read the bucket list and the queue list.",
    position=10,
    needs_jobs=False,
    rejects=True,
    bad_steps=OUT_OF_RANGE,
)
