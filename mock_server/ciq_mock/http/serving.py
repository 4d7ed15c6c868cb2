"""Runs uvicorn for one mock in a running event loop: listens, answers, stops.

The service and the admin pages share the port only: paths that begin with `/_ciq/` go to the admin pages.
"""

import asyncio
import ipaddress
import socket
from collections.abc import Callable

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from ciq_mock.http.app import DRAINED, ServiceApp
from ciq_mock.http.hosts import KnownHosts
from ciq_mock.http.port import Contexts, Port
from ciq_mock.http.protocol import AnswerDirectly, bounded_protocol
from ciq_mock.running import RunningMock

ADMIN_PREFIX = b"/_ciq/"


class AddressInUseError(OSError):
    """The mock cannot listen: the port is in use, or the address does not belong to this machine."""


def listen(host: str, port: int) -> socket.socket:
    """Return a bound socket; port 0 means any free port. Raises AddressInUseError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((host, port))
    except (OSError, OverflowError) as error:
        sock.close()
        raise AddressInUseError(f"cannot listen on {host}:{port}: {error}") from error
    return sock


def is_loopback(sock: socket.socket) -> bool:
    """Return whether only this machine can connect to a bound socket."""
    return ipaddress.ip_address(sock.getsockname()[0]).is_loopback


def is_any(host: str) -> bool:
    """Return whether a host means every address of this machine, and so is none that a client can name."""
    try:
        return ipaddress.ip_address(host).is_unspecified
    except ValueError:
        return not host


class HttpServer(uvicorn.Server):
    """uvicorn's server, which reports when it is ready and stops without delay."""

    def __init__(
        self,
        mock: RunningMock,
        *,
        admin: Callable[[], ASGIApp],
        ready: Callable[[], None],
        known: KnownHosts,
        contexts: Contexts | None = None,
    ) -> None:
        """`admin` creates the admin pages at their first request; `ready` is called when the server answers.

        `known`: the hosts that the mock answers for; `contexts`: the TLS contexts, None without TLS.
        """
        limits = mock.settings.limits
        applications = _Applications(mock, admin)
        super().__init__(
            uvicorn.Config(
                applications,
                http=bounded_protocol(
                    limits,
                    mock.service.render_unparsed,
                    applications.direct_answer,
                    most_body=max(limits.body, mock.settings.objects.largest) + 2 * DRAINED,
                    outbox=mock.outbox,
                    port=Port(
                        limits=limits,
                        known=known,
                        foreign=mock.foreign,
                        log=mock.service.log_unparsed,
                        tls=mock.settings.tls,
                        contexts=contexts,
                    ),
                ),
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
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        """Stop listening and end; must be called in the event loop."""
        self.should_exit = True
        self._stopping.set()

    async def main_loop(self) -> None:
        """Update the Date header once a second until `stop`."""
        self._ready()
        while not await self.on_tick(0):
            try:
                async with asyncio.timeout(1.0):
                    await self._stopping.wait()
            except TimeoutError:
                continue


class _Applications:
    """Passes each request to the service, the objects or the admin pages; the latter are created when first used."""

    def __init__(self, mock: RunningMock, admin: Callable[[], ASGIApp]) -> None:
        self._make_admin = admin
        self._service = mock.service
        self._objects = mock.objects
        self._answers_directly = type(mock.service).__call__ is ServiceApp.__call__
        """False for a subclass with its own `__call__`: it waits or sends in pieces, which only ASGI can do."""
        self._admin: ASGIApp | None = None

    def direct_answer(self, scope: Scope) -> AnswerDirectly | None:
        """Return the service's direct answer; None for objects, which may be long, and for admin, which may wait."""
        if not self._answers_directly or scope["raw_path"].startswith(ADMIN_PREFIX) or self._objects.claims(scope):
            return None
        return self._service.answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not scope["raw_path"].startswith(ADMIN_PREFIX):
            await (self._objects if self._objects.claims(scope) else self._service)(scope, receive, send)
            return
        if self._admin is None:
            self._admin = self._make_admin()
        await self._admin(scope, receive, send)
