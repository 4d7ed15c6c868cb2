"""Submitting a job."""

from ciq_conformance.scenario_spec import ScenarioSpec

SPEC = ScenarioSpec(
    name="submit",
    title="good jobs in every documented dress, submitted at once, watched together to their end.",
    position=40,
    needs_jobs=False,
)
