"""Tests of the checks of the scenario `concurrency` on conforming and changed transcripts."""

from __future__ import annotations

import pytest
from transcripts import Transcript, job_xml, judged, operation_xml, queue_xml, response_xml, submit_xml

from ciq_conformance.judge.finding import Kind

LEVELS = ("0", "2", "1", "0")
DUE = ("j1", "j2", "j0", "j3")
ALL = ("CON-001", "CON-002", "CON-003", "CON-004", "CON-005", "CON-006", "CON-007")


def update_queue(transcript: Transcript, step: str, state: str) -> Transcript:
    """Adds an update of the queue."""
    return transcript.exchange(
        step, response_xml(queue_xml(container="Queue", state=state)), method="PUT", operation="update_queue"
    )


def describe(transcript: Transcript, step: str, states: dict[str, str]) -> Transcript:
    """Adds a describe of all jobs, each with its own UserData."""
    body = response_xml(*(job_xml(job, state, user_data=f"of {job}") for job, state in states.items()))
    return transcript.exchange(step, body, operation="describe_job", target="/jobs/x")


def submit(transcript: Transcript, job_id: str, level: str, user_data: str = "") -> Transcript:
    """Adds an accepted submit; the response has the job's UserData, or another."""
    return transcript.exchange(
        "first-submit",
        response_xml(job_xml(job_id, user_data=user_data or f"of {job_id}")),
        request=submit_xml(operation_xml(level=level, user_data=f"of {job_id}")),
        operation="submit_job",
        method="POST",
    )


def with_callback(transcript: Transcript, job_id: str, state: str = "Success") -> Transcript:
    """Adds a callback of a job."""
    body = f"<Response><EventName>TaskFinish</EventName>{job_xml(job_id, state, user_data=f'of {job_id}')}"
    return transcript.callback("rule", f"{body}</Response>")


def concurrent_jobs(
    order: tuple[str, ...] = DUE,
    *,
    leak: bool = False,
    lost: bool = False,
    without_callback: bool = False,
    cancel_runs: bool = False,
    callback_of_cancelled: bool = False,
    last_state: str = "Active",
) -> Transcript:
    """Returns the transcript of four jobs and a cancelled one in a paused queue, which then run in `order`."""
    transcript = update_queue(Transcript("concurrency"), "pause", "Paused")
    for number, level in enumerate(LEVELS):
        transcript = submit(transcript, f"j{number}", level)
    transcript = submit(transcript, "gone", "2")
    transcript = transcript.exchange("first-cancel", operation="cancel_job", method="PUT", target="/jobs/gone?cancel")
    if callback_of_cancelled:
        transcript = with_callback(transcript, "gone", "Cancel")
    states = dict.fromkeys(DUE, "Pause") | {"gone": "Cancel"}
    transcript = describe(transcript, "held", states)
    if leak:
        transcript = describe(transcript, "held", states | {"j3": "Running"})
    transcript = update_queue(transcript, "resume", "Active")
    for job in order[:-1] if lost else order:
        for _ in range(2):
            transcript = describe(transcript, "drain", states | {job: "Running"})
        states[job] = "Success"
        if not (without_callback and job == "j2"):
            transcript = with_callback(transcript, job)
    transcript = update_queue(update_queue(transcript, "mixed-pause", "Paused"), "mixed-resume", "Active")
    transcript = transcript.exchange("state", response_xml(queue_xml(state=last_state)))
    return describe(transcript, "after", states | ({"gone": "Success"} if cancel_runs else {}))


@pytest.mark.parametrize("requirement", ALL)
def test_conforming_transcript_holds(requirement: str) -> None:
    """Each check holds, and the finding names its basis."""
    finding = judged(requirement, concurrent_jobs())
    assert finding.kind is Kind.HOLDS, finding


@pytest.mark.parametrize(
    ("requirement", "transcript"),
    [
        ("CON-001", submit(concurrent_jobs(), "j1", "0")),
        ("CON-001", submit(concurrent_jobs(), "j9", "0", user_data="of j3")),
        ("CON-001", with_callback(concurrent_jobs(), "j1").edited_everywhere("of j2", "of j1")),
        ("CON-002", concurrent_jobs(("j0", "j1", "j2", "j3"))),
        ("CON-002", concurrent_jobs(("j1", "j2", "j3", "j0"))),
        ("CON-003", concurrent_jobs(leak=True)),
        ("CON-004", concurrent_jobs(lost=True)),
        ("CON-005", concurrent_jobs(cancel_runs=True)),
        ("CON-006", concurrent_jobs(without_callback=True)),
        ("CON-007", concurrent_jobs(last_state="Paused")),
    ],
    ids=["id", "answer", "look", "level", "order", "leak", "lost", "cancelled", "silent", "state"],
)
def test_wrong_transcript_deviates(requirement: str, transcript: Transcript) -> None:
    """Each effect of a race is a deviation with a witness."""
    finding = judged(requirement, transcript)
    assert finding.kind is Kind.DEVIATES, finding
    assert finding.witness


@pytest.mark.parametrize("requirement", ["CON-002", "CON-003", "CON-005"])
def test_callback_of_a_cancelled_job_is_no_start(requirement: str) -> None:
    """No document states whether a cancelled job has a callback; one with a callback has not run."""
    assert judged(requirement, concurrent_jobs(callback_of_cancelled=True)).kind is Kind.HOLDS


@pytest.mark.parametrize("requirement", [name for name in ALL if name != "CON-007"])
def test_checks_are_blocked_without_an_accepted_job(requirement: str) -> None:
    """When the target accepted no job the checks of jobs are blocked."""
    refused = concurrent_jobs().answered("first-submit", 503, "<Error><Code>SlowDown</Code></Error>")
    assert judged(requirement, refused).kind is Kind.BLOCKED


def test_only_cancelled_jobs_cannot_be_judged() -> None:
    """Where every job was to be cancelled none was observed to its end."""
    transcript = concurrent_jobs()
    for number in range(len(LEVELS)):
        transcript = transcript.exchange(
            "first-cancel", operation="cancel_job", method="PUT", target=f"/jobs/j{number}?cancel"
        )
    assert judged("CON-004", transcript).kind is Kind.BLOCKED


@pytest.mark.parametrize(("status", "kind"), [(409, Kind.HOLDS), (503, Kind.UNTESTED)])
def test_state_after_a_resume_that_was_not_accepted_does_not_deviate(status: int, kind: Kind) -> None:
    """A rejected resume leaves the queue paused; the effect of a failed one is unknown."""
    finding = judged("CON-007", concurrent_jobs(last_state="Paused").status("mixed-resume", status))
    assert finding.kind is kind, finding


def test_state_published_late_does_not_deviate() -> None:
    """The last of several observations of the State before the next update counts."""
    late = concurrent_jobs(last_state="Paused").exchange("state", response_xml(queue_xml()))
    assert judged("CON-007", late).kind is Kind.HOLDS
