"""Callback rule of a queue against the setting of a job."""

from ciq_conformance.scenario_spec import ScenarioSpec

SPEC = ScenarioSpec(
    name="rule",
    title="which rule a callback follows - the queue's, the job's own, or none.",
    position=90,
    about_callbacks=True,
)
