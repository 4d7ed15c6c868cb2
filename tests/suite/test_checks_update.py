"""Checks of the scenario `update`: what holds on the documents' own form, in other legal dress, and what deviates."""

from __future__ import annotations

from dataclasses import replace
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
    judged,
    queue_xml,
    refusal,
    response,
)

from ciq_conformance.driver.orders import RuleOrder, update_body
from ciq_conformance.judge.finding import Kind
from ciq_conformance.steps.update import BAD, LISTS, Step, after
from ciq_schemas.requirement import Scenario

NAME = "ciq_run-*队列"
URL = "http://93.184.216.34:8000/told"
RULE = f"<Url>{URL}</Url><Event>TaskFinish,WorkflowFinish</Event><Type>Url</Type><State>On</State>"
RULE += "<ResultFormat>JSON</ResultFormat>"
RULE_OFF = RULE.replace("On", "Off")
LONGEST = "ciq-" + "0123456789" * 9 + "012345"
OFF = "<Url/><Event/><Type/><State>Off</State>"
ON = RuleOrder(url=URL, event="TaskFinish,WorkflowFinish", result_format="JSON")
NO_RULE = RuleOrder(state="Off", url=None, event=None, type=None)
CODES = {Step.UNKNOWN_ID: (404, "QueueNotFound")}


def _put(transcript: Transcript, step: Step, *, name: str, state: str, rule: RuleOrder, shown: str) -> Transcript:
    return transcript.say(
        step,
        response(queue_xml(container="Queue", name=name, state=state, rule=shown, updated=LATER)),
        request=update_body(name=name, state=state, rule=rule).decode(),
        method="PUT",
        target=f"/queue/{QUEUE}",
        operation="update_queue",
    )


def _list(
    transcript: Transcript, step: str, *, name: str, state: str = "Active", rule: str = RULE, updated: str = LATER
) -> Transcript:
    body = response(queue_xml(name=name, state=state, rule=rule, updated=updated))
    return transcript.say(step, body, target=f"/queue?queueIds={QUEUE}")


@cache
def conversation() -> Transcript:
    """The scenario on a service that does as the documents say."""
    t = _list(Transcript(Scenario.UPDATE), Step.BEFORE, name="queue-1", rule=OFF, updated="2026-01-02T03:04:05+0800")
    t = _put(t, Step.RENAME, name=NAME, state="Active", rule=NO_RULE, shown=OFF)
    t = _list(t, Step.LIST_RENAMED, name=NAME, rule=OFF)
    t = _put(t, Step.RULE, name=NAME, state="Active", rule=ON, shown=RULE)
    t = _list(t, Step.LIST_RULE, name=NAME)
    t = _put(t, Step.RULE_OFF, name=NAME, state="Active", rule=replace(ON, state="Off"), shown=RULE_OFF)
    t = _list(t, Step.LIST_RULE_OFF, name=NAME, rule=RULE_OFF)
    t = _put(t, Step.LONGEST_NAME, name=LONGEST, state="Active", rule=ON, shown=RULE)
    t = _list(t, Step.LIST_LONGEST_NAME, name=LONGEST)
    for step, listed in ((Step.PAUSE, Step.LIST_PAUSED), (Step.PAUSE_AGAIN, Step.LIST_PAUSED_AGAIN)):
        t = _put(t, step, name=NAME, state="Paused", rule=ON, shown=RULE)
        t = _list(t, listed, name=NAME, state="Paused")
    t = _put(t, Step.RESUME, name=NAME, state="Active", rule=ON, shown=RULE)
    t = _list(t, Step.LIST_RESUMED, name=NAME, updated=LATEST)
    for step in (Step.WITH_QUEUE_ID_UPPER, Step.WITH_QUEUE_ID, Step.WITHOUT_QUEUE_ID, Step.REVERSED):
        t = _put(t, step, name=NAME, state="Active", rule=ON, shown=RULE).edited(step, LATER, LATEST)
    t = _list(t, Step.LIST_SETTLED, name=NAME, updated=LATEST)
    for step in BAD:
        status, code = CODES.get(step, (400, "InvalidArgument"))
        t = t.say(step, refusal(code), status=status, method="PUT", operation="update_queue")
        t = _list(t, after(step), name=NAME, updated=LATEST)
    return t


IDS = (*(f"UPD-{n:03}" for n in range(1, 16)), "ONE-011", "PAU-009")


@pytest.mark.parametrize("requirement", IDS)
def test_holds_on_the_documented_conversation(requirement: str) -> None:
    """Each check holds where the service does as the documents say, and shows by which exchange."""
    finding = judged(requirement, conversation())
    assert finding.kind is Kind.HOLDS, finding
    assert finding.witness


DEVIATIONS: dict[str, tuple[str, Change]] = {
    "accepted only": ("UPD-001", lambda t: t.status(Step.RENAME, 202)),
    "accepted only, further on": ("UPD-001", lambda t: t.status(Step.REVERSED, 202)),
    "refused": ("UPD-001", lambda t: t.answered(Step.RENAME, 400, refusal("InvalidArgument"))),
    "list for queue": ("UPD-001", lambda t: t.edited(Step.PAUSE, "Queue>", "QueueList>")),
    "no request id": ("UPD-001", lambda t: t.edited(Step.PAUSE, "RequestId>", "Id>")),
    "no name in answer": ("UPD-001", lambda t: t.edited(Step.RESUME, f"<Name>{NAME}</Name>", "")),
    "stale answer": ("UPD-002", lambda t: t.edited(Step.PAUSE, "<State>Paused<", "<State>Active<")),
    "stale list": ("UPD-002", lambda t: t.edited(Step.LIST_RESUMED, "<State>Active<", "<State>Paused<")),
    "pause refused": ("UPD-002", lambda t: t.answered(Step.PAUSE, 400, refusal("InvalidArgument"))),
    "event lost": ("UPD-003", lambda t: t.edited(Step.LIST_RULE, "TaskFinish,WorkflowFinish", "TaskFinish")),
    "url cut": ("UPD-003", lambda t: t.edited(Step.RULE, "/told", "")),
    "format ignored": ("UPD-003", lambda t: t.edited(Step.LIST_RULE, "JSON", "XML")),
    "rule without event taken": ("UPD-009", lambda t: t.answered(Step.NO_EVENT, 200)),
    "rule without type taken": ("UPD-009", lambda t: t.answered(Step.NO_TYPE, 200)),
    "other letters taken": ("UPD-015", lambda t: t.answered(Step.OTHER_LETTERS, 200)),
    "off is refused": ("UPD-003", lambda t: t.answered(Step.RULE_OFF, 400, refusal("InvalidArgument"))),
    "off does not show": ("UPD-003", lambda t: t.edited(Step.LIST_RULE_OFF, "<State>Off<", "<State>On<")),
    "off has another address": ("UPD-003", lambda t: t.edited(Step.LIST_RULE_OFF, "/told", "/elsewhere")),
    "long name cut": ("UPD-014", lambda t: t.edited(Step.LIST_LONGEST_NAME, LONGEST, LONGEST[:64])),
    "long name refused": ("UPD-014", lambda t: t.answered(Step.LONGEST_NAME, 400, refusal("InvalidArgument"))),
    "rule off": ("UPD-003", lambda t: t.edited(Step.LIST_RULE, "<State>On<", "<State>Off<")),
    "public rule refused": ("UPD-003", lambda t: t.answered(Step.RULE, 400, refusal("InvalidArgument"))),
    "name ignored": ("UPD-004", lambda t: t.edited(Step.LIST_RENAMED, NAME, "queue-1")),
    "chinese lost": ("UPD-004", lambda t: t.edited(Step.RENAME, "队列", "??")),
    "created anew": ("UPD-005", lambda t: t.edited(Step.LIST_RULE, "2026-01-02T03:04:05+0800", LATER)),
    "updated back": ("UPD-005", lambda t: t.edited(Step.LIST_SETTLED, LATEST, "2026-01-02T03:04:04+0800")),
    "unknown id taken": ("UPD-006", lambda t: t.answered(Step.UNKNOWN_ID, 200, response(queue_xml(container="Queue")))),
    "unknown id, other code": ("UPD-006", lambda t: t.edited(Step.UNKNOWN_ID, "QueueNotFound", "NoSuchThing")),
    "state taken": ("UPD-007", lambda t: t.answered(Step.BAD_STATE, 200)),
    "state, other code": ("UPD-007", lambda t: t.edited(Step.BAD_STATE, "InvalidArgument", "InternalError")),
    "long name taken": ("UPD-008", lambda t: t.answered(Step.LONG_NAME, 200)),
    "no url taken": ("UPD-009", lambda t: t.answered(Step.NO_URL, 200)),
    "rule word taken": ("UPD-010", lambda t: t.answered(Step.BAD_RULE_EVENT, 200)),
    "refused yet renamed": ("UPD-011", lambda t: t.edited(after(Step.BAD_STATE), NAME, "ciq-refused")),
    "refused yet paused": ("UPD-011", lambda t: t.edited(after(Step.NO_URL), "<State>Active<", "<State>Paused<")),
    "refused yet rule": ("UPD-011", lambda t: t.edited(after(Step.BAD_RULE_EVENT), "WorkflowFinish", "TaskMaybe")),
    "id in body refused": ("UPD-012", lambda t: t.answered(Step.WITH_QUEUE_ID, 400, refusal("InvalidArgument"))),
    "body id decides": ("UPD-012", lambda t: t.edited(Step.WITHOUT_QUEUE_ID, QUEUE, STRANGER)),
    "order matters": ("UPD-013", lambda t: t.answered(Step.REVERSED, 400, refusal("InvalidContent"))),
    "order loses state": ("UPD-013", lambda t: t.edited(Step.REVERSED, "<State>Active<", "<State>Paused<")),
    "other id": ("ONE-011", lambda t: t.edited(Step.PAUSE, QUEUE, STRANGER)),
    "other creation": ("ONE-011", lambda t: t.edited(Step.LIST_PAUSED, "2026-01-02T03:04:05+0800", LATEST)),
    "second pause refused": ("PAU-009", lambda t: t.answered(Step.PAUSE_AGAIN, 400, refusal("InvalidArgument"))),
    "second pause toggles": (
        "PAU-009",
        lambda t: t.edited(Step.LIST_PAUSED_AGAIN, "<State>Paused<", "<State>Active<"),
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


def test_update_time_moves_with_a_change_of_state() -> None:
    """Two seconds after the answer before, a change of State has another UpdateTime; within them times may be equal."""
    apart = conversation().without(Step.PAUSE_AGAIN, Step.LIST_PAUSED_AGAIN)
    finding = judged("UPD-005", apart)
    assert finding.kind is Kind.DEVIATES
    assert "before and after a change of State" in finding.seen
    assert judged("UPD-005", apart.edited(Step.RESUME, LATER, LATEST)).kind is Kind.HOLDS
    same = apart.edited(Step.PAUSE, ">Paused<", ">Active<").edited(Step.RULE_OFF, ">Active<", ">Paused<")
    assert "before and after" not in judged("UPD-005", same).seen


def test_a_list_may_be_older_than_the_answer_before_it() -> None:
    """Times are compared from list to list and from answer to answer: a list may not know the last update yet."""
    behind = conversation().edited(Step.LIST_PAUSED_AGAIN, LATER, CREATED)
    assert judged("UPD-005", behind).kind is Kind.DEVIATES  # the list before knew more
    fresh = conversation().edited(Step.PAUSE_AGAIN, LATER, LATEST).edited(Step.RESUME, LATER, LATEST)
    assert judged("UPD-005", fresh).kind is Kind.HOLDS


def test_the_last_list_of_a_step_counts() -> None:
    """No document promises that a list shows an update at once: one that comes round is right, the reverse is not."""
    late = conversation().edited(Step.LIST_PAUSED, ">Paused<", ">Active<")
    assert judged("UPD-002", late).kind is Kind.DEVIATES
    assert judged("UPD-002", _list(late, Step.LIST_PAUSED, name=NAME, state="Paused")).kind is Kind.HOLDS
    assert judged("UPD-002", _list(conversation(), Step.LIST_PAUSED, name=NAME)).kind is Kind.DEVIATES


LEGAL: dict[str, Change] = {
    "off empties the rule": lambda t: t.edited(Step.RULE_OFF, RULE_OFF, OFF).edited(
        Step.LIST_RULE_OFF, RULE_OFF, "<State>Off</State>"
    ),
    "events in another order": lambda t: t.everywhere("TaskFinish,WorkflowFinish", "WorkflowFinish, TaskFinish"),
    "message queue fields": lambda t: t.everywhere("<ResultFormat>", "<MqMode/><MqRegion/><MqName/><ResultFormat>"),
    "zone with colon, in utc": lambda t: t.everywhere("2026-01-02T03:04:05+0800", "2026-01-01T19:04:05Z"),
    "numbers for codes": lambda t: t.everywhere("QueueNotFound", "1106").everywhere("InvalidArgument", "1015"),
    "further elements": lambda t: t.everywhere("<MaxSize>", "<Colour>blue</Colour><MaxSize>"),
    "white space": lambda t: t.everywhere("<State>Paused<", "<State> Paused\n<"),
}


@pytest.mark.parametrize("requirement", IDS)
@pytest.mark.parametrize("change", LEGAL.values(), ids=LEGAL)
def test_legal_dress_is_no_deviation(requirement: str, change: Change) -> None:
    """What the documents leave open turns no check."""
    assert judged(requirement, change(conversation())).kind is Kind.HOLDS


def test_short_answer_of_older_pages_is_a_lesser_form() -> None:
    """Answers without MaxSize and MaxConcurrent are those of older pages."""
    short = conversation()
    for step in (Step.PAUSE, Step.RESUME):
        short = short.edited(step, "<MaxSize>10000</MaxSize><MaxConcurrent>10</MaxConcurrent>", "")
    assert judged("UPD-001", short).kind is Kind.OBSERVED


def test_refused_intranet_address_is_no_deviation() -> None:
    """Documents forbid intranet addresses: a target that refuses the receiver's cannot be judged by it."""
    local = Transcript(Scenario.UPDATE).say(
        Step.RULE,
        refusal("InvalidArgument"),
        status=400,
        request=update_body(
            name=NAME, state="Active", rule=RuleOrder(url="http://127.0.0.1:8000/told", result_format="JSON")
        ).decode(),
        operation="update_queue",
    )
    finding = judged("UPD-003", local)
    assert finding.kind is Kind.BLOCKED
    assert "callback_url" in finding.reason


def test_taken_update_is_no_witness_for_what_refusal_changes() -> None:
    """When no bad update is refused, nothing is said of what refused ones change."""
    lax = conversation()
    for step in BAD:
        lax = lax.answered(step, 200, response(queue_xml(container="Queue")))
    assert judged("UPD-011", lax).kind is Kind.CANNOT_TELL


@pytest.mark.parametrize("requirement", IDS)
def test_nothing_holds_by_absence(requirement: str) -> None:
    """Without a conversation every check is blocked, with the scenario's own reason."""
    finding = judged(requirement, Transcript(Scenario.UPDATE).mark("broken", "no answer at all"))
    assert finding.kind is Kind.BLOCKED


@pytest.mark.parametrize("requirement", IDS)
def test_no_answer_never_holds(requirement: str) -> None:
    """A target that hangs on every request of the scenario passes nothing."""
    hanging = conversation()
    for step in (*Step, *map(after, BAD)):
        hanging = hanging.answered(step, 0, error="no answer within 30 s")
    assert judged(requirement, hanging).kind not in (Kind.HOLDS, Kind.OBSERVED)


def test_every_list_of_the_scenario_is_looked_at() -> None:
    """The identity of the queue is watched in each list: a change in any one is seen."""
    for step in LISTS[1:]:
        assert judged("ONE-011", conversation().edited(step, QUEUE, STRANGER)).kind is Kind.DEVIATES, step
