"""Deactivation of a feature."""

from ciq_conformance.scenario_spec import ScenarioSpec

SPEC = ScenarioSpec(
    name="deactivation",
    title="deactivate and reactivate the feature. Runs only where the profile allows it.",
    position=250,
    movable=False,
    needs_jobs=False,
    own_job_rules=True,
)
