"""Checks of the scenario `rule`: whose rule a callback follows, and what silence proves."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import cache

import msgspec
import pytest
from callback_transcripts import (
    RECEIVER_URL,
    describe,
    edit_callbacks,
    put_rule,
    receive_callback,
    submit,
    task_finish,
    without_callbacks,
)
from transcripts import LATER, LATEST, Change, Transcript, job_xml, judged, refusal

from ciq_conformance.areas.callback_rule.labels import Channel, Label
from ciq_conformance.driver.requests import CallbackRuleRequest, update_body
from ciq_conformance.judge.finding import Kind
from ciq_conformance.judge.registry import scenario_of
from ciq_conformance.registry import load_checks
from ciq_schemas.features import Feature
from ciq_schemas.requirement import Format, load_registry
from ciq_schemas.transcript.records import Body, CallbackReceived, Exchange

load_checks()

XML, JSON = Format.XML, Format.JSON
IDS = [requirement.id for requirement in load_registry() if str(scenario_of(requirement.id)) == "rule"]
NOTE = "RUL-009"
QUEUE, NEXT, JOB = Channel.QUEUE, Channel.NEXT, Channel.JOB
STORY: list[tuple[Label, CallbackRuleRequest, list[tuple[Label, Channel | None, Format]]]] = [
    (
        Label.RULE_DEFAULT,
        CallbackRuleRequest(url=RECEIVER_URL),
        [
            (Label.SUBMIT_OWN_JSON, JOB, JSON),
            (Label.SUBMIT_CALLBACK_NO, None, XML),
            (Label.SUBMIT_PLAIN, QUEUE, XML),
        ],
    ),
    (
        Label.RULE_JSON,
        CallbackRuleRequest(url=RECEIVER_URL, result_format="JSON"),
        [(Label.SUBMIT_OWN_XML, JOB, XML), (Label.SUBMIT_UNDER_JSON, QUEUE, JSON)],
    ),
    (
        Label.RULE_BOTH,
        CallbackRuleRequest(url=RECEIVER_URL, event="WorkflowFinish,TaskFinish"),
        [(Label.SUBMIT_UNDER_BOTH, QUEUE, XML)],
    ),
    (
        Label.RULE_WORKFLOW,
        CallbackRuleRequest(url=RECEIVER_URL, event="WorkflowFinish"),
        [(Label.SUBMIT_UNDER_WORKFLOW, None, XML)],
    ),
    (
        Label.RULE_OFF,
        CallbackRuleRequest(url=RECEIVER_URL, state="Off"),
        [(Label.SUBMIT_UNDER_OFF, None, XML), (Label.SUBMIT_OWN_UNDER_OFF, JOB, XML)],
    ),
    (
        Label.RULE_XML,
        CallbackRuleRequest(url=f"{RECEIVER_URL}-too", result_format="XML"),
        [(Label.SUBMIT_UNDER_XML, NEXT, XML)],
    ),
]


def job_of(step: Label) -> str:
    """Id of the job submitted under a step."""
    return f"j{list(Label).index(step):032d}"


@cache
def rules(feature: Feature = Feature.MEDIA) -> Transcript:
    """The scenario on a service that does as the documents say."""
    transcript = Transcript("rule", feature)
    for rule_step, rule, jobs in STORY:
        transcript = put_rule(transcript, rule_step, rule=rule)
        for step, _, _ in jobs:
            transcript = submit(transcript, step, job_xml(job_of(step)))
        ended = {step: job_xml(job_of(step), "Success", started=LATER, ended=LATEST) for step, _, _ in jobs}
        transcript = describe(transcript, Label.LOOK, *ended.values())
        for step, channel, form in jobs:
            if channel:
                transcript = receive_callback(transcript, channel, task_finish(ended[step]), form)
    return transcript


def told(step: Label, channel: Channel, form: Format = XML) -> Change:
    """One more callback, of the job of a step."""
    body = task_finish(job_xml(job_of(step), "Success", started=LATER, ended=LATEST))
    return lambda transcript: receive_callback(transcript, channel, body, form)


def untold(*steps: Label) -> Change:
    """No callback of the jobs of some steps, though they were waited for."""

    def edit(arrival: CallbackReceived) -> Iterable[CallbackReceived]:
        if not any(job_of(step) in arrival.body.text for step in steps):
            yield arrival

    return lambda transcript: edit_callbacks(transcript, edit).event("expired")


def instead(step: Label, channel: Channel, form: Format = XML) -> Change:
    """The callback of a job elsewhere or otherwise than it should be."""
    return lambda transcript: told(step, channel, form)(untold(step)(transcript))


def never_ended(step: Label) -> Change:
    """The job of a step is seen running to the last."""
    ended = f"<JobId>{job_of(step)}</JobId><Tag>Snapshot</Tag><State>"
    return lambda transcript: transcript.edited(Label.LOOK, f"{ended}Success", f"{ended}Running")


def refused(*steps: Label) -> Change:
    """The target refuses what is asked in some steps."""

    def change(transcript: Transcript) -> Transcript:
        for step in steps:
            transcript = transcript.answered(step, 400, refusal("InvalidArgument"))
        return transcript

    return change


@pytest.mark.parametrize("requirement_id", IDS)
def test_documents_own_form(requirement_id: str) -> None:
    """On a service that does as the documents say every check holds; what is only measured is observed."""
    finding = judged(requirement_id, rules())
    assert finding.kind is (Kind.OBSERVED if requirement_id == NOTE else Kind.HOLDS), finding


@pytest.mark.parametrize("requirement_id", IDS)
def test_nothing_played(requirement_id: str) -> None:
    """A run that came to nothing gives no check the occasion to hold."""
    empty = replace(rules(), records=())
    assert judged(requirement_id, empty).kind is Kind.CANNOT_TELL
    assert judged(requirement_id, empty.event("broken", "no")).kind is Kind.BLOCKED


DEVIATIONS: list[tuple[str, Change]] = [
    ("RUL-001", untold(Label.SUBMIT_PLAIN)),
    ("RUL-001", instead(Label.SUBMIT_PLAIN, JOB)),
    ("RUL-002", untold(Label.SUBMIT_OWN_JSON)),
    ("RUL-002", instead(Label.SUBMIT_OWN_JSON, QUEUE, JSON)),
    ("RUL-003", told(Label.SUBMIT_OWN_JSON, QUEUE, JSON)),
    ("RUL-004", instead(Label.SUBMIT_OWN_JSON, JOB, XML)),
    ("RUL-004", instead(Label.SUBMIT_OWN_XML, JOB, JSON)),
    ("RUL-001", instead(Label.SUBMIT_UNDER_XML, QUEUE)),
    ("RUL-005", told(Label.SUBMIT_CALLBACK_NO, QUEUE)),
    ("RUL-006", told(Label.SUBMIT_UNDER_OFF, QUEUE)),
    ("RUL-007", told(Label.SUBMIT_UNDER_WORKFLOW, QUEUE)),
    ("RUL-008", instead(Label.SUBMIT_UNDER_JSON, QUEUE, XML)),
    ("RUL-008", instead(Label.SUBMIT_UNDER_XML, QUEUE, JSON)),
    ("RUL-008", untold(Label.SUBMIT_UNDER_JSON)),
    ("RUL-008", refused(Label.RULE_JSON)),
    ("RUL-010", instead(Label.SUBMIT_PLAIN, QUEUE, JSON)),
    ("RUL-011", untold(Label.SUBMIT_UNDER_BOTH)),
    ("RUL-011", instead(Label.SUBMIT_UNDER_BOTH, JOB)),
    ("RUL-011", refused(Label.RULE_BOTH)),
]


@pytest.mark.parametrize(("requirement_id", "change"), DEVIATIONS)
def test_deviations(requirement_id: str, change: Change) -> None:
    """What contradicts a requirement is found, with expectation, sight and witness."""
    finding = judged(requirement_id, change(rules()))
    assert finding.kind is Kind.DEVIATES, finding
    assert finding.expected
    assert finding.seen
    assert finding.witness


SILENCES = {
    "RUL-003": (Label.SUBMIT_OWN_JSON, Label.SUBMIT_PLAIN),
    "RUL-005": (Label.SUBMIT_CALLBACK_NO, Label.SUBMIT_PLAIN),
    "RUL-006": (Label.SUBMIT_UNDER_OFF, Label.SUBMIT_UNDER_XML),
    "RUL-007": (Label.SUBMIT_UNDER_WORKFLOW, Label.SUBMIT_UNDER_XML),
}


@pytest.mark.parametrize("requirement_id", SILENCES)
def test_silence_without_control_proves_nothing(requirement_id: str) -> None:
    """When the control was not told either, silence says nothing about the rule."""
    _, control = SILENCES[requirement_id]
    assert judged(requirement_id, untold(control)(rules())).kind is Kind.CANNOT_TELL
    assert judged(requirement_id, untold(control)(rules().without(control))).kind is Kind.CANNOT_TELL


@pytest.mark.parametrize("requirement_id", SILENCES)
def test_silence_about_a_job_that_never_ended(requirement_id: str) -> None:
    """A job that never ended has nothing to be silent about."""
    step, _ = SILENCES[requirement_id]
    assert judged(requirement_id, never_ended(step)(rules())).kind is Kind.BLOCKED


@pytest.mark.parametrize("requirement_id", ["RUL-001", "RUL-002", "RUL-004", "RUL-008", "RUL-010", "RUL-011"])
def test_no_callback_at_all(requirement_id: str) -> None:
    """Without any callback the two that speak of delivery deviate, the others cannot be asked."""
    kind = judged(requirement_id, without_callbacks(rules())).kind
    assert kind is (Kind.DEVIATES if requirement_id in ("RUL-001", "RUL-002") else Kind.BLOCKED)


def test_two_events_in_the_order_of_the_pages_are_enough() -> None:
    """A target that takes the two events in the order of the samples only is asked in that order, and judged by it."""
    shown = refused(Label.RULE_BOTH)(rules())
    shown = put_rule(
        shown,
        Label.RULE_BOTH_AS_DOCUMENTED,
        rule=CallbackRuleRequest(url=RECEIVER_URL, event="TaskFinish,WorkflowFinish"),
    )
    assert judged("RUL-011", shown).kind is Kind.HOLDS
    assert judged("RUL-011", refused(Label.RULE_BOTH_AS_DOCUMENTED)(shown)).kind is Kind.DEVIATES


def test_late_callback_counts() -> None:
    """A callback that comes after the wait was given up is a callback."""
    late = told(Label.SUBMIT_PLAIN, QUEUE)(untold(Label.SUBMIT_PLAIN)(rules()))
    assert judged("RUL-001", late).kind is Kind.HOLDS


def test_duplicates_do_not_matter() -> None:
    """Whose rule a callback follows is not changed by its coming twice."""
    twice = edit_callbacks(rules(), lambda arrival: (arrival, arrival))
    for requirement_id in IDS:
        assert judged(requirement_id, twice).kind in (Kind.HOLDS, Kind.OBSERVED)


def test_address_as_well_does_not_unseat_the_jobs_own() -> None:
    """A target that tells at both addresses keeps RUL-002 and loses RUL-003 only."""
    both = told(Label.SUBMIT_OWN_JSON, QUEUE, JSON)(rules())
    assert judged("RUL-002", both).kind is Kind.HOLDS


def test_one_format_of_a_job_unseen() -> None:
    """One of the two jobs with a format of their own is enough to judge by."""
    assert judged("RUL-004", rules().without(Label.SUBMIT_OWN_XML)).kind is Kind.HOLDS


def test_workflow_event_need_not_be_known_to_documents() -> None:
    """Pages of document queues do not name WorkflowFinish: refused there it is absent, elsewhere blocked."""
    change = refused(Label.RULE_WORKFLOW)
    assert judged("RUL-007", change(rules(Feature.DOC))).kind is Kind.ABSENT
    assert judged("RUL-007", change(rules())).kind is Kind.BLOCKED


def test_rule_that_keeps_its_earlier_format() -> None:
    """Whether an update without ResultFormat keeps an earlier one is undocumented: JSON then proves nothing."""
    merged = instead(Label.SUBMIT_PLAIN, QUEUE, JSON)(rules())
    merged = merged.edited(Label.RULE_DEFAULT, "<State>On", "<ResultFormat>JSON</ResultFormat><State>On")
    assert judged("RUL-010", merged).kind is Kind.CANNOT_TELL


def test_off_with_own_address_is_measured() -> None:
    """Told or not told, a job with an address under a rule that is Off is only observed."""
    seen = {judged(NOTE, t).seen for t in (rules(), untold(Label.SUBMIT_OWN_UNDER_OFF)(rules()))}
    assert len(seen) == 2
    for transcript in (rules(), untold(Label.SUBMIT_OWN_UNDER_OFF)(rules())):
        assert judged(NOTE, transcript).kind is Kind.OBSERVED


def test_all_submits_refused_is_not_about_no() -> None:
    """Where no job is accepted at all, CallBack no is not to blame."""
    steps = [step for _, _, jobs in STORY for step, _, _ in jobs]
    finding = judged("RUL-005", refused(*steps)(without_callbacks(rules())))
    assert finding.kind is Kind.BLOCKED
    assert "400 InvalidArgument" in finding.reason


def test_arrival_without_a_known_address_is_still_the_jobs() -> None:
    """A callback is attributed by the job it names, not by where it came."""
    elsewhere = edit_callbacks(
        rules(),
        lambda a: (msgspec.structs.replace(a, channel="") if job_of(Label.SUBMIT_PLAIN) in a.body.text else a,),
    )
    assert judged("RUL-001", elsewhere).kind is Kind.DEVIATES
    assert judged("RUL-010", elsewhere).kind is Kind.HOLDS


def test_no_refused_as_on_older_pages() -> None:
    """Only newer pages have `no`: a target that takes addresses alone is observed, for a warning."""
    finding = judged("RUL-005", refused(Label.SUBMIT_CALLBACK_NO)(rules()))
    assert finding.kind is Kind.OBSERVED
    assert "older" in finding.reason


def test_one_address_for_all_rules() -> None:
    """A run in which the rule's Url never changed (of an earlier version) shows nothing of a change."""
    same = CallbackRuleRequest(url=RECEIVER_URL, result_format="XML")
    old = rules()
    records = tuple(
        msgspec.structs.replace(r, request_body=Body.of(update_body(name="q", state="Active", rule=same)))
        if isinstance(r, Exchange) and r.step == Label.RULE_XML
        else r
        for r in old.records
    )
    kept = instead(Label.SUBMIT_UNDER_XML, QUEUE)(replace(old, records=records))
    assert judged("RUL-001", kept).kind is Kind.HOLDS


@pytest.mark.parametrize(
    ("requirement_id", "step", "channel", "form", "kind"),
    [
        ("RUL-006", Label.SUBMIT_UNDER_OFF, NEXT, XML, Kind.BLOCKED),
        ("RUL-007", Label.SUBMIT_UNDER_WORKFLOW, NEXT, XML, Kind.BLOCKED),
        ("RUL-008", Label.SUBMIT_UNDER_JSON, NEXT, XML, Kind.HOLDS),
    ],
)
def test_job_that_ends_under_the_next_rule(
    requirement_id: str, step: Label, channel: Channel, form: Format, kind: Kind
) -> None:
    """No document says when a rule is read: what is told after the next was set, of an open job, proves nothing."""
    late = told(step, channel, form)(never_ended(step)(rules()))
    if step is Label.SUBMIT_UNDER_JSON:
        late = told(step, channel, form)(never_ended(step)(untold(step)(rules())))
    finding = judged(requirement_id, late)
    assert finding.kind is not Kind.DEVIATES, finding
    if kind is Kind.BLOCKED:
        assert finding.kind is kind


def test_where_a_callback_went_that_did_not_come() -> None:
    """The finding names requests to addresses nobody gave out, and the address of another feature."""
    lost = untold(Label.SUBMIT_PLAIN)(rules())
    stray = replace(lost, scenario="receiver").event(
        "note", "POST / reached the receiver at an address it never gave out"
    )
    assert "1 request(s) arrived at unknown addresses, e.g. POST /" in judged("RUL-001", stray).seen
    other = receive_callback(
        replace(lost, feature=Feature.SPEECH), QUEUE, task_finish(job_xml(job_of(Label.SUBMIT_PLAIN)))
    )
    seen = judged("RUL-001", replace(other, feature=Feature.MEDIA)).seen
    assert "one arrived at the address of speech" in seen


@pytest.mark.parametrize(
    ("requirement", "step"), [("RUL-006", Label.SUBMIT_UNDER_OFF), ("RUL-007", Label.SUBMIT_UNDER_WORKFLOW)]
)
def test_a_rule_may_be_read_when_a_callback_is_sent(requirement: str, step: Label) -> None:
    """A callback sent a while after the job's end may go by the rule of then; by the one in force it may not."""
    assert judged(requirement, told(step, NEXT)(rules())).kind is Kind.HOLDS
    assert judged(requirement, told(step, QUEUE)(rules())).kind is Kind.DEVIATES
