"""Batch jobs."""

from ciq_conformance.scenario_spec import ScenarioSpec

SPEC = ScenarioSpec(
    name="batch",
    title="run one batch job of workflows and one of jobs, each on one object, and cancel another batch job.",
    position=220,
)
