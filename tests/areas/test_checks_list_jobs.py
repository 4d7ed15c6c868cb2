"""Checks of the scenario `list`: conforming transcripts hold, legal variations do not deviate, wrong responses do."""

from __future__ import annotations

from functools import cache
from urllib.parse import urlencode

import msgspec
import pytest
from transcripts import (
    CREATED,
    LATER,
    LATEST,
    QUEUE,
    STRANGER,
    Change,
    Transcript,
    job_xml,
    judged,
    refusal,
    response_xml,
)

from ciq_conformance.areas.list_jobs.labels import Label
from ciq_conformance.judge.finding import Kind
from ciq_schemas.transcript.records import Exchange

OWN = tuple(f"j{number:032x}" for number in range(5))
OLD = tuple(f"j{number:032x}" for number in range(100, 108))
"""Jobs that were there before the scenario."""
FOREIGN = "j" + "a" * 32
HELD = "j" + "b" * 32
BETWEEN = "j" + "c" * 32
"""A job that is submitted between two pages."""


def _created(job_id: str) -> str:
    if job_id in OLD:
        return "2026-01-02T03:00:00+0800"
    return LATER if job_id in (OWN[-1], BETWEEN) else CREATED


def _job(job_id: str, state: str = "Success") -> str:
    ended = state == "Success"
    return job_xml(
        job_id,
        state,
        user_data="mine",
        created=_created(job_id),
        started=LATER if ended else "-",
        ended=LATEST if ended else "-",
    )


def _page(ids: tuple[str, ...], state: str = "Success", token: str | None = None) -> str:
    return response_xml(*(_job(job_id, state) for job_id in ids), f"<NextToken>{token}</NextToken>" if token else "")


NEWEST = tuple(reversed(OWN))


@cache
def conforming() -> Transcript:
    """Returns the transcript of the scenario on a target that follows the documents."""
    t = Transcript("list")

    def list_jobs(step: Label, body: str, **parameters: str) -> None:
        nonlocal t
        query = {"tag": "Snapshot", "startCreationTime": CREATED, "endCreationTime": LATEST} | parameters
        t = t.exchange(step, body, target=f"/jobs?{urlencode(query)}", operation="list_jobs")

    for index, job_id in enumerate(OWN):
        step = Label.SUBMIT if index < 4 else Label.SUBMIT_LATER
        t = t.exchange(step, response_xml(_job(job_id, "Submitted")), method="POST", operation="submit_job")
    list_jobs(Label.COUNT, _page((*NEWEST, *OLD), "Submitted"), size="100")
    list_jobs(Label.WINDOW, _page(NEWEST[1:], "Running"), size="100")  # the first list does not contain one yet
    list_jobs(Label.WINDOW, _page(NEWEST, "Running"), size="100")
    list_jobs(Label.ASCENDING, _page(OWN, "Running"), orderByTime="Asc", size="100")
    list_jobs(Label.PAGE_OF_THREE, _page(NEWEST[:3], "Running", token="next"), size="3")
    list_jobs(Label.PAGE_OF_THREE, _page(NEWEST[3:], "Running"), size="3", nextToken="next")
    list_jobs(Label.ASCENDING_BY_THREE, _page(OWN[:3], "Running", token="next"), orderByTime="Asc", size="3")
    list_jobs(Label.ASCENDING_BY_THREE, _page(OWN[3:], "Running"), orderByTime="Asc", size="3", nextToken="next")
    list_jobs(Label.BETWEEN_PAGES, _page(NEWEST[:3], "Running", token="next"), size="3", endCreationTime="")
    t = t.exchange(
        Label.SUBMIT_BETWEEN, response_xml(_job(BETWEEN, "Submitted")), method="POST", operation="submit_job"
    )
    list_jobs(
        Label.LISTED_BETWEEN, _page((BETWEEN, *NEWEST[:2]), "Running", token="page-2"), size="3", endCreationTime=""
    )
    list_jobs(Label.BETWEEN_PAGES, _page(NEWEST[3:], "Running"), size="3", endCreationTime="", nextToken="next")
    list_jobs(Label.DEFAULT, _page((*NEWEST, *OLD)[:10], "Running", token="more"))
    t = t.exchange(Label.NO_TAG, refusal("InvalidArgument"), status=400, target="/jobs?size=100", operation="list_jobs")
    list_jobs(Label.OTHER_TAG, _page(()), tag="Transcode")
    list_jobs(Label.BEFORE_THE_RUN, _page(OLD))
    list_jobs(Label.AFTER_THE_RUN, _page(()))
    list_jobs(Label.START_ALONE, _page(OWN, "Running"), endCreationTime="", orderByTime="Asc")
    list_jobs(Label.START_ALONE_LATER, _page(()), endCreationTime="")
    list_jobs(Label.END_ALONE, _page((*NEWEST, *OLD), "Running"), startCreationTime="")
    list_jobs(Label.END_ALONE_EARLIER, _page(OLD), startCreationTime="")
    list_jobs(Label.OTHER_ZONE, _page(NEWEST, "Running"))
    list_jobs(Label.ZONE_IN_THE_WEST, _page(NEWEST, "Running"))
    list_jobs(Label.OTHER_ZONE_EARLIER, _page(OLD))
    list_jobs(Label.OWN_INPUT, _page(NEWEST, "Running"), inputObject="in.mp4")
    list_jobs(Label.PART_OF_INPUT, _page(()), inputObject="in.mp")
    list_jobs(Label.ONE, _page(NEWEST[:1], "Running", token="next"), size="1")
    list_jobs(Label.SIZE_100, _page(NEWEST, "Running"), size="100")
    list_jobs(Label.SIZE_100_OF_ALL, _page((*NEWEST, *OLD), "Running", token="page-2"), size="100")
    list_jobs(Label.SIZE_100_OF_ALL, _page(()), size="100", nextToken="page-2")  # a token may lead to an empty page
    list_jobs(Label.SIZE_101, _page(NEWEST, "Running"), size="101")
    list_jobs(Label.ALL_STATES, _page(NEWEST, "Running"), states="All")
    list_jobs(Label.EMPTY_VALUES, _page(NEWEST, "Running"), nextToken="", queueId="")
    list_jobs(Label.OWN_QUEUE, _page(NEWEST, "Running"), queueId=QUEUE)
    list_jobs(Label.UNKNOWN_QUEUE, _page(()), queueId=STRANGER)
    t = t.exchange(Label.ENDED, response_xml(*map(_job, OWN)), operation="describe_job")
    list_jobs(Label.SUCCESS, _page(NEWEST), states="Success")
    list_jobs(Label.FAILED_SUCCESS_CANCEL, _page(NEWEST), states="Failed,Success,Cancel")
    list_jobs(Label.SUCCESS_OR_FAILED, _page(NEWEST), states="Success,Failed")
    list_jobs(Label.FAILED_OR_CANCEL, _page(()), states="Failed,Cancel")
    list_jobs(Label.TOGETHER, _page(OWN[:3], token="next"), states="Failed,Success", orderByTime="Asc", queueId=QUEUE)
    list_jobs(
        Label.TOGETHER, _page(OWN[3:]), states="Failed,Success", orderByTime="Asc", queueId=QUEUE, nextToken="next"
    )
    list_jobs(Label.TOGETHER_OTHER_STATES, _page(()), states="Failed,Cancel", queueId=QUEUE)
    list_jobs(Label.TOGETHER_EARLIER, _page(OLD), states="Failed,Success", queueId=QUEUE)
    list_jobs(Label.TOGETHER_OTHER_TAG, _page(()), tag="Transcode", queueId=QUEUE)
    t = t.exchange(Label.SUBMIT_HELD, response_xml(_job(HELD, "Submitted")), method="POST", operation="submit_job")
    t = t.exchange(Label.HELD, response_xml(_job(HELD, "Pause")), operation="describe_job")
    list_jobs(Label.WAITING, _page((HELD,), "Pause"), states="Success,Pause,Submitted")
    list_jobs(Label.OF_ITS_STATE, _page((HELD,), "Pause"), states="Pause")
    list_jobs(Label.NOT_WAITING, _page(()), states="Running,Success,Failed,Cancel")
    t = t.exchange(Label.HELD_STILL, response_xml(_job(HELD, "Pause")), operation="describe_job")
    return t


IDS = tuple(f"LST-{n:03}" for n in (*range(1, 20), 21) if n != 11)


@pytest.mark.parametrize("requirement", IDS)
def test_conforming_transcript_holds(requirement: str) -> None:
    """Each check holds on a conforming transcript and names its witness."""
    finding = judged(requirement, conforming())
    assert finding.kind is Kind.HOLDS, finding
    assert finding.witness


BAD = refusal("InvalidArgument")
DEVIATIONS: dict[str, tuple[str, Change]] = {
    "listed in part": ("LST-001", lambda t: t.status(Label.WINDOW, 206)),
    "one job never listed": ("LST-001", lambda t: t.edited(Label.WINDOW, _job(OWN[0], "Running"), "")),
    "window refused": ("LST-001", lambda t: t.answered(Label.WINDOW, 400, BAD)),
    "other tag in the list": ("LST-002", lambda t: t.edited(Label.WINDOW, "<Tag>Snapshot<", "<Tag>Transcode<")),
    "tag ignored": ("LST-002", lambda t: t.answered(Label.OTHER_TAG, 200, _page(NEWEST))),
    "oldest first by default": ("LST-003", lambda t: t.answered(Label.WINDOW, 200, _page(OWN, "Running"))),
    "newest first with Asc": ("LST-004", lambda t: t.answered(Label.ASCENDING, 200, _page(NEWEST, "Running"))),
    "default page without token": ("LST-008", lambda t: t.edited(Label.DEFAULT, "<NextToken>more</NextToken>", "")),
    "token works as an offset": (
        "LST-019",
        lambda t: t.edited(
            Label.BETWEEN_PAGES, _job(OWN[1], "Running"), "".join(_job(i, "Running") for i in OWN[2:0:-1])
        ),
    ),
    "western zone parsed as eastern": ("LST-015", lambda t: t.answered(Label.ZONE_IN_THE_WEST, 200, _page(OLD))),
    "size ignored": ("LST-005", lambda t: t.answered(Label.PAGE_OF_THREE, 200, _page(NEWEST, "Running"))),
    "short page": (
        "LST-005",
        lambda t: t.answered(Label.PAGE_OF_THREE, 200, _page(NEWEST[:2], "Running", token="next")),
    ),
    "page repeats a job": (
        "LST-006",
        lambda t: t.edited(Label.PAGE_OF_THREE, _job(NEWEST[3], "Running"), _job(NEWEST[2], "Running")),
    ),
    "page skips a job": ("LST-006", lambda t: t.edited(Label.PAGE_OF_THREE, _job(NEWEST[3], "Running"), "")),
    "token returns to an earlier page": (
        "LST-006",
        lambda t: t.edited(
            Label.PAGE_OF_THREE, _job(NEWEST[4], "Running"), f"{_job(NEWEST[4])}<NextToken>next</NextToken>"
        ),
    ),
    "states ignored": ("LST-007", lambda t: t.answered(Label.FAILED_OR_CANCEL, 200, _page(NEWEST))),
    "one of several states omitted": ("LST-007", lambda t: t.edited(Label.SUCCESS_OR_FAILED, _job(OWN[1]), "")),
    "only the last state counts": ("LST-007", lambda t: t.answered(Label.SUCCESS_OR_FAILED, 200, _page(()))),
    "only the first state counts": ("LST-007", lambda t: t.answered(Label.FAILED_SUCCESS_CANCEL, 200, _page(()))),
    "three states refused": ("LST-007", lambda t: t.answered(Label.FAILED_SUCCESS_CANCEL, 400, BAD)),
    "waiting jobs omitted": ("LST-007", lambda t: t.answered(Label.WAITING, 200, _page(()))),
    "waiting jobs not found by their state": ("LST-007", lambda t: t.answered(Label.OF_ITS_STATE, 200, _page(()))),
    "waiting jobs in every list": ("LST-007", lambda t: t.answered(Label.NOT_WAITING, 200, _page((HELD,), "Pause"))),
    "waiting jobs listed as running": (
        "LST-007",
        lambda t: t.answered(Label.NOT_WAITING, 200, _page((HELD,), "Running")),
    ),
    "a waiting state refused": ("LST-007", lambda t: t.answered(Label.OF_ITS_STATE, 400, BAD)),
    "explicit Desc is oldest first": ("LST-003", lambda t: t.answered(Label.EMPTY_VALUES, 200, _page(OWN, "Running"))),
    "pages in reverse order": (
        "LST-003",
        lambda t: t.answered(Label.PAGE_OF_THREE, 200, _page(OWN, "Running")),
    ),
    "Asc reversed on the second page": (
        "LST-004",
        lambda t: t.edited(Label.ASCENDING_BY_THREE, _job(OWN[0], "Running"), _job(OWN[4], "Running")),
    ),
    "Asc page repeats a job": (
        "LST-006",
        lambda t: t.edited(Label.ASCENDING_BY_THREE, _job(OWN[3], "Running"), _job(OWN[2], "Running")),
    ),
    "Asc page skips a job": ("LST-006", lambda t: t.edited(Label.ASCENDING_BY_THREE, _job(OWN[3], "Running"), "")),
    "start alone ignored": ("LST-009", lambda t: t.answered(Label.START_ALONE_LATER, 200, _page(NEWEST))),
    "end alone ignored": ("LST-009", lambda t: t.answered(Label.END_ALONE_EARLIER, 200, _page((*NEWEST, *OLD)))),
    "start alone refused": ("LST-009", lambda t: t.answered(Label.START_ALONE, 400, BAD)),
    "end alone lists nothing": ("LST-009", lambda t: t.answered(Label.END_ALONE, 200, _page(()))),
    "all parameters list nothing": ("LST-018", lambda t: t.answered(Label.TOGETHER, 200, _page(()))),
    "all parameters refused": ("LST-018", lambda t: t.answered(Label.TOGETHER, 400, BAD)),
    "all parameters repeat a job": (
        "LST-018",
        lambda t: t.edited(Label.TOGETHER, _job(OWN[3]), _job(OWN[2])),
    ),
    "all parameters ignore Asc": (
        "LST-018",
        lambda t: t.edited(Label.TOGETHER, _job(OWN[0]), _job(OWN[4])),
    ),
    "another state on a page": (
        "LST-018",
        lambda t: t.edited(Label.TOGETHER, "</Response>", f"{_job(FOREIGN, 'Running')}</Response>"),
    ),
    "states ignored with a queue": (
        "LST-018",
        lambda t: t.answered(Label.TOGETHER_OTHER_STATES, 200, _page(NEWEST)),
    ),
    "window ignored with states": ("LST-018", lambda t: t.answered(Label.TOGETHER_EARLIER, 200, _page(NEWEST))),
    "tag ignored with a queue": ("LST-018", lambda t: t.answered(Label.TOGETHER_OTHER_TAG, 200, _page(NEWEST))),
    "no tag accepted": ("LST-017", lambda t: t.answered(Label.NO_TAG, 200, _page(NEWEST))),
    "no tag crashes": ("LST-017", lambda t: t.answered(Label.NO_TAG, 500, refusal("InternalError"))),
    "zone ignored": ("LST-015", lambda t: t.answered(Label.OTHER_ZONE, 200, _page(()))),
    "other zone refused": ("LST-015", lambda t: t.answered(Label.OTHER_ZONE, 400, BAD)),
    "bound without zone refused": ("LST-015", lambda t: t.answered(Label.OTHER_ZONE_EARLIER, 200, _page(NEWEST))),
    "listed without operation": ("LST-021", lambda t: t.edited_everywhere("Operation>", "Other>")),
    "listed without the input element": ("LST-021", lambda t: t.edited_everywhere("Input>", "Source>")),
    "own input not found": ("LST-016", lambda t: t.answered(Label.OWN_INPUT, 200, _page(()))),
    "input compared by prefix": ("LST-016", lambda t: t.answered(Label.PART_OF_INPUT, 200, _page(NEWEST))),
    "default of twenty": ("LST-008", lambda t: t.answered(Label.DEFAULT, 200, _page((*NEWEST, *OLD)))),
    "default of five": ("LST-008", lambda t: t.answered(Label.DEFAULT, 200, _page(NEWEST, token="more"))),
    "end ignored": ("LST-009", lambda t: t.answered(Label.BEFORE_THE_RUN, 200, _page((*NEWEST, *OLD)))),
    "start ignored": ("LST-009", lambda t: t.answered(Label.AFTER_THE_RUN, 200, _page(NEWEST))),
    "size of 100 gives three": ("LST-010", lambda t: t.answered(Label.SIZE_100, 200, _page(NEWEST[:3], token="more"))),
    "size of 1 gives two": ("LST-005", lambda t: t.answered(Label.ONE, 200, _page(NEWEST[:2], "Running"))),
    "short page before the last": (
        "LST-010",
        lambda t: t.edited(
            Label.SIZE_100_OF_ALL, f"{_job(OLD[-1], 'Running')}<NextToken>page-2", "<NextToken>page-2"
        ).exchange(
            Label.SIZE_100_OF_ALL,
            _page(OLD[-1:], "Running"),
            target="/jobs?tag=Snapshot&size=100&nextToken=page-2",
            operation="list_jobs",
        ),
    ),
    "size of 100 refused": ("LST-010", lambda t: t.answered(Label.SIZE_100, 400, BAD)),
    "listed as still running": (
        "LST-012",
        lambda t: t.edited(Label.SUCCESS_OR_FAILED, ">Success</State>", ">Failed</State>"),
    ),
    "listed without user data": (
        "LST-012",
        lambda t: t.edited(Label.SUCCESS_OR_FAILED, "<UserData>mine</UserData>", ""),
    ),
    "listed without input": ("LST-012", lambda t: t.edited(Label.SUCCESS_OR_FAILED, "<Object>in.mp4</Object>", "")),
    "listed in another queue": ("LST-012", lambda t: t.edited(Label.SUCCESS_OR_FAILED, QUEUE, STRANGER)),
    "listed with another creation": ("LST-012", lambda t: t.edited(Label.SUCCESS_OR_FAILED, CREATED, LATEST)),
    "empty token refused": ("LST-013", lambda t: t.answered(Label.EMPTY_VALUES, 400, BAD)),
    "empty token gives an empty page": ("LST-013", lambda t: t.answered(Label.EMPTY_VALUES, 200, _page(()))),
    "own queue empty": ("LST-014", lambda t: t.answered(Label.OWN_QUEUE, 200, _page(()))),
    "queue ignored": ("LST-014", lambda t: t.answered(Label.UNKNOWN_QUEUE, 200, _page(NEWEST))),
}


@pytest.mark.parametrize(("requirement", "change"), DEVIATIONS.values(), ids=DEVIATIONS)
def test_changed_response_deviates(requirement: str, change: Change) -> None:
    """Each changed response makes the check deviate with a witness."""
    finding = judged(requirement, change(conforming()))
    assert finding.kind is Kind.DEVIATES, finding
    assert finding.witness
    assert finding.expected
    assert finding.seen


def with_job_of_others(transcript: Transcript) -> Transcript:
    """Inserts a job of another user into the lists that are not by state."""
    guest = job_xml(FOREIGN, "Running", created=CREATED)
    for step in (
        Label.WINDOW,
        Label.ASCENDING,
        Label.SIZE_100,
        Label.EMPTY_VALUES,
        Label.OWN_QUEUE,
        Label.OTHER_ZONE,
        Label.START_ALONE,
    ):
        transcript = transcript.edited(step, _job(OWN[1], "Running"), _job(OWN[1], "Running") + guest)
    return transcript


LEGAL: dict[str, Change] = {
    "other people's jobs": with_job_of_others,
    "empty token at the end": lambda t: t.edited_everywhere(
        "</JobsDetail></Response>", "</JobsDetail><NextToken/></Response>"
    ),
    "same second in another order": lambda t: t.answered(
        Label.WINDOW, 200, _page((OWN[4], OWN[0], OWN[3], OWN[1], OWN[2]), "Running")
    ),
    "unknown queue refused": lambda t: t.answered(Label.UNKNOWN_QUEUE, 400, refusal("QueueNotFound")),
    "other tag refused": lambda t: t.answered(Label.OTHER_TAG, 400, BAD).answered(Label.TOGETHER_OTHER_TAG, 400, BAD),
    "above a hundred refused": lambda t: t.answered(Label.SIZE_101, 400, BAD),
    "future refused": lambda t: t.answered(Label.AFTER_THE_RUN, 400, BAD).answered(Label.START_ALONE_LATER, 400, BAD),
    "waiting job shows Submitted": lambda t: (
        t.edited(Label.HELD, ">Pause<", ">Submitted<")
        .edited(Label.HELD_STILL, ">Pause<", ">Submitted<")
        .edited(Label.WAITING, ">Pause<", ">Submitted<")
        .answered(Label.OF_ITS_STATE, 200, _page(()))
    ),
    "waiting job turns from Submitted to Pause": lambda t: t.edited(Label.HELD, ">Pause<", ">Submitted<"),
    "closed while paused": lambda t: t.without(
        Label.SUBMIT_HELD, Label.HELD, Label.WAITING, Label.OF_ITS_STATE, Label.NOT_WAITING, Label.HELD_STILL
    ),
    "queue not paused": lambda t: t.edited(Label.HELD_STILL, ">Pause<", ">Running<").answered(
        Label.OF_ITS_STATE, 200, _page(())
    ),
    "request id": lambda t: t.edited_everywhere("<RequestId>", "<TraceId/><RequestId>"),
    "tag inside Operation": lambda t: t.edited_everywhere("<Tag>Snapshot</Tag>", "").edited_everywhere(
        "<Operation>", "<Operation><Tag>Snapshot</Tag>"
    ),
}


@pytest.mark.parametrize("requirement", IDS)
@pytest.mark.parametrize("change", LEGAL.values(), ids=LEGAL)
def test_legal_variation_does_not_deviate(requirement: str, change: Change) -> None:
    """What the documents leave open makes no check deviate."""
    assert judged(requirement, change(conforming())).kind is Kind.HOLDS


def test_job_submitted_between_pages_may_be_lost_with_its_page() -> None:
    """The job is the last one in Asc order: when its page is missing, no other job is."""
    whole = conforming().edited(Label.SUCCESS_OR_FAILED, "<RequestId>", f"{_job(BETWEEN)}<RequestId>")
    whole = whole.edited(Label.ENDED, "<RequestId>", f"{_job(BETWEEN)}<RequestId>")
    assert judged("LST-018", whole).kind is Kind.DEVIATES
    assert BETWEEN in judged("LST-018", whole).seen
    there = whole.edited(Label.TOGETHER, _job(OWN[4]), _job(OWN[4]) + _job(BETWEEN))
    assert judged("LST-018", there).kind is Kind.HOLDS


def test_jobs_behind_the_last_read_page_are_not_judged() -> None:
    """Own jobs behind the last read page are not missing, and their absence does not hold."""
    endless = conforming().edited(Label.TOGETHER, "".join(map(_job, OWN[3:])), "<NextToken>more</NextToken>")
    assert judged("LST-018", endless).kind is Kind.INCONCLUSIVE


def test_page_read_before_the_list_shows_the_new_job_cannot_be_judged() -> None:
    """Until the list shows the new job an offset looks as good as a cursor."""
    late = conforming().edited(Label.LISTED_BETWEEN, _job(BETWEEN, "Running"), "")
    assert judged("LST-019", late).kind is Kind.INCONCLUSIVE


def test_times_in_another_zone_deviate_in_one_check_only() -> None:
    """When CreationTime is hours off the clock the window finds nothing: one check deviates, others are blocked."""
    far = conforming()
    for step in (Label.SUBMIT, Label.SUBMIT_LATER):
        far = far.header(step, "Date", "Fri, 02 Jan 2026 03:04:05 GMT")
    for step in (Label.WINDOW, Label.PAGE_OF_THREE, Label.SUCCESS, Label.SIZE_100, Label.EMPTY_VALUES):
        far = far.answered(step, 200, _page(()))
    finding = judged("LST-001", far)
    assert finding.kind is Kind.DEVIATES
    assert "-8.0 h" in finding.reason
    for requirement in ("LST-005", "LST-006", "LST-007", "LST-010", "LST-013"):
        assert judged(requirement, far).kind is Kind.BLOCKED, requirement


def test_combined_parameters_are_blocked_when_the_states_alone_deviate() -> None:
    """Where the list by states alone, or paging, is wrong, all parameters together are not judged."""
    pages = conforming().edited(Label.ASCENDING_BY_THREE, _job(OWN[3], "Running"), "")
    assert judged("LST-018", pages).kind is Kind.BLOCKED
    exclusive = conforming().answered(Label.SUCCESS_OR_FAILED, 200, _page(()))
    assert judged("LST-018", exclusive).kind is Kind.BLOCKED


def test_order_of_jobs_of_one_second_cannot_be_judged() -> None:
    """When all creation times are equal any order looks right."""
    same = conforming().edited_everywhere(f"<CreationTime>{LATER}", f"<CreationTime>{CREATED}")
    assert judged("LST-003", same).kind is Kind.INCONCLUSIVE
    assert judged("LST-004", same).kind is Kind.INCONCLUSIVE


def test_default_size_cannot_be_judged_with_ten_jobs() -> None:
    """With ten jobs or fewer on the tag the default size does not show."""
    few = conforming().answered(Label.COUNT, 200, _page(NEWEST)).answered(Label.DEFAULT, 200, _page(NEWEST))
    assert judged("LST-008", few).kind is Kind.INCONCLUSIVE


def test_empty_list_cannot_prove_a_filter() -> None:
    """A list that is always empty filters nothing."""
    empty = conforming().answered(Label.WINDOW, 200, _page(()))
    assert judged("LST-009", empty).kind is Kind.BLOCKED
    assert judged("LST-002", empty).kind is Kind.BLOCKED


def test_job_that_ended_between_list_and_describe_does_not_deviate() -> None:
    """Only ended jobs are compared between list and describe."""
    running = conforming().edited(Label.ENDED, ">Success</State>", ">Running</State>")
    assert judged("LST-012", running).kind is Kind.BLOCKED


def test_input_on_a_path_without_that_parameter_is_observed() -> None:
    """The pages of /asr_jobs and /ai_jobs do not document inputObject, so a deviation there is a warning."""
    ignored = conforming().answered(Label.PART_OF_INPUT, 200, _page(NEWEST))
    records = [
        msgspec.structs.replace(record, url=record.url.replace("/jobs?", "/ai_jobs?"))
        if isinstance(record, Exchange)
        else record
        for record in ignored.records
    ]
    assert judged("LST-016", Transcript("list", ignored.feature, tuple(records))).kind is Kind.OBSERVED
    assert judged("LST-016", ignored).kind is Kind.DEVIATES


def test_size_above_100_is_observed() -> None:
    """The finding reports any response to size=101."""
    for t in (conforming(), conforming().answered(Label.SIZE_101, 400, BAD)):
        assert judged("LST-011", t).kind is Kind.OBSERVED


@pytest.mark.parametrize("requirement", [*IDS, "LST-011"])
def test_missing_exchanges_block_the_check(requirement: str) -> None:
    """Without exchanges every check is blocked, with the reason of the scenario."""
    finding = judged(requirement, Transcript("list").event("broken", "no answer at all"))
    assert finding.kind is Kind.BLOCKED
    assert finding.reason == "no answer at all"


@pytest.mark.parametrize("requirement", IDS)
def test_missing_responses_do_not_hold(requirement: str) -> None:
    """A target that never responds to lists passes no check."""
    hanging = conforming()
    for step in Label:
        if hanging.has(step) and not step.startswith("submit"):
            hanging = hanging.answered(step, 0, error="no answer within 30 s")
    assert judged(requirement, hanging).kind not in (Kind.HOLDS, Kind.OBSERVED)


def test_lost_all_states_are_not_blamed_on_the_empty_token() -> None:
    """A target that lists nothing for states=All deviates from LST-007; LST-013 points there."""
    lost = conforming()
    for step in (Label.ALL_STATES, Label.EMPTY_VALUES):
        lost = lost.answered(step, 200, _page(()))
    assert judged("LST-007", lost).kind is Kind.DEVIATES
    finding = judged("LST-013", lost)
    assert finding.kind is Kind.BLOCKED
    assert "states=All" in finding.reason
    assert "LST-007" in finding.reason


@pytest.mark.parametrize("requirement", ["LST-006", "LST-015", "LST-018"])
def test_ignored_time_window_is_named_as_the_cause(requirement: str) -> None:
    """Where lists before and after the run contain own jobs, deviations of other lists point to LST-009."""
    wrong = {
        "LST-006": Label.PAGE_OF_THREE,
        "LST-015": Label.OTHER_ZONE_EARLIER,
        "LST-018": Label.TOGETHER_EARLIER,
    }[requirement]
    body = _page((*NEWEST, *OLD), token="next") if requirement == "LST-006" else _page((*NEWEST, *OLD))
    spoiled = conforming().answered(wrong, 200, body)
    assert judged(requirement, spoiled).kind is Kind.DEVIATES
    for step in (Label.BEFORE_THE_RUN, Label.AFTER_THE_RUN):
        spoiled = spoiled.answered(step, 200, _page((*NEWEST, *OLD)))
    assert judged("LST-009", spoiled).kind is Kind.DEVIATES
    finding = judged(requirement, spoiled)
    assert finding.kind is Kind.BLOCKED
    assert "LST-009" in finding.reason
