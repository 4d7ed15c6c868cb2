"""The counts of false alarms: what a run adds, what is continued, and what the page says."""

from __future__ import annotations

import random
from itertools import islice
from pathlib import Path

import msgspec
from false_alarms import FalseAlarms, Target, add, page, read, targets, write

from ciq_schemas.requirement import load_registry
from ciq_schemas.transcript.records import Level, Outcome, Verdict

TARGET = Target(features=("media",), seed=7)


def verdict(requirement: str, outcome: Outcome) -> Verdict:
    """A verdict on media."""
    return Verdict(requirement=requirement, level=Level.MUST, outcome=outcome, feature="media", seen="observed")


def test_red_verdict_is_counted_and_quoted() -> None:
    """Red and inconclusive verdicts count; not-implemented and notes are no verdicts on the target."""
    verdicts = (
        verdict("PRI-001", Outcome.PASS),
        verdict("PRI-001", Outcome.FAIL),
        verdict("PAU-001", Outcome.INCONCLUSIVE),
        verdict("PRI-008", Outcome.NOT_IMPLEMENTED),
    )
    known = add(FalseAlarms(requirement_set="x"), TARGET, verdicts)
    assert known.runs == 1
    assert (known.counts["PRI-001"].verdicts, known.counts["PRI-001"].red) == (2, 1)
    assert known.counts["PAU-001"].inconclusive == 1
    assert "PRI-008" not in known.counts
    assert [example.item for example in known.examples] == ["PRI-001-media"]
    assert "PRI-001-media" in page(known)


def test_run_that_took_too_long_is_not_counted() -> None:
    """It is reported as stopped."""
    known = add(FalseAlarms(requirement_set="x"), TARGET, None)
    assert (known.runs, known.stopped) == (0, 1)


def test_counts_continue_for_the_same_requirements_only(tmp_path: Path) -> None:
    """Counts of other requirements start anew."""
    known = add(FalseAlarms(requirement_set="x"), TARGET, (verdict("PRI-001", Outcome.PASS),))
    write(tmp_path, known)
    assert read(tmp_path / "false-alarms.json", "x") == known
    assert read(tmp_path / "false-alarms.json", "y") == FalseAlarms(requirement_set="y")
    assert "300.00%" not in page(known)
    assert "| PRI-001 | MUST | 1 | 0 | 0 | 0 | 100.00% |" in page(known)


def test_targets_are_reproducible_and_every_fourth_is_the_miniature() -> None:
    """A seed chooses the same targets again."""
    one, two = (list(islice(targets(random.Random(3)), 8)) for _ in range(2))
    assert one == two
    assert [bool(target.variation) for target in one] == [False, False, False, True] * 2


def test_published_page_shows_the_published_counts() -> None:
    """The page is made from the file, and the file names requirements that exist."""
    folder = Path(__file__).parents[2] / "reports" / "published"
    known = msgspec.json.decode((folder / "false-alarms.json").read_bytes(), type=FalseAlarms)
    assert (folder / "false-alarms.md").read_text(encoding="utf-8") == page(known)
    assert set(known.counts) <= set(load_registry().by_id)
    assert known.runs > 0
