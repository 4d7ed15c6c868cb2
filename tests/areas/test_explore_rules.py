"""Tests of the rules of histories on built transcripts: which hold, which deviate, which cannot be judged."""

from __future__ import annotations

import pytest
from history_transcripts import A, B, C, HistoryTranscript
from transcripts import STRANGER, judged

from ciq_conformance.areas.explore import history_rules, observed_history
from ciq_conformance.areas.explore.labels import Label, Rule
from ciq_conformance.judge.finding import Finding, Kind

OPEN = HistoryTranscript().update(Label.OPEN, Rule.FIRST)
PAUSED = OPEN.update(Label.PAUSE)
HELD = PAUSED.submit(A, 0, "Pause").submit(B, 2, "Pause").describe(a="Pause", b="Pause")
PAUSED_AGAIN = HELD.update(Label.RESUME).update(Label.PAUSE)
SUCCEEDED = OPEN.submit(A).submit(B).describe(a="Success", b="Success")
WITH_CALLBACKS = SUCCEEDED.callback(A).callback(B)
RESTARTED = HELD.restart("Paused")
WAITING_IN_ORDER = PAUSED.submit(A, 1, "Pause").submit(B, 1, "Pause").describe(a="Pause", b="Pause")
ABSENT = {
    "EXP-001": SUCCEEDED,
    "EXP-002": SUCCEEDED,
    "EXP-003": OPEN,
    "EXP-004": OPEN.submit(A).cancel(A).describe(a="Success"),
    "EXP-005": OPEN.submit(A).describe(a="Submitted"),
    "EXP-006": OPEN.submit(A).update(Label.RULE, Rule.OFF).describe(a="Success").callback(A),
    "EXP-007": WITH_CALLBACKS,
    "EXP-008": SUCCEEDED,
}
HOLDING = {
    "EXP-001": PAUSED_AGAIN.describe(a="Pause", b="Success").describe(a="Pause"),
    "EXP-002": HELD.describe(a="Pause", b="Pause").update(Label.RESUME).describe(Label.DRAIN, a="Success", b="Success"),
    "EXP-003": SUCCEEDED.describe(Label.AFTER, a="Success", b="Success"),
    "EXP-004": HELD.cancel(A)
    .describe(a="Cancel", b="Pause")
    .update(Label.RESUME)
    .describe(Label.AFTER, a="Cancel", b="Success"),
    "EXP-005": OPEN.submit(A).describe(a="Running").describe(a="Success"),
    "EXP-006": WITH_CALLBACKS,
    "EXP-007": WITH_CALLBACKS.describe(Label.AFTER, a="Success", b="Success"),
    "EXP-008": RESTARTED.describe_ids(A, B, a="Pause", b="Pause"),
}
DEVIATING = {
    "a lower level first": (
        "EXP-001",
        PAUSED_AGAIN.describe(a="Success", b="Pause").describe(b="Pause"),
        "started before",
        {3, 4, 8, 9},
    ),
    "a later job first": (
        "EXP-001",
        PAUSED.submit(A, 1, "Pause")
        .submit(B, 1, "Pause")
        .update(Label.RESUME)
        .update(Label.PAUSE)
        .describe(b="Running")
        .describe(a="Pause"),
        "started before",
        {3, 4, 7, 8},
    ),
    "a waiting job starts": (
        "EXP-002",
        OPEN.submit(A).update(Label.PAUSE).describe(a="Pause").describe(a="Running").update(Label.RESUME),
        "went from Pause to Running",
        {4, 5},
    ),
    "a job starts in the paused queue": (
        "EXP-002",
        PAUSED.submit(A, 0, "Submitted").describe(a="Success").update(Label.RESUME),
        "had started before it was resumed",
        {3, 4},
    ),
    "a job never ends": (
        "EXP-003",
        OPEN.submit(A).describe(Label.DRAIN, a="Submitted").expired("drain"),
        "last state is Submitted",
        {2, 3},
    ),
    "a job fails": (
        "EXP-003",
        SUCCEEDED.describe(Label.AFTER, a="Success", b="Failed"),
        "last state is Failed",
        {3, 5},
    ),
    "a job is unknown after it was accepted": (
        "EXP-003",
        OPEN.submit(A).describe(Label.DRAIN).expired("drain"),
        "last state is Submitted",
        {2},
    ),
    "a refused cancel cancels a job": (
        "EXP-003",
        HELD.cancel(A, 409).update(Label.RESUME).describe(Label.AFTER, a="Cancel", b="Success"),
        "last state is Cancel",
        {3, 8},
    ),
    "a cancelled job runs": (
        "EXP-004",
        HELD.cancel(A).describe(a="Cancel").update(Label.RESUME).describe(Label.AFTER, a="Success", b="Success"),
        "but later was Success",
        {3, 6, 9},
    ),
    "a cancelled job still waits": (
        "EXP-004",
        HELD.cancel(A).describe(a="Pause", b="Pause"),
        "last state is Pause",
        {3, 6, 7},
    ),
    "an ended job runs again": (
        "EXP-005",
        OPEN.submit(A).describe(a="Success").describe(a="Running"),
        "was Success, later Running",
        {3, 4},
    ),
    "a job without callback": ("EXP-006", SUCCEEDED.callback(A).expired("callbacks"), "no callback arrived", {3, 4}),
    "a callback under a rule that is Off": (
        "EXP-006",
        OPEN.update(Label.RULE, Rule.OFF).submit(A).describe(a="Success").callback(A),
        "notified although the rule was Off",
        {3, 5},
    ),
    "a callback at the other url": (
        "EXP-006",
        SUCCEEDED.callback(A).callback(B, Rule.SECOND),
        "notified only at an address that was not in force",
        {3, 6},
    ),
    "an own url is ignored": (
        "EXP-006",
        OPEN.submit(A, own=True).describe(a="Success").callback(A, Rule.FIRST),
        "notified only at an address that was not in force",
        {2, 4},
    ),
    "a restart loses a job": ("EXP-008", RESTARTED.describe_ids(A, B, b="Pause"), "is not known after it", {3, 7}),
    "a job lost in a restart is answered 404": (
        "EXP-008",
        RESTARTED.describe_ids(A, B, status=404).describe_ids(B, b="Pause").describe_ids(A, status=404),
        f"{A} was accepted before a restart and is not known",
        {3, 9},
    ),
    "a restart loses queue and jobs": (
        "EXP-008",
        HistoryTranscript(RESTARTED.transcript.status("1 restart 5.5000", 404)).describe_ids(A, B),
        "is not known after it",
        {3, 7},
    ),
    "a job lost in a restart is never executed": (
        "EXP-003",
        RESTARTED.describe_ids(A, B, b="Pause"),
        "is not known after it",
        {3, 7},
    ),
    "a restart resumes": ("EXP-008", HELD.restart("Active"), "was Paused before a restart and is Active", {2, 6}),
    "a restart resumes, shown late": (
        "EXP-008",
        HELD.restart("Active", at=5.5).restart("Active", at=5.5),
        "is Active",
        {2, 7},
    ),
    "a restart reverses the order": (
        "EXP-001",
        WAITING_IN_ORDER.restart("Paused")
        .update(Label.RESUME)
        .update(Label.PAUSE)
        .describe(b="Running")
        .describe(a="Pause"),
        "started before",
        {3, 4, 9, 10},
    ),
    "a restart creates another queue": (
        "EXP-008",
        HELD.restart("Paused", queue=STRANGER),
        "is not listed after a restart",
        {2, 6},
    ),
    "a restart switches the rule off": ("EXP-008", HELD.restart("Paused", on=False), "callback rule was On", {2, 6}),
    "a restart changes the address": ("EXP-008", HELD.restart("Paused", url="http://other"), "callback rule", {2, 6}),
    "a restart reuses ids": (
        "EXP-008",
        RESTARTED.submit(A, 0, "Pause"),
        "of a job accepted before it",
        {3, 7},
    ),
    "a waiting job runs during the pause after a restart": (
        "EXP-002",
        RESTARTED.describe(a="Running").update(Label.RESUME),
        "had started",
        {3, 7},
    ),
    "an ended job runs again after a restart": (
        "EXP-005",
        SUCCEEDED.restart().describe(a="Submitted"),
        "was Success, later Submitted",
        {4, 6},
    ),
    "a cancelled job runs after a restart": (
        "EXP-004",
        HELD.cancel(A).restart("Paused").update(Label.RESUME).describe(Label.AFTER, a="Success", b="Success"),
        "but later was Success",
        {3, 6, 9},
    ),
    "callback before the end": (
        "EXP-007",
        SUCCEEDED.callback(A).describe(a="Running"),
        "was Running after its callback",
        {5, 6},
    ),
}


def judge(name: str, history: HistoryTranscript) -> Finding:
    """Returns the finding of the check on a history."""
    return judged(name, history.transcript)


@pytest.mark.parametrize("name", HOLDING)
def test_documented_history_holds(name: str) -> None:
    """The finding states the number of histories."""
    found = judge(name, HOLDING[name])
    assert found.kind is Kind.HOLDS, found
    assert "1 histories" in found.power


@pytest.mark.parametrize("case", DEVIATING)
def test_wrong_response_deviates_with_its_witness(case: str) -> None:
    """The finding names the one wrong response and the records that show it."""
    name, history, words, witness = DEVIATING[case]
    found = judge(name, history)
    assert found.kind is Kind.DEVIATES, found
    assert words in found.seen
    assert set(found.witness) == witness


@pytest.mark.parametrize("name", ABSENT)
def test_history_without_evidence_cannot_be_judged(name: str) -> None:
    """A history that could not show a deviation does not hold."""
    found = judge(name, ABSENT[name])
    assert found.kind is Kind.UNTESTED, found
    assert "run more histories" in found.reason


def test_history_without_any_callback_is_blocked() -> None:
    """Callback delivery may fail completely: the reason names the requirements that judge it."""
    found = judge("EXP-006", SUCCEEDED.expired("callbacks"))
    assert found.kind is Kind.BLOCKED
    assert "DEL-001" in found.reason


def test_restart_is_counted_once() -> None:
    """Several lists after a restart count as one restart."""
    again = HELD.restart("Active", at=5.5).restart("Active", at=5.5).restart("Active", at=8.5)
    assert "2 submit, 2 restart)" in judge("EXP-008", again).seen


def test_interrupted_history_blocks_what_it_did_not_show() -> None:
    """A refused pause ends the scenario: observations until then count, the rest is blocked."""
    broken = HistoryTranscript(SUCCEEDED.transcript.event("broken", "setting the queue to Paused answered 500"))
    assert judge("EXP-003", broken).kind is Kind.BLOCKED
    lost = HistoryTranscript(DEVIATING["a job fails"][1].transcript.event("broken", "answered 500"))
    assert judge("EXP-003", lost).kind is Kind.DEVIATES


LEGAL = {
    "a running job is stopped by a pause": (
        "EXP-005",
        OPEN.submit(A)
        .describe(a="Running")
        .update(Label.PAUSE)
        .describe(a="Pause")
        .update(Label.RESUME)
        .describe(a="Success"),
    ),
    "a job had been taken before the pause": (
        "EXP-002",
        OPEN.submit(A)
        .update(Label.PAUSE)
        .describe(a="Running")
        .describe(a="Success")
        .submit(B)
        .describe(b="Pause")
        .update(Label.RESUME),
    ),
    "a cancelled job had run": ("EXP-003", OPEN.submit(A).submit(B).cancel(A).describe(a="Success", b="Success")),
    "callbacks come twice": ("EXP-006", WITH_CALLBACKS.callback(A).callback(B)),
    "a restart interrupts a running job": (
        "EXP-005",
        OPEN.submit(A)
        .describe(a="Running")
        .restart()
        .describe(a="Submitted")
        .describe(a="Running")
        .describe(a="Success"),
    ),
    "a list shows the state of before a restart late": (
        "EXP-008",
        HELD.restart("Active", at=5.5).restart("Paused", at=5.5).describe_ids(A, B, a="Pause", b="Pause"),
    ),
    "a target answers 503 for a while after a restart": (
        "EXP-008",
        RESTARTED.describe_ids(A, status=503).describe_ids(A, B, a="Pause", b="Pause"),
    ),
    "an interrupted job goes to the end of the queue": (
        "EXP-001",
        OPEN.submit(A, 1)
        .submit(B, 1)
        .submit(C, 1)
        .describe(b="Submitted", c="Submitted")
        .restart()
        .describe(b="Running")
        .describe(a="Submitted", c="Submitted")
        .describe(c="Running")
        .describe(a="Submitted"),
    ),
    "a restart loses a pending callback": (
        "EXP-006",
        SUCCEEDED.callback(A).restart().describe(a="Success", b="Success").expired("callbacks"),
    ),
    "callback by either rule after a change": (
        "EXP-006",
        OPEN.submit(A).update(Label.RULE, Rule.SECOND).describe(a="Success").callback(A, Rule.SECOND),
    ),
}


@pytest.mark.parametrize("case", LEGAL)
def test_other_documented_behaviour_does_not_deviate(case: str) -> None:
    """What a document allows is no deviation."""
    name, history = LEGAL[case]
    assert judge(name, history).kind is Kind.HOLDS


def quick_starts(held_by_workers: int | None) -> int:
    """Counts the deviations of three jobs that were seen waiting in a pause and ended 0.2 s after it began."""

    def job(name: str) -> observed_history.HistoryJob:
        states = (("Pause", 1.02, 1.03, 5), ("Success", 1.19, 1.2, 6))
        seen = tuple(
            observed_history.StateObservation(state=state, sent=sent, received=received, seq=seq)
            for state, sent, received, seq in states
        )
        return observed_history.HistoryJob(
            job_id=name, level=0, own_address=False, sent=0.1, answered=0.2, observations=seen
        )

    pause, resume = (
        observed_history.QueueUpdate(kind=kind, rule="", sent=at, answered=at + 0.01, ok=True)
        for kind, at in (("pause", 1.0), ("resume", 1.25))
    )
    history = observed_history.ObservedHistory(
        jobs=tuple(map(job, "abc")),
        updates=(pause, resume),
        cancels=(),
        queries=(),
        listings=(),
        callbacks=(),
        accepted=(),
        expired=frozenset(),
        receiver_failed=False,
        last=2.0,
        conditions=observed_history.Conditions(
            start_latency=0.1,
            workers=2,
            stops_running_jobs=False,
            callbacks_arrive=True,
            held_by_workers=held_by_workers,
        ),
    )
    return len(history_rules.paused_queue_starts_no_job(history).deviations)


def test_more_starts_in_a_pause_than_workers_can_hold_deviate() -> None:
    """Starts within the grace period are excused one by one, but not more of them than workers can hold."""
    assert quick_starts(2) == 3
    assert quick_starts(3) == 0
    assert quick_starts(None) == 0
