"""The interface of a mock's store, and the default store, which keeps nothing beyond the mock's memory.

The mock uses it when it is made or started; the default store adds no cost to a request.
"""

from collections.abc import Callable
from typing import Protocol

from ciq_mock.engine import Engine
from ciq_mock.http.app import Handle
from ciq_mock.http.protocol import Outbox
from ciq_mock.ids import IdSource
from ciq_mock.objects import Library, ObjectStore, Outputs
from ciq_mock.runner import Keep
from ciq_mock.running import RunningMock
from ciq_schemas.features import Feature


class StoreError(Exception):
    """What is kept cannot be used; the message says why and what to do."""


class Store(Protocol):
    """Where a mock keeps what has happened."""

    @property
    def keep(self) -> Keep | None:
        """Commits events before the listeners receive them; None without a journal."""
        ...

    @property
    def outbox(self) -> Outbox | None:
        """Holds answers back until their changes are in the journal; None without a journal."""
        ...

    def start_time(self, wanted: float | None) -> float | None:
        """When the mock's clock is to start (epoch seconds), None = now."""
        ...

    def seed(self, wanted: int | None) -> int | str | None:
        """The seed of ids."""
        ...

    def engine(self, sound: type[Engine]) -> type[Engine]:
        """The class of the engine."""
        ...

    def ids(self, source: IdSource) -> IdSource:
        """Ids of all that is no job and no queue."""
        ...

    def now(self, clock: Callable[[], float]) -> Callable[[], float]:
        """The time that calls are answered at."""
        ...

    def library(self, uploads: ObjectStore, outputs: Outputs) -> Library:
        """All objects there are."""
        ...

    def handling(self, handle: Handle) -> Handle:
        """How calls are answered."""
        ...

    def join(self, mock: RunningMock) -> None:
        """The mock is made: put it back into the state that is kept."""
        ...

    def opened(self, activated: tuple[Feature, ...]) -> tuple[Feature, ...]:
        """The mock starts: which of these features of the default bucket it must activate now."""
        ...

    def flush(self) -> None:
        """Commit all changes now. Raises StoreError."""
        ...

    def send_owed(self) -> None:
        """Send the callbacks that were due before the restart."""
        ...

    def clear(self) -> None:
        """Forget everything."""
        ...

    def close(self) -> None:
        """The mock ends."""
        ...


class MemoryStore:
    """Keeps nothing."""

    keep: Keep | None = None
    outbox: Outbox | None = None

    def start_time(self, wanted: float | None) -> float | None:
        return wanted

    def seed(self, wanted: int | None) -> int | str | None:
        return wanted

    def engine(self, sound: type[Engine]) -> type[Engine]:
        return sound

    def ids(self, source: IdSource) -> IdSource:
        return source

    def now(self, clock: Callable[[], float]) -> Callable[[], float]:
        return clock

    def library(self, uploads: ObjectStore, outputs: Outputs) -> Library:
        return Library(uploads, outputs)

    def handling(self, handle: Handle) -> Handle:
        return handle

    def join(self, mock: RunningMock) -> None:
        pass

    def opened(self, activated: tuple[Feature, ...]) -> tuple[Feature, ...]:
        return activated

    def flush(self) -> None:
        pass

    def send_owed(self) -> None:
        pass

    def clear(self) -> None:
        pass

    def close(self) -> None:
        pass
