"""Runs `ciq` as a user would: in an own process and directory, without settings of the caller."""

import contextlib
import os
import re
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from typer.testing import CliRunner

from ciq_conformance.cli.app import build
from ciq_schemas.transcript.records import AnyRecord, Verdict, read_records

KIT_VARIABLES = ("CIQ_", "PYTEST_", "GITHUB_STEP_SUMMARY")
"""Prefixes of variables that the kit reads; those of the caller are removed."""


@dataclass(frozen=True)
class CommandResult:
    """The exit code and output of a command."""

    code: int
    out: str
    err: str

    @property
    def text(self) -> str:
        """Returns both streams."""
        return self.out + self.err


def environment(**more: str) -> dict[str, str]:
    """Returns the caller's environment without the kit's own variables, and with `more`."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(KIT_VARIABLES)}
    return {**kept, "COLUMNS": "120", "NO_COLOR": "1", **more}


def ciq(*arguments: str, cwd: Path, timeout: float = 240, **more: str) -> CommandResult:
    """Runs `ciq` with arguments and environment variables; it must end within `timeout` seconds."""
    command = [sys.executable, "-m", "ciq_conformance", *arguments]
    done = subprocess.run(
        command, cwd=cwd, env=environment(**more), capture_output=True, text=True, timeout=timeout, check=False
    )
    return CommandResult(done.returncode, done.stdout, done.stderr)


def in_process(*arguments: str, cwd: Path) -> CommandResult:
    """Runs like `ciq` in this process, which is faster and lets a test replace functions."""
    clean = {name: None for name in os.environ if name.startswith(KIT_VARIABLES)}
    with contextlib.chdir(cwd):
        done = CliRunner(env={**clean, "COLUMNS": "120", "NO_COLOR": "1"}).invoke(build(arguments[0]), list(arguments))
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return CommandResult(done.exit_code, done.stdout, done.stderr)


def records_of(directory: Path) -> tuple[AnyRecord, ...]:
    """Returns the records of the run file in a directory."""
    with (directory / "run.ndjson").open("rb") as lines:
        return tuple(read_records(lines))


def verdicts_of(directory: Path) -> dict[str, Verdict]:
    """Returns the verdicts of a run by item name."""
    return {record.item: record for record in records_of(directory) if isinstance(record, Verdict)}


def normalized(text: str) -> str:
    """Replaces everything that differs between two equal runs in console output by its name."""
    text = re.sub(r"\d+(\.\d+)? (ms|s|min)\b", "TIME", text)
    text = re.sub(r"http://127\.0\.0\.1:\d+", "URL", text)
    text = re.sub(r"\brun \d{12}[0-9a-f]{6}\b", "run ID", text)
    text = re.sub(r"core-[0-9a-f]{12}", "core-HASH", text)
    text = re.sub(r"\d+ worker\(s\)", "N worker(s)", text)
    return re.sub(r"callback after TIME|no callback seen", "CALLBACK", text)


def as_from_a_terminal() -> None:
    """Give a new process the signal handlers that it has in a terminal: the tests may run under nohup.

    For `preexec_fn` of `subprocess.Popen`.
    """
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
