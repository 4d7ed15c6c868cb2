"""uvicorn around one mock, inside a running event loop: listen, answer, leave.

The service and the control pages share the port and nothing else: what begins with `/_ciq/` is control's.
"""

import asyncio
import socket
from collections.abc import Callable

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from ciq_mock.http.protocol import AnswerWhole, bounded_protocol
from ciq_mock.running import RunningMock

CONTROL_PREFIX = b"/_ciq/"


class AddressInUseError(OSError):
    """Nobody can listen there: the port is taken, or the address is not one of this machine."""


def listen(host: str, port: int) -> socket.socket:
    """Return a bound socket; port 0 takes a free one. Raises AddressInUseError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((host, port))
    except (OSError, OverflowError) as error:
        sock.close()
        raise AddressInUseError(f"cannot listen on {host}:{port}: {error}") from error
    return sock


class HttpServer(uvicorn.Server):
    """uvicorn's server that tells when it answers, and leaves without delay when told to."""

    def __init__(self, mock: RunningMock, *, admin: Callable[[], ASGIApp], ready: Callable[[], None]) -> None:
        """`admin` makes the admin pages at their first request; `ready` is called when the server answers."""
        limits = mock.settings.limits
        split = _Split(mock, admin)
        super().__init__(
            uvicorn.Config(
                split,
                http=bounded_protocol(limits, mock.service.render_unparsed, split.who_answers, outbox=mock.outbox),
                ws="none",
                lifespan="off",
                log_config=None,
                proxy_headers=False,
                server_header=False,
                date_header=mock.service.date_header,
                headers=[("Server", "tencent-ci")],
                timeout_keep_alive=int(limits.keep_alive) or 1,
                timeout_graceful_shutdown=1,
            )
        )
        self._ready = ready
        self._leave = asyncio.Event()

    def leave(self) -> None:
        """Stop listening and end; call it in the event loop."""
        self.should_exit = True
        self._leave.set()

    async def main_loop(self) -> None:
        """Keep the Date header right until it is time to leave."""
        self._ready()
        while not await self.on_tick(0):
            try:
                async with asyncio.timeout(1.0):
                    await self._leave.wait()
            except TimeoutError:
                continue


class _Split:
    """Gives each request to the service, the objects or the control pages; these are made at their first request."""

    def __init__(self, mock: RunningMock, admin: Callable[[], ASGIApp]) -> None:
        self._make_admin = admin
        self._service = mock.service
        self._objects = mock.objects
        self._control: ASGIApp | None = None

    def who_answers(self, scope: Scope) -> AnswerWhole | None:
        """The service answers whole; objects may be long, and control may wait."""
        if scope["raw_path"].startswith(CONTROL_PREFIX) or self._objects.claims(scope) or not self._service.at_once:
            return None
        return self._service.answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not scope["raw_path"].startswith(CONTROL_PREFIX):
            await (self._objects if self._objects.claims(scope) else self._service)(scope, receive, send)
            return
        if self._control is None:
            self._control = self._make_admin()
        await self._control(scope, receive, send)
