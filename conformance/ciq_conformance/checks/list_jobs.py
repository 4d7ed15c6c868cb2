"""Checks of the scenario `list` (LST). Lists may hold other people's jobs: what must be there is judged on own jobs."""

from collections import Counter
from collections.abc import Callable
from datetime import datetime
from itertools import pairwise

from ciq_conformance.checks.job_facts import ids_of, last_seen, tag_of
from ciq_conformance.checks.premise import Stop, accepted, asked, made, premised, said, seq
from ciq_conformance.checks.queue_shape import same_moment
from ciq_conformance.judge import times, wire
from ciq_conformance.judge.evidence import Evidence
from ciq_conformance.judge.finding import Collected, Finding, blocked, cannot_tell, deviates, holds, observed
from ciq_conformance.judge.registry import Item, check
from ciq_conformance.reply import Reply
from ciq_conformance.steps.list_jobs import SUBMITS, Step
from ciq_schemas.lifecycle import FINAL_STATES
from ciq_schemas.requirement import Scenario
from ciq_schemas.values import Job

HERE = Scenario.LIST
DEFAULT_SIZE = 10


def _own(evidence: Evidence) -> list[str]:
    ids = ids_of(made(evidence, HERE, *SUBMITS))
    if not ids:
        raise Stop(blocked("no job of the scenario was accepted; see SUB-001"))
    return ids


def _token(reply: Reply) -> str:
    return wire.text(reply.job_answer.next_token)


def _pages(evidence: Evidence, step: Step, expected: str) -> list[Reply]:
    """The last walk along the pages of a step: from the last exchange without a token from before."""
    accepted(evidence, HERE, step, expected)
    walk: list[Reply] = []
    for reply in made(evidence, HERE, step):
        if not wire.asked(reply.exchange, "nextToken"):
            walk = []
        walk.append(reply)
    for reply in walk:
        if not reply.ok:
            raise Stop(deviates(expected, f"a page is answered {said(reply)}", witness=seq(reply)))
    return walk


def _whole(walk: list[Reply]) -> bool:
    """The walk came to the last page."""
    return not _token(walk[-1])


def _jobs(walk: list[Reply]) -> list[tuple[Reply, Job]]:
    return [(reply, job) for reply in walk for job in reply.jobs]


def _ids(walk: list[Reply]) -> list[str]:
    return [wire.text(job.job_id) for _, job in _jobs(walk)]


def _missing(own: list[str], walk: list[Reply]) -> list[str]:
    there = set(_ids(walk))
    return [job_id for job_id in own if job_id not in there]


@check("LST-001")
@premised
def list_holds_jobs(evidence: Evidence, item: Item) -> Finding:
    """Own jobs in the list of their tag and window, which is asked again until they show."""
    own = _own(evidence)
    expected = "every job of the window in the list"
    walk = _pages(evidence, Step.WINDOW, expected)
    if wire.response(walk[0]) is None:
        return deviates(expected, "the answer is no Response document", witness=seq(walk[0]))
    missing = _missing(own, walk)
    if missing and not _whole(walk):
        return cannot_tell(f"the window holds more than {len(_ids(walk))} jobs", witness=seq(walk[0], walk[-1]))
    if missing:
        seen = f"{len(missing)} of {len(own)} jobs missing: {', '.join(missing[:3])}"
        return deviates(expected, seen, witness=seq(*walk[:3]))
    return holds(f"all {len(own)} jobs among {len(_ids(walk))}", witness=seq(*walk[:3]))


@check("LST-002")
@premised
def only_the_tag(evidence: Evidence, item: Item) -> Finding:
    """Tags in all lists of the tag, and own jobs in a list of another tag."""
    own = _own(evidence)
    walk = _pages(evidence, Step.WINDOW, "the list of the tag is answered")
    wrong, judged = Collected(), 0
    for reply, job in _jobs(walk):
        tag, wanted = tag_of(job), wire.asked(reply.exchange, "tag")
        judged += 1
        if tag != wanted:
            wrong.add(reply.exchange.seq, f"tag={wanted} lists {job.job_id} with Tag {tag or 'missing'}")
    other = asked(evidence, HERE, Step.OTHER_TAG)
    if other.ok:
        name = wire.asked(other.exchange, "tag")
        strangers = [job_id for job_id in _ids([other]) if job_id in own]
        if strangers:
            wrong.add(other.exchange.seq, f"tag={name} lists {strangers[0]}, which has another tag")
    if not judged and not wrong.items:
        return blocked("the list was empty; see LST-001", witness=seq(*walk[:1]))
    power = f"{judged} jobs by their tag, none of them by another"
    return wrong.finding("only jobs of the tag", holds(power, witness=seq(walk[0], other), power=power))


def _order(evidence: Evidence, step: Step, rule: str, right: Callable[[datetime, datetime], bool]) -> Finding:
    walk = _pages(evidence, step, rule)
    moments = [(reply, job, times.parse(job.creation_time)) for reply, job in _jobs(walk)]
    known = [(reply, job, moment) for reply, job, moment in moments if moment is not None]
    wrong = Collected()
    for (first, one, earlier), (second, other, later) in pairwise(known):
        if not right(earlier, later):
            text = f"{one.job_id} of {one.creation_time} stands before {other.job_id} of {other.creation_time}"
            for reply in (first, second):
                wrong.add(reply.exchange.seq, text)
    steps = len({moment for _, _, moment in known})
    if steps < 2 and not wrong.items:
        reason = f"the {len(known)} jobs listed have one CreationTime between them, so any order looks right"
        return cannot_tell(reason, witness=seq(*walk[:1]))
    power = f"{len(known)} jobs of {steps} different CreationTimes"
    return wrong.finding(rule, holds(power, witness=seq(*walk[:3]), power=power))


@check("LST-003")
@premised
def newest_first(evidence: Evidence, item: Item) -> Finding:
    """CreationTime along the list without orderByTime; jobs of one second stand in any order."""
    rule = "CreationTime never rises along the list"
    return _order(evidence, Step.WINDOW, rule, lambda one, other: one >= other)


@check("LST-004")
@premised
def oldest_first(evidence: Evidence, item: Item) -> Finding:
    """CreationTime along the list with orderByTime=Asc."""
    rule = "with orderByTime=Asc CreationTime never falls along the list"
    return _order(evidence, Step.ASCENDING, rule, lambda one, other: one <= other)


@check("LST-005")
@premised
def size_bounds(evidence: Evidence, item: Item) -> Finding:
    """Pages of three: none longer, and none but the last shorter."""
    own = _own(evidence)
    expected = "pages of three jobs"
    walk = _pages(evidence, Step.PAGE_OF_THREE, expected)
    wrong = Collected()
    for reply in walk:
        size = len(reply.jobs)
        if size > 3:
            wrong.add(reply.exchange.seq, f"size=3 returns {size} jobs")
    first = len(walk[0].jobs)
    if first < 3 and len(own) > 3:
        wrong.add(walk[0].exchange.seq, f"size=3 returns {first} job(s) of at least {len(own)}")
    return wrong.finding(expected, holds(f"{len(walk)} pages", witness=seq(*walk[:3])))


@check("LST-006")
@premised
def pages_give_each_once(evidence: Evidence, item: Item) -> Finding:
    """Own jobs along the pages of three."""
    own = _own(evidence)
    expected = "NextToken leads through all pages, each job on one of them"
    walk = _pages(evidence, Step.PAGE_OF_THREE, expected)
    counts = Counter(_ids(walk))
    wrong = Collected()
    for job_id in own:
        if counts[job_id] > 1:
            for reply in (reply for reply in walk if job_id in _ids([reply])):
                wrong.add(reply.exchange.seq, f"{job_id} stands on {counts[job_id]} pages")
    last = _token(walk[-1])
    used = [wire.asked(reply.exchange, "nextToken") for reply in walk]
    if last and last in used:
        wrong.add(walk[-1].exchange.seq, f"NextToken {last} leads back to itself")
    missing = _missing(own, walk)
    if missing and not last:
        seen = f"{', '.join(missing[:3])} on none of {len(walk)} pages"
        for reply in walk:
            wrong.add(reply.exchange.seq, seen)
    if missing and last and not wrong.items:
        return cannot_tell(f"the window has more than {len(walk)} pages of three", witness=seq(walk[0], walk[-1]))
    if len(walk) < 2 and not wrong.items:
        return cannot_tell("there was one page only; see LST-005", witness=seq(*walk))
    power = f"{len(own)} jobs on {len(walk)} pages"
    return wrong.finding(expected, holds(power, witness=seq(*walk[:6]), power=power))


@check("LST-007")
@premised
def states_filter(evidence: Evidence, item: Item) -> Finding:
    """Lists by one state and by two, against the last states of own jobs."""
    own = _own(evidence)
    ended = last_seen(evidence.of(HERE, Step.ENDED, Step.WATCH), own)
    states = {job_id: wire.text(job.state) for job_id, (_, job) in ended.items()}
    wrong, shown = Collected(), 0
    walks = []
    for step in (Step.SUCCESS, Step.SUCCESS_OR_FAILED, Step.FAILED_OR_CANCEL):
        walk = _pages(evidence, step, "lists by states are answered")
        walks.append(walk)
        wanted = (wire.asked(walk[0].exchange, "states") or "").split(",")
        for reply, job in _jobs(walk):
            shown += 1
            if wire.text(job.state) not in wanted:
                wrong.add(reply.exchange.seq, f"states={','.join(wanted)} lists {job.job_id} with State {job.state}")
        due = [job_id for job_id, state in states.items() if state in wanted]
        for job_id in _missing(due, walk) if _whole(walk) else []:
            seen = f"states={','.join(wanted)} leaves out {job_id}, which is {states[job_id]}"
            wrong.add(walk[-1].exchange.seq, seen)
    if not shown and not wrong.items:
        if not any(state in FINAL_STATES for state in states.values()):
            return blocked("no own job has ended; see LIF-002")
        return cannot_tell("no job was listed by state")
    power = f"{shown} jobs listed by state"
    witness = seq(*(walk[0] for walk in walks))
    return wrong.finding("jobs of the states asked for, and all of them", holds(power, witness=witness, power=power))


@check("LST-008")
@premised
def default_size(evidence: Evidence, item: Item) -> Finding:
    """The list without size, when the tag has more than ten jobs."""
    expected = "ten jobs, when there are more"
    own = _own(evidence)
    reply = accepted(evidence, HERE, Step.DEFAULT, expected)
    count = evidence.one(HERE, Step.COUNT)
    submitted = ids_of(evidence.of(HERE, Step.FILL))
    listed = {wire.text(job.job_id) for job in count.jobs} if count is not None and count.ok else set()
    there = len(listed | set(own) | set(submitted))
    got = len(reply.jobs)
    witness = seq(*((count,) if count is not None else ()), reply)
    if got > DEFAULT_SIZE:
        return deviates(expected, f"{got} jobs", witness=witness)
    if there <= DEFAULT_SIZE:
        return cannot_tell(f"the tag has only {there} jobs", witness=witness)
    if got < DEFAULT_SIZE:
        return deviates(expected, f"{got} jobs of at least {there}", witness=witness)
    return holds(f"{got} of at least {there}", witness=witness)


@check("LST-009")
@premised
def window_filters(evidence: Evidence, item: Item) -> Finding:
    """Windows that end before the own jobs and begin after them."""
    own = _own(evidence)
    expected = "no job created outside the window"
    inside = _pages(evidence, Step.WINDOW, "the list of the window is answered")
    before = accepted(evidence, HERE, Step.BEFORE_THE_RUN, expected)
    after = evidence.one(HERE, Step.AFTER_THE_RUN)
    wrong = Collected()
    for reply in (before, *([after] if after is not None and after.ok else [])):
        strangers = [job_id for job_id in _ids([reply]) if job_id in own]
        if strangers:
            start, end = (wire.asked(reply.exchange, name) for name in ("startCreationTime", "endCreationTime"))
            wrong.add(reply.exchange.seq, f"{len(strangers)} own jobs in the window from {start} to {end}")
    if not wrong.items and len(_missing(own, inside)) == len(own):
        return blocked("no list holds the own jobs, so their absence tells nothing; see LST-001")
    return wrong.finding(expected, holds("no own job outside", witness=seq(before)))


@check("LST-010")
@premised
def size_100(evidence: Evidence, item: Item) -> Finding:
    """Pages of a hundred."""
    own = _own(evidence)
    expected = "all jobs of the window on pages of at most 100"
    walk = _pages(evidence, Step.SIZE_100, expected)
    wrong = Collected()
    for reply in walk:
        if len(reply.jobs) > 100:
            wrong.add(reply.exchange.seq, f"{len(reply.jobs)} jobs on a page")
    if missing := _missing(own, walk[:1]):
        first = walk[0]
        if len(first.jobs) < 100:
            seen = f"{len(first.jobs)} jobs on the first page, {len(missing)} of {len(own)} own jobs missing"
            wrong.add(first.exchange.seq, seen)
    return wrong.finding(expected, holds(f"{len(walk[0].jobs)} jobs", witness=seq(walk[0])))


@check("LST-011")
@premised
def size_above_100(evidence: Evidence, item: Item) -> Finding:
    """What size=101 is answered."""
    reply = asked(evidence, HERE, Step.SIZE_101)
    return observed(f"{said(reply)}, {len(reply.jobs)} jobs" if reply.ok else said(reply), witness=seq(reply))


@check("LST-012")
@premised
def agrees_with_describe(evidence: Evidence, item: Item) -> Finding:
    """Own ended jobs in the list by state against their last describe."""
    described = last_seen(evidence.of(HERE, Step.ENDED, Step.WATCH), _own(evidence))
    walk = _pages(evidence, Step.SUCCESS_OR_FAILED, "the list by states is answered")
    wrong, judged = Collected(), 0
    for reply, job in _jobs(walk):
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
    own = _own(evidence)
    walk = _pages(evidence, step, expected)
    missing = _missing(own, walk)
    if missing and not _whole(walk):
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
        strangers = [job_id for job_id in _ids([unknown]) if job_id in _own(evidence)] if unknown.ok else []
        if strangers:
            queue = wire.asked(unknown.exchange, "queueId")
            return deviates(expected, f"queueId={queue} lists {strangers[0]}", witness=seq(unknown))
        if not unknown.ok and not unknown.refused:
            return deviates(expected, f"an unknown queueId is answered {said(unknown)}", witness=seq(unknown))
    return finding
