"""The submits of the scenario `submit` as they were answered; shared by its checks."""

from ciq_conformance.checks.premise import made
from ciq_conformance.judge.evidence import Evidence
from ciq_conformance.judge.finding import blocked
from ciq_conformance.steps.submit import SUBMITS, Step
from ciq_schemas.requirement import Scenario
from ciq_schemas.transcript.parsed import ParsedExchange

HERE = Scenario.SUBMIT
NONE_ACCEPTED = blocked("no submit of the scenario was accepted; see SUB-001")


def submits_of(evidence: Evidence, *steps: Step) -> list[ParsedExchange]:
    """Accepted submits with one job each."""
    replies = made(evidence, HERE, *(steps or SUBMITS))
    return [reply for reply in replies if reply.ok and len(reply.jobs) == 1]
