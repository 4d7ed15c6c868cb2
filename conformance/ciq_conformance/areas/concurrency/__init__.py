"""Concurrent clients on one queue."""

from ciq_conformance.scenario_spec import ScenarioSpec

SPEC = ScenarioSpec(
    name="concurrency",
    title="run several clients on one queue at the same time, each with its own connection.",
    position=160,
    also_runs=("running",),
)
