"""Checks over everything exchanged: common headers and the way of job states; and how times are read."""

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


def conversation() -> Transcript:
    """A submit, three looks, a list, an empty answer and a refusal."""
    t = Transcript("submit").exchange("list", paged(queue_xml()))
    t = t.exchange("plain", response_xml(job_xml(JOB)), method="POST", operation="submit_job")
    for state in ("Submitted", "Running", "Success"):
        t = t.exchange("watch", response_xml(job_xml(JOB, state)), operation="describe_job")
    t = t.exchange("cancel", "", method="PUT", operation="cancel_job", headers={"Content-Type": "text/plain"})
    return t.exchange("bad", refusal("InvalidArgument"), status=400)


IDS = ("HDR-001", "HDR-002", "HDR-004", "HDR-005", "LIF-001")


@pytest.mark.parametrize("requirement", IDS)
def test_holds_on_the_documented_conversation(requirement: str) -> None:
    """Each check holds where the service does as the documents say; an answer without body needs no type."""
    finding = judged(requirement, conversation())
    assert finding.kind is Kind.HOLDS, finding
    assert finding.seen


DEVIATIONS: dict[str, tuple[str, Change]] = {
    "text/xml": ("HDR-001", lambda t: t.header("watch", "content-type", "text/xml")),
    "no type": ("HDR-001", lambda t: t.header("bad", "content-type", None)),
    "no id": ("HDR-002", lambda t: t.header("bad", "x-ci-request-id", None)),
    "one id for all": ("HDR-002", lambda t: t.header("watch", "x-ci-request-id", "the-same")),
    "trace of a good answer": ("HDR-005", lambda t: t.header("plain", "x-ci-trace-id", "T")),
    "no date": ("HDR-004", lambda t: t.header("list", "date", None)),
    "date of another kind": ("HDR-004", lambda t: t.header("list", "date", CREATED)),
    "date of another zone": ("HDR-004", lambda t: t.header("list", "date", "Fri, 02 Jan 2026 03:04:05 +0800")),
    "impossible date": ("HDR-004", lambda t: t.header("list", "date", "Fri, 32 Jan 2026 03:04:05 GMT")),
}


@pytest.mark.parametrize(("requirement", "change"), DEVIATIONS.values(), ids=DEVIATIONS)
def test_deviation_is_seen(requirement: str, change: Change) -> None:
    """One changed answer turns the check, which shows a record."""
    finding = judged(requirement, change(conversation()))
    assert finding.kind is Kind.DEVIATES, finding
    assert finding.witness


LEGAL: dict[str, Change] = {
    "letters": lambda t: t.header("watch", "CONTENT-TYPE", "APPLICATION/XML"),
    "charset": lambda t: t.header("watch", "content-type", 'application/xml; charset="utf-8"'),
    "front server": lambda t: t.exchange(
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
def test_legal_dress_is_no_deviation(requirement: str, change: Change) -> None:
    """What the documents leave open turns no check."""
    assert judged(requirement, change(conversation())).kind is Kind.HOLDS


@pytest.mark.parametrize(
    "states",
    [
        ("Submitted", "Success"),
        ("Submitted", "Pause", "Submitted", "Running", "Failed"),
        ("Pause", "Cancel", "Cancel"),
        ("Running", "Pause", "Running", "Success"),
    ],
)
def test_every_documented_way_of_states_holds(states: tuple[str, ...]) -> None:
    """States in between may go unseen, and a pause may stop running jobs (1045/43607)."""
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
def test_states_that_turn_back_are_seen(states: tuple[str, ...]) -> None:
    """An ended state never changes; a running job is not cancelled. Both looks are the witness."""
    finding = judged("LIF-001", _seen("Submitted", *states))
    assert finding.kind is Kind.DEVIATES
    assert len(finding.witness) == 2


def test_one_state_is_no_way() -> None:
    """A job seen in one state only tells nothing."""
    assert judged("LIF-001", _seen("Success", "Success")).kind is Kind.CANNOT_TELL


@pytest.mark.parametrize("requirement", IDS)
def test_nothing_holds_by_absence(requirement: str) -> None:
    """No answer, no verdict on the target."""
    silent = Transcript("submit").exchange("plain", status=0)
    assert judged(requirement, silent).kind in (Kind.BLOCKED, Kind.CANNOT_TELL)


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
def test_times_are_read_in_every_documented_form(text: str) -> None:
    """One moment, whatever dress it wears."""
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
def test_what_is_no_time_is_not_read(text: str | None) -> None:
    """Date, time and numeric zone, all of them and possible, or nothing."""
    assert times.parse(text) is None


def test_fraction_is_kept_to_the_microsecond() -> None:
    """Fractions are read with point or comma."""
    assert times.parse("2026-01-02T03:04:05.1234567Z") == datetime(2026, 1, 2, 3, 4, 5, 123456, tzinfo=UTC)
    assert times.parse("2026-01-02T03:04:05,5+0000") == datetime(2026, 1, 2, 3, 4, 5, 500000, tzinfo=UTC)


def test_documented_form_is_exact() -> None:
    """Only the form of the pages, and only a possible time in it."""
    assert times.is_documented_form("2026-01-02T03:04:05+0800")
    for other in ("2026-01-02T03:04:05+08:00", "2026-01-02T03:04:05Z", "2026-02-30T03:04:05+0800", None):
        assert not times.is_documented_form(other)


def test_written_form_is_read_back() -> None:
    """A window's bound is written as the pages write times, in the zone it was told in."""
    moment = datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone(timedelta(hours=8)))
    assert times.written(moment) == "2026-01-02T03:04:05+0800"
    assert times.parse(times.written(moment)) == moment


@pytest.mark.parametrize(("value", "unset"), [(None, True), ("", True), (" - ", True), ("0", False), (CREATED, False)])
def test_unset_times(value: str | None, unset: bool) -> None:
    """Absent, empty or a dash."""
    assert times.is_unset(value) is unset


@pytest.mark.parametrize(
    ("value", "number"),
    [("10", 10), (" 7 ", 7), ("+1", None), ("-1", None), ("1.0", None), ("", None), ("²", None), (None, None)],
)
def test_numbers_are_decimal_without_sign(value: str | None, number: int | None) -> None:
    """What every reader of the service takes for a number."""
    assert raw.number(value) == number


def test_unsigned_run_is_told_to_sign() -> None:
    """Where all is refused for want of a signature, no job could be seen in two states for that reason."""
    refused = refusal("MissingAuthorization")
    t = Transcript("queues").exchange("list", refused, status=401)
    finding = judged("LIF-001", t)
    assert finding.kind is Kind.CANNOT_TELL
    assert "CIQ_SECRET_ID" in finding.reason


def test_answer_to_every_update_shows_what_was_set() -> None:
    """State and Name as given, in whatever scenario; updates that should have been refused say nothing of it."""
    body = "<Request><Name>queue-1</Name><State>Paused</State></Request>"

    def updated(scenario: str, step: str, **shown: str) -> Transcript:
        answer = response_xml(queue_xml(container="Queue", **shown))
        return Transcript(scenario).exchange(step, answer, request=body, method="PUT", operation="update_queue")

    good = updated("cancel", "pause", state="Paused")
    assert judged("UPD-018", good).kind is Kind.HOLDS
    assert judged("UPD-018", updated("cancel", "pause", state="Active")).kind is Kind.DEVIATES
    assert judged("UPD-018", updated("order", "pause", state="Paused", name="q")).kind is Kind.DEVIATES
    assert judged("UPD-018", updated("update", "long-name", state="Active")).kind is Kind.CANNOT_TELL
    assert judged("UPD-018", good.status("pause", 400)).kind is Kind.CANNOT_TELL


def test_an_answer_beside_another_update_may_show_what_that_one_set() -> None:
    """An update answers the queue as it is; where a second one was under way that may be the second one's doing."""
    body = "<Request><Name>queue-1</Name><State>%s</State></Request>"
    shown = response_xml(queue_xml(container="Queue", state="Paused"))
    story = Transcript("concurrency")
    for step, asked in (("resume", "Active"), ("pause", "Paused")):
        story = story.exchange(
            step, shown, request=body % asked, method="PUT", operation="update_queue", target="/queue/p1"
        )
    exclusive = story.exchange(
        "again", shown, request=body % "Paused", method="PUT", operation="update_queue", target="/queue/p1"
    )
    assert judged("UPD-018", exclusive).kind is Kind.DEVIATES
    beside = exclusive.with_duration("resume", 1.5)
    assert judged("UPD-018", beside).kind is Kind.HOLDS


TEN = tuple(f"s{number:032x}" for number in range(10))


def _looked_at(*shown: str, told: str = "", exclusive: bool = True, feature: Feature = Feature.SPEECH) -> Transcript:
    """Ten jobs described one by one (or not), then all at once."""
    t = Transcript("concurrency", feature)
    for job_id in TEN if exclusive else ():
        t = t.exchange("look", response_xml(job_xml(job_id)), target=f"/jobs/{job_id}", operation="describe_job")
    t = t.exchange("wait", paged(queue_xml()))  # a second in which a replica learns of the last one
    all_of_them = response_xml(*map(job_xml, shown), told)
    return t.exchange("together", all_of_them, target=f"/jobs/{','.join(TEN)}", operation="describe_job")


def test_no_id_of_several_is_passed_over() -> None:
    """Each of ten ids is described or told as unknown; nine jobs and silence of the tenth is a deviation."""
    assert judged("DES-016", _looked_at(*TEN)).kind is Kind.HOLDS
    assert judged("DES-016", _looked_at(*TEN[:9], told=f"<NonExistJobIds>{TEN[9]}</NonExistJobIds>")).kind is Kind.HOLDS
    passed_over = judged("DES-016", _looked_at(*TEN[:9]))
    assert passed_over.kind is Kind.DEVIATES
    assert TEN[9] in passed_over.seen


def test_jobs_never_described_may_be_unknown_to_a_replica() -> None:
    """Of ids that no answer has told of yet nothing is claimed, whichever come back."""
    assert judged("DES-016", _looked_at(*TEN[:9], exclusive=False)).kind is Kind.CANNOT_TELL


def test_fresh_jobs_may_be_unknown_to_a_replica() -> None:
    """A job described less than a second before is not asked for yet where another replica answers."""
    t = Transcript("concurrency", Feature.SPEECH)
    t = t.exchange("look", response_xml(job_xml(JOB)), target=f"/jobs/{JOB}", operation="describe_job")
    t = t.exchange("together", response_xml(job_xml(TEN[0])), target=f"/jobs/{TEN[0]},{JOB}", operation="describe_job")
    assert judged("DES-016", t).kind is Kind.CANNOT_TELL


def test_features_that_show_one_id_need_not_read_several() -> None:
    """Where pages show one id, text with commas may be one unknown id, or refused; media has to read several."""
    one_id = _looked_at(told=f"<NonExistJobIds>{','.join(TEN)}</NonExistJobIds>")
    assert judged("DES-016", one_id).kind is Kind.ABSENT
    assert judged("DES-016", one_id.answered("together", 400, refusal("InvalidArgument"))).kind is Kind.ABSENT
    assert judged("DES-016", _looked_at(feature=Feature.MEDIA)).kind is Kind.CANNOT_TELL
    assert judged("DES-016", one_id.without("together")).kind is Kind.BLOCKED
