"""Seams: the declared places where a fault or a dialect takes hold of the mock, once, when the mock is made.

Each seam takes what the mock would use there and gives back what it is to use instead. Bends are applied one after
the other, so they compose; a mock without any is made of the plain parts and pays nothing.
Must not know which bends there are, nor what they do.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from ciq_mock.delivery import BodyBuilder, CallbackDispatcher
from ciq_mock.engine import Engine
from ciq_mock.http.app import Handle, ServiceApp

if TYPE_CHECKING:
    from ciq_mock.mock import Mock
    from ciq_mock.settings import MockSettings

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Override:
    """What one fault or dialect puts in at each seam; None leaves the seam alone.

    Whatever a bend must remember it keeps in what it puts in, so that each mock has its own.
    """

    settings: "Callable[[MockSettings], MockSettings] | None" = None
    """Before anything is made. Also the way to EngineRules (workers, held) and DeliverySettings."""
    engine: Callable[[type[Engine]], type[Engine]] | None = None
    """A subclass of the engine: scheduling, states, life of queues and jobs."""
    delivery: Callable[[type[CallbackDispatcher]], type[CallbackDispatcher]] | None = None
    """A subclass of the delivery room: which callbacks go where, when and how often."""
    service: Callable[[type[ServiceApp]], type[ServiceApp]] | None = None
    """A subclass of the HTTP side: status, headers and body of every answer, refusals included (`answer`)."""
    handle: "Callable[[Mock, Handle], Handle] | None" = None
    """The answer to a call whose operation and key are known."""
    callback: "Callable[[Mock, BodyBuilder], BodyBuilder] | None" = None
    """The body of a callback."""


def mixed(mixin: type[T]) -> Callable[[type[T]], type[T]]:
    """The value of a class seam: `mixin`, itself a subclass of the plain class, before whatever stands there."""
    return lambda base: mixin if mixin.__base__ is base else type(mixin.__name__, (mixin, base), {})


def overridden_settings(settings: "MockSettings", overrides: Sequence[Override]) -> "MockSettings":
    """The settings the mock is made with."""
    for override in overrides:
        if override.settings is not None:
            settings = override.settings(settings)
    return settings


class Components:
    """What a mock is made of."""

    def __init__(self, overrides: Sequence[Override] = ()) -> None:
        self._bends = tuple(overrides)
        self.engine: type[Engine] = Engine
        self.delivery: type[CallbackDispatcher] = CallbackDispatcher
        self.service: type[ServiceApp] = ServiceApp
        for override in self._bends:
            if override.engine is not None:
                self.engine = override.engine(self.engine)
            if override.delivery is not None:
                self.delivery = override.delivery(self.delivery)
            if override.service is not None:
                self.service = override.service(self.service)

    def handle(self, mock: "Mock", plain: Handle) -> Handle:
        """How calls are answered."""
        for override in self._bends:
            if override.handle is not None:
                plain = override.handle(mock, plain)
        return plain

    def callback(self, mock: "Mock", plain: BodyBuilder) -> BodyBuilder:
        """How bodies of callbacks are made."""
        for override in self._bends:
            if override.callback is not None:
                plain = override.callback(mock, plain)
        return plain
