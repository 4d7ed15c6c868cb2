"""What a dialect is. Must not know which dialects there are."""

from dataclasses import dataclass

from ciq_mock.overrides import Override


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """Another legal reading of the documents, as a mock can follow it."""

    name: str
    description: str
    """What the mock does then."""
    source: str
    """The page or clause that leaves the freedom; where all are silent, what they are silent about."""
    override: Override
