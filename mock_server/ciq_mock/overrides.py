"""Overrides: what a fault or a dialect replaces in a mock, and the components of a mock after all replacements.

Overrides are applied once, when the mock is created, one after the other. Each gets the current component and returns
the one to use instead, so they compose. A mock without overrides uses the plain components at no cost.
Must not know which faults and dialects exist.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from ciq_mock.delivery import BodyBuilder, CallbackDispatcher
from ciq_mock.engine import Engine
from ciq_mock.http.app import Handle, ServiceApp
from ciq_mock.running import RunningMock
from ciq_mock.settings import MockSettings

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Override:
    """The replacements of one fault or dialect; None leaves a component as it is.

    Overrides are shared between mocks; keep state in the objects they create, one per mock.
    """

    settings: Callable[[MockSettings], MockSettings] | None = None
    """Applied before any component is created. EngineRules and DeliverySettings are changed with it."""
    engine: Callable[[type[Engine]], type[Engine]] | None = None
    """A subclass of the engine: scheduling, states, life of queues and jobs."""
    delivery: Callable[[type[CallbackDispatcher]], type[CallbackDispatcher]] | None = None
    """A subclass of the callback dispatcher: which callbacks are sent where, when and how often."""
    service: Callable[[type[ServiceApp]], type[ServiceApp]] | None = None
    """A subclass of the HTTP application: status, headers and body of every answer, refusals included (`answer`)."""
    handle: Callable[[RunningMock, Handle], Handle] | None = None
    """Another handler of calls whose operation and key are known."""
    callback: Callable[[RunningMock, BodyBuilder], BodyBuilder] | None = None
    """Another builder of callback bodies."""


def mixed(mixin: type[T]) -> Callable[[type[T]], type[T]]:
    """Return the value of a class field: it puts `mixin`, a subclass of the plain class, before the current class."""
    return lambda base: mixin if mixin.__base__ is base else type(mixin.__name__, (mixin, base), {})


def overridden_settings(settings: MockSettings, overrides: Sequence[Override]) -> MockSettings:
    """Return the settings after all overrides."""
    for override in overrides:
        if override.settings is not None:
            settings = override.settings(settings)
    return settings


class Components:
    """The classes and functions of a mock, after all overrides."""

    def __init__(self, overrides: Sequence[Override] = ()) -> None:
        self._overrides = tuple(overrides)
        self.engine: type[Engine] = Engine
        self.delivery: type[CallbackDispatcher] = CallbackDispatcher
        self.service: type[ServiceApp] = ServiceApp
        for override in self._overrides:
            if override.engine is not None:
                self.engine = override.engine(self.engine)
            if override.delivery is not None:
                self.delivery = override.delivery(self.delivery)
            if override.service is not None:
                self.service = override.service(self.service)

    def handle(self, mock: RunningMock, plain: Handle) -> Handle:
        """Return the handler of calls."""
        for override in self._overrides:
            if override.handle is not None:
                plain = override.handle(mock, plain)
        return plain

    def callback(self, mock: RunningMock, plain: BodyBuilder) -> BodyBuilder:
        """Return the builder of callback bodies."""
        for override in self._overrides:
            if override.callback is not None:
                plain = override.callback(mock, plain)
        return plain
