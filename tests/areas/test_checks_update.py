"""Checks of the scenario `update`: conforming transcripts hold, legal variations do not deviate, wrong responses do."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import cast

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
    judged,
    queue_xml,
    refusal,
    response_xml,
)

from ciq_conformance.areas.update.labels import BAD, GOOD, LISTS, SINGLE_ELEMENTS, Label, after
from ciq_conformance.driver.requests import CallbackRuleRequest, update_body
from ciq_conformance.judge.finding import Kind
from ciq_schemas.transcript.records import Exchange

NAME = "ciq_run-*队列"
URL = "http://93.184.216.34:8000/callback"
RULE = f"<Url>{URL}</Url><Event>TaskFinish,WorkflowFinish</Event><Type>Url</Type><State>On</State>"
RULE += "<ResultFormat>JSON</ResultFormat>"
RULE_OFF = RULE.replace("On", "Off")
LONGEST = "ciq-" + "0123456789" * 9 + "012345"
OFF = "<Url/><Event/><Type/><State>Off</State>"
ON = CallbackRuleRequest(url=URL, event="TaskFinish,WorkflowFinish", result_format="JSON")
NO_RULE = CallbackRuleRequest(state="Off", url=None, event=None, type=None)
CODES = {Label.UNKNOWN_ID: (404, "QueueNotFound")}


def _now(transcript: Transcript) -> str:
    """Returns a time one second later for each exchange."""
    return f"2026-01-02T03:04:{6 + len(transcript.records):02}+0800"


def _put(
    transcript: Transcript, step: Label, *, name: str, state: str, rule: CallbackRuleRequest, shown: str
) -> Transcript:
    return transcript.exchange(
        step,
        response_xml(queue_xml(container="Queue", name=name, state=state, rule=shown, updated=_now(transcript))),
        request=update_body(name=name, state=state, rule=rule).decode(),
        method="PUT",
        target=f"/queue/{QUEUE}",
        operation="update_queue",
    )


def _list(
    transcript: Transcript, step: str, *, name: str, state: str = "Active", rule: str = RULE, updated: str = ""
) -> Transcript:
    body = response_xml(queue_xml(name=name, state=state, rule=rule, updated=updated or _now(transcript)))
    return transcript.exchange(step, body, target=f"/queue?queueIds={QUEUE}")


@cache
def conforming() -> Transcript:
    """Returns the transcript of the scenario on a target that follows the documents."""
    t = _list(Transcript("update"), Label.BEFORE, name="queue-1", rule=OFF, updated=CREATED)
    t = _put(t, Label.RENAME, name=NAME, state="Active", rule=NO_RULE, shown=OFF)
    t = _list(t, Label.LIST_RENAMED, name=NAME, rule=OFF)
    t = _put(t, Label.RULE, name=NAME, state="Active", rule=ON, shown=RULE)
    t = _list(t, Label.LIST_RULE, name=NAME)
    t = _put(t, Label.RULE_OFF, name=NAME, state="Active", rule=replace(ON, state="Off"), shown=RULE_OFF)
    t = _list(t, Label.LIST_RULE_OFF, name=NAME, rule=RULE_OFF)
    t = _put(t, Label.RULE_WITHOUT_STATE, name=NAME, state="Active", rule=replace(ON, state=None), shown=RULE_OFF)
    t = _list(t, Label.LIST_RULE_WITHOUT_STATE, name=NAME, rule=RULE_OFF)
    t = _put(t, Label.LONGEST_NAME, name=LONGEST, state="Active", rule=replace(ON, state="Off"), shown=RULE_OFF)
    t = _list(t, Label.LIST_LONGEST_NAME, name=LONGEST, rule=RULE_OFF)
    for step, listed in ((Label.PAUSE, Label.LIST_PAUSED), (Label.PAUSE_AGAIN, Label.LIST_PAUSED_AGAIN)):
        t = _put(t, step, name=NAME, state="Paused", rule=ON, shown=RULE)
        t = _list(t, listed, name=NAME, state="Paused")
    t = _put(t, Label.RESUME, name=NAME, state="Active", rule=ON, shown=RULE)
    t = _list(t, Label.LIST_RESUMED, name=NAME)
    for step in (Label.WITH_QUEUE_ID_UPPER, Label.WITH_QUEUE_ID, Label.WITHOUT_QUEUE_ID, Label.REVERSED):
        t = _put(t, step, name=NAME, state="Active", rule=ON, shown=RULE)
    t = _list(t, Label.LIST_SETTLED, name=NAME)
    for step in BAD:
        status, code = CODES.get(step, (400, "InvalidArgument"))
        request = update_body(name=f"ciq-{step}", state="Active", rule=NO_RULE).decode()
        t = t.exchange(step, refusal(code), request=request, status=status, method="PUT", operation="update_queue")
        t = _list(t, after(step), name=NAME)
    return t


def _timed(transcript: Transcript, step: Label, moment: str) -> Transcript:
    """Sets another UpdateTime in the response of a step."""
    return transcript.edited(step, f"<UpdateTime>{_time_at(transcript, step)}<", f"<UpdateTime>{moment}<")


def _time_at(transcript: Transcript, step: Label) -> str:
    (response,) = transcript.evidence().of("update", step)
    queue = response.queue or response.queue_list.queues[0]
    return queue.update_time or ""


IDS = (*(f"UPD-{n:03}" for n in (*range(1, 18), 19)), "ONE-011", "PAU-009")


@pytest.mark.parametrize("requirement", IDS)
def test_conforming_transcript_holds(requirement: str) -> None:
    """Each check holds on a conforming transcript and names its witness."""
    finding = judged(requirement, conforming())
    assert finding.kind is Kind.HOLDS, finding
    assert finding.witness


DEVIATIONS: dict[str, tuple[str, Change]] = {
    "on by default": (
        "UPD-016",
        lambda t: t.edited(Label.LIST_RULE_WITHOUT_STATE, "<State>Off<", "<State>On<"),
    ),
    "on by default, in the response": (
        "UPD-016",
        lambda t: t.edited(Label.RULE_WITHOUT_STATE, "<State>Off<", "<State>On<"),
    ),
    "rule without state refused": (
        "UPD-016",
        lambda t: t.answered(Label.RULE_WITHOUT_STATE, 400, refusal("InvalidArgument")),
    ),
    "name lost when only the state is set": ("UPD-017", lambda t: t.edited(Label.LIST_PAUSED, NAME, LONGEST)),
    "rule lost when only the state is set": (
        "UPD-017",
        lambda t: t.edited(Label.LIST_PAUSED, "<State>On<", "<State>Off<"),
    ),
    "rule lost by a resume": ("UPD-017", lambda t: t.edited(Label.LIST_RESUMED, RULE, OFF)),
    "old name in the response": ("UPD-017", lambda t: t.edited(Label.PAUSE, NAME, LONGEST)),
    "accepted only": ("UPD-001", lambda t: t.status(Label.RENAME, 202)),
    "later update answered 202": ("UPD-001", lambda t: t.status(Label.REVERSED, 202)),
    "refused": ("UPD-001", lambda t: t.answered(Label.RESUME, 400, refusal("InvalidArgument"))),
    "list for queue": ("UPD-001", lambda t: t.edited(Label.PAUSE, "Queue>", "QueueList>")),
    "no request id": ("UPD-001", lambda t: t.edited(Label.PAUSE, "RequestId>", "Id>")),
    "no name in the response": ("UPD-001", lambda t: t.edited(Label.RESUME, f"<Name>{NAME}</Name>", "")),
    "stale response": ("UPD-002", lambda t: t.edited(Label.PAUSE, "<State>Paused<", "<State>Active<")),
    "stale list": ("UPD-002", lambda t: t.edited(Label.LIST_RESUMED, "<State>Active<", "<State>Paused<")),
    "pause refused": ("UPD-002", lambda t: t.answered(Label.PAUSE, 400, refusal("InvalidArgument"))),
    "event lost": ("UPD-003", lambda t: t.edited(Label.LIST_RULE, "TaskFinish,WorkflowFinish", "TaskFinish")),
    "url cut": ("UPD-003", lambda t: t.edited(Label.RULE, "/callback", "")),
    "format ignored": ("UPD-003", lambda t: t.edited(Label.LIST_RULE, "JSON", "XML")),
    "rule without event accepted": ("UPD-009", lambda t: t.answered(Label.NO_EVENT, 200)),
    "rule without type accepted": ("UPD-009", lambda t: t.answered(Label.NO_TYPE, 200)),
    "other letter case accepted": ("UPD-015", lambda t: t.answered(Label.OTHER_LETTERS, 200)),
    "off is refused": ("UPD-003", lambda t: t.answered(Label.RULE_OFF, 400, refusal("InvalidArgument"))),
    "off not shown": ("UPD-003", lambda t: t.edited(Label.LIST_RULE_OFF, "<State>Off<", "<State>On<")),
    "off with another url": ("UPD-003", lambda t: t.edited(Label.LIST_RULE_OFF, "/callback", "/elsewhere")),
    "long name cut": ("UPD-014", lambda t: t.edited(Label.LIST_LONGEST_NAME, LONGEST, LONGEST[:64])),
    "long name refused": ("UPD-014", lambda t: t.answered(Label.LONGEST_NAME, 400, refusal("InvalidArgument"))),
    "rule off": ("UPD-003", lambda t: t.edited(Label.LIST_RULE, "<State>On<", "<State>Off<")),
    "public rule refused": ("UPD-003", lambda t: t.answered(Label.RULE, 400, refusal("InvalidArgument"))),
    "name ignored": ("UPD-004", lambda t: t.edited(Label.LIST_RENAMED, NAME, "queue-1")),
    "chinese lost": ("UPD-004", lambda t: t.edited(Label.RENAME, "队列", "??")),
    "created anew": ("UPD-005", lambda t: t.edited(Label.LIST_RULE, "2026-01-02T03:04:05+0800", LATER)),
    "update time moves backwards": ("UPD-005", lambda t: _timed(t, Label.LIST_SETTLED, "2026-01-02T03:04:04+0800")),
    "unknown id accepted": (
        "UPD-006",
        lambda t: t.answered(Label.UNKNOWN_ID, 200, response_xml(queue_xml(container="Queue"))),
    ),
    "unknown id, other code": ("UPD-006", lambda t: t.edited(Label.UNKNOWN_ID, "QueueNotFound", "NoSuchThing")),
    "unknown state accepted": ("UPD-007", lambda t: t.answered(Label.BAD_STATE, 200)),
    "state, other code": ("UPD-007", lambda t: t.edited(Label.BAD_STATE, "InvalidArgument", "InternalError")),
    "long name accepted": ("UPD-008", lambda t: t.answered(Label.LONG_NAME, 200)),
    "rule without url accepted": ("UPD-009", lambda t: t.answered(Label.NO_URL, 200)),
    "unknown rule word accepted": ("UPD-010", lambda t: t.answered(Label.BAD_RULE_EVENT, 200)),
    "refused but renamed": ("UPD-011", lambda t: t.edited(after(Label.BAD_STATE), NAME, "ciq-refused")),
    "refused but paused": ("UPD-011", lambda t: t.edited(after(Label.NO_URL), "<State>Active<", "<State>Paused<")),
    "refused but rule changed": (
        "UPD-011",
        lambda t: t.edited(after(Label.BAD_RULE_EVENT), "WorkflowFinish", "TaskMaybe"),
    ),
    "id in body refused": ("UPD-012", lambda t: t.answered(Label.WITH_QUEUE_ID, 400, refusal("InvalidArgument"))),
    "id in body takes precedence": ("UPD-012", lambda t: t.edited(Label.WITHOUT_QUEUE_ID, QUEUE, STRANGER)),
    "order matters": ("UPD-013", lambda t: t.answered(Label.REVERSED, 400, refusal("InvalidContent"))),
    "order loses state": ("UPD-013", lambda t: t.edited(Label.REVERSED, "<State>Active<", "<State>Paused<")),
    "other id": ("ONE-011", lambda t: t.edited(Label.PAUSE, QUEUE, STRANGER)),
    "other creation": ("ONE-011", lambda t: t.edited(Label.LIST_PAUSED, "2026-01-02T03:04:05+0800", LATEST)),
    "second pause refused": ("PAU-009", lambda t: t.answered(Label.PAUSE_AGAIN, 400, refusal("InvalidArgument"))),
    "second pause toggles": (
        "PAU-009",
        lambda t: t.edited(Label.LIST_PAUSED_AGAIN, "<State>Paused<", "<State>Active<"),
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


def test_update_time_changes_with_the_queue() -> None:
    """A change of the queue one second after the previous response gives another UpdateTime."""
    whole = conforming()
    still = _timed(whole, Label.RESUME, _time_at(whole, Label.PAUSE_AGAIN))
    assert "before and after a change of State" in judged("UPD-005", still).seen
    still = _timed(whole, Label.LONGEST_NAME, _time_at(whole, Label.RULE_WITHOUT_STATE))
    assert "before and after a change of Name" in judged("UPD-005", still).seen
    still = _timed(whole, Label.RULE_OFF, _time_at(whole, Label.RULE))
    assert "before and after a change of NotifyConfig" in judged("UPD-005", still).seen


def test_update_time_may_stay_when_nothing_changes() -> None:
    """An update with the current values need not count, nor one within the same second."""
    whole = conforming()
    assert judged("UPD-005", _timed(whole, Label.PAUSE_AGAIN, _time_at(whole, Label.PAUSE))).kind is Kind.HOLDS
    quick = _timed(whole, Label.RESUME, _time_at(whole, Label.PAUSE_AGAIN))
    records = tuple(
        msgspec.structs.replace(r, started=r.started - 1.0) if getattr(r, "step", "") == Label.RESUME else r
        for r in quick.records
        if isinstance(r, Exchange)
    )
    assert judged("UPD-005", Transcript("update", records=records)).kind is Kind.HOLDS


def test_update_time_hours_off_the_date_deviates() -> None:
    """UTC with the name of another zone is hours off the Date of its response, and before CreateTime."""
    whole = conforming()
    utc = _timed(whole, Label.RENAME, "2026-01-01T19:04:07+0800")
    assert "is -8.0 h from the Date of its response" in judged("UPD-019", utc).seen
    assert judged("UPD-019", _timed(whole, Label.BEFORE, "2026-01-01T19:04:05+0800")).kind is Kind.DEVIATES
    ahead = _timed(whole, Label.PAUSE, "2026-01-02T05:04:07+0800")
    assert "is +2.0 h from the Date of its response" in judged("UPD-019", ahead).seen


def test_target_clock_may_differ_from_the_suite_clock() -> None:
    """A clock days off is legal; without Date nothing is judged; the same moment in UTC holds."""
    whole = conforming()
    assert (
        judged(
            "UPD-019",
            whole.edited_everywhere("2026-01-02T03:04:", "2026-01-01T19:04:").edited_everywhere("+0800", "+0000"),
        ).kind
        is Kind.HOLDS
    )
    dated = whole
    for step in GOOD:
        dated = dated.header(step, "date", None)
    assert judged("UPD-019", dated).kind is Kind.INCONCLUSIVE
    assert judged("UPD-019", _timed(dated, Label.RENAME, "2026-01-02T09:04:07+0800")).kind is Kind.INCONCLUSIVE


def test_update_that_changes_nothing_may_keep_its_time() -> None:
    """UpdateTime of an update with the current values may be that of the last change."""
    old = conforming().edited_everywhere(CREATED, "2025-01-02T03:04:05+0800")
    kept = _timed(old, Label.PAUSE_AGAIN, "2025-06-02T03:04:05+0800")
    assert judged("UPD-019", kept).kind is Kind.HOLDS


def test_list_may_be_older_than_the_previous_response() -> None:
    """Times are compared between lists and between responses: a list may not show the last update yet."""
    behind = _timed(conforming(), Label.LIST_PAUSED_AGAIN, CREATED)
    assert judged("UPD-005", behind).kind is Kind.DEVIATES  # the previous list showed a later update
    late = _timed(conforming(), Label.LIST_PAUSED, _time_at(conforming(), Label.LIST_LONGEST_NAME))
    assert judged("UPD-005", late).kind is Kind.HOLDS


def test_last_list_of_a_step_decides() -> None:
    """No document promises that a list shows an update at once: the last list must show it."""
    late = conforming().edited(Label.LIST_PAUSED, ">Paused<", ">Active<")
    assert judged("UPD-002", late).kind is Kind.DEVIATES
    assert judged("UPD-002", _list(late, Label.LIST_PAUSED, name=NAME, state="Paused")).kind is Kind.HOLDS
    assert judged("UPD-002", _list(conforming(), Label.LIST_PAUSED, name=NAME)).kind is Kind.DEVIATES


LEGAL: dict[str, Change] = {
    "off empties the rule": lambda t: t.edited(Label.RULE_OFF, RULE_OFF, OFF).edited(
        Label.LIST_RULE_OFF, RULE_OFF, "<State>Off</State>"
    ),
    "events in another order": lambda t: t.edited_everywhere("TaskFinish,WorkflowFinish", "WorkflowFinish, TaskFinish"),
    "message queue fields": lambda t: t.edited_everywhere(
        "<ResultFormat>", "<MqMode/><MqRegion/><MqName/><ResultFormat>"
    ),
    "zone with colon, in utc": lambda t: t.edited_everywhere("2026-01-02T03:04:05+0800", "2026-01-01T19:04:05Z"),
    "numbers for codes": lambda t: t.edited_everywhere("QueueNotFound", "1106").edited_everywhere(
        "InvalidArgument", "1015"
    ),
    "further elements": lambda t: t.edited_everywhere("<MaxSize>", "<Colour>blue</Colour><MaxSize>"),
    "white space": lambda t: t.edited_everywhere("<State>Paused<", "<State> Paused\n<"),
}


@pytest.mark.parametrize("requirement", IDS)
@pytest.mark.parametrize("change", LEGAL.values(), ids=LEGAL)
def test_legal_variation_does_not_deviate(requirement: str, change: Change) -> None:
    """What the documents leave open makes no check deviate."""
    assert judged(requirement, change(conforming())).kind is Kind.HOLDS


def test_short_response_of_older_pages_is_observed() -> None:
    """Responses without MaxSize and MaxConcurrent are those of older pages."""
    short = conforming()
    for step in (Label.PAUSE, Label.RESUME):
        short = short.edited(step, "<MaxSize>10000</MaxSize><MaxConcurrent>10</MaxConcurrent>", "")
    assert judged("UPD-001", short).kind is Kind.OBSERVED


def test_refused_name_is_named_as_the_cause() -> None:
    """A rule sent with a name that is refused alone too shows nothing about the rule's Url."""
    refused = conforming()
    for step in (Label.RENAME, Label.RULE):
        refused = refused.answered(step, 400, refusal("InvalidArgument"))
    assert judged("UPD-004", refused).kind is Kind.DEVIATES
    assert judged("UPD-001", refused).kind is Kind.HOLDS
    finding = judged("UPD-003", refused)
    assert finding.kind is Kind.BLOCKED
    assert "the name" in finding.reason
    assert "UPD-004" in finding.reason


def test_refused_intranet_url_does_not_deviate() -> None:
    """Documents forbid intranet URLs: a target that refuses the receiver's cannot be judged by it."""
    local = Transcript("update").exchange(
        Label.RULE,
        refusal("InvalidArgument"),
        status=400,
        request=update_body(
            name=NAME,
            state="Active",
            rule=CallbackRuleRequest(url="http://127.0.0.1:8000/callback", result_format="JSON"),
        ).decode(),
        operation="update_queue",
    )
    finding = judged("UPD-003", local)
    assert finding.kind is Kind.BLOCKED
    assert "callback_url" in finding.reason


def test_accepted_updates_cannot_judge_the_effect_of_refused_ones() -> None:
    """When no bad update is refused, nothing shows what refused ones change."""
    lax = conforming()
    for step in BAD:
        lax = lax.answered(step, 200, response_xml(queue_xml(container="Queue")))
    assert judged("UPD-011", lax).kind is Kind.INCONCLUSIVE


def test_late_name_of_an_accepted_update_is_not_attributed_to_a_refused_one() -> None:
    """A list may show the name of an accepted update only after the next one, which was refused."""
    late = conforming().answered(Label.NO_URL, 200, response_xml(queue_xml(container="Queue")))
    for step in BAD[BAD.index(Label.BAD_RULE_STATE) :]:
        late = late.edited(after(step), NAME, f"ciq-{Label.NO_URL}")
    assert judged("UPD-011", late).kind is Kind.HOLDS
    assert judged("UPD-011", late.status(Label.NO_URL, 400)).kind is Kind.DEVIATES


@pytest.mark.parametrize("requirement", IDS)
def test_missing_exchanges_block_the_check(requirement: str) -> None:
    """Without exchanges every check is blocked, with the reason of the scenario."""
    finding = judged(requirement, Transcript("update").event("broken", "no answer at all"))
    assert finding.kind is Kind.BLOCKED


@pytest.mark.parametrize("requirement", IDS)
def test_missing_responses_do_not_hold(requirement: str) -> None:
    """A target that never responds passes no check."""
    hanging = conforming()
    for step in (*(step for step in Label if step not in SINGLE_ELEMENTS), *map(after, BAD)):
        hanging = hanging.answered(step, 0, error="no answer within 30 s")
    assert judged(requirement, hanging).kind not in (Kind.HOLDS, Kind.OBSERVED)


def test_every_list_of_the_scenario_is_judged() -> None:
    """The check compares the identity of the queue in each list."""
    for step in LISTS[1:]:
        assert judged("ONE-011", conforming().edited(step, QUEUE, STRANGER)).kind is Kind.DEVIATES, step


@pytest.mark.parametrize("step", [Label.NO_URL, Label.NO_TYPE, Label.NO_EVENT])
def test_update_that_keeps_the_omitted_part_of_the_rule_is_legal(step: Label) -> None:
    """A target may keep the parts of NotifyConfig that an update omits; an empty or a new part deviates."""
    shown = response_xml(queue_xml(name=f"ciq-{step}", rule=RULE))
    merged = conforming().answered(step, 200).answered(after(step), 200, shown)
    finding = judged("UPD-009", merged)
    assert finding.kind is Kind.HOLDS, finding
    assert step in finding.seen
    for old in (URL, "TaskFinish,WorkflowFinish", "<Type>Url"):
        changed = merged.edited(after(step), old, "<Type>TDMQ" if "<" in old else "")
        relevant = {Label.NO_URL: URL, Label.NO_TYPE: "<Type>Url", Label.NO_EVENT: "TaskFinish,WorkflowFinish"}[step]
        assert judged("UPD-009", changed).kind is (Kind.DEVIATES if old == relevant else Kind.HOLDS)
    assert judged("UPD-009", merged.edited(after(step), f"ciq-{step}", NAME)).kind is Kind.DEVIATES


@pytest.mark.parametrize("step", [Label.BAD_STATE, after(Label.BAD_STATE)])
def test_unknown_state_that_the_target_shows_deviates(step: str) -> None:
    """The value of the update in its answer or in the list after it deviates; a rejection, or Active, holds."""
    assert judged("UPD-020", conforming()).kind is Kind.HOLDS
    answer = response_xml(queue_xml(container="Queue", name="ciq-bad-state"))
    lax = conforming().answered(Label.BAD_STATE, 200, answer)
    assert judged("UPD-020", lax).kind is Kind.HOLDS
    stored = lax.edited(step, "<State>Active<", "<State>Stopped<")
    finding = judged("UPD-020", stored)
    assert finding.kind is Kind.DEVIATES
    assert finding.witness


def updates_at_once(
    name: str, state: str, *, merges: bool = True, overlap: bool = True, status: int = 200
) -> Transcript:
    """Updates Name and State alone, then both at the same time; the last list shows `name` and `state`."""
    t = Transcript("update")

    def put(step: Label, element: str, text: str) -> None:
        nonlocal t
        body = response_xml(queue_xml(container="Queue")) if status == 200 else refusal("InvalidArgument")
        request = f"<Request><{element}>{text}</{element}></Request>"
        t = t.exchange(step, body, status=status, request=request, method="PUT", target=f"/queue/{QUEUE}")

    put(Label.NAME_ALONE, "Name", "one")
    t = _list(t, Label.LIST_NAME_ALONE, name="one")
    put(Label.STATE_ALONE, "State", "Paused")
    t = _list(t, Label.LIST_STATE_ALONE, name="one" if merges else "queue-1", state="Paused")
    put(Label.NAME_AT_ONCE, "Name", "two")
    put(Label.STATE_AT_ONCE, "State", "Active")
    if overlap:
        *earlier, one, other = t.records
        one, other = cast(Exchange, one), cast(Exchange, other)
        t = replace(t, records=(*earlier, msgspec.structs.replace(one, ended=other.ended), other))
    return _list(t, Label.LIST_AT_ONCE, name=name, state=state)


def test_overlapping_updates_of_different_elements_both_count() -> None:
    """A lost Name or State deviates; a target that rejects or replaces omitted elements is not judged."""
    assert judged("UPD-021", updates_at_once("two", "Active")).kind is Kind.HOLDS
    assert judged("UPD-021", updates_at_once("one", "Active")).kind is Kind.DEVIATES
    assert judged("UPD-021", updates_at_once("two", "Paused")).kind is Kind.DEVIATES
    assert judged("UPD-021", updates_at_once("one", "Active", overlap=False)).kind is Kind.INCONCLUSIVE
    assert judged("UPD-021", updates_at_once("one", "Active", merges=False)).kind is Kind.UNTESTED
    assert judged("UPD-021", updates_at_once("one", "Active", status=400)).kind is Kind.UNTESTED
    assert judged("UPD-021", Transcript("update").event("broken", "no")).kind is Kind.BLOCKED
