"""Scenario `explore`: random legal histories, as many as the operator asks for (`--explore N`)."""

from ciq_conformance.driver.stage import Stage
from ciq_conformance.explore.exploring import explore


def play(stage: Stage) -> None:
    """Play the scenario."""
    explore(stage)
