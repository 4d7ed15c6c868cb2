"""A proxy between the suite and a target that loses connections: it closes some without a response."""

from __future__ import annotations

import http.client
import itertools
import threading
import urllib.parse
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType

Loses = Callable[[str, bytes], bool]
"""Decides from method and body whether the proxy loses a request."""


class LossyProxy:
    """Forwards requests to `target`; loses those that `loses` names, before the target or, with `after`, behind it."""

    def __init__(self, target: str, loses: Loses, *, after: bool = False) -> None:
        self.lost = 0
        parts = urllib.parse.urlsplit(target)
        lock = threading.Lock()

        def decide(method: str, body: bytes) -> bool:
            with lock:
                lost = loses(method, body)
                self.lost += lost
            return lost

        class Handler(_Handler):
            upstream = (parts.hostname or "", parts.port or 80)
            is_lost = staticmethod(decide)
            lose_response = after

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    def __enter__(self) -> LossyProxy:
        self.thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.server.shutdown()
        self.server.server_close()


def every(number: int) -> Loses:
    """Loses each request of that number, and half of the requests after these: those repeat one on a new connection."""
    count = itertools.count(1)

    def loses(_method: str, _body: bytes) -> bool:
        place = next(count)
        return place % number == 0 or (place > number and place % (2 * number) == 1)

    return loses


def two_posts(second: bytes) -> Loses:
    """Loses the first POST of all, and the first one whose body has some text."""
    left = [b"", second]

    def loses(method: str, body: bytes) -> bool:
        found = next((text for text in left if method == "POST" and text in body), None)
        if found is None:
            return False
        left.remove(found)
        return True

    return loses


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    upstream: tuple[str, int]
    is_lost: Callable[[str, bytes], bool]
    lose_response: bool

    def log_message(self, *_: object) -> None:
        return

    def setup(self) -> None:
        super().setup()
        self.to_target = http.client.HTTPConnection(*self.upstream, timeout=30)

    def finish(self) -> None:
        super().finish()
        self.to_target.close()

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        lost = self.is_lost(self.command, body)
        if lost and not self.lose_response:
            self.close_connection = True
            return
        headers = {name: value for name, value in self.headers.items() if name.lower() != "connection"}
        self.to_target.request(self.command, self.path, body=body or None, headers=headers)
        answer = self.to_target.getresponse()
        content = answer.read()
        if lost:
            self.close_connection = True
            return
        self.send_response_only(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in ("connection", "transfer-encoding", "content-length"):
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)
        self.wfile.flush()

    do_POST = do_PUT = do_DELETE = do_PATCH = do_HEAD = do_GET  # noqa: N815 - names given by http.server
