"""The rules of any history on transcripts made by hand: what holds, what deviates, what shows nothing."""

from __future__ import annotations

import pytest
from history_transcripts import A, B, C, HistoryTranscript
from transcripts import STRANGER, judged

from ciq_conformance.areas.explore.labels import Label, Rule
from ciq_conformance.judge.finding import Finding, Kind

OPEN = HistoryTranscript().update(Label.OPEN, Rule.FIRST)
PAUSED = OPEN.update(Label.PAUSE)
HELD = PAUSED.submit(A, 0, "Pause").submit(B, 2, "Pause").describe(a="Pause", b="Pause")
FROZEN = HELD.update(Label.RESUME).update(Label.PAUSE)
RUNS = OPEN.submit(A).submit(B).describe(a="Success", b="Success")
TOLD = RUNS.callback(A).callback(B)
RESTARTED = HELD.restart("Paused")
LINE = PAUSED.submit(A, 1, "Pause").submit(B, 1, "Pause").describe(a="Pause", b="Pause")
ABSENT = {
    "EXP-001": RUNS,
    "EXP-002": RUNS,
    "EXP-003": OPEN,
    "EXP-004": OPEN.submit(A).cancel(A).describe(a="Success"),
    "EXP-005": OPEN.submit(A).describe(a="Submitted"),
    "EXP-006": OPEN.submit(A).update(Label.RULE, Rule.OFF).describe(a="Success").callback(A),
    "EXP-007": TOLD,
    "EXP-008": RUNS,
}
HOLDING = {
    "EXP-001": FROZEN.describe(a="Pause", b="Success").describe(a="Pause"),
    "EXP-002": HELD.describe(a="Pause", b="Pause").update(Label.RESUME).describe(Label.DRAIN, a="Success", b="Success"),
    "EXP-003": RUNS.describe(Label.AFTER, a="Success", b="Success"),
    "EXP-004": HELD.cancel(A)
    .describe(a="Cancel", b="Pause")
    .update(Label.RESUME)
    .describe(Label.AFTER, a="Cancel", b="Success"),
    "EXP-005": OPEN.submit(A).describe(a="Running").describe(a="Success"),
    "EXP-006": TOLD,
    "EXP-007": TOLD.describe(Label.AFTER, a="Success", b="Success"),
    "EXP-008": RESTARTED.describe_ids(A, B, a="Pause", b="Pause"),
}
DEVIATING = {
    "a lower level first": (
        "EXP-001",
        FROZEN.describe(a="Success", b="Pause").describe(b="Pause"),
        "started before",
        {3, 4, 8, 9},
    ),
    "a later one first": (
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
    "a held job starts": (
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
    "a job fails": ("EXP-003", RUNS.describe(Label.AFTER, a="Success", b="Failed"), "last state is Failed", {3, 5}),
    "a job is not known any more": (
        "EXP-003",
        OPEN.submit(A).describe(Label.DRAIN).expired("drain"),
        "last state is Submitted",
        {2},
    ),
    "a refused cancel takes a job": (
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
    "a cancelled job waits on": (
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
    "a job is not told": ("EXP-006", RUNS.callback(A).expired("callbacks"), "no callback arrived", {3, 4}),
    "a job is told though Off": (
        "EXP-006",
        OPEN.update(Label.RULE, Rule.OFF).submit(A).describe(a="Success").callback(A),
        "notified although the rule was Off",
        {3, 5},
    ),
    "a job is told at the other address": (
        "EXP-006",
        RUNS.callback(A).callback(B, Rule.SECOND),
        "notified only at an address that was not in force",
        {3, 6},
    ),
    "an own address does not count": (
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
    "a restart loses the queue too": (
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
    "a restart resumes, whenever one looks": (
        "EXP-008",
        HELD.restart("Active", at=5.5).restart("Active", at=5.5),
        "is Active",
        {2, 7},
    ),
    "a restart turns the line round": (
        "EXP-001",
        LINE.restart("Paused").update(Label.RESUME).update(Label.PAUSE).describe(b="Running").describe(a="Pause"),
        "started before",
        {3, 4, 9, 10},
    ),
    "a restart makes another queue": (
        "EXP-008",
        HELD.restart("Paused", queue=STRANGER),
        "is not listed after a restart",
        {2, 6},
    ),
    "a restart switches the rule off": ("EXP-008", HELD.restart("Paused", on=False), "callback rule was On", {2, 6}),
    "a restart changes the address": ("EXP-008", HELD.restart("Paused", url="http://other"), "callback rule", {2, 6}),
    "a restart begins with ids anew": (
        "EXP-008",
        RESTARTED.submit(A, 0, "Pause"),
        "of a job accepted before it",
        {3, 7},
    ),
    "a held job runs after a restart": (
        "EXP-002",
        RESTARTED.describe(a="Running").update(Label.RESUME),
        "had started",
        {3, 7},
    ),
    "an ended job runs again after a restart": (
        "EXP-005",
        RUNS.restart().describe(a="Submitted"),
        "was Success, later Submitted",
        {4, 6},
    ),
    "a cancelled job comes back with a restart": (
        "EXP-004",
        HELD.cancel(A).restart("Paused").update(Label.RESUME).describe(Label.AFTER, a="Success", b="Success"),
        "but later was Success",
        {3, 6, 9},
    ),
    "told, and still running": (
        "EXP-007",
        RUNS.callback(A).describe(a="Running"),
        "was Running after its callback",
        {5, 6},
    ),
}


def judge(name: str, story: HistoryTranscript) -> Finding:
    """What the check says."""
    return judged(name, story.transcript)


@pytest.mark.parametrize("name", HOLDING)
def test_what_the_documents_say_holds(name: str) -> None:
    """A history that goes as documented and shows it: holds, and says by how much."""
    found = judge(name, HOLDING[name])
    assert found.kind is Kind.HOLDS, found
    assert "1 histories" in found.power


@pytest.mark.parametrize("case", DEVIATING)
def test_a_deviation_is_seen_with_its_witness(case: str) -> None:
    """The one wrong answer is named, and the records that show it."""
    name, story, words, witness = DEVIATING[case]
    found = judge(name, story)
    assert found.kind is Kind.DEVIATES, found
    assert words in found.seen
    assert set(found.witness) == witness


@pytest.mark.parametrize("name", ABSENT)
def test_what_shows_nothing_proves_nothing(name: str) -> None:
    """A history that could not have shown it is no pass."""
    found = judge(name, ABSENT[name])
    assert found.kind is Kind.ABSENT, found
    assert "run more histories" in found.reason


def test_no_callback_at_all_is_another_matter() -> None:
    """Where nothing ever arrives the way back may be shut: blocked, with the requirements that tell."""
    found = judge("EXP-006", RUNS.expired("callbacks"))
    assert found.kind is Kind.BLOCKED
    assert "DEL-001" in found.reason


def test_a_restart_is_told_once() -> None:
    """However often the list was asked for after it."""
    again = HELD.restart("Active", at=5.5).restart("Active", at=5.5).restart("Active", at=8.5)
    assert "2 submit, 2 restart)" in judge("EXP-008", again).seen


def test_a_history_that_broke_off_blocks_what_it_did_not_show() -> None:
    """A refused pause ends the scenario: what was seen until then stands, the rest is blocked."""
    broken = HistoryTranscript(RUNS.transcript.event("broken", "setting the queue to Paused answered 500"))
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
    "a cancelled job ran already": ("EXP-003", OPEN.submit(A).submit(B).cancel(A).describe(a="Success", b="Success")),
    "callbacks come twice": ("EXP-006", TOLD.callback(A).callback(B)),
    "a restart cuts a running job off": (
        "EXP-005",
        OPEN.submit(A)
        .describe(a="Running")
        .restart()
        .describe(a="Submitted")
        .describe(a="Running")
        .describe(a="Success"),
    ),
    "a list shows after a while what it knew before a restart": (
        "EXP-008",
        HELD.restart("Active", at=5.5).restart("Paused", at=5.5).describe_ids(A, B, a="Pause", b="Pause"),
    ),
    "a target says 503 for a while after a restart": (
        "EXP-008",
        RESTARTED.describe_ids(A, status=503).describe_ids(A, B, a="Pause", b="Pause"),
    ),
    "a job that a restart has cut off goes to the end of the line": (
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
    "a restart swallows a callback on its way": (
        "EXP-006",
        RUNS.callback(A).restart().describe(a="Success", b="Success").expired("callbacks"),
    ),
    "told by either rule after a change": (
        "EXP-006",
        OPEN.submit(A).update(Label.RULE, Rule.SECOND).describe(a="Success").callback(A, Rule.SECOND),
    ),
}


@pytest.mark.parametrize("case", LEGAL)
def test_another_documented_reading_holds(case: str) -> None:
    """What a document allows is no deviation."""
    name, story = LEGAL[case]
    assert judge(name, story).kind is Kind.HOLDS
