"""The run of every fault against the whole suite: it goes on where it was, keeps to its time, and is published."""

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


def fake(fault: str, breaks: str) -> Blame:
    """As if the suite had been run: the sound mock is clean, a fault is seen and takes two ids along."""
    beside = ("PRI-003", "PRI-007") if fault else ()
    return Blame(fault=fault, detected=bool(breaks), beside=beside, blocked=0, cut=False, seconds=0.1)


def never(fault: str, breaks: str) -> Blame:
    """A run that must not be made again."""
    raise AssertionError(f"{fault} ({breaks}) was tried again")


@pytest.fixture(autouse=True)
def _one_commit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody commits while a test runs."""
    monkeypatch.setattr(kill_full, "commit_of", lambda _folder: "here")


def tried(
    progress: Path, *, trial: kill_full.Trial = fake, minutes: float = 10.0, faults: tuple[KnownFault, ...] = FEW
) -> tuple[WholeRuns, list[str]]:
    """A run with what it said."""
    said: list[str] = []
    whole = kill_full.try_all_whole(
        faults, progress, say=said.append, at_once=AT_ONCE, minutes=minutes, trial=trial, workers=ThreadPoolExecutor
    )
    return whole, said


def test_it_goes_on_where_it_was(tmp_path: Path) -> None:
    """Without time only what was begun is done; the next run does the rest, and a third one nothing."""
    progress = tmp_path / "done.ndjson"
    first, _ = tried(progress, minutes=0.0)
    assert len(first.blames) == AT_ONCE - 1
    assert first.faults == len(FEW)
    second, said = tried(progress)
    assert said[0] == f"going on: {AT_ONCE} of {len(FEW) + 1} runs are done"
    assert [blame.fault for blame in second.blames] == [fault.name for fault in FEW]
    third, _ = tried(progress, trial=never)
    assert third == second


def test_a_run_that_was_stopped_is_no_result(tmp_path: Path) -> None:
    """What a signal has cut short is not kept, nothing more is begun, and the next run tries it."""
    progress = tmp_path / "done.ndjson"

    begun: list[str] = []
    signalled = Event()

    def stopped_at_first(fault: str, breaks: str) -> Blame:
        begun.append(fault)
        if fault == FEW[0].name:
            signalled.set()
            raise kill_full.Stopped("stopped by SIGINT")
        signalled.wait(10)
        return fake(fault, breaks)

    with pytest.raises(kill_full.Stopped, match="the same command goes on"):
        tried(progress, trial=stopped_at_first)
    assert len(begun) <= len(FEW)
    assert FEW[0].name not in progress.read_text()
    whole, _ = tried(progress)
    assert [blame.fault for blame in whole.blames] == [fault.name for fault in FEW]


@pytest.mark.parametrize("passed", [kill_full.LONGEST + 1, kill_full.LONGEST - 1])
def test_only_the_deadline_leaves_a_result(passed: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run cut short by its deadline counts and is labelled; one that was stopped earlier does not count."""
    clock = iter((0.0, passed, passed))
    monkeypatch.setattr(kill_full, "time", SimpleNamespace(monotonic=lambda: next(clock)))
    monkeypatch.setattr(kill_full, "execute", lambda *_: SimpleNamespace(stopped="a reason", verdicts=()))
    if passed < kill_full.LONGEST:
        with pytest.raises(kill_full.Stopped, match="a reason"):
            kill_full.try_whole("", "")
    else:
        assert kill_full.try_whole("", "").cut


def test_what_the_deadline_cut_short_is_told(tmp_path: Path) -> None:
    """Page and headline name such runs."""
    whole, _ = tried(tmp_path / "done.ndjson")
    cut = (msgspec.structs.replace(whole.blames[0], cut=True), *whole.blames[1:])
    matrix = kill_page.from_json(kill_matrix_file().read_bytes())
    matrix = msgspec.structs.replace(matrix, whole=msgspec.structs.replace(whole, blames=cut))
    assert "; 1 cut short by their deadline" in kill_page.whole_headline(matrix)
    assert "cut short by its deadline" in kill_page.to_html(matrix)


def test_a_line_cut_off_is_done_again(tmp_path: Path) -> None:
    """A file that ends in the middle of a line loses that one run and no other."""
    progress = tmp_path / "done.ndjson"
    tried(progress)
    progress.write_bytes(progress.read_bytes()[:-20])
    whole, said = tried(progress)
    assert said[0] == f"going on: {len(FEW)} of {len(FEW) + 1} runs are done"
    assert len(whole.blames) == len(FEW)


def test_other_code_begins_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What another commit has found says nothing of this one."""
    progress = tmp_path / "done.ndjson"
    tried(progress)
    monkeypatch.setattr(kill_full, "commit_of", lambda _folder: "another")
    with pytest.raises(AssertionError, match="tried again"):
        tried(progress, trial=never)


def test_the_page_tells_both_blames(tmp_path: Path) -> None:
    """The matrix keeps the whole runs through JSON, and its page shows date, commit and what went red beside."""
    whole, _ = tried(tmp_path / "done.ndjson", faults=FEW[:2])
    matrix = kill_page.from_json((kill_matrix_file()).read_bytes())
    matrix = msgspec.structs.replace(matrix, whole=msgspec.structs.replace(whole, date="2026-01-05", commit="abc123"))
    assert kill_page.from_json(kill_page.to_json(matrix)) == matrix
    page = kill_page.to_html(matrix)
    assert "2026-01-05, commit abc123" in page
    assert "2: PRI-003, PRI-007" in page
    assert "not tried" in page
    assert "2 of 2 faults seen by their own requirement, 0 of them by it alone" in page


def test_a_sample_is_told_as_one(tmp_path: Path) -> None:
    """Where time was short, the page says how many of how many were tried."""
    whole, _ = tried(tmp_path / "done.ndjson", minutes=0.0)
    matrix = msgspec.structs.replace(kill_page.from_json(kill_matrix_file().read_bytes()), whole=whole)
    assert f"{AT_ONCE - 1} of {AT_ONCE - 1} faults tried, of {len(FEW)}, seen" in kill_page.whole_headline(matrix)


def test_a_sample_is_of_the_whole_catalogue() -> None:
    """The first runs come from all parts of the catalogue, and each fault is tried once."""
    faults = known_faults()
    order = kill_full._across(faults)
    assert sorted(fault.name for fault in order) == sorted(fault.name for fault in faults)
    places = [faults.index(fault) for fault in order[:20]]
    assert max(places) - min(places) > len(faults) / 2


def kill_matrix_file() -> Path:
    """The published matrix."""
    return Path(__file__).resolve().parents[2] / "reports" / "published" / kill_matrix.JSON


@pytest.mark.slow
def test_the_whole_suite_sees_a_fault_and_blames_nothing_sound() -> None:
    """Without a fault nothing is red; with one its own requirement is, over all features."""
    assert kill_full.try_whole("", "").beside == ()
    assert kill_full.try_whole("user-data-cut", "SUB-009").detected
