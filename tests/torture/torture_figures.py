"""Limits of the attacks, from the environment, and the figures that they measure, as docs/reliability.md shows them."""

import os
import platform
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reliability.md"
WRITE = "TORTURE_WRITE"
SEED = int(os.environ.get("TORTURE_SEED", "1"))
SECONDS = float(os.environ.get("TORTURE_SECONDS", "900"))
"""Longest time of one attack; an attack that is cut short shows the smaller count."""
KILLS = int(os.environ.get("TORTURE_KILLS", "200"))
BODIES = int(os.environ.get("TORTURE_BODIES", "100000"))
FLIPS = int(os.environ.get("TORTURE_FLIPS", "50"))
SLOW_CLIENTS = int(os.environ.get("TORTURE_SLOW_CLIENTS", "500"))

_HEAD = """# Reliability

<!-- Written by `tox -e torture`; each run replaces it. -->

What a run of `tox -e torture` measured on one machine. Every attack runs on the loopback address. `TORTURE_SECONDS`,
`TORTURE_KILLS`, `TORTURE_BODIES`, `TORTURE_FLIPS` and `TORTURE_SLOW_CLIENTS` bound it in time and count; `TORTURE_SEED`
selects other random numbers. The run also repeats the tests of endless requests, endless receivers and full disks.

| Attack | Count | Result |
| --- | --- | --- |
"""


@dataclass
class Figures:
    """The rows of the page."""

    rows: list[str] = field(default_factory=list)

    def add(self, attack: str, count: str, result: str) -> None:
        """Add the result of an attack."""
        self.rows.append(f"| {attack} | {count} | {result} |")

    def page(self) -> str:
        """Return the page."""
        rows = "\n".join(sorted(self.rows))
        processors = f"{os.cpu_count()} processors"
        system = f"{platform.system()} {platform.machine()}, {processors}, Python {platform.python_version()}"
        return f"{_HEAD}{rows}\n\n{datetime.now(UTC):%Y-%m-%d}, {system}.\n"
