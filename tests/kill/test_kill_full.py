"""Tests of the run of every fault against the whole suite: it resumes, keeps its time limit, and is published."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event
from types import SimpleNamespace

import msgspec
import pytest

from ciq_conformance.runner.embedded import KnownFault, known_faults
from ciq_reports import kill_page
from ciq_reports.kill_page import Blame, WholeRuns
from tools import kill_full, kill_matrix

FEW = known_faults()[:5]
AT_ONCE = 2


def fake_trial(fault: str, breaks: str) -> Blame:
    """Returns a trial result without a run: the mock without fault is clean; a fault is detected with two other ids."""
    beside = ("PRI-003", "PRI-007") if fault else ()
    return Blame(fault=fault, detected=bool(breaks), beside=beside, blocked=0, cut=False, seconds=0.1)


def unexpected_trial(fault: str, breaks: str) -> Blame:
    """Fails: the run must not be repeated."""
    raise AssertionError(f"{fault} ({breaks}) was run again")


@pytest.fixture(autouse=True)
def _one_commit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fixes the commit during a test."""
    monkeypatch.setattr(kill_full, "commit_of", lambda _folder: "here")


def run_faults(
    progress: Path, *, trial: kill_full.Trial = fake_trial, minutes: float = 10.0, faults: tuple[KnownFault, ...] = FEW
) -> tuple[WholeRuns, list[str]]:
    """Returns the result of a run and its output."""
    output: list[str] = []
    whole = kill_full.try_all_whole(
        faults, progress, say=output.append, at_once=AT_ONCE, minutes=minutes, trial=trial, workers=ThreadPoolExecutor
    )
    return whole, output


def test_interrupted_run_resumes_with_the_remaining_faults(tmp_path: Path) -> None:
    """Without time left only begun runs finish; the next call does the rest, and a third call none."""
    progress = tmp_path / "done.ndjson"
    first, _ = run_faults(progress, minutes=0.0)
    assert len(first.blames) == AT_ONCE - 1
    assert first.faults == len(FEW)
    second, output = run_faults(progress)
    assert output[0] == f"going on: {AT_ONCE} of {len(FEW) + 1} runs are done"
    assert [blame.fault for blame in second.blames] == [fault.name for fault in FEW]
    third, _ = run_faults(progress, trial=unexpected_trial)
    assert third == second


def test_run_stopped_by_a_signal_is_not_stored(tmp_path: Path) -> None:
    """The result of an interrupted run is dropped, no further run begins, and the next call repeats it."""
    progress = tmp_path / "done.ndjson"

    begun: list[str] = []
    signalled = Event()

    def stopped_at_first(fault: str, breaks: str) -> Blame:
        begun.append(fault)
        if fault == FEW[0].name:
            signalled.set()
            raise kill_full.Stopped("stopped by SIGINT")
        signalled.wait(10)
        return fake_trial(fault, breaks)

    with pytest.raises(kill_full.Stopped, match="the same command goes on"):
        run_faults(progress, trial=stopped_at_first)
    assert len(begun) <= len(FEW)
    assert FEW[0].name not in progress.read_text()
    whole, _ = run_faults(progress)
    assert [blame.fault for blame in whole.blames] == [fault.name for fault in FEW]


@pytest.mark.parametrize("passed", [kill_full.LONGEST + 1, kill_full.LONGEST - 1])
def test_only_a_deadline_leaves_a_truncated_result(passed: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that its deadline truncated counts and is labelled; a run that was stopped earlier does not count."""
    clock = iter((0.0, passed, passed))
    monkeypatch.setattr(kill_full, "time", SimpleNamespace(monotonic=lambda: next(clock)))
    monkeypatch.setattr(kill_full, "execute", lambda *_: SimpleNamespace(stopped="a reason", verdicts=()))
    if passed < kill_full.LONGEST:
        with pytest.raises(kill_full.Stopped, match="a reason"):
            kill_full.try_whole("", "")
    else:
        assert kill_full.try_whole("", "").cut


def test_runs_truncated_by_the_deadline_are_named(tmp_path: Path) -> None:
    """Page and headline name runs that their deadline truncated."""
    whole, _ = run_faults(tmp_path / "done.ndjson")
    cut = (msgspec.structs.replace(whole.blames[0], cut=True), *whole.blames[1:])
    matrix = kill_page.from_json(kill_matrix_file().read_bytes())
    matrix = msgspec.structs.replace(matrix, whole=msgspec.structs.replace(whole, blames=cut))
    assert "; 1 runs cut short by their deadline" in kill_page.whole_headline(matrix)
    assert "cut short by its deadline" in kill_page.to_html(matrix)


def test_truncated_line_is_run_again(tmp_path: Path) -> None:
    """A file that ends in the middle of a line loses that one run only."""
    progress = tmp_path / "done.ndjson"
    run_faults(progress)
    progress.write_bytes(progress.read_bytes()[:-20])
    whole, output = run_faults(progress)
    assert output[0] == f"going on: {len(FEW)} of {len(FEW) + 1} runs are done"
    assert len(whole.blames) == len(FEW)


def test_other_commit_starts_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Results of another commit are not reused."""
    progress = tmp_path / "done.ndjson"
    run_faults(progress)
    monkeypatch.setattr(kill_full, "commit_of", lambda _folder: "another")
    with pytest.raises(AssertionError, match="run again"):
        run_faults(progress, trial=unexpected_trial)


def test_page_shows_own_and_other_requirements(tmp_path: Path) -> None:
    """The matrix survives JSON, and its page shows date, commit and the other requirements that failed."""
    whole, _ = run_faults(tmp_path / "done.ndjson", faults=FEW[:2])
    matrix = kill_page.from_json((kill_matrix_file()).read_bytes())
    matrix = msgspec.structs.replace(matrix, whole=msgspec.structs.replace(whole, date="2026-01-05", commit="abc123"))
    assert kill_page.from_json(kill_page.to_json(matrix)) == matrix
    page = kill_page.to_html(matrix)
    assert "2026-01-05, commit abc123" in page
    assert "2: PRI-003, PRI-007" in page
    assert "not run" in page
    assert "2 of 2 faults are detected by the requirement that they break, 0 of them by no other" in page


def test_sample_is_named_as_sample(tmp_path: Path) -> None:
    """When time was short the page states how many of how many faults were run."""
    whole, _ = run_faults(tmp_path / "done.ndjson", minutes=0.0)
    matrix = msgspec.structs.replace(kill_page.from_json(kill_matrix_file().read_bytes()), whole=whole)
    expected = f"{AT_ONCE - 1} of {AT_ONCE - 1} faults that were run, of {len(FEW)}, are detected"
    assert expected in kill_page.whole_headline(matrix)


def test_sample_covers_the_whole_catalogue() -> None:
    """The first runs come from all parts of the catalogue, and each fault is run once."""
    faults = known_faults()
    order = kill_full.across(faults)
    assert sorted(fault.name for fault in order) == sorted(fault.name for fault in faults)
    places = [faults.index(fault) for fault in order[:20]]
    assert max(places) - min(places) > len(faults) / 2


def kill_matrix_file() -> Path:
    """Returns the published matrix."""
    return Path(__file__).resolve().parents[2] / "reports" / "published" / kill_matrix.JSON


@pytest.mark.slow
def test_whole_suite_detects_a_fault_and_passes_without_one() -> None:
    """Without a fault nothing fails; with one its own requirement fails, over all features."""
    assert kill_full.try_whole("", "").beside == ()
    assert kill_full.try_whole("user-data-cut", "SUB-009").detected
