"""Checks of order, pause, late and running jobs on hand-made transcripts: each holds on one and not on another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import pytest
from callback_transcripts import replace_in_bodies
from transcripts import (
    CREATED,
    LATER,
    LATEST,
    Transcript,
    job_xml,
    judged,
    operation_xml,
    queue_xml,
    response_xml,
    submit_xml,
)

from ciq_conformance.judge.finding import Kind

LEVELS: tuple[str | None, ...] = ("0", "2", "1", None, "2", "1", "0", "1", "2")
RIGHT = (1, 4, 8, 2, 5, 7, 0, 3, 6)
"""Places in LEVELS in the order in which they are due."""


def callback(job_id: str) -> str:
    """A TaskFinish of a job that ended well."""
    return f"<Response><EventName>TaskFinish</EventName>{job_xml(job_id, 'Success')}</Response>"


def look(story: Transcript, step: str, states: dict[str, str]) -> Transcript:
    """One describe of all jobs."""
    body = response_xml(*(job_xml(job, state) for job, state in states.items()))
    return story.exchange(step, body, operation="describe_job", target="/jobs/x")


def told(
    order: Sequence[int] = RIGHT,
    *,
    held: str = "Pause",
    leak: bool = False,
    frozen_leak: bool = False,
    stuck: bool = False,
    early_callback: bool = False,
    silent: bool = False,
) -> Transcript:
    """The story of the scenario with one worker that starts jobs in `order`, frozen after four of them."""
    ids = [f"j{place}" for place in range(len(LEVELS))]
    story = Transcript("order")
    story = story.exchange("pause", response_xml(queue_xml(container="Queue", state="Paused")), method="PUT")
    for job, level in zip(ids, LEVELS, strict=True):
        request = submit_xml(operation_xml(level=level))
        story = story.exchange(
            "submit", response_xml(job_xml(job, held)), request=request, operation="submit_job", method="POST"
        )
    states = dict.fromkeys(ids, held)
    story = look(story, "held", states)
    if early_callback:
        story = story.callback("rule", callback(ids[-1]))
    if leak:
        states[ids[-1]] = "Running"
    story = look(story, "held", states)
    story = story.exchange("resume", response_xml(queue_xml(container="Queue")), method="PUT")
    states = dict.fromkeys(ids, "Submitted")
    for place in order[:4]:
        states[ids[place]] = "Running"
        story = look(story, "run", states)
        states[ids[place]] = "Success"
        if not silent:
            story = story.callback("rule", callback(ids[place]))
    story = story.exchange("freeze", response_xml(queue_xml(container="Queue", state="Paused")), method="PUT")
    story = look(look(story, "settle", states), "frozen", states)
    if frozen_leak:
        states[ids[order[4]]] = "Success"
    story = look(story, "frozen", states)
    story = story.exchange("thaw", response_xml(queue_xml(container="Queue")), method="PUT")
    for place in order[4:-1] if stuck else order[4:]:
        states[ids[place]] = "Running"
        story = look(story, "drain", states)
        states[ids[place]] = "Success"
        if not silent:
            story = story.callback("rule", callback(ids[place]))
    story = look(story, "drain", states)
    return story.event("expired", "drain: waited 9 s") if stuck else story


ALL = ("PRI-001", "PRI-002", "PRI-003", "PRI-007", "PAU-001", "PAU-002", "PAU-003", "PAU-007", "PAU-008")


@pytest.mark.parametrize("requirement", ALL)
def test_a_right_service_is_not_blamed(requirement: str) -> None:
    """Level, order, pause and resume as documented hold, and say what they rest on."""
    finding = judged(requirement, told())
    assert finding.kind is Kind.HOLDS, finding


@pytest.mark.parametrize("held", ["Pause", "Submitted"])
def test_both_documented_states_of_a_held_job_hold(held: str) -> None:
    """Pause and Submitted are both written down; which one is seen is a note."""
    assert judged("PAU-003", told(held=held)).kind is Kind.HOLDS
    assert held in judged("PAU-004", told(held=held)).seen


@pytest.mark.parametrize(
    ("requirement", "order"),
    [
        ("PRI-001", (0, 1, 2, 3, 4, 5, 6, 7, 8)),
        ("PRI-001", (6, 3, 0, 7, 5, 2, 8, 4, 1)),
        ("PRI-001", (1, 2, 4, 5, 7, 8, 0, 3, 6)),
        ("PRI-001", (1, 4, 8, 0, 2, 3, 5, 6, 7)),
        ("PRI-002", (8, 4, 1, 7, 5, 2, 6, 3, 0)),
        ("PRI-003", (1, 3, 4, 8, 2, 5, 7, 0, 6)),
        ("PRI-007", (1, 4, 8, 2, 0, 3, 6, 5, 7)),
    ],
    ids=["fifo", "reversed", "two as one", "one as zero", "last first", "silent as two", "lost by the pause"],
)
def test_a_wrong_order_is_named(requirement: str, order: Sequence[int]) -> None:
    """Each wrong order turns its requirement, with a witness that shows it."""
    finding = judged(requirement, told(order))
    assert finding.kind is Kind.DEVIATES, finding
    assert len(finding.witness) >= 3


@pytest.mark.parametrize(
    ("requirement", "story"),
    [
        ("PAU-001", told(leak=True)),
        ("PAU-001", told(frozen_leak=True)),
        ("PAU-002", told(stuck=True)),
        ("PAU-003", told(held="Waiting")),
        ("PAU-008", told(early_callback=True)),
    ],
    ids=["leak", "leak in the freeze", "stuck", "another word", "early callback"],
)
def test_a_broken_pause_is_named(requirement: str, story: Transcript) -> None:
    """What a pause must not let happen turns its requirement."""
    assert judged(requirement, story).kind is Kind.DEVIATES


def test_no_callback_at_all_blocks_the_question_of_held_ones() -> None:
    """Silence is the business of the callback requirements; here it only takes the evidence away."""
    assert judged("PAU-008", told(silent=True)).kind is Kind.BLOCKED


def test_nothing_seen_is_not_a_pass() -> None:
    """Jobs that all ended between two looks, without callbacks, prove nothing."""
    story = told(silent=True).without("run", "settle", "frozen", "drain")
    for requirement in ("PRI-001", "PRI-002", "PRI-003"):
        assert judged(requirement, story).kind is Kind.CANNOT_TELL


def test_a_paused_queue_closed_to_jobs_is_a_warning_matter() -> None:
    """A refused submit is told of, and the callbacks of held jobs are not owed."""
    story = told().answered("submit", 403, "<Error><Code>AccessDenied</Code></Error>")
    assert judged("PAU-007", story).kind is Kind.DEVIATES


def told_created(text: str) -> Transcript:
    """The story with another CreationTime in all callbacks."""
    return replace_in_bodies(CREATED, text)(told())


def test_callbacks_of_held_jobs_keep_their_creation_time() -> None:
    """CreationTime in a callback is that of the submit answer; the finding says how many jobs had to wait."""
    finding = judged("SHP-014", told())
    assert finding.kind is Kind.HOLDS
    assert "waited for 2 s" in finding.power
    assert "0 of them" not in finding.power


def test_start_time_as_creation_time_is_named() -> None:
    """The time of the start in the place of CreationTime deviates, with the submit and the callback."""
    finding = judged("SHP-014", told_created(LATEST))
    assert finding.kind is Kind.DEVIATES
    assert len(finding.witness) >= 2


@pytest.mark.parametrize("text", ["2026-01-01T19:04:05Z", "2026-01-02T03:04:05.875+0800", LATER])
def test_creation_time_in_another_dress(text: str) -> None:
    """Another zone, a fraction, or a fraction rounded the other way is the same moment."""
    assert judged("SHP-014", told_created(text)).kind is Kind.HOLDS


def test_creation_time_without_callbacks_or_times() -> None:
    """Without callbacks, or with times nobody can read, the question cannot be put."""
    assert judged("SHP-014", told(silent=True)).kind is Kind.BLOCKED
    assert judged("SHP-014", told_created("soon")).kind is Kind.CANNOT_TELL


def running(*states: str) -> Transcript:
    """A job caught running, paused, looked at, resumed."""
    story = Transcript("running")
    story = story.exchange(
        "submit", response_xml(job_xml("j1")), request=submit_xml(operation_xml()), operation="submit_job"
    )
    story = look(story, "catch", {"j1": "Running"})
    story = story.exchange("pause", response_xml(queue_xml(container="Queue", state="Paused")), method="PUT")
    for state in states[:-1]:
        story = look(story, "paused", {"j1": state})
    return look(story, "drain", {"j1": states[-1]})


@pytest.mark.parametrize(
    ("states", "word"),
    [
        (("Running", "Success", "Success"), "runs to its end"),
        (("Running", "Pause", "Success"), "stops"),
        (("Running", "Running", "Success"), "stays in state Running"),
    ],
)
def test_every_documented_reading_of_running_jobs_holds(states: Sequence[str], word: str) -> None:
    """Running on, stopping and standing still are told apart, and none loses the job."""
    assert judged("PAU-006", running(*states)).kind is Kind.HOLDS
    assert word in judged("PAU-005", running(*states)).seen


def test_a_running_job_that_fails_by_a_pause_is_lost() -> None:
    """A pause is no reason to fail."""
    assert judged("PAU-006", running("Running", "Failed", "Failed")).kind is Kind.DEVIATES


def late(order: Sequence[str]) -> Transcript:
    """Four jobs of level 0 in an active queue, one of level 2 that comes when the first runs."""
    early = [f"e{index}" for index in range(4)]
    story = Transcript("late")
    for job in early:
        story = story.exchange("submit", response_xml(job_xml(job)), request=submit_xml(operation_xml(level="0")))
    states = dict.fromkeys(early, "Submitted")
    states[order[0]] = "Running"
    story = look(story, "run", states)
    story = story.exchange("submit-late", response_xml(job_xml("late")), request=submit_xml(operation_xml(level="2")))
    states["late"] = "Submitted"
    story = look(story, "backlog", states)
    for before, job in pairwise(order):
        states[before], states[job] = "Success", "Running"
        story = look(story, "drain", states)
    states[order[-1]] = "Success"
    return look(story, "drain", states)


def test_a_late_urgent_job_overtakes() -> None:
    """PRI-004 holds when the late job is next, and deviates when it waits for its turn."""
    assert judged("PRI-004", late(["e0", "late", "e1", "e2", "e3"])).kind is Kind.HOLDS
    assert judged("PRI-004", late(["e0", "e1", "e2", "e3", "late"])).kind is Kind.DEVIATES
    assert judged("PRI-006", late(["e0", "late", "e1", "e2", "e3"])).kind is Kind.OBSERVED


def elsewhere(story: Transcript, *, resumed: bool = False, last: str = "Running") -> Transcript:
    """A pause in another scenario, in which a job is seen waiting and then otherwise."""

    def put(there: Transcript, state: str) -> Transcript:
        asked = f"<Request><Name>queue-1</Name><State>{state}</State></Request>"
        shown = response_xml(queue_xml(container="Queue", state=state))
        return there.exchange("put", shown, request=asked, method="PUT", operation="update_queue", target="/queue/p1")

    there = put(replace(story, scenario="cancel"), "Paused")
    request = submit_xml(operation_xml())
    there = there.exchange("submit", response_xml(job_xml("x")), request=request, operation="submit_job", method="POST")
    there = look(look(there, "look", {"x": "Pause"}), "look", {"x": "Pause"})
    return put(look(put(there, "Active") if resumed else there, "look", {"x": last}), "Active")


def test_a_leak_is_named_wherever_it_shows() -> None:
    """Each scenario that pauses may show a leak; the states of a right service there blame nobody."""
    assert judged("PAU-001", told()).kind is Kind.HOLDS
    assert judged("PAU-001", elsewhere(told())).kind is Kind.DEVIATES
    assert judged("PAU-001", elsewhere(told(), resumed=True)).kind is Kind.HOLDS
    assert judged("PAU-001", elsewhere(told(), last="Cancel")).kind is Kind.HOLDS


def test_creation_times_of_jobs_that_never_waited_prove_nothing() -> None:
    """Where no job waited, made and started are one moment: nothing was observed, and nothing holds."""
    body = submit_xml(operation_xml())
    story = Transcript("order").exchange(
        "submit", response_xml(job_xml("j0")), request=body, operation="submit_job", method="POST"
    )
    assert judged("SHP-014", story.callback("rule", callback("j0"))).kind is Kind.ABSENT
