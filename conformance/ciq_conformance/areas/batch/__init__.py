"""Batch jobs."""

from ciq_conformance.scenario_spec import ScenarioSpec

SPEC = ScenarioSpec(
    name="batch",
    title="a workflow and a kind of job, each over one object by a batch job; one more that is cancelled.",
    position=220,
)
