"""Retries of callbacks that the receiver does not accept."""

from ciq_conformance.scenario_spec import ScenarioSpec

SPEC = ScenarioSpec(
    name="receiver",
    title="send callbacks to receivers that answer late, answer 500, or close the connection.",
    position=110,
    about_callbacks=True,
)
