"""The interface of a mock's store, and the default store, which keeps the state in memory only.

The mock uses it when it is created and started; the default store adds no cost to a request.
"""

from collections.abc import Callable
from typing import Protocol

from ciq_mock.engine import Engine
from ciq_mock.http.app import Handle
from ciq_mock.http.protocol import Outbox
from ciq_mock.ids import IdSource
from ciq_mock.objects import Library, ObjectStore, Outputs
from ciq_mock.runner import Committer
from ciq_mock.running import RunningMock
from ciq_schemas.features import Feature


class StoreError(Exception):
    """The stored state cannot be used; the message says why and what to do."""


class Store(Protocol):
    """Stores the state of one mock."""

    @property
    def committer(self) -> Committer | None:
        """Commits events before the listeners receive them; None without a journal."""
        ...

    @property
    def outbox(self) -> Outbox | None:
        """Defers answers until their changes are in the journal; None without a journal."""
        ...

    def start_time(self, wanted: float | None) -> float | None:
        """Return the time at which the mock's clock starts (epoch seconds); None = now."""
        ...

    def seed(self, wanted: int | None) -> int | str | None:
        """Return the seed of ids."""
        ...

    def engine(self, base: type[Engine]) -> type[Engine]:
        """Return the class of the engine: `base` or a subclass."""
        ...

    def ids(self, source: IdSource) -> IdSource:
        """Return the source of ids of everything except jobs and queues."""
        ...

    def now(self, clock: Callable[[], float]) -> Callable[[], float]:
        """Return the function that gives the time of a call."""
        ...

    def library(self, uploads: ObjectStore, outputs: Outputs) -> Library:
        """Return the library of all objects."""
        ...

    def handler(self, handle: Handle) -> Handle:
        """Return the handler of calls: `handle`, or one around it."""
        ...

    def attach(self, mock: RunningMock) -> None:
        """Restore the stored state in a mock that has just been created."""
        ...

    def features_to_activate(self, activated: tuple[Feature, ...]) -> tuple[Feature, ...]:
        """Return which of these features of the default bucket a starting mock must activate."""
        ...

    def flush(self) -> None:
        """Commit all changes now. Raises StoreError."""
        ...

    def send_due_callbacks(self) -> None:
        """Send the callbacks that were due before the restart."""
        ...

    def clear(self) -> None:
        """Delete the stored state."""
        ...

    def compact(self) -> None:
        """Remove what a restart does not need. Raises StoreError."""
        ...

    def close(self) -> None:
        """Close the store when the mock ends."""
        ...


class MemoryStore:
    """Stores nothing: the state is in the mock's memory only."""

    committer: Committer | None = None
    outbox: Outbox | None = None

    def start_time(self, wanted: float | None) -> float | None:
        return wanted

    def seed(self, wanted: int | None) -> int | str | None:
        return wanted

    def engine(self, base: type[Engine]) -> type[Engine]:
        return base

    def ids(self, source: IdSource) -> IdSource:
        return source

    def now(self, clock: Callable[[], float]) -> Callable[[], float]:
        return clock

    def library(self, uploads: ObjectStore, outputs: Outputs) -> Library:
        return Library(uploads, outputs)

    def handler(self, handle: Handle) -> Handle:
        return handle

    def attach(self, mock: RunningMock) -> None:
        pass

    def features_to_activate(self, activated: tuple[Feature, ...]) -> tuple[Feature, ...]:
        return activated

    def flush(self) -> None:
        pass

    def send_due_callbacks(self) -> None:
        pass

    def clear(self) -> None:
        pass

    def compact(self) -> None:
        pass

    def close(self) -> None:
        pass
