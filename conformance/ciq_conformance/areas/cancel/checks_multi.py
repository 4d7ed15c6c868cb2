"""Check of the scenario `cancel`: a cancel that names several jobs (CAN-011)."""

from ciq_conformance.areas.cancel import SPEC
from ciq_conformance.areas.cancel.labels import Label
from ciq_conformance.judge.evidence import Evidence
from ciq_conformance.judge.finding import Deviations, Finding, blocked, holds, untested
from ciq_conformance.judge.job_facts import last_seen, requested_ids
from ciq_conformance.judge.preconditions import record_ids, require_response, with_preconditions
from ciq_conformance.judge.registry import Item, check
from ciq_schemas.lifecycle import JobState
from ciq_schemas.transcript import raw
from ciq_schemas.transcript.parsed import describe_response


@check("CAN-011", SPEC)
@with_preconditions
def every_id_of_a_cancel_counts(evidence: Evidence, item: Item) -> Finding:
    """Each job of an accepted cancel of several ids shows Cancel while the queue is still paused, or at the end."""
    require_response(evidence, SPEC, Label.CANCEL)
    cancel = evidence.one(SPEC, Label.CANCEL_TOGETHER)
    if cancel is None:
        return untested("no jobs waited that one cancel could name: a paused queue accepts no job")
    if not cancel.ok:
        reason = f"the target answered a cancel of several ids with {describe_response(cancel)}"
        return untested(f"{reason}; most pages show one id", witness=record_ids(cancel))
    ids = requested_ids(cancel)
    seen = last_seen(evidence.of(SPEC, Label.CANCELLED, Label.AT_THE_END), ids)
    if not seen:
        return blocked("no response describes the jobs after their cancel", witness=record_ids(cancel))
    wrong = Deviations()
    for job_id in ids:
        response, job = seen.get(job_id, (cancel, None))
        state = raw.text(job.state) if job is not None else "not described"
        if state != JobState.CANCEL:
            for record in (cancel, response):
                wrong.add(record.exchange.seq, f"{job_id} of {len(ids)} ids in one cancel is {state}")
    expected = "State Cancel of every job that an accepted cancel names"
    witness = record_ids(cancel, *(response for response, _ in seen.values()))
    return wrong.finding(expected, holds(f"{len(ids)} jobs", witness=witness[:4]))
