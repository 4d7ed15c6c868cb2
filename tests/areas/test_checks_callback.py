"""Checks of the scenario `callback`: what holds on the documents' own form, in other legal dress, and what deviates."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from xml.sax.saxutils import escape

import msgspec
import pytest
from callback_transcripts import (
    OTHER_SCRIPT,
    Edit,
    callbacks,
    edit_callbacks,
    replace_in_bodies,
    submit,
    with_body,
    with_header,
    without_callbacks,
)
from transcripts import CREATED, LATER, LATEST, QUEUE, Change, Transcript, job_xml, judged, refusal

from ciq_conformance.areas.callback.labels import (
    LONGEST_USER_DATA,
    RULES,
    SECOND,
    SPECIAL,
    SUBMITS,
    Label,
    special_user_data,
)
from ciq_conformance.judge.finding import Kind
from ciq_conformance.judge.registry import scenario_of
from ciq_conformance.registry import load_checks
from ciq_schemas.features import Feature
from ciq_schemas.requirement import Format, load_registry
from ciq_schemas.transcript.records import Body, CallbackReceived, Exchange

load_checks()

XML, JSON = Format.XML, Format.JSON
MEASURED = {"SHP-009"}
ITEMS = [
    (requirement.id, form)
    for requirement in load_registry()
    if str(scenario_of(requirement.id)) == "callback"
    for form in (requirement.formats or (None,))
]


@pytest.mark.parametrize(("requirement_id", "form"), ITEMS)
def test_documents_own_form(requirement_id: str, form: Format | None) -> None:
    """On a service that does as the documents say every check holds; what is only measured is observed."""
    finding = judged(requirement_id, callbacks(), form)
    assert finding.kind is (Kind.OBSERVED if requirement_id in MEASURED else Kind.HOLDS), finding


@pytest.mark.parametrize(("requirement_id", "form"), ITEMS)
def test_nothing_played(requirement_id: str, form: Format | None) -> None:
    """A run that came to nothing gives no check the occasion to hold."""
    assert judged(requirement_id, replace(callbacks(), records=()), form).kind is Kind.CANNOT_TELL


@pytest.mark.parametrize(("requirement_id", "form"), ITEMS)
def test_scenario_broken(requirement_id: str, form: Format | None) -> None:
    """The scenario's own obstacle is the reason why nothing is known."""
    transcript = replace(callbacks(), records=()).event("broken", "the rule was refused")
    finding = judged(requirement_id, transcript, form)
    assert (finding.kind, finding.reason) == (Kind.BLOCKED, "the rule was refused")


@pytest.mark.parametrize(("requirement_id", "form"), [item for item in ITEMS if item[0] != "DEL-001"])
def test_no_callback_blames_delivery_alone(requirement_id: str, form: Format | None) -> None:
    """Without callbacks the other questions cannot be put: blocked, so that delivery alone is blamed."""
    assert judged(requirement_id, without_callbacks(callbacks()), form).kind is Kind.BLOCKED


def _copies(count: int, *, old: str = "", new: str = "") -> Edit:
    def edit(arrival: CallbackReceived) -> Iterable[CallbackReceived]:
        yield arrival
        for at in range(1, count):
            later = with_body(arrival, old, new) if old else arrival
            yield msgspec.structs.replace(later, started=arrival.started + at)

    return edit


def _twice_in_one(arrival: CallbackReceived) -> Iterable[CallbackReceived]:
    text = arrival.body.text
    if text.startswith("<"):
        job = text[text.index("<JobsDetail>") : text.index("</Response>")]
        yield with_body(arrival, job, job + job)
    else:
        job = text[text.index("[") + 1 : text.rindex("]")]
        yield with_body(arrival, job, f"{job}, {job}")


def _truncated(arrival: CallbackReceived) -> Iterable[CallbackReceived]:
    yield msgspec.structs.replace(arrival, body=Body.of(arrival.body.data[:-9]))


def _cut_at_4096(arrival: CallbackReceived) -> Iterable[CallbackReceived]:
    yield msgspec.structs.replace(arrival, body=Body.of(arrival.body.data[:4096]))


def _by_put(arrival: CallbackReceived) -> Iterable[CallbackReceived]:
    yield msgspec.structs.replace(arrival, method="PUT")


def _without(*names: str) -> Change:
    """Elements left out of every body."""

    def edit(arrival: CallbackReceived) -> Iterable[CallbackReceived]:
        text = arrival.body.text
        for name in names:
            if text.startswith("<"):
                head, _, rest = text.partition(f"<{name}>")
                text = head + rest.partition(f"</{name}>")[2] if rest else text
            else:
                body = msgspec.json.decode(text)
                _drop(body, name)
                text = msgspec.json.encode(body).decode()
        yield msgspec.structs.replace(arrival, body=Body.of(text.encode()))

    return lambda transcript: edit_callbacks(transcript, edit)


def _drop(value: object, name: str) -> None:
    if isinstance(value, dict):
        value.pop(name, None)
        for child in value.values():
            _drop(child, name)
    elif isinstance(value, list):
        for child in value:
            _drop(child, name)


def _target(target: str) -> Change:
    return lambda t: edit_callbacks(t, lambda a: (msgspec.structs.replace(a, target=target),))


def _only(form: Format, change: Change) -> Change:
    """The change in the bodies of one form alone."""

    def apply(transcript: Transcript) -> Transcript:
        changed = iter(r for r in change(transcript).records if isinstance(r, CallbackReceived))
        return edit_callbacks(
            transcript, lambda a: (new,) if ((new := next(changed)).body.text[:1] == "{") == (form is JSON) else (a,)
        )

    return apply


def _describe_says(old: str, new: str, *steps: Label) -> Change:
    def change(transcript: Transcript) -> Transcript:
        for step in steps or (Label.AFTER,):
            transcript = transcript.edited(step, old, new)
        return transcript

    return change


def _never_ended(transcript: Transcript) -> Transcript:
    return _describe_says("<State>Success</State>", "<State>Running</State>")(without_callbacks(transcript))


def _duplicate_said_otherwise(transcript: Transcript) -> Transcript:
    return edit_callbacks(transcript, _copies(2, old=LATEST, new=LATER))


def _at_the_earlier_address(transcript: Transcript) -> Transcript:
    return edit_callbacks(transcript, lambda a: (msgspec.structs.replace(a, channel="media.callback.json"),))


BOTH = (XML, JSON)
DEVIATIONS: list[tuple[str, Iterable[Format | None], Change]] = [
    ("DEL-001", BOTH, without_callbacks),
    ("DEL-001", BOTH, lambda t: edit_callbacks(t, _by_put)),
    ("DEL-001", (XML,), _at_the_earlier_address),
    ("DEL-002", BOTH, lambda t: edit_callbacks(t, _twice_in_one)),
    ("DEL-003", BOTH, _describe_says("<State>Success</State>", "<State>Running</State>")),
    ("DEL-004", BOTH, lambda t: edit_callbacks(t, _copies(2))),
    ("DEL-004", BOTH, _duplicate_said_otherwise),
    ("DEL-008", (None,), _target("/cb/secret/cb")),
    ("DEL-008", (None,), _target("/cb/secret/cb?ticket=a/b&x=1")),
    ("DEL-008", (None,), _target("/cb/secret/cb?x=1&ticket=a%2Fb")),
    ("SHP-001", BOTH, lambda t: edit_callbacks(t, _truncated)),
    ("SHP-001", BOTH, lambda t: edit_callbacks(t, lambda a: (msgspec.structs.replace(a, body=Body()),))),
    (
        "SHP-001",
        (JSON,),
        lambda t: edit_callbacks(t, lambda a: (msgspec.structs.replace(a, body=Body.of(b"<Response/>")),)),
    ),
    ("SHP-001", (JSON,), lambda t: edit_callbacks(t, lambda a: (with_body(a, a.body.text, f"[{a.body.text}]"),))),
    ("SHP-002", (XML,), replace_in_bodies("Response>", "Notification>")),
    ("SHP-002", BOTH, replace_in_bodies("JobsDetail", "Jobs")),
    ("SHP-002", BOTH, _without("QueueId")),
    ("SHP-002", BOTH, _without("Tag")),
    ("SHP-002", BOTH, _without("CreationTime")),
    ("SHP-002", BOTH, _without("Input")),
    ("SHP-002", BOTH, _without("Operation")),
    ("SHP-003", BOTH, replace_in_bodies("TaskFinish", "JobFinish")),
    ("SHP-003", BOTH, replace_in_bodies("TaskFinish", "taskfinish")),
    ("SHP-003", (JSON,), _only(JSON, _without("EventName"))),
    ("SHP-003", BOTH, replace_in_bodies("TaskFinish", "")),
    ("SHP-004", BOTH, replace_in_bodies("Success", "Done")),
    ("SHP-004", BOTH, _describe_says("<State>Success</State>", "<State>Failed</State>")),
    ("SHP-005", BOTH, replace_in_bodies(QUEUE, "p-other")),
    ("SHP-005", BOTH, replace_in_bodies(CREATED, LATER)),
    ("SHP-005", BOTH, replace_in_bodies("in.mp4", "other.mp4")),
    ("SHP-005", BOTH, replace_in_bodies("Number", "number")),
    ("SHP-005", BOTH, replace_in_bodies("Snapshot", "Animation")),
    ("SHP-005", BOTH, _without("UserData")),
    ("SHP-005", BOTH, _without("JobLevel")),
    ("SHP-005", BOTH, _without("Output")),
    ("SHP-005", BOTH, _without("Bucket")),
    ("SHP-005", BOTH, _without("Input")),
    ("SHP-005", BOTH, replace_in_bodies(LATEST, LATER)),
    ("SHP-005", BOTH, _describe_says(f"<StartTime>{LATER}", f"<StartTime>{CREATED}")),
    ("SHP-005", BOTH, _describe_says("<JobLevel>1<", "<JobLevel>2<")),
    ("SHP-006", (XML,), with_header("Content-Type", "text/xml")),
    ("SHP-006", (XML,), with_header("Content-Type", None)),
    ("SHP-007", BOTH, replace_in_bodies(CREATED, "2026-01-02 03:04:05")),
    ("SHP-007", BOTH, replace_in_bodies(LATEST, "1767294245")),
    ("SHP-007", BOTH, replace_in_bodies(LATER, "-")),
    ("SHP-007", BOTH, _without("EndTime")),
    ("SHP-008", (None,), _only(JSON, _without("UserData"))),
    ("SHP-008", (None,), _only(XML, _without("Object"))),
    ("SHP-008", (None,), _only(JSON, replace_in_bodies("in.mp4", "IN.MP4"))),
    ("SHP-010", BOTH, replace_in_bodies("中文", "??")),
    ("SHP-010", BOTH, replace_in_bodies("文件", "%E6%96%87%E4%BB%B6")),
    ("SHP-010", BOTH, replace_in_bodies("a+b", "a b")),
    ("SHP-010", BOTH, replace_in_bodies("b%20", "b ")),
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
    ("SHP-012", BOTH, _without("UserData")),
    ("SHP-012", (XML,), lambda t: edit_callbacks(t, lambda a: (with_body(a, "]]&gt; &amp;", "]]&gt; &"),))),
    ("SHP-001", (XML,), lambda t: edit_callbacks(t, _cut_at_4096)),
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
def test_deviations(requirement_id: str, form: Format | None, change: Change) -> None:
    """What contradicts a requirement is found, with expectation, sight and witness."""
    finding = judged(requirement_id, change(callbacks()), form)
    assert finding.kind is Kind.DEVIATES, finding
    assert finding.expected
    assert finding.seen
    assert finding.witness


def _reversed_json(arrival: CallbackReceived) -> Iterable[CallbackReceived]:
    def turn(value: object) -> object:
        if isinstance(value, dict):
            return {name: turn(value[name]) for name in reversed(value)}
        return [turn(entry) for entry in value] if isinstance(value, list) else value

    yield _json(arrival, turn)


def _json(arrival: CallbackReceived, turn: Change | object) -> CallbackReceived:
    if not arrival.body.text.startswith("{"):
        return arrival
    assert callable(turn)
    body = turn(msgspec.json.decode(arrival.body.data))
    return msgspec.structs.replace(arrival, body=Body(text=msgspec.json.encode(body).decode()))


def _json_as(turn: object) -> Change:
    return lambda transcript: edit_callbacks(transcript, lambda arrival: (_json(arrival, turn),))


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
    return _json_as(_tag_moved)(moved)


def _tag_moved(body: dict[str, list[dict[str, dict[str, object]]]]) -> object:
    job = body["JobsDetail"][0]
    job["Operation"]["Tag"] = job.pop("Tag")
    return body


def _with_charset(arrival: CallbackReceived) -> Iterable[CallbackReceived]:
    headers = tuple((name.lower(), f"{value.title()}; charset=utf-8") for name, value in arrival.headers)
    yield msgspec.structs.replace(arrival, headers=headers)


def _with_a_stranger(arrival: CallbackReceived) -> Iterable[CallbackReceived]:
    text = arrival.body.text
    stranger = text.replace("<JobId>", "<JobId>x").replace('"JobId": "', '"JobId": "x').replace("Snapshot", "Dna")
    yield msgspec.structs.replace(arrival, body=Body.of(stranger.replace("TaskFinish", "Other").encode()))
    yield arrival


ALL = [(i, f) for i, f in ITEMS if i not in MEASURED]
EVERY = {i for i, _ in ITEMS} - MEASURED
LEGAL: dict[str, tuple[Change, set[str]]] = {
    "JobsDetail an object": (_json_as(lambda b: b | {"JobsDetail": b["JobsDetail"][0]}), EVERY),
    "JSON in a wrapper": (_json_as(lambda b: {"Response": b}), EVERY),
    "JSON in another order": (lambda t: edit_callbacks(t, _reversed_json), EVERY),
    "JobLevel a number": (_json_as(_level_as_number), EVERY),
    "JSON with elements of its own": (_json_as(lambda b: b | {"XHint": 7, "XMore": {"Deep": [1, None]}}), EVERY),
    "Tag inside Operation": (_tag_in_operation, EVERY),
    "XML declaration": (replace_in_bodies("<Response>", '<?xml version="1.0" encoding="UTF-8"?>\n<Response>'), EVERY),
    "indented XML": (replace_in_bodies("><", ">\n  <"), EVERY - {"SHP-010"}),
    "elements of its own": (replace_in_bodies("<Code>", "<XHint>7</XHint><Code>"), EVERY),
    "NonExistJobIds": (replace_in_bodies("</EventName>", "</EventName><NonExistJobIds/>"), EVERY),
    "Message opened and closed": (replace_in_bodies("<Message/>", "<Message></Message>"), EVERY),
    "charset": (lambda t: edit_callbacks(t, _with_charset), EVERY),
    "escapes in small letters": (_target("/cb/secret/cb?ticket=a%2fb&x=1"), EVERY),
    "the same instant in another zone": (replace_in_bodies(CREATED, "2026-01-01T19:04:05Z"), EVERY),
    "Code left out on success": (_without("Code"), EVERY),
    "callbacks of strangers besides": (lambda t: edit_callbacks(t, _with_a_stranger), EVERY),
}


@pytest.mark.parametrize("dress", LEGAL)
def test_legal_dress(dress: str) -> None:
    """Another documented or harmless way of saying the same makes no check deviate."""
    change, concerned = LEGAL[dress]
    transcript = change(callbacks())
    for requirement_id, form in ALL:
        if requirement_id in concerned:
            finding = judged(requirement_id, transcript, form)
            assert finding.kind is Kind.HOLDS, (requirement_id, form, finding)


def test_missing_event_name_is_the_older_form() -> None:
    """A body without EventName is the documented older form: observed, for a warning."""
    for form in BOTH:
        assert judged("SHP-003", _without("EventName")(callbacks()), form).kind is Kind.OBSERVED


def test_wrong_event_name_outweighs_a_missing_one() -> None:
    """One wrong EventName is a deviation though other bodies have none."""
    seen: list[int] = []

    def edit(arrival: CallbackReceived) -> Iterable[CallbackReceived]:
        seen.append(arrival.seq)
        event = "<EventName>TaskFinish</EventName>"
        yield with_body(arrival, event, "") if len(seen) % 2 else with_body(arrival, "TaskFinish", "Other")

    assert judged("SHP-003", edit_callbacks(callbacks(), edit), XML).kind is Kind.DEVIATES


def test_content_type_of_json_is_written_nowhere() -> None:
    """Another Content-Type of JSON is observed, never a deviation."""
    for value in ("text/plain", None):
        assert judged("SHP-006", with_header("Content-Type", value)(callbacks()), JSON).kind is Kind.OBSERVED


def test_job_that_never_ended_owes_no_callback() -> None:
    """A callback is due only when the job has ended."""
    finding = judged("DEL-001", _never_ended(callbacks()), XML)
    assert finding.kind is Kind.BLOCKED
    assert "LIF-002" in finding.reason


def test_wait_cut_short_proves_nothing() -> None:
    """Without a wait sat out to its end a missing callback is no deviation."""
    assert judged("DEL-001", without_callbacks(callbacks(), waited=False), XML).kind is Kind.CANNOT_TELL


def test_one_lost_callback_among_others() -> None:
    """One lost callback is a deviation though the others came."""
    first = next(record.seq for record in callbacks().records if isinstance(record, CallbackReceived))
    lost = edit_callbacks(callbacks(), lambda a: () if a.seq == first else (a,)).event("expired")
    assert judged("DEL-001", lost, JSON).kind is Kind.DEVIATES
    assert judged("DEL-001", lost, XML).kind is Kind.HOLDS


def test_duplicate_after_a_failed_answer_is_a_retry() -> None:
    """What is sent again after an answer other than 2xx is no duplicate."""
    unwell = edit_callbacks(callbacks(), lambda a: (msgspec.structs.replace(a, answered=500), a))
    assert judged("DEL-004", unwell, XML).kind is Kind.HOLDS


def test_differing_duplicates_are_said_to_differ() -> None:
    """Duplicates that say different things are named as such."""
    assert "their contents differ" in judged("DEL-004", _duplicate_said_otherwise(callbacks()), XML).seen
    assert "their contents differ" not in judged("DEL-004", edit_callbacks(callbacks(), _copies(2)), XML).seen


def test_early_looks_say_nothing_about_the_end() -> None:
    """Looks before the callback may show anything; without one after it nothing is known."""
    assert judged("DEL-003", callbacks().without(Label.AFTER), XML).kind is Kind.CANNOT_TELL


def test_describe_that_shows_nothing_blocks_the_comparison() -> None:
    """Without describe there is nothing to compare callbacks with."""
    blind = callbacks().without(Label.AFTER, Label.BEFORE)
    assert judged("SHP-005", blind, XML).kind is Kind.BLOCKED


def test_fields_that_describe_does_not_show_are_not_compared() -> None:
    """JobLevel, Output and Input are compared only where both show them."""
    for old in ("<JobLevel>1</JobLevel>", "<Input><Object>in.mp4</Object></Input>"):
        assert judged("SHP-005", _describe_says(old, "")(callbacks()), XML).kind is Kind.HOLDS


@pytest.mark.parametrize("feature", [Feature.DOC, Feature.SPEECH])
def test_features_without_start_and_end_time(feature: Feature) -> None:
    """Documents and speech need not show StartTime and EndTime."""
    timeless = _without("StartTime", "EndTime")(callbacks(feature))
    for form in BOTH:
        assert judged("SHP-007", timeless, form).kind is Kind.HOLDS
    assert judged("SHP-007", _without("CreationTime")(callbacks(feature)), XML).kind is Kind.DEVIATES


def test_results_may_differ_between_the_forms() -> None:
    """What the work found is a job's own; that it is told is not."""
    rich = replace_in_bodies("<UserData>", "<MediaInfo><Size>17</Size></MediaInfo><UserData>")
    assert judged("SHP-008", rich(callbacks()), None).kind is Kind.DEVIATES
    both = _json_as(lambda b: _with_result(b))(rich(callbacks()))
    assert judged("SHP-008", both, None).kind is Kind.HOLDS


def _with_result(body: dict[str, list[dict[str, dict[str, object]]]]) -> object:
    body["JobsDetail"][0]["Operation"]["MediaInfo"] = {"Duration": "3"}
    return body


def test_numbers_in_results_are_no_strings() -> None:
    """Samples write the numbers of results as strings too, so a JSON number there is a deviation."""
    sized = _json_as(_with_size)(callbacks())
    assert judged("SHP-011", sized, JSON).kind is Kind.DEVIATES


def _with_size(body: dict[str, list[dict[str, dict[str, object]]]]) -> object:
    body["JobsDetail"][0]["Operation"]["MediaInfo"] = {"Size": 17}
    return body


def test_equal_jobs_that_ended_differently_are_not_compared() -> None:
    """A failed and a successful job differ rightly."""
    failed = _only(JSON, replace_in_bodies('"State": "Success"', '"State": "Failed"'))(callbacks())
    assert judged("SHP-008", failed, None).kind is Kind.CANNOT_TELL


def test_refused_special_characters() -> None:
    """Where the job with special characters is refused its names do not survive; UserData is left to the submit."""
    refused = callbacks().answered(SPECIAL[XML][0], 400, refusal("InvalidArgument"))
    refused = refused.answered(SECOND[XML], 400, refusal("InvalidArgument"))
    gone = edit_callbacks(refused, lambda a: () if _is_odd(a) and a.body.text.startswith("<") else (a,))
    assert judged("SHP-010", gone, XML).kind is Kind.DEVIATES
    assert judged("SHP-012", gone, XML).kind is Kind.BLOCKED
    assert judged("DEL-001", gone, XML).kind is Kind.HOLDS


def _is_odd(arrival: CallbackReceived) -> bool:
    return "special" in arrival.body.text or "second" in arrival.body.text


def test_long_user_data_makes_a_long_body() -> None:
    """The job with special characters has UserData as long as may be, printable, and a body beyond 4096 bytes."""
    text = special_user_data("run callback special")
    assert len(text) == LONGEST_USER_DATA
    assert text.isascii()
    assert text.isprintable()
    assert max(len(r.body.data) for r in callbacks().records if isinstance(r, CallbackReceived)) > 4096


def test_user_data_is_compared_with_the_order() -> None:
    """Describe may change UserData in the same way: that excuses no callback."""
    changed = replace_in_bodies("$$", "$")(callbacks()).edited_everywhere("$$", "$")
    assert judged("SHP-005", changed, XML).kind is Kind.HOLDS
    assert judged("SHP-012", changed, XML).kind is Kind.DEVIATES


def test_a_number_that_was_a_text_has_the_right_characters() -> None:
    """Whether JSON writes 12 as a number is SHP-011's to judge: the characters are those that were given."""
    assert judged("SHP-012", replace_in_bodies('"12"', "12")(callbacks()), JSON).kind is Kind.HOLDS


def test_blanks_on_lines_of_their_own_cannot_be_told() -> None:
    """A pretty printer that breaks the line around a text leaves nothing to say about its ends."""
    broken = replace_in_bodies("</UserData>", "\n  </UserData>")(
        replace_in_bodies("<UserData>", "<UserData>\n    ")(callbacks())
    )
    assert judged("SHP-013", broken, XML).kind is Kind.CANNOT_TELL
    assert judged("SHP-012", broken, XML).kind is Kind.HOLDS


def test_plain_name_of_the_input_where_the_odd_one_was_refused() -> None:
    """A target may refuse an input that nobody uploaded: the other job with an odd name is judged."""
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


def test_output_name_may_have_its_number_filled_in() -> None:
    """The folder must survive; the file's name may have its wildcard replaced."""
    assert judged("SHP-010", replace_in_bodies("${Number}", "1")(callbacks()), XML).kind is Kind.HOLDS


DOC_JSON = [(i, f) for i, f in ITEMS if f is JSON]


@pytest.mark.parametrize(("requirement_id", "form"), DOC_JSON)
def test_json_is_not_owed_by_documents(requirement_id: str, form: Format) -> None:
    """No page offers JSON for documents: refused, ignored or silent, it is absent and never a failure."""
    only_xml = callbacks(Feature.DOC, forms=(XML,))
    rule_alone = replace(only_xml, records=callbacks(Feature.DOC, forms=(JSON,)).records[:1])
    refused = rule_alone.answered(RULES[JSON], 400, refusal("InvalidArgument"))
    ignored = _renamed_json_steps(only_xml)
    mute = without_callbacks(callbacks(Feature.DOC, forms=(JSON,)))
    for transcript in (refused, ignored, mute):
        assert judged(requirement_id, transcript, form).kind is Kind.ABSENT


def _renamed_json_steps(transcript: Transcript) -> Transcript:
    """The XML story as answer to the JSON steps: what a target does that ignores ResultFormat."""
    steps = dict(zip((*SUBMITS[XML], RULES[XML]), (*SUBMITS[JSON], RULES[JSON]), strict=True))
    records = [
        msgspec.structs.replace(r, step=steps.get(r.step, r.step)) if isinstance(r, Exchange) else r
        for r in transcript.records
    ]
    return replace(transcript, records=tuple(records))


def test_json_in_vain_is_one_deviation() -> None:
    """Where JSON is documented and XML came: the form itself deviates, what is in it is blocked."""
    wrong = _renamed_json_steps(callbacks(forms=(XML,)))
    wrong = edit_callbacks(wrong, lambda a: (msgspec.structs.replace(a, channel="media.callback.json"),))
    assert judged("SHP-001", wrong, JSON).kind is Kind.DEVIATES
    assert judged("SHP-005", wrong, JSON).kind is Kind.BLOCKED
    assert judged("DEL-001", wrong, JSON).kind is Kind.HOLDS


def test_form_that_came_by_asking_directly_is_judged() -> None:
    """When the rule brings the other form, the body that the job itself asked for is looked at."""
    wrong = _renamed_json_steps(callbacks(forms=(XML,)))
    right = callbacks(forms=(JSON,))
    direct = dict(zip((*SUBMITS[JSON][:1], SUBMITS[JSON][2]), SUBMITS[JSON][3:], strict=True))
    shifted = [
        msgspec.structs.replace(r, step=direct.get(r.step, r.step)) if isinstance(r, Exchange) else r
        for r in right.records
    ]
    both = replace(wrong, records=(*wrong.records, *shifted))
    assert judged("SHP-002", both, JSON).kind is Kind.HOLDS


def test_stray_requests_hint_at_a_lost_path() -> None:
    """No callback, but requests for an unknown address: the path was not kept."""
    transcript = without_callbacks(callbacks())
    mark = transcript.event("note", "POST / reached the receiver at an address that the suite did not issue").records[
        -1
    ]
    lost = replace(transcript, records=(*transcript.records, msgspec.structs.replace(mark, scenario="receiver")))
    assert judged("DEL-008", lost).kind is Kind.DEVIATES


def test_odd_one_among_others() -> None:
    """A single body in the other form is found among right ones."""
    last = [r.seq for r in callbacks().records if isinstance(r, CallbackReceived) and r.body.text.startswith("{")][-1]
    odd = edit_callbacks(callbacks(), lambda a: (_as_xml(a),) if a.seq == last else (a,))
    assert judged("SHP-001", odd, JSON).kind is Kind.DEVIATES


def _as_xml(arrival: CallbackReceived) -> CallbackReceived:
    job_id = msgspec.json.decode(arrival.body.data)["JobsDetail"][0]["JobId"]
    body = f"<Response>{job_xml(job_id, 'Success')}</Response>"
    return msgspec.structs.replace(arrival, body=Body.of(body.encode()))


def test_special_job_needs_its_request() -> None:
    """The sent UserData is read from the request itself."""
    t = submit(callbacks(), SPECIAL[XML][1], job_xml("jx"))
    assert judged("SHP-010", t, XML).kind is Kind.HOLDS


def test_level_that_nobody_asked_for_need_not_be_told() -> None:
    """Describe may show a JobLevel that the order did not have; some samples of callbacks lack it then."""
    unasked = _unasked("<JobLevel>1</JobLevel>")(callbacks())
    for form in BOTH:
        assert judged("SHP-005", _without("JobLevel")(unasked), form).kind is Kind.HOLDS


def _unasked(element: str) -> Change:
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


def _ends_under_the_next_rule(*, seen_before: bool) -> Transcript:
    """The second JSON job is told in XML when the queue's rule says XML; it had ended before, or not."""
    story = callbacks()
    step = SECOND[JSON]
    job_id = next(r for r in story.evidence().responses if r.exchange.step == step).jobs[0].job_id
    told = next(r for r in story.records if isinstance(r, CallbackReceived) and str(job_id) in r.body.text)
    about = next(r for r in callbacks(forms=(XML,)).records if isinstance(r, CallbackReceived))
    as_xml = Body.of(
        about.body.text.replace(about.body.text.partition("<JobId>")[2].partition("<")[0], str(job_id)).encode()
    )
    kept = edit_callbacks(story, lambda a: () if a.seq == told.seq else (a,))
    if not seen_before:
        looks = {
            r.seq
            for r in kept.records
            if isinstance(r, Exchange) and r.step == Label.AFTER and str(job_id) in r.response_body.text
        }
        kept = replace(kept, records=tuple(r for r in kept.records if r.seq not in looks))
    at = max(r.seq for r in kept.records) + 1
    late = msgspec.structs.replace(
        told, seq=at, started=float(at), ended=at + 0.1, body=as_xml, target="/cb/secret", channel="media.rule.queue"
    )
    return replace(kept, records=(*kept.records, late))


def test_job_that_ends_under_the_next_rule() -> None:
    """No document says when a rule is read: a job that was open when the next came may follow either."""
    late, odd = _ends_under_the_next_rule(seen_before=False), _ends_under_the_next_rule(seen_before=True)
    for requirement_id, form in (("SHP-001", JSON), ("DEL-001", JSON), ("DEL-008", None)):
        assert judged(requirement_id, late, form).kind is Kind.HOLDS, requirement_id
        assert judged(requirement_id, odd, form).kind is Kind.DEVIATES, requirement_id
