"""Checks of the scenarios `failure` and `receiver`: failed jobs, and receivers that fail."""

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
from test_checks_rule import rules
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


def ended_badly(job_id: str) -> str:
    """A job that has failed."""
    said = job_xml(job_id, "Failed", started=LATER, ended=LATEST, code="ResourceNotFound", user_data="case")
    return said.replace("<Message/>", MESSAGE_OF_FAILURE)


ENDED = ended_badly(MISSING)
STORY = {
    Step.SUBMIT: (ENDED, None, QUEUE, Format.XML),
    Step.SUBMIT_NEXT: (job_xml("jn", "Success", started=LATER, ended=LATEST), None, QUEUE, Format.XML),
    Step.SUBMIT_OWN_JSON: (ended_badly("jo"), "http://own.example/cb", OWN, Format.JSON),
    Step.SUBMIT_SILENCED: (ended_badly("js"), "no", None, Format.XML),
    Step.SUBMIT_MORE: (ended_badly("jf"), None, QUEUE, Format.XML),
    Step.SUBMIT_LAST: (job_xml("jl", "Success", started=LATER, ended=LATEST), None, QUEUE, Format.XML),
}
IDS = {Step.SUBMIT: MISSING, Step.SUBMIT_OWN_JSON: "jo", Step.SUBMIT_SILENCED: "js", Step.SUBMIT_LAST: "jl"}
Change = Callable[[Transcript], Transcript]


@cache
def failing() -> Transcript:
    """Scenario `failure` on a service that does as the documents say."""
    transcript = put_rule(Transcript("failure"), Step.RULE)
    for step, (ended, callback, _, _) in STORY.items():
        given = operation_xml(user_data="case") if step in failure.FAILING else None
        accepted = job_xml(ended.partition("<JobId>")[2].partition("<")[0])
        transcript = submit(transcript, step, accepted, operation=given, callback=callback)
    transcript = describe(transcript, Step.LOOK, job_xml(MISSING, "Running"))
    transcript = describe(transcript, Step.LOOK, *(ended for ended, _, _, _ in STORY.values()))
    for ended, _, channel, form in STORY.values():
        if channel is not None:
            transcript = receive_callback(transcript, channel, task_finish(ended), form)
    return describe(transcript, Step.LAST, *(ended for ended, _, _, _ in STORY.values()))


def told_otherwise(step: failure.Label, channel: failure.Channel, form: Format) -> Change:
    """One job is told elsewhere, or in another form, than it should be."""

    def change(transcript: Transcript) -> Transcript:
        about = f"{IDS[step]}"

        def others(arrival: CallbackReceived) -> Iterable[CallbackReceived]:
            if f">{about}<" not in arrival.body.text and f'"{about}"' not in arrival.body.text:
                yield arrival

        kept = transcript if step is Step.SUBMIT_SILENCED else edit_callbacks(transcript, others)
        return receive_callback(kept, channel, task_finish(STORY[step][0]), form)

    return change


def described(transcript: Transcript, old: str, new: str) -> Transcript:
    """Describe answers otherwise once the job has ended."""
    for step in (failure.Label.LOOK, failure.Label.LAST):
        transcript = transcript.edited(step, old, new)
    return transcript


FAILURE_IDS = ("LIF-003", "LIF-004", "LIF-005", "DEL-005")


@pytest.mark.parametrize("requirement_id", FAILURE_IDS)
def test_failure_on_documents_own_form(requirement_id: str) -> None:
    """On a service that does as the documents say every check holds."""
    assert judged(requirement_id, failing()).kind is Kind.HOLDS


@pytest.mark.parametrize("requirement_id", FAILURE_IDS)
def test_failure_not_played(requirement_id: str) -> None:
    """A run that came to nothing gives no check the occasion to hold."""
    empty = replace(failing(), records=())
    assert judged(requirement_id, empty).kind is Kind.CANNOT_TELL
    assert judged(requirement_id, empty.event("broken", "no")).kind is Kind.BLOCKED


CODE, MESSAGE = "<Code>ResourceNotFound</Code>", MESSAGE_OF_FAILURE


@pytest.mark.parametrize(
    ("old", "new"),
    [(CODE, ""), (CODE, "<Code/>"), (CODE, "<Code>Success</Code>"), (MESSAGE, "<Message/>"), (MESSAGE, "")],
)
def test_a_failed_job_that_does_not_say_why(old: str, new: str) -> None:
    """Without Code or Message a failed job deviates, in describe and in its callback alike and apart."""
    assert judged("LIF-003", described(failing(), old, new)).kind is Kind.DEVIATES
    assert judged("DEL-005", described(failing(), old, new)).kind is Kind.HOLDS
    assert judged("DEL-005", replace_in_bodies(old, new)(failing())).kind is Kind.DEVIATES
    assert judged("LIF-003", replace_in_bodies(old, new)(failing())).kind is Kind.HOLDS


def test_failed_job_told_as_success_or_not_at_all() -> None:
    """The callback must come and must say Failed."""
    assert judged("DEL-005", replace_in_bodies("Failed", "Success")(failing())).kind is Kind.DEVIATES
    assert judged("DEL-005", without_callbacks(failing())).kind is Kind.DEVIATES
    assert judged("DEL-005", without_callbacks(failing(), waited=False)).kind is Kind.CANNOT_TELL


def test_unreadable_callback_of_a_failed_job() -> None:
    """A body that cannot be read is the fault of its form, not of what it does not say."""
    broken = edit_callbacks(failing(), lambda a: (msgspec.structs.replace(a, body=Body.of(a.body.data[:-9])),))
    assert judged("DEL-005", broken).kind is Kind.BLOCKED


def test_target_that_does_not_look_at_inputs() -> None:
    """Documents do not say that a missing input must fail: no failed job, nothing owed, and the way out is told."""
    blind = described(replace_in_bodies("Failed", "Success")(failing()), "<State>Failed", "<State>Success")
    assert judged("LIF-004", blind).kind is Kind.OBSERVED
    for requirement_id in ("LIF-003", "DEL-005"):
        finding = judged(requirement_id, blind)
        assert finding.kind is Kind.ABSENT
        assert "missing_input" in finding.reason


def test_target_that_refuses_at_submit() -> None:
    """A target may look for the input at submit already: no failed job, nothing owed."""
    refused = failing().answered(failure.Label.SUBMIT, 404, refusal("ResourceNotFound"))
    for requirement_id in FAILURE_IDS:
        assert judged(requirement_id, without_callbacks(refused)).kind is Kind.ABSENT


def test_submit_that_breaks_is_no_refusal() -> None:
    """An answer 500 to the job without input is no way of refusing it."""
    broken = without_callbacks(failing()).answered(failure.Label.SUBMIT, 500, refusal("InternalError"))
    for requirement_id in FAILURE_IDS:
        assert judged(requirement_id, broken).kind is Kind.BLOCKED


def test_job_that_neither_fails_nor_ends() -> None:
    """A job never seen to end blocks all three."""
    stuck = described(without_callbacks(failing()), "<State>Failed", "<State>Running")
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
def test_failed_job_told_elsewhere_or_otherwise(step: failure.Label, channel: failure.Channel, form: Format) -> None:
    """CallBack, CallBackFormat and the queue's rule hold for a job that fails as for one that succeeds."""
    finding = judged("DEL-005", told_otherwise(step, channel, form)(failing()))
    assert finding.kind is Kind.DEVIATES
    assert IDS[step] in finding.seen


def test_failed_job_without_end() -> None:
    """A failed job has an EndTime, in describe; where neither page nor good job shows one, none is owed."""
    endless = described(failing(), f"<EndTime>{LATEST}</EndTime>", "<EndTime>-</EndTime>")
    assert judged("LIF-003", endless).kind is Kind.DEVIATES
    documents = replace(endless, feature=Feature.DOC, records=())
    for record in endless.records:
        documents = replace(documents, records=(*documents.records, _of_documents(record)))
    assert judged("LIF-003", documents).kind is Kind.HOLDS


def _of_documents(record: AnyRecord) -> AnyRecord:
    assert isinstance(record, Exchange | CallbackReceived)
    return msgspec.structs.replace(record, feature=Feature.DOC)


def test_failure_that_spreads() -> None:
    """A good job that fails after a bad one deviates."""
    last = "<JobId>jl</JobId><Tag>Snapshot</Tag><State>"
    caught = described(failing(), f"{last}Success", f"{last}Failed")
    finding = judged("LIF-005", caught)
    assert finding.kind is Kind.DEVIATES
    assert "jl" in finding.seen


@pytest.mark.parametrize(
    ("states", "kind"),
    [
        (("Submitted", "Submitted"), Kind.DEVIATES),
        (("Submitted", "Running"), Kind.CANNOT_TELL),
        (("Running", "Submitted"), Kind.CANNOT_TELL),
    ],
)
def test_worker_that_does_not_come_back(states: tuple[str, str], kind: Kind) -> None:
    """A good job that waits while nothing runs deviates; while something runs the queue may just be slow."""
    last, more = (f"<JobId>{job_id}</JobId><Tag>Snapshot</Tag><State>" for job_id in ("jl", "jf"))
    waiting = described(failing(), f"{last}Success", f"{last}{states[0]}")
    waiting = described(waiting, f"{more}Failed", f"{more}{states[1]}")
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
def test_bodies_of_failed_jobs_are_bodies(requirement_id: str, old: str, new: str) -> None:
    """What the callbacks of jobs that succeed must hold is asked of those of failed ones as well."""

    def edit(arrival: CallbackReceived) -> Iterable[CallbackReceived]:
        text = arrival.body.text
        bad = "Failed" in text and text.startswith("<")
        yield with_body(arrival, old, new) if bad else arrival

    sound = joined(callbacks(), failing())
    assert judged(requirement_id, sound, Format.XML).kind is Kind.HOLDS
    assert (
        judged(requirement_id, joined(callbacks(), edit_callbacks(failing(), edit)), Format.XML).kind is Kind.DEVIATES
    )


WELL = {step: job_xml(f"j{step}", "Success", started=LATER, ended=LATEST) for step in retries.Label}


@cache
def met_badly() -> Transcript:
    """Scenario `receiver` on a service that tries once more after an answer 500, and not after a hang-up."""
    transcript = Transcript("receiver")
    for rule, step, channel, answers in (
        (retries.Label.RULE_ERROR, retries.Label.SUBMIT_ERROR, retries.Channel.ERROR, (500, 200)),
        (retries.Label.RULE_HANGUP, retries.Label.SUBMIT_HANGUP, retries.Channel.HANGUP, (0,)),
    ):
        transcript = put_rule(transcript, rule)
        transcript = submit(transcript, step, job_xml(f"j{step}"))
        transcript = describe(transcript, retries.Label.LOOK, WELL[step])
        for answer in answers:
            transcript = receive_callback(transcript, channel, task_finish(WELL[step]), answered=answer)
    return describe(transcript, retries.Label.LAST, WELL[retries.Label.SUBMIT_ERROR], WELL[retries.Label.SUBMIT_HANGUP])


def test_receiver_on_documents_own_form() -> None:
    """The jobs stay as they ended; attempts and their distance are measured."""
    assert judged("DEL-006", met_badly()).kind is Kind.HOLDS
    finding = judged("DEL-007", met_badly())
    assert finding.kind is Kind.OBSERVED
    assert "sent 2 times, 1.00 s apart" in finding.seen
    assert "not sent again within" in finding.seen


@pytest.mark.parametrize("state", ["Failed", "Running"])
def test_job_that_suffers_from_its_receiver(state: str) -> None:
    """A job that fails or hangs because its callback was not taken deviates."""
    hurt = met_badly().edited(retries.Label.LAST, "<State>Success", f"<State>{state}")
    finding = judged("DEL-006", hurt)
    assert finding.kind is Kind.DEVIATES
    assert len(finding.witness) == 2


def test_job_that_failed_by_itself() -> None:
    """A job that its own callback tells as failed says nothing about the receiver."""
    own = replace_in_bodies("<State>Success", "<State>Failed")(met_badly())
    own = own.edited(retries.Label.LAST, "<State>Success", "<State>Failed")
    assert judged("DEL-006", own).kind is Kind.BLOCKED


def test_earlier_address_met_instead() -> None:
    """A callback that goes to the address of the rule before is seen by RUL-001, which asks for the rule in force."""
    astray = edit_callbacks(
        met_badly(),
        lambda a: (msgspec.structs.replace(a, channel=a.channel.replace("hangup", "error")),),
    )
    assert judged("RUL-001", joined(rules(), met_badly())).kind is Kind.HOLDS
    finding = judged("RUL-001", joined(rules(), astray))
    assert finding.kind is Kind.DEVIATES
    assert "media.receiver.error" in finding.seen


def test_receiver_that_was_never_met() -> None:
    """Without a callback, or with one that was taken, nothing was put to the test."""
    for requirement_id in ("DEL-006", "DEL-007"):
        assert judged(requirement_id, without_callbacks(met_badly())).kind is Kind.BLOCKED
        assert judged(requirement_id, replace(met_badly(), records=())).kind is Kind.CANNOT_TELL
    taken = edit_callbacks(met_badly(), lambda a: (msgspec.structs.replace(a, answered=200),))
    assert judged("DEL-006", taken).kind is Kind.CANNOT_TELL


def test_receiver_without_a_look_afterwards() -> None:
    """States seen before the callback was refused do not show what came of it."""
    assert judged("DEL-006", met_badly().without(retries.Label.LAST)).kind is Kind.CANNOT_TELL


FAILED = tuple(ended for ended, _, _, _ in STORY.values() if "<State>Failed<" in ended)


def _listed(*lists: tuple[str, ...], status: int = 200) -> Transcript:
    """What has failed, listed one time after the other."""
    told = failing()
    for jobs in lists:
        told = told.exchange(Step.LISTED, response_xml(*jobs), status=status, operation="list_jobs")
    return told


def test_failed_jobs_are_listed_as_described() -> None:
    """The last list holds each failed job as Failed; an old state, or none of it, deviates. Files have no list."""
    assert judged("LST-020", _listed(FAILED)).kind is Kind.HOLDS
    as_submitted = FAILED[0].replace("<State>Failed<", "<State>Submitted<")
    shown = judged("LST-020", _listed((as_submitted, *FAILED[1:])))
    assert shown.kind is Kind.DEVIATES
    assert "State Submitted in the list, Failed in describe" in shown.seen
    assert judged("LST-020", _listed(FAILED[1:])).kind is Kind.DEVIATES
    assert judged("LST-020", failing()).kind is Kind.BLOCKED


def test_failed_jobs_may_be_listed_late() -> None:
    """A list before the last may be behind; a full page may have no room; times may be left out of lists."""
    as_submitted = FAILED[0].replace("<State>Failed<", "<State>Submitted<")
    assert judged("LST-020", _listed((), (as_submitted, *FAILED[1:]), FAILED)).kind is Kind.HOLDS
    more = f"{response_xml(*FAILED[1:])}".replace("</Response>", "<NextToken>more</NextToken></Response>")
    assert judged("LST-020", _listed(FAILED).answered(Step.LISTED, 200, more)).kind is Kind.HOLDS
    timeless = tuple(job.replace(f"<EndTime>{LATEST}</EndTime>", "") for job in FAILED)
    assert judged("LST-020", _listed(timeless)).kind is Kind.HOLDS


@pytest.mark.parametrize("status", [400, 500])
def test_a_list_of_failed_jobs_is_answered(status: int) -> None:
    """Failed is one of the documented states."""
    assert judged("LST-020", _listed((), status=status)).kind is Kind.DEVIATES
