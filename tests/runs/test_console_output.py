"""The console cannot end a run: any encoding, a reader that stops, a full disk. Exit code and files are right."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from command import environment

from ciq_mock.server import MockServer
from ciq_mock.settings import MockSettings
from ciq_schemas.features import Feature

ONE = ("--feature", "doc", "-k", "QUE-003", "-v")
FILES = ("--summary", "summary.md", "--badge", "badge.svg", "--write-baseline", "known.txt")
WRITTEN = ("summary.md", "badge.svg", "known.txt", "ciq-report/report.html")


@pytest.fixture(scope="module")
def target() -> Iterator[MockServer]:
    """A conforming target."""
    with MockServer(MockSettings(duration=0.02, activated=(Feature.DOC,))) as mock:
        yield mock


@pytest.mark.parametrize(
    "variables",
    [{"PYTHONIOENCODING": "ascii"}, {"PYTHONIOENCODING": "latin-1"}, {"LC_ALL": "C", "PYTHONUTF8": "0", "LANG": "C"}],
    ids=["ascii", "latin-1", "C"],
)
def test_console_of_any_encoding_does_not_end_the_run(
    target: MockServer, tmp_path: Path, variables: dict[str, str]
) -> None:
    """Signs become similar characters; summary, badge and baseline are written; the exit code is 0."""
    for arguments in (("run", "--target", target.url, *ONE, *FILES), ("judge", "ciq-report", "-v")):
        command = [sys.executable, "-m", "ciq_conformance", *arguments]
        done = subprocess.run(
            command, cwd=tmp_path, env=environment(**variables), capture_output=True, timeout=60, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        assert b"CONFORMS (exit 0)" in done.stdout
    for name in WRITTEN:
        assert (tmp_path / name).stat().st_size > 0


@pytest.mark.parametrize("stdout", ["closed pipe", "full disk"])
def test_output_that_cannot_be_written_does_not_end_the_run(target: MockServer, tmp_path: Path, stdout: str) -> None:
    """A reader that stops after one line, or a full disk, changes neither the exit code nor the files."""
    command = [sys.executable, "-m", "ciq_conformance", "run", "--target", target.url, *ONE, *FILES]
    if stdout == "full disk":
        with Path("/dev/full").open("wb") as full:
            process = subprocess.Popen(command, cwd=tmp_path, env=environment(), stdout=full)
    else:
        process = subprocess.Popen(command, cwd=tmp_path, env=environment(), stdout=subprocess.PIPE)
        assert process.stdout is not None
        process.stdout.readline()
        process.stdout.close()
    assert process.wait(60) == 0
    for name in WRITTEN:
        assert (tmp_path / name).stat().st_size > 0
