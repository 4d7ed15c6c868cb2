"""Checks of the scenario `describe`: conforming transcripts hold, legal variations do not deviate, wrong ones do."""

from __future__ import annotations

from functools import cache

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
    operation_xml,
    refusal,
    response_xml,
    submit_xml,
)

from ciq_conformance.areas.describe.labels import Label
from ciq_conformance.judge.finding import Kind
from ciq_schemas.features import Feature

OWN = tuple(f"j{number:032x}" for number in range(3))
HELD = f"j{3:032x}"
UNKNOWN, OTHER = "j" + "f" * 32, "j" + "e" * 32


def _job(job_id: str, state: str, started: str = "-", ended: str = "-") -> str:
    progress = {"Running": "30", "Success": "100"}.get(state, "0")
    job = job_xml(job_id, state, user_data=f"run {job_id}", started=started, ended=ended)
    return job.replace("<State>", f"<Progress>{progress}</Progress><State>")


@cache
def conforming(feature: Feature = Feature.MEDIA) -> Transcript:
    """Returns the transcript of the scenario on a target that follows the documents."""
    t = Transcript("describe", feature)

    def describe(step: Label, ids: str, *parts: str) -> None:
        nonlocal t
        t = t.exchange(step, response_xml(*parts), target=f"/jobs/{ids}", operation="describe_job")

    for job_id in (HELD, *OWN):
        t = t.exchange(
            Label.SUBMIT if job_id in OWN else Label.SUBMIT_HELD,
            response_xml(_job(job_id, "Submitted")),
            request=submit_xml(operation_xml(user_data=f"run {job_id}")),
            method="POST",
            operation="submit_job",
        )
        if job_id in OWN:
            describe(Label.SINGLE, job_id, _job(job_id, "Submitted"))
        else:
            describe(Label.HELD, job_id, _job(job_id, "Pause"))
    running = [_job(job_id, "Running", LATER) for job_id in OWN]
    ended = [_job(job_id, "Success", LATER, LATEST) for job_id in OWN]
    describe(Label.WATCH, ",".join(OWN), *running)
    describe(Label.UNKNOWN, UNKNOWN, f"<NonExistJobIds>{UNKNOWN}</NonExistJobIds>")
    describe(Label.WILDCARD, f"{OWN[2][:-4]}%25", f"<NonExistJobIds>{OWN[2][:-4]}%</NonExistJobIds>")
    describe(Label.KNOWN, ",".join(OWN), *ended)
    describe(Label.UP_TO_TEN, ",".join(OWN), *ended)
    both = f"<NonExistJobIds>{UNKNOWN}</NonExistJobIds><NonExistJobIds>{OTHER}</NonExistJobIds>"
    describe(Label.KNOWN_AND_UNKNOWN, f"{OWN[0]},{UNKNOWN},{OWN[1]},{OTHER}", *ended[:2], both)
    t = t.exchange(Label.ELEVEN, refusal("InvalidArgument"), status=400, operation="describe_job")
    for job_id, shown in zip(OWN, ended, strict=True):
        describe(Label.ENDED, job_id, shown)
    describe(Label.TOGETHER, ",".join(OWN), *ended[:2], _job(OWN[2], "Running", LATER))  # one second old
    describe(Label.TOGETHER, ",".join(OWN), *ended)
    return t


IDS = tuple(f"DES-{n:03}" for n in (*range(1, 12), 13, 14, 15, 17, 18, 19))


@pytest.mark.parametrize("requirement", IDS)
def test_conforming_transcript_holds(requirement: str) -> None:
    """Each check holds on a conforming transcript and names its witness."""
    finding = judged(requirement, conforming())
    assert finding.kind is Kind.HOLDS, finding
    assert finding.witness


NOT_THERE = f"<NonExistJobIds>{OWN[0]}</NonExistJobIds></Response>"
DEVIATIONS: dict[str, tuple[str, Change]] = {
    "described with 202": ("DES-001", lambda t: t.status(Label.SINGLE, 202)),
    "described with 203 in the end": ("DES-001", lambda t: t.status(Label.ENDED, 203)),
    "not described": ("DES-001", lambda t: t.answered(Label.SINGLE, 200, response_xml(NOT_THERE))),
    "described as another": ("DES-001", lambda t: t.edited(Label.ENDED, OWN[2], OWN[1])),
    "described twice": (
        "DES-001",
        lambda t: t.edited(Label.SINGLE, "</Response>", f"{_job(OWN[0], 'Running')}</Response>"),
    ),
    "gone in the end": ("DES-001", lambda t: t.answered(Label.ENDED, 404, refusal("ResourceNotFound"))),
    "one of three ids described": (
        "DES-002",
        lambda t: t.answered(Label.KNOWN, 200, response_xml(_job(OWN[0], "Success"))),
    ),
    "one id described twice": ("DES-002", lambda t: t.edited(Label.UP_TO_TEN, OWN[2], OWN[1])),
    "pattern matches": ("DES-017", lambda t: t.answered(Label.WILDCARD, 200, response_xml(_job(OWN[2], "Success")))),
    "several refused": ("DES-002", lambda t: t.answered(Label.KNOWN, 400, refusal("InvalidArgument"))),
    "unknown id omitted": (
        "DES-003",
        lambda t: t.edited(Label.KNOWN_AND_UNKNOWN, f"<NonExistJobIds>{OTHER}</NonExistJobIds>", ""),
    ),
    "known id omitted": (
        "DES-003",
        lambda t: t.edited(Label.KNOWN_AND_UNKNOWN, _job(OWN[1], "Success", LATER, LATEST), ""),
    ),
    "unknown described": ("DES-004", lambda t: t.answered(Label.UNKNOWN, 200, response_xml(_job(UNKNOWN, "Failed")))),
    "unknown id gives an empty response": ("DES-004", lambda t: t.answered(Label.UNKNOWN, 200, response_xml())),
    "unknown refused": ("DES-004", lambda t: t.answered(Label.UNKNOWN, 404, refusal("JobNotFound"))),
    "known id reported as unknown": ("DES-005", lambda t: t.edited(Label.ENDED, "</Response>", NOT_THERE)),
    "empty NonExistJobIds": ("DES-018", lambda t: t.edited(Label.ENDED, "</Response>", "<NonExistJobIds/></Response>")),
    "running without start": ("DES-019", lambda t: t.edited(Label.WATCH, f"<StartTime>{LATER}<", "<StartTime>-<")),
    "tag changes": ("DES-006", lambda t: t.edited(Label.WATCH, ">Snapshot<", ">Transcode<")),
    "queue changes": ("DES-006", lambda t: t.edited(Label.WATCH, QUEUE, STRANGER)),
    "created anew": ("DES-006", lambda t: t.edited(Label.ENDED, f"<CreationTime>{CREATED}", f"<CreationTime>{LATER}")),
    "input lost": ("DES-006", lambda t: t.edited(Label.ENDED, "<Input><Object>in.mp4</Object></Input>", "")),
    "queue state as state of a waiting job": ("DES-007", lambda t: t.edited(Label.HELD, ">Pause<", ">Paused<")),
    "waits with an end": ("DES-010", lambda t: t.edited(Label.HELD, "<EndTime>-", f"<EndTime>{LATEST}")),
    "held with a start": ("DES-010", lambda t: t.edited(Label.HELD, "<StartTime>-", f"<StartTime>{LATER}")),
    "waiting job with an unknown code": ("DES-011", lambda t: t.edited(Label.HELD, "<Code>Success<", "<Code>Waiting<")),
    "waits without user data": ("DES-006", lambda t: t.edited(Label.HELD, f"run {HELD}", "")),
    "done while it waits": ("DES-014", lambda t: t.edited(Label.HELD, "<Progress>0<", "<Progress>100<")),
    "never done": ("DES-014", lambda t: t.edited(Label.ENDED, "<Progress>100<", "<Progress>99<")),
    "progress with a sign": ("DES-014", lambda t: t.edited(Label.WATCH, "<Progress>30<", "<Progress>30%<")),
    "runs again among others": (
        "DES-015",
        lambda t: t.edited(Label.TOGETHER, _job(OWN[1], "Success", LATER, LATEST), _job(OWN[1], "Running", LATER)),
    ),
    "another's user data among others": (
        "DES-015",
        lambda t: t.edited(Label.TOGETHER, f"run {OWN[1]}", f"run {OWN[0]}"),
    ),
    "together refused": ("DES-015", lambda t: t.answered(Label.TOGETHER, 400, refusal("InvalidArgument"))),
    "own state": ("DES-007", lambda t: t.edited(Label.WATCH, ">Running<", ">Processing<")),
    "queue state as job state": ("DES-007", lambda t: t.edited(Label.SINGLE, ">Submitted<", ">Paused<")),
    "seconds since 1970": ("DES-008", lambda t: t.edited(Label.ENDED, LATER, "1767294246")),
    "no zone": ("DES-008", lambda t: t.edited(Label.ENDED, f"<EndTime>{LATEST}", "<EndTime>2026-01-02T03:04:07")),
    "creation time unset": ("DES-008", lambda t: t.edited(Label.SINGLE, CREATED, "-")),
    "ends before it starts": ("DES-009", lambda t: t.edited(Label.ENDED, f"<EndTime>{LATEST}", f"<EndTime>{CREATED}")),
    "starts before its creation": (
        "DES-009",
        lambda t: t.edited(Label.WATCH, f"<StartTime>{LATER}", "<StartTime>2026-01-02T03:04:05+0900"),
    ),
    "waits with a start": ("DES-010", lambda t: t.edited(Label.SINGLE, "<StartTime>-", f"<StartTime>{LATER}")),
    "runs with an end": ("DES-010", lambda t: t.edited(Label.WATCH, "<EndTime>-", f"<EndTime>{LATEST}")),
    "ended without an end": ("DES-010", lambda t: t.edited(Label.ENDED, f"<EndTime>{LATEST}", "<EndTime>-")),
    "unknown code": ("DES-011", lambda t: t.edited(Label.WATCH, "<Code>Success<", "<Code>Running<")),
    "colon in the zone": ("DES-013", lambda t: t.edited(Label.ENDED, "+0800", "+08:00")),
    "fractions": ("DES-013", lambda t: t.edited(Label.ENDED, "07+0800", "07.123+0800")),
}


@pytest.mark.parametrize(("requirement", "change"), DEVIATIONS.values(), ids=DEVIATIONS)
def test_changed_response_deviates(requirement: str, change: Change) -> None:
    """Each changed response makes the check deviate with a witness."""
    finding = judged(requirement, change(conforming()))
    assert finding.kind is Kind.DEVIATES, finding
    assert finding.witness
    assert finding.expected
    assert finding.seen


LEGAL: dict[str, Change] = {
    "ids with commas": lambda t: t.edited_everywhere(
        f"{UNKNOWN}</NonExistJobIds><NonExistJobIds>{OTHER}", f"{UNKNOWN},{OTHER}"
    ),
    "ids nested in another order": lambda t: t.edited(
        Label.KNOWN_AND_UNKNOWN,
        f"<NonExistJobIds>{UNKNOWN}</NonExistJobIds><NonExistJobIds>{OTHER}</NonExistJobIds>",
        f"<NonExistJobIds>{OTHER}</NonExistJobIds><NonExistJobIds>{UNKNOWN}</NonExistJobIds>",
    ),
    "unset times empty": lambda t: t.edited_everywhere("Time>-<", "Time><"),
    "waiting jobs show Pause": lambda t: t.edited(Label.SINGLE, ">Submitted<", ">Pause<"),
    "held jobs show Submitted": lambda t: t.edited(Label.HELD, ">Pause<", ">Submitted<"),
    "closed while paused": lambda t: t.without(Label.SUBMIT_HELD, Label.HELD),
    "no code": lambda t: t.edited_everywhere("<Code>Success</Code>", ""),
    "message": lambda t: t.edited_everywhere("<Message/>", "<Message>SUCCESS</Message>"),
    "progress of a running job": lambda t: t.edited(Label.WATCH, "<Progress>30<", "<Progress>99<"),
    "progress of ended jobs only": lambda t: t.edited_everywhere("<Progress>0</Progress>", "").edited_everywhere(
        "<Progress>30</Progress>", ""
    ),
    "tag inside Operation": lambda t: t.edited_everywhere("<Tag>Snapshot</Tag>", "").edited_everywhere(
        "<Operation>", "<Operation><Tag>Snapshot</Tag>"
    ),
    "other zone": lambda t: t.edited_everywhere("2026-01-02T03:04", "2026-01-01T19:04").edited_everywhere(
        "+0800", "+0000"
    ),
    "all in one second": lambda t: t.edited_everywhere(LATEST, CREATED).edited_everywhere(LATER, CREATED),
}


def test_empty_element_is_not_a_known_id_reported_as_unknown() -> None:
    """An empty NonExistJobIds deviates from DES-018 only; beside an unknown id it is no deviation."""
    empty = conforming().edited(Label.ENDED, "</Response>", "<NonExistJobIds/></Response>")
    assert judged("DES-005", empty).kind is Kind.HOLDS
    both = conforming().edited(Label.KNOWN_AND_UNKNOWN, "</Response>", "<NonExistJobIds/></Response>")
    assert judged("DES-018", both).kind is Kind.HOLDS


@pytest.mark.parametrize("requirement", IDS)
@pytest.mark.parametrize("change", LEGAL.values(), ids=LEGAL)
def test_legal_variation_does_not_deviate(requirement: str, change: Change) -> None:
    """What the documents leave open makes no check deviate."""
    assert judged(requirement, change(conforming())).kind is Kind.HOLDS


def test_creation_time_with_fractions_holds() -> None:
    """A creation time with fractions is not after a start time truncated to the second."""
    mixed = conforming().edited_everywhere(f"<CreationTime>{CREATED}", "<CreationTime>2026-01-02T03:04:06.900+0800")
    assert judged("DES-009", mixed).kind is Kind.HOLDS


def test_missing_progress_does_not_deviate() -> None:
    """Only samples of newer pages have Progress."""
    bare = conforming()
    for progress in ("0", "30", "100"):
        bare = bare.edited_everywhere(f"<Progress>{progress}</Progress>", "")
    assert judged("DES-014", bare).kind is Kind.UNTESTED


def test_times_may_be_absent_where_pages_omit_them() -> None:
    """Documents and speech may omit StartTime and EndTime; media may not omit EndTime of an ended job."""
    for feature in (Feature.DOC, Feature.SPEECH, Feature.MEDIA):
        bare = conforming(feature)
        for value in ("-", LATER):
            bare = bare.edited_everywhere(f"<StartTime>{value}</StartTime>", "")
        for value in ("-", LATEST):
            bare = bare.edited_everywhere(f"<EndTime>{value}</EndTime>", "")
        owed = feature is Feature.MEDIA
        assert judged("DES-010", bare).kind is (Kind.DEVIATES if owed else Kind.HOLDS)
        assert judged("DES-009", bare).kind is (Kind.INCONCLUSIVE if owed else Kind.UNTESTED)
        assert judged("DES-008", bare).kind is Kind.HOLDS


def test_refused_unknown_id_is_observed_on_older_features() -> None:
    """Documents and speech have only older pages, which do not describe the response to an unknown id."""
    refused = conforming(Feature.DOC).answered(Label.UNKNOWN, 404, refusal("JobNotFound"))
    assert judged("DES-004", refused).kind is Kind.OBSERVED


def test_failed_job_may_have_any_code() -> None:
    """A Failed job reports its reason in Code."""
    failed = (
        conforming()
        .edited_everywhere("<Code>Success<", "<Code>Broken<")
        .edited_everywhere(">Success</State>", ">Failed</State>")
    )
    failed = (
        failed.without(Label.HELD)
        .edited_everywhere(">Running</State>", ">Failed</State>")
        .edited_everywhere(">Submitted</State>", ">Failed</State>")
    )
    assert judged("DES-011", failed).kind is Kind.BLOCKED
    with_running = conforming().edited(Label.ENDED, "<Code>Success<", "<Code>Broken<")
    assert judged("DES-011", with_running.edited(Label.ENDED, ">Success</State>", ">Failed</State>")).kind is Kind.HOLDS


@pytest.mark.parametrize("requirement", ["DES-002", "DES-003", "DES-015"])
def test_several_ids_are_judged_for_files(requirement: str) -> None:
    """460/83092 documents several ids for files: the checks judge them as for media."""
    t = conforming(Feature.FILE)
    assert judged(requirement, t).kind is Kind.HOLDS
    first_alone = response_xml(_job(OWN[0], "Running"))
    for step in (Label.KNOWN, Label.KNOWN_AND_UNKNOWN, Label.TOGETHER):
        t = t.answered(step, 200, first_alone)
    assert judged(requirement, t).kind is Kind.DEVIATES


def test_refused_pattern_does_not_deviate() -> None:
    """An id with unused letters may be reported as unknown or rejected; no response proves nothing."""
    assert judged("DES-017", conforming().answered(Label.WILDCARD, 400, refusal("InvalidArgument"))).kind is Kind.HOLDS
    assert judged("DES-017", conforming().answered(Label.WILDCARD, 0)).kind is Kind.INCONCLUSIVE


def test_response_to_eleven_ids_is_observed() -> None:
    """The finding reports any response to eleven ids."""
    assert judged("DES-012", conforming()).kind is Kind.OBSERVED
    taken = conforming().answered(Label.ELEVEN, 200, response_xml(_job(OWN[0], "Success")))
    assert judged("DES-012", taken).kind is Kind.OBSERVED


@pytest.mark.parametrize("requirement", [*IDS, "DES-012"])
def test_missing_exchanges_block_the_check(requirement: str) -> None:
    """Without exchanges every check is blocked, with the reason of the scenario."""
    finding = judged(requirement, Transcript("describe").event("broken", "no answer at all"))
    assert finding.kind is Kind.BLOCKED
    assert finding.reason == "no answer at all"


@pytest.mark.parametrize("requirement", IDS)
def test_missing_responses_do_not_hold(requirement: str) -> None:
    """A target that never responds passes no check."""
    hanging = conforming()
    for step in Label:
        if hanging.has(step) and not step.startswith("submit"):
            hanging = hanging.answered(step, 0, error="no answer within 30 s")
    assert judged(requirement, hanging).kind not in (Kind.HOLDS, Kind.OBSERVED)


def test_empty_response_to_unknown_ids_is_observed_on_older_features() -> None:
    """On doc and speech an empty response is observed like a refusal; a made-up job deviates there too."""

    def unknown(body: str, status: int = 200) -> Kind:
        return judged("DES-004", conforming(Feature.DOC).answered(Label.UNKNOWN, status, body)).kind

    assert unknown(response_xml()) is Kind.OBSERVED
    assert unknown(refusal("JobNotFound"), 404) is Kind.OBSERVED
    assert unknown(response_xml(_job(UNKNOWN, "Failed"))) is Kind.DEVIATES
    assert unknown(response_xml(f"<NonExistJobIds>{OTHER}</NonExistJobIds>")) is Kind.DEVIATES


@pytest.mark.parametrize("requirement", ["DES-001", "DES-005"])
def test_job_described_late_by_a_replica_holds(requirement: str) -> None:
    """A job that is missing right after its submit and present in the last response has been described."""
    late = conforming().answered(Label.SINGLE, 200, response_xml(f"<NonExistJobIds>{OWN[0]}</NonExistJobIds>"))
    assert judged(requirement, late).kind is Kind.DEVIATES
    for job_id in OWN:
        shown = response_xml(_job(job_id, "Running"))
        late = late.exchange(Label.SINGLE, shown, target=f"/jobs/{job_id}", operation="describe_job")
    assert judged(requirement, late).kind is Kind.HOLDS
