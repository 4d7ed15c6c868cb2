"""Connections of the callback client: a limit on the bytes of an answer, and a check of the address at the connect.

A receiver may send `100 Continue`, header lines or chunk extensions without end. aiohttp limits the length of each line
but not their number, and parses all bytes of a read in one turn of the event loop.
"""

import functools
import socket
import ssl
from collections.abc import Callable
from typing import Any

import aiohttp
from aiohttp import StreamReader
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.client_proto import ResponseHandler
from aiohttp.resolver import ThreadedResolver

from ciq_mock.delivery.address import is_allowed
from ciq_mock.settings import DeliverySettings

HEAD_LIMIT = 32 * 1024
"""Bytes of an answer up to the end of its headers, interim answers included."""
ANSWER_LIMIT = 256 * 1024
"""Bytes of a whole answer; the mock does not use its body."""
_PIECE = 4096
"""Bytes that are parsed before the limits are checked again."""
_KEEP_ALIVE = 1.0
"""Shorter than receivers keep idle connections; else an attempt could use one that the receiver is closing."""


class AnswerTooLongError(aiohttp.ClientError):
    """The receiver sent more bytes than an answer may have."""


class BoundedAnswer(ResponseHandler):
    """One connection; ends it when the receiver exceeds a limit."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._received = 0
        self._in_head = True
        self._body: StreamReader | None = None
        self._cut = False

    def set_response_params(self, *args: Any, **kwargs: Any) -> None:
        """Begin a new answer; aiohttp calls this once for each request."""
        self._received = 0
        self._in_head = True
        self._body = None
        super().set_response_params(*args, **kwargs)

    def feed_data(self, data: Any, size: int = 0) -> None:
        """Note the end of the head; called for the head of each answer, interim ones included."""
        message, body = data
        if message.code >= 200:
            self._in_head = False
            self._body = body
        super().feed_data(data, size)

    def data_received(self, data: bytes) -> None:
        """Parse what was received, in pieces, up to the limit."""
        if len(data) <= _PIECE:
            self._receive(data)
            return
        for begin in range(0, len(data), _PIECE):
            self._receive(data[begin : begin + _PIECE])

    def _receive(self, piece: bytes) -> None:
        if self._cut:
            return
        self._received += len(piece)
        if self._received > (HEAD_LIMIT if self._in_head else ANSWER_LIMIT):
            self._cut = True
            error = AnswerTooLongError("the answer of the receiver is too long")
            self.set_exception(error)
            if self._body is not None:
                self._body.set_exception(error)
            if self.transport is not None:
                self.transport.abort()
            return
        super().data_received(piece)


class BoundedConnector(aiohttp.TCPConnector):
    """The connections of all attempts. With `forbid_private` it opens none to an address that is not allowed."""

    def __init__(self, settings: DeliverySettings, resolver: AbstractResolver | None = None) -> None:
        """Create it; must be called in a running event loop. `resolver` replaces that of the operating system."""
        networks = settings.networks
        if settings.forbid_private:
            resolver = PublicResolver(networks, resolver)
        super().__init__(
            limit=0,
            ssl=ssl.create_default_context(cafile=settings.ca_file) if settings.ca_file else settings.verify_tls,
            resolver=resolver,
            keepalive_timeout=_KEEP_ALIVE,
            socket_factory=_checked_sockets(networks) if settings.forbid_private else None,
        )
        self._factory = functools.partial(BoundedAnswer, loop=self._loop)  # type: ignore[assignment]  # a subclass


class PublicResolver(AbstractResolver):
    """Resolves names and drops addresses that are not allowed, which the check of the callback address cannot see."""

    def __init__(self, networks: tuple[str, ...] = (), inner: AbstractResolver | None = None) -> None:
        self._networks = networks
        self._inner = inner or ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Resolve with the inner resolver; raise OSError when it finds intranet addresses only."""
        found = await self._inner.resolve(host, port, family)
        allowed = [entry for entry in found if is_allowed(entry["host"], self._networks)]
        if not allowed:
            raise OSError(None, f"{host} has intranet addresses only, and this mock is set to refuse those")
        return allowed

    async def close(self) -> None:
        """Close the inner resolver."""
        await self._inner.close()


def _checked_sockets(networks: tuple[str, ...]) -> Callable[[Any], socket.socket]:
    """Return a maker of sockets that refuses addresses at the connect, however the client came to them."""

    def checked_socket(target: Any) -> socket.socket:
        family, kind, protocol, _, address = target
        if not is_allowed(address[0], networks):
            raise OSError(None, "this is an intranet address, and this mock is set to refuse those")
        return socket.socket(family, kind, protocol)

    return checked_socket
