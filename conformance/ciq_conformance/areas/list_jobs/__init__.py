"""Lists of jobs."""

from ciq_conformance.scenario_spec import ScenarioSpec

SPEC = ScenarioSpec(
    name="list",
    title="lists of five own jobs by time window, page, order, state, input and queue; then of a waiting job.",
    position=170,
    rejects=True,
)
