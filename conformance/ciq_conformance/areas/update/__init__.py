"""Updates of a queue."""

from ciq_conformance.areas.update.labels import BAD
from ciq_conformance.scenario_spec import ScenarioSpec

SPEC = ScenarioSpec(
    name="update",
    title="change name, rule and state of the queue, then try what must be refused, and put all back.",
    position=30,
    needs_jobs=False,
    rejects=True,
    bad_steps=BAD,
)
