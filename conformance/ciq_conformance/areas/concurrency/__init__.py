"""Concurrent clients on one queue."""

from ciq_conformance.scenario_spec import ScenarioSpec

SPEC = ScenarioSpec(
    name="concurrency",
    title="several clients at one queue at once, each with a connection of its own.",
    position=160,
    also_runs=("running",),
)
