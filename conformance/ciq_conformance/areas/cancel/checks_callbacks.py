"""Check of the scenario `cancel`: callbacks report only jobs that ended by running (DEL-010)."""

from ciq_conformance.areas.cancel import SPEC
from ciq_conformance.areas.cancel.labels import CALLBACKS, SUBMITS
from ciq_conformance.judge.evidence import Evidence
from ciq_conformance.judge.finding import Deviations, Finding, holds, inconclusive
from ciq_conformance.judge.preconditions import require_responses, with_preconditions
from ciq_conformance.judge.registry import Item, check
from ciq_conformance.scenario_spec import channel_name
from ciq_schemas.lifecycle import ENDED_BY_RUNNING


@check("DEL-010", SPEC)
@with_preconditions
def callbacks_report_only_success_and_failed(evidence: Evidence, item: Item) -> Finding:
    """All callbacks of a scenario in which jobs wait, run, end and are cancelled have State Success or Failed."""
    require_responses(evidence, SPEC, *SUBMITS)
    wrong, right = Deviations(), []
    for callback in evidence.arrivals(channel_name(item.feature.feature, SPEC, CALLBACKS)):
        for job in callback.callback.jobs:
            state = (job.state or "").strip()
            if state in ENDED_BY_RUNNING:
                right.append(callback.arrival.seq)
            elif state:
                wrong.add(callback.arrival.seq, f"State {state} of job {job.job_id}")
    if not right and not wrong.items:
        return inconclusive(
            "no readable callback arrived at the jobs' own addresses; DEL-001 judges whether callbacks arrive, and "
            "RUL-009 reports whether a job's own address works while the rule is Off, which no document decides"
        )
    expected = "State Success or Failed in a callback; no page has a callback of a cancelled job"
    return wrong.finding(expected, holds(f"{len(right)} callbacks", witness=tuple(right[:3])))
