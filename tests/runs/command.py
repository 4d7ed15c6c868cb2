"""Running `ciq` as a user would: a process of its own, a directory of its own, no settings of the caller."""

import contextlib
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from typer.testing import CliRunner

from ciq_conformance.cli.app import build
from ciq_schemas.transcript.records import AnyRecord, Verdict, read_records

OURS = ("CIQ_", "PYTEST_", "GITHUB_STEP_SUMMARY")
"""Beginnings of variables that mean something to the kit, and must not reach it from the caller."""


@dataclass(frozen=True)
class Done:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def text(self) -> str:
        """Both streams."""
        return self.out + self.err


def environment(**more: str) -> dict[str, str]:
    """The caller's environment without the kit's own variables, and with `more`."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
    return {**kept, "COLUMNS": "120", "NO_COLOR": "1", **more}


def ciq(*arguments: str, cwd: Path, timeout: float = 240, **more: str) -> Done:
    """Run `ciq` with arguments and environment variables; it must end within `timeout` seconds."""
    command = [sys.executable, "-m", "ciq_conformance", *arguments]
    done = subprocess.run(
        command, cwd=cwd, env=environment(**more), capture_output=True, text=True, timeout=timeout, check=False
    )
    return Done(done.returncode, done.stdout, done.stderr)


def inside(*arguments: str, cwd: Path) -> Done:
    """As `ciq`, in this process: quicker, and a test may have put something in its way."""
    clean = {name: None for name in os.environ if name.startswith(OURS)}
    with contextlib.chdir(cwd):
        done = CliRunner(env={**clean, "COLUMNS": "120", "NO_COLOR": "1"}).invoke(build(arguments[0]), list(arguments))
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return Done(done.exit_code, done.stdout, done.stderr)


def records_of(directory: Path) -> tuple[AnyRecord, ...]:
    """The records of the run file in a directory."""
    with (directory / "run.ndjson").open("rb") as lines:
        return tuple(read_records(lines))


def verdicts_of(directory: Path) -> dict[str, Verdict]:
    """The verdicts of a run by item name."""
    return {record.item: record for record in records_of(directory) if isinstance(record, Verdict)}


def steady(text: str) -> str:
    """Console output with everything that differs between two like runs replaced by its name."""
    text = re.sub(r"\d+(\.\d+)? (ms|s|min)\b", "TIME", text)
    text = re.sub(r"http://127\.0\.0\.1:\d+", "URL", text)
    text = re.sub(r"\brun \d{12}[0-9a-f]{6}\b", "run ID", text)
    text = re.sub(r"core-[0-9a-f]{12}", "core-HASH", text)
    text = re.sub(r"\d+ worker\(s\)", "N worker(s)", text)
    return re.sub(r"callback after TIME|no callback seen", "CALLBACK", text)
