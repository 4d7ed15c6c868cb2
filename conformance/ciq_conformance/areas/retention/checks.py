"""Checks of the scenario `retention`: the target still knows the first jobs of the run (DES-020, DES-021)."""

from ciq_conformance.areas.retention import SPEC
from ciq_conformance.areas.retention.labels import Label
from ciq_conformance.judge.evidence import Evidence
from ciq_conformance.judge.finding import Deviations, Finding, blocked, holds
from ciq_conformance.judge.job_facts import ids_of, last_seen, requested_ids
from ciq_conformance.judge.preconditions import record_ids, require_responses, with_preconditions
from ciq_conformance.judge.registry import Item, check
from ciq_conformance.judge.whole_run import exchanges_of
from ciq_schemas.lifecycle import FINAL_STATES
from ciq_schemas.operations import OperationKind
from ciq_schemas.transcript import raw
from ciq_schemas.transcript.parsed import describe_response


@check("DES-020", SPEC)
@with_preconditions
def document_jobs_are_still_known(evidence: Evidence, item: Item) -> Finding:
    """Describe still shows the first document jobs of the run, which the pages keep for a month."""
    return _still_known(evidence)


@check("DES-021", SPEC)
@with_preconditions
def jobs_are_still_known(evidence: Evidence, item: Item) -> Finding:
    """Describe still shows the first jobs of the run."""
    return _still_known(evidence)


def _still_known(evidence: Evidence) -> Finding:
    again = require_responses(evidence, SPEC, Label.AGAIN)
    earlier = [
        response
        for response in exchanges_of(evidence, OperationKind.DESCRIBE_JOB)
        if response.exchange.scenario != SPEC.name and response.exchange.ended <= again[0].exchange.started
    ]
    ids = [job_id for response in again for job_id in requested_ids(response)]
    ended = {
        job_id: response
        for job_id, (response, job) in last_seen(earlier, ids).items()
        if raw.text(job.state) in FINAL_STATES
    }
    if not ended:
        return blocked("no earlier describe shows one of the first jobs of the run ended; see LIF-002")
    wrong, right = Deviations(), []
    for response in again:
        shown = ids_of([response])
        for job_id in requested_ids(response):
            if job_id not in ended or job_id in shown:
                right += [response] if job_id in shown else []
                continue
            age = response.exchange.started - ended[job_id].exchange.ended
            seen = f"{job_id} is unknown {age:.1f} s after describe showed its end ({describe_response(response)})"
            for record in (ended[job_id], response):
                wrong.add(record.exchange.seq, seen)
    expected = "describe still shows a job that has ended"
    return wrong.finding(expected, holds(f"{len(right)} jobs", witness=record_ids(*right[:3])))
