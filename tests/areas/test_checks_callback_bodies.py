"""Checks of the scenario `callback` on bodies: fields, special characters, and what describe shows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from xml.sax.saxutils import escape

import msgspec
import pytest
from callback_changes import (
    BOTH,
    JSON,
    XML,
    compressed,
    in_describe,
    in_json,
    only_in,
    without_elements,
)
from callback_transcripts import (
    OTHER_SCRIPT,
    callbacks,
    edit_callbacks,
    replace_in_bodies,
    submit,
    with_body,
    with_header,
)
from transcripts import Change, Transcript, job_xml, judged, refusal

from ciq_conformance.areas.callback.labels import (
    LONGEST_USER_DATA,
    SECOND,
    SPECIAL,
    Label,
    special_user_data,
)
from ciq_conformance.judge.finding import Kind
from ciq_schemas.features import Feature
from ciq_schemas.transcript.records import Body, CallbackReceived, Exchange


def test_missing_event_name_is_observed() -> None:
    """A body without EventName has the documented older form, which gives a warning."""
    for form in BOTH:
        assert judged("SHP-003", without_elements("EventName")(callbacks()), form).kind is Kind.OBSERVED


def test_wrong_event_name_deviates_beside_a_missing_one() -> None:
    """One wrong EventName is a deviation although other bodies have none."""
    seen: list[int] = []

    def edit(arrival: CallbackReceived) -> Iterable[CallbackReceived]:
        seen.append(arrival.seq)
        event = "<EventName>TaskFinish</EventName>"
        yield with_body(arrival, event, "") if len(seen) % 2 else with_body(arrival, "TaskFinish", "Other")

    assert judged("SHP-003", edit_callbacks(callbacks(), edit), XML).kind is Kind.DEVIATES


def test_undocumented_content_type_of_json_is_observed() -> None:
    """Another Content-Type of JSON is observed, never a deviation."""
    for value in ("text/plain", None):
        assert judged("SHP-006", with_header("Content-Type", value)(callbacks()), JSON).kind is Kind.OBSERVED


def test_missing_describe_blocks_the_comparison() -> None:
    """Without describe nothing can be compared with the callbacks."""
    blind = callbacks().without(Label.AFTER, Label.BEFORE)
    assert judged("SHP-005", blind, XML).kind is Kind.BLOCKED


def test_fields_missing_in_describe_are_not_compared() -> None:
    """JobLevel, Output and Input are compared only where both show them."""
    for old in ("<JobLevel>1</JobLevel>", "<Input><Object>in.mp4</Object></Input>"):
        assert judged("SHP-005", in_describe(old, "")(callbacks()), XML).kind is Kind.HOLDS


@pytest.mark.parametrize("feature", [Feature.DOC, Feature.SPEECH])
def test_start_and_end_time_are_optional_for_documents_and_speech(feature: Feature) -> None:
    """Documents and speech need not show StartTime and EndTime."""
    timeless = without_elements("StartTime", "EndTime")(callbacks(feature))
    for form in BOTH:
        assert judged("SHP-007", timeless, form).kind is Kind.HOLDS
    assert judged("SHP-007", without_elements("CreationTime")(callbacks(feature)), XML).kind is Kind.DEVIATES


def test_results_may_differ_between_xml_and_json() -> None:
    """Each job has its own results, but both forms must contain them."""
    rich = replace_in_bodies("<UserData>", "<MediaInfo><Size>17</Size></MediaInfo><UserData>")
    assert judged("SHP-008", rich(callbacks()), None).kind is Kind.DEVIATES
    both = in_json(lambda b: _with_result(b))(rich(callbacks()))
    assert judged("SHP-008", both, None).kind is Kind.HOLDS


def _with_result(body: dict[str, list[dict[str, dict[str, object]]]]) -> object:
    body["JobsDetail"][0]["Operation"]["MediaInfo"] = {"Duration": "3"}
    return body


def test_json_number_in_results_deviates() -> None:
    """Samples write the numbers of results as strings, so a JSON number is a deviation."""
    sized = in_json(_with_size)(callbacks())
    assert judged("SHP-011", sized, JSON).kind is Kind.DEVIATES


def _with_size(body: dict[str, list[dict[str, dict[str, object]]]]) -> object:
    body["JobsDetail"][0]["Operation"]["MediaInfo"] = {"Size": 17}
    return body


def test_equal_jobs_that_ended_differently_are_not_compared() -> None:
    """A failed and a successful job differ rightly."""
    failed = only_in(JSON, replace_in_bodies('"State": "Success"', '"State": "Failed"'))(callbacks())
    assert judged("SHP-008", failed, None).kind is Kind.INCONCLUSIVE


def test_refused_special_characters_deviate_in_names_only() -> None:
    """A rejected job with special characters breaks the names; SUB checks judge its UserData."""
    refused = callbacks().answered(SPECIAL[XML][0], 400, refusal("InvalidArgument"))
    refused = refused.answered(SECOND[XML], 400, refusal("InvalidArgument"))
    gone = edit_callbacks(refused, lambda a: () if _is_special(a) and a.body.text.startswith("<") else (a,))
    assert judged("SHP-010", gone, XML).kind is Kind.DEVIATES
    assert judged("SHP-012", gone, XML).kind is Kind.BLOCKED
    assert judged("DEL-001", gone, XML).kind is Kind.HOLDS


def _is_special(arrival: CallbackReceived) -> bool:
    return "special" in arrival.body.text or "second" in arrival.body.text


def test_long_user_data_makes_a_long_body() -> None:
    """UserData of the job with special characters has the maximum length, and its body exceeds 4096 bytes."""
    text = special_user_data("run callback special")
    assert len(text) == LONGEST_USER_DATA
    assert text.isascii()
    assert text.isprintable()
    assert max(len(r.body.data) for r in callbacks().records if isinstance(r, CallbackReceived)) > 4096


def test_user_data_is_compared_with_the_request() -> None:
    """The same change of UserData in describe does not excuse the callback."""
    changed = replace_in_bodies("$$", "$")(callbacks()).edited_everywhere("$$", "$")
    assert judged("SHP-005", changed, XML).kind is Kind.HOLDS
    assert judged("SHP-012", changed, XML).kind is Kind.DEVIATES


def test_json_number_with_the_right_characters_holds() -> None:
    """SHP-011 judges whether JSON writes 12 as a number: the characters are the sent ones."""
    assert judged("SHP-012", replace_in_bodies('"12"', "12")(callbacks()), JSON).kind is Kind.HOLDS


def test_pretty_printed_blanks_cannot_be_judged() -> None:
    """A line break around a text hides the blanks at its ends."""
    broken = replace_in_bodies("</UserData>", "\n  </UserData>")(
        replace_in_bodies("<UserData>", "<UserData>\n    ")(callbacks())
    )
    assert judged("SHP-013", broken, XML).kind is Kind.OBSERVED
    assert judged("SHP-012", broken, XML).kind is Kind.HOLDS


def test_other_special_name_is_judged_when_the_input_was_refused() -> None:
    """A target may reject an input that does not exist: the other job with a special name is judged."""
    records = [
        msgspec.structs.replace(
            r, request_body=Body.of(r.request_body.text.replace(escape(OTHER_SCRIPT), "in.mp4").encode())
        )
        if isinstance(r, Exchange)
        else r
        for r in replace_in_bodies(OTHER_SCRIPT, "in.mp4")(
            replace_in_bodies(escape(OTHER_SCRIPT), "in.mp4")(callbacks())
        ).records
    ]
    assert judged("SHP-010", replace(callbacks(), records=tuple(records)), XML).kind is Kind.HOLDS


def test_output_name_may_have_its_number_replaced() -> None:
    """The folder must be kept; the wildcard in the file's name may be replaced."""
    assert judged("SHP-010", replace_in_bodies("${Number}", "1")(callbacks()), XML).kind is Kind.HOLDS


def test_single_body_in_the_other_form_deviates() -> None:
    """The check finds one wrong body among right ones."""
    last = [r.seq for r in callbacks().records if isinstance(r, CallbackReceived) and r.body.text.startswith("{")][-1]
    deviating = edit_callbacks(callbacks(), lambda a: (_as_xml(a),) if a.seq == last else (a,))
    assert judged("SHP-001", deviating, JSON).kind is Kind.DEVIATES


def _as_xml(arrival: CallbackReceived) -> CallbackReceived:
    job_id = msgspec.json.decode(arrival.body.data)["JobsDetail"][0]["JobId"]
    body = f"<Response>{job_xml(job_id, 'Success')}</Response>"
    return msgspec.structs.replace(arrival, body=Body.of(body.encode()))


def test_compressed_body_is_a_warning_when_its_header_says_so() -> None:
    """The callback is not missing, and every other check reads the content."""
    declared = edit_callbacks(callbacks(), lambda a: (compressed(a, declared=True),))
    for form in (XML, JSON):
        finding = judged("SHP-001", declared, form)
        assert finding.kind is Kind.OBSERVED
        assert "gzip-compressed, with Content-Encoding gzip" in finding.seen
        for name in ("DEL-001", "DEL-002", "SHP-002", "SHP-004", "SHP-005", "SHP-007", "SHP-012"):
            assert judged(name, declared, form).kind is Kind.HOLDS, name


def test_special_job_is_read_from_its_request() -> None:
    """The request itself contains the sent UserData."""
    t = submit(callbacks(), SPECIAL[XML][1], job_xml("jx"))
    assert judged("SHP-010", t, XML).kind is Kind.HOLDS


def test_level_that_was_not_requested_may_be_missing() -> None:
    """Describe may show a JobLevel that was not requested; some samples of callbacks omit it then."""
    not_requested = _without_in_request("<JobLevel>1</JobLevel>")(callbacks())
    for form in BOTH:
        assert judged("SHP-005", without_elements("JobLevel")(not_requested), form).kind is Kind.HOLDS


def _without_in_request(element: str) -> Change:
    def change(transcript: Transcript) -> Transcript:
        records = tuple(
            msgspec.structs.replace(r, request_body=Body.of(r.request_body.text.replace(element, "").encode()))
            if isinstance(r, Exchange)
            else r
            for r in transcript.records
        )
        assert records != transcript.records
        return replace(transcript, records=records)

    return change


def test_result_of_another_documented_name_is_accepted() -> None:
    """The containers of the table are accepted for every tag, and elements of the request are no results."""
    info = replace_in_bodies("MediaResult", "MediaInfo")
    assert judged("SHP-015", info(callbacks()), XML).kind is Kind.HOLDS
    more = replace_in_bodies("<MediaResult>", "<PicProcessResult/><MediaResult>")
    assert judged("SHP-015", more(callbacks()), XML).kind is Kind.HOLDS


def test_unknown_elements_beside_the_result_are_accepted() -> None:
    """An element that no document names is a result only by its name."""
    more = replace_in_bodies("<MediaResult>", "<TraceId>t</TraceId><MediaResult>")
    assert judged("SHP-015", more(callbacks()), XML).kind is Kind.HOLDS
    own = replace_in_bodies("<MediaResult>", "<OwnResult/><MediaResult>")
    assert judged("SHP-015", own(callbacks()), XML).kind is Kind.DEVIATES


def test_tag_without_page_or_container_has_no_result_to_judge() -> None:
    """A translation with Output shows no container; a tag that only SDKs know is not judged."""
    translation = replace_in_bodies("Snapshot", "Translation")(callbacks())
    assert judged("SHP-015", translation, XML).kind is Kind.HOLDS
    assert judged("SHP-015", without_elements("MediaResult")(translation), XML).kind is Kind.HOLDS
    assert judged("SHP-015", replace_in_bodies("Snapshot", "Dna")(callbacks()), XML).kind is Kind.UNTESTED
    assert judged("SHP-015", replace_in_bodies("Success", "Failed")(callbacks()), XML).kind is Kind.INCONCLUSIVE
