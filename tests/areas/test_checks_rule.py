"""Tests of the checks of the scenario `rule`: which rule a callback follows, and what a missing callback proves."""

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
JOBS_BY_RULE: list[tuple[Label, CallbackRuleRequest, list[tuple[Label, Channel | None, Format]]]] = [
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
        Label.RULE_MESSAGE_QUEUE,
        CallbackRuleRequest(url=RECEIVER_URL, type="TDMQ", mq_mode="Queue", mq_region="sh", mq_name="ciq"),
        [(Label.SUBMIT_UNDER_MESSAGE_QUEUE, None, XML)],
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


def job_id_of(step: Label) -> str:
    """Returns the id of the job submitted in a step."""
    return f"j{list(Label).index(step):032d}"


@cache
def rule_transcript(feature: Feature = Feature.MEDIA) -> Transcript:
    """Returns the transcript of the scenario on a target that follows the documents."""
    transcript = Transcript("rule", feature)
    for rule_step, rule, jobs in JOBS_BY_RULE:
        transcript = put_rule(transcript, rule_step, rule=rule)
        for step, _, _ in jobs:
            transcript = submit(transcript, step, job_xml(job_id_of(step)))
        ended = {step: job_xml(job_id_of(step), "Success", started=LATER, ended=LATEST) for step, _, _ in jobs}
        transcript = describe(transcript, Label.LOOK, *ended.values())
        for step, channel, form in jobs:
            if channel:
                transcript = receive_callback(transcript, channel, task_finish(ended[step]), form)
    return transcript


def with_callback(step: Label, channel: Channel, form: Format = XML) -> Change:
    """Adds one more callback of the job of a step."""
    body = task_finish(job_xml(job_id_of(step), "Success", started=LATER, ended=LATEST))
    return lambda transcript: receive_callback(transcript, channel, body, form)


def without_callbacks_of(*steps: Label) -> Change:
    """Removes the callbacks of the jobs of some steps; the wait for them expired."""

    def edit(arrival: CallbackReceived) -> Iterable[CallbackReceived]:
        if not any(job_id_of(step) in arrival.body.text for step in steps):
            yield arrival

    return lambda transcript: edit_callbacks(transcript, edit).event("expired")


def with_callback_instead(step: Label, channel: Channel, form: Format = XML) -> Change:
    """Sends the callback of a job to another channel or in another form."""
    return lambda transcript: with_callback(step, channel, form)(without_callbacks_of(step)(transcript))


def never_ended(step: Label) -> Change:
    """Shows the job of a step as running until the end."""
    ended = f"<JobId>{job_id_of(step)}</JobId><Tag>Snapshot</Tag><State>"
    return lambda transcript: transcript.edited(Label.LOOK, f"{ended}Success", f"{ended}Running")


def refused(*steps: Label) -> Change:
    """Rejects the requests of some steps."""

    def change(transcript: Transcript) -> Transcript:
        for step in steps:
            transcript = transcript.answered(step, 400, refusal("InvalidArgument"))
        return transcript

    return change


@pytest.mark.parametrize("requirement_id", IDS)
def test_conforming_transcript_holds(requirement_id: str) -> None:
    """Every check holds on a target that follows the documents; a measured requirement is observed."""
    finding = judged(requirement_id, rule_transcript())
    assert finding.kind is (Kind.OBSERVED if requirement_id == NOTE else Kind.HOLDS), finding


@pytest.mark.parametrize("requirement_id", IDS)
def test_missing_exchanges_cannot_be_judged(requirement_id: str) -> None:
    """Without exchanges no check holds."""
    empty = replace(rule_transcript(), records=())
    assert judged(requirement_id, empty).kind is Kind.INCONCLUSIVE
    assert judged(requirement_id, empty.event("broken", "no")).kind is Kind.BLOCKED


DEVIATIONS: list[tuple[str, Change]] = [
    ("RUL-001", without_callbacks_of(Label.SUBMIT_PLAIN)),
    ("RUL-001", with_callback_instead(Label.SUBMIT_PLAIN, JOB)),
    ("RUL-002", without_callbacks_of(Label.SUBMIT_OWN_JSON)),
    ("RUL-002", with_callback_instead(Label.SUBMIT_OWN_JSON, QUEUE, JSON)),
    ("RUL-003", with_callback(Label.SUBMIT_OWN_JSON, QUEUE, JSON)),
    ("RUL-004", with_callback_instead(Label.SUBMIT_OWN_JSON, JOB, XML)),
    ("RUL-004", with_callback_instead(Label.SUBMIT_OWN_XML, JOB, JSON)),
    ("RUL-001", with_callback_instead(Label.SUBMIT_UNDER_XML, QUEUE)),
    ("RUL-005", with_callback(Label.SUBMIT_CALLBACK_NO, QUEUE)),
    ("RUL-006", with_callback(Label.SUBMIT_UNDER_OFF, QUEUE)),
    ("RUL-007", with_callback(Label.SUBMIT_UNDER_WORKFLOW, QUEUE)),
    ("RUL-012", with_callback(Label.SUBMIT_UNDER_MESSAGE_QUEUE, QUEUE)),
    ("RUL-008", with_callback_instead(Label.SUBMIT_UNDER_JSON, QUEUE, XML)),
    ("RUL-008", with_callback_instead(Label.SUBMIT_UNDER_XML, QUEUE, JSON)),
    ("RUL-008", without_callbacks_of(Label.SUBMIT_UNDER_JSON)),
    ("RUL-008", refused(Label.RULE_JSON)),
    ("RUL-010", with_callback_instead(Label.SUBMIT_PLAIN, QUEUE, JSON)),
    ("RUL-011", without_callbacks_of(Label.SUBMIT_UNDER_BOTH)),
    ("RUL-011", with_callback_instead(Label.SUBMIT_UNDER_BOTH, JOB)),
    ("RUL-011", refused(Label.RULE_BOTH)),
]


@pytest.mark.parametrize(("requirement_id", "change"), DEVIATIONS)
def test_changed_callbacks_deviate(requirement_id: str, change: Change) -> None:
    """A deviation has an expectation, an observation and a witness."""
    finding = judged(requirement_id, change(rule_transcript()))
    assert finding.kind is Kind.DEVIATES, finding
    assert finding.expected
    assert finding.seen
    assert finding.witness


SILENT_JOBS = {
    "RUL-003": (Label.SUBMIT_OWN_JSON, Label.SUBMIT_PLAIN),
    "RUL-005": (Label.SUBMIT_CALLBACK_NO, Label.SUBMIT_PLAIN),
    "RUL-006": (Label.SUBMIT_UNDER_OFF, Label.SUBMIT_UNDER_XML),
    "RUL-007": (Label.SUBMIT_UNDER_WORKFLOW, Label.SUBMIT_UNDER_XML),
    "RUL-012": (Label.SUBMIT_UNDER_MESSAGE_QUEUE, Label.SUBMIT_UNDER_XML),
}


def test_target_without_message_queues_is_not_judged() -> None:
    """Older pages have the type Url only, so a target may reject TDMQ."""
    without = refused(Label.RULE_MESSAGE_QUEUE)(rule_transcript()).without(Label.SUBMIT_UNDER_MESSAGE_QUEUE)
    assert judged("RUL-012", without).kind is Kind.UNTESTED


@pytest.mark.parametrize("requirement_id", SILENT_JOBS)
def test_missing_callback_without_control_cannot_be_judged(requirement_id: str) -> None:
    """When the control job has no callback either, a missing callback proves nothing about the rule."""
    _, control = SILENT_JOBS[requirement_id]
    assert judged(requirement_id, without_callbacks_of(control)(rule_transcript())).kind is Kind.INCONCLUSIVE
    assert (
        judged(requirement_id, without_callbacks_of(control)(rule_transcript().without(control))).kind
        is Kind.INCONCLUSIVE
    )


@pytest.mark.parametrize("requirement_id", SILENT_JOBS)
def test_missing_callback_of_a_job_that_never_ended_is_blocked(requirement_id: str) -> None:
    """No callback is due before the job has ended."""
    step, _ = SILENT_JOBS[requirement_id]
    assert judged(requirement_id, never_ended(step)(rule_transcript())).kind is Kind.BLOCKED


@pytest.mark.parametrize("requirement_id", ["RUL-001", "RUL-002", "RUL-004", "RUL-008", "RUL-010", "RUL-011"])
def test_run_without_callbacks_blames_delivery_only(requirement_id: str) -> None:
    """Without any callback the two requirements on delivery deviate, and the others are blocked."""
    kind = judged(requirement_id, without_callbacks(rule_transcript())).kind
    assert kind is (Kind.DEVIATES if requirement_id in ("RUL-001", "RUL-002") else Kind.BLOCKED)


def test_two_events_in_the_documented_order_hold() -> None:
    """Where a target accepts the two events only in the order of the samples, that request is judged."""
    refused_first = refused(Label.RULE_BOTH)(rule_transcript())
    refused_first = put_rule(
        refused_first,
        Label.RULE_BOTH_AS_DOCUMENTED,
        rule=CallbackRuleRequest(url=RECEIVER_URL, event="TaskFinish,WorkflowFinish"),
    )
    assert judged("RUL-011", refused_first).kind is Kind.HOLDS
    assert judged("RUL-011", refused(Label.RULE_BOTH_AS_DOCUMENTED)(refused_first)).kind is Kind.DEVIATES


def test_callback_after_the_wait_holds() -> None:
    """A callback received after the wait counts."""
    late = with_callback(Label.SUBMIT_PLAIN, QUEUE)(without_callbacks_of(Label.SUBMIT_PLAIN)(rule_transcript()))
    assert judged("RUL-001", late).kind is Kind.HOLDS


def test_duplicate_callbacks_do_not_deviate() -> None:
    """A repeated callback follows the same rule."""
    twice = edit_callbacks(rule_transcript(), lambda arrival: (arrival, arrival))
    for requirement_id in IDS:
        assert judged(requirement_id, twice).kind in (Kind.HOLDS, Kind.OBSERVED)


def test_second_callback_at_the_queue_url_keeps_the_own_url() -> None:
    """A target that sends to both URLs deviates in RUL-003 and holds in RUL-002."""
    both = with_callback(Label.SUBMIT_OWN_JSON, QUEUE, JSON)(rule_transcript())
    assert judged("RUL-002", both).kind is Kind.HOLDS


def test_one_of_two_formats_is_enough() -> None:
    """One of the two jobs with an own format is enough to judge."""
    assert judged("RUL-004", rule_transcript().without(Label.SUBMIT_OWN_XML)).kind is Kind.HOLDS


def test_refused_workflow_event_is_absent_for_documents() -> None:
    """Pages of document queues do not name WorkflowFinish: a refusal is absent there, blocked elsewhere."""
    change = refused(Label.RULE_WORKFLOW)
    assert judged("RUL-007", change(rule_transcript(Feature.DOC))).kind is Kind.UNTESTED
    assert judged("RUL-007", change(rule_transcript())).kind is Kind.BLOCKED


def test_rule_that_keeps_its_earlier_format_cannot_be_judged() -> None:
    """No document states whether an update without ResultFormat keeps the earlier one."""
    merged = with_callback_instead(Label.SUBMIT_PLAIN, QUEUE, JSON)(rule_transcript())
    merged = merged.edited(Label.RULE_DEFAULT, "<State>On", "<ResultFormat>JSON</ResultFormat><State>On")
    assert judged("RUL-010", merged).kind is Kind.UNTESTED


def test_own_url_under_a_rule_that_is_off_is_observed() -> None:
    """The finding reports whether the job had a callback, and does not judge it."""
    seen = {
        judged(NOTE, t).seen
        for t in (rule_transcript(), without_callbacks_of(Label.SUBMIT_OWN_UNDER_OFF)(rule_transcript()))
    }
    assert len(seen) == 2
    for transcript in (rule_transcript(), without_callbacks_of(Label.SUBMIT_OWN_UNDER_OFF)(rule_transcript())):
        assert judged(NOTE, transcript).kind is Kind.OBSERVED


def test_refusal_of_all_submits_is_not_attributed_to_callback_no() -> None:
    """Where the target accepts no job at all, CallBack `no` is not the cause."""
    steps = [step for _, _, jobs in JOBS_BY_RULE for step, _, _ in jobs]
    finding = judged("RUL-005", refused(*steps)(without_callbacks(rule_transcript())))
    assert finding.kind is Kind.BLOCKED
    assert "400 InvalidArgument" in finding.reason


def test_callback_at_an_unknown_url_belongs_to_the_job_it_names() -> None:
    """The JobId in the body attributes a callback, not its URL."""
    elsewhere = edit_callbacks(
        rule_transcript(),
        lambda a: (msgspec.structs.replace(a, channel="") if job_id_of(Label.SUBMIT_PLAIN) in a.body.text else a,),
    )
    assert judged("RUL-001", elsewhere).kind is Kind.DEVIATES
    assert judged("RUL-010", elsewhere).kind is Kind.HOLDS


def test_refused_callback_no_is_observed() -> None:
    """Only newer pages have `no`: a target that accepts only URLs gets a warning."""
    finding = judged("RUL-005", refused(Label.SUBMIT_CALLBACK_NO)(rule_transcript()))
    assert finding.kind is Kind.OBSERVED
    assert "older" in finding.reason


def test_unchanged_url_of_all_rules_cannot_deviate() -> None:
    """A run in which the rule's Url never changed (of an earlier version) shows no change."""
    same = CallbackRuleRequest(url=RECEIVER_URL, result_format="XML")
    old = rule_transcript()
    records = tuple(
        msgspec.structs.replace(r, request_body=Body.of(update_body(name="q", state="Active", rule=same)))
        if isinstance(r, Exchange) and r.step == Label.RULE_XML
        else r
        for r in old.records
    )
    kept = with_callback_instead(Label.SUBMIT_UNDER_XML, QUEUE)(replace(old, records=records))
    assert judged("RUL-001", kept).kind is Kind.HOLDS


@pytest.mark.parametrize(
    ("requirement_id", "step", "channel", "form", "kind"),
    [
        ("RUL-006", Label.SUBMIT_UNDER_OFF, NEXT, XML, Kind.BLOCKED),
        ("RUL-007", Label.SUBMIT_UNDER_WORKFLOW, NEXT, XML, Kind.BLOCKED),
        ("RUL-008", Label.SUBMIT_UNDER_JSON, NEXT, XML, Kind.HOLDS),
    ],
)
def test_job_that_ends_under_the_next_rule_does_not_deviate(
    requirement_id: str, step: Label, channel: Channel, form: Format, kind: Kind
) -> None:
    """No document states when the target reads a rule: a job that was open at the next rule may follow either."""
    late = with_callback(step, channel, form)(never_ended(step)(rule_transcript()))
    if step is Label.SUBMIT_UNDER_JSON:
        late = with_callback(step, channel, form)(never_ended(step)(without_callbacks_of(step)(rule_transcript())))
    finding = judged(requirement_id, late)
    assert finding.kind is not Kind.DEVIATES, finding
    if kind is Kind.BLOCKED:
        assert finding.kind is kind


def test_missing_callback_names_where_it_went() -> None:
    """The finding names requests to URLs that were never issued, and the URL of another feature."""
    lost = without_callbacks_of(Label.SUBMIT_PLAIN)(rule_transcript())
    stray = replace(lost, scenario="receiver").event(
        "note", "POST / reached the receiver at an address that the suite did not issue"
    )
    assert "1 request(s) arrived at unknown addresses, e.g. POST /" in judged("RUL-001", stray).seen
    other = receive_callback(
        replace(lost, feature=Feature.SPEECH), QUEUE, task_finish(job_xml(job_id_of(Label.SUBMIT_PLAIN)))
    )
    seen = judged("RUL-001", replace(other, feature=Feature.MEDIA)).seen
    assert "one arrived at the address of speech" in seen


@pytest.mark.parametrize(
    ("requirement", "step"), [("RUL-006", Label.SUBMIT_UNDER_OFF), ("RUL-007", Label.SUBMIT_UNDER_WORKFLOW)]
)
def test_rule_may_be_read_when_the_callback_is_sent(requirement: str, step: Label) -> None:
    """A callback some time after the end may follow the rule then in force, but not an earlier one."""
    assert judged(requirement, with_callback(step, NEXT)(rule_transcript())).kind is Kind.HOLDS
    assert judged(requirement, with_callback(step, QUEUE)(rule_transcript())).kind is Kind.DEVIATES
