"""Checks of the scenario `callback`: conforming transcripts hold, legal variations do not deviate, wrong ones do."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import msgspec
import pytest
from callback_changes import (
    BOTH,
    ITEMS,
    JSON,
    MEASURED,
    XML,
    at_target,
    at_the_previous_url,
    compressed,
    in_describe,
    in_json,
    only_in,
    sent_by_put,
    truncated,
    truncated_at_4096,
    with_copies,
    with_different_duplicate,
    with_job_twice,
    with_reversed_json,
    without_elements,
)
from callback_transcripts import (
    callbacks,
    edit_callbacks,
    replace_in_bodies,
    with_body,
    with_header,
    without_callbacks,
)
from transcripts import CREATED, LATER, LATEST, QUEUE, Change, Transcript, judged

from ciq_conformance.judge.finding import Kind
from ciq_schemas.requirement import Format
from ciq_schemas.transcript.records import Body, CallbackReceived


@pytest.mark.parametrize(("requirement_id", "form"), ITEMS)
def test_conforming_transcript_holds(requirement_id: str, form: Format | None) -> None:
    """Every check holds on a target that follows the documents; a measured requirement is observed."""
    finding = judged(requirement_id, callbacks(), form)
    assert finding.kind is (Kind.OBSERVED if requirement_id in MEASURED else Kind.HOLDS), finding


@pytest.mark.parametrize(("requirement_id", "form"), ITEMS)
def test_missing_exchanges_cannot_be_judged(requirement_id: str, form: Format | None) -> None:
    """Without exchanges no check holds."""
    assert judged(requirement_id, replace(callbacks(), records=()), form).kind is Kind.INCONCLUSIVE


@pytest.mark.parametrize(("requirement_id", "form"), ITEMS)
def test_broken_scenario_blocks_the_checks(requirement_id: str, form: Format | None) -> None:
    """The reason is the blocking cause of the scenario."""
    transcript = replace(callbacks(), records=()).event("broken", "the rule was refused")
    finding = judged(requirement_id, transcript, form)
    assert (finding.kind, finding.reason) == (Kind.BLOCKED, "the rule was refused")


@pytest.mark.parametrize(("requirement_id", "form"), [item for item in ITEMS if item[0] != "DEL-001"])
def test_missing_callbacks_deviate_in_delivery_only(requirement_id: str, form: Format | None) -> None:
    """Without callbacks the checks of bodies are blocked, and only delivery deviates."""
    assert judged(requirement_id, without_callbacks(callbacks()), form).kind is Kind.BLOCKED


DEVIATIONS: list[tuple[str, Iterable[Format | None], Change]] = [
    ("DEL-001", BOTH, without_callbacks),
    ("DEL-001", BOTH, lambda t: edit_callbacks(t, sent_by_put)),
    ("DEL-001", (XML,), at_the_previous_url),
    ("DEL-002", BOTH, lambda t: edit_callbacks(t, with_job_twice)),
    ("DEL-003", BOTH, in_describe("<State>Success</State>", "<State>Running</State>")),
    ("DEL-004", BOTH, lambda t: edit_callbacks(t, with_copies(2))),
    ("DEL-004", BOTH, with_different_duplicate),
    ("DEL-008", (None,), at_target("/cb/secret/cb")),
    ("DEL-008", (None,), at_target("/cb/secret/cb?ticket=a/b&x=1")),
    ("DEL-008", (None,), at_target("/cb/secret/cb?x=1&ticket=a%2Fb")),
    ("SHP-001", BOTH, lambda t: edit_callbacks(t, truncated)),
    ("SHP-001", BOTH, lambda t: edit_callbacks(t, lambda a: (msgspec.structs.replace(a, body=Body()),))),
    (
        "SHP-001",
        (JSON,),
        lambda t: edit_callbacks(t, lambda a: (msgspec.structs.replace(a, body=Body.of(b"<Response/>")),)),
    ),
    ("SHP-001", (JSON,), lambda t: edit_callbacks(t, lambda a: (with_body(a, a.body.text, f"[{a.body.text}]"),))),
    ("SHP-001", BOTH, lambda t: edit_callbacks(t, lambda a: (compressed(a),))),
    ("SHP-002", (XML,), replace_in_bodies("Response>", "Notification>")),
    ("SHP-002", BOTH, replace_in_bodies("JobsDetail", "Jobs")),
    ("SHP-002", BOTH, without_elements("QueueId")),
    ("SHP-002", BOTH, without_elements("Tag")),
    ("SHP-002", BOTH, without_elements("CreationTime")),
    ("SHP-002", BOTH, without_elements("Input")),
    ("SHP-002", BOTH, without_elements("Operation")),
    ("SHP-003", BOTH, replace_in_bodies("TaskFinish", "JobFinish")),
    ("SHP-003", BOTH, replace_in_bodies("TaskFinish", "taskfinish")),
    ("SHP-003", (JSON,), only_in(JSON, without_elements("EventName"))),
    ("SHP-003", BOTH, replace_in_bodies("TaskFinish", "")),
    ("SHP-004", BOTH, replace_in_bodies("Success", "Done")),
    ("SHP-004", BOTH, in_describe("<State>Success</State>", "<State>Failed</State>")),
    ("SHP-005", BOTH, replace_in_bodies(QUEUE, "p-other")),
    ("SHP-005", BOTH, replace_in_bodies(CREATED, LATER)),
    ("SHP-005", BOTH, replace_in_bodies("in.mp4", "other.mp4")),
    ("SHP-005", BOTH, replace_in_bodies("Number", "number")),
    ("SHP-005", BOTH, replace_in_bodies("Snapshot", "Animation")),
    ("SHP-005", BOTH, without_elements("UserData")),
    ("SHP-005", BOTH, without_elements("JobLevel")),
    ("SHP-005", BOTH, without_elements("Output")),
    ("SHP-005", BOTH, without_elements("Bucket")),
    ("SHP-005", BOTH, without_elements("Input")),
    ("SHP-005", BOTH, replace_in_bodies(LATEST, LATER)),
    ("SHP-005", BOTH, in_describe(f"<StartTime>{LATER}", f"<StartTime>{CREATED}")),
    ("SHP-005", BOTH, in_describe("<JobLevel>1<", "<JobLevel>2<")),
    ("SHP-006", (XML,), with_header("Content-Type", "text/xml")),
    ("SHP-006", (XML,), with_header("Content-Type", None)),
    ("SHP-007", BOTH, replace_in_bodies(CREATED, "2026-01-02 03:04:05")),
    ("SHP-007", BOTH, replace_in_bodies(LATEST, "1767294245")),
    ("SHP-007", BOTH, replace_in_bodies(LATER, "-")),
    ("SHP-007", BOTH, without_elements("EndTime")),
    ("SHP-008", (None,), only_in(JSON, without_elements("UserData"))),
    ("SHP-008", (None,), only_in(XML, without_elements("Object"))),
    ("SHP-008", (None,), only_in(JSON, replace_in_bodies("in.mp4", "IN.MP4"))),
    ("SHP-010", BOTH, replace_in_bodies("中文", "??")),
    ("SHP-010", BOTH, replace_in_bodies("文件", "%E6%96%87%E4%BB%B6")),
    ("SHP-010", BOTH, replace_in_bodies("a+b", "a b")),
    ("SHP-010", BOTH, replace_in_bodies("b%20", "b ")),
    ("SHP-015", BOTH, without_elements("MediaResult")),
    ("SHP-015", BOTH, replace_in_bodies("MediaResult", "SnapshotResult")),
    ("SHP-012", (XML,), replace_in_bodies("&amp;", "&amp;amp;")),
    ("SHP-012", (JSON,), replace_in_bodies("&", "&amp;")),
    ("SHP-012", BOTH, replace_in_bodies("$$", "$")),
    ("SHP-012", BOTH, replace_in_bodies("${jobid}", "j1")),
    ("SHP-012", BOTH, replace_in_bodies("%41+", "A+")),
    ("SHP-012", BOTH, replace_in_bodies("%41+", "%41 ")),
    ("SHP-012", BOTH, replace_in_bodies("  two", " two")),
    ("SHP-012", (XML,), replace_in_bodies("\\n", "\n")),
    ("SHP-012", (JSON,), replace_in_bodies("\\\\", "\\\\\\\\")),
    ("SHP-012", (XML,), replace_in_bodies(".</UserData>", "</UserData>")),
    ("SHP-012", (JSON,), replace_in_bodies('.", "JobLevel"', '", "JobLevel"')),
    ("SHP-012", (JSON,), replace_in_bodies('"12"', "12.0")),
    ("SHP-012", BOTH, without_elements("UserData")),
    ("SHP-012", (XML,), lambda t: edit_callbacks(t, lambda a: (with_body(a, "]]&gt; &amp;", "]]&gt; &"),))),
    ("SHP-001", (XML,), lambda t: edit_callbacks(t, truncated_at_4096)),
    ("SHP-013", (XML,), replace_in_bodies("  </UserData>", "</UserData>")),
    ("SHP-013", (XML,), replace_in_bodies("<UserData> ", "<UserData>")),
    ("SHP-013", (JSON,), replace_in_bodies('"UserData": " ', '"UserData": "')),
    ("SHP-013", (JSON,), replace_in_bodies('  ", "JobLevel"', '", "JobLevel"')),
    ("SHP-011", (JSON,), replace_in_bodies('"12"', "12")),
    ("SHP-011", (JSON,), replace_in_bodies(f'"{QUEUE}"', "17")),
    ("SHP-011", (JSON,), replace_in_bodies('"Snapshot"', "null")),
]


@pytest.mark.parametrize(
    ("requirement_id", "form", "change"),
    [(requirement_id, form, change) for requirement_id, forms, change in DEVIATIONS for form in forms],
)
def test_changed_callbacks_deviate(requirement_id: str, form: Format | None, change: Change) -> None:
    """A deviation has an expectation, an observation and a witness."""
    finding = judged(requirement_id, change(callbacks()), form)
    assert finding.kind is Kind.DEVIATES, finding
    assert finding.expected
    assert finding.seen
    assert finding.witness


def _level_as_number(body: dict[str, list[dict[str, dict[str, object]]]]) -> object:
    body["JobsDetail"][0]["Operation"]["JobLevel"] = 1
    return body


def _tag_in_operation(transcript: Transcript) -> Transcript:
    moved = edit_callbacks(
        transcript,
        lambda a: (
            with_body(with_body(a, "<Tag>Snapshot</Tag>", ""), "<Operation>", "<Operation><Tag>Snapshot</Tag>"),
        ),
    )
    return in_json(_tag_moved)(moved)


def _tag_moved(body: dict[str, list[dict[str, dict[str, object]]]]) -> object:
    job = body["JobsDetail"][0]
    job["Operation"]["Tag"] = job.pop("Tag")
    return body


def _with_charset(arrival: CallbackReceived) -> Iterable[CallbackReceived]:
    headers = tuple((name.lower(), f"{value.title()}; charset=utf-8") for name, value in arrival.headers)
    yield msgspec.structs.replace(arrival, headers=headers)


def _with_callback_of_others(arrival: CallbackReceived) -> Iterable[CallbackReceived]:
    text = arrival.body.text
    stranger = text.replace("<JobId>", "<JobId>x").replace('"JobId": "', '"JobId": "x').replace("Snapshot", "Dna")
    yield msgspec.structs.replace(arrival, body=Body.of(stranger.replace("TaskFinish", "Other").encode()))
    yield arrival


ALL = [(i, f) for i, f in ITEMS if i not in MEASURED]


ALL_IDS = {i for i, _ in ITEMS} - MEASURED


LEGAL: dict[str, tuple[Change, set[str]]] = {
    "JobsDetail an object": (in_json(lambda b: b | {"JobsDetail": b["JobsDetail"][0]}), ALL_IDS),
    "JSON in a wrapper": (in_json(lambda b: {"Response": b}), ALL_IDS),
    "JSON in another order": (lambda t: edit_callbacks(t, with_reversed_json), ALL_IDS),
    "JobLevel a number": (in_json(_level_as_number), ALL_IDS),
    "JSON with additional elements": (in_json(lambda b: b | {"XHint": 7, "XMore": {"Deep": [1, None]}}), ALL_IDS),
    "Tag inside Operation": (_tag_in_operation, ALL_IDS),
    "XML declaration": (replace_in_bodies("<Response>", '<?xml version="1.0" encoding="UTF-8"?>\n<Response>'), ALL_IDS),
    "indented XML": (replace_in_bodies("><", ">\n  <"), ALL_IDS - {"SHP-010"}),
    "additional elements": (replace_in_bodies("<Code>", "<XHint>7</XHint><Code>"), ALL_IDS),
    "NonExistJobIds": (replace_in_bodies("</EventName>", "</EventName><NonExistJobIds/>"), ALL_IDS),
    "Message with a closing tag": (replace_in_bodies("<Message/>", "<Message></Message>"), ALL_IDS),
    "charset": (lambda t: edit_callbacks(t, _with_charset), ALL_IDS),
    "escapes in lower case": (at_target("/cb/secret/cb?ticket=a%2fb&x=1"), ALL_IDS),
    "the same instant in another zone": (replace_in_bodies(CREATED, "2026-01-01T19:04:05Z"), ALL_IDS),
    "Code left out on success": (without_elements("Code"), ALL_IDS),
    "with callbacks of other users": (lambda t: edit_callbacks(t, _with_callback_of_others), ALL_IDS),
}


@pytest.mark.parametrize("variation", LEGAL)
def test_legal_variation_holds(variation: str) -> None:
    """Another documented or equivalent form makes no check deviate."""
    change, concerned = LEGAL[variation]
    transcript = change(callbacks())
    for requirement_id, form in ALL:
        if requirement_id in concerned:
            finding = judged(requirement_id, transcript, form)
            assert finding.kind is Kind.HOLDS, (requirement_id, form, finding)
