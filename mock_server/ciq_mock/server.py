"""`MockServer`: runs a mock on its own port, in its own thread, for tests and the command line.

    with MockServer(MockSettings(activated=(Feature.MEDIA,))) as mock:
        requests.get(f"{mock.url}/queue")
        mock.wait_for_callbacks(1)

Every method may be called from any thread; it runs in the mock's event loop and so sees a consistent state.
"""

import asyncio
import secrets
import socket
import ssl
import sys
import threading
import time
from collections.abc import Callable, Coroutine
from concurrent.futures import Future, wait
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar

from starlette.types import ASGIApp

from ciq_mock.admin.views import JobView, QueueView, jobs_of, queues_of
from ciq_mock.callback_wait import CallbackCondition, redeliver, wait_for_callbacks
from ciq_mock.clock import Clock
from ciq_mock.delivery import Attempt
from ciq_mock.delivery.callback_orders import CallbackOrder
from ciq_mock.engine import Failure
from ciq_mock.http.hosts import ForeignRequest
from ciq_mock.http.request_log import RequestEntry
from ciq_mock.http.serving import HttpServer, is_any, is_loopback, listen
from ciq_mock.ids import IdSource
from ciq_mock.interventions import JobChange, RefusedRequest
from ciq_mock.mock import Mock, known_hosts
from ciq_mock.observations import Observations
from ciq_mock.overrides import overridden_settings
from ciq_mock.settings import MockSettings, SettingError, TlsSettings
from ciq_mock.store import MemoryStore, Store
from ciq_mock.variants.registry import overrides_of

if TYPE_CHECKING:
    from ciq_mock.certificates import Authority

T = TypeVar("T")
_START_SECONDS = 30.0
"""Without progress."""
_STOP_SECONDS = 15.0
_CALL_SECONDS = 30.0


class MockServer:
    """A mock that runs between `start` and `stop`, or in a `with` block. It can start once; `restart` continues it."""

    def __init__(
        self,
        settings: MockSettings | None = None,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        ids: IdSource | None = None,
        wall_clock: Callable[[], float] = time.time,
        data: Path | str | None = None,
        tls: bool = False,
        tls_ca: Path | str | None = None,
        tls_key: Path | str | None = None,
        on_progress: Callable[[float], None] | None = None,
    ) -> None:
        """`port` 0 means any free port. `ids` creates the ids of queues and jobs; `wall_clock` is for signatures.
        `data` is the directory of the journal, created if missing; a mock started on it again continues from there.
        `tls`: serve HTTPS and CONNECT on the same port; `tls_ca` is the file for the certificate of the mock's
        authority, a temporary one when it is None. With `tls_key` the authority's key is kept too, and used again.
        `on_progress` is called during a long start, in another thread, with the part of the journal that is restored.
        """
        settings = settings or MockSettings()
        self.settings = replace(settings, tls=replace(settings.tls, enabled=True)) if tls else settings
        self.host = host
        self.port = port
        self.admin_token = self.settings.admin.token
        """Required in requests to `/_ciq/`; "" when none is. Made by `start` when the mock listens beyond loopback."""
        self._beyond_loopback = False
        self._ids = ids
        self._wall_clock = wall_clock
        self._data = None if data is None else Path(data)
        self._tls_ca = None if tls_ca is None else Path(tls_ca)
        self._tls_key = None if tls_key is None else Path(tls_key)
        self._own_folder: TemporaryDirectory[str] | None = None
        self._authority: Authority | None = None
        self._on_progress = on_progress
        self._progressed = 0.0
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

    # --- start and stop ---------------------------------------------------------------------------------

    def start(self) -> None:
        """Start; returns when the mock answers requests. Raises AddressInUseError, JournalError."""
        if self._thread is not None:
            raise RuntimeError("a MockServer starts only once: create another one")
        self._socket = listen(self.host, self.port)
        self.port = self._socket.getsockname()[1]
        self._beyond_loopback = not is_loopback(self._socket)
        if self._beyond_loopback and not self.admin_token:
            self.admin_token = secrets.token_urlsafe(24)
        try:
            _check_ca_file(self.settings.delivery.ca_file)
            self._authority = self._make_authority()
            self._start_thread(self._socket)
        except BaseException:
            self._socket.close()
            self._remove_own_folder()
            raise

    def stop(self) -> None:
        """Stop and wait for the end; pending callbacks are sent or dropped as the settings say."""
        try:
            self._stop_thread()
        finally:
            if self._socket is not None:
                self._socket.close()
            self._remove_own_folder()
        if self._failure is not None:
            raise self._failure

    def restart(self, *, abrupt: bool = False) -> None:
        """Stop, and start again on the same port from the journal in `data`; returns when the mock answers again.

        A client that connects meanwhile waits. `abrupt`: pending callbacks are dropped as if the process had been
        killed, and sent after the restart. Raises RuntimeError without `data`, because the state would be lost;
        JournalError.
        """
        if self._data is None:
            raise RuntimeError("a restart needs MockServer(data=DIRECTORY): without it the state would be lost")
        if self._socket is None or self._thread is None or not self._thread.is_alive():
            raise RuntimeError("the mock is not running: call restart between start and stop")
        self._abrupt = abrupt
        self._stop_thread()
        self._abrupt = False
        if self._failure is not None:
            raise self._failure
        self._start_thread(self._socket)

    # --- address ----------------------------------------------------------------------------------------

    @property
    def url(self) -> str:
        """`http://127.0.0.1:PORT`, without a slash at the end."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"

    @property
    def https_url(self) -> str:
        """`https://127.0.0.1:PORT`. Raises RuntimeError without TLS."""
        self._need_authority()
        return self.url.replace("http:", "https:", 1)

    @property
    def ca_file(self) -> Path:
        """The file with the certificate that clients must trust; `.p12` instead of its ending is Java's trust store.

        A temporary file, which `stop` removes, unless `tls_ca` was given. Raises RuntimeError without TLS.
        """
        self._need_authority()
        assert self._tls_ca is not None  # noqa: S101 - set with the authority
        return self._tls_ca

    @property
    def bucket(self) -> str:
        """The bucket of requests whose Host names none."""
        return self.settings.bucket

    @property
    def region(self) -> str:
        """The region of requests whose Host names none."""
        return self.settings.region

    # --- state ------------------------------------------------------------------------------------------

    @property
    def jobs(self) -> Observations[JobView]:
        """Every accepted job on record, in order of acceptance."""
        return Observations(self._call(_up_to_date(jobs_of)))

    @property
    def submitted(self) -> Observations[JobView]:
        """The same as `jobs`: `mock.submitted.one(tag="Snapshot", user_data="case-17")`."""
        return self.jobs

    @property
    def queues(self) -> tuple[QueueView, ...]:
        """Every queue, by feature."""
        return self._call(_up_to_date(queues_of))

    @property
    def deliveries(self) -> Observations[Attempt]:
        """Every attempt to deliver a callback that the log still holds, oldest first."""
        return Observations(self._call(_up_to_date(lambda mock: tuple(mock.delivery.log))))

    @property
    def requests(self) -> Observations[RequestEntry]:
        """The newest requests, oldest first."""
        return Observations(self._call(_up_to_date(lambda mock: tuple(mock.requests))))

    @property
    def foreign_requests(self) -> tuple[ForeignRequest, ...]:
        """The newest requests for hosts outside the service, all refused, oldest first; `reset` empties the list."""
        return self._call(_up_to_date(lambda mock: tuple(mock.foreign)))

    def now(self) -> float:
        """The mock's time, epoch seconds."""
        return self._call(_up_to_date(lambda mock: mock.clock.now()))

    # --- control ----------------------------------------------------------------------------------------

    def reset(self) -> None:
        """Restore the state of the start: no jobs, empty logs."""
        self._call(lambda mock: mock.reset())

    def advance(self, seconds: float) -> float:
        """Advance the mock's clock, through every due event and its callbacks; return the new time."""
        return self._call(lambda mock: mock.clock.advance(seconds))

    def wait_for_callbacks(self, wanted: int | CallbackCondition, timeout: float = 10.0) -> tuple[Attempt, ...]:
        """Wait until `wanted` callbacks were delivered, or until `wanted(attempts)` is true; return the delivered ones.

        Raises NoMoreCallbacksError, a TimeoutError, as soon as `wanted` jobs have ended and nothing is pending;
        TimeoutError after `timeout` real seconds. The message has the last error. Raises RuntimeError in a running
        event loop, where it would block a receiver: use `wait_for_callbacks_async` there.
        """
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            return self._call(lambda mock: wait_for_callbacks(mock, wanted, timeout), limit=timeout + _CALL_SECONDS)
        raise RuntimeError(
            "wait_for_callbacks was called inside an event loop, which it would block: "
            "use `await mock.wait_for_callbacks_async(...)`"
        )

    async def wait_for_callbacks_async(
        self, wanted: int | CallbackCondition, timeout: float = 10.0
    ) -> tuple[Attempt, ...]:
        """Wait as `wait_for_callbacks`, inside an event loop of the caller."""
        loop, mock = self._running()
        return await asyncio.wrap_future(
            asyncio.run_coroutine_threadsafe(wait_for_callbacks(mock, wanted, timeout), loop)
        )

    # --- one-time deviations ------------------------------------------------------------------------------

    def fail_next_job(self, code: str = "InternalError", message: str = "requested by a test", count: int = 1) -> None:
        """Let the next `count` jobs end Failed, with this Code and Message."""
        change = JobChange(failure=Failure(code, message))
        self._call(_step(lambda mock: mock.interventions.change_next_job(change, count)))

    def delay_next_job(self, seconds: float, count: int = 1) -> None:
        """Let the next `count` jobs run longer, on the mock's clock."""
        self._call(_step(lambda mock: mock.interventions.change_next_job(JobChange(delay=seconds), count)))

    def refuse_next_request(
        self,
        status: int = 503,
        code: str = "SlowDown",
        message: str = "requested by a test",
        *,
        operation: str = "",
        count: int = 1,
    ) -> None:
        """Answer the next `count` requests with an error; `operation` is a kind such as `submit_job`."""
        refused = RefusedRequest(status=status, code=code, message=message, operation=operation)
        self._call(_step(lambda mock: mock.interventions.refuse_next_request(refused, count)))

    def drop_next_callback(self, count: int = 1) -> None:
        """Do not send the next `count` callbacks; the delivery log has them with number 0."""
        self._call(_step(lambda mock: mock.delivery.orders.add(CallbackOrder(drop=True), count)))

    def repeat_next_callback(self, times: int = 1, count: int = 1) -> None:
        """Send each of the next `count` callbacks `times` more times."""
        self._call(_step(lambda mock: mock.delivery.orders.add(CallbackOrder(copies=times), count)))

    def delay_next_callback(self, seconds: float, count: int = 1) -> None:
        """Send the next `count` callbacks later, on the mock's clock."""
        self._call(_step(lambda mock: mock.delivery.orders.add(CallbackOrder(delay=seconds), count)))

    def redeliver(self, job_id: str) -> None:
        """Send the callback of a job once more. Raises LookupError when the mock never had one to send."""
        self._call(_step(lambda mock: redeliver(mock, job_id)))

    # --- inside -----------------------------------------------------------------------------------------

    def _start_thread(self, sock: socket.socket) -> None:
        """Serve on a copy of the socket, so that the port stays reserved during a restart."""
        self._up, self._loop, self._mock, self._http = Future(), None, None, None
        self._thread = threading.Thread(target=self._run, args=(sock.dup(),), name="ciq-mock", daemon=True)
        self._progressed = time.monotonic()
        self._thread.start()
        wait([self._up], timeout=_START_SECONDS)
        while not self._up.done():
            left = self._progressed + _START_SECONDS - time.monotonic()
            if left <= 0:
                raise TimeoutError(f"the mock has made no progress for {_START_SECONDS:g} s while it started")
            wait([self._up], timeout=left)
        self._up.result()

    def _stop_thread(self) -> None:
        thread, loop, http = self._thread, self._loop, self._http
        if thread is None or not thread.is_alive() or loop is None or http is None:
            return
        loop.call_soon_threadsafe(http.stop)
        thread.join(timeout=_STOP_SECONDS)
        if thread.is_alive():
            raise TimeoutError(f"the mock on {self.url} did not stop within {_STOP_SECONDS:g} s")

    def _running(self) -> tuple[asyncio.AbstractEventLoop, Mock]:
        if self._loop is None or self._mock is None or self._thread is None or not self._thread.is_alive():
            raise RuntimeError("the mock is not running: call it between start and stop")
        return self._loop, self._mock

    def _call(self, action: Callable[[Mock], Coroutine[Any, Any, T]], *, limit: float = _CALL_SECONDS) -> T:
        loop, mock = self._running()
        return asyncio.run_coroutine_threadsafe(action(mock), loop).result(timeout=limit)

    def _run(self, sock: Any) -> None:
        try:
            with asyncio.Runner(loop_factory=_loop_factory()) as runner:
                runner.run(self._serve(sock))
        except BaseException as error:
            # Raised in the thread that called `start` or `stop`.
            self._failure = error
            if not self._up.done():
                self._up.set_exception(error)
        finally:
            sock.close()

    async def _serve(self, sock: Any) -> None:
        mock = make_mock(self._settings_in_effect(), ids=self._ids, wall_clock=self._wall_clock, store=self._store())
        try:
            await mock.start()
            self._loop = asyncio.get_running_loop()
            self._mock = mock
            self._http = HttpServer(
                mock,
                admin=lambda: self._admin(mock),
                ready=lambda: self._up.set_result(None),
                known=known_hosts(mock.settings),
                contexts=self._authority,
            )
            await self._http.serve(sockets=[sock])
        finally:
            await mock.close(drop=self._abrupt)

    def _make_authority(self) -> "Authority | None":
        """Return the certificate authority of this mock and write its certificate; None without TLS.

        Raises SettingError.
        """
        effective = overridden_settings(self.settings, overrides_of(self.settings)).tls
        if not effective.enabled:
            if effective != TlsSettings() or self._tls_ca or self._tls_key:
                raise SettingError("settings, files and faults of TLS need --tls, or MockServer(tls=True)")
            return None
        from ciq_mock.certificates import Authority  # the libraries for certificates take long to import

        if self._tls_ca is None and self._tls_key is None:
            self._own_folder = TemporaryDirectory(prefix="ciq-mock-")
            self._tls_ca = Path(self._own_folder.name) / "ca.pem"
        names = effective.names if is_any(self.host) else (self.host, *effective.names)
        return Authority.create(
            names=names, certificate=effective.certificate, ca_file=self._tls_ca, key_file=self._tls_key
        )

    def _need_authority(self) -> None:
        if self._authority is None:
            raise RuntimeError("the mock has no TLS: use MockServer(tls=True), and call this after start")

    def _remove_own_folder(self) -> None:
        if self._own_folder is not None:
            self._own_folder.cleanup()

    def _settings_in_effect(self) -> MockSettings:
        """Return the settings with the choices that depend on where the mock listens."""
        delivery = self.settings.delivery
        if delivery.forbid_private is not None:
            return self.settings
        return replace(self.settings, delivery=replace(delivery, forbid_private=self._beyond_loopback))

    def _admin(self, mock: Mock) -> ASGIApp:
        from ciq_mock.admin.access import AdminAccess, CheckedAdmin  # importing it takes a third of the start-up time
        from ciq_mock.admin.app import admin_app

        hosts = frozenset(name.lower() for name in (self.host, *self.settings.admin.hosts))
        read_only = self.settings.admin.read_only
        access = AdminAccess(
            hosts=hosts, any_address=self._beyond_loopback, token=self.admin_token, read_only=read_only
        )
        return CheckedAdmin(admin_app(mock, writable=not read_only, reduced_log=self._beyond_loopback), access)

    def _store(self) -> Store:
        if self._data is None:
            return MemoryStore()
        from ciq_mock.journal.durable_store import DurableStore  # loads SQLite only when it is used

        return DurableStore.in_folder(self._data, on_progress=self._show_progress)

    def _show_progress(self, part: float) -> None:
        self._progressed = time.monotonic()
        if self._on_progress is not None:
            self._on_progress(part)


def make_mock(
    settings: MockSettings,
    *,
    ids: IdSource | None = None,
    wall_clock: Callable[[], float] = time.time,
    clock: Clock | None = None,
    store: Store | None = None,
) -> Mock:
    """Create a mock with the faults and dialects that `settings` name.

    Call it in the event loop of the mock. Raises SettingError for an unknown name, JournalError.
    """
    overrides = overrides_of(settings)
    return Mock(settings, overrides=overrides, ids=ids, wall_clock=wall_clock, clock=clock, store=store)


def _check_ca_file(path: str) -> None:
    """Raise SettingError unless the file with the certificates to trust at receivers is readable; "" is none."""
    if path:
        try:
            ssl.create_default_context(cafile=path)
        except OSError as error:  # SSLError is one
            raise SettingError(f"delivery.ca_file is {path!r}, which has no certificates in PEM form") from error


def _step(act: Callable[[Mock], T]) -> Callable[[Mock], Coroutine[Any, Any, T]]:
    """Return a coroutine function that acts on a mock in its event loop."""

    async def step(mock: Mock) -> T:
        return act(mock)

    return step


def _up_to_date(look: Callable[[Mock], T]) -> Callable[[Mock], Coroutine[Any, Any, T]]:
    """Return a coroutine function that reads a mock after its listeners have received all events so far."""

    async def read(mock: Mock) -> T:
        mock.runner.wake()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        return look(mock)

    return read


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop]:
    if sys.platform == "win32":
        return asyncio.new_event_loop
    import uvloop

    return uvloop.new_event_loop
