"""Scenario `retention`: describes the first jobs of the run again. It runs after the scenarios that every run has."""

from ciq_conformance.areas.retention.labels import Label
from ciq_conformance.driver.scenario_context import PreconditionFailed, ScenarioContext
from ciq_schemas.operations import OperationKind
from ciq_schemas.transcript.parsed import ParsedExchange
from ciq_schemas.transcript.records import Exchange

MOST = 10
"""Jobs that the scenario describes: the first ones of the run."""
LEAST_AGE = 3.0
"""Seconds since the first submit; only a run of few scenarios waits for it."""


def run(ctx: ScenarioContext) -> None:
    """Runs the scenario; the checks compare its answers with the last ones that other scenarios received."""
    submits = [
        ParsedExchange(record)
        for record in tuple(ctx.recorder.records)
        if isinstance(record, Exchange)
        and record.feature == ctx.spec.feature
        and record.operation == OperationKind.SUBMIT_JOB
    ]
    accepted = [response for response in submits if response.ok and response.job_ids]
    if not accepted:
        raise PreconditionFailed("the run has submitted no job of this feature")
    ids = [job_id for response in accepted[:MOST] for job_id in response.job_ids]
    ctx.pause_thread(max(0.0, accepted[0].exchange.ended + LEAST_AGE - ctx.now()))
    ctx.look(Label.AGAIN, ids[:MOST])
