"""Runs the suite on a target as a user would, and reads the run file."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ciq_schemas.transcript.records import AnyRecord, Verdict, read_records


@dataclass(frozen=True)
class RunResult:
    """The result of one `ciq run`."""

    code: int
    output: str
    records: tuple[AnyRecord, ...]

    @property
    def verdicts(self) -> Iterator[Verdict]:
        """Returns all verdicts of the run."""
        return (record for record in self.records if isinstance(record, Verdict))

    def with_outcome(self, *outcomes: str) -> list[str]:
        """Returns the items with one of the outcomes, each with its observation."""
        return [f"{v.item} {v.outcome}: {v.seen or v.reason}" for v in self.verdicts if v.outcome in outcomes]

    def red(self) -> set[str]:
        """Returns the ids of requirements that failed or warned."""
        return {v.requirement for v in self.verdicts if v.outcome in ("fail", "warn")}


def run_suite(url: str, folder: Path, *arguments: str, timeout: float = 300) -> RunResult:
    """Runs `ciq run --target url`, without any CIQ_ setting of the caller."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("CIQ_")}
    command = [sys.executable, "-m", "ciq_conformance", "run", "--target", url, "--output", str(folder), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=timeout, env=environment, check=False)
    path = folder / "run.ndjson"
    records = tuple(read_records(path.read_bytes().splitlines(keepends=True))) if path.exists() else ()
    return RunResult(done.returncode, done.stdout + done.stderr, records)
