"""Checks of the scenario `list`: what a list holds and what it leaves out (LST). Order and pages: `list_pages`.

Lists may hold other people's jobs: what must be there is judged on own jobs.
"""

from ciq_conformance.checks.job_facts import last_seen, tag_of
from ciq_conformance.checks.list_walk import HERE, ids_along, is_whole, jobs_along, missing_from, own_jobs, walk_of
from ciq_conformance.checks.premise import accepted, asked, other_status, premised, said, seq
from ciq_conformance.checks.queue_shape import same_moment
from ciq_conformance.judge import wire
from ciq_conformance.judge.evidence import Evidence
from ciq_conformance.judge.finding import Collected, Finding, blocked, cannot_tell, deviates, holds
from ciq_conformance.judge.registry import Item, check
from ciq_conformance.steps.list_jobs import Step
from ciq_schemas.lifecycle import FINAL_STATES
from ciq_schemas.values import Job


@check("LST-001")
@premised
def list_holds_jobs(evidence: Evidence, item: Item) -> Finding:
    """Own jobs in the list of their tag and window, which is asked again until they show."""
    own = own_jobs(evidence)
    expected = "every job of the window in the list"
    walk = walk_of(evidence, Step.WINDOW, expected)
    if wire.response(walk[0]) is None:
        return deviates(expected, "the answer is no Response document", witness=seq(walk[0]))
    for reply in walk:
        if other_status(reply):
            return deviates("HTTP 200 and " + expected, said(reply), witness=seq(reply))
    missing = missing_from(own, walk)
    if missing and not is_whole(walk):
        return cannot_tell(f"the window holds more than {len(ids_along(walk))} jobs", witness=seq(walk[0], walk[-1]))
    if missing:
        seen = f"{len(missing)} of {len(own)} jobs missing: {', '.join(missing[:3])}"
        return deviates(expected, seen, witness=seq(*walk[:3]))
    return holds(f"all {len(own)} jobs among {len(ids_along(walk))}", witness=seq(*walk[:3]))


@check("LST-002")
@premised
def only_the_tag(evidence: Evidence, item: Item) -> Finding:
    """Tags in all lists of the tag, and own jobs in a list of another tag."""
    own = own_jobs(evidence)
    walk = walk_of(evidence, Step.WINDOW, "the list of the tag is answered")
    wrong, judged = Collected(), 0
    for reply, job in jobs_along(walk):
        tag, wanted = tag_of(job), wire.asked(reply.exchange, "tag")
        judged += 1
        if tag != wanted:
            wrong.add(reply.exchange.seq, f"tag={wanted} lists {job.job_id} with Tag {tag or 'missing'}")
    other = asked(evidence, HERE, Step.OTHER_TAG)
    if other.ok:
        name = wire.asked(other.exchange, "tag")
        strangers = [job_id for job_id in ids_along([other]) if job_id in own]
        if strangers:
            wrong.add(other.exchange.seq, f"tag={name} lists {strangers[0]}, which has another tag")
    if not judged and not wrong.items:
        return blocked("the list was empty; see LST-001", witness=seq(*walk[:1]))
    power = f"{judged} jobs by their tag, none of them by another"
    return wrong.finding("only jobs of the tag", holds(power, witness=seq(walk[0], other), power=power))


@check("LST-007")
@premised
def states_filter(evidence: Evidence, item: Item) -> Finding:
    """Lists by one state and by two, against the last states of own jobs."""
    own = own_jobs(evidence)
    ended = last_seen(evidence.of(HERE, Step.ENDED, Step.WATCH), own)
    states = {job_id: wire.text(job.state) for job_id, (_, job) in ended.items()}
    wrong, shown = Collected(), 0
    walks = []
    for step in (Step.SUCCESS, Step.SUCCESS_OR_FAILED, Step.FAILED_OR_CANCEL):
        walk = walk_of(evidence, step, "lists by states are answered")
        walks.append(walk)
        wanted = (wire.asked(walk[0].exchange, "states") or "").split(",")
        for reply, job in jobs_along(walk):
            shown += 1
            if wire.text(job.state) not in wanted:
                wrong.add(reply.exchange.seq, f"states={','.join(wanted)} lists {job.job_id} with State {job.state}")
        due = [job_id for job_id, state in states.items() if state in wanted]
        for job_id in missing_from(due, walk) if is_whole(walk) else []:
            seen = f"states={','.join(wanted)} leaves out {job_id}, which is {states[job_id]}"
            wrong.add(walk[-1].exchange.seq, seen)
    if not shown and not wrong.items:
        if not any(state in FINAL_STATES for state in states.values()):
            return blocked("no own job has ended; see LIF-002")
        return cannot_tell("no job was listed by state")
    power = f"{shown} jobs listed by state"
    witness = seq(*(walk[0] for walk in walks))
    return wrong.finding("jobs of the states asked for, and all of them", holds(power, witness=witness, power=power))


@check("LST-009")
@premised
def window_filters(evidence: Evidence, item: Item) -> Finding:
    """Windows that end before the own jobs and begin after them."""
    own = own_jobs(evidence)
    expected = "no job created outside the window"
    inside = walk_of(evidence, Step.WINDOW, "the list of the window is answered")
    before = accepted(evidence, HERE, Step.BEFORE_THE_RUN, expected)
    after = evidence.one(HERE, Step.AFTER_THE_RUN)
    wrong = Collected()
    for reply in (before, *([after] if after is not None and after.ok else [])):
        strangers = [job_id for job_id in ids_along([reply]) if job_id in own]
        if strangers:
            start, end = (wire.asked(reply.exchange, name) for name in ("startCreationTime", "endCreationTime"))
            wrong.add(reply.exchange.seq, f"{len(strangers)} own jobs in the window from {start} to {end}")
    if not wrong.items and len(missing_from(own, inside)) == len(own):
        return blocked("no list holds the own jobs, so their absence tells nothing; see LST-001")
    return wrong.finding(expected, holds("no own job outside", witness=seq(before)))


@check("LST-012")
@premised
def agrees_with_describe(evidence: Evidence, item: Item) -> Finding:
    """Own ended jobs in the list by state against their last describe."""
    described = last_seen(evidence.of(HERE, Step.ENDED, Step.WATCH), own_jobs(evidence))
    walk = walk_of(evidence, Step.SUCCESS_OR_FAILED, "the list by states is answered")
    wrong, judged = Collected(), 0
    for reply, job in jobs_along(walk):
        if wire.text(job.job_id) not in described:
            continue
        look, other = described[wire.text(job.job_id)]
        if wire.text(other.state) not in FINAL_STATES:
            continue
        judged += 1
        for difference in _differences(job, other):
            for record in (look, reply):
                wrong.add(record.exchange.seq, f"{job.job_id}: {difference}")
    if not judged:
        return blocked("no own ended job was both described and listed; see LST-007")
    expected = "State, Tag, QueueId and CreationTime as described"
    return wrong.finding(expected, holds(f"{judged} jobs", witness=seq(walk[0])))


def _differences(listed: Job, described: Job) -> list[str]:
    pairs = (
        ("State", wire.text(listed.state), wire.text(described.state)),
        ("Tag", tag_of(listed), tag_of(described)),
        ("QueueId", wire.text(listed.queue_id), wire.text(described.queue_id)),
    )
    different = [(name, one, other) for name, one, other in pairs if one != other]
    if not same_moment(listed.creation_time, described.creation_time):
        different.append(("CreationTime", wire.text(listed.creation_time), wire.text(described.creation_time)))
    return [f"{name} {one or 'missing'} in the list, {other or 'missing'} described" for name, one, other in different]


def _own_are_listed(evidence: Evidence, step: Step, expected: str) -> Finding:
    own = own_jobs(evidence)
    walk = walk_of(evidence, step, expected)
    missing = missing_from(own, walk)
    if missing and not is_whole(walk):
        return cannot_tell(f"the list has more than {len(walk)} pages", witness=seq(walk[0], walk[-1]))
    if missing:
        return deviates(expected, f"{len(missing)} of {len(own)} own jobs missing", witness=seq(*walk[:3]))
    return holds(f"all {len(own)} own jobs", witness=seq(*walk[:3]))


@check("LST-013")
@premised
def empty_means_absent(evidence: Evidence, item: Item) -> Finding:
    """The first list as the official Python SDK asks for it."""
    expected = "an empty nextToken lists as none does"
    return _own_are_listed(evidence, Step.EMPTY_VALUES, expected)


@check("LST-014")
@premised
def queue_filters(evidence: Evidence, item: Item) -> Finding:
    """Lists by the feature's queue and by a queue that does not exist."""
    expected = "own jobs by their queue, none by an unknown one"
    finding = _own_are_listed(evidence, Step.OWN_QUEUE, expected)
    if finding.seen and not finding.expected:
        unknown = asked(evidence, HERE, Step.UNKNOWN_QUEUE)
        strangers = [job_id for job_id in ids_along([unknown]) if job_id in own_jobs(evidence)] if unknown.ok else []
        if strangers:
            queue = wire.asked(unknown.exchange, "queueId")
            return deviates(expected, f"queueId={queue} lists {strangers[0]}", witness=seq(unknown))
        if not unknown.ok and not unknown.refused:
            return deviates(expected, f"an unknown queueId is answered {said(unknown)}", witness=seq(unknown))
    return finding
