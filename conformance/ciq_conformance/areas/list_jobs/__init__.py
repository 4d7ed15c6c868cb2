"""Lists of jobs."""

from ciq_conformance.scenario_spec import ScenarioSpec

SPEC = ScenarioSpec(
    name="list",
    title="five own jobs, found again by window, page, order, state, input and queue; then one that waits.",
    position=170,
    rejects=True,
)
