"""Checks of the scenario `errors`: conforming transcripts hold, legal variations do not deviate, wrong responses do."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import pytest
from transcripts import (
    STRANGER,
    Change,
    Transcript,
    job_xml,
    judged,
    operation_xml,
    paged,
    queue_xml,
    refusal,
    response_xml,
    submit_xml,
)

from ciq_conformance.areas.errors.labels import (
    BAD_SUBMITS,
    DOCUMENTED_OPERATIONS,
    EXPANDED,
    FOREIGN_SIGNATURES,
    SIGNATURES,
    Label,
)
from ciq_conformance.judge.finding import Kind
from ciq_conformance.judge.registry import Item, check_of
from ciq_schemas.features import FEATURES, Feature
from ciq_schemas.requirement import Capability, load_registry

SIGNED = ("ERR-011", "ERR-012", "ERR-013", "ERR-024", "ERR-025", "ERR-026")
CODES = {Label.MALFORMED: "InvalidContent", Label.EMPTY: "MissingContent", Label.ENTITY: "InvalidContent"}
CODES[Label.OTHER_DIGEST] = "InvalidContent"
CONTROL = "j" + "c" * 32
MADE = "j" + "d" * 32


def _job(job_id: str, step: str, level: str = "0") -> str:
    return job_xml(job_id, user_data=f"run errors {step}", level=level, output=f"run/{step}/out.jpg")


@cache
def conforming() -> Transcript:
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
    t = t.exchange(Label.QUEUES_BEFORE, paged(queue_xml()))
    t = t.exchange(Label.CREATE_QUEUE, refusal("MethodNotAllowed"), status=405, method="POST", operation="")
    t = t.exchange(Label.QUEUES_AFTER, paged(queue_xml()))
    for step in (*SIGNATURES, *FOREIGN_SIGNATURES, Label.UNSIGNED_SUBMIT):
        t = t.exchange(step, refusal("AccessDenied"), status=403, operation="")
    t = t.exchange(Label.SIGNED_URL, paged(queue_xml()), operation="")
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
    t = t.exchange(Label.LIST_AFTER, response_xml(_job(CONTROL, Label.CONTROL)), operation="list_jobs")
    return t.exchange(Label.QUEUES_AFTER, paged(queue_xml()))


IDS = (*(f"ERR-{n:03}" for n in range(1, 27)), "ONE-013")


@pytest.mark.parametrize("requirement", IDS)
def test_conforming_transcript_holds(requirement: str) -> None:
    """Each check holds on a conforming transcript and names its witness."""
    finding = judged(requirement, conforming())
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
    "digest ignored": ("ERR-021", lambda t: t.answered(Label.OTHER_DIGEST, 200, TAKEN)),
    "tag of media taken": ("ERR-022", lambda t: t.answered(Label.FOREIGN_TAG, 200, TAKEN)),
    "long user data taken": ("ERR-015", lambda t: t.answered(Label.LONG_USER_DATA, 200, TAKEN)),
    "long watermark taken": ("ERR-016", lambda t: t.answered(Label.LONG_WATERMARK, 200, TAKEN)),
    "four watermarks crash": ("ERR-017", lambda t: t.answered(Label.FOUR_WATERMARKS, 500, refusal("InternalError"))),
    "no source taken": ("ERR-018", lambda t: t.answered(Label.NO_SOURCE, 200, TAKEN)),
    "unknown queue taken": ("ERR-008", lambda t: t.answered(Label.UNKNOWN_QUEUE, 200, TAKEN)),
    "crash": ("ERR-009", lambda t: t.answered(Label.MALFORMED_UPDATE, 500, refusal("InternalError"))),
    "known method crashes": ("ERR-009", lambda t: t.answered(Label.EMPTY_UPDATE, 501)),
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
    "wrong root taken": ("ERR-023", lambda t: t.answered(Label.WRONG_ROOT, 200, TAKEN)),
    "unknown key taken": ("ERR-024", lambda t: t.answered(Label.UNKNOWN_KEY, 200)),
    "signature of another method taken": ("ERR-025", lambda t: t.answered(Label.OTHER_METHOD, 200)),
    "signature of another path taken": ("ERR-025", lambda t: t.answered(Label.OTHER_PATH, 200)),
    "signed url refused": ("ERR-026", lambda t: t.answered(Label.SIGNED_URL, 401, refusal("MissingAuthorization"))),
    "queue created": (
        "ONE-013",
        lambda t: t.answered(Label.QUEUES_AFTER, 200, paged(queue_xml(), queue_xml(STRANGER))),
    ),
    "unknown error form in another scenario": (
        "ERR-001",
        lambda t: Transcript(
            "errors",
            records=(*t.records, *replace(t, scenario="update").exchange("bad-state", "no", status=400).records[-1:]),
        ),
    ),
    "refused, but a job with its output exists": (
        "ERR-014",
        lambda t: t.edited(
            Label.LIST_AFTER, "<JobsDetail>", f"{job_xml(MADE, output=f'run/{Label.NO_TAG}/out.jpg')}<JobsDetail>"
        ),
    ),
    "refused, but a job without input exists": (
        "ERR-014",
        lambda t: t.edited(Label.LIST_AFTER, "<JobsDetail>", f"{job_xml(MADE, output='')}<JobsDetail>"),
    ),
    "unsigned and refused, but a job exists": (
        "ERR-014",
        lambda t: t.edited(Label.LIST_AFTER, "<JobsDetail>", f"{_job(MADE, Label.UNSIGNED_SUBMIT)}<JobsDetail>"),
    ),
    "refused, but a job exists": (
        "ERR-014",
        lambda t: t.edited(Label.LIST_AFTER, "<JobsDetail>", f"{_job(MADE, Label.MALFORMED)}<JobsDetail>"),
    ),
}


@pytest.mark.parametrize(("requirement", "change"), DEVIATIONS.values(), ids=DEVIATIONS)
def test_changed_response_deviates(requirement: str, change: Change) -> None:
    """Each changed response makes the check deviate with a witness."""
    finding = judged(requirement, change(conforming()))
    assert finding.kind is Kind.DEVIATES, finding
    assert finding.witness
    assert finding.expected
    assert finding.seen


def test_digest_rejected_with_another_code_is_observed() -> None:
    """The target must reject the body; the documented status and code are a matter of a warning."""
    assert judged("ERR-021", conforming()).kind is Kind.HOLDS
    other = conforming().edited(Label.OTHER_DIGEST, "InvalidContent", "AccessDenied")
    assert judged("ERR-021", other).kind is Kind.OBSERVED


LEGAL: dict[str, Change] = {
    "charset": lambda t: t.header(Label.NO_TAG, "content-type", "application/xml;charset=utf-8"),
    "resource": lambda t: t.edited_everywhere("<Message>", "<Resource>/jobs</Resource><Message>"),
    "empty message": lambda t: t.edited_everywhere("<Message>refused</Message>", "<Message/>"),
    "post accepted": lambda t: t.answered(Label.CREATE_QUEUE, 200, response_xml()),
    "method not implemented": lambda t: t.answered(Label.UNKNOWN_METHOD, 501),
    "level taken": lambda t: t.answered(Label.BAD_LEVEL, 200, response_xml(_job(MADE, Label.BAD_LEVEL, "0"))),
    "entity taken, not expanded": lambda t: t.answered(Label.ENTITY, 200, TAKEN),
}


@pytest.mark.parametrize("requirement", IDS)
@pytest.mark.parametrize("change", LEGAL.values(), ids=LEGAL)
def test_legal_variation_does_not_deviate(requirement: str, change: Change) -> None:
    """What the documents leave open makes no check deviate."""
    assert judged(requirement, change(conforming())).kind is Kind.HOLDS


def test_error_without_trace_id_has_the_documented_form() -> None:
    """TraceId has a requirement of its own: its absence does not break the form as well."""
    untraced = conforming().edited_everywhere("<TraceId>T</TraceId>", "")
    assert judged("ERR-001", untraced).kind is Kind.HOLDS
    assert judged("ERR-019", untraced).kind is Kind.DEVIATES


def test_accepted_bad_submit_may_create_its_job() -> None:
    """A job of an accepted submit is not a job of a rejected one."""
    lax = conforming().answered(Label.UNKNOWN_TAG, 200, response_xml(_job(MADE, Label.UNKNOWN_TAG)))
    lax = lax.edited(Label.LIST_AFTER, "<JobsDetail>", f"{_job(MADE, Label.UNKNOWN_TAG)}<JobsDetail>")
    assert judged("ERR-014", lax).kind is Kind.HOLDS


def test_jobs_of_others_are_not_jobs_of_rejected_submits() -> None:
    """Another's job on the same input, and ours of accepted submits, are none of a refused one."""
    theirs = job_xml(MADE, output="theirs/out.jpg")
    busy = conforming().edited(Label.LIST_AFTER, "<JobsDetail>", f"{theirs}<JobsDetail>")
    assert judged("ERR-014", busy).kind is Kind.HOLDS
    bare = job_xml(MADE, output="", source="theirs.mp4")
    assert judged("ERR-014", conforming().edited(Label.LIST_AFTER, "<JobsDetail>", f"{bare}<JobsDetail>")).kind is (
        Kind.HOLDS
    )


def test_jobs_without_output_do_not_deviate_where_lists_omit_output() -> None:
    """When the list omits Output of the good job too, a job without Output is not suspicious."""
    plain = conforming().edited(Label.LIST_AFTER, f"<Object>run/{Label.CONTROL}/out.jpg</Object>", "<Object/>")
    plain = plain.edited(Label.LIST_AFTER, "<JobsDetail>", f"{job_xml(MADE, output='')}<JobsDetail>")
    assert judged("ERR-014", plain).kind is Kind.HOLDS


def test_list_without_the_good_job_cannot_be_judged() -> None:
    """A list without the good job cannot show that no other job exists."""
    assert judged("ERR-014", conforming().edited(Label.LIST_AFTER, CONTROL, MADE)).kind is Kind.INCONCLUSIVE


def test_form_of_errors_is_unknown_without_a_refusal() -> None:
    """When the target rejects nothing the form of errors is unknown."""
    lax = conforming()
    for step in DOCUMENTED_OPERATIONS:
        lax = lax.answered(step, 200, TAKEN)
    assert judged("ERR-001", lax).kind is Kind.INCONCLUSIVE
    assert judged("ERR-014", lax).kind is Kind.INCONCLUSIVE


def test_signature_checks_are_untested_without_keys() -> None:
    """Without keys in the profile the suite sends no wrong signatures; a declared absence is not implemented."""
    unsigned = conforming().without(*SIGNATURES, *FOREIGN_SIGNATURES, Label.SIGNED_URL)
    for requirement in SIGNED:
        assert judged(requirement, unsigned).kind is Kind.UNTESTED
        declared = replace(unsigned.evidence(), declared={Capability.SIGNATURE: False})
        check, known = check_of(requirement), load_registry().get(requirement)
        assert check is not None
        assert check(declared, Item(requirement=known, feature=FEATURES[Feature.MEDIA])).kind is Kind.ABSENT


def test_foreign_signatures_are_not_judged_where_unsigned_requests_are_accepted() -> None:
    """A target that accepts unsigned requests verifies nothing; the finding points to ERR-011."""
    lax = conforming().answered(Label.UNSIGNED, 200, paged(queue_xml()))
    lax = lax.without(*FOREIGN_SIGNATURES, Label.SIGNED_URL)
    for requirement in SIGNED[3:]:
        finding = judged(requirement, lax)
        assert finding.kind is Kind.BLOCKED
        assert "ERR-011" in finding.reason
        careless = judged(requirement, conforming().answered(Label.WRONG_SIGNATURE, 200, paged(queue_xml())))
        assert careless.kind is Kind.BLOCKED
        assert "ERR-012" in careless.reason


def test_queues_after_a_post_are_unknown_without_a_list() -> None:
    """Without an accepted queue list after the POST the check is blocked; empty lists prove nothing."""
    assert judged("ONE-013", conforming().answered(Label.QUEUES_AFTER, 500)).kind is Kind.BLOCKED
    assert judged("ONE-013", conforming().answered(Label.QUEUES_AFTER, 200, paged())).kind is Kind.INCONCLUSIVE
    assert judged("ONE-013", conforming().answered(Label.QUEUES_BEFORE, 200, paged())).kind is Kind.BLOCKED


def test_level_out_of_range_is_observed() -> None:
    """The finding reports any response to JobLevel 7."""
    assert "400" in judged("SUB-016", conforming()).seen
    taken = conforming().answered(Label.BAD_LEVEL, 200, response_xml(_job(MADE, Label.BAD_LEVEL, "2")))
    finding = judged("SUB-016", taken)
    assert finding.kind is Kind.OBSERVED
    assert "JobLevel 2" in finding.seen


@pytest.mark.parametrize("requirement", [*IDS, "SUB-016"])
def test_missing_exchanges_block_the_check(requirement: str) -> None:
    """Without exchanges every check is blocked, with the reason of the scenario."""
    finding = judged(requirement, Transcript("errors").event("broken", "no answer at all"))
    assert finding.kind is Kind.BLOCKED
