"""Finds the accepted submits of the scenario `submit`; shared by its checks."""

from ciq_conformance.areas.submit import SPEC
from ciq_conformance.areas.submit.labels import SUBMITS, Label
from ciq_conformance.judge.evidence import Evidence
from ciq_conformance.judge.finding import blocked
from ciq_conformance.judge.preconditions import require_responses
from ciq_schemas.transcript.parsed import ParsedExchange

NONE_ACCEPTED = blocked("the target accepted no submit of the scenario; see SUB-001")


def submits_of(evidence: Evidence, *steps: Label) -> list[ParsedExchange]:
    """Returns the accepted submits of the steps that returned one job; without `steps`, of all submit steps."""
    responses = require_responses(evidence, SPEC, *(steps or SUBMITS))
    return [response for response in responses if response.ok and len(response.jobs) == 1]
