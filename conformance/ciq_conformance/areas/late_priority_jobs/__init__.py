"""High-priority jobs submitted while others wait."""

from ciq_conformance.scenario_spec import ScenarioSpec

SPEC = ScenarioSpec(
    name="late",
    title="jobs of a higher level arrive while the queue is active and others wait.",
    position=140,
    one_worker=True,
)
