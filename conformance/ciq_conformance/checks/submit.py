"""Checks of the scenario `submit`: jobs made and what they say (SUB, ONE-007); echoes: `submit_echo`."""

from collections import Counter

from ciq_conformance.checks.job_facts import LEAST_ZONE, ids_of, last_seen, level_of, shortened
from ciq_conformance.checks.premise import (
    accepted,
    asked,
    granted,
    made,
    not_put,
    other_status,
    premised,
    said,
    seq,
    with_200,
)
from ciq_conformance.checks.submit_look import HERE, NONE_ACCEPTED, submits_of
from ciq_conformance.judge.evidence import Evidence
from ciq_conformance.judge.finding import Collected, Finding, absent, blocked, cannot_tell, deviates, holds, observed
from ciq_conformance.judge.registry import Item, check
from ciq_conformance.steps.submit import LOOKS, SUBMITS, Step
from ciq_schemas import times
from ciq_schemas.lifecycle import FINAL_STATES, JobState
from ciq_schemas.requirement import Scenario
from ciq_schemas.transcript import raw
from ciq_schemas.transcript.parsed import ParsedExchange
from ciq_schemas.transcript.records import Exchange
from ciq_schemas.transcript.requests import requested_job


@check("SUB-001")
@premised
def one_job_is_made(evidence: Evidence, item: Item) -> Finding:
    """The answers to single submits."""
    expected = "HTTP 200 and Response with one JobsDetail holding JobId, State, CreationTime and QueueId"
    with_200(evidence, HERE, Step.PLAIN, expected)
    wrong, right = Collected(), []
    for reply in evidence.of(HERE, *SUBMITS):
        if not reply.ok:
            continue
        fault = other_status(reply) or _submit_fault(reply)
        if fault:
            wrong.add(reply.exchange.seq, f"{reply.exchange.step}: {fault}")
        else:
            right.append(reply)
    return wrong.finding(expected, holds(f"{len(right)} submits", witness=seq(*right[:3])))


def _submit_fault(reply: ParsedExchange) -> str:
    root = raw.response(reply)
    if root is None:
        return "the answer is no Response document"
    details = raw.children(root, "JobsDetail")
    if len(details) != 1:
        return f"{len(details)} JobsDetail"
    gone = [name for name in ("JobId", "State", "CreationTime") if not raw.child_text(details[0], name)]
    if not (raw.child_text(details[0], "QueueId") or raw.child_text(details[0], "QueueID")):
        gone.append("QueueId")
    return f"JobsDetail without {', '.join(gone)}" if gone else ""


@check("SUB-002")
@premised
def new_job_is_submitted(evidence: Evidence, item: Item) -> Finding:
    """State in the submit answers, from an active queue."""
    submits = submits_of(evidence)
    if not submits:
        return NONE_ACCEPTED
    wrong = Collected()
    for reply in submits:
        state = raw.text(reply.jobs[0].state)
        if state not in (JobState.SUBMITTED, JobState.PAUSE):
            wrong.add(reply.exchange.seq, f"State {state or 'is missing'} ({reply.exchange.step})")
    return wrong.finding("State Submitted in the answer", holds(f"{len(submits)} jobs", witness=seq(*submits[:3])))


@check("SUB-003")
@premised
def ids_are_new(evidence: Evidence, item: Item) -> Finding:
    """Job ids of all submits, those of other scenarios on the feature too."""
    made(evidence, HERE, *SUBMITS)
    replies = [reply for reply in evidence.replies if reply.ok and reply.exchange.operation == "submit_job"]
    wrong = Collected()
    first: dict[str, ParsedExchange] = {}
    for reply in replies:
        for job in reply.jobs:
            job_id = raw.text(job.job_id)
            if not job_id:
                wrong.add(reply.exchange.seq, f"an empty JobId ({reply.exchange.step})")
            elif job_id in first:
                for record in (first[job_id], reply):
                    wrong.add(record.exchange.seq, f"JobId {job_id} was given twice")
            else:
                first[job_id] = reply
    if not first and not wrong.items:
        return NONE_ACCEPTED
    if len(first) < 2 and not wrong.items:
        return cannot_tell("only one submit was accepted", witness=seq(*replies))
    return wrong.finding("a JobId of its own for each job", holds(f"{len(first)} ids", witness=seq(*replies[:3])))


@check("SUB-022")
@premised
def ids_are_of_one_feature(evidence: Evidence, item: Item) -> Finding:
    """Job ids of the feature's submits, in all scenarios, against those of the other features in the run."""
    submits = [reply for reply in evidence.replies if reply.exchange.operation == "submit_job"]
    own = frozenset(ids_of(submits))
    if not own:
        return not_put(evidence, Scenario.ISOLATION, "no submit of the feature was accepted; see SUB-001")
    others = [
        ParsedExchange(record)
        for record in evidence.records
        if isinstance(record, Exchange)
        and record.operation == "submit_job"
        and record.feature not in ("", item.feature.feature)
    ]
    if not ids_of(others):
        return cannot_tell("no other feature made a job in this run; run it with --feature all")
    wrong = Collected()
    for reply in others:
        for job_id in ids_of([reply]):
            if job_id in own:
                wrong.add(reply.exchange.seq, f"{job_id} is a job of {reply.exchange.feature} as well")
    return wrong.finding(
        "no JobId that another feature gave", holds(f"{len(own)} ids", witness=seq(submits[0], others[0]))
    )


@check("SUB-004")
@premised
def creation_time_is_whole(evidence: Evidence, item: Item) -> Finding:
    """CreationTime in the submit answers."""
    submits = submits_of(evidence)
    if not submits:
        return NONE_ACCEPTED
    wrong = Collected()
    for reply in submits:
        value = reply.jobs[0].creation_time
        if times.parse(value) is None:
            wrong.add(reply.exchange.seq, f"CreationTime {shortened(value)}")
    seen = raw.text(submits[0].jobs[0].creation_time)
    return wrong.finding("date, time and numeric zone", holds(seen, witness=seq(submits[0])))


@check("SUB-019")
@premised
def creation_is_now(evidence: Evidence, item: Item) -> Finding:
    """CreationTime against the Date header of the same answer: one clock, so what differs is the zone."""
    submits = submits_of(evidence)
    if not submits:
        return NONE_ACCEPTED
    wrong, right = Collected(), []
    for reply in submits:
        created, now = times.parse(reply.jobs[0].creation_time), times.of_header(raw.answer_header(reply, "date"))
        if created is None or now is None:
            continue
        if abs(created - now) < LEAST_ZONE:
            right.append(reply)
        else:
            wrong.add(reply.exchange.seq, f"CreationTime {reply.jobs[0].creation_time} at {now.isoformat()}")
    if not right and not wrong.items:
        return cannot_tell("no answer has both a CreationTime and a Date that can be read; see SUB-004 and HDR-004")
    return wrong.finding(
        "CreationTime at the moment of the answer", holds(f"{len(right)} jobs", witness=seq(*right[:3]))
    )


@check("SUB-011")
@premised
def level_without_request(evidence: Evidence, item: Item) -> Finding:
    """JobLevel of a job that was given none."""
    reply = granted(evidence, HERE, Step.PLAIN)
    level = level_of(reply.jobs[0]) if reply.jobs else ""
    return observed(f"JobLevel {level}" if level else "no JobLevel", witness=seq(reply), expected="0 in samples")


@check("SUB-012")
@premised
def equal_bodies_two_jobs(evidence: Evidence, item: Item) -> Finding:
    """The same body twice."""
    expected = "two jobs with different ids"
    first = granted(evidence, HERE, Step.EQUAL_FIRST)
    second = accepted(evidence, HERE, Step.EQUAL_SECOND, expected)
    one, other = ids_of([first]), ids_of([second])
    if not one or not other or one == other:
        seen = f"{', '.join(one) or 'no id'} and {', '.join(other) or 'no id'}"
        return deviates(expected, seen, witness=seq(first, second))
    return holds(f"{one[0]} and {other[0]}", witness=seq(first, second))


@check("SUB-013")
@premised
def order_is_free(evidence: Evidence, item: Item) -> Finding:
    """A submit with its elements from last to first."""
    expected = "HTTP 200 and a job"
    reply = accepted(evidence, HERE, Step.SHUFFLED, expected)
    if not ids_of([reply]):
        return deviates(expected, "no JobId", witness=seq(reply))
    return holds(ids_of([reply])[0], witness=seq(reply))


@check("SUB-014")
@premised
def without_queue(evidence: Evidence, item: Item) -> Finding:
    """A submit without QueueId."""
    reply = asked(evidence, HERE, Step.WITHOUT_QUEUE)
    queue = raw.text(reply.jobs[0].queue_id) if reply.ok and reply.jobs else ""
    return observed(f"{said(reply)}, QueueId {queue or 'none'}", witness=seq(reply))


@check("ONE-007")
@premised
def job_is_in_the_queue(evidence: Evidence, item: Item) -> Finding:
    """QueueId of all jobs against the queue list, also where the request named no queue."""
    queues = granted(evidence, HERE, Step.QUEUES)
    known = {raw.text(queue.queue_id) for queue in queues.queue_list.queues} - {""}
    submits = submits_of(evidence)
    if not submits or not known:
        return NONE_ACCEPTED if known else blocked("no queue was listed", witness=seq(queues))
    wrong, counts = Collected(), Counter[str]()
    for reply in submits:
        queue_id = raw.text(reply.jobs[0].queue_id)
        counts[queue_id] += 1
        wanted = requested_job(reply).queue_id
        allowed = {wanted} if wanted else known
        if queue_id not in allowed:
            instead = " or ".join(sorted(allowed))
            wrong.add(reply.exchange.seq, f"QueueId {queue_id or 'missing'} instead of {instead}")
    expected = "QueueId of the feature's queue on every job"
    seen = f"{len(submits)} jobs in {', '.join(counts)}"
    return wrong.finding(expected, holds(seen, witness=seq(queues, submits[0])))


@check("SUB-017")
@premised
def queue_type_leads_to_the_extra_queue(evidence: Evidence, item: Item) -> Finding:
    """QueueId of a job that names a QueueType and no queue, where the target lists a queue of that category."""
    extra = item.feature.extra_category
    listed = granted(evidence, HERE, Step.EXTRA_QUEUES)
    ids = {raw.text(q.queue_id) for q in listed.queue_list.queues if raw.text(q.category) in ("", extra)} - {""}
    if not ids:
        return absent(f"no queue of category {extra} is listed", witness=seq(listed))
    expected = f"QueueId {' or '.join(sorted(ids))} of the queue of category {extra}"
    reply = accepted(evidence, HERE, Step.TO_EXTRA_QUEUE, expected)
    queue_id = raw.text(reply.jobs[0].queue_id) if reply.jobs else ""
    if queue_id not in ids:
        return deviates(expected, f"QueueId {queue_id or 'missing'}", witness=seq(listed, reply))
    return holds(queue_id, witness=seq(listed, reply))


@check("SUB-018")
@premised
def object_wins(evidence: Evidence, item: Item) -> Finding:
    """The end of a job whose Input names a good object and an address that leads nowhere."""
    expected = "the job runs on Input.Object and succeeds"
    reply = accepted(evidence, HERE, Step.OBJECT_AND_URL, expected)
    last = last_seen(evidence.of(HERE, *LOOKS), ids_of([reply]))
    plain = last_seen(evidence.of(HERE, *LOOKS), ids_of(submits_of(evidence, Step.PLAIN)))
    if not any(job.state == JobState.SUCCESS for _, job in plain.values()):
        return blocked("the job with the object alone did not succeed; see LIF-002", witness=seq(reply))
    for shown, job in last.values():
        if job.state == JobState.SUCCESS:
            return holds("Success", witness=seq(reply, shown))
        if job.state in FINAL_STATES:
            seen = f"{job.state} {job.code or ''} {shortened(job.message)}"
            return deviates(expected, seen, witness=seq(reply, shown))
    return cannot_tell("the job was not seen to its end", witness=seq(reply))


@check("SUB-023")
@premised
def url_alone_is_taken(evidence: Evidence, item: Item) -> Finding:
    """A submit whose Input has an address and no object. The address leads nowhere, which may be found out at once."""
    reply = asked(evidence, HERE, Step.URL_ALONE)
    if reply.refused and "resource" in (reply.error.code or "").lower():
        return cannot_tell(f"the target looks for the input at submit ({said(reply)})", witness=seq(reply))
    reply = accepted(evidence, HERE, Step.URL_ALONE, "a job is made of Input.Url alone")
    if not reply.job_ids:
        return deviates("a job is made of Input.Url alone", f"{said(reply)} without a JobId", witness=seq(reply))
    return holds(said(reply), witness=seq(reply))
