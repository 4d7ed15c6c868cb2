"""One queue per feature."""

from ciq_conformance.scenario_spec import ScenarioSpec

SPEC = ScenarioSpec(
    name="isolation",
    title="act on one feature's queue and look at the queues and jobs of the others.",
    position=0,
    movable=False,
    independence=("ONE-008", "ONE-009", "ONE-010"),
)
