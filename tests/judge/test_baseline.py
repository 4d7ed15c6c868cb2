"""The baseline: entries, expiry, stale entries and their advice, known-flaky entries, and the written file."""

from datetime import date
from pathlib import Path

import pytest

from ciq_conformance.judge.baseline import (
    BaselineError,
    Entry,
    apply_baseline,
    baseline_text,
    read_accepted,
    read_baseline,
    recorded_entries,
)
from ciq_conformance.judge.verdict import exit_code
from ciq_schemas.transcript.records import ExitCode, Level, Outcome, Verdict

DAY = date(2026, 11, 30)
NAMES = ["QUE-001-media", "QUE-002-media", "QUE-010-media"]


def a_verdict(
    outcome: Outcome,
    level: Level = Level.MUST,
    *,
    name: str = "QUE-001",
    power: str = "",
    witness: tuple[int, ...] = (),
) -> Verdict:
    """Returns a verdict on media."""
    return Verdict(
        requirement=name,
        level=level,
        outcome=outcome,
        feature="media",
        title="a title",
        seen="HTTP 500",
        power=power,
        witness=witness,
    )


def written(tmp_path: Path, text: str, *, flaky: bool = False) -> dict[str, Entry]:
    """Returns the entries of a file with this text."""
    path = tmp_path / "known.txt"
    path.write_text(text, encoding="utf-8")
    return read_baseline(path, NAMES, flaky=flaky)


def test_written_baseline_accepts_its_own_failures_and_becomes_stale(tmp_path: Path) -> None:
    """A corrected item makes its entry stale; a new failure still fails the run; an inconclusive item does neither."""
    first = [
        a_verdict(Outcome.FAIL),
        a_verdict(Outcome.WARN, Level.SHOULD, name="QUE-010"),
        a_verdict(Outcome.PASS, name="QUE-002"),
    ]
    entries = written(tmp_path, baseline_text(first))
    assert set(entries) == {"QUE-001-media", "QUE-010-media"}
    assert entries["QUE-001-media"].reason == "MUST fail: HTTP 500"
    accepted = apply_baseline(first, entries, day=DAY)
    assert accepted.stale == ()
    assert exit_code(accepted.verdicts) is ExitCode.CONFORMS
    fixed = apply_baseline([a_verdict(Outcome.PASS), a_verdict(Outcome.FAIL, name="QUE-002")], entries, day=DAY)
    assert [entry.item for entry in fixed.stale] == ["QUE-001-media"]
    assert exit_code(fixed.verdicts, stale=bool(fixed.stale)) is ExitCode.DEVIATES
    for outcome in (Outcome.INCONCLUSIVE, Outcome.NOT_IMPLEMENTED, Outcome.SKIPPED, Outcome.UNTESTED):
        assert apply_baseline([a_verdict(outcome)], entries, day=DAY).stale == ()


def test_written_baseline_has_no_item_without_a_deviation_of_its_own() -> None:
    """Blocked, inconclusive and suite errors are no failures; a MUST with a weaker form is a warning only."""
    verdicts = [
        a_verdict(Outcome.BLOCKED),
        a_verdict(Outcome.INCONCLUSIVE, name="QUE-002"),
        a_verdict(Outcome.SUITE_ERROR, name="QUE-003"),
        a_verdict(Outcome.WARN, name="QUE-004"),
        a_verdict(Outcome.NOTE, Level.NOTE, name="QUE-005"),
    ]
    text = baseline_text(verdicts)
    assert [line for line in text.splitlines() if not line.startswith("#")] == []
    assert "#   QUE-001-media blocked" in text


def test_rewritten_baseline_keeps_reason_expiry_and_link_of_the_operator(tmp_path: Path) -> None:
    """A link may contain `#`; the reason starts after a blank."""
    line = "QUE-001-media expires=2027-01-31 link=https://tracker/x#17  # ticket 17 of the queue team"
    entries = written(tmp_path, line)
    assert line in baseline_text([a_verdict(Outcome.FAIL)], entries).splitlines()
    marked = apply_baseline([a_verdict(Outcome.FAIL)], entries, day=DAY).verdicts[0]
    assert marked.baseline
    assert marked.accepted == "ticket 17 of the queue team; until 2027-01-31; https://tracker/x#17"


@pytest.mark.parametrize(("expires", "code"), [("2026-11-30", ExitCode.CONFORMS), ("2026-11-29", ExitCode.DEVIATES)])
def test_entry_accepts_until_its_expiry(tmp_path: Path, expires: str, code: ExitCode) -> None:
    """After the last day the deviation counts again, and the verdict names the expired entry."""
    entries = written(tmp_path, f"QUE-001-media expires={expires}")
    verdicts = apply_baseline([a_verdict(Outcome.FAIL)], entries, day=DAY).verdicts
    assert exit_code(verdicts) is code
    assert ("expired on 2026-11-29" in verdicts[0].accepted) is (code is ExitCode.DEVIATES)


def test_advice_never_concludes_from_one_pass_that_the_entry_is_wrong(tmp_path: Path) -> None:
    """A pass that depends on timing keeps the entry; after any other pass the operator decides."""
    entries = written(tmp_path, "QUE-001-media\nQUE-002-media\n")
    timed = a_verdict(Outcome.PASS, power="12 pairs; up to 3 jobs are not judged singly")
    plain = a_verdict(Outcome.PASS, name="QUE-002", witness=(4, 5))
    first, second = apply_baseline([timed, plain], entries, day=DAY).stale
    assert "Keep the entry unless the target was corrected" in first.advice
    assert "up to 3 jobs" in first.advice
    assert "records #4, #5" in second.advice
    assert "If the target was corrected, delete the entry" in second.advice
    assert all("--known-flaky" in entry.advice for entry in (first, second))


def test_known_flaky_entry_accepts_the_failure_and_is_never_stale(tmp_path: Path) -> None:
    """It is neither stale when the item passes nor written to a baseline when the item fails."""
    entries = written(tmp_path, "QUE-001-media # comes and goes", flaky=True)
    assert apply_baseline([a_verdict(Outcome.PASS)], entries, day=DAY).stale == ()
    failed = apply_baseline([a_verdict(Outcome.FAIL)], entries, day=DAY).verdicts
    assert exit_code(failed) is ExitCode.CONFORMS
    assert failed[0].flaky
    assert failed[0].accepted == "comes and goes"
    assert "QUE-001" not in baseline_text(failed, entries)


def test_recorded_entries_give_the_same_result(tmp_path: Path) -> None:
    """`ciq judge` without the files uses what the run file shows."""
    entries = written(tmp_path, "QUE-001-media # comes and goes", flaky=True)
    failed = apply_baseline([a_verdict(Outcome.FAIL)], entries, day=DAY).verdicts
    again = apply_baseline([a_verdict(Outcome.FAIL)], recorded_entries(failed), day=DAY).verdicts
    assert exit_code(again) is ExitCode.CONFORMS
    assert again == failed
    passed = [a_verdict(Outcome.PASS)]
    stale = apply_baseline(passed, written(tmp_path, "QUE-001-media"), day=DAY).stale
    assert apply_baseline(passed, recorded_entries(passed, stale), day=DAY).stale == stale


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "QUE-001-media\n\nQUE-0O1-media # typo\n",
            "line 3: 'QUE-0O1-media' is not an item name; did you mean QUE-001-",
        ),
        ("something", "is not an item name; write it like PRI-001-media"),
        ("QUE-001-media expires=soon", "line 1: expires=soon is not a date"),
        ("QUE-001-media until=2027-01-01", "'until=2027-01-01' is neither expires="),
        ("QUE-001-media link=", "'link=' is neither"),
    ],
)
def test_wrong_line_is_rejected(tmp_path: Path, text: str, words: str) -> None:
    """A misspelt entry would otherwise never become stale."""
    with pytest.raises(BaselineError, match=words.replace("(", r"\(")):
        written(tmp_path, text)


def test_unreadable_file_and_item_in_both_files_are_rejected(tmp_path: Path) -> None:
    """The message names the file, or both files."""
    with pytest.raises(BaselineError, match="cannot read the baseline"):
        read_baseline(tmp_path / "none", [])
    for name in ("known.txt", "flaky.txt"):
        (tmp_path / name).write_text("QUE-003-media\n", encoding="utf-8")
    with pytest.raises(BaselineError, match=r"QUE-003-media is in .*known.txt and in .*flaky.txt"):
        read_accepted(tmp_path / "known.txt", tmp_path / "flaky.txt")
