"""Lists of queues."""

from ciq_conformance.areas.queues.labels import OUT_OF_RANGE, Label
from ciq_conformance.scenario_spec import ScenarioSpec

SPEC = ScenarioSpec(
    name="queues",
    title="list the feature's queues in every documented way, while the queue is active and while it is paused.",
    position=20,
    needs_jobs=False,
    rejects=True,
    bad_steps=(*OUT_OF_RANGE, Label.ELEVEN_IDS),
)
