"""Check of the scenario `running`: the callback of a job that ends during a pause (PAU-010).

The area `order` has the other checks of this scenario.
"""

from ciq_conformance.areas.pause_running_jobs import SPEC
from ciq_conformance.areas.pause_running_jobs.labels import CALLBACKS, Label
from ciq_conformance.judge.evidence import Evidence
from ciq_conformance.judge.finding import Deviations, Finding, blocked, holds, untested
from ciq_conformance.judge.job_facts import ids_of, jobs_in
from ciq_conformance.judge.preconditions import require_responses, with_preconditions
from ciq_conformance.judge.registry import Item, check
from ciq_conformance.scenario_spec import channel_name
from ciq_schemas.lifecycle import ENDED_BY_RUNNING, JobState
from ciq_schemas.transcript import raw
from ciq_schemas.transcript.parsed import ParsedExchange


@check("PAU-010", SPEC)
@with_preconditions
def job_that_ends_in_a_pause_calls_back_in_it(evidence: Evidence, item: Item) -> Finding:
    """The callback of a job that ran at the pause, and ended before the resume, arrives before the resume."""
    wrong, right, silent = Deviations(), [], []
    arrivals = evidence.arrivals(channel_name(item.feature.feature, SPEC, CALLBACKS))
    for job_id, resume in _ended_in_a_pause(evidence).items():
        own = [callback.arrival for callback in arrivals if job_id in callback.job_ids]
        if not own:
            silent.append(job_id)
        elif own[0].started >= resume.exchange.started:
            for seq in (resume.exchange.seq, own[0].seq):
                wrong.add(seq, f"the callback of {job_id} arrived only after the resume")
        else:
            right.append(own[0].seq)
    if silent and not wrong.items:
        return blocked(f"no callback of {silent[0]} arrived; see DEL-001")
    if not right and not wrong.items:
        return untested("no job was seen running at a pause and ended during it: jobs are short, or a pause stops them")
    expected = "the callback of a job that ends during a pause arrives during the pause"
    return wrong.finding(expected, holds(f"{len(right)} callback(s)", witness=tuple(right)))


def _ended_in_a_pause(evidence: Evidence) -> dict[str, ParsedExchange]:
    """Returns the jobs that ran before a pause and ended in it, each with the resume that ended the pause."""
    found: dict[str, ParsedExchange] = {}
    submits = require_responses(evidence, SPEC, Label.SUBMIT)
    updates = evidence.of(SPEC, Label.PAUSE, Label.RESUME)
    for submit in submits:
        later = [response for response in updates if response.exchange.started > submit.exchange.ended]
        if len(later) < 2 or not later[0].ok or later[0].exchange.step != Label.PAUSE:
            continue
        pause, resume = later[0], later[1]
        for job_id in ids_of([submit]):
            ran = any(
                raw.text(job.state) == JobState.RUNNING for _, job in jobs_in(evidence.of(SPEC, Label.CATCH), [job_id])
            )
            observed = list(jobs_in(evidence.of(SPEC, Label.PAUSED), [job_id]))
            # A describe that was sent after the response to the pause shows the job running in the pause.
            alive = [
                job
                for response, job in observed
                if response.exchange.started > pause.exchange.ended and raw.text(job.state) == JobState.RUNNING
            ]
            if ran and alive and raw.text(observed[-1][1].state) in ENDED_BY_RUNNING:
                found[job_id] = resume
    return found
