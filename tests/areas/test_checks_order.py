"""Tests of the checks of order, pause, late and running jobs on conforming and changed transcripts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import msgspec
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
from ciq_schemas.transcript.records import Exchange

LEVELS: tuple[str | None, ...] = ("0", "2", "1", None, "2", "1", "0", "1", "2")
DUE_ORDER = (1, 4, 8, 2, 5, 7, 0, 3, 6)
"""Indexes of LEVELS in the order in which the jobs are due."""


def callback_body(job_id: str) -> str:
    """Returns a TaskFinish of a successful job."""
    return f"<Response><EventName>TaskFinish</EventName>{job_xml(job_id, 'Success')}</Response>"


def describe(transcript: Transcript, step: str, states: dict[str, str]) -> Transcript:
    """Adds a describe of all jobs."""
    body = response_xml(*(job_xml(job, state) for job, state in states.items()))
    return transcript.exchange(step, body, operation="describe_job", target="/jobs/x")


def order_transcript(
    order: Sequence[int] = DUE_ORDER,
    *,
    held: str = "Pause",
    leak: bool = False,
    frozen_leak: bool = False,
    stuck: bool = False,
    early_callback: bool = False,
    silent: bool = False,
) -> Transcript:
    """Returns the transcript of one worker that starts jobs in `order` and is paused after four."""
    ids = [f"j{place}" for place in range(len(LEVELS))]
    transcript = Transcript("order")
    transcript = transcript.exchange("pause", response_xml(queue_xml(container="Queue", state="Paused")), method="PUT")
    for job, level in zip(ids, LEVELS, strict=True):
        request = submit_xml(operation_xml(level=level))
        transcript = transcript.exchange(
            "submit", response_xml(job_xml(job, held)), request=request, operation="submit_job", method="POST"
        )
    states = dict.fromkeys(ids, held)
    transcript = describe(transcript, "held", states)
    if early_callback:
        transcript = transcript.callback("rule", callback_body(ids[-1]))
    if leak:
        states[ids[-1]] = "Running"
    transcript = describe(transcript, "held", states)
    transcript = transcript.exchange("resume", response_xml(queue_xml(container="Queue")), method="PUT")
    states = dict.fromkeys(ids, "Submitted")
    for place in order[:4]:
        states[ids[place]] = "Running"
        transcript = describe(transcript, "run", states)
        states[ids[place]] = "Success"
        if not silent:
            transcript = transcript.callback("rule", callback_body(ids[place]))
    transcript = transcript.exchange("freeze", response_xml(queue_xml(container="Queue", state="Paused")), method="PUT")
    transcript = describe(describe(transcript, "settle", states), "frozen", states)
    if frozen_leak:
        states[ids[order[4]]] = "Success"
    transcript = describe(transcript, "frozen", states)
    transcript = transcript.exchange("thaw", response_xml(queue_xml(container="Queue")), method="PUT")
    for place in order[4:-1] if stuck else order[4:]:
        states[ids[place]] = "Running"
        transcript = describe(transcript, "drain", states)
        states[ids[place]] = "Success"
        if not silent:
            transcript = transcript.callback("rule", callback_body(ids[place]))
    transcript = describe(transcript, "drain", states)
    return transcript.event("expired", "drain: waited 9 s") if stuck else transcript


ALL = ("PRI-001", "PRI-002", "PRI-003", "PRI-007", "PAU-001", "PAU-002", "PAU-003", "PAU-007", "PAU-008")


@pytest.mark.parametrize("requirement", ALL)
def test_conforming_transcript_holds(requirement: str) -> None:
    """Documented level, order, pause and resume hold, and the finding names its basis."""
    finding = judged(requirement, order_transcript())
    assert finding.kind is Kind.HOLDS, finding


@pytest.mark.parametrize("held", ["Pause", "Submitted"])
def test_waiting_job_shown_as_pause_or_submitted_holds(held: str) -> None:
    """Pause and Submitted are both documented; the finding reports the observed one."""
    assert judged("PAU-003", order_transcript(held=held)).kind is Kind.HOLDS
    assert held in judged("PAU-004", order_transcript(held=held)).seen


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
    ids=["fifo", "reversed", "two as one", "one as zero", "lifo", "no level as two", "order lost by the pause"],
)
def test_wrong_order_deviates(requirement: str, order: Sequence[int]) -> None:
    """Each wrong order makes its requirement deviate, with a witness that shows it."""
    finding = judged(requirement, order_transcript(order))
    assert finding.kind is Kind.DEVIATES, finding
    assert len(finding.witness) >= 3


@pytest.mark.parametrize(
    ("requirement", "transcript"),
    [
        ("PAU-001", order_transcript(leak=True)),
        ("PAU-001", order_transcript(frozen_leak=True)),
        ("PAU-002", order_transcript(stuck=True)),
        ("PAU-003", order_transcript(held="Waiting")),
        ("PAU-008", order_transcript(early_callback=True)),
    ],
    ids=["leak", "leak in the second pause", "stuck", "unknown state", "early callback"],
)
def test_broken_pause_deviates(requirement: str, transcript: Transcript) -> None:
    """A pause that has a wrong effect makes its requirement deviate."""
    assert judged(requirement, transcript).kind is Kind.DEVIATES


def test_missing_callbacks_block_the_check_of_paused_ones() -> None:
    """The callback requirements judge missing callbacks; here they remove the evidence."""
    assert judged("PAU-008", order_transcript(silent=True)).kind is Kind.BLOCKED


def test_jobs_ended_between_two_observations_do_not_pass() -> None:
    """Jobs that all ended between two describes, without callbacks, prove nothing."""
    transcript = order_transcript(silent=True).without("run", "settle", "frozen", "drain")
    for requirement in ("PRI-001", "PRI-002", "PRI-003"):
        assert judged(requirement, transcript).kind is Kind.INCONCLUSIVE


def test_submit_refused_by_a_paused_queue_is_observed() -> None:
    """The finding reports the rejected submit, and callbacks of held jobs are not required."""
    transcript = order_transcript().answered("submit", 403, "<Error><Code>AccessDenied</Code></Error>")
    assert judged("PAU-007", transcript).kind is Kind.DEVIATES


def test_level_counts_on_the_other_path() -> None:
    """A job of level 2 that was submitted on the other path and starts last deviates."""
    wrong = order_transcript((1, 4, 2, 5, 7, 0, 3, 6, 8))
    records = [
        msgspec.structs.replace(
            record, step="submit-other-path", operation="", url=record.url.replace("/jobs", "/asr_jobs")
        )
        if isinstance(record, Exchange) and "<JobId>j8<" in record.response_body.text and record.step == "submit"
        else record
        for record in wrong.records
    ]
    finding = judged("PRI-001", replace(wrong, records=tuple(records)))
    assert finding.kind is Kind.DEVIATES
    assert "j8" in finding.seen


def with_creation_time(text: str) -> Transcript:
    """Returns the transcript with another CreationTime in all callbacks."""
    return replace_in_bodies(CREATED, text)(order_transcript())


def test_callback_with_the_creation_time_of_the_submit_holds() -> None:
    """CreationTime equals that of the submit response; the finding counts the jobs that waited."""
    finding = judged("SHP-014", order_transcript())
    assert finding.kind is Kind.HOLDS
    assert "waited for 2 s" in finding.power
    assert "0 of them" not in finding.power


def test_start_time_as_creation_time_deviates() -> None:
    """The finding's witness has the submit and the callback."""
    finding = judged("SHP-014", with_creation_time(LATEST))
    assert finding.kind is Kind.DEVIATES
    assert len(finding.witness) >= 2


@pytest.mark.parametrize("text", ["2026-01-01T19:04:05Z", "2026-01-02T03:04:05.875+0800", LATER])
def test_equal_creation_time_in_another_form_holds(text: str) -> None:
    """Another zone, a fraction, or a fraction rounded the other way is the same moment."""
    assert judged("SHP-014", with_creation_time(text)).kind is Kind.HOLDS


def test_creation_time_without_callbacks_or_times_cannot_be_judged() -> None:
    """Without callbacks, or with unreadable times, the check cannot judge."""
    assert judged("SHP-014", order_transcript(silent=True)).kind is Kind.BLOCKED
    assert judged("SHP-014", with_creation_time("soon")).kind is Kind.INCONCLUSIVE


def paused_running_job(*states: str) -> Transcript:
    """Returns the transcript of a job that was paused while running, observed, and resumed."""
    transcript = Transcript("running")
    transcript = transcript.exchange(
        "submit", response_xml(job_xml("j1")), request=submit_xml(operation_xml()), operation="submit_job"
    )
    transcript = describe(transcript, "catch", {"j1": "Running"})
    transcript = transcript.exchange("pause", response_xml(queue_xml(container="Queue", state="Paused")), method="PUT")
    for state in states[:-1]:
        transcript = describe(transcript, "paused", {"j1": state})
    return describe(transcript, "drain", {"j1": states[-1]})


@pytest.mark.parametrize(
    ("states", "word"),
    [
        (("Running", "Success", "Success"), "runs to its end"),
        (("Running", "Pause", "Success"), "stops"),
        (("Running", "Running", "Success"), "stays in state Running"),
    ],
)
def test_documented_behaviour_of_a_running_job_holds(states: Sequence[str], word: str) -> None:
    """A running job may continue, stop or stand still; the finding names which, and the job is not lost."""
    assert judged("PAU-006", paused_running_job(*states)).kind is Kind.HOLDS
    assert word in judged("PAU-005", paused_running_job(*states)).seen


def ended_in_a_pause(*, late: bool = False, silent: bool = False) -> Transcript:
    """Returns the transcript of a job that ran at the pause and ended during it, with its callback."""
    t = Transcript("running")
    t = t.exchange("submit", response_xml(job_xml("j1")), request=submit_xml(operation_xml()), operation="submit_job")
    t = describe(t, "catch", {"j1": "Running"})
    t = t.exchange("pause", response_xml(queue_xml(container="Queue", state="Paused")), method="PUT")
    t = describe(describe(t, "paused", {"j1": "Running"}), "paused", {"j1": "Success"})
    if not (late or silent):
        t = t.callback("callbacks", callback_body("j1"))
    t = t.exchange("resume", response_xml(queue_xml(container="Queue")), method="PUT")
    if late:
        t = t.callback("callbacks", callback_body("j1"))
    return describe(t, "drain", {"j1": "Success"})


def test_callback_of_a_job_that_ends_in_a_pause_arrives_before_the_resume() -> None:
    """A callback after the resume deviates; a job that stops in the pause, or no callback at all, is not judged."""
    assert judged("PAU-010", ended_in_a_pause()).kind is Kind.HOLDS
    assert judged("PAU-010", ended_in_a_pause(late=True)).kind is Kind.DEVIATES
    assert judged("PAU-010", ended_in_a_pause(silent=True)).kind is Kind.BLOCKED
    assert judged("PAU-010", paused_running_job("Running", "Pause", "Success")).kind is Kind.UNTESTED


def test_running_job_that_fails_in_a_pause_deviates() -> None:
    """A pause must not make a job fail."""
    assert judged("PAU-006", paused_running_job("Running", "Failed", "Failed")).kind is Kind.DEVIATES


def late_urgent_job(order: Sequence[str]) -> Transcript:
    """Returns four jobs of level 0 in an active queue and one of level 2, submitted when the first runs."""
    early = [f"e{index}" for index in range(4)]
    transcript = Transcript("late")
    for job in early:
        transcript = transcript.exchange(
            "submit", response_xml(job_xml(job)), request=submit_xml(operation_xml(level="0"))
        )
    states = dict.fromkeys(early, "Submitted")
    states[order[0]] = "Running"
    transcript = describe(transcript, "run", states)
    transcript = transcript.exchange(
        "submit-late", response_xml(job_xml("late")), request=submit_xml(operation_xml(level="2"))
    )
    states["late"] = "Submitted"
    transcript = describe(transcript, "backlog", states)
    for before, job in pairwise(order):
        states[before], states[job] = "Success", "Running"
        transcript = describe(transcript, "drain", states)
    states[order[-1]] = "Success"
    return describe(transcript, "drain", states)


def test_late_urgent_job_must_run_next() -> None:
    """PRI-004 holds when the late job is next, and deviates when it runs in submit order."""
    assert judged("PRI-004", late_urgent_job(["e0", "late", "e1", "e2", "e3"])).kind is Kind.HOLDS
    assert judged("PRI-004", late_urgent_job(["e0", "e1", "e2", "e3", "late"])).kind is Kind.DEVIATES


def test_running_job_that_waits_again_was_preempted() -> None:
    """PRI-006 deviates when two describes in a row show a job waiting that ran; one may be a stale response."""
    transcript = late_urgent_job(["e0", "late", "e1", "e2", "e3"])
    assert judged("PRI-006", transcript).kind is Kind.HOLDS
    states = {"e0": "Submitted"}
    stale = describe(describe(transcript, "drain", states), "drain", {"e0": "Success"})
    assert judged("PRI-006", stale).kind is Kind.HOLDS
    assert judged("PRI-006", describe(describe(transcript, "drain", states), "drain", states)).kind is Kind.DEVIATES
    unseen = transcript.edited_everywhere("<State>Running", "<State>Submitted")
    assert judged("PRI-006", unseen).kind is Kind.UNTESTED


def request_of_three(order: Sequence[int]) -> Transcript:
    """Returns three jobs of one request and level in a paused queue that start in `order`, seconds apart."""
    ids = [f"j{place}" for place in range(3)]
    transcript = Transcript("order")
    transcript = transcript.exchange("pause", response_xml(queue_xml(container="Queue", state="Paused")), method="PUT")
    operations = [operation_xml(level="1", user_data=f"equal {place}") for place in range(3)]
    transcript = transcript.exchange(
        "submit-equal",
        response_xml(*(job_xml(job) for job in ids)),
        request=submit_xml(*operations),
        operation="submit_job",
        method="POST",
    )
    states = dict.fromkeys(ids, "Submitted")
    transcript = transcript.exchange("resume", response_xml(queue_xml(container="Queue")), method="PUT")
    for place in order:
        states[ids[place]] = "Running"
        transcript = describe(describe(transcript, "run", states), "run", states)
        states[ids[place]] = "Success"
    return describe(transcript, "drain", states)


def test_jobs_of_a_request_start_in_order_of_their_operations() -> None:
    """PRI-009 holds in the order of the Operations, and deviates when the last Operation starts first."""
    assert judged("PRI-009", request_of_three((0, 1, 2))).kind is Kind.HOLDS
    assert judged("PRI-009", request_of_three((2, 1, 0))).kind is Kind.DEVIATES
    assert judged("PRI-009", order_transcript()).kind is Kind.BLOCKED


def test_operations_that_start_at_once_prove_no_order() -> None:
    """Jobs that start between two looks prove nothing: the wrong order would not be visible either."""
    at_once = describe(request_of_three(()), "drain", dict.fromkeys(["j0", "j1", "j2"], "Success"))
    assert judged("PRI-009", at_once).kind is Kind.UNTESTED


def with_pause_in_another_scenario(
    transcript: Transcript, *, resumed: bool = False, last: str = "Running"
) -> Transcript:
    """Adds a pause in another scenario, in which a job is observed waiting and then in another state."""

    def put(transcript: Transcript, state: str) -> Transcript:
        request = f"<Request><Name>queue-1</Name><State>{state}</State></Request>"
        shown = response_xml(queue_xml(container="Queue", state=state))
        return transcript.exchange(
            "put", shown, request=request, method="PUT", operation="update_queue", target="/queue/p1"
        )

    transcript = put(replace(transcript, scenario="cancel"), "Paused")
    request = submit_xml(operation_xml())
    transcript = transcript.exchange(
        "submit", response_xml(job_xml("x")), request=request, operation="submit_job", method="POST"
    )
    transcript = describe(describe(transcript, "look", {"x": "Pause"}), "look", {"x": "Pause"})
    return put(describe(put(transcript, "Active") if resumed else transcript, "look", {"x": last}), "Active")


def test_leak_in_any_scenario_deviates() -> None:
    """A leak may show in any scenario that pauses; the states of a conforming target do not deviate."""
    assert judged("PAU-001", order_transcript()).kind is Kind.HOLDS
    assert judged("PAU-001", with_pause_in_another_scenario(order_transcript())).kind is Kind.DEVIATES
    assert judged("PAU-001", with_pause_in_another_scenario(order_transcript(), resumed=True)).kind is Kind.HOLDS
    assert judged("PAU-001", with_pause_in_another_scenario(order_transcript(), last="Cancel")).kind is Kind.HOLDS


def test_creation_times_of_jobs_that_never_waited_cannot_be_judged() -> None:
    """Where no job waited, creation and start are one moment, and nothing holds."""
    body = submit_xml(operation_xml())
    transcript = Transcript("order").exchange(
        "submit", response_xml(job_xml("j0")), request=body, operation="submit_job", method="POST"
    )
    assert judged("SHP-014", transcript.callback("rule", callback_body("j0"))).kind is Kind.UNTESTED
