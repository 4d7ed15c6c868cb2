"""Checks of the scenario `describe` (DES)."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise

from ciq_conformance.areas.describe import SPEC
from ciq_conformance.areas.describe.labels import LOOKS, SUBMITS, Label
from ciq_conformance.judge.evidence import Evidence
from ciq_conformance.judge.finding import Deviations, Finding, absent, blocked, cannot_tell, deviates, holds, observed
from ciq_conformance.judge.job_facts import ids_of, jobs_in, last_seen, object_of, tag_of, user_data_of
from ciq_conformance.judge.preconditions import (
    expect_success,
    other_status,
    record_ids,
    require_response,
    require_responses,
    require_success,
    with_preconditions,
)
from ciq_conformance.judge.queue_shape import same_moment
from ciq_conformance.judge.registry import Item, check
from ciq_schemas import times
from ciq_schemas.features import Feature
from ciq_schemas.lifecycle import ENDED_BY_RUNNING, FINAL_STATES, WAITING_STATES, JobState
from ciq_schemas.transcript import raw
from ciq_schemas.transcript.parsed import ParsedExchange, describe_response
from ciq_schemas.values import Job

STATES = frozenset(state.value for state in JobState)
OLDER_PAGES = frozenset({Feature.DOC, Feature.SPEECH})
"""Features of which only older pages are known: they show no StartTime and EndTime and nothing of unknown ids."""
NOT_DESCRIBED = blocked("no job of the scenario was described; see DES-001")


def _own(evidence: Evidence) -> list[str]:
    return ids_of(require_responses(evidence, SPEC, *SUBMITS))


def _looks(evidence: Evidence) -> list[tuple[ParsedExchange, Job]]:
    """Own jobs in all describe answers of the scenario."""
    return list(jobs_in(evidence.of(SPEC, *LOOKS), _own(evidence)))


def _ids(response: ParsedExchange) -> list[str]:
    """Ids that a describe asked for."""
    return [part for part in raw.requested_job_id(response.exchange).split(",") if part]


def _caught_up(responses: Sequence[ParsedExchange]) -> list[ParsedExchange]:
    """The answers without those that do not know a job yet which a later one knows: no document promises that a job is
    known wherever it is asked for at once."""
    last = {raw.requested_job_id(response.exchange): response for response in responses}
    return [
        response
        for response in responses
        if response.jobs
        or not response.ok
        or raw.response_root(response) is None
        or response is last[raw.requested_job_id(response.exchange)]
    ]


def _unknown_told(response: ParsedExchange) -> list[str]:
    return [value.strip() for value in response.job_answer.non_exist_ids if value.strip()]


@check("DES-001", SPEC)
@with_preconditions
def job_is_described(evidence: Evidence, item: Item) -> Finding:
    """Describes of one known id, from soon after the submit to after the end."""
    expected = "HTTP 200 and that job in JobsDetail"
    expect_success(evidence, SPEC, Label.SINGLE, expected)
    wrong, right = Deviations(), []
    for response in (*_caught_up(evidence.of(SPEC, Label.SINGLE)), *evidence.of(SPEC, Label.ENDED)):
        ids = _ids(response)
        got = [raw.text(job.job_id) for job in response.jobs]
        if not response.ok or other_status(response):
            wrong.add(response.exchange.seq, describe_response(response))
        elif raw.response_root(response) is None:
            wrong.add(response.exchange.seq, "the answer is no Response document")
        elif len(ids) == 1 and got != ids:
            wrong.add(response.exchange.seq, f"JobsDetail of {', '.join(got) or 'no job'} instead of {ids[0]}")
        else:
            right.append(response)
    return wrong.finding(expected, holds(f"{len(right)} times", witness=record_ids(*right[:3])))


@check("DES-002", SPEC)
@with_preconditions
def several_are_described(evidence: Evidence, item: Item) -> Finding:
    """Describes of several known ids."""
    expected = "each known id once in JobsDetail"
    expect_success(evidence, SPEC, Label.KNOWN, expected)
    expect_success(evidence, SPEC, Label.UP_TO_TEN, expected)
    wrong, most, responses = Deviations(), 0, evidence.of(SPEC, Label.KNOWN, Label.UP_TO_TEN)
    for response in responses:
        ids, got = _ids(response), Counter(raw.text(job.job_id) for job in response.jobs)
        most = max(most, len(ids))
        missing = [job_id for job_id in ids if not got[job_id]]
        twice = [job_id for job_id in ids if got[job_id] > 1]
        extra = [job_id for job_id in got if job_id not in ids]
        for what, which in (("missing", missing), ("there more than once", twice), ("not asked for", extra)):
            if which:
                wrong.add(response.exchange.seq, f"of {len(ids)} ids {', '.join(which[:3])} {what}")
    return wrong.finding(
        expected, holds(f"up to {most} ids", witness=record_ids(*responses), power=f"{most} ids at most")
    )


@check("DES-015", SPEC)
@with_preconditions
def together_as_alone(evidence: Evidence, item: Item) -> Finding:
    """Ended jobs in a describe of several ids, asked after each was described alone."""
    singles = [response for response in evidence.of(SPEC, Label.ENDED) if len(_ids(response)) == 1]
    exclusive = last_seen(singles, _own(evidence))
    ended = {job_id: seen for job_id, seen in exclusive.items() if raw.text(seen[1].state) in FINAL_STATES}
    if not ended:
        return blocked("no job was described alone once it had ended; see DES-001 and LIF-002")
    expected = "of several ids what describes of one tell"
    expect_success(evidence, SPEC, Label.TOGETHER, expected)
    together = last_seen(evidence.of(SPEC, Label.TOGETHER), ended)
    wrong = Deviations()
    for job_id, (response, job) in together.items():
        look, before = ended[job_id]
        words = [f"State {job.state} instead of {before.state}"] if job.state != before.state else []
        for difference in [*words, *_differences(before, job)]:
            for record in (look, response):
                wrong.add(record.exchange.seq, f"{job_id}: {difference}")
    if not together:
        return blocked("the describe of several ids shows none of them; see DES-002")
    witness = record_ids(*(response for response, _ in together.values()))
    return wrong.finding(expected, holds(f"{len(together)} jobs", witness=witness))


@check("DES-003", SPEC)
@with_preconditions
def unknown_among_known(evidence: Evidence, item: Item) -> Finding:
    """A describe of two known and two unknown ids."""
    own = set(_own(evidence))
    expected = "the known ids in JobsDetail, the unknown in NonExistJobIds"
    response = expect_success(evidence, SPEC, Label.KNOWN_AND_UNKNOWN, expected)
    ids = _ids(response)
    known, unknown = [i for i in ids if i in own], [i for i in ids if i not in own]
    got = [raw.text(job.job_id) for job in response.jobs]
    told = _unknown_told(response)
    faults = []
    if sorted(got) != sorted(known):
        faults.append(f"JobsDetail of {', '.join(got) or 'no job'}")
    if sorted(set(told)) != sorted(unknown):
        faults.append(f"NonExistJobIds {', '.join(told) or 'missing'}")
    if faults:
        return deviates(expected, "; ".join(faults), witness=record_ids(response))
    return holds(f"{len(known)} and {len(unknown)}", witness=record_ids(response))


@check("DES-004", SPEC)
@with_preconditions
def unknown_is_not_described(evidence: Evidence, item: Item) -> Finding:
    """A describe of one unknown id."""
    response = require_response(evidence, SPEC, Label.UNKNOWN)
    expected = "no JobsDetail, and the id in NonExistJobIds"
    if response.refused:
        seen = f"an unknown id is answered {describe_response(response)}"
        if item.feature.feature in OLDER_PAGES:
            return observed(seen, witness=record_ids(response), expected=expected)
        return deviates(expected, seen, witness=record_ids(response))
    response = expect_success(evidence, SPEC, Label.UNKNOWN, expected)
    if response.jobs:
        return deviates(expected, f"JobsDetail of {response.jobs[0].job_id or 'no id'}", witness=record_ids(response))
    told = _unknown_told(response)
    if not told and item.feature.feature in OLDER_PAGES:
        return observed("no JobsDetail and no NonExistJobIds", witness=record_ids(response), expected=expected)
    if told != _ids(response):
        return deviates(expected, f"NonExistJobIds {', '.join(told) or 'missing'}", witness=record_ids(response))
    return holds(f"NonExistJobIds {told[0]}", witness=record_ids(response))


@check("DES-017", SPEC)
@with_preconditions
def ids_are_compared_whole(evidence: Evidence, item: Item) -> Finding:
    """Describes of known ids with wildcards of SQL in place of their ends, and of one wildcard alone."""
    responses = [
        response for response in require_responses(evidence, SPEC, Label.WILDCARD) if response.ok or response.refused
    ]
    if not responses:
        return cannot_tell("no describe of a pattern was answered")
    if not _looks(evidence):
        return NOT_DESCRIBED
    wrong = Deviations()
    for response in responses:
        if response.ok and response.jobs:
            seen = f"{raw.requested_job_id(response.exchange)} describes {response.jobs[0].job_id or 'a job'}"
            wrong.add(response.exchange.seq, seen)
    said_so = ", ".join(describe_response(response) for response in responses)
    return wrong.finding("no JobsDetail for an id that no job has", holds(said_so, witness=record_ids(*responses)))


@check("DES-005", SPEC)
@with_preconditions
def nothing_unknown(evidence: Evidence, item: Item) -> Finding:
    """NonExistJobIds where all ids exist."""
    require_responses(evidence, SPEC, Label.SINGLE, Label.KNOWN, Label.UP_TO_TEN, Label.ENDED)
    later = evidence.of(SPEC, Label.KNOWN, Label.UP_TO_TEN, Label.ENDED)
    answered = [r for r in (*_caught_up(evidence.of(SPEC, Label.SINGLE)), *later) if r.ok]
    responses = [response for response in answered if response.jobs or _unknown_told(response)]
    if not responses:
        return NOT_DESCRIBED
    wrong = Deviations()
    for response in responses:
        if told := _unknown_told(response):
            wrong.add(response.exchange.seq, f"NonExistJobIds {', '.join(told[:3])}")
    expected = "NonExistJobIds absent or empty when all ids exist"
    return wrong.finding(expected, holds(f"{len(responses)} answers", witness=record_ids(*responses[:3])))


@check("DES-006", SPEC)
@with_preconditions
def agrees_with_submit(evidence: Evidence, item: Item) -> Finding:
    """Own jobs in describe answers against their submit answers."""
    given = {
        raw.text(job.job_id): (response, job)
        for response in require_responses(evidence, SPEC, *SUBMITS)
        if response.ok
        for job in response.jobs
    }
    looks = _looks(evidence)
    if not looks:
        return NOT_DESCRIBED
    wrong = Deviations()
    for response, job in looks:
        submit, before = given[raw.text(job.job_id)]
        for difference in _differences(before, job):
            for record in (submit, response):
                wrong.add(record.exchange.seq, difference)
    expected = "Tag, QueueId, CreationTime, Input.Object and UserData of the submit answer"
    first = looks[0]
    witness = record_ids(given[raw.text(first[1].job_id)][0], first[0])
    return wrong.finding(expected, holds(f"{len(looks)} times for {len(given)} jobs", witness=witness))


def _differences(before: Job, job: Job) -> list[str]:
    pairs = (
        ("Tag", tag_of(before), tag_of(job)),
        ("QueueId", raw.text(before.queue_id), raw.text(job.queue_id)),
        ("Input.Object", object_of(before) or "", object_of(job) or ""),
        ("UserData", user_data_of(before) or "", user_data_of(job) or ""),
    )
    found = [f"{name} {new or 'missing'} instead of {old or 'nothing'}" for name, old, new in pairs if old != new]
    if not same_moment(before.creation_time, job.creation_time):
        found.append(f"CreationTime {job.creation_time} instead of {before.creation_time}")
    return found


@check("DES-007", SPEC)
@with_preconditions
def state_words(evidence: Evidence, item: Item) -> Finding:
    """State in all describe answers of the scenario."""
    looks = _looks(evidence)
    if not looks:
        return NOT_DESCRIBED
    wrong, seen = Deviations(), Counter[str]()
    for response, job in looks:
        state = raw.text(job.state)
        seen[state] += 1
        if state not in STATES:
            wrong.add(response.exchange.seq, f"State {state or 'is missing'}")
    expected = f"one of {', '.join(JobState)}"
    return wrong.finding(expected, holds(", ".join(seen), witness=record_ids(looks[0][0], looks[-1][0])))


def _times(job: Job) -> tuple[tuple[str, str | None], ...]:
    return (("CreationTime", job.creation_time), ("StartTime", job.start_time), ("EndTime", job.end_time))


@check("DES-008", SPEC)
@with_preconditions
def times_are_whole(evidence: Evidence, item: Item) -> Finding:
    """The three times in all describe answers; CreationTime is always set."""
    looks = _looks(evidence)
    if not looks:
        return NOT_DESCRIBED
    wrong = Deviations()
    for response, job in looks:
        for name, value in _times(job):
            readable = times.parse(value) is not None
            if not readable and (name == "CreationTime" or not times.is_unset(value)):
                wrong.add(response.exchange.seq, f"{name} {value!r}")
    seen = ", ".join(f"{name} {raw.text(value) or 'unset'}" for name, value in _times(looks[-1][1]))
    return wrong.finding("date, time and numeric zone, or unset", holds(seen, witness=record_ids(looks[-1][0])))


@check("DES-009", SPEC)
@with_preconditions
def times_follow(evidence: Evidence, item: Item) -> Finding:
    """Order of the times that are set, by whole seconds: one clock may round where another cuts."""
    wrong, judged = Deviations(), []
    for response, job in _looks(evidence):
        known = [(name, _second(value)) for name, value in _times(job)]
        known_set = [(name, moment) for name, moment in known if moment is not None]
        for (earlier, first), (later, second) in pairwise(known_set):
            judged.append(response)
            if first > second:
                wrong.add(response.exchange.seq, f"{earlier} {first.isoformat()} is after {later} {second.isoformat()}")
    if not judged:
        if item.feature.feature in OLDER_PAGES:
            return absent("StartTime and EndTime are not shown, as on the feature's older pages")
        return cannot_tell("no described job had two times set")
    expected = "CreationTime, StartTime and EndTime in this order"
    return wrong.finding(expected, holds(f"{len(judged)} pairs", witness=record_ids(*judged[-1:])))


def _second(value: str | None) -> datetime | None:
    moment = times.parse(value)
    return None if moment is None else moment.replace(microsecond=0)


@check("DES-010", SPEC)
@with_preconditions
def times_fit_state(evidence: Evidence, item: Item) -> Finding:
    """Which times are set in which state. No job of this scenario is stopped, so none has run before it waits."""
    looks = _looks(evidence)
    if not looks:
        return NOT_DESCRIBED
    shows_end = item.feature.feature not in OLDER_PAGES
    wrong, seen = Deviations(), Counter[str]()
    for response, job in looks:
        state = raw.text(job.state)
        seen[state] += 1
        started, ended = not times.is_unset(job.start_time), not times.is_unset(job.end_time)
        if state in WAITING_STATES and started:
            wrong.add(response.exchange.seq, f"State {state} with StartTime {job.start_time}")
        if (state in WAITING_STATES or state == JobState.RUNNING) and ended:
            wrong.add(response.exchange.seq, f"State {state} with EndTime {job.end_time}")
        if state in ENDED_BY_RUNNING and not ended and shows_end:
            wrong.add(response.exchange.seq, f"State {state} without EndTime")
    expected = "StartTime and EndTime set when, and only when, the job has started and ended"
    power = ", ".join(f"{count} x {state}" for state, count in seen.items())
    return wrong.finding(expected, holds(power, witness=record_ids(looks[0][0], looks[-1][0]), power=power))


@check("DES-011", SPEC)
@with_preconditions
def code_is_success(evidence: Evidence, item: Item) -> Finding:
    """Code of every job that is not Failed."""
    looks = [(response, job) for response, job in _looks(evidence) if raw.text(job.state) != JobState.FAILED]
    if not looks:
        return NOT_DESCRIBED
    wrong = Deviations()
    for response, job in looks:
        if raw.text(job.code) not in ("", "Success"):
            wrong.add(response.exchange.seq, f"Code {job.code} in State {job.state}")
    return wrong.finding("Code Success, empty or absent", holds(f"{len(looks)} times", witness=record_ids(looks[0][0])))


@check("DES-014", SPEC)
@with_preconditions
def progress_fits_state(evidence: Evidence, item: Item) -> Finding:
    """Progress where it is shown. Only samples have it: 0 waiting, 30 running, 100 in the end."""
    looks = _looks(evidence)
    if not looks:
        return NOT_DESCRIBED
    wrong, seen = Deviations(), Counter[str]()
    for response, job in looks:
        told, state = raw.text(job.progress), raw.text(job.state)
        if not told:
            continue
        seen[f"{state} {told}"] += 1
        progress = raw.number(told)
        fits = progress is not None and (
            progress == 100
            if state == JobState.SUCCESS
            else progress == 0
            if state in WAITING_STATES
            else progress <= 100
        )
        if not fits:
            wrong.add(response.exchange.seq, f"State {state} with Progress {told}")
    if not seen:
        return absent(
            "no describe shows Progress; only samples of newer pages have it", witness=record_ids(looks[0][0])
        )
    expected = "Progress from 0 to 100: 0 of a waiting job, 100 of one that succeeded"
    return wrong.finding(expected, holds(", ".join(list(seen)[:4]), witness=record_ids(looks[0][0], looks[-1][0])))


@check("DES-012", SPEC)
@with_preconditions
def eleven_ids(evidence: Evidence, item: Item) -> Finding:
    """What a describe of eleven ids is answered."""
    response = require_response(evidence, SPEC, Label.ELEVEN)
    if response.ok:
        told = len(_unknown_told(response))
        return observed(
            f"{describe_response(response)}: {len(response.jobs)} JobsDetail, {told} NonExistJobIds",
            witness=record_ids(response),
        )
    return observed(describe_response(response), witness=record_ids(response))


@check("DES-013", SPEC)
@with_preconditions
def times_as_on_the_pages(evidence: Evidence, item: Item) -> Finding:
    """The exact form of every time that is set."""
    require_success(evidence, SPEC, Label.SINGLE)
    wrong, right = Deviations(), []
    for response, job in _looks(evidence):
        for name, value in _times(job):
            if times.is_unset(value):
                continue
            if times.is_documented_form(value):
                right.append(response)
            else:
                wrong.add(response.exchange.seq, f"{name} {value}")
    if not right and not wrong.items:
        return cannot_tell("no described job had a time set")
    expected = "times such as 2026-01-02T03:04:05+0800"
    return wrong.finding(expected, holds(f"{len(right)} times", witness=record_ids(right[-1]) if right else ()))
