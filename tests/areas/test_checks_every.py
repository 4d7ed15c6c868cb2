"""Tests of the checks over all exchanges (common headers, order of job states) and of reading times."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from transcripts import CREATED, Change, Transcript, job_xml, judged, paged, queue_xml, refusal, response_xml

from ciq_conformance.judge.finding import Kind
from ciq_schemas import times
from ciq_schemas.features import Feature
from ciq_schemas.transcript import raw

JOB = "j" + "1" * 32


def _seen(*states: str) -> Transcript:
    t = Transcript("submit")
    for state in states:
        t = t.exchange("watch", response_xml(job_xml(JOB, state)), operation="describe_job")
    return t


def conforming() -> Transcript:
    """Returns a submit, three describes, a list, an empty response and a refusal."""
    t = Transcript("submit").exchange("list", paged(queue_xml()))
    t = t.exchange("plain", response_xml(job_xml(JOB)), method="POST", operation="submit_job")
    for state in ("Submitted", "Running", "Success"):
        t = t.exchange("watch", response_xml(job_xml(JOB, state)), operation="describe_job")
    t = t.exchange("cancel", "", method="PUT", operation="cancel_job", headers={"Content-Type": "text/plain"})
    return t.exchange("bad", refusal("InvalidArgument"), status=400)


IDS = ("HDR-001", "HDR-002", "HDR-004", "HDR-005", "HDR-006", "LIF-001")


@pytest.mark.parametrize("requirement", IDS)
def test_conforming_transcript_holds(requirement: str) -> None:
    """Each check holds on a conforming transcript; a response without body needs no type."""
    finding = judged(requirement, conforming())
    assert finding.kind is Kind.HOLDS, finding
    assert finding.seen


DEVIATIONS: dict[str, tuple[str, Change]] = {
    "text/xml": ("HDR-001", lambda t: t.header("watch", "content-type", "text/xml")),
    "no type": ("HDR-001", lambda t: t.header("bad", "content-type", None)),
    "no id": ("HDR-002", lambda t: t.header("bad", "x-ci-request-id", None)),
    "one id in two bodies": ("HDR-006", lambda t: t.edited_everywhere("<RequestId>REQ-1<", "<RequestId>REQ-2<")),
    "one request id for all": ("HDR-006", lambda t: t.header("watch", "x-ci-request-id", "the-same")),
    "trace id in a good response": ("HDR-005", lambda t: t.header("plain", "x-ci-trace-id", "T")),
    "date of another kind": ("HDR-004", lambda t: t.header("list", "date", CREATED)),
    "date of another zone": ("HDR-004", lambda t: t.header("list", "date", "Fri, 02 Jan 2026 03:04:05 +0800")),
    "impossible date": ("HDR-004", lambda t: t.header("list", "date", "Fri, 32 Jan 2026 03:04:05 GMT")),
}


@pytest.mark.parametrize(("requirement", "change"), DEVIATIONS.values(), ids=DEVIATIONS)
def test_changed_response_deviates(requirement: str, change: Change) -> None:
    """Each changed response makes the check deviate with a witness."""
    finding = judged(requirement, change(conforming()))
    assert finding.kind is Kind.DEVIATES, finding
    assert finding.witness


LEGAL: dict[str, Change] = {
    "letters": lambda t: t.header("watch", "CONTENT-TYPE", "APPLICATION/XML"),
    "charset": lambda t: t.header("watch", "content-type", 'application/xml; charset="utf-8"'),
    "headers of a front server": lambda t: t.exchange(
        "unknown-path",
        "<html/>",
        status=404,
        operation="",
        headers={"Content-Type": "text/html", "x-ci-request-id": ""},
    ),
    "no answer": lambda t: t.exchange("late", status=0),
}


@pytest.mark.parametrize("requirement", IDS)
@pytest.mark.parametrize("change", LEGAL.values(), ids=LEGAL)
def test_legal_variation_does_not_deviate(requirement: str, change: Change) -> None:
    """What the documents leave open makes no check deviate."""
    assert judged(requirement, change(conforming())).kind is Kind.HOLDS


def test_response_without_date_is_observed() -> None:
    """The page calls Date a header that may be used; a Date of another form still deviates."""
    assert judged("HDR-004", conforming().header("list", "date", None)).kind is Kind.OBSERVED
    other = conforming().header("list", "date", None).header("watch", "date", CREATED)
    assert judged("HDR-004", other).kind is Kind.DEVIATES


@pytest.mark.parametrize(
    "states",
    [
        ("Submitted", "Success"),
        ("Submitted", "Pause", "Submitted", "Running", "Failed"),
        ("Pause", "Cancel", "Cancel"),
        ("Running", "Pause", "Running", "Success"),
    ],
)
def test_documented_sequence_of_states_holds(states: tuple[str, ...]) -> None:
    """States in between may go unobserved, and a pause may stop running jobs (1045/43607)."""
    assert judged("LIF-001", _seen(*states)).kind is Kind.HOLDS


@pytest.mark.parametrize(
    "states",
    [
        ("Success", "Running"),
        ("Failed", "Success"),
        ("Cancel", "Submitted"),
        ("Success", "Failed"),
        ("Running", "Cancel"),
    ],
)
def test_state_that_moves_backwards_deviates(states: tuple[str, ...]) -> None:
    """A final state never changes, and a running job is not cancelled. Both observations are the witness."""
    finding = judged("LIF-001", _seen("Submitted", *states))
    assert finding.kind is Kind.DEVIATES
    assert len(finding.witness) == 2


def test_single_state_cannot_be_judged() -> None:
    """A job observed in one state only proves nothing."""
    assert judged("LIF-001", _seen("Success", "Success")).kind is Kind.INCONCLUSIVE


@pytest.mark.parametrize("requirement", IDS)
def test_missing_exchanges_block_the_check(requirement: str) -> None:
    """Without responses the target is not judged."""
    silent = Transcript("submit").exchange("plain", status=0)
    assert judged(requirement, silent).kind in (Kind.BLOCKED, Kind.INCONCLUSIVE)


@pytest.mark.parametrize(
    "text",
    [
        "2026-01-02T03:04:05+0800",
        "2026-01-02T03:04:05+08:00",
        "2026-01-02 03:04:05+0800",
        "2026-01-01T19:04:05Z",
        "2026-01-01T14:04:05-0500",
        " 2026-01-02T03:04:05+08\n",
    ],
)
def test_documented_time_forms_are_parsed(text: str) -> None:
    """Every documented form gives the same moment."""
    assert times.parse(text) == datetime(2026, 1, 1, 19, 4, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "-",
        "2026-01-02T03:04:05",
        "2026-01-02",
        "2026-02-30T03:04:05+0800",
        "2026-01-02T25:04:05+0800",
        "2026-01-02T03:04:05+9900",
        "2026-01-02T03:04:05+0860",
        "2026-01-02T03:04:05 CST",
        "1767294245",
        "٢٠٢٦-01-02T03:04:05+0800",
        "2026-01-02T03:04:05+0800 and more",
    ],
)
def test_invalid_time_is_not_parsed(text: str | None) -> None:
    """A time needs a possible date, a time and a numeric zone."""
    assert times.parse(text) is None


def test_fractions_are_parsed_to_the_microsecond() -> None:
    """Fractions may have a point or a comma."""
    assert times.parse("2026-01-02T03:04:05.1234567Z") == datetime(2026, 1, 2, 3, 4, 5, 123456, tzinfo=UTC)
    assert times.parse("2026-01-02T03:04:05,5+0000") == datetime(2026, 1, 2, 3, 4, 5, 500000, tzinfo=UTC)


def test_only_the_documented_time_form_matches() -> None:
    """Only the form of the pages with a possible time matches."""
    assert times.is_documented_form("2026-01-02T03:04:05+0800")
    for other in ("2026-01-02T03:04:05+08:00", "2026-01-02T03:04:05Z", "2026-02-30T03:04:05+0800", None):
        assert not times.is_documented_form(other)


def test_written_time_is_parsed_back() -> None:
    """The suite writes a bound in the form of the pages, in the zone of the target's times."""
    moment = datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone(timedelta(hours=8)))
    assert times.written(moment) == "2026-01-02T03:04:05+0800"
    assert times.parse(times.written(moment)) == moment


@pytest.mark.parametrize(("value", "unset"), [(None, True), ("", True), (" - ", True), ("0", False), (CREATED, False)])
def test_unset_time_is_recognized(value: str | None, unset: bool) -> None:
    """Absent, empty or a dash."""
    assert times.is_unset(value) is unset


@pytest.mark.parametrize(
    ("value", "number"),
    [("10", 10), (" 7 ", 7), ("+1", None), ("-1", None), ("1.0", None), ("", None), ("²", None), (None, None)],
)
def test_numbers_are_parsed_as_decimal_without_sign(value: str | None, number: int | None) -> None:
    """Only unsigned decimal digits are a number."""
    assert raw.number(value) == number


def test_unsigned_run_names_signing_as_the_reason() -> None:
    """When every request is rejected for a missing signature, no job can be observed in two states."""
    refused = refusal("MissingAuthorization")
    t = Transcript("queues").exchange("list", refused, status=401)
    finding = judged("LIF-001", t)
    assert finding.kind is Kind.INCONCLUSIVE
    assert "CIQ_SECRET_ID" in finding.reason


def test_update_response_without_the_set_values_deviates() -> None:
    """State and Name must be as set, in every scenario; updates that should be rejected do not count."""
    body = "<Request><Name>queue-1</Name><State>Paused</State></Request>"

    def updated(scenario: str, step: str, **shown: str) -> Transcript:
        answer = response_xml(queue_xml(container="Queue", **shown))
        return Transcript(scenario).exchange(step, answer, request=body, method="PUT", operation="update_queue")

    good = updated("cancel", "pause", state="Paused")
    assert judged("UPD-018", good).kind is Kind.HOLDS
    assert judged("UPD-018", updated("cancel", "pause", state="Active")).kind is Kind.DEVIATES
    assert judged("UPD-018", updated("order", "pause", state="Paused", name="q")).kind is Kind.DEVIATES
    assert judged("UPD-018", updated("update", "long-name", state="Active")).kind is Kind.INCONCLUSIVE
    assert judged("UPD-018", good.status("pause", 400)).kind is Kind.INCONCLUSIVE


def test_update_response_may_show_a_concurrent_update() -> None:
    """An update returns the current queue; with two concurrent updates it may show the values of the other."""
    body = "<Request><Name>queue-1</Name><State>%s</State></Request>"
    shown = response_xml(queue_xml(container="Queue", state="Paused"))
    transcript = Transcript("concurrency")
    for step, requested in (("resume", "Active"), ("pause", "Paused")):
        transcript = transcript.exchange(
            step, shown, request=body % requested, method="PUT", operation="update_queue", target="/queue/p1"
        )
    exclusive = transcript.exchange(
        "again", shown, request=body % "Paused", method="PUT", operation="update_queue", target="/queue/p1"
    )
    assert judged("UPD-018", exclusive).kind is Kind.DEVIATES
    beside = exclusive.with_duration("resume", 1.5)
    assert judged("UPD-018", beside).kind is Kind.HOLDS


TEN = tuple(f"s{number:032x}" for number in range(10))


def _described(*shown: str, unknown: str = "", exclusive: bool = True, feature: Feature = Feature.SPEECH) -> Transcript:
    """Ten jobs described one by one (or not), then all at once."""
    t = Transcript("concurrency", feature)
    for job_id in TEN if exclusive else ():
        t = t.exchange("look", response_xml(job_xml(job_id)), target=f"/jobs/{job_id}", operation="describe_job")
    t = t.exchange("wait", paged(queue_xml()))  # a second in which a replica learns of the last one
    all_of_them = response_xml(*map(job_xml, shown), unknown)
    return t.exchange("together", all_of_them, target=f"/jobs/{','.join(TEN)}", operation="describe_job")


def test_omitted_id_of_several_deviates() -> None:
    """Each of ten ids must be described or reported as unknown; omitting the tenth is a deviation."""
    assert judged("DES-016", _described(*TEN)).kind is Kind.HOLDS
    assert (
        judged("DES-016", _described(*TEN[:9], unknown=f"<NonExistJobIds>{TEN[9]}</NonExistJobIds>")).kind is Kind.HOLDS
    )
    passed_over = judged("DES-016", _described(*TEN[:9]))
    assert passed_over.kind is Kind.DEVIATES
    assert TEN[9] in passed_over.seen


def test_ids_never_described_cannot_be_judged() -> None:
    """A replica may not know ids that no response has contained yet."""
    assert judged("DES-016", _described(*TEN[:9], exclusive=False)).kind is Kind.INCONCLUSIVE


def test_recently_described_job_cannot_be_judged() -> None:
    """Another replica may not know a job that was described less than a second before."""
    t = Transcript("concurrency", Feature.SPEECH)
    t = t.exchange("look", response_xml(job_xml(JOB)), target=f"/jobs/{JOB}", operation="describe_job")
    t = t.exchange("together", response_xml(job_xml(TEN[0])), target=f"/jobs/{TEN[0]},{JOB}", operation="describe_job")
    assert judged("DES-016", t).kind is Kind.INCONCLUSIVE


def test_features_with_one_documented_id_need_not_accept_several() -> None:
    """Where pages show one id, text with commas may be one unknown id, or rejected; media must accept several."""
    one_id = _described(unknown=f"<NonExistJobIds>{','.join(TEN)}</NonExistJobIds>")
    assert judged("DES-016", one_id).kind is Kind.UNTESTED
    assert judged("DES-016", one_id.answered("together", 400, refusal("InvalidArgument"))).kind is Kind.UNTESTED
    assert judged("DES-016", _described(feature=Feature.MEDIA)).kind is Kind.INCONCLUSIVE
    assert judged("DES-016", one_id.without("together")).kind is Kind.BLOCKED
