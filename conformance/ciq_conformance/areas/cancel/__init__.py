"""Cancelling jobs."""

from ciq_conformance.scenario_spec import ScenarioSpec

SPEC = ScenarioSpec(
    name="cancel",
    title="cancel waiting jobs and let the others run; then cancel an ended, an unknown and a running job.",
    position=120,
    rejects=True,
)
