"""Ends requests that take too long: shuts down their connections from a thread of its own.

A socket timeout limits one read only, so a target that sends a byte now and then, or `100 Continue` without end, could
hold a request for ever. The thread also ends the requests of a stopped run at once.
"""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

_LOOK_AGAIN = 0.05
"""Seconds between two looks at the open requests."""
_SHORTEST = 0.8
"""Seconds that a request of a stopped run gets at least, to restore the target."""
_TIMES_SLOWEST = 4.0
"""Such a request gets so many times the longest time that a complete response took."""

_local = threading.local()
"""Per thread: `socket` of its kept connection, and `request` that is open."""


def _connected(opened: socket.socket | None) -> None:
    _local.socket = opened
    request: OpenRequest | None = getattr(_local, "request", None)
    if request is not None:
        request.connection = opened


class _Connection(HTTPConnection):
    def connect(self) -> None:
        super().connect()
        _connected(self.sock)


class _TlsConnection(HTTPSConnection):
    def connect(self) -> None:
        super().connect()
        _connected(self.sock)


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _TlsConnection


def kept_session() -> requests.Session:
    """Returns a session with one kept connection whose socket this module knows; ignores the environment."""
    made = requests.Session()
    made.trust_env = False
    adapter = HTTPAdapter(pool_connections=1, pool_maxsize=1, max_retries=0)
    adapter.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _TlsPool}
    made.mount("http://", adapter)
    made.mount("https://", adapter)
    _local.socket = None
    return made


@dataclass(kw_only=True, eq=False)
class OpenRequest:
    """One request that waits for its response."""

    ends: float
    """When its connection is shut down, on the monotonic clock."""
    though_stopping: bool
    began: float
    connection: socket.socket | None = None
    late: bool = False
    """The connection was shut down because the response was not complete in time."""
    stopped: bool = False
    """The connection was shut down because the run is being stopped."""

    def shut_down(self) -> None:
        """Ends every read of the response at once."""
        if self.connection is None:
            return
        try:
            # The method of the base class: an SSL socket would also drop its TLS state, which the reader still uses.
            socket.socket.shutdown(self.connection, socket.SHUT_RDWR)
        except OSError:
            return  # it was closed meanwhile


@dataclass(kw_only=True)
class RequestDeadline:
    """The thread that ends requests. Thread-safe."""

    stopping: Callable[[], bool]
    _slowest: float = 0.0
    _no_response: bool = False
    """A request of the stopped run had no response in time: no further one is worth the wait."""
    _open: set[OpenRequest] = field(default_factory=set, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)
    _closing: threading.Event = field(default_factory=threading.Event, repr=False)
    _thread: threading.Thread | None = field(default=None, repr=False)

    @contextmanager
    def limit(self, seconds: float, *, though_stopping: bool) -> Iterator[OpenRequest]:
        """Within the block, the thread's request gets so many seconds; fewer once the run is being stopped."""
        now = time.monotonic()
        request = OpenRequest(
            ends=now + seconds,
            though_stopping=though_stopping,
            began=now,
            connection=getattr(_local, "socket", None),
        )
        _local.request = request
        with self._lock:
            self._open.add(request)
            if self._thread is None:
                self._thread = threading.Thread(target=self._watch, name="ciq-deadlines", daemon=True)
                self._thread.start()
        try:
            yield request
        finally:
            _local.request = None
            with self._lock:
                self._open.discard(request)

    def completed(self, request: OpenRequest) -> None:
        """Records how long a complete response took."""
        self._slowest = max(self._slowest, time.monotonic() - request.began)

    @property
    def gave_up(self) -> bool:
        """Whether the target did not even respond to a request that restores it after the run was stopped."""
        return self._no_response

    def close(self) -> None:
        """Ends the thread."""
        self._closing.set()

    def _watch(self) -> None:
        stopped_at: float | None = None
        while not self._closing.wait(_LOOK_AGAIN):
            now = time.monotonic()
            if stopped_at is None and self.stopping():
                stopped_at = now
            with self._lock:
                requests_now = tuple(self._open)
            for request in requests_now:
                self._look_at(request, now, stopped_at)

    def _look_at(self, request: OpenRequest, now: float, stopped_at: float | None) -> None:
        if stopped_at is not None and not request.though_stopping:
            request.stopped = True
            request.shut_down()
        elif stopped_at is not None and now >= max(request.began, stopped_at) + self._left_to_respond:
            request.late = self._no_response = True
            request.shut_down()
        elif now >= request.ends:
            request.late = True
            request.shut_down()

    @property
    def _left_to_respond(self) -> float:
        """Seconds that a request gets after the run was stopped."""
        return max(_SHORTEST, _TIMES_SLOWEST * self._slowest)
