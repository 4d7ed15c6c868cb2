"""Updates of a queue."""

from ciq_conformance.areas.update.labels import BAD
from ciq_conformance.scenario_spec import ScenarioSpec

SPEC = ScenarioSpec(
    name="update",
    title="update name, rule and state of the queue, send updates that must be rejected, and restore the queue.",
    position=30,
    needs_jobs=False,
    rejects=True,
    bad_steps=BAD,
)
