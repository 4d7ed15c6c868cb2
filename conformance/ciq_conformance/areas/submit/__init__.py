"""Submitting a job."""

from ciq_conformance.scenario_spec import ScenarioSpec

SPEC = ScenarioSpec(
    name="submit",
    title="submit valid jobs in every documented form, and observe them to their end.",
    position=40,
    needs_jobs=False,
)
