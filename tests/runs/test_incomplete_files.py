"""Run files of killed runs, and directories without space: message and exit code name the cause."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from command import ciq, records_of

from ciq_mock.server import MockServer
from ciq_mock.settings import MockSettings
from ciq_schemas.features import Feature
from ciq_schemas.transcript.records import DriverEvent, Footer, Verdict, write_record

ONE = ("--feature", "doc", "-k", "QUE-003", "-k", "SUB-001")


@pytest.fixture(scope="module")
def target() -> Iterator[MockServer]:
    """A conforming target."""
    with MockServer(MockSettings(duration=0.02, activated=(Feature.DOC,))) as mock:
        yield mock


@pytest.fixture(scope="module")
def whole(target: MockServer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory of a complete run."""
    folder = tmp_path_factory.mktemp("whole")
    done = ciq("run", "--target", target.url, *ONE, "-o", "run", cwd=folder)
    assert done.code == 0, done.text
    return folder / "run"


def killed(whole: Path, folder: Path) -> Path:
    """Writes the run file as a process leaves it that is killed in the scenario `submit`."""
    path = folder / "run.ndjson"
    with path.open("wb") as stream:
        for record in records_of(whole):
            if isinstance(record, Verdict | Footer):
                continue
            if isinstance(record, DriverEvent) and (record.scenario, record.name) == ("submit", "end"):
                stream.write(b'{"kind":"excha')
                break
            write_record(stream, record)
    return path


def test_run_file_without_footer_is_cut_short(whole: Path, tmp_path: Path) -> None:
    """A killed run ends with exit 5 and says so; the scenario that had not ended proves nothing."""
    done = ciq("judge", str(killed(whole, tmp_path)), "-v", cwd=tmp_path)
    assert done.code == 5, done.text
    assert "cut short: the run file has no footer: the run was killed before its end" in done.err
    assert "inconclusive SUB-001-doc" in done.out
    assert "pass QUE-003-doc" in done.out


@pytest.mark.parametrize("deep", [b'{"kind":"header","more":' + b"[" * 200_000, b'{"a":' * 200_000])
def test_deeply_nested_run_file_is_rejected(tmp_path: Path, deep: bytes) -> None:
    """A line that no parser can follow is the operator's file, not a defect of the suite."""
    (tmp_path / "run.ndjson").write_bytes(deep + b"\n")
    done = ciq("judge", "run.ndjson", cwd=tmp_path)
    assert done.code == 2, done.text
    assert "line 1 is not a record of a run file" in done.err
    assert "Traceback" not in done.text


def test_full_run_file_ends_with_exit_4_and_reports(target: MockServer, tmp_path: Path) -> None:
    """Without space for the run file the reports are written all the same, and the message names file and cause."""
    out = tmp_path / "out"
    out.mkdir()
    (out / "run.ndjson").symlink_to("/dev/full")
    done = ciq("run", "--target", target.url, *ONE, "-o", "out", cwd=tmp_path)
    assert done.code == 4, done.text
    assert "the suite failed: cannot write the run file: No space left on device" in done.err
    assert "CONFORMS" not in done.out
    assert "Traceback" not in done.text
    assert (out / "junit.xml").stat().st_size > 0


def test_full_report_ends_with_exit_4_and_keeps_the_run_file(target: MockServer, tmp_path: Path) -> None:
    """Without space for a report the run file and the other reports are complete."""
    out = tmp_path / "out"
    out.mkdir()
    (out / "report.html").symlink_to("/dev/full")
    done = ciq("run", "--target", target.url, *ONE, "-o", "out", "--write-baseline", "/dev/full", cwd=tmp_path)
    assert done.code == 4, done.text
    assert "cannot write out/report.html: No space left on device" in done.err
    assert "cannot write /dev/full: No space left on device" in done.err
    assert "CONFORMS" not in done.out
    assert isinstance(records_of(out)[-1], Footer)
    assert (out / "junit.xml").stat().st_size > 0


def test_judge_without_space_ends_with_exit_4(whole: Path, tmp_path: Path) -> None:
    """`ciq judge` names the file that it cannot write, and prints its result."""
    out = tmp_path / "out"
    out.mkdir()
    (out / "run.ndjson").symlink_to("/dev/full")
    done = ciq("judge", str(whole), "-o", "out", cwd=tmp_path)
    assert done.code == 4, done.text
    assert "cannot write out/run.ndjson: No space left on device" in done.err
    assert (out / "junit.xml").stat().st_size > 0
