"""Checks of the scenario `concurrency` on hand-made transcripts: each holds on one and not on another."""

from __future__ import annotations

import pytest
from transcripts import Transcript, job_xml, judged, operation_xml, queue_xml, response_xml, submit_xml

from ciq_conformance.judge.finding import Kind

LEVELS = ("0", "2", "1", "0")
DUE = ("j1", "j2", "j0", "j3")
ALL = ("CON-001", "CON-002", "CON-003", "CON-004", "CON-005", "CON-006", "CON-007")


def put(story: Transcript, step: str, state: str) -> Transcript:
    """One update of the queue."""
    return story.exchange(
        step, response_xml(queue_xml(container="Queue", state=state)), method="PUT", operation="update_queue"
    )


def look(story: Transcript, step: str, states: dict[str, str]) -> Transcript:
    """One describe of all jobs, each with its own UserData."""
    body = response_xml(*(job_xml(job, state, user_data=f"of {job}") for job, state in states.items()))
    return story.exchange(step, body, operation="describe_job", target="/jobs/x")


def submitted(story: Transcript, job_id: str, level: str, user_data: str = "") -> Transcript:
    """One accepted submit; the answer tells the job's UserData, or another."""
    return story.exchange(
        "first-submit",
        response_xml(job_xml(job_id, user_data=user_data or f"of {job_id}")),
        request=submit_xml(operation_xml(level=level, user_data=f"of {job_id}")),
        operation="submit_job",
        method="POST",
    )


def told(story: Transcript, job_id: str, state: str = "Success") -> Transcript:
    """A callback of a job that ended well, or otherwise."""
    body = f"<Response><EventName>TaskFinish</EventName>{job_xml(job_id, state, user_data=f'of {job_id}')}"
    return story.callback("rule", f"{body}</Response>")


def crowd(
    order: tuple[str, ...] = DUE,
    *,
    leak: bool = False,
    lost: bool = False,
    silent: bool = False,
    cancel_runs: bool = False,
    cancel_told: bool = False,
    last_state: str = "Active",
) -> Transcript:
    """The story of the scenario: four jobs and a cancelled one in a paused queue, then run in `order`."""
    story = put(Transcript("concurrency"), "pause", "Paused")
    for number, level in enumerate(LEVELS):
        story = submitted(story, f"j{number}", level)
    story = submitted(story, "gone", "2")
    story = story.exchange("first-cancel", operation="cancel_job", method="PUT", target="/jobs/gone?cancel")
    if cancel_told:
        story = told(story, "gone", "Cancel")
    states = dict.fromkeys(DUE, "Pause") | {"gone": "Cancel"}
    story = look(story, "held", states)
    if leak:
        story = look(story, "held", states | {"j3": "Running"})
    story = put(story, "resume", "Active")
    for job in order[:-1] if lost else order:
        for _ in range(2):
            story = look(story, "drain", states | {job: "Running"})
        states[job] = "Success"
        if not (silent and job == "j2"):
            story = told(story, job)
    story = put(put(story, "mixed-pause", "Paused"), "mixed-resume", "Active")
    story = story.exchange("state", response_xml(queue_xml(state=last_state)))
    return look(story, "after", states | ({"gone": "Success"} if cancel_runs else {}))


@pytest.mark.parametrize("requirement", ALL)
def test_a_right_service_is_not_blamed(requirement: str) -> None:
    """A history as documented holds, and says what it rests on."""
    finding = judged(requirement, crowd())
    assert finding.kind is Kind.HOLDS, finding


@pytest.mark.parametrize(
    ("requirement", "story"),
    [
        ("CON-001", submitted(crowd(), "j1", "0")),
        ("CON-001", submitted(crowd(), "j9", "0", user_data="of j3")),
        ("CON-001", told(crowd(), "j1").edited_everywhere("of j2", "of j1")),
        ("CON-002", crowd(("j0", "j1", "j2", "j3"))),
        ("CON-002", crowd(("j1", "j2", "j3", "j0"))),
        ("CON-003", crowd(leak=True)),
        ("CON-004", crowd(lost=True)),
        ("CON-005", crowd(cancel_runs=True)),
        ("CON-006", crowd(silent=True)),
        ("CON-007", crowd(last_state="Paused")),
    ],
    ids=["id", "answer", "look", "level", "order", "leak", "lost", "cancelled", "silent", "state"],
)
def test_a_wrong_service_is_named(requirement: str, story: Transcript) -> None:
    """Each thing that a race can spoil is a deviation with a witness."""
    finding = judged(requirement, story)
    assert finding.kind is Kind.DEVIATES, finding
    assert finding.witness


@pytest.mark.parametrize("requirement", ["CON-002", "CON-003", "CON-005"])
def test_a_callback_of_a_cancel_is_no_start(requirement: str) -> None:
    """No document says whether a cancelled job is told of; one that is has not run."""
    assert judged(requirement, crowd(cancel_told=True)).kind is Kind.HOLDS


@pytest.mark.parametrize("requirement", [name for name in ALL if name != "CON-007"])
def test_nothing_is_green_where_nobody_was_let_in(requirement: str) -> None:
    """When the target took no job the questions about jobs are blocked."""
    refused = crowd().answered("first-submit", 503, "<Error><Code>SlowDown</Code></Error>")
    assert judged(requirement, refused).kind is Kind.BLOCKED


def test_no_job_kept_is_no_proof() -> None:
    """Where every job was to be cancelled nothing was followed to its end."""
    story = crowd()
    for number in range(len(LEVELS)):
        story = story.exchange("first-cancel", operation="cancel_job", method="PUT", target=f"/jobs/j{number}?cancel")
    assert judged("CON-004", story).kind is Kind.BLOCKED


@pytest.mark.parametrize(("status", "kind"), [(409, Kind.HOLDS), (503, Kind.ABSENT)])
def test_a_resume_that_was_not_accepted_is_not_held_against_the_state(status: int, kind: Kind) -> None:
    """A refused resume leaves the queue paused; of one that failed nobody knows what became of it."""
    finding = judged("CON-007", crowd(last_state="Paused").status("mixed-resume", status))
    assert finding.kind is kind, finding


def test_what_is_published_late_is_not_blamed() -> None:
    """Of several looks at the State before the next update the last one counts."""
    late = crowd(last_state="Paused").exchange("state", response_xml(queue_xml()))
    assert judged("CON-007", late).kind is Kind.HOLDS
