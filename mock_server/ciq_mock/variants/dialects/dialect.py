"""A dialect as a value. Must not know any dialect by name."""

from dataclasses import dataclass

from ciq_mock.overrides import Override


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """Another legal reading of the documents that a mock can follow."""

    name: str
    description: str
    """What the mock does, in one sentence."""
    source: str
    """The page or clause that leaves the reading open; if no page mentions the subject, the subject."""
    override: Override
