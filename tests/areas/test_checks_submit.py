"""Checks of the scenario `submit`: conforming transcripts hold, legal variations do not deviate, wrong responses do."""

from __future__ import annotations

from functools import cache
from xml.sax.saxutils import escape

import pytest
from transcripts import (
    BUCKET,
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
    paged,
    queue_xml,
    refusal,
    response_xml,
    submit_xml,
)

from ciq_conformance.areas.submit.labels import ALTERABLE_USER_DATA, LEVELS, SUBMITS, Label
from ciq_conformance.areas.submit.scenario import SPECIAL, printable
from ciq_conformance.driver.non_ascii_keys import OTHER_FOLDER
from ciq_conformance.judge.finding import Kind
from ciq_schemas.features import Feature

SNAPSHOT = "<Snapshot><Mode>Interval</Mode><Start>0</Start></Snapshot>"
ELSEWHERE = "<CreationTime>2026-01-02T03:04:05+0000"
LONG = printable(1024, "run")
BLANKS = "  run ends  "
CDATA, CDATA_TEXT = "run <![CDATA[<a> & b]]> &#52;2", "run &lt;a&gt; &amp; b 42"
BAD = refusal("InvalidArgument")


def _given(step: Label) -> dict[str, str | None]:
    text = ALTERABLE_USER_DATA | {
        Label.SPECIAL_USER_DATA: escape(f"run {SPECIAL}"),
        Label.LONG_USER_DATA: escape(LONG),
        Label.BLANKS_USER_DATA: BLANKS,
        Label.CDATA_USER_DATA: CDATA,
    }
    return {
        "source": escape(f"{OTHER_FOLDER}in.mp4") if step is Label.OTHER_SCRIPT else "in.mp4",
        "user_data": text.get(step, f"run submit {step}"),
        "level": str(LEVELS[step]) if step in LEVELS else None,
    }


def job_id(step: Label) -> str:
    """Returns the id of the job that a step creates."""
    return f"j{SUBMITS.index(step):032x}"


def _job(step: Label, state: str, *, started: str = "-", ended: str = "-") -> str:
    given = _given(step)
    level = given["level"] or "0"
    return with_snapshot(
        job_xml(
            job_id(step),
            state,
            source=given["source"] or "",
            user_data=given["user_data"],
            level=level,
            started=started,
            ended=ended,
        )
    )


def with_snapshot(text: str) -> str:
    """Returns an Operation with parameters of its tag."""
    return text.replace("<Operation>", f"<Operation>{SNAPSHOT}")


@cache
def conforming() -> Transcript:
    """Returns the transcript of the scenario on a target that follows the documents."""
    t = Transcript("submit").exchange(Label.QUEUES, paged(queue_xml()))
    for step in SUBMITS:
        given = _given(step)
        request = submit_xml(
            with_snapshot(operation_xml(user_data=given["user_data"], level=given["level"])),
            source=given["source"] or "",
            queue_id=None if step is Label.WITHOUT_QUEUE else QUEUE,
        )
        t = t.exchange(
            step,
            response_xml(_job(step, "Submitted")),
            request=request,
            method="POST",
            target="/jobs",
            operation="submit_job",
        )
        described = response_xml(_job(step, "Running", started=LATER))
        t = t.exchange(Label.DESCRIBE, described, target=f"/jobs/{job_id(step)}", operation="describe_job")
    ended = [_job(step, "Success", started=LATER, ended=LATEST) for step in SUBMITS]
    for step in (Label.WATCH, Label.ENDED):
        t = t.exchange(step, response_xml(*ended), target="/jobs/all", operation="describe_job")
    return t


IDS = (*(f"SUB-{n:03}" for n in (*range(1, 11), 12, 13, 15, 19, 20, 21, 25)), "ONE-007", "LIF-002")
NOTES = ("SUB-011", "SUB-014")


@pytest.mark.parametrize("requirement", IDS)
def test_conforming_transcript_holds(requirement: str) -> None:
    """Each check holds on a conforming transcript and names its witness."""
    finding = judged(requirement, conforming())
    assert finding.kind is Kind.HOLDS, finding
    assert finding.witness


def with_speed_queue(queue_id: str) -> Transcript:
    """Lists a speed queue, and puts the job of QueueType into `queue_id`."""
    speed = queue_xml(STRANGER, name="queue-speed-transcoding-process-1", category="SpeedTranscoding")
    t = conforming().exchange(Label.EXTRA_QUEUES, paged(speed), target="/queue?category=SpeedTranscoding")
    answer = response_xml(job_xml("j9", queue_id=queue_id))
    return t.exchange(Label.TO_EXTRA_QUEUE, answer, method="POST", target="/jobs", operation="submit_job")


def test_queue_type_selects_the_speed_queue() -> None:
    """A job of QueueType SpeedTranscoding in another queue deviates; without a speed queue it is absent."""
    assert judged("SUB-017", with_speed_queue(STRANGER)).kind is Kind.HOLDS
    assert judged("SUB-017", with_speed_queue(QUEUE)).kind is Kind.DEVIATES
    without = conforming().exchange(Label.EXTRA_QUEUES, paged(), target="/queue?category=SpeedTranscoding")
    assert judged("SUB-017", without).kind is Kind.UNTESTED


def test_user_data_may_be_returned_without_the_section() -> None:
    """The answer may write the same text with entities: only the text counts."""
    plain = conforming().edited_everywhere(CDATA, CDATA_TEXT)
    assert judged("SUB-025", plain).kind is Kind.HOLDS


def with_object_and_url(state: str) -> Transcript:
    """Ends the job with a good object and an unreachable URL in `state`."""
    answer, ended = response_xml(job_xml("j8")), response_xml(job_xml("j8", state))
    t = conforming().exchange(Label.OBJECT_AND_URL, answer, method="POST", target="/jobs", operation="submit_job")
    return t.exchange(Label.ENDED, ended, target="/jobs/j8", operation="describe_job")


@pytest.mark.parametrize(
    ("state", "kind"),
    [("Success", Kind.HOLDS), ("Failed", Kind.DEVIATES), ("Running", Kind.INCONCLUSIVE)],
)
def test_object_takes_precedence_over_url(state: str, kind: Kind) -> None:
    """The job's final state shows which input was used, when the object alone is known to be good."""
    assert judged("SUB-018", with_object_and_url(state)).kind is kind
    refused = conforming().exchange(Label.OBJECT_AND_URL, BAD, status=400, method="POST", operation="submit_job")
    assert judged("SUB-018", refused).kind is Kind.DEVIATES
    plain_failed = with_object_and_url("Failed").edited(Label.ENDED, ">Success<", ">Failed<")
    assert judged("SUB-018", plain_failed.edited(Label.WATCH, ">Success<", ">Failed<")).kind is Kind.BLOCKED


def test_object_beside_url_is_echoed() -> None:
    """Input.Object in submit and describe is that of the request."""
    request = submit_xml(operation_xml()).replace("</Object></Input>", "</Object><Url>http://x.example/a</Url></Input>")
    answer, ended = response_xml(job_xml("j8")), response_xml(job_xml("j8", "Success"))
    t = conforming().exchange(
        Label.OBJECT_AND_URL, answer, request=request, method="POST", target="/jobs", operation="submit_job"
    )
    t = t.exchange(Label.ENDED, ended, target="/jobs/j8", operation="describe_job")
    assert judged("SUB-024", t).kind is Kind.HOLDS
    source = "<Input><Object>in.mp4</Object></Input>"
    in_answer = t.edited(Label.OBJECT_AND_URL, source, "<Input><Url>http://x.example/a</Url></Input>")
    assert judged("SUB-024", in_answer).kind is Kind.DEVIATES
    without = t.answered(Label.OBJECT_AND_URL, 200, response_xml(job_xml("j8", source="other.mp4")))
    assert judged("SUB-024", without).kind is Kind.DEVIATES
    assert judged("SUB-024", t.answered(Label.OBJECT_AND_URL, 400, BAD)).kind is Kind.DEVIATES


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ((200, response_xml(job_xml("j7"))), Kind.HOLDS),
        ((400, BAD), Kind.DEVIATES),
        ((400, refusal("ResourceDownloadFailed")), Kind.INCONCLUSIVE),
    ],
)
def test_url_alone_is_a_valid_input(answer: tuple[int, str], kind: Kind) -> None:
    """Input.Url alone makes a job; the target may reject an unreachable URL at once."""
    t = conforming().exchange(Label.URL_ALONE, answer[1], status=answer[0], method="POST", operation="submit_job")
    assert judged("SUB-023", t).kind is kind


def test_job_id_shared_with_another_feature_deviates() -> None:
    """Without another feature the check does not judge."""

    def beside(job_id: str) -> Transcript:
        other = Transcript("submit", Feature.DOC, conforming().records)
        other = other.exchange(Label.PLAIN, response_xml(job_xml(job_id)), method="POST", operation="submit_job")
        return Transcript("submit", Feature.MEDIA, other.records)

    assert judged("SUB-022", beside("d1")).kind is Kind.HOLDS
    assert judged("SUB-022", beside(job_id(Label.PLAIN))).kind is Kind.DEVIATES
    assert judged("SUB-022", conforming()).kind is Kind.LEFT_OUT


def test_pretty_printed_user_data_cannot_be_judged_for_blanks() -> None:
    """A line break around UserData hides its last blanks; no other check deviates."""
    pretty = (
        conforming()
        .edited_everywhere("<UserData>", "<UserData>\n  ")
        .edited_everywhere("</UserData>", "\n </UserData>")
    )
    assert judged("SUB-021", pretty).kind is Kind.OBSERVED
    assert judged("SUB-008", pretty).kind is Kind.HOLDS


def test_finding_names_where_long_texts_differ() -> None:
    """Texts with equal ends are described by the position of their first difference."""
    cut = judged("SUB-009", conforming().edited(Label.DESCRIBE, escape(LONG), escape(LONG[:1023])))
    assert "only the first 1023 of 1024 characters" in cut.seen
    changed = LONG[:500] + "~" + LONG[501:]
    other = judged("SUB-009", conforming().edited(Label.DESCRIBE, escape(LONG), escape(changed)))
    assert "from character 501 on" in other.seen


def test_failed_jobs_only_give_a_hint_at_the_sample_input() -> None:
    """A job that never left the queue shows nothing about the sample input."""
    failed = judged("LIF-002", conforming().edited(Label.ENDED, ">Success</State>", ">Failed</State>"))
    assert "sample input" in failed.reason
    held = conforming().edited(Label.ENDED, ">Success</State>", ">Pause</State>").event("expired", "watch: waited 9 s")
    finding = judged("LIF-002", held)
    assert finding.kind is Kind.DEVIATES
    assert "sample input" not in finding.reason
    assert "PAU" in finding.reason


DEVIATIONS: dict[str, tuple[str, Change]] = {
    "parameters lost in the end": ("SUB-020", lambda t: t.edited(Label.ENDED, SNAPSHOT, "")),
    "unknown parameter": ("SUB-020", lambda t: t.edited(Label.PLAIN, "<Start>0<", "<Start>1<")),
    "zone of another clock": ("SUB-019", lambda t: t.edited(Label.PLAIN, f"<CreationTime>{CREATED}", ELSEWHERE)),
    "date of another day": ("SUB-019", lambda t: t.header(Label.PLAIN, "Date", "Sat, 03 Jan 2026 03:04:05 GMT")),
    "bucket lost in describe": ("SUB-007", lambda t: t.edited(Label.ENDED, f"<Bucket>{BUCKET}</Bucket>", "")),
    "created": ("SUB-001", lambda t: t.status(Label.PLAIN, 201)),
    "later submit answered 202": ("SUB-001", lambda t: t.status(Label.LEVEL_0, 202)),
    "refused": ("SUB-001", lambda t: t.answered(Label.PLAIN, 400, BAD)),
    "no queue id": ("SUB-001", lambda t: t.edited(Label.PLAIN, f"<QueueId>{QUEUE}</QueueId>", "")),
    "two details": ("SUB-001", lambda t: t.edited(Label.LEVEL_0, "</Response>", "<JobsDetail/></Response>")),
    "other root": ("SUB-001", lambda t: t.edited(Label.PLAIN, "Response>", "Answer>")),
    "ended at once": ("SUB-002", lambda t: t.edited(Label.PLAIN, ">Submitted<", ">Success<")),
    "runs at once": ("SUB-002", lambda t: t.edited(Label.LEVEL_2, ">Submitted<", ">Running<")),
    "id given twice": ("SUB-003", lambda t: t.edited(Label.SHUFFLED, job_id(Label.SHUFFLED), job_id(Label.PLAIN))),
    "empty id": ("SUB-003", lambda t: t.edited(Label.SHUFFLED, job_id(Label.SHUFFLED), "")),
    "no zone": ("SUB-004", lambda t: t.edited(Label.PLAIN, CREATED, "2026-01-02 03:04:05")),
    "no creation time": ("SUB-004", lambda t: t.edited(Label.PLAIN, CREATED, "-")),
    "other tag": ("SUB-005", lambda t: t.edited(Label.PLAIN, ">Snapshot<", ">Transcode<")),
    "no tag": ("SUB-005", lambda t: t.edited(Label.PLAIN, "<Tag>Snapshot</Tag>", "")),
    "other input": ("SUB-006", lambda t: t.edited(Label.PLAIN, "in.mp4", "/in.mp4")),
    "no output": ("SUB-007", lambda t: t.edited(Label.PLAIN, "Output>", "Target>")),
    "output without region": ("SUB-007", lambda t: t.edited(Label.PLAIN, "Region>", "Place>")),
    "user data unescaped twice": ("SUB-008", lambda t: t.edited(Label.SPECIAL_USER_DATA, "&amp;amp;", "&amp;")),
    "user data lost in describe": ("SUB-008", lambda t: t.edited(Label.ENDED, "run submit plain", "")),
    "repeated blanks merged": ("SUB-008", lambda t: t.edited(Label.SPECIAL_USER_DATA, "%  two", "% two")),
    "percent decoded": ("SUB-008", lambda t: t.edited(Label.DESCRIBE, "%41+b%20c", "A b c")),
    "zero treated as absent": (
        "SUB-008",
        lambda t: t.edited(Label.ZERO_USER_DATA, "<UserData>0</UserData>", "<UserData/>"),
    ),
    "zero sent as a number": ("SUB-008", lambda t: t.edited(Label.ENDED, ">007<", ">7<")),
    "zero refused": ("SUB-008", lambda t: t.answered(Label.ZERO_USER_DATA, 400, BAD)),
    "trimmed": ("SUB-021", lambda t: t.edited(Label.BLANKS_USER_DATA, BLANKS, BLANKS.strip())),
    "trimmed in describe": ("SUB-021", lambda t: t.edited(Label.ENDED, BLANKS, BLANKS.strip())),
    "section dropped": ("SUB-025", lambda t: t.edited(Label.CDATA_USER_DATA, CDATA, "run  42")),
    "section escaped": ("SUB-025", lambda t: t.edited(Label.ENDED, CDATA, escape(CDATA))),
    "section refused": ("SUB-025", lambda t: t.answered(Label.CDATA_USER_DATA, 400, BAD)),
    "blanks refused": ("SUB-021", lambda t: t.answered(Label.BLANKS_USER_DATA, 400, BAD)),
    "plus decoded": ("SUB-015", lambda t: t.edited(Label.DESCRIBE, "a+b", "a b")),
    "special refused": ("SUB-008", lambda t: t.answered(Label.SPECIAL_USER_DATA, 400, BAD)),
    "user data cut": ("SUB-009", lambda t: t.edited(Label.LONG_USER_DATA, escape(LONG), escape(LONG[:1000]))),
    "user data cut in describe": ("SUB-009", lambda t: t.edited(Label.DESCRIBE, escape(LONG), escape(LONG[:1023]))),
    "level not echoed": ("SUB-010", lambda t: t.edited(Label.LEVEL_2, "<JobLevel>2</JobLevel>", "")),
    "all levels echoed as one": ("SUB-010", lambda t: t.edited(Label.ENDED, "<JobLevel>1<", "<JobLevel>2<")),
    "level refused": ("SUB-010", lambda t: t.answered(Label.LEVEL_1, 400, BAD)),
    "equal bodies create one job": (
        "SUB-012",
        lambda t: t.edited(Label.EQUAL_SECOND, job_id(Label.EQUAL_SECOND), job_id(Label.EQUAL_FIRST)),
    ),
    "equal body refused": ("SUB-012", lambda t: t.answered(Label.EQUAL_SECOND, 409, BAD)),
    "order matters": ("SUB-013", lambda t: t.answered(Label.SHUFFLED, 400, BAD)),
    "non-Latin name lost": ("SUB-015", lambda t: t.edited(Label.OTHER_SCRIPT, "文件", "??")),
    "non-Latin name encoded": (
        "SUB-015",
        lambda t: t.edited(Label.DESCRIBE, "文件 夹", "%E6%96%87%E4%BB%B6%20%E5%A4%B9"),
    ),
    "other queue": ("ONE-007", lambda t: t.edited(Label.PLAIN, QUEUE, STRANGER)),
    "job without queue id refused": ("ONE-007", lambda t: t.edited(Label.WITHOUT_QUEUE, QUEUE, STRANGER)),
    "good job fails": (
        "LIF-002",
        lambda t: t.edited(Label.ENDED, ">Success</State>", ">Failed</State>"),
    ),
    "good job never ends": (
        "LIF-002",
        lambda t: t.edited(Label.ENDED, ">Success</State>", ">Running</State>").event("expired", "watch: waited 9 s"),
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


LEGAL: dict[str, Change] = {
    "further parameters": lambda t: t.edited_everywhere("<Start>0</Start>", "<Count>1</Count><Start> 0 </Start>"),
    "results beside parameters": lambda t: t.edited(Label.ENDED, SNAPSHOT, f"<MediaResult/>{SNAPSHOT}"),
    "tag inside Operation": lambda t: t.edited_everywhere("<Tag>Snapshot</Tag>", "").edited_everywhere(
        "<Operation>", "<Operation><Tag>Snapshot</Tag>"
    ),
    "no request id": lambda t: t.edited_everywhere("<RequestId>", "<Ignored>").edited_everywhere(
        "</RequestId>", "</Ignored>"
    ),
    "unset times empty": lambda t: t.edited_everywhere("<StartTime>-<", "<StartTime><"),
    "times absent": lambda t: t.edited_everywhere("<StartTime>-</StartTime><EndTime>-</EndTime>", ""),
    "no code": lambda t: t.edited_everywhere("<Code>Success</Code><Message/>", ""),
    "further input": lambda t: t.edited_everywhere("<Input>", "<Input><BucketId>b-1</BucketId><Region>r</Region>"),
    "character references": lambda t: t.edited_everywhere("&amp;", "&#38;"),
    "pretty printed": lambda t: t.edited_everywhere("<State>", "\n  <State>\n").edited_everywhere(
        "</State>", "\n</State>"
    ),
    "levels only where given": lambda t: t.edited_everywhere(
        "<UserData>run submit plain</UserData><JobLevel>0</JobLevel>", "<UserData>run submit plain</UserData>"
    ),
}


@pytest.mark.parametrize("requirement", IDS)
@pytest.mark.parametrize("change", LEGAL.values(), ids=LEGAL)
def test_legal_variation_does_not_deviate(requirement: str, change: Change) -> None:
    """What the documents leave open makes no check deviate."""
    assert judged(requirement, change(conforming())).kind is Kind.HOLDS


@pytest.mark.parametrize("requirement", NOTES)
def test_requirements_of_level_note_are_observed(requirement: str) -> None:
    """The findings report what documents leave open, also when it was rejected, and do not judge it."""
    for t in (conforming(), conforming().answered(Label.WITHOUT_QUEUE, 400, BAD)):
        finding = judged(requirement, t)
        assert finding.kind is Kind.OBSERVED
        assert finding.seen


def test_submit_that_checks_the_input_cannot_be_judged_for_names() -> None:
    """A target may miss the input at submit: then the name of a missing object is not judged."""
    strict = conforming().answered(Label.OTHER_SCRIPT, 400, refusal("ResourceNotFound"))
    assert judged("SUB-015", strict).kind is Kind.INCONCLUSIVE


def test_job_without_queue_id_may_be_refused() -> None:
    """Older pages require QueueId: a refusal without it makes no other check deviate."""
    strict = conforming().answered(Label.WITHOUT_QUEUE, 400, BAD)
    for requirement in ("SUB-001", "SUB-005", "SUB-006", "ONE-007"):
        assert judged(requirement, strict).kind is Kind.HOLDS


def test_feature_without_levels_is_judged_without_them() -> None:
    """Documents have no JobLevel; the remaining jobs are enough."""
    plain = conforming().without(*LEVELS)
    doc = Transcript(plain.scenario, Feature.DOC, plain.records)
    assert judged("SUB-001", doc).kind is Kind.BLOCKED  # the records are another feature's
    assert judged("SUB-003", plain).kind is Kind.HOLDS


@pytest.mark.parametrize("requirement", [*IDS, *NOTES])
def test_missing_exchanges_block_the_check(requirement: str) -> None:
    """Without exchanges every check is blocked, with the reason of the scenario."""
    finding = judged(requirement, Transcript("submit").event("broken", "no answer at all"))
    assert finding.kind is Kind.BLOCKED
    assert finding.reason == "no answer at all"


@pytest.mark.parametrize("requirement", IDS)
def test_missing_responses_do_not_hold(requirement: str) -> None:
    """A target that never responds passes no check."""
    hanging = conforming()
    for step in (Label.QUEUES, *SUBMITS, Label.DESCRIBE, Label.WATCH, Label.ENDED):
        hanging = hanging.answered(step, 0, error="no answer within 30 s")
    assert judged(requirement, hanging).kind not in (Kind.HOLDS, Kind.OBSERVED)


def test_long_user_data_has_the_documented_maximum() -> None:
    """1024 printable ASCII characters, every one of them, no blank at an end."""
    assert len(LONG) == 1024
    assert set(LONG) == {chr(code) for code in range(0x20, 0x7F)}
    assert LONG.strip() == LONG
    assert len(printable(1024, "x" * 40)) == 1024
