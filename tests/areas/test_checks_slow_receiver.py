"""DEL-011 on hand-made transcripts: jobs told while the receiver of another one has not answered yet."""

from __future__ import annotations

from dataclasses import replace

import msgspec
from callback_transcripts import describe, edit_callbacks, put_rule, receive_callback, submit, task_finish
from transcripts import LATER, LATEST, Transcript, job_xml, judged, refusal

from ciq_conformance.areas.callback_retries.labels import ANSWER_DELAY, Channel, Label
from ciq_conformance.judge.finding import Kind
from ciq_schemas.transcript.records import CallbackReceived, Exchange


def told_late(*, ended_after: float = ANSWER_DELAY / 2, told: bool = True, waited: bool = True) -> Transcript:
    """Scenario `receiver` up to the callback of the job beside; it is seen ended so long after the slow request."""
    slow, beside = (job_xml(f"j{name}", "Success", started=LATER, ended=LATEST) for name in ("slow", "beside"))
    story = put_rule(Transcript("receiver"), Label.RULE_SLOW)
    story = describe(submit(story, Label.SUBMIT_SLOW, job_xml("jslow")), Label.LOOK, slow)
    story = receive_callback(story, Channel.SLOW, task_finish(slow))
    met = story.records[-1]
    assert isinstance(met, CallbackReceived)
    story = put_rule(story, Label.RULE_OTHER)
    story = describe(submit(story, Label.SUBMIT_OTHER, job_xml("jbeside")), Label.LOOK, beside)
    seen = story.records[-1]
    assert isinstance(seen, Exchange)
    at = met.started + ended_after
    story = replace(story, records=(*story.records[:-1], msgspec.structs.replace(seen, started=at - 0.1, ended=at)))
    if told:
        return receive_callback(story, Channel.OTHER, task_finish(beside))
    return story.event("expired", "callbacks on beside-slow: waited 5 s") if waited else story


def test_told_beside_a_slow_receiver() -> None:
    """A callback that came holds, however late it came: one sender after the other is within its rights."""
    assert judged("DEL-011", told_late()).kind is Kind.HOLDS
    last = told_late().records[-1].seq
    late = edit_callbacks(
        told_late(),
        lambda a: (msgspec.structs.replace(a, started=a.started + 9, ended=a.ended + 9) if a.seq == last else a,),
    )
    assert judged("DEL-011", late).kind is Kind.HOLDS


def test_dropped_beside_a_slow_receiver() -> None:
    """A job that ended before the slow answer, and was not told though that was waited for, deviates."""
    finding = judged("DEL-011", told_late(told=False))
    assert finding.kind is Kind.DEVIATES
    assert finding.witness


def test_wait_for_the_job_beside_cut_short() -> None:
    """Without a wait sat out to its end nothing is known."""
    assert judged("DEL-011", told_late(told=False, waited=False)).kind is Kind.CANNOT_TELL


def test_job_that_ended_after_the_slow_answer() -> None:
    """Jobs too long to end in that second do not put the question: told or not, nobody is blamed here."""
    for told in (True, False):
        assert judged("DEL-011", told_late(ended_after=ANSWER_DELAY + 0.5, told=told)).kind is Kind.CANNOT_TELL


def test_slow_receiver_that_was_never_met() -> None:
    """Without a callback at the slow receiver, or without jobs, the question was not put."""
    assert judged("DEL-011", edit_callbacks(told_late(), lambda _: ())).kind is Kind.BLOCKED
    assert judged("DEL-011", replace(told_late(), records=())).kind is Kind.CANNOT_TELL
    refused = told_late().answered(Label.SUBMIT_SLOW, 400, refusal("InvalidArgument"))
    assert judged("DEL-011", refused).kind is Kind.BLOCKED
