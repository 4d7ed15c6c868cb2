"""Check of the scenario `submit`: jobs with valid input succeed (LIF-002).

No document says how long a job may take. A job that has not ended at the timeout is a deviation only when it ran for
most of the observed time, or waited while no job ran.
"""

from collections.abc import Collection

from ciq_conformance.areas.submit import SPEC
from ciq_conformance.areas.submit.labels import DESCRIBE_STEPS, WELL_FORMED, Label
from ciq_conformance.areas.submit.submits import NONE_ACCEPTED, submits_of
from ciq_conformance.judge.evidence import Evidence
from ciq_conformance.judge.finding import Deviations, Finding, blocked, deviates, holds, inconclusive
from ciq_conformance.judge.job_facts import ids_of, jobs_in, last_seen
from ciq_conformance.judge.preconditions import record_ids, with_preconditions
from ciq_conformance.judge.registry import Item, check
from ciq_schemas.lifecycle import FINAL_STATES, WAITING_STATES, JobState
from ciq_schemas.transcript import raw


@check("LIF-002", SPEC)
@with_preconditions
def job_with_valid_input_succeeds(evidence: Evidence, item: Item) -> Finding:
    """Checks that the last state of each job with valid input is Success."""
    submits = submits_of(evidence, *WELL_FORMED)
    if not submits:
        return NONE_ACCEPTED
    last = last_seen(evidence.of(SPEC, *DESCRIBE_STEPS), ids_of(submits))
    if not last:
        return blocked("the target described no submitted job; see DES-001", witness=record_ids(*submits[:3]))
    wrong, right, slow = Deviations(), [], []
    expired = any(event.text.startswith(f"{Label.WATCH}:") for event in evidence.events(SPEC, "expired"))
    last_states = {raw.text(job.state) for _, job in last.values()}
    for job_id, (response, job) in last.items():
        state = raw.text(job.state)
        if state == JobState.SUCCESS:
            right.append(response)
        elif state in FINAL_STATES:
            why = f" ({job.code}: {job.message})" if state == JobState.FAILED else ""
            wrong.add(response.exchange.seq, f"job {job_id} ended with State {state}{why}")
        elif expired and _is_slow(evidence, job_id, state, last_states):
            slow.append(f"job {job_id} still had State {state} at the timeout, while the queue ran other jobs")
        elif expired:
            text = f"job {job_id} still had State {state}" if state else f"job {job_id} had no State"
            wrong.add(response.exchange.seq, f"{text} at the timeout")
    if not wrong.items and slow:
        return inconclusive(f"{slow[0]}; raise `timeout_factor` in the profile", witness=record_ids(*right[:3]))
    if not right and not wrong.items:
        return blocked("the suite did not observe the jobs to their end")
    finding = wrong.finding("State Success", holds(f"{len(right)} jobs", witness=record_ids(*right[:3])))
    if not wrong.items:
        return finding
    reason = ""
    if JobState.FAILED in last_states:
        reason = "if the sample input does not exist on the target, set an existing one under [inputs] in the profile"
    elif last_states & WAITING_STATES:
        reason = "the jobs never left the queue; check that the queue was Active, and see PAU and UPD"
    return deviates(finding.expected, finding.seen, witness=finding.witness, reason=reason)


def _is_slow(evidence: Evidence, job_id: str, state: str, others: Collection[str]) -> bool:
    """Returns whether a job waits while others run, or has run for less than half of the observed time."""
    if JobState.SUCCESS not in others:
        return False
    if state in WAITING_STATES:
        return JobState.RUNNING in others
    descriptions = evidence.of(SPEC, *DESCRIBE_STEPS)
    runs = [
        response.exchange.started for response, job in jobs_in(descriptions, [job_id]) if raw.text(job.state) == state
    ]
    watched = descriptions[-1].exchange.started - descriptions[0].exchange.started
    return state == JobState.RUNNING and runs[-1] - runs[0] < watched / 2
