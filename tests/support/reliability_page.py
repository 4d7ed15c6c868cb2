"""Writes docs/reliability.md from the stored figures of its commands: `tox -e torture` and `tox -e atheris`.

Each command replaces its own section of docs/reliability.json and then the page.
"""

import json
import os
import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGE = DOCS / "reliability.md"
FIGURES = DOCS / "reliability.json"
TORTURE, ATHERIS = "torture", "atheris"

_HEAD = "# Reliability\n\n<!-- Written by `tox -e torture` and `tox -e atheris`; each run replaces its section. -->\n"
_SECTIONS = {
    TORTURE: """
## Attacks

What a run of `tox -e torture` measured on one machine. Every attack runs on the loopback address. `TORTURE_SECONDS`,
`TORTURE_KILLS`, `TORTURE_BODIES`, `TORTURE_FLIPS` and `TORTURE_SLOW_CLIENTS` bound it in time and count; `TORTURE_SEED`
selects other random numbers. The run also repeats the tests of endless requests, endless receivers and full disks.

| Attack | Count | Result |
| --- | --- | --- |
""",
    ATHERIS: """
## Coverage-guided fuzzing

What a run of `tox -e atheris` measured. Atheris (libFuzzer) changes inputs, and keeps those that reach other code.
A target allows only the errors that its interface documents, and compares results: `tests/fuzz/guided_targets.py`.
The fast tests repeat the stored inputs and all corrected findings.

| Target | Inputs | Result |
| --- | --- | --- |
""",
}


def write_section(section: str, rows: Sequence[tuple[str, str, str]]) -> None:
    """Replace the figures of one command, or those of its attacks or targets that have run; write the page."""
    figures = json.loads(FIGURES.read_text("utf-8")) if FIGURES.exists() else {}
    known = {row[0]: tuple(row) for row in figures.get(section, {}).get("rows", ())}
    processors = f"{os.cpu_count()} processors"
    system = f"{platform.system()} {platform.machine()}, {processors}, Python {platform.python_version()}"
    figures[section] = {
        "rows": sorted((known | {row[0]: row for row in rows}).values()),
        "measured": f"{datetime.now(UTC):%Y-%m-%d}, {system}",
    }
    FIGURES.write_text(json.dumps(figures, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    PAGE.write_text(page(figures), encoding="utf-8")


def page(figures: dict[str, dict[str, object]]) -> str:
    """Return the page."""
    text = _HEAD
    for section, head in _SECTIONS.items():
        if section in figures:
            rows = figures[section]["rows"]
            assert isinstance(rows, list)
            table = "".join(f"| {' | '.join(row)} |\n" for row in rows)
            text += f"{head}{table}\n{figures[section]['measured']}.\n"
    return text
