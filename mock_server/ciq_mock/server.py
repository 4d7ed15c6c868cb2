"""`MockServer`: a mock on a port of its own, in a thread of its own, for tests and the command line.

    with MockServer(MockSettings(activated=(Feature.MEDIA,))) as mock:
        requests.get(f"{mock.url}/queue")
        mock.wait_for_callbacks(1)

Every method may be called from any thread; each runs inside the mock's event loop and so sees one moment.
"""

import asyncio
import socket
import sys
import threading
import time
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from starlette.types import ASGIApp

from ciq_mock.admin.views import JobView, QueueView, jobs_of, queues_of
from ciq_mock.clock import Clock
from ciq_mock.delivery import Attempt
from ciq_mock.http.request_log import RequestEntry
from ciq_mock.http.serving import HttpServer, listen
from ciq_mock.ids import IdSource
from ciq_mock.mock import Mock
from ciq_mock.settings import MockSettings
from ciq_mock.store import MemoryStore, Store
from ciq_mock.variants.registry import overrides_of

T = TypeVar("T")
CallbacksHold = Callable[[tuple[Attempt, ...]], bool]
"""Asked with all delivery attempts so far, oldest first."""

_START_SECONDS = 10.0
_STOP_SECONDS = 15.0
_CALL_SECONDS = 30.0


class MockServer:
    """A running mock between `start` and `stop`, or inside a `with` block; used once, `restart` aside."""

    def __init__(
        self,
        settings: MockSettings | None = None,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        ids: IdSource | None = None,
        wall_clock: Callable[[], float] = time.time,
        data: Path | str | None = None,
    ) -> None:
        """`port` 0 takes a free one. `ids` names queues and jobs; `wall_clock` is what signatures are judged by.
        `data` is a directory for the journal, made when it is not there: who starts on it again goes on from there."""
        self.settings = settings or MockSettings()
        self.host = host
        self.port = port
        self._ids = ids
        self._wall_clock = wall_clock
        self._data = None if data is None else Path(data)
        self._socket: socket.socket | None = None
        self._abrupt = False
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._mock: Mock | None = None
        self._http: HttpServer | None = None
        self._up: Future[None] = Future()
        self._failure: BaseException | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    # --- life -------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Listen and answer; returns when it does. Raises AddressInUseError, JournalError."""
        if self._thread is not None:
            raise RuntimeError("a MockServer is used once: make another")
        self._socket = listen(self.host, self.port)
        self.port = self._socket.getsockname()[1]
        try:
            self._begin(self._socket)
        except BaseException:
            self._socket.close()
            raise

    def stop(self) -> None:
        """Stop and wait for the end; callbacks on their way are sent or dropped as the settings say."""
        try:
            self._end()
        finally:
            if self._socket is not None:
                self._socket.close()
        if self._failure is not None:
            raise self._failure

    def restart(self, *, abrupt: bool = False) -> None:
        """Stop, and start again on the same port from what `data` holds; returns when it answers again.

        Who connects meanwhile waits. `abrupt`: callbacks on their way are dropped as if the process had been killed,
        and are owed afterwards. Raises RuntimeError without `data`: nothing would be left; JournalError.
        """
        if self._data is None:
            raise RuntimeError("a restart needs MockServer(data=DIRECTORY): without it nothing is kept")
        if self._socket is None or self._thread is None or not self._thread.is_alive():
            raise RuntimeError("the mock is not running: restart it between start and stop")
        self._abrupt = abrupt
        self._end()
        self._abrupt = False
        if self._failure is not None:
            raise self._failure
        self._begin(self._socket)

    # --- where ------------------------------------------------------------------------------------------

    @property
    def url(self) -> str:
        """`http://127.0.0.1:PORT`, without a slash at the end."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"

    @property
    def bucket(self) -> str:
        """The bucket meant by a Host that names none."""
        return self.settings.bucket

    @property
    def region(self) -> str:
        """The region meant by a Host that names none."""
        return self.settings.region

    # --- what it shows ----------------------------------------------------------------------------------

    @property
    def jobs(self) -> tuple[JobView, ...]:
        """Every job accepted, in order."""
        return self._call(_settled(jobs_of))

    @property
    def queues(self) -> tuple[QueueView, ...]:
        """Every queue there is."""
        return self._call(_settled(queues_of))

    @property
    def deliveries(self) -> tuple[Attempt, ...]:
        """Every attempt to deliver a callback that the log still holds, oldest first."""
        return self._call(_settled(lambda mock: tuple(mock.delivery.log)))

    @property
    def requests(self) -> tuple[RequestEntry, ...]:
        """The newest requests, oldest first."""
        return self._call(_settled(lambda mock: tuple(mock.requests)))

    def now(self) -> float:
        """The mock's time, epoch seconds."""
        return self._call(_settled(lambda mock: mock.clock.now()))

    # --- what it can be told ----------------------------------------------------------------------------

    def reset(self) -> None:
        """Back to the state of the start."""
        self._call(lambda mock: mock.reset())

    def advance(self, seconds: float) -> float:
        """Move the mock's clock on, through all that falls due and its callbacks; returns the new time."""
        return self._call(lambda mock: mock.clock.advance(seconds))

    def wait_for_callbacks(self, wanted: int | CallbacksHold, timeout: float = 10.0) -> tuple[Attempt, ...]:
        """Wait until `wanted` callbacks were delivered, or until `wanted(attempts)` holds; returns the deliveries.

        Raises TimeoutError, which says what was delivered, after `timeout` real seconds.
        """

        async def waited(mock: Mock) -> tuple[Attempt, ...]:
            def holds(_: object) -> bool:
                if callable(wanted):
                    return wanted(tuple(mock.delivery.log))
                return mock.delivery.log.delivered >= wanted

            await mock.delivery.wait_for(holds, timeout)
            return tuple(attempt for attempt in mock.delivery.log if attempt.delivered)

        return self._call(waited, patience=timeout + _CALL_SECONDS)

    # --- inside -----------------------------------------------------------------------------------------

    def _begin(self, sock: socket.socket) -> None:
        """Serve on a copy of the socket, so that the port stays ours."""
        self._up, self._loop, self._mock, self._http = Future(), None, None, None
        self._thread = threading.Thread(target=self._run, args=(sock.dup(),), name="ciq-mock", daemon=True)
        self._thread.start()
        self._up.result(timeout=_START_SECONDS)

    def _end(self) -> None:
        thread, loop, http = self._thread, self._loop, self._http
        if thread is None or not thread.is_alive() or loop is None or http is None:
            return
        loop.call_soon_threadsafe(http.leave)
        thread.join(timeout=_STOP_SECONDS)
        if thread.is_alive():
            raise TimeoutError(f"the mock on {self.url} did not stop within {_STOP_SECONDS:g} s")

    def _call(self, action: Callable[[Mock], Coroutine[Any, Any, T]], *, patience: float = _CALL_SECONDS) -> T:
        if self._loop is None or self._mock is None or self._thread is None or not self._thread.is_alive():
            raise RuntimeError("the mock is not running: call it between start and stop")
        future = asyncio.run_coroutine_threadsafe(action(self._mock), self._loop)
        return future.result(timeout=patience)

    def _run(self, sock: Any) -> None:
        try:
            with asyncio.Runner(loop_factory=_loop_factory()) as runner:
                runner.run(self._serve(sock))
        except BaseException as error:
            # Handed to the thread that waits: for the start, or for the end.
            self._failure = error
            if not self._up.done():
                self._up.set_exception(error)
        finally:
            sock.close()

    async def _serve(self, sock: Any) -> None:
        mock = make_mock(self.settings, ids=self._ids, wall_clock=self._wall_clock, store=self._store())
        try:
            await mock.start()
            self._loop = asyncio.get_running_loop()
            self._mock = mock
            self._http = HttpServer(mock, admin=lambda: _admin_of(mock), ready=lambda: self._up.set_result(None))
            await self._http.serve(sockets=[sock])
        finally:
            await mock.close(drop=self._abrupt)

    def _store(self) -> Store:
        if self._data is None:
            return MemoryStore()
        from ciq_mock.journal.durable_store import DurableStore  # SQLite is loaded by those who want it

        return DurableStore.in_folder(self._data)


def make_mock(
    settings: MockSettings,
    *,
    ids: IdSource | None = None,
    wall_clock: Callable[[], float] = time.time,
    clock: Clock | None = None,
    store: Store | None = None,
) -> Mock:
    """Make a mock with the faults and dialects that `settings` name.

    Call it in the event loop of the mock. Raises SettingError for an unknown name, JournalError.
    """
    overrides = overrides_of(settings)
    return Mock(settings, overrides=overrides, ids=ids, wall_clock=wall_clock, clock=clock, store=store)


def _admin_of(mock: Mock) -> ASGIApp:
    from ciq_mock.admin.app import admin_app  # a third of the start-up time, and few users open these pages

    return admin_app(mock)


def _settled(look: Callable[[Mock], T]) -> Callable[[Mock], Coroutine[Any, Any, T]]:
    """Look at a mock after it has passed on what happened up to now."""

    async def looked(mock: Mock) -> T:
        mock.runner.wake()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        return look(mock)

    return looked


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop]:
    if sys.platform == "win32":
        return asyncio.new_event_loop
    import uvloop

    return uvloop.new_event_loop
