"""The published run of the reference mock equals a new run of the kit, except times and ids."""

from pathlib import Path

import pytest
from sources import ROOT

from ciq_reports import kill_page
from ciq_schemas.requirement import load_registry
from tools import published

FOLDER = ROOT / "reports" / "published"
STALE = f"reports/published is stale: run `{published.COMMAND}` (or tox -e published)"


def lines_of(folder: Path) -> tuple[list[str], list[str]]:
    """Heading and verdicts of the published run."""
    lines = (folder / published.VERDICTS).read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line.startswith("#")], [line for line in lines if not line.startswith("#")]


def test_published_run_has_current_requirement_set() -> None:
    """Set and number of items are those of the registry in every file."""
    heading, _ = lines_of(FOLDER)
    assert tuple(heading) == published.heading(), STALE
    name = heading[1].split()[2].rstrip(",")
    for file in ("report.html", "summary.md"):
        assert name in (FOLDER / file).read_text(encoding="utf-8"), f"{file} is of another run: {STALE}"


def test_published_run_passes_every_must() -> None:
    """Other outcomes are notes or not judged."""
    _, verdicts = lines_of(FOLDER)
    known = load_registry().by_id
    for line in verdicts:
        item, level, outcome = line.split()
        requirement = known[item[:7]]
        assert level == requirement.level, STALE
        if requirement.untested:
            assert outcome == "untested", line
        else:
            assert outcome == "pass" or (level != "MUST" and outcome in ("note", "untested", "not-implemented")), line


@pytest.mark.slow
def test_new_published_run_equals_stored_one(tmp_path: Path) -> None:
    """Verdict lines and file names are the same."""
    assert published.main([str(tmp_path)]) == 0
    assert {path.name for path in tmp_path.iterdir()} == published.FILES
    assert lines_of(tmp_path) == lines_of(FOLDER), STALE


def test_publish_without_folder_exits_with_two(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """The message has the expected arguments."""
    assert published.main([str(tmp_path / "nowhere")]) == 2
    assert "expected the folder" in capsys.readouterr().err


def test_published_summary_and_kill_matrix_agree() -> None:
    """The summary cites the number of faults in the published kill matrix."""
    matrix = kill_page.from_json((FOLDER / "kill-matrix.json").read_bytes())
    found = sum(kill.detected for kill in matrix.kills)
    summary = (FOLDER / "summary.md").read_text(encoding="utf-8")
    assert f"detects {found} of {len(matrix.kills)} deliberate faults" in summary, STALE
