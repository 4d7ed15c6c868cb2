"""Limits of the attacks, from the environment, and the figures that they measure, as docs/reliability.md shows them."""

import os
from dataclasses import dataclass, field

WRITE = "TORTURE_WRITE"
SEED = int(os.environ.get("TORTURE_SEED", "1"))
SECONDS = float(os.environ.get("TORTURE_SECONDS", "900"))
"""Longest time of one attack; an attack that is cut short shows the smaller count."""
KILLS = int(os.environ.get("TORTURE_KILLS", "200"))
BODIES = int(os.environ.get("TORTURE_BODIES", "100000"))
FLIPS = int(os.environ.get("TORTURE_FLIPS", "50"))
SLOW_CLIENTS = int(os.environ.get("TORTURE_SLOW_CLIENTS", "500"))


@dataclass
class Figures:
    """The rows of the page."""

    rows: list[tuple[str, str, str]] = field(default_factory=list)

    def add(self, attack: str, count: str, result: str) -> None:
        """Add the result of an attack."""
        self.rows.append((attack, count, result))
