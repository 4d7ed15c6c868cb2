"""Tests of the checks of the scenarios `failure` and `receiver`: failed jobs, and receivers that fail."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import cache

import msgspec
import pytest
from callback_transcripts import (
    callbacks,
    describe,
    edit_callbacks,
    joined,
    put_rule,
    receive_callback,
    replace_in_bodies,
    submit,
    task_finish,
    with_body,
    without_callbacks,
)
from test_checks_rule import rule_transcript
from transcripts import LATER, LATEST, Transcript, job_xml, judged, operation_xml, refusal, response_xml
from transcripts import QUEUE as QUEUE_ID

from ciq_conformance.areas.callback_retries import labels as retries
from ciq_conformance.areas.failure import labels as failure
from ciq_conformance.judge.finding import Kind
from ciq_schemas.features import Feature
from ciq_schemas.requirement import Format
from ciq_schemas.transcript.records import AnyRecord, Body, CallbackReceived, Exchange

Step = failure.Label
QUEUE, OWN = failure.Channel.QUEUE, failure.Channel.JOB
MISSING = "jm"
MESSAGE_OF_FAILURE = "<Message>no such input</Message>"


def failed_job(job_id: str) -> str:
    """Returns a failed job."""
    details = job_xml(job_id, "Failed", started=LATER, ended=LATEST, code="ResourceNotFound", user_data="case")
    return details.replace("<Message/>", MESSAGE_OF_FAILURE)


FAILED_JOB = failed_job(MISSING)
JOBS_BY_STEP = {
    Step.SUBMIT: (FAILED_JOB, None, QUEUE, Format.XML),
    Step.SUBMIT_NEXT: (job_xml("jn", "Success", started=LATER, ended=LATEST), None, QUEUE, Format.XML),
    Step.SUBMIT_OWN_JSON: (failed_job("jo"), "http://own.example/cb", OWN, Format.JSON),
    Step.SUBMIT_SILENCED: (failed_job("js"), "no", None, Format.XML),
    Step.SUBMIT_MORE: (failed_job("jf"), None, QUEUE, Format.XML),
    Step.SUBMIT_LAST: (job_xml("jl", "Success", started=LATER, ended=LATEST), None, QUEUE, Format.XML),
}
IDS = {Step.SUBMIT: MISSING, Step.SUBMIT_OWN_JSON: "jo", Step.SUBMIT_SILENCED: "js", Step.SUBMIT_LAST: "jl"}
Change = Callable[[Transcript], Transcript]


@cache
def failure_transcript() -> Transcript:
    """Returns the transcript of scenario `failure` on a target that follows the documents."""
    transcript = put_rule(Transcript("failure"), Step.RULE)
    for step, (ended, callback, _, _) in JOBS_BY_STEP.items():
        given = operation_xml(user_data="case") if step in failure.FAILING else None
        accepted = job_xml(ended.partition("<JobId>")[2].partition("<")[0])
        transcript = submit(transcript, step, accepted, operation=given, callback=callback)
    transcript = describe(transcript, Step.LOOK, job_xml(MISSING, "Running"))
    transcript = describe(transcript, Step.LOOK, *(ended for ended, _, _, _ in JOBS_BY_STEP.values()))
    for ended, _, channel, form in JOBS_BY_STEP.values():
        if channel is not None:
            transcript = receive_callback(transcript, channel, task_finish(ended), form)
    return describe(transcript, Step.LAST, *(ended for ended, _, _, _ in JOBS_BY_STEP.values()))


def with_other_callback(step: failure.Label, channel: failure.Channel, form: Format) -> Change:
    """Sends the callback of one job to another channel, or in another form."""

    def change(transcript: Transcript) -> Transcript:
        about = f"{IDS[step]}"

        def others(arrival: CallbackReceived) -> Iterable[CallbackReceived]:
            if f">{about}<" not in arrival.body.text and f'"{about}"' not in arrival.body.text:
                yield arrival

        kept = transcript if step is Step.SUBMIT_SILENCED else edit_callbacks(transcript, others)
        return receive_callback(kept, channel, task_finish(JOBS_BY_STEP[step][0]), form)

    return change


def with_description(transcript: Transcript, old: str, new: str) -> Transcript:
    """Changes the describe responses after the job has ended."""
    for step in (failure.Label.LOOK, failure.Label.LAST):
        transcript = transcript.edited(step, old, new)
    return transcript


FAILURE_IDS = ("LIF-003", "LIF-004", "LIF-005", "DEL-005")


@pytest.mark.parametrize("requirement_id", FAILURE_IDS)
def test_failure_checks_hold_on_a_conforming_transcript(requirement_id: str) -> None:
    """Every check holds on a target that follows the documents."""
    assert judged(requirement_id, failure_transcript()).kind is Kind.HOLDS


@pytest.mark.parametrize("requirement_id", FAILURE_IDS)
def test_failure_checks_do_not_hold_without_exchanges(requirement_id: str) -> None:
    """Without exchanges no check holds."""
    empty = replace(failure_transcript(), records=())
    assert judged(requirement_id, empty).kind is Kind.INCONCLUSIVE
    assert judged(requirement_id, empty.event("broken", "no")).kind is Kind.BLOCKED


CODE, MESSAGE = "<Code>ResourceNotFound</Code>", MESSAGE_OF_FAILURE


@pytest.mark.parametrize(
    ("old", "new"),
    [(CODE, ""), (CODE, "<Code/>"), (CODE, "<Code>Success</Code>"), (MESSAGE, "<Message/>"), (MESSAGE, "")],
)
def test_failed_job_without_a_reason_deviates(old: str, new: str) -> None:
    """A failed job without Code or Message deviates, in describe, in its callback, and in both."""
    assert judged("LIF-003", with_description(failure_transcript(), old, new)).kind is Kind.DEVIATES
    assert judged("DEL-005", with_description(failure_transcript(), old, new)).kind is Kind.HOLDS
    assert judged("DEL-005", replace_in_bodies(old, new)(failure_transcript())).kind is Kind.DEVIATES
    assert judged("LIF-003", replace_in_bodies(old, new)(failure_transcript())).kind is Kind.HOLDS


def test_failed_job_without_a_callback_that_reports_it_deviates() -> None:
    """The target must send the callback, and its state must be Failed."""
    assert judged("DEL-005", replace_in_bodies("Failed", "Success")(failure_transcript())).kind is Kind.DEVIATES
    assert judged("DEL-005", without_callbacks(failure_transcript())).kind is Kind.DEVIATES
    assert judged("DEL-005", without_callbacks(failure_transcript(), waited=False)).kind is Kind.INCONCLUSIVE


def test_unreadable_callback_of_a_failed_job_is_judged_by_its_form() -> None:
    """An unreadable body deviates in its form, not in its content."""
    broken = edit_callbacks(
        failure_transcript(), lambda a: (msgspec.structs.replace(a, body=Body.of(a.body.data[:-9])),)
    )
    assert judged("DEL-005", broken).kind is Kind.BLOCKED


def test_target_that_ignores_the_input_is_not_judged() -> None:
    """No document requires that a missing input fails: without a failed job the finding names the way out."""
    blind = with_description(
        replace_in_bodies("Failed", "Success")(failure_transcript()), "<State>Failed", "<State>Success"
    )
    assert judged("LIF-004", blind).kind is Kind.OBSERVED
    for requirement_id in ("LIF-003", "DEL-005"):
        finding = judged(requirement_id, blind)
        assert finding.kind is Kind.UNTESTED
        assert "missing_input" in finding.reason


def test_target_that_rejects_a_missing_input_is_not_judged() -> None:
    """A target may check the input at submit: then there is no failed job."""
    refused = failure_transcript().answered(failure.Label.SUBMIT, 404, refusal("ResourceNotFound"))
    for requirement_id in FAILURE_IDS:
        assert judged(requirement_id, without_callbacks(refused)).kind is Kind.UNTESTED


def test_submit_answered_500_is_not_a_refusal() -> None:
    """A response 500 to the job without input does not reject it."""
    broken = without_callbacks(failure_transcript()).answered(failure.Label.SUBMIT, 500, refusal("InternalError"))
    for requirement_id in FAILURE_IDS:
        assert judged(requirement_id, broken).kind is Kind.BLOCKED


def test_job_that_never_ends_blocks_the_failure_checks() -> None:
    """A job that was never observed ended blocks all three."""
    stuck = with_description(without_callbacks(failure_transcript()), "<State>Failed", "<State>Running")
    for requirement_id in FAILURE_IDS:
        assert judged(requirement_id, stuck).kind is Kind.BLOCKED


@pytest.mark.parametrize(
    ("step", "channel", "form"),
    [
        (Step.SUBMIT_OWN_JSON, QUEUE, Format.JSON),
        (Step.SUBMIT_OWN_JSON, OWN, Format.XML),
        (Step.SUBMIT_SILENCED, QUEUE, Format.XML),
        (Step.SUBMIT, OWN, Format.XML),
        (Step.SUBMIT, QUEUE, Format.JSON),
    ],
)
def test_failed_job_with_a_callback_elsewhere_or_in_another_form_deviates(
    step: failure.Label, channel: failure.Channel, form: Format
) -> None:
    """CallBack, CallBackFormat and the queue's rule apply to failed jobs as to successful ones."""
    finding = judged("DEL-005", with_other_callback(step, channel, form)(failure_transcript()))
    assert finding.kind is Kind.DEVIATES
    assert IDS[step] in finding.seen


def test_failed_job_without_end_time_deviates() -> None:
    """Describe shows EndTime of a failed job, unless neither page nor good job shows one."""
    endless = with_description(failure_transcript(), f"<EndTime>{LATEST}</EndTime>", "<EndTime>-</EndTime>")
    assert judged("LIF-003", endless).kind is Kind.DEVIATES
    documents = replace(endless, feature=Feature.DOC, records=())
    for record in endless.records:
        documents = replace(documents, records=(*documents.records, _of_documents(record)))
    assert judged("LIF-003", documents).kind is Kind.HOLDS


def _of_documents(record: AnyRecord) -> AnyRecord:
    assert isinstance(record, Exchange | CallbackReceived)
    return msgspec.structs.replace(record, feature=Feature.DOC)


def test_good_job_that_fails_after_a_bad_one_deviates() -> None:
    """A good job must succeed after a failed one."""
    last = "<JobId>jl</JobId><Tag>Snapshot</Tag><State>"
    caught = with_description(failure_transcript(), f"{last}Success", f"{last}Failed")
    finding = judged("LIF-005", caught)
    assert finding.kind is Kind.DEVIATES
    assert "jl" in finding.seen


@pytest.mark.parametrize(
    ("states", "kind"),
    [
        (("Submitted", "Submitted"), Kind.DEVIATES),
        (("Submitted", "Running"), Kind.INCONCLUSIVE),
        (("Running", "Submitted"), Kind.INCONCLUSIVE),
    ],
)
def test_good_job_that_waits_while_nothing_runs_deviates(states: tuple[str, str], kind: Kind) -> None:
    """While another job runs the queue may be slow, and the check cannot judge."""
    last, more = (f"<JobId>{job_id}</JobId><Tag>Snapshot</Tag><State>" for job_id in ("jl", "jf"))
    waiting = with_description(failure_transcript(), f"{last}Success", f"{last}{states[0]}")
    waiting = with_description(waiting, f"{more}Failed", f"{more}{states[1]}")
    for _ in range(4):
        waiting = describe(waiting, Step.LAST, job_xml("jl", states[0]), job_xml("jf", states[1]))
    assert judged("LIF-005", waiting).kind is kind


SHAPES: list[tuple[str, str, str]] = [
    ("SHP-002", f"<QueueId>{QUEUE_ID}</QueueId>", ""),
    ("SHP-003", "TaskFinish", "TaskFail"),
    ("SHP-003", "<EventName>TaskFinish</EventName>", ""),
    ("SHP-005", "<UserData>case</UserData>", ""),
    ("SHP-005", "<Object>out.jpg</Object>", ""),
    ("SHP-005", f"<EndTime>{LATEST}</EndTime>", f"<EndTime>{LATER}</EndTime>"),
    ("SHP-007", f"<EndTime>{LATEST}</EndTime>", ""),
]


@pytest.mark.parametrize(("requirement_id", "old", "new"), SHAPES)
def test_callbacks_of_failed_jobs_are_judged_like_those_of_others(requirement_id: str, old: str, new: str) -> None:
    """The callbacks of failed jobs need the same content as those of successful jobs."""

    def edit(arrival: CallbackReceived) -> Iterable[CallbackReceived]:
        text = arrival.body.text
        bad = "Failed" in text and text.startswith("<")
        yield with_body(arrival, old, new) if bad else arrival

    sound = joined(callbacks(), failure_transcript())
    assert judged(requirement_id, sound, Format.XML).kind is Kind.HOLDS
    assert (
        judged(requirement_id, joined(callbacks(), edit_callbacks(failure_transcript(), edit)), Format.XML).kind
        is Kind.DEVIATES
    )


SUCCEEDED_JOBS = {step: job_xml(f"j{step}", "Success", started=LATER, ended=LATEST) for step in retries.Label}


@cache
def receiver_transcript() -> Transcript:
    """Returns scenario `receiver` on a target that retries once after a response 500, not after a closed connection."""
    transcript = Transcript("receiver")
    for rule, step, channel, answers in (
        (retries.Label.RULE_ERROR, retries.Label.SUBMIT_ERROR, retries.Channel.ERROR, (500, 200)),
        (retries.Label.RULE_HANGUP, retries.Label.SUBMIT_HANGUP, retries.Channel.HANGUP, (0,)),
    ):
        transcript = put_rule(transcript, rule)
        transcript = submit(transcript, step, job_xml(f"j{step}"))
        transcript = describe(transcript, retries.Label.LOOK, SUCCEEDED_JOBS[step])
        for answer in answers:
            transcript = receive_callback(transcript, channel, task_finish(SUCCEEDED_JOBS[step]), answered=answer)
    return describe(
        transcript,
        retries.Label.LAST,
        SUCCEEDED_JOBS[retries.Label.SUBMIT_ERROR],
        SUCCEEDED_JOBS[retries.Label.SUBMIT_HANGUP],
    )


def test_receiver_checks_hold_on_a_conforming_transcript() -> None:
    """The jobs keep their final state; attempts and the time between them are measured."""
    assert judged("DEL-006", receiver_transcript()).kind is Kind.HOLDS
    finding = judged("DEL-007", receiver_transcript())
    assert finding.kind is Kind.OBSERVED
    assert "sent 2 times, 1.00 s apart" in finding.seen
    assert "not sent again within" in finding.seen


@pytest.mark.parametrize("state", ["Failed", "Running"])
def test_job_that_fails_or_hangs_after_a_failed_callback_deviates(state: str) -> None:
    """The receiver's response must not change the job."""
    hurt = receiver_transcript().edited(retries.Label.LAST, "<State>Success", f"<State>{state}")
    finding = judged("DEL-006", hurt)
    assert finding.kind is Kind.DEVIATES
    assert len(finding.witness) == 2


def test_job_that_failed_by_itself_does_not_count() -> None:
    """A job whose own callback reports Failed shows nothing about the receiver."""
    own = replace_in_bodies("<State>Success", "<State>Failed")(receiver_transcript())
    own = own.edited(retries.Label.LAST, "<State>Success", "<State>Failed")
    assert judged("DEL-006", own).kind is Kind.BLOCKED


def test_callback_at_the_previous_url_is_left_to_the_rule_check() -> None:
    """RUL-001 judges a callback at the URL of the previous rule."""
    astray = edit_callbacks(
        receiver_transcript(),
        lambda a: (msgspec.structs.replace(a, channel=a.channel.replace("hangup", "error")),),
    )
    assert judged("RUL-001", joined(rule_transcript(), receiver_transcript())).kind is Kind.HOLDS
    finding = judged("RUL-001", joined(rule_transcript(), astray))
    assert finding.kind is Kind.DEVIATES
    assert "media.receiver.error" in finding.seen


def test_receiver_without_a_failed_callback_is_not_judged() -> None:
    """Without a callback, or with an accepted one, the receiver did not fail."""
    for requirement_id in ("DEL-006", "DEL-007"):
        assert judged(requirement_id, without_callbacks(receiver_transcript())).kind is Kind.BLOCKED
        assert judged(requirement_id, replace(receiver_transcript(), records=())).kind is Kind.INCONCLUSIVE
    taken = edit_callbacks(receiver_transcript(), lambda a: (msgspec.structs.replace(a, answered=200),))
    assert judged("DEL-006", taken).kind is Kind.INCONCLUSIVE


def test_receiver_without_a_later_describe_is_not_judged() -> None:
    """States observed before the failed callback do not show its effect."""
    assert judged("DEL-006", receiver_transcript().without(retries.Label.LAST)).kind is Kind.INCONCLUSIVE


FAILED = tuple(ended for ended, _, _, _ in JOBS_BY_STEP.values() if "<State>Failed<" in ended)


def _listed(*lists: tuple[str, ...], status: int = 200) -> Transcript:
    """Returns the failed jobs, listed several times."""
    transcript = failure_transcript()
    for jobs in lists:
        transcript = transcript.exchange(Step.LISTED, response_xml(*jobs), status=status, operation="list_jobs")
    return transcript


def test_failed_jobs_listed_in_another_state_deviate() -> None:
    """The last list shows each failed job as Failed; an old state or a missing job deviates. Files have no list."""
    assert judged("LST-020", _listed(FAILED)).kind is Kind.HOLDS
    as_submitted = FAILED[0].replace("<State>Failed<", "<State>Submitted<")
    shown = judged("LST-020", _listed((as_submitted, *FAILED[1:])))
    assert shown.kind is Kind.DEVIATES
    assert "State Submitted in the list, Failed in describe" in shown.seen
    assert judged("LST-020", _listed(FAILED[1:])).kind is Kind.DEVIATES
    assert judged("LST-020", failure_transcript()).kind is Kind.BLOCKED


def test_failed_jobs_listed_late_do_not_deviate() -> None:
    """An earlier list may lag; a full page may omit jobs; a list may omit times."""
    as_submitted = FAILED[0].replace("<State>Failed<", "<State>Submitted<")
    assert judged("LST-020", _listed((), (as_submitted, *FAILED[1:]), FAILED)).kind is Kind.HOLDS
    more = f"{response_xml(*FAILED[1:])}".replace("</Response>", "<NextToken>more</NextToken></Response>")
    assert judged("LST-020", _listed(FAILED).answered(Step.LISTED, 200, more)).kind is Kind.HOLDS
    timeless = tuple(job.replace(f"<EndTime>{LATEST}</EndTime>", "") for job in FAILED)
    assert judged("LST-020", _listed(timeless)).kind is Kind.HOLDS


def _listed_in_all_states(jobs: tuple[str, ...], *, step: Step = Step.LISTED_ALL, token: str = "") -> Transcript:
    """Lists jobs with states=All and without states; `jobs` in one of the two lists, all failed jobs in the other."""
    transcript = failure_transcript()
    for label, target in (
        (Step.LISTED_ALL, "/jobs?states=All&tag=Snapshot"),
        (Step.LISTED_PLAIN, "/jobs?tag=Snapshot"),
    ):
        shown = response_xml(*(jobs if label is step else FAILED), token)
        transcript = transcript.exchange(label, shown, target=target, operation="list_jobs")
    return transcript


def test_lists_of_all_states_contain_failed_jobs() -> None:
    """Failed jobs missing in a list with states=All, or without states, deviate; a further page may have them."""
    assert judged("LST-022", _listed_in_all_states(FAILED)).kind is Kind.HOLDS
    for step in (Step.LISTED_ALL, Step.LISTED_PLAIN):
        assert judged("LST-022", _listed_in_all_states(FAILED[1:], step=step)).kind is Kind.DEVIATES
        more = _listed_in_all_states(FAILED[1:], step=step, token="<NextToken>more</NextToken>")
        assert judged("LST-022", more).kind is Kind.HOLDS
    refused = _listed_in_all_states(FAILED).answered(Step.LISTED_ALL, 400, refusal("InvalidArgument"))
    assert judged("LST-022", refused).kind is Kind.DEVIATES
    assert judged("LST-022", failure_transcript()).kind is Kind.BLOCKED


@pytest.mark.parametrize("status", [400, 500])
def test_list_of_failed_jobs_must_be_answered(status: int) -> None:
    """Failed is one of the documented states."""
    assert judged("LST-020", _listed((), status=status)).kind is Kind.DEVIATES
