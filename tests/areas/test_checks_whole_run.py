"""Tests of check LIF-006: jobs that wait although a worker is free, over all scenarios."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest
from transcripts import Transcript, job_xml, judged, operation_xml, queue_xml, response_xml, submit_xml

from ciq_conformance.judge.finding import Kind
from ciq_schemas.transcript.records import Calibration

NONE = Transcript("describe")


def update_queue(transcript: Transcript, state: str) -> Transcript:
    """Adds an accepted update of the queue to this state."""
    request = f"<Request><Name>queue-1</Name><State>{state}</State></Request>"
    shown = response_xml(queue_xml(container="Queue", state=state))
    return transcript.exchange(
        "put", shown, request=request, method="PUT", operation="update_queue", target="/queue/p1"
    )


def submit(transcript: Transcript, job_id: str) -> Transcript:
    """Adds an accepted job."""
    body = submit_xml(operation_xml())
    return transcript.exchange(
        "submit", response_xml(job_xml(job_id)), request=body, method="POST", operation="submit_job"
    )


def describe(transcript: Transcript, **states: str) -> Transcript:
    """Adds a describe of jobs."""
    shown = response_xml(*(job_xml(job_id, state) for job_id, state in states.items()))
    return transcript.exchange("look", shown, operation="describe_job", target=f"/jobs/{','.join(states)}")


def with_calibration(transcript: Transcript, workers: int = 2) -> Transcript:
    """Adds the measures of the probe: jobs of a tenth of a second."""
    seq = len(transcript.records) + 1
    calibration = Calibration(
        seq=seq,
        feature="media",
        job_path="/jobs",
        start_latency=0.1,
        job_latency=0.1,
        callback_latency=0.1,
        workers=workers,
    )
    return replace(transcript, records=(*transcript.records, calibration))


def starved_job(
    *, observations: int = 9, busy: str = "Success", state: str = "Active", last: str = "Submitted", workers: int = 2
) -> Transcript:
    """Returns two jobs in a queue: one proceeds, the other waits in each describe until the timeout."""
    transcript = submit(submit(update_queue(with_calibration(NONE, workers), state), "a"), "b")
    for _ in range(observations):
        transcript = describe(transcript, a=busy, b="Submitted")
    return describe(transcript, a=busy, b=last).event("expired", "look: waited 6 s")


def test_job_that_waits_beside_a_free_worker_deviates() -> None:
    """It waits in an active queue with a free worker and no progress until the wait expires."""
    finding = judged("LIF-006", starved_job())
    assert finding.kind is Kind.DEVIATES
    assert "job b was still Submitted" in finding.seen


@pytest.mark.parametrize(
    "transcript",
    [
        starved_job(last="Success"),
        starved_job(last="Running"),
        starved_job(busy="Running", workers=1),
        starved_job(observations=3),
        describe(starved_job(), a="Success", b="Success"),
        starved_job(state="Paused"),
        update_queue(starved_job(state="Paused"), "Active"),
        starved_job().callback(
            "callback", f"<Response><EventName>TaskFinish</EventName>{job_xml('b', 'Success')}</Response>"
        ),
    ],
    ids=["ended", "runs", "worker busy", "short wait", "ended later", "paused", "activated late", "callback"],
)
def test_job_with_a_reason_to_wait_does_not_deviate(transcript: Transcript) -> None:
    """A reason to wait, or an end, explains the waiting."""
    assert judged("LIF-006", transcript).kind in (Kind.HOLDS, Kind.INCONCLUSIVE)


def test_cancelled_job_need_not_run() -> None:
    """A job whose cancel was accepted may show its state late."""
    transcript = starved_job().exchange("cancel", method="PUT", operation="cancel_job", target="/jobs/b?cancel")
    assert judged("LIF-006", transcript).kind is Kind.HOLDS


def test_missing_jobs_cannot_be_judged() -> None:
    """Without jobs, or without measures of them, the check does not judge."""
    assert judged("LIF-006", NONE).kind is Kind.BLOCKED
    assert judged("LIF-006", submit(NONE, "a")).kind is Kind.BLOCKED
    assert judged("LIF-006", submit(with_calibration(NONE), "a")).kind is Kind.INCONCLUSIVE


def test_job_of_the_calibration_that_never_ran_is_judged() -> None:
    """The calibration is no scenario of an area; its jobs count all the same, and the check does not raise."""
    starved = starved_job()
    probed = replace(
        starved,
        records=tuple(
            msgspec.structs.replace(r, scenario="probe") if hasattr(r, "scenario") else r for r in starved.records
        ),
    )
    assert judged("LIF-006", probed).kind is Kind.DEVIATES
