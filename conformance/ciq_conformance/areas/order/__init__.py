"""Priority order and pause."""

from ciq_conformance.scenario_spec import ScenarioSpec

SPEC = ScenarioSpec(
    name="order",
    title="hold jobs in a paused queue, let them go, freeze the queue in the middle, let them go again.",
    position=130,
    one_worker=True,
)
