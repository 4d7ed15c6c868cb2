"""Checks of the scenario `submit`: created jobs and their values (SUB, ONE-007); `checks_echo` has the echoes."""

from collections import Counter

from ciq_conformance.areas.isolation import SPEC as ISOLATION
from ciq_conformance.areas.submit import SPEC
from ciq_conformance.areas.submit.labels import DESCRIBE_STEPS, SUBMITS, Label
from ciq_conformance.areas.submit.submits import NONE_ACCEPTED, submits_of
from ciq_conformance.judge.evidence import Evidence
from ciq_conformance.judge.finding import (
    Deviations,
    Finding,
    blocked,
    deviates,
    holds,
    inconclusive,
    left_out,
    observed,
    untested,
)
from ciq_conformance.judge.job_facts import LEAST_ZONE, ids_of, last_seen, level_of, shortened
from ciq_conformance.judge.preconditions import (
    expect_status_200,
    expect_success,
    not_judged,
    other_status,
    record_ids,
    require_response,
    require_responses,
    require_success,
    with_preconditions,
)
from ciq_conformance.judge.registry import Item, check
from ciq_schemas import times
from ciq_schemas.lifecycle import FINAL_STATES, JobState
from ciq_schemas.transcript import raw
from ciq_schemas.transcript.parsed import ParsedExchange, describe_response
from ciq_schemas.transcript.records import Exchange
from ciq_schemas.transcript.requests import requested_job


@check("SUB-001", SPEC)
@with_preconditions
def submit_creates_one_job(evidence: Evidence, item: Item) -> Finding:
    """Checks that the response to a submit contains one job with its documented elements."""
    expected = "HTTP 200 and Response with one JobsDetail that contains JobId, State, CreationTime and QueueId"
    expect_status_200(evidence, SPEC, Label.PLAIN, expected)
    wrong, right = Deviations(), []
    for response in evidence.of(SPEC, *SUBMITS):
        if not response.ok:
            continue
        fault = other_status(response) or _submit_fault(response)
        if fault:
            wrong.add(response.exchange.seq, f"{response.exchange.step}: {fault}")
        else:
            right.append(response)
    return wrong.finding(expected, holds(f"{len(right)} submits", witness=record_ids(*right[:3])))


def _submit_fault(response: ParsedExchange) -> str:
    root = raw.response_root(response)
    if root is None:
        return "the response is not a Response document"
    details = raw.children(root, "JobsDetail")
    if len(details) != 1:
        return f"{len(details)} JobsDetail"
    gone = [name for name in ("JobId", "State", "CreationTime") if not raw.child_text(details[0], name)]
    if not (raw.child_text(details[0], "QueueId") or raw.child_text(details[0], "QueueID")):
        gone.append("QueueId")
    return f"JobsDetail without {', '.join(gone)}" if gone else ""


@check("SUB-002", SPEC)
@with_preconditions
def new_job_has_state_submitted(evidence: Evidence, item: Item) -> Finding:
    """Checks State in the submit responses of an active queue."""
    submits = submits_of(evidence)
    if not submits:
        return NONE_ACCEPTED
    wrong = Deviations()
    for response in submits:
        state = raw.text(response.jobs[0].state)
        if state not in (JobState.SUBMITTED, JobState.PAUSE):
            wrong.add(response.exchange.seq, f"State {state or 'is missing'} ({response.exchange.step})")
    return wrong.finding(
        "State Submitted in the response", holds(f"{len(submits)} jobs", witness=record_ids(*submits[:3]))
    )


@check("SUB-003", SPEC)
@with_preconditions
def job_ids_are_unique(evidence: Evidence, item: Item) -> Finding:
    """Checks that no JobId occurs twice in the submits of all scenarios on the feature."""
    require_responses(evidence, SPEC, *SUBMITS)
    responses = [
        response for response in evidence.responses if response.ok and response.exchange.operation == "submit_job"
    ]
    wrong = Deviations()
    first: dict[str, ParsedExchange] = {}
    for response in responses:
        for job in response.jobs:
            job_id = raw.text(job.job_id)
            if not job_id:
                wrong.add(response.exchange.seq, f"an empty JobId ({response.exchange.step})")
            elif job_id in first:
                for record in (first[job_id], response):
                    wrong.add(record.exchange.seq, f"two submits returned JobId {job_id}")
            else:
                first[job_id] = response
    if not first and not wrong.items:
        return NONE_ACCEPTED
    if len(first) < 2 and not wrong.items:
        return inconclusive("the target accepted only one submit", witness=record_ids(*responses))
    return wrong.finding(
        "a different JobId for each job", holds(f"{len(first)} ids", witness=record_ids(*responses[:3]))
    )


@check("SUB-022", ISOLATION)
@with_preconditions
def job_ids_differ_between_features(evidence: Evidence, item: Item) -> Finding:
    """Checks that no other feature of the run returned a JobId of this feature, in any scenario."""
    submits = [response for response in evidence.responses if response.exchange.operation == "submit_job"]
    own = frozenset(ids_of(submits))
    if not own:
        return not_judged(evidence, ISOLATION, "the target accepted no submit of the feature; see SUB-001")
    others = [
        ParsedExchange(record)
        for record in evidence.records
        if isinstance(record, Exchange)
        and record.operation == "submit_job"
        and record.feature not in ("", item.feature.feature)
    ]
    if not ids_of(others):
        return left_out("no other feature has a job in this run; run it with --feature all")
    wrong = Deviations()
    for response in others:
        for job_id in ids_of([response]):
            if job_id in own:
                wrong.add(response.exchange.seq, f"{job_id} is a job of {response.exchange.feature} as well")
    return wrong.finding(
        "no JobId of another feature", holds(f"{len(own)} ids", witness=record_ids(submits[0], others[0]))
    )


@check("SUB-004", SPEC)
@with_preconditions
def creation_time_is_complete(evidence: Evidence, item: Item) -> Finding:
    """Checks that CreationTime in the submit responses has date, time and zone."""
    submits = submits_of(evidence)
    if not submits:
        return NONE_ACCEPTED
    wrong = Deviations()
    for response in submits:
        value = response.jobs[0].creation_time
        if times.parse(value) is None:
            wrong.add(response.exchange.seq, f"CreationTime {shortened(value)}")
    seen = raw.text(submits[0].jobs[0].creation_time)
    return wrong.finding("date, time and numeric zone", holds(seen, witness=record_ids(submits[0])))


@check("SUB-019", SPEC)
@with_preconditions
def creation_time_is_the_time_of_the_response(evidence: Evidence, item: Item) -> Finding:
    """Checks CreationTime against the Date header of the same response: one clock, so a difference is the zone."""
    submits = submits_of(evidence)
    if not submits:
        return NONE_ACCEPTED
    wrong, right = Deviations(), []
    for response in submits:
        created, now = times.parse(response.jobs[0].creation_time), times.of_header(raw.answer_header(response, "date"))
        if created is None or now is None:
            continue
        if abs(created - now) < LEAST_ZONE:
            right.append(response)
        else:
            wrong.add(response.exchange.seq, f"CreationTime {response.jobs[0].creation_time} at {now.isoformat()}")
    if not right and not wrong.items:
        return inconclusive("no response has both a valid CreationTime and a valid Date; see SUB-004 and HDR-004")
    return wrong.finding(
        "CreationTime at the time of the response", holds(f"{len(right)} jobs", witness=record_ids(*right[:3]))
    )


@check("SUB-011", SPEC)
@with_preconditions
def observe_default_level(evidence: Evidence, item: Item) -> Finding:
    """Reports JobLevel of a job that was submitted without it."""
    response = require_success(evidence, SPEC, Label.PLAIN)
    level = level_of(response.jobs[0]) if response.jobs else ""
    return observed(
        f"JobLevel {level}" if level else "no JobLevel", witness=record_ids(response), expected="0 in samples"
    )


@check("SUB-012", SPEC)
@with_preconditions
def equal_submits_create_two_jobs(evidence: Evidence, item: Item) -> Finding:
    """Checks that two submits with the same body create two jobs."""
    expected = "two jobs with different ids"
    first = require_success(evidence, SPEC, Label.EQUAL_FIRST)
    second = expect_success(evidence, SPEC, Label.EQUAL_SECOND, expected)
    one, other = ids_of([first]), ids_of([second])
    if not one or not other or one == other:
        seen = f"{', '.join(one) or 'no id'} and {', '.join(other) or 'no id'}"
        return deviates(expected, seen, witness=record_ids(first, second))
    return holds(f"{one[0]} and {other[0]}", witness=record_ids(first, second))


@check("SUB-013", SPEC)
@with_preconditions
def elements_are_accepted_in_any_order(evidence: Evidence, item: Item) -> Finding:
    """Checks that the target accepts a submit with its elements in reverse order."""
    expected = "HTTP 200 and a job"
    response = expect_success(evidence, SPEC, Label.SHUFFLED, expected)
    if not ids_of([response]):
        return deviates(expected, "no JobId", witness=record_ids(response))
    return holds(ids_of([response])[0], witness=record_ids(response))


@check("SUB-014", SPEC)
@with_preconditions
def observe_submit_without_queue_id(evidence: Evidence, item: Item) -> Finding:
    """Reports the response to a submit without QueueId."""
    response = require_response(evidence, SPEC, Label.WITHOUT_QUEUE)
    queue = raw.text(response.jobs[0].queue_id) if response.ok and response.jobs else ""
    return observed(f"{describe_response(response)}, QueueId {queue or 'none'}", witness=record_ids(response))


@check("ONE-007", SPEC)
@with_preconditions
def job_is_in_the_features_queue(evidence: Evidence, item: Item) -> Finding:
    """Checks QueueId of all jobs against the queue list, also when the request had no QueueId."""
    queues = require_success(evidence, SPEC, Label.QUEUES)
    known = {raw.text(queue.queue_id) for queue in queues.queue_list.queues} - {""}
    submits = submits_of(evidence)
    if not submits or not known:
        return (
            NONE_ACCEPTED if known else blocked("the list contains no queue; see QUE-001", witness=record_ids(queues))
        )
    wrong, counts = Deviations(), Counter[str]()
    for response in submits:
        queue_id = raw.text(response.jobs[0].queue_id)
        counts[queue_id] += 1
        wanted = requested_job(response).queue_id
        allowed = {wanted} if wanted else known
        if queue_id not in allowed:
            instead = " or ".join(sorted(allowed))
            wrong.add(response.exchange.seq, f"QueueId {queue_id or 'missing'} instead of {instead}")
    expected = "QueueId of the feature's queue on every job"
    seen = f"{len(submits)} jobs in {', '.join(counts)}"
    return wrong.finding(expected, holds(seen, witness=record_ids(queues, submits[0])))


@check("SUB-017", SPEC)
@with_preconditions
def queue_type_selects_the_extra_queue(evidence: Evidence, item: Item) -> Finding:
    """Checks QueueId of a job with QueueType and without QueueId, when the target lists a queue of that category."""
    extra = item.feature.extra_category
    listed = require_success(evidence, SPEC, Label.EXTRA_QUEUES)
    ids = {raw.text(q.queue_id) for q in listed.queue_list.queues if raw.text(q.category) in ("", extra)} - {""}
    if not ids:
        return untested(f"no queue of category {extra} is listed", witness=record_ids(listed))
    expected = f"QueueId {' or '.join(sorted(ids))} of the queue of category {extra}"
    response = expect_success(evidence, SPEC, Label.TO_EXTRA_QUEUE, expected)
    queue_id = raw.text(response.jobs[0].queue_id) if response.jobs else ""
    if queue_id not in ids:
        return deviates(expected, f"QueueId {queue_id or 'missing'}", witness=record_ids(listed, response))
    return holds(queue_id, witness=record_ids(listed, response))


@check("SUB-018", SPEC)
@with_preconditions
def input_object_overrides_url(evidence: Evidence, item: Item) -> Finding:
    """Checks that a job succeeds whose Input has a valid Object and an unreachable Url."""
    expected = "the job runs on Input.Object and succeeds"
    response = expect_success(evidence, SPEC, Label.OBJECT_AND_URL, expected)
    last = last_seen(evidence.of(SPEC, *DESCRIBE_STEPS), ids_of([response]))
    plain = last_seen(evidence.of(SPEC, *DESCRIBE_STEPS), ids_of(submits_of(evidence, Label.PLAIN)))
    if not any(job.state == JobState.SUCCESS for _, job in plain.values()):
        return blocked("the job with the object alone did not succeed; see LIF-002", witness=record_ids(response))
    for shown, job in last.values():
        if job.state == JobState.SUCCESS:
            return holds("Success", witness=record_ids(response, shown))
        if job.state in FINAL_STATES:
            seen = f"{job.state} {job.code or ''} {shortened(job.message)}"
            return deviates(expected, seen, witness=record_ids(response, shown))
    return inconclusive("the job was not observed to its end", witness=record_ids(response))


@check("SUB-023", SPEC)
@with_preconditions
def input_url_alone_is_accepted(evidence: Evidence, item: Item) -> Finding:
    """Checks a submit whose Input has only an Url. The Url is unreachable, and a target may detect that at once."""
    response = require_response(evidence, SPEC, Label.URL_ALONE)
    if response.refused and "resource" in (response.error.code or "").lower():
        return inconclusive(
            f"the target checks the input at submit ({describe_response(response)})", witness=record_ids(response)
        )
    expected = "the target creates a job with Input.Url alone"
    response = expect_success(evidence, SPEC, Label.URL_ALONE, expected)
    if not response.job_ids:
        return deviates(expected, f"{describe_response(response)} without a JobId", witness=record_ids(response))
    return holds(describe_response(response), witness=record_ids(response))
