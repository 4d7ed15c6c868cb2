"""High-priority jobs submitted while others wait."""

from ciq_conformance.scenario_spec import ScenarioSpec

SPEC = ScenarioSpec(
    name="late",
    title="the suite submits jobs of a higher level while the queue is active and other jobs wait.",
    position=140,
    one_worker=True,
)
