"""Scenario `explore`: random legal histories, as many as the operator requests (`--explore N`)."""

from ciq_conformance.driver.scenario_context import ScenarioContext
from ciq_conformance.explore.campaign import explore


def run(ctx: ScenarioContext) -> None:
    """Run the scenario."""
    explore(ctx)
