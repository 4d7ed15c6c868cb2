"""Checks of the scenario `describe` (DES)."""

from collections import Counter
from collections.abc import Sequence

from ciq_conformance.areas.describe import SPEC
from ciq_conformance.areas.describe.labels import LOOKS, SUBMITS, Label
from ciq_conformance.judge.evidence import Evidence
from ciq_conformance.judge.finding import (
    Deviations,
    Finding,
    blocked,
    deviates,
    holds,
    inconclusive,
    observed,
    untested,
)
from ciq_conformance.judge.job_facts import (
    ids_of,
    jobs_in,
    last_seen,
    non_exist_ids,
    object_of,
    requested_ids,
    tag_of,
    user_data_of,
)
from ciq_conformance.judge.preconditions import (
    expect_success,
    other_status,
    record_ids,
    require_response,
    require_responses,
    with_preconditions,
)
from ciq_conformance.judge.queue_shape import same_moment
from ciq_conformance.judge.registry import Item, check
from ciq_schemas.features import Feature
from ciq_schemas.lifecycle import FINAL_STATES, WAITING_STATES, JobState
from ciq_schemas.transcript import raw
from ciq_schemas.transcript.parsed import ParsedExchange, describe_response
from ciq_schemas.values import Job

STATES = frozenset(state.value for state in JobState)
OLDER_PAGES = frozenset({Feature.DOC, Feature.SPEECH})
"""Features with older pages only: the pages have no StartTime, no EndTime and no statement on unknown ids."""
NOT_DESCRIBED = blocked("no response describes a job of the scenario; see DES-001")


def _own_ids(evidence: Evidence) -> list[str]:
    return ids_of(require_responses(evidence, SPEC, *SUBMITS))


def descriptions(evidence: Evidence) -> list[tuple[ParsedExchange, Job]]:
    """Returns the own jobs in all describe responses of the scenario."""
    return list(jobs_in(evidence.of(SPEC, *LOOKS), _own_ids(evidence)))


def _without_early_misses(responses: Sequence[ParsedExchange]) -> list[ParsedExchange]:
    """Returns the responses, except those without a job that a later response describes.

    No document promises that every describe finds a job right after the submit.
    """
    last = {raw.requested_job_id(response.exchange): response for response in responses}
    return [
        response
        for response in responses
        if response.jobs
        or not response.ok
        or raw.response_root(response) is None
        or response is last[raw.requested_job_id(response.exchange)]
    ]


@check("DES-001", SPEC)
@with_preconditions
def job_is_described(evidence: Evidence, item: Item) -> Finding:
    """A describe of one known id returns that job, from shortly after the submit until after its end."""
    expected = "HTTP 200 and that job in JobsDetail"
    expect_success(evidence, SPEC, Label.SINGLE, expected)
    wrong, right = Deviations(), []
    for response in (*_without_early_misses(evidence.of(SPEC, Label.SINGLE)), *evidence.of(SPEC, Label.ENDED)):
        ids = requested_ids(response)
        returned = [raw.text(job.job_id) for job in response.jobs]
        if not response.ok or other_status(response):
            wrong.add(response.exchange.seq, describe_response(response))
        elif raw.response_root(response) is None:
            wrong.add(response.exchange.seq, "the body is not a Response document")
        elif len(ids) == 1 and returned != ids:
            wrong.add(response.exchange.seq, f"JobsDetail of {', '.join(returned) or 'no job'} instead of {ids[0]}")
        else:
            right.append(response)
    return wrong.finding(expected, holds(f"{len(right)} times", witness=record_ids(*right[:3])))


@check("DES-002", SPEC)
@with_preconditions
def several_jobs_are_described(evidence: Evidence, item: Item) -> Finding:
    """A describe of several known ids returns each of them once."""
    expected = "each known id once in JobsDetail"
    expect_success(evidence, SPEC, Label.KNOWN, expected)
    expect_success(evidence, SPEC, Label.UP_TO_TEN, expected)
    wrong, most, responses = Deviations(), 0, evidence.of(SPEC, Label.KNOWN, Label.UP_TO_TEN)
    for response in responses:
        ids, returned = requested_ids(response), Counter(raw.text(job.job_id) for job in response.jobs)
        most = max(most, len(ids))
        missing = [job_id for job_id in ids if not returned[job_id]]
        twice = [job_id for job_id in ids if returned[job_id] > 1]
        extra = [job_id for job_id in returned if job_id not in ids]
        for fault, affected in (("missing", missing), ("returned more than once", twice), ("not requested", extra)):
            if affected:
                wrong.add(response.exchange.seq, f"{len(ids)} ids requested; {fault}: {', '.join(affected[:3])}")
    return wrong.finding(
        expected, holds(f"up to {most} ids", witness=record_ids(*responses), power=f"{most} ids at most")
    )


@check("DES-015", SPEC)
@with_preconditions
def several_ids_return_the_same_as_one(evidence: Evidence, item: Item) -> Finding:
    """A describe of several ids returns the same as the earlier describes of one id, for ended jobs."""
    singles = [response for response in evidence.of(SPEC, Label.ENDED) if len(requested_ids(response)) == 1]
    alone = last_seen(singles, _own_ids(evidence))
    ended = {job_id: seen for job_id, seen in alone.items() if raw.text(seen[1].state) in FINAL_STATES}
    if not ended:
        return blocked("no response describes an ended job alone; see DES-001 and LIF-002")
    expected = "for several ids the same as describes of one id return"
    expect_success(evidence, SPEC, Label.TOGETHER, expected)
    together = last_seen(evidence.of(SPEC, Label.TOGETHER), ended)
    wrong = Deviations()
    for job_id, (response, job) in together.items():
        single, before = ended[job_id]
        states = [f"State {job.state} instead of {before.state}"] if job.state != before.state else []
        for difference in [*states, *_differences(before, job)]:
            for record in (single, response):
                wrong.add(record.exchange.seq, f"{job_id}: {difference}")
    if not together:
        return blocked("the describe of several ids returns none of them; see DES-002")
    witness = record_ids(*(response for response, _ in together.values()))
    return wrong.finding(expected, holds(f"{len(together)} jobs", witness=witness))


@check("DES-003", SPEC)
@with_preconditions
def unknown_ids_are_separated_from_known(evidence: Evidence, item: Item) -> Finding:
    """A describe of two known and two unknown ids returns the unknown ids in NonExistJobIds."""
    own = set(_own_ids(evidence))
    expected = "the known ids in JobsDetail, the unknown in NonExistJobIds"
    response = expect_success(evidence, SPEC, Label.KNOWN_AND_UNKNOWN, expected)
    ids = requested_ids(response)
    known, unknown = [i for i in ids if i in own], [i for i in ids if i not in own]
    returned = [raw.text(job.job_id) for job in response.jobs]
    unknown_ids = non_exist_ids(response)
    faults = []
    if sorted(returned) != sorted(known):
        faults.append(f"JobsDetail of {', '.join(returned) or 'no job'}")
    if sorted(set(unknown_ids)) != sorted(unknown):
        faults.append(f"NonExistJobIds {', '.join(unknown_ids) or 'missing'}")
    if faults:
        return deviates(expected, "; ".join(faults), witness=record_ids(response))
    return holds(f"{len(known)} known and {len(unknown)} unknown ids", witness=record_ids(response))


@check("DES-004", SPEC)
@with_preconditions
def unknown_id_is_innon_exist_ids(evidence: Evidence, item: Item) -> Finding:
    """A describe of one unknown id returns no JobsDetail and the id in NonExistJobIds."""
    response = require_response(evidence, SPEC, Label.UNKNOWN)
    expected = "no JobsDetail, and the id in NonExistJobIds"
    if response.refused:
        seen = f"an unknown id returns {describe_response(response)}"
        if item.feature.feature in OLDER_PAGES:
            return observed(seen, witness=record_ids(response), expected=expected)
        return deviates(expected, seen, witness=record_ids(response))
    response = expect_success(evidence, SPEC, Label.UNKNOWN, expected)
    if response.jobs:
        return deviates(expected, f"JobsDetail of {response.jobs[0].job_id or 'no id'}", witness=record_ids(response))
    unknown_ids = non_exist_ids(response)
    if not unknown_ids and item.feature.feature in OLDER_PAGES:
        return observed("no JobsDetail and no NonExistJobIds", witness=record_ids(response), expected=expected)
    if unknown_ids != requested_ids(response):
        return deviates(expected, f"NonExistJobIds {', '.join(unknown_ids) or 'missing'}", witness=record_ids(response))
    return holds(f"NonExistJobIds {unknown_ids[0]}", witness=record_ids(response))


@check("DES-017", SPEC)
@with_preconditions
def wildcards_match_no_job(evidence: Evidence, item: Item) -> Finding:
    """A describe returns no job for an id with an SQL wildcard at its end, nor for a wildcard alone."""
    responses = [
        response for response in require_responses(evidence, SPEC, Label.WILDCARD) if response.ok or response.refused
    ]
    if not responses:
        return inconclusive("the target answered no describe of a pattern")
    if not descriptions(evidence):
        return NOT_DESCRIBED
    wrong = Deviations()
    for response in responses:
        if response.ok and response.jobs:
            seen = f"{raw.requested_job_id(response.exchange)} returns {response.jobs[0].job_id or 'a job'}"
            wrong.add(response.exchange.seq, seen)
    answers = ", ".join(describe_response(response) for response in responses)
    return wrong.finding("no JobsDetail for an id that no job has", holds(answers, witness=record_ids(*responses)))


@check("DES-005", SPEC)
@with_preconditions
def known_ids_are_not_innon_exist_ids(evidence: Evidence, item: Item) -> Finding:
    """NonExistJobIds is empty or absent where all ids exist."""
    require_responses(evidence, SPEC, Label.SINGLE, Label.KNOWN, Label.UP_TO_TEN, Label.ENDED)
    later = evidence.of(SPEC, Label.KNOWN, Label.UP_TO_TEN, Label.ENDED)
    accepted = [r for r in (*_without_early_misses(evidence.of(SPEC, Label.SINGLE)), *later) if r.ok]
    responses = [response for response in accepted if response.jobs or non_exist_ids(response)]
    if not responses:
        return NOT_DESCRIBED
    wrong = Deviations()
    for response in responses:
        if unknown_ids := non_exist_ids(response):
            wrong.add(response.exchange.seq, f"NonExistJobIds {', '.join(unknown_ids[:3])}")
    expected = "NonExistJobIds absent or empty when all ids exist"
    return wrong.finding(expected, holds(f"{len(responses)} responses", witness=record_ids(*responses[:3])))


@check("DES-018", SPEC)
@with_preconditions
def answer_about_known_ids_has_no_empty_element(evidence: Evidence, item: Item) -> Finding:
    """A describe of known ids returns no NonExistJobIds element, not even an empty one."""
    looks = [response for response in evidence.of(SPEC, *LOOKS) if response.ok and response.jobs]
    own = set(_own_ids(evidence))
    responses = [response for response in looks if own.issuperset(requested_ids(response))]
    if not responses:
        return NOT_DESCRIBED
    wrong = Deviations()
    for response in responses:
        elements = raw.children(raw.response_root(response), "NonExistJobIds")
        if elements and not non_exist_ids(response):
            wrong.add(response.exchange.seq, f"an empty NonExistJobIds beside {len(response.jobs)} JobsDetail")
    expected = "no NonExistJobIds element when all ids exist"
    return wrong.finding(expected, holds(f"{len(responses)} responses", witness=record_ids(*responses[:3])))


@check("DES-006", SPEC)
@with_preconditions
def describe_agrees_with_submit(evidence: Evidence, item: Item) -> Finding:
    """Describes returns the same values as the response to the submit."""
    submitted = {
        raw.text(job.job_id): (response, job)
        for response in require_responses(evidence, SPEC, *SUBMITS)
        if response.ok
        for job in response.jobs
    }
    described = descriptions(evidence)
    if not described:
        return NOT_DESCRIBED
    wrong = Deviations()
    for response, job in described:
        submit, before = submitted[raw.text(job.job_id)]
        for difference in _differences(before, job):
            for record in (submit, response):
                wrong.add(record.exchange.seq, difference)
    expected = "Tag, QueueId, CreationTime, Input.Object and UserData as in the response to the submit"
    first = described[0]
    witness = record_ids(submitted[raw.text(first[1].job_id)][0], first[0])
    return wrong.finding(expected, holds(f"{len(described)} times for {len(submitted)} jobs", witness=witness))


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
def states_are_documented(evidence: Evidence, item: Item) -> Finding:
    """State is a documented value in all describe responses."""
    described = descriptions(evidence)
    if not described:
        return NOT_DESCRIBED
    wrong, seen = Deviations(), Counter[str]()
    for response, job in described:
        state = raw.text(job.state)
        seen[state] += 1
        if state not in STATES:
            wrong.add(response.exchange.seq, f"State {state or 'is missing'}")
    expected = f"one of {', '.join(JobState)}"
    return wrong.finding(expected, holds(", ".join(seen), witness=record_ids(described[0][0], described[-1][0])))


@check("DES-011", SPEC)
@with_preconditions
def code_is_success_unless_failed(evidence: Evidence, item: Item) -> Finding:
    """Code of a job that is not Failed is Success, empty or absent."""
    described = [(response, job) for response, job in descriptions(evidence) if raw.text(job.state) != JobState.FAILED]
    if not described:
        return NOT_DESCRIBED
    wrong = Deviations()
    for response, job in described:
        if raw.text(job.code) not in ("", "Success"):
            wrong.add(response.exchange.seq, f"Code {job.code} in State {job.state}")
    return wrong.finding(
        "Code Success, empty or absent", holds(f"{len(described)} times", witness=record_ids(described[0][0]))
    )


@check("DES-014", SPEC)
@with_preconditions
def progress_fits_the_state(evidence: Evidence, item: Item) -> Finding:
    """Progress fits the state where it is present. Only samples have it: 0 waiting, 30 running, 100 at the end."""
    described = descriptions(evidence)
    if not described:
        return NOT_DESCRIBED
    wrong, seen = Deviations(), Counter[str]()
    for response, job in described:
        text, state = raw.text(job.progress), raw.text(job.state)
        if not text:
            continue
        seen[f"{state} {text}"] += 1
        progress = raw.number(text)
        fits = progress is not None and (
            progress == 100
            if state == JobState.SUCCESS
            else progress == 0
            if state in WAITING_STATES
            else progress <= 100
        )
        if not fits:
            wrong.add(response.exchange.seq, f"State {state} with Progress {text}")
    if not seen:
        return untested(
            "no describe returns Progress; only samples of newer pages have it", witness=record_ids(described[0][0])
        )
    expected = "Progress from 0 to 100: 0 of a waiting job, 100 of one that succeeded"
    return wrong.finding(
        expected, holds(", ".join(list(seen)[:4]), witness=record_ids(described[0][0], described[-1][0]))
    )


@check("DES-012", SPEC)
@with_preconditions
def response_to_eleven_ids_is_reported(evidence: Evidence, item: Item) -> Finding:
    """Reports the response to a describe of eleven ids."""
    response = require_response(evidence, SPEC, Label.ELEVEN)
    if response.ok:
        unknown = len(non_exist_ids(response))
        return observed(
            f"{describe_response(response)}: {len(response.jobs)} JobsDetail, {unknown} NonExistJobIds",
            witness=record_ids(response),
        )
    return observed(describe_response(response), witness=record_ids(response))
