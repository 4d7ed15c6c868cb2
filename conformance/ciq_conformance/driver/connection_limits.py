"""Limits the connections of the callback receiver: how many are served at once, and how long a request may take.

Knows the threaded server of werkzeug, which serves one request for each connection. Must not know callbacks.
"""

import socket
import threading
import time
from typing import Any

from werkzeug.serving import BaseWSGIServer, ThreadedWSGIServer


class ConnectionLimits:
    """Bounds the threads of a server: it closes a connection beyond the limit, and one whose request is too slow."""

    def __init__(self, *, at_once: int, receive_within: float) -> None:
        """Serves `at_once` connections; each request must be complete `receive_within` seconds after it connected."""
        self._receive_within = receive_within
        self._free = threading.BoundedSemaphore(at_once)
        self._lock = threading.Lock()
        self._receiving: dict[socket.socket, float] = {}
        """When the request of a connection must be complete, in the order of the connections."""

    def apply_to(self, server: BaseWSGIServer) -> None:
        """Lets a threaded server keep the limits; another one is not changed."""
        if not isinstance(server, ThreadedWSGIServer):
            return
        start_thread, serve = server.process_request, server.process_request_thread

        def start_if_free(request: socket.socket | tuple[bytes, socket.socket], client_address: Any) -> None:
            if self._free.acquire(blocking=False):
                self._begin(request)
                start_thread(request, client_address)
            else:
                server.shutdown_request(request)

        def serve_and_free(request: socket.socket | tuple[bytes, socket.socket], client_address: Any) -> None:
            try:
                serve(request, client_address)
            finally:
                self.received(request)
                self._free.release()

        server.process_request = start_if_free  # type: ignore[method-assign]
        server.process_request_thread = serve_and_free  # type: ignore[method-assign]
        server.service_actions = self._close_slow  # type: ignore[method-assign]

    def received(self, connection: object) -> None:
        """Notes that the request of a connection is complete: its answer has no deadline."""
        with self._lock:
            if isinstance(connection, socket.socket):
                self._receiving.pop(connection, None)

    def _begin(self, connection: object) -> None:
        with self._lock:
            if isinstance(connection, socket.socket):
                self._receiving[connection] = time.monotonic() + self._receive_within

    def _close_slow(self) -> None:
        """Closes each connection whose request is not complete in time; the server calls this in its loop."""
        now = time.monotonic()
        with self._lock:
            for connection, deadline in list(self._receiving.items()):
                if deadline > now:
                    return
                del self._receiving[connection]
                close(connection)


def close(connection: object) -> None:
    """Ends a connection in both directions, without an answer."""
    if isinstance(connection, socket.socket):
        try:
            connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            return  # the peer was faster
