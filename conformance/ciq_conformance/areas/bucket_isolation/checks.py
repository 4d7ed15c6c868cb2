"""Checks of the scenario `buckets`: a Host shows only queues and jobs of its bucket (ONE-014, ONE-015)."""

from ciq_conformance.areas.bucket_isolation import SPEC
from ciq_conformance.areas.bucket_isolation.labels import Label
from ciq_conformance.judge.evidence import Evidence
from ciq_conformance.judge.finding import Deviations, Finding, blocked, holds, inconclusive, untested
from ciq_conformance.judge.job_facts import ids_of, jobs_in
from ciq_conformance.judge.preconditions import (
    EarlyFinding,
    record_ids,
    require_response,
    require_success,
    with_preconditions,
)
from ciq_conformance.judge.registry import Item, check
from ciq_schemas.transcript import raw
from ciq_schemas.transcript.parsed import ParsedExchange, describe_response

WITHOUT = "the profile names no second_bucket, or its host does not contain {bucket}"


def _other_queues(evidence: Evidence) -> ParsedExchange:
    """Returns the last queue list of the second bucket; ends the check early when that bucket has no queue."""
    lists = evidence.of(SPEC, Label.OTHER_QUEUES)
    if not lists and evidence.blocking_event(SPEC) is None:
        raise EarlyFinding(untested(WITHOUT))
    require_response(evidence, SPEC, Label.OTHER_QUEUES)
    if not lists[-1].ok or not lists[-1].queue_list.queues:
        reason = f"the second bucket has no queue: its list was answered {describe_response(lists[-1])}"
        raise EarlyFinding(untested(reason, witness=record_ids(lists[-1])))
    return lists[-1]


@check("ONE-014", SPEC)
@with_preconditions
def job_is_unknown_in_another_bucket(evidence: Evidence, item: Item) -> Finding:
    """A describe under the Host of the second bucket returns no job of the first one."""
    _other_queues(evidence)
    submit = require_success(evidence, SPEC, Label.SUBMIT)
    ids = ids_of([submit])
    if not any(jobs_in(evidence.of(SPEC, Label.OWN_JOB), ids)):
        return blocked("no response describes the job under the Host of its own bucket; see DES-001")
    other = require_response(evidence, SPEC, Label.OTHER_DESCRIBE)
    if not (other.ok or other.refused):
        return inconclusive(f"the describe was answered {describe_response(other)}", witness=record_ids(other))
    wrong = Deviations()
    for _, job in jobs_in([other], ids):
        wrong.add(other.exchange.seq, f"the Host of the second bucket describes {job.job_id} of the first one")
    expected = "no JobsDetail of a job under the Host of another bucket"
    return wrong.finding(expected, holds(describe_response(other), witness=record_ids(submit, other)))


@check("ONE-015", SPEC)
@with_preconditions
def queue_is_unknown_in_another_bucket(evidence: Evidence, item: Item) -> Finding:
    """Queue lists under the Host of the second bucket contain no queue of the first one."""
    listed = _other_queues(evidence)
    own = require_success(evidence, SPEC, Label.OWN_QUEUES)
    ids = {raw.text(queue.queue_id) for queue in own.queue_list.queues} - {""}
    if not ids:
        return blocked("the queue list of the own bucket is empty; see QUE-009", witness=record_ids(own))
    by_id = require_response(evidence, SPEC, Label.OTHER_QUEUES_BY_ID)
    wrong = Deviations()
    for response in (listed, by_id):
        for queue in response.queue_list.queues if response.ok else ():
            if raw.text(queue.queue_id) in ids:
                seen = f"the Host of the second bucket lists {queue.queue_id} of the first one"
                wrong.add(response.exchange.seq, seen)
    expected = "no queue of a bucket under the Host of another bucket"
    return wrong.finding(expected, holds(describe_response(by_id), witness=record_ids(own, listed, by_id)))
