"""Checks of the scenario `errors`: what holds on the documents' own form, in other legal dress, and what deviates."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import pytest
from transcripts import Change, Transcript, job_xml, judged, operation_xml, refusal, response_xml, submit_xml

from ciq_conformance.areas.errors.labels import BAD_SUBMITS, DOCUMENTED_OPERATIONS, EXPANDED, SIGNATURES, Label
from ciq_conformance.judge.finding import Kind

CODES = {Label.MALFORMED: "InvalidContent", Label.EMPTY: "MissingContent", Label.ENTITY: "InvalidContent"}
CODES[Label.OTHER_DIGEST] = "InvalidContent"
CONTROL = "j" + "c" * 32
MADE = "j" + "d" * 32


def _job(job_id: str, step: str, level: str = "0") -> str:
    return job_xml(job_id, user_data=f"run errors {step}", level=level, output=f"run/{step}/out.jpg")


@cache
def conversation() -> Transcript:
    """The scenario on a service that does as the documents say and checks signatures."""
    t = Transcript("errors")
    for step in BAD_SUBMITS:
        request = "" if step is Label.EMPTY else submit_xml(operation_xml(user_data=f"run errors {step}"))
        t = t.exchange(
            step,
            refusal(CODES.get(step, "InvalidArgument")),
            status=400,
            request=request,
            method="POST",
            operation="submit_job",
        )
    for step, code in ((Label.MALFORMED_UPDATE, "InvalidContent"), (Label.EMPTY_UPDATE, "MissingContent")):
        t = t.exchange(step, refusal(code), status=400, method="PUT", operation="update_queue")
    t = t.exchange(Label.UNKNOWN_PATH, "<html/>", status=404, operation="", headers={"Content-Type": "text/html"})
    t = t.exchange(Label.UNKNOWN_METHOD, "", status=405, method="PATCH", operation="")
    for step in (*SIGNATURES, Label.UNSIGNED_SUBMIT):
        t = t.exchange(step, refusal("AccessDenied"), status=403, operation="")
    t = t.exchange(
        Label.CONTROL,
        response_xml(_job(CONTROL, Label.CONTROL)),
        request=submit_xml(
            operation_xml(user_data=f"run errors {Label.CONTROL}", output=f"run/{Label.CONTROL}/out.jpg")
        ),
        method="POST",
        operation="submit_job",
    )
    t = t.exchange(Label.LIST_AFTER, response_xml(), operation="list_jobs")
    return t.exchange(Label.LIST_AFTER, response_xml(_job(CONTROL, Label.CONTROL)), operation="list_jobs")


IDS = tuple(f"ERR-{n:03}" for n in range(1, 23))


@pytest.mark.parametrize("requirement", IDS)
def test_holds_on_the_documented_conversation(requirement: str) -> None:
    """Each check holds where the service does as the documents say, and shows by which exchange."""
    finding = judged(requirement, conversation())
    assert finding.kind is Kind.HOLDS, finding
    assert finding.witness


TAKEN = response_xml(_job(MADE, Label.ENTITY))
DEVIATIONS: dict[str, tuple[str, Change]] = {
    "error without request id": ("ERR-001", lambda t: t.edited(Label.NO_TAG, "RequestId>", "Id>")),
    "error without code": ("ERR-001", lambda t: t.edited(Label.NO_TAG, "<Code>InvalidArgument</Code>", "")),
    "error without message": ("ERR-001", lambda t: t.edited(Label.EMPTY, "<Message>refused</Message>", "")),
    "error in a Response": ("ERR-001", lambda t: t.edited(Label.NO_TAG, "Error>", "Response>")),
    "error without body": ("ERR-001", lambda t: t.answered(Label.UNSIGNED, 403)),
    "error in json": ("ERR-001", lambda t: t.header(Label.NO_TAG, "content-type", "application/json")),
    "error without trace": ("ERR-019", lambda t: t.edited(Label.NO_TAG, "<TraceId>T</TraceId>", "")),
    "malformed update taken": ("ERR-002", lambda t: t.answered(Label.MALFORMED_UPDATE, 200)),
    "empty update taken": ("ERR-004", lambda t: t.answered(Label.EMPTY_UPDATE, 200)),
    "empty update, other code": (
        "ERR-005",
        lambda t: t.edited(Label.EMPTY_UPDATE, "MissingContent", "InvalidArgument"),
    ),
    "malformed taken": ("ERR-002", lambda t: t.answered(Label.MALFORMED, 200, TAKEN)),
    "malformed crashes": ("ERR-002", lambda t: t.answered(Label.MALFORMED, 500, refusal("InternalError"))),
    "malformed, other code": ("ERR-003", lambda t: t.edited(Label.MALFORMED, "InvalidContent", "InvalidArgument")),
    "empty taken": ("ERR-004", lambda t: t.answered(Label.EMPTY, 200, TAKEN)),
    "empty, other code": ("ERR-005", lambda t: t.edited(Label.EMPTY, "MissingContent", "InvalidContent")),
    "no input taken": ("ERR-006", lambda t: t.answered(Label.NO_INPUT, 200, TAKEN)),
    "no operation, 404": ("ERR-006", lambda t: t.answered(Label.NO_OPERATION, 404, refusal("InvalidArgument"))),
    "unknown tag taken": ("ERR-007", lambda t: t.answered(Label.UNKNOWN_TAG, 200, TAKEN)),
    "empty input taken": ("ERR-006", lambda t: t.answered(Label.EMPTY_INPUT, 200, TAKEN)),
    "output to no bucket taken": ("ERR-006", lambda t: t.answered(Label.NO_OUTPUT_BUCKET, 200, TAKEN)),
    "other callback format taken": ("ERR-020", lambda t: t.answered(Label.BAD_CALLBACK_FORMAT, 200, TAKEN)),
    "message queue without name taken": ("ERR-020", lambda t: t.answered(Label.NO_MESSAGE_QUEUE, 200, TAKEN)),
    "digest not looked at": ("ERR-021", lambda t: t.answered(Label.OTHER_DIGEST, 200, TAKEN)),
    "other digest, other code": ("ERR-021", lambda t: t.edited(Label.OTHER_DIGEST, "InvalidContent", "AccessDenied")),
    "tag of media taken": ("ERR-022", lambda t: t.answered(Label.FOREIGN_TAG, 200, TAKEN)),
    "long user data taken": ("ERR-015", lambda t: t.answered(Label.LONG_USER_DATA, 200, TAKEN)),
    "long watermark taken": ("ERR-016", lambda t: t.answered(Label.LONG_WATERMARK, 200, TAKEN)),
    "four watermarks crash": ("ERR-017", lambda t: t.answered(Label.FOUR_WATERMARKS, 500, refusal("InternalError"))),
    "no source taken": ("ERR-018", lambda t: t.answered(Label.NO_SOURCE, 200, TAKEN)),
    "unknown queue taken": ("ERR-008", lambda t: t.answered(Label.UNKNOWN_QUEUE, 200, TAKEN)),
    "crash": ("ERR-009", lambda t: t.answered(Label.MALFORMED_UPDATE, 500, refusal("InternalError"))),
    "crash on a method that is known": ("ERR-009", lambda t: t.answered(Label.EMPTY_UPDATE, 501)),
    "hangs": ("ERR-009", lambda t: t.answered(Label.UNKNOWN_PATH, 0, error="no answer within 30 s")),
    "entity expanded": (
        "ERR-010",
        lambda t: t.answered(Label.ENTITY, 200, TAKEN.replace(f"run errors {Label.ENTITY}", EXPANDED)),
    ),
    "entity expanded later": (
        "ERR-010",
        lambda t: t.answered(Label.ENTITY, 200, TAKEN).edited(
            Label.LIST_AFTER, f"run errors {Label.CONTROL}", EXPANDED
        ),
    ),
    "unsigned taken": ("ERR-011", lambda t: t.answered(Label.UNSIGNED, 200)),
    "unsigned submit taken": ("ERR-011", lambda t: t.answered(Label.UNSIGNED_SUBMIT, 200, TAKEN)),
    "wrong signature taken": ("ERR-012", lambda t: t.answered(Label.WRONG_SIGNATURE, 200)),
    "wrong signature, 400": ("ERR-012", lambda t: t.answered(Label.WRONG_SIGNATURE, 400)),
    "expired signature taken": ("ERR-013", lambda t: t.answered(Label.EXPIRED_SIGNATURE, 200)),
    "error of its own in another scenario": (
        "ERR-001",
        lambda t: Transcript(
            "errors",
            records=(*t.records, *replace(t, scenario="update").exchange("bad-state", "no", status=400).records[-1:]),
        ),
    ),
    "refused, yet a job of its output": (
        "ERR-014",
        lambda t: t.edited(
            Label.LIST_AFTER, "<JobsDetail>", f"{job_xml(MADE, output=f'run/{Label.NO_TAG}/out.jpg')}<JobsDetail>"
        ),
    ),
    "refused, yet a job of nothing": (
        "ERR-014",
        lambda t: t.edited(Label.LIST_AFTER, "<JobsDetail>", f"{job_xml(MADE, output='')}<JobsDetail>"),
    ),
    "unsigned and refused, yet a job": (
        "ERR-014",
        lambda t: t.edited(Label.LIST_AFTER, "<JobsDetail>", f"{_job(MADE, Label.UNSIGNED_SUBMIT)}<JobsDetail>"),
    ),
    "refused, yet a job": (
        "ERR-014",
        lambda t: t.edited(Label.LIST_AFTER, "<JobsDetail>", f"{_job(MADE, Label.MALFORMED)}<JobsDetail>"),
    ),
}


@pytest.mark.parametrize(("requirement", "change"), DEVIATIONS.values(), ids=DEVIATIONS)
def test_deviation_is_seen(requirement: str, change: Change) -> None:
    """One changed answer turns the check, which shows a record."""
    finding = judged(requirement, change(conversation()))
    assert finding.kind is Kind.DEVIATES, finding
    assert finding.witness
    assert finding.expected
    assert finding.seen


LEGAL: dict[str, Change] = {
    "charset": lambda t: t.header(Label.NO_TAG, "content-type", "application/xml;charset=utf-8"),
    "resource": lambda t: t.edited_everywhere("<Message>", "<Resource>/jobs</Resource><Message>"),
    "empty message": lambda t: t.edited_everywhere("<Message>refused</Message>", "<Message/>"),
    "method not implemented": lambda t: t.answered(Label.UNKNOWN_METHOD, 501),
    "level taken": lambda t: t.answered(Label.BAD_LEVEL, 200, response_xml(_job(MADE, Label.BAD_LEVEL, "0"))),
    "entity taken, not expanded": lambda t: t.answered(Label.ENTITY, 200, TAKEN),
}


@pytest.mark.parametrize("requirement", IDS)
@pytest.mark.parametrize("change", LEGAL.values(), ids=LEGAL)
def test_legal_dress_is_no_deviation(requirement: str, change: Change) -> None:
    """What the documents leave open turns no check."""
    assert judged(requirement, change(conversation())).kind is Kind.HOLDS


def test_an_error_without_trace_is_of_the_documented_form() -> None:
    """TraceId has a requirement of its own: its lack does not break the form as well."""
    untraced = conversation().edited_everywhere("<TraceId>T</TraceId>", "")
    assert judged("ERR-001", untraced).kind is Kind.HOLDS
    assert judged("ERR-019", untraced).kind is Kind.DEVIATES


def test_taken_bad_submit_may_make_its_job() -> None:
    """A job of a submit that was accepted is no job of a refused one."""
    lax = conversation().answered(Label.UNKNOWN_TAG, 200, response_xml(_job(MADE, Label.UNKNOWN_TAG)))
    lax = lax.edited(Label.LIST_AFTER, "<JobsDetail>", f"{_job(MADE, Label.UNKNOWN_TAG)}<JobsDetail>")
    assert judged("ERR-014", lax).kind is Kind.HOLDS


def test_jobs_of_others_are_not_jobs_of_rejected_submits() -> None:
    """Another's job on the same input, and ours of accepted submits, are none of a refused one."""
    theirs = job_xml(MADE, output="theirs/out.jpg")
    busy = conversation().edited(Label.LIST_AFTER, "<JobsDetail>", f"{theirs}<JobsDetail>")
    assert judged("ERR-014", busy).kind is Kind.HOLDS
    bare = job_xml(MADE, output="", source="theirs.mp4")
    assert judged("ERR-014", conversation().edited(Label.LIST_AFTER, "<JobsDetail>", f"{bare}<JobsDetail>")).kind is (
        Kind.HOLDS
    )


def test_bare_jobs_tell_nothing_where_lists_show_no_output() -> None:
    """A list that shows no Output of the good job either does not make a job without Output suspicious."""
    plain = conversation().edited(Label.LIST_AFTER, f"<Object>run/{Label.CONTROL}/out.jpg</Object>", "<Object/>")
    plain = plain.edited(Label.LIST_AFTER, "<JobsDetail>", f"{job_xml(MADE, output='')}<JobsDetail>")
    assert judged("ERR-014", plain).kind is Kind.HOLDS


def test_list_without_the_good_job_proves_nothing() -> None:
    """A list that does not even hold the good job cannot show that there is no other."""
    assert judged("ERR-014", conversation().edited(Label.LIST_AFTER, CONTROL, MADE)).kind is Kind.CANNOT_TELL


def test_no_refusal_shows_no_form() -> None:
    """When nothing is refused the form of errors is unknown."""
    lax = conversation()
    for step in DOCUMENTED_OPERATIONS:
        lax = lax.answered(step, 200, TAKEN)
    assert judged("ERR-001", lax).kind is Kind.CANNOT_TELL
    assert judged("ERR-014", lax).kind is Kind.CANNOT_TELL


def test_signatures_are_absent_without_keys() -> None:
    """A profile without keys puts no question about signatures."""
    unsigned = conversation().without(*SIGNATURES)
    for requirement in ("ERR-011", "ERR-012", "ERR-013"):
        assert judged(requirement, unsigned).kind is Kind.ABSENT


def test_level_out_of_range_is_a_note() -> None:
    """What JobLevel 7 is answered is told, whatever it is."""
    assert "400" in judged("SUB-016", conversation()).seen
    taken = conversation().answered(Label.BAD_LEVEL, 200, response_xml(_job(MADE, Label.BAD_LEVEL, "2")))
    finding = judged("SUB-016", taken)
    assert finding.kind is Kind.OBSERVED
    assert "JobLevel 2" in finding.seen


@pytest.mark.parametrize("requirement", [*IDS, "SUB-016"])
def test_nothing_holds_by_absence(requirement: str) -> None:
    """Without a conversation every check is blocked, with the scenario's own reason."""
    finding = judged(requirement, Transcript("errors").event("broken", "no answer at all"))
    assert finding.kind is Kind.BLOCKED
