"""Checks of the scenario `list`: which jobs a list contains (LST). `checks_pages` judges order and pages.

A list may contain jobs of other clients, so the checks look for missing jobs only among the suite's own jobs.
"""

from collections import Counter
from itertools import pairwise
from urllib.parse import urlsplit

from ciq_conformance.areas.list_jobs import SPEC
from ciq_conformance.areas.list_jobs.labels import ENDED_LISTS, HELD_LISTS, SUBMITS, Label
from ciq_conformance.areas.list_jobs.pages import (
    filtered,
    ids_along,
    is_whole,
    jobs_along,
    missing_from,
    own_jobs,
    walk_if_answered,
    walk_of,
    windowed,
)
from ciq_conformance.judge.evidence import Evidence
from ciq_conformance.judge.finding import Deviations, Finding, Kind, blocked, deviates, holds, inconclusive, observed
from ciq_conformance.judge.job_facts import ids_of, jobs_in, last_seen, object_of, tag_of, user_data_of, zones_apart
from ciq_conformance.judge.preconditions import (
    expect_rejections,
    expect_success,
    other_status,
    record_ids,
    require_response,
    require_responses,
    with_preconditions,
)
from ciq_conformance.judge.queue_shape import same_moment
from ciq_conformance.judge.registry import Item, check
from ciq_schemas import times
from ciq_schemas.lifecycle import FINAL_STATES, WAITING_STATES, JobState
from ciq_schemas.operations import service_path
from ciq_schemas.transcript import raw
from ciq_schemas.transcript.parsed import ParsedExchange, describe_response
from ciq_schemas.values import Job

INPUT_OBJECT_PATHS = ("/jobs", "/pic_jobs")
"""Paths whose pages document inputObject (1045/50305, 1045/50336)."""


@check("LST-001", SPEC)
@with_preconditions
def list_contains_the_own_jobs(evidence: Evidence, item: Item) -> Finding:
    """The list of a tag and window contains the own jobs. The scenario repeats it until it does or the time is over."""
    own = own_jobs(evidence)
    expected = "the list contains every job of the window"
    walk = walk_of(evidence, Label.WINDOW, expected)
    if raw.response_root(walk[0]) is None:
        return deviates(expected, "the answer is not a Response document", witness=record_ids(walk[0]))
    for response in walk:
        if other_status(response):
            return deviates("HTTP 200 and " + expected, describe_response(response), witness=record_ids(response))
    missing = missing_from(own, walk)
    if missing and not is_whole(walk):
        return inconclusive(
            f"the window contains more than {len(ids_along(walk))} jobs", witness=record_ids(walk[0], walk[-1])
        )
    if missing:
        seen = f"{len(missing)} of {len(own)} jobs missing: {', '.join(missing[:3])}"
        reason = zones_apart(evidence.of(SPEC, *SUBMITS))
        return deviates(expected, seen, witness=record_ids(*walk[:3]), reason=reason)
    return holds(f"all {len(own)} jobs among {len(ids_along(walk))}", witness=record_ids(*walk[:3]))


@check("LST-002", SPEC)
@with_preconditions
def list_contains_only_jobs_of_its_tag(evidence: Evidence, item: Item) -> Finding:
    """A list contains only jobs of its tag, and a list of another tag contains no own job."""
    own = own_jobs(evidence)
    walk = walk_of(evidence, Label.WINDOW, "the target answers the list of the tag")
    wrong, judged = Deviations(), 0
    for response, job in jobs_along(walk):
        tag, wanted = tag_of(job), raw.query_value(response.exchange, "tag")
        judged += 1
        if tag != wanted:
            wrong.add(response.exchange.seq, f"tag={wanted} lists {job.job_id} with Tag {tag or 'missing'}")
    other = require_response(evidence, SPEC, Label.OTHER_TAG)
    if other.ok:
        name = raw.query_value(other.exchange, "tag")
        unexpected = [job_id for job_id in ids_along([other]) if job_id in own]
        if unexpected:
            wrong.add(other.exchange.seq, f"tag={name} lists {unexpected[0]}, which has another tag")
    if not judged and not wrong.items:
        return blocked("the list is empty; see LST-001", witness=record_ids(*walk[:1]))
    power = f"{judged} jobs in the list of their tag, none in the list of another tag"
    return wrong.finding("only jobs of the tag", holds(power, witness=record_ids(walk[0], other), power=power))


@check("LST-017", SPEC)
@with_preconditions
def list_without_tag_is_rejected(evidence: Evidence, item: Item) -> Finding:
    """The target rejects a list without tag, which all pages require."""
    return expect_rejections(require_responses(evidence, SPEC, Label.NO_TAG), "4xx for a list without tag")


@check("LST-007", SPEC)
@windowed
def list_by_states_contains_exactly_these_states(evidence: Evidence, item: Item) -> Finding:
    """Lists by states contain the own jobs in these states, ended or waiting, and no others; `All` names all states."""
    own = own_jobs(evidence)
    ended = last_seen(evidence.of(SPEC, Label.ENDED, Label.WATCH), own)
    states = {job_id: frozenset({raw.text(job.state)}) for job_id, (_, job) in ended.items()}
    walks = [walk_of(evidence, step, "the target answers lists by states") for step in ENDED_LISTS]
    wrong = Deviations()
    for walk in walks:
        _by_state(walk, states, wrong)
    waiting = _waiting(evidence)
    for step in HELD_LISTS if waiting else ():
        walk = walk_of(evidence, step, "the target answers lists by states")
        walks.append(walk)
        _by_state(walk, waiting, wrong)
    every = walk_if_answered(evidence, Label.ALL_STATES)
    inside = walk_if_answered(evidence, Label.WINDOW)
    if every and is_whole(every) and (lost := set(missing_from(own, every)) - set(missing_from(own, inside))):
        seen = f"states=All lacks {len(lost)} own jobs, which the list without states contains"
        for response in (inside[0], every[-1]):
            wrong.add(response.exchange.seq, seen)
    listed = sum(len(jobs_along(walk)) for walk in walks)
    if not listed and not wrong.items:
        if not any(state in FINAL_STATES for of_job in states.values() for state in of_job):
            return blocked("no own job has ended; see LIF-002")
        return inconclusive("no list by state contained a job")
    power = f"{listed} jobs listed by state" + (", including a waiting job" if waiting else "")
    witness = record_ids(*(walk[0] for walk in walks))
    return wrong.finding("all jobs of the requested states, and no others", holds(power, witness=witness, power=power))


def _waiting(evidence: Evidence) -> dict[str, frozenset[str]]:
    """The job in the paused queue with its observed states, if it waited before and after the lists."""
    answers = [response for response in evidence.of(SPEC, Label.HELD, Label.HELD_STILL) if response.ok]
    ids = ids_of(evidence.of(SPEC, Label.SUBMIT_HELD))
    states = [raw.text(job.state) for _, job in jobs_in(answers, ids)]
    still = evidence.one(SPEC, Label.HELD_STILL) is not None and len(states) > 1
    return {ids[0]: frozenset(states)} if still and WAITING_STATES.issuperset(states) else {}


def _by_state(walk: list[ParsedExchange], states: dict[str, frozenset[str]], wrong: Deviations) -> None:
    """Adds to `wrong` each job that a list by states wrongly contains or wrongly omits."""
    wanted = frozenset((raw.query_value(walk[0].exchange, "states") or "").split(","))
    name = f"states={raw.query_value(walk[0].exchange, 'states')}"
    for response, job in jobs_along(walk):
        known = states.get(raw.text(job.job_id))
        if raw.text(job.state) not in wanted:
            wrong.add(response.exchange.seq, f"{name} lists {job.job_id} with State {job.state}")
        elif known and not known & wanted:
            wrong.add(response.exchange.seq, f"{name} lists {job.job_id}, which is {' or '.join(sorted(known))}")
    due = [job_id for job_id, known in states.items() if known <= wanted]
    for job_id in missing_from(due, walk) if is_whole(walk) else []:
        state = " or ".join(sorted(states[job_id]))
        wrong.add(walk[-1].exchange.seq, f"{name} does not list {job_id}, which is {state}")


@check("LST-009", SPEC)
@windowed
def list_by_window_contains_no_job_outside(evidence: Evidence, item: Item) -> Finding:
    """Windows before and after the own jobs contain none of them. A list with one bound contains the jobs inside it."""
    own = own_jobs(evidence)
    expected = "own jobs in the window, and no job that was created outside it"
    inside = walk_of(evidence, Label.WINDOW, "the target answers the list of the window")
    before = expect_success(evidence, SPEC, Label.BEFORE_THE_RUN, expected)
    wrong = Deviations()
    others = evidence.of(SPEC, Label.AFTER_THE_RUN, Label.START_ALONE_LATER, Label.END_ALONE_EARLIER)
    for response in (before, *(response for response in others if response.ok)):
        unexpected = [job_id for job_id in ids_along([response]) if job_id in own]
        if unexpected:
            wrong.add(response.exchange.seq, f"{len(unexpected)} own jobs {_window_of(response)}")
    for response in evidence.of(SPEC, Label.START_ALONE, Label.END_ALONE):
        if not response.ok:
            wrong.add(
                response.exchange.seq, f"the answer to a list {_window_of(response)} is {describe_response(response)}"
            )
        elif missing_from(own, inside) == [] and (gone := missing_from(own, [response])) and is_whole([response]):
            wrong.add(response.exchange.seq, f"{len(gone)} own jobs missing {_window_of(response)}")
    if not wrong.items and len(missing_from(own, inside)) == len(own):
        return blocked("no list contains the own jobs, so a list without them proves nothing; see LST-001")
    return wrong.finding(expected, holds("no own job outside", witness=record_ids(before)))


def _window_of(response: ParsedExchange) -> str:
    start, end = (raw.query_value(response.exchange, name) for name in ("startCreationTime", "endCreationTime"))
    return " ".join(filter(None, [f"from {start}" if start else "", f"to {end}" if end else ""]))


@check("LST-015", SPEC)
@filtered
def window_bounds_may_have_any_time_zone(evidence: Evidence, item: Item) -> Finding:
    """Bounds in time zones east and west of Greenwich give the same jobs as bounds in the target's own zone."""
    expected = "the same jobs for bounds in any time zone"
    own = own_jobs(evidence)
    inside = walk_of(evidence, Label.WINDOW, "the target answers the list of the window")
    if missing_from(own, inside):
        return blocked(
            "the list of the window does not contain the own jobs; see LST-001", witness=record_ids(*inside[:3])
        )
    there = walk_of(evidence, Label.OTHER_ZONE, expected)
    gone = missing_from(own, there)
    if gone and is_whole(there):
        return deviates(
            expected, f"{len(gone)} own jobs missing {_window_of(there[0])}", witness=record_ids(*there[:3])
        )
    west = walk_of(evidence, Label.ZONE_IN_THE_WEST, expected) if evidence.one(SPEC, Label.ZONE_IN_THE_WEST) else there
    gone = missing_from(own, west)
    if gone and is_whole(west):
        return deviates(expected, f"{len(gone)} own jobs missing {_window_of(west[0])}", witness=record_ids(*west[:3]))
    earlier = evidence.one(SPEC, Label.OTHER_ZONE_EARLIER)
    unexpected = [job_id for job_id in ids_along([earlier]) if job_id in own] if earlier and earlier.ok else []
    if earlier is not None and unexpected:
        return deviates(expected, f"{len(unexpected)} own jobs {_window_of(earlier)}", witness=record_ids(earlier))
    return holds(f"all {len(own)} own jobs {_window_of(there[0])}", witness=record_ids(*there[:3]))


@check("LST-016", SPEC)
@windowed
def list_by_input_compares_the_whole_name(evidence: Evidence, item: Item) -> Finding:
    """A list by inputObject contains the own jobs. A list by the name without its last letter contains none."""
    finding = _list_by_input(evidence)
    used = evidence.one(SPEC, Label.OWN_INPUT)
    path = service_path("GET", urlsplit(used.exchange.url).path) if used is not None else ""
    if finding.kind is Kind.DEVIATES and path not in INPUT_OBJECT_PATHS:
        reason = f"a warning only, because no page of {path} documents inputObject"
        return observed(finding.seen, expected=finding.expected, witness=finding.witness, reason=reason)
    return finding


def _list_by_input(evidence: Evidence) -> Finding:
    finding = _own_jobs_are_listed(
        evidence, Label.OWN_INPUT, "own jobs in the list of their input, none in the list of a part of its name"
    )
    part = evidence.one(SPEC, Label.PART_OF_INPUT)
    if finding.kind is not Kind.HOLDS or part is None:
        return finding
    unexpected = [job_id for job_id in ids_along([part]) if job_id in own_jobs(evidence)]
    if unexpected:
        seen = f"inputObject={raw.query_value(part.exchange, 'inputObject')} lists {unexpected[0]}"
        return deviates("inputObject compares the whole name", seen, witness=record_ids(part))
    return finding


@check("LST-018", SPEC)
@filtered
def list_parameters_combine(evidence: Evidence, item: Item) -> Finding:
    """A list by tag, queue, window, states and order returns each own job once, and none when one parameter differs."""
    own = own_jobs(evidence)
    ended = last_seen(evidence.of(SPEC, Label.ENDED, Label.WATCH), own)
    succeeded = [job_id for job_id, (_, job) in ended.items() if raw.text(job.state) == JobState.SUCCESS]
    exclusive = walk_of(evidence, Label.SUCCESS_OR_FAILED, "the target answers the list by states")
    if not succeeded or missing_from(succeeded, exclusive):
        return blocked(
            "the list by states alone does not contain the own jobs; see LST-007", witness=record_ids(*exclusive[:2])
        )
    pages = walk_if_answered(evidence, Label.ASCENDING_BY_THREE)
    if not pages or missing_from(succeeded, pages):
        return blocked("the pages of a list do not contain the own jobs; see LST-006", witness=record_ids(*pages[:2]))
    # In this order the job of SUBMIT_BETWEEN is last: it is missing when the last page is lost.
    between = last_seen(evidence.of(SPEC, Label.ENDED), ids_of(evidence.of(SPEC, Label.SUBMIT_BETWEEN)))
    succeeded += [
        job_id
        for job_id, (_, job) in between.items()
        if raw.text(job.state) == JobState.SUCCESS and job_id in ids_along(exclusive)
    ]
    expected = "each own job once in a list with all parameters"
    walk = walk_of(evidence, Label.TOGETHER, expected)
    wrong = Deviations()
    _by_state(walk, {}, wrong)
    counts = Counter(ids_along(walk))
    for job_id in succeeded:
        if counts[job_id] != 1 and (counts[job_id] or is_whole(walk)):
            wrong.add(walk[-1].exchange.seq, f"{job_id} {counts[job_id]} times on {len(walk)} pages")
    moments = [(response, times.parse(job.creation_time)) for response, job in jobs_along(walk)]
    for (_, earlier), (response, later) in pairwise(moments):
        if earlier is not None and later is not None and earlier > later:
            wrong.add(response.exchange.seq, f"{later.isoformat()} follows {earlier.isoformat()} in Asc order")
    for step in (Label.TOGETHER_OTHER_STATES, Label.TOGETHER_EARLIER, Label.TOGETHER_OTHER_TAG):
        other = evidence.one(SPEC, step)
        unexpected = [job_id for job_id in ids_along([other]) if job_id in own] if other and other.ok else []
        if other is not None and unexpected:
            wrong.add(other.exchange.seq, f"{len(unexpected)} own jobs in the list {step}")
    if not wrong.items and not is_whole(walk) and missing_from(succeeded, walk):
        return inconclusive(f"the list has more than {len(walk)} pages", witness=record_ids(walk[0], walk[-1]))
    power = f"{len(succeeded)} jobs on {len(walk)} pages"
    return wrong.finding(expected, holds(power, witness=record_ids(*walk[:3]), power=power))


@check("LST-012", SPEC)
@with_preconditions
def list_agrees_with_describe(evidence: Evidence, item: Item) -> Finding:
    """The list by state shows own ended jobs with the values of their last describe."""
    described = last_seen(evidence.of(SPEC, Label.ENDED, Label.WATCH), own_jobs(evidence))
    walk = walk_of(evidence, Label.SUCCESS_OR_FAILED, "the target answers the list by states")
    wrong, judged = Deviations(), 0
    for response, job in jobs_along(walk):
        if raw.text(job.job_id) not in described:
            continue
        describe, other = described[raw.text(job.job_id)]
        if raw.text(other.state) not in FINAL_STATES:
            continue
        judged += 1
        for difference in differences(job, other):
            for record in (describe, response):
                wrong.add(record.exchange.seq, f"{job.job_id}: {difference}")
    if not judged:
        return blocked("no answer to describe and to a list contains the same ended own job; see LST-007")
    expected = "State, Tag, QueueId, CreationTime, Input.Object and UserData are the same in list and describe"
    return wrong.finding(expected, holds(f"{judged} jobs", witness=record_ids(walk[0])))


def differences(listed: Job, described: Job) -> list[str]:
    """Texts about the values of a job that differ between a list and describe."""
    pairs = (
        ("State", raw.text(listed.state), raw.text(described.state)),
        ("Tag", tag_of(listed), tag_of(described)),
        ("QueueId", raw.text(listed.queue_id), raw.text(described.queue_id)),
        ("Input.Object", object_of(listed) or "", object_of(described) or ""),
        ("UserData", user_data_of(listed) or "", user_data_of(described) or ""),
    )
    different = [(name, one, other) for name, one, other in pairs if one != other]
    if not same_moment(listed.creation_time, described.creation_time):
        different.append(("CreationTime", raw.text(listed.creation_time), raw.text(described.creation_time)))
    return [
        f"{name} {one or 'missing'} in the list, {other or 'missing'} in describe" for name, one, other in different
    ]


def _own_jobs_are_listed(evidence: Evidence, step: Label, expected: str) -> Finding:
    own = own_jobs(evidence)
    walk = walk_of(evidence, step, expected)
    missing = missing_from(own, walk)
    if missing and not is_whole(walk):
        return inconclusive(f"the list has more than {len(walk)} pages", witness=record_ids(walk[0], walk[-1]))
    if missing:
        return deviates(expected, f"{len(missing)} of {len(own)} own jobs missing", witness=record_ids(*walk[:3]))
    return holds(f"all {len(own)} own jobs", witness=record_ids(*walk[:3]))


@check("LST-013", SPEC)
@windowed
def empty_next_token_counts_as_missing(evidence: Evidence, item: Item) -> Finding:
    """An empty nextToken, which the official Python SDK sends, gives the first page."""
    expected = "an empty nextToken gives the same list as no nextToken"
    finding = _own_jobs_are_listed(evidence, Label.EMPTY_VALUES, expected)
    states = walk_if_answered(evidence, Label.ALL_STATES)
    lost = missing_from(own_jobs(evidence), states) if states and is_whole(states) else []
    if finding.kind is Kind.DEVIATES and lost:
        reason = f"a list with states=All and no nextToken lacks {len(lost)} own jobs too; see LST-007"
        return blocked(reason, witness=record_ids(*states[:3]))
    return finding


@check("LST-014", SPEC)
@windowed
def list_by_queue_contains_only_its_jobs(evidence: Evidence, item: Item) -> Finding:
    """A list by the feature's queue contains the own jobs, and a list by an unknown queue contains none."""
    expected = "own jobs in the list of their queue, none in the list of an unknown queue"
    finding = _own_jobs_are_listed(evidence, Label.OWN_QUEUE, expected)
    if finding.seen and not finding.expected:
        unknown = require_response(evidence, SPEC, Label.UNKNOWN_QUEUE)
        unexpected = [job_id for job_id in ids_along([unknown]) if job_id in own_jobs(evidence)] if unknown.ok else []
        if unexpected:
            queue = raw.query_value(unknown.exchange, "queueId")
            return deviates(expected, f"queueId={queue} lists {unexpected[0]}", witness=record_ids(unknown))
        if not unknown.ok and not unknown.refused:
            return deviates(
                expected,
                f"the answer to an unknown queueId is {describe_response(unknown)}",
                witness=record_ids(unknown),
            )
    return finding
