"""Scenario `binding`: bind the bucket, which is bound already. Nothing changes on a service that conforms."""

from ciq_conformance.driver.stage import Stage
from ciq_conformance.steps.templates import Step
from ciq_schemas.operations import OperationKind


def play(stage: Stage) -> None:
    """Play the scenario."""
    stage.calls.other(Step.BIND, OperationKind.BIND_BUCKET)
