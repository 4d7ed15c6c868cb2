"""Checks of the scenario `paths`: which documented path families accept jobs, and whether they return them (PTH)."""

from ciq_conformance.areas.job_paths import SPEC
from ciq_conformance.areas.job_paths.labels import BY_TAG, DESCRIBES, LISTS, SUBMITS, Label
from ciq_conformance.judge.evidence import Evidence
from ciq_conformance.judge.finding import Deviations, Finding, blocked, deviates, holds, observed, untested
from ciq_conformance.judge.job_facts import ids_of, tag_of
from ciq_conformance.judge.preconditions import record_ids, require_responses, require_success, with_preconditions
from ciq_conformance.judge.registry import Item, check
from ciq_schemas.transcript import raw
from ciq_schemas.transcript.parsed import ParsedExchange, describe_response
from ciq_schemas.transcript.requests import requested_job

NONE_ACCEPTED = blocked("no documented path accepted a job; see PTH-001")


def _path(response: ParsedExchange) -> str:
    """`POST /asr_jobs`."""
    return (
        f"{response.exchange.method} /{response.exchange.url.split('://', 1)[-1].partition('/')[2].partition('?')[0]}"
    )


def _accepted(evidence: Evidence) -> list[tuple[Label, ParsedExchange]]:
    """The submits that made a job, by label."""
    found = ((step, evidence.one(SPEC, step)) for step in SUBMITS)
    return [(step, response) for step, response in found if response is not None and ids_of([response])]


def _last(evidence: Evidence, step: Label) -> ParsedExchange | None:
    return next(reversed(evidence.of(SPEC, step)), None)


@check("PTH-001", SPEC)
@with_preconditions
def some_documented_path_accepts_jobs(evidence: Evidence, item: Item) -> Finding:
    """At least one documented path family accepts a submit."""
    submits = require_responses(evidence, SPEC, *SUBMITS)
    seen = "; ".join(f"{_path(response)}: {describe_response(response)}" for response in submits)
    if not _accepted(evidence):
        expected = f"POST on {' or '.join(item.feature.job_paths)} makes a job"
        return deviates(expected, seen, witness=record_ids(*submits))
    return holds(seen, witness=record_ids(*submits))


@check("PTH-002", SPEC)
@with_preconditions
def paths_that_accept_jobs(evidence: Evidence, item: Item) -> Finding:
    """Reports which documented path families accept jobs."""
    submits = require_responses(evidence, SPEC, *SUBMITS)
    accepted = [_path(response) for _, response in _accepted(evidence)]
    return observed(f"paths that accept jobs: {', '.join(accepted) or 'none'}", witness=record_ids(*submits))


@check("PTH-003", SPEC)
@with_preconditions
def jobs_have_the_tag_and_queue_of_the_feature(evidence: Evidence, item: Item) -> Finding:
    """Jobs submitted with a QueueId and by tag alone have the Tag and QueueId of the feature."""
    queues = require_success(evidence, SPEC, Label.QUEUES)
    known = {raw.text(queue.queue_id) for queue in queues.queue_list.queues} - {""}
    responses = [response for _, response in _accepted(evidence)]
    responses += [response for response in evidence.of(SPEC, *BY_TAG) if ids_of([response])]
    if not responses or not known:
        return NONE_ACCEPTED if known else blocked("the list of queues is empty", witness=record_ids(queues))
    wrong = Deviations()
    for response in responses:
        job, wanted = response.jobs[0], requested_job(response)
        queue_id = raw.text(job.queue_id)
        allowed = {wanted.queue_id} if wanted.queue_id else known
        if queue_id not in allowed:
            instead = " or ".join(sorted(allowed))
            text = f"QueueId {queue_id or 'missing'} instead of {instead}"
            wrong.add(response.exchange.seq, f"{text} ({_path(response)})")
        if tag_of(job) != wanted.tag:
            wrong.add(
                response.exchange.seq, f"Tag {tag_of(job) or 'missing'} instead of {wanted.tag} ({_path(response)})"
            )
    expected = "the submitted Tag and the QueueId of the feature's queue, on every path that accepts the job"
    return wrong.finding(expected, holds(f"{len(responses)} jobs", witness=record_ids(queues, *responses)))


@check("PTH-004", SPEC)
@with_preconditions
def jobs_are_described_on_their_path(evidence: Evidence, item: Item) -> Finding:
    """The path that accepted a job describes it."""
    require_responses(evidence, SPEC, *SUBMITS)
    accepted = _accepted(evidence)
    if not accepted:
        return NONE_ACCEPTED
    wrong, right = Deviations(), []
    for step, submit in accepted:
        (job_id, *_) = ids_of([submit])
        response = _last(evidence, DESCRIBES[step])
        if response is None:
            continue
        if job_id in ids_of([response]):
            right.append(response)
        else:
            answer = describe_response(response) if not response.ok else "JobsDetail does not contain the job"
            wrong.add(submit.exchange.seq, f"{_path(response)}: {answer}")
            wrong.add(response.exchange.seq, f"{_path(response)}: {answer}")
    if not right and not wrong.items:
        return blocked("the suite described no job")
    expected = "GET on the path that accepted the job returns it in JobsDetail"
    return wrong.finding(expected, holds(f"{len(right)} paths", witness=record_ids(*right)))


@check("PTH-005", SPEC)
@with_preconditions
def jobs_are_listed_on_their_path(evidence: Evidence, item: Item) -> Finding:
    """The path that accepted a job lists it by tag."""
    require_responses(evidence, SPEC, *SUBMITS)
    accepted = _accepted(evidence)
    if not accepted:
        return NONE_ACCEPTED
    wrong, right = Deviations(), []
    for step, submit in accepted:
        (job_id, *_) = ids_of([submit])
        response = _last(evidence, LISTS[step])
        if response is None:
            continue
        if job_id in ids_of([response]):
            right.append(response)
        elif response.ok:
            wrong.add(submit.exchange.seq, f"{_path(response)} by tag does not contain {job_id}")
            wrong.add(response.exchange.seq, f"{_path(response)} by tag does not contain {job_id}")
        else:
            wrong.add(response.exchange.seq, f"{_path(response)}: {describe_response(response)}")
    if not right and not wrong.items:
        return untested("the suite requested no list")
    expected = "GET by tag on the path that accepted the job lists it"
    return wrong.finding(expected, holds(f"{len(right)} paths", witness=record_ids(*right)))
