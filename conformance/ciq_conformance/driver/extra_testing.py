"""How much a run may spend beyond its scenarios: random histories and odd requests. Values only."""

from dataclasses import dataclass
from pathlib import Path
from zlib import crc32


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtraTesting:
    """What the operator allows. Nothing, unless asked for."""

    histories: int = 0
    """Random histories to play on each feature."""
    fuzz_seconds: float = 0.0
    """How long to send odd requests to each feature."""
    seed: int | None = None
    """What chance begins with; None takes it from the run's id."""
    shrink: bool = True
    """Whether to look for the small part of a history that deviates as well; the verdict does not need it."""
    scripts: Path | None = None
    """Directory for the stand-alone script of a deviation; None writes none."""

    @property
    def opened(self) -> frozenset[str]:
        """Sets of requirements that this effort opens."""
        return frozenset(
            name for name, asked in (("explore", self.histories > 0), ("fuzz", self.fuzz_seconds > 0)) if asked
        )

    def seed_of(self, run_id: str) -> int:
        """The seed given, else one that the run's id stands for."""
        return crc32(run_id.encode()) if self.seed is None else self.seed


NO_EXTRA_TESTING = ExtraTesting()
"""A run without anything random."""
