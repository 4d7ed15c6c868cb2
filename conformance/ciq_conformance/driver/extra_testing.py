"""What a run tests beyond its scenarios: random histories and malformed requests. Values only."""

from dataclasses import dataclass
from pathlib import Path
from zlib import crc32


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtraTesting:
    """The extra tests that the operator requested; none by default."""

    histories: int = 0
    """Random histories to run on each feature."""
    fuzz_seconds: float = 0.0
    """Seconds for which to send malformed requests to each feature."""
    seed: int | None = None
    """Seed of the random choices; None derives it from the run's id."""
    shrink: bool = True
    """Whether to shrink a deviating history; the verdict does not need it."""
    scripts: Path | None = None
    """Directory for the stand-alone script of a deviation; None writes none."""

    @property
    def opened(self) -> frozenset[str]:
        """Sets of requirements that these tests enable."""
        return frozenset(
            name for name, enabled in (("explore", self.histories > 0), ("fuzz", self.fuzz_seconds > 0)) if enabled
        )

    def seed_of(self, run_id: str) -> int:
        """Returns the given seed, else one derived from the run's id."""
        return crc32(run_id.encode()) if self.seed is None else self.seed


NO_EXTRA_TESTING = ExtraTesting()
"""A run without random tests."""
