"""Check of the scenario `cancel`: what callbacks say of jobs there, if any come of those cancelled (DEL-010)."""

from ciq_conformance.areas.cancel import SPEC
from ciq_conformance.areas.cancel.labels import SUBMITS, TOLD
from ciq_conformance.judge.evidence import Evidence
from ciq_conformance.judge.finding import Deviations, Finding, blocked, holds
from ciq_conformance.judge.preconditions import require_responses, with_preconditions
from ciq_conformance.judge.registry import Item, check
from ciq_conformance.scenario_spec import channel_name
from ciq_schemas.lifecycle import ENDED_BY_RUNNING


@check("DEL-010", SPEC)
@with_preconditions
def only_ends_are_told(evidence: Evidence, item: Item) -> Finding:
    """State in all callbacks of a story in which jobs wait, run, end and are cancelled."""
    require_responses(evidence, SPEC, *SUBMITS)
    wrong, right = Deviations(), []
    for callback in evidence.arrivals(channel_name(item.feature.feature, SPEC, TOLD)):
        for job in callback.callback.jobs:
            state = (job.state or "").strip()
            if state in ENDED_BY_RUNNING:
                right.append(callback.arrival.seq)
            elif state:
                wrong.add(callback.arrival.seq, f"State {state} of job {job.job_id}")
    if not right and not wrong.items:
        return blocked("no callback of the scenario could be read; DEL-001 judges whether any come")
    expected = "State Success or Failed in a callback; no page has one of a job that is cancelled"
    return wrong.finding(expected, holds(f"{len(right)} callbacks", witness=tuple(right[:3])))
