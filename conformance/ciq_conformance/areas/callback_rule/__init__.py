"""Callback rule of a queue and callback settings of a job."""

from ciq_conformance.scenario_spec import ScenarioSpec

SPEC = ScenarioSpec(
    name="rule",
    title="set the callback rule of the queue and of single jobs, and observe which rule each callback follows.",
    position=90,
    about_callbacks=True,
)
