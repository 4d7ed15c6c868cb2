"""Submits with several operations."""

from ciq_conformance.areas.multi_operation_submit.labels import Label
from ciq_conformance.scenario_spec import ScenarioSpec

SPEC = ScenarioSpec(
    name="multi",
    title="as many Operations in one request as documented, then one too many, then one bad Operation.",
    position=60,
    rejects=True,
    bad_steps=(Label.SEVEN, Label.HALF_BAD),
)
