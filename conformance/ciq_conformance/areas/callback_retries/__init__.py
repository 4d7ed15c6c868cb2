"""Retries of callbacks that the receiver does not accept."""

from ciq_conformance.scenario_spec import ScenarioSpec

SPEC = ScenarioSpec(
    name="receiver",
    title="callbacks meet a receiver that answers late, one that answers 500, and one that hangs up.",
    position=110,
    about_callbacks=True,
)
