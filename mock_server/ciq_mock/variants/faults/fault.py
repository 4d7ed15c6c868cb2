"""A fault as a value, and the overrides that faults are built from.

Must not know any fault by name.
"""

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from typing import Any, TypeVar

from ciq_mock.delivery import CallbackDispatcher
from ciq_mock.engine import Engine
from ciq_mock.engine.values import Rank
from ciq_mock.http.app import ServiceApp
from ciq_mock.overrides import Override
from ciq_schemas.features import Feature

P = TypeVar("P")


@dataclass(frozen=True, slots=True)
class Fault:
    """One deviation of the mock."""

    name: str
    breaks: str
    """Id of the requirement."""
    says: str
    """What the faulty mock does, in one sentence."""
    override: Override
    shows_on: Feature | None = None
    """A feature on which the fault shows, when that is not the first one of the requirement."""

    @property
    def seam(self) -> str:
        """Name of the seam."""
        return ", ".join(
            field.name for field in fields(self.override) if getattr(self.override, field.name) is not None
        )


def in_engine(part: type[Engine]) -> Override:
    """A subclass of the engine; several are mixed, so each calls `super()`."""
    return Override(engine=lambda base: mixed(part, base))


def in_delivery(part: type[CallbackDispatcher]) -> Override:
    """A subclass of the delivery room; several are mixed, so each calls `super()`."""
    return Override(delivery=lambda base: mixed(part, base))


def in_service(part: type[ServiceApp]) -> Override:
    """A subclass of what reads requests and writes answers; several are mixed, so each calls `super()`."""
    return Override(service=lambda base: mixed(part, base))


def mixed(part: type[P], base: type[P]) -> type[P]:
    """One class with the ways of both."""
    return part if part.__base__ is base else type(part.__name__, (part, base), {})


def ranked(rank: Rank) -> Override:
    """Another order of those that wait."""

    class Ranked(Engine):
        """Goes by another rank."""

        def __init__(self, **parts: Any) -> None:
            parts["rules"] = replace(parts["rules"], rank=rank)
            super().__init__(**parts)

    return in_engine(Ranked)


def named(change: Callable[[str, int], str]) -> Override:
    """Other ids: `change` gets the good one and how many came before it."""

    class Named(Engine):
        """Gives other ids."""

        def __init__(self, **parts: Any) -> None:
            super().__init__(**parts)
            plain, count = self._ids, iter(range(10**9))
            self._ids = lambda letter: change(plain(letter), next(count))

    return in_engine(Named)
