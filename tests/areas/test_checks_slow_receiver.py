"""Tests of DEL-011: callbacks of other jobs while one receiver has not responded yet."""

from __future__ import annotations

from dataclasses import replace

import msgspec
from callback_transcripts import describe, edit_callbacks, put_rule, receive_callback, submit, task_finish
from transcripts import LATER, LATEST, Transcript, job_xml, judged, refusal

from ciq_conformance.areas.callback_retries.labels import ANSWER_DELAY, Channel, Label
from ciq_conformance.judge.finding import Kind
from ciq_schemas.transcript.records import CallbackReceived, Exchange


def receiver_transcript(*, ended_after: float = ANSWER_DELAY / 2, sent: bool = True, waited: bool = True) -> Transcript:
    """Returns scenario `receiver`; the other job ended `ended_after` seconds after the slow request."""
    slow, other_job = (job_xml(f"j{name}", "Success", started=LATER, ended=LATEST) for name in ("slow", "beside"))
    transcript = put_rule(Transcript("receiver"), Label.RULE_SLOW)
    transcript = describe(submit(transcript, Label.SUBMIT_SLOW, job_xml("jslow")), Label.LOOK, slow)
    transcript = receive_callback(transcript, Channel.SLOW, task_finish(slow))
    met = transcript.records[-1]
    assert isinstance(met, CallbackReceived)
    transcript = put_rule(transcript, Label.RULE_OTHER)
    transcript = describe(submit(transcript, Label.SUBMIT_OTHER, job_xml("jbeside")), Label.LOOK, other_job)
    seen = transcript.records[-1]
    assert isinstance(seen, Exchange)
    at = met.started + ended_after
    transcript = replace(
        transcript, records=(*transcript.records[:-1], msgspec.structs.replace(seen, started=at - 0.1, ended=at))
    )
    if sent:
        return receive_callback(transcript, Channel.OTHER, task_finish(other_job))
    return transcript.event("expired", "callbacks on beside-slow: waited 5 s") if waited else transcript


def test_callback_during_a_slow_response_holds() -> None:
    """A received callback holds at any time: one sender may send callbacks one after the other."""
    assert judged("DEL-011", receiver_transcript()).kind is Kind.HOLDS
    last = receiver_transcript().records[-1].seq
    late = edit_callbacks(
        receiver_transcript(),
        lambda a: (msgspec.structs.replace(a, started=a.started + 9, ended=a.ended + 9) if a.seq == last else a,),
    )
    assert judged("DEL-011", late).kind is Kind.HOLDS


def test_missing_callback_during_a_slow_response_deviates() -> None:
    """A job that ended before the slow response deviates without a callback when the wait for it expired."""
    finding = judged("DEL-011", receiver_transcript(sent=False))
    assert finding.kind is Kind.DEVIATES
    assert finding.witness


def test_interrupted_wait_cannot_be_judged() -> None:
    """Without an expired wait the check cannot judge."""
    assert judged("DEL-011", receiver_transcript(sent=False, waited=False)).kind is Kind.INCONCLUSIVE


def test_job_that_ended_after_the_slow_response_cannot_be_judged() -> None:
    """A job that ends after the slow response does not show the effect of the receiver."""
    for sent in (True, False):
        assert (
            judged("DEL-011", receiver_transcript(ended_after=ANSWER_DELAY + 0.5, sent=sent)).kind is Kind.INCONCLUSIVE
        )


def test_missing_slow_callback_is_not_judged() -> None:
    """Without a callback at the slow receiver, or without jobs, the receiver was not slow for any job."""
    assert judged("DEL-011", edit_callbacks(receiver_transcript(), lambda _: ())).kind is Kind.BLOCKED
    assert judged("DEL-011", replace(receiver_transcript(), records=())).kind is Kind.INCONCLUSIVE
    refused = receiver_transcript().answered(Label.SUBMIT_SLOW, 400, refusal("InvalidArgument"))
    assert judged("DEL-011", refused).kind is Kind.BLOCKED
