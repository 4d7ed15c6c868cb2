"""The submits of the scenario `submit` as they were answered; shared by its checks."""

from ciq_conformance.areas.submit import SPEC
from ciq_conformance.areas.submit.labels import SUBMITS, Label
from ciq_conformance.judge.evidence import Evidence
from ciq_conformance.judge.finding import blocked
from ciq_conformance.judge.preconditions import require_responses
from ciq_schemas.transcript.parsed import ParsedExchange

NONE_ACCEPTED = blocked("no submit of the scenario was accepted; see SUB-001")


def submits_of(evidence: Evidence, *steps: Label) -> list[ParsedExchange]:
    """Accepted submits with one job each."""
    responses = require_responses(evidence, SPEC, *(steps or SUBMITS))
    return [response for response in responses if response.ok and len(response.jobs) == 1]
