"""Checks of the scenarios `failure` and `receiver`: failed jobs, and receivers that fail."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import msgspec
import pytest
from callback_story import look, put_rule, retold, say_otherwise, silent, submit, task_finish, tell
from transcripts import LATER, LATEST, Transcript, job_xml, judged, refusal

from ciq_conformance.judge.finding import Kind
from ciq_conformance.steps import failure, receiver
from ciq_schemas.requirement import Scenario
from ciq_schemas.run import Body

MISSING = "jm"
ENDED = job_xml(MISSING, "Failed", started=LATER, ended=LATEST, code="ResourceNotFound").replace(
    "<Message/>", "<Message>no such input</Message>"
)


@cache
def failing() -> Transcript:
    """Scenario `failure` on a service that does as the documents say."""
    transcript = put_rule(Transcript(Scenario.FAILURE), failure.Step.RULE)
    transcript = submit(transcript, failure.Step.SUBMIT, job_xml(MISSING))
    transcript = look(transcript, failure.Step.LOOK, job_xml(MISSING, "Running"))
    transcript = look(transcript, failure.Step.LOOK, ENDED)
    transcript = tell(transcript, failure.Channel.QUEUE, task_finish(ENDED))
    return look(transcript, failure.Step.LAST, ENDED)


def described(transcript: Transcript, old: str, new: str) -> Transcript:
    """Describe answers otherwise once the job has ended."""
    for step in (failure.Step.LOOK, failure.Step.LAST):
        transcript = transcript.edited(step, old, new)
    return transcript


FAILURE_IDS = ("LIF-003", "LIF-004", "DEL-005")


@pytest.mark.parametrize("requirement_id", FAILURE_IDS)
def test_failure_on_documents_own_form(requirement_id: str) -> None:
    """On a service that does as the documents say every check holds."""
    assert judged(requirement_id, failing()).kind is Kind.HOLDS


@pytest.mark.parametrize("requirement_id", FAILURE_IDS)
def test_failure_not_played(requirement_id: str) -> None:
    """A run that came to nothing gives no check the occasion to hold."""
    empty = replace(failing(), records=())
    assert judged(requirement_id, empty).kind is Kind.CANNOT_TELL
    assert judged(requirement_id, empty.mark("broken", "no")).kind is Kind.BLOCKED


CODE, MESSAGE = "<Code>ResourceNotFound</Code>", "<Message>no such input</Message>"


@pytest.mark.parametrize(
    ("old", "new"),
    [(CODE, ""), (CODE, "<Code/>"), (CODE, "<Code>Success</Code>"), (MESSAGE, "<Message/>"), (MESSAGE, "")],
)
def test_a_failed_job_that_does_not_say_why(old: str, new: str) -> None:
    """Without Code or Message a failed job deviates, in describe and in its callback alike and apart."""
    assert judged("LIF-003", described(failing(), old, new)).kind is Kind.DEVIATES
    assert judged("DEL-005", described(failing(), old, new)).kind is Kind.HOLDS
    assert judged("DEL-005", say_otherwise(old, new)(failing())).kind is Kind.DEVIATES
    assert judged("LIF-003", say_otherwise(old, new)(failing())).kind is Kind.HOLDS


def test_failed_job_told_as_success_or_not_at_all() -> None:
    """The callback must come and must say Failed."""
    assert judged("DEL-005", say_otherwise("Failed", "Success")(failing())).kind is Kind.DEVIATES
    assert judged("DEL-005", silent(failing())).kind is Kind.DEVIATES
    assert judged("DEL-005", silent(failing(), waited=False)).kind is Kind.CANNOT_TELL


def test_unreadable_callback_of_a_failed_job() -> None:
    """A body that cannot be read is the fault of its form, not of what it does not say."""
    broken = retold(failing(), lambda a: (msgspec.structs.replace(a, body=Body.of(a.body.data[:-9])),))
    assert judged("DEL-005", broken).kind is Kind.BLOCKED


def test_target_that_does_not_look_at_inputs() -> None:
    """Documents do not say that a missing input must fail: no failed job, nothing owed, and the way out is told."""
    blind = described(say_otherwise("Failed", "Success")(failing()), "<State>Failed", "<State>Success")
    assert judged("LIF-004", blind).kind is Kind.OBSERVED
    for requirement_id in ("LIF-003", "DEL-005"):
        finding = judged(requirement_id, blind)
        assert finding.kind is Kind.ABSENT
        assert "missing_input" in finding.reason


def test_target_that_refuses_at_submit() -> None:
    """A target may look for the input at submit already: no failed job, nothing owed."""
    refused = failing().answered(failure.Step.SUBMIT, 404, refusal("ResourceNotFound"))
    for requirement_id in FAILURE_IDS:
        assert judged(requirement_id, silent(refused)).kind is Kind.ABSENT


def test_submit_that_breaks_is_no_refusal() -> None:
    """An answer 500 to the job without input is no way of refusing it."""
    broken = silent(failing()).answered(failure.Step.SUBMIT, 500, refusal("InternalError"))
    for requirement_id in FAILURE_IDS:
        assert judged(requirement_id, broken).kind is Kind.BLOCKED


def test_job_that_neither_fails_nor_ends() -> None:
    """A job never seen to end blocks all three."""
    stuck = described(silent(failing()), "<State>Failed", "<State>Running")
    for requirement_id in FAILURE_IDS:
        assert judged(requirement_id, stuck).kind is Kind.BLOCKED


WELL = {step: job_xml(f"j{step}", "Success", started=LATER, ended=LATEST) for step in receiver.Step}


@cache
def met_badly() -> Transcript:
    """Scenario `receiver` on a service that tries once more after an answer 500, and not after a hang-up."""
    transcript = Transcript(Scenario.RECEIVER)
    for rule, step, channel, answers in (
        (receiver.Step.RULE_ERROR, receiver.Step.SUBMIT_ERROR, receiver.Channel.ERROR, (500, 200)),
        (receiver.Step.RULE_HANGUP, receiver.Step.SUBMIT_HANGUP, receiver.Channel.HANGUP, (0,)),
    ):
        transcript = put_rule(transcript, rule)
        transcript = submit(transcript, step, job_xml(f"j{step}"))
        transcript = look(transcript, receiver.Step.LOOK, WELL[step])
        for answer in answers:
            transcript = tell(transcript, channel, task_finish(WELL[step]), answered=answer)
    return look(transcript, receiver.Step.LAST, WELL[receiver.Step.SUBMIT_ERROR], WELL[receiver.Step.SUBMIT_HANGUP])


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
    hurt = met_badly().edited(receiver.Step.LAST, "<State>Success", f"<State>{state}")
    finding = judged("DEL-006", hurt)
    assert finding.kind is Kind.DEVIATES
    assert len(finding.witness) == 2


def test_job_that_failed_by_itself() -> None:
    """A job that its own callback tells as failed says nothing about the receiver."""
    own = say_otherwise("<State>Success", "<State>Failed")(met_badly())
    own = own.edited(receiver.Step.LAST, "<State>Success", "<State>Failed")
    assert judged("DEL-006", own).kind is Kind.BLOCKED


def test_receiver_that_was_never_met() -> None:
    """Without a callback, or with one that was taken, nothing was put to the test."""
    for requirement_id in ("DEL-006", "DEL-007"):
        assert judged(requirement_id, silent(met_badly())).kind is Kind.BLOCKED
        assert judged(requirement_id, replace(met_badly(), records=())).kind is Kind.CANNOT_TELL
    taken = retold(met_badly(), lambda a: (msgspec.structs.replace(a, answered=200),))
    assert judged("DEL-006", taken).kind is Kind.CANNOT_TELL


def test_receiver_without_a_look_afterwards() -> None:
    """States seen before the callback was refused do not show what came of it."""
    assert judged("DEL-006", met_badly().without(receiver.Step.LAST)).kind is Kind.CANNOT_TELL
