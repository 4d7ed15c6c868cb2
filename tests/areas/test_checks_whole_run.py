"""The check over all scenarios for jobs left lying (LIF-006), on hand-made transcripts."""

from __future__ import annotations

from dataclasses import replace

import pytest
from transcripts import Transcript, job_xml, judged, operation_xml, queue_xml, response_xml, submit_xml

from ciq_conformance.judge.finding import Kind
from ciq_schemas.transcript.records import Calibration

NONE = Transcript("describe")


def put(story: Transcript, state: str) -> Transcript:
    """An accepted update of the queue to this state."""
    asked = f"<Request><Name>queue-1</Name><State>{state}</State></Request>"
    shown = response_xml(queue_xml(container="Queue", state=state))
    return story.exchange("put", shown, request=asked, method="PUT", operation="update_queue", target="/queue/p1")


def submit(story: Transcript, job_id: str) -> Transcript:
    """An accepted job."""
    body = submit_xml(operation_xml())
    return story.exchange("submit", response_xml(job_xml(job_id)), request=body, method="POST", operation="submit_job")


def look(story: Transcript, **states: str) -> Transcript:
    """A describe of jobs."""
    shown = response_xml(*(job_xml(job_id, state) for job_id, state in states.items()))
    return story.exchange("look", shown, operation="describe_job", target=f"/jobs/{','.join(states)}")


def measured(story: Transcript, workers: int = 2) -> Transcript:
    """What the probe measured: jobs of a tenth of a second."""
    seq = len(story.records) + 1
    calibration = Calibration(
        seq=seq,
        feature="media",
        job_path="/jobs",
        start_latency=0.1,
        job_latency=0.1,
        callback_latency=0.1,
        workers=workers,
    )
    return replace(story, records=(*story.records, calibration))


def waiting(
    *, looks: int = 9, busy: str = "Success", state: str = "Active", last: str = "Submitted", workers: int = 2
) -> Transcript:
    """Two jobs in a queue: one goes on, the other is seen waiting once a second until patience runs out."""
    story = submit(submit(put(measured(NONE, workers), state), "a"), "b")
    for _ in range(looks):
        story = look(story, a=busy, b="Submitted")
    return look(story, a=busy, b=last).event("expired", "look: waited 6 s")


def test_a_job_left_lying_is_named() -> None:
    """Waiting in an active queue, a worker free, nothing moving, and the wait over: that job is not scheduled."""
    finding = judged("LIF-006", waiting())
    assert finding.kind is Kind.DEVIATES
    assert "job b was still Submitted" in finding.seen


@pytest.mark.parametrize(
    "story",
    [
        waiting(last="Success"),
        waiting(last="Running"),
        waiting(busy="Running", workers=1),
        waiting(looks=3),
        look(waiting(), a="Success", b="Success"),
        waiting(state="Paused"),
        put(waiting(state="Paused"), "Active"),
        waiting().callback("told", f"<Response><EventName>TaskFinish</EventName>{job_xml('b', 'Success')}</Response>"),
    ],
    ids=["ended", "runs", "worker busy", "short wait", "ended later", "paused", "active only later", "told"],
)
def test_a_job_that_has_a_reason_to_wait_is_not(story: Transcript) -> None:
    """Whatever may explain the waiting, or ended it, is held against nobody."""
    assert judged("LIF-006", story).kind in (Kind.HOLDS, Kind.CANNOT_TELL)


def test_a_cancelled_job_need_not_run() -> None:
    """A job whose cancel was accepted is not left lying, however late its state shows."""
    story = waiting().exchange("cancel", method="PUT", operation="cancel_job", target="/jobs/b?cancel")
    assert judged("LIF-006", story).kind is Kind.HOLDS


def test_nothing_holds_by_absence() -> None:
    """Without jobs, or without a measure of them, nothing is said."""
    assert judged("LIF-006", NONE).kind is Kind.BLOCKED
    assert judged("LIF-006", submit(NONE, "a")).kind is Kind.BLOCKED
    assert judged("LIF-006", submit(measured(NONE), "a")).kind is Kind.CANNOT_TELL
