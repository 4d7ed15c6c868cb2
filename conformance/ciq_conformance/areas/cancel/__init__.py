"""Cancelling jobs."""

from ciq_conformance.scenario_spec import ScenarioSpec

SPEC = ScenarioSpec(
    name="cancel",
    title="take held jobs out, let the others run; then cancel an ended job, a stranger, a running job.",
    position=120,
    rejects=True,
)
