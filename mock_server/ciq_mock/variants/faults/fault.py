"""Faults as values. Must not know any fault by name."""

from dataclasses import dataclass, fields

from ciq_mock.overrides import Override
from ciq_schemas.features import Feature


@dataclass(frozen=True, slots=True)
class Fault:
    """One deviation of the mock."""

    name: str
    breaks: str
    """Id of the requirement."""
    description: str
    """What the faulty mock does, in one sentence."""
    override: Override
    shows_on: Feature | None = None
    """A feature on which the fault is visible, when that is not the first one of the requirement."""

    @property
    def replaces(self) -> str:
        """Names of the components that the override replaces."""
        return ", ".join(
            field.name for field in fields(self.override) if getattr(self.override, field.name) is not None
        )


@dataclass(frozen=True, slots=True)
class ClientFault:
    """A fault that tests clients of the mock and breaks no requirement of the service; the suite does not detect it."""

    name: str
    description: str
    """What the faulty mock does, in one sentence."""
    override: Override
