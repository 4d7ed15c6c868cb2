"""One queue per feature."""

from ciq_conformance.scenario_spec import ScenarioSpec

SPEC = ScenarioSpec(
    name="isolation",
    title="change the queue of one feature, and observe the queues and jobs of the other features.",
    position=0,
    movable=False,
    independence=("ONE-008", "ONE-009", "ONE-010"),
)
