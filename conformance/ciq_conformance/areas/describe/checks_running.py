"""Checks of the scenario `describe`: what a running job shows, in every scenario (DES-019)."""

from ciq_conformance.areas.describe import SPEC
from ciq_conformance.areas.describe.labels import SUBMITS
from ciq_conformance.judge.evidence import Evidence
from ciq_conformance.judge.finding import Deviations, Finding, holds, inconclusive
from ciq_conformance.judge.preconditions import record_ids, require_responses, with_preconditions
from ciq_conformance.judge.registry import Item, check
from ciq_conformance.judge.whole_run import exchanges_of
from ciq_schemas import times
from ciq_schemas.lifecycle import JobState
from ciq_schemas.operations import OperationKind
from ciq_schemas.transcript import raw


@check("DES-019", SPEC)
@with_preconditions
def running_jobs_have_a_start_time(evidence: Evidence, item: Item) -> Finding:
    """Every describe of the run that shows a job as Running also shows its StartTime."""
    require_responses(evidence, SPEC, *SUBMITS)
    wrong, right = Deviations(), []
    for response in exchanges_of(evidence, OperationKind.DESCRIBE_JOB):
        for job in response.jobs if response.ok else ():
            if raw.text(job.state) != JobState.RUNNING:
                continue
            if times.is_unset(job.start_time):
                wrong.add(response.exchange.seq, f"{job.job_id} is Running without StartTime")
            else:
                right.append(response)
    if not right and not wrong.items:
        return inconclusive("no describe showed a job as Running")
    return wrong.finding("StartTime of every running job", holds(f"{len(right)} times", witness=record_ids(*right[:3])))
