"""Scenario `binding`: bind the bucket, which is already bound. A conforming target changes nothing."""

from ciq_conformance.areas.templates.labels import Label
from ciq_conformance.driver.scenario_context import ScenarioContext
from ciq_schemas.operations import OperationKind


def run(ctx: ScenarioContext) -> None:
    """Runs the scenario."""
    ctx.calls.other(Label.BIND, OperationKind.BIND_BUCKET)
