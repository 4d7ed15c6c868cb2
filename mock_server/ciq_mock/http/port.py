"""What one port serves beside plain HTTP: TLS, and CONNECT to hosts of the service, which leads back to the mock.

The first bytes of a connection decide. The mock opens no connection of its own: it is no proxy to other hosts, and it
refuses their names. Must not know how requests are answered.
"""

import asyncio
import re
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import httptools

from ciq_mock.http.hosts import ForeignHosts, KnownHosts
from ciq_mock.http.tls_connection import HELLO, TlsConnection
from ciq_mock.service.refusal import ErrorCode, Refusal
from ciq_mock.settings import Handshake, Limits, TlsSettings

_CONNECT = b"CONNECT "
_CONNECT_LINE = re.compile(rb"CONNECT ([^\x00-\x20\x7f]{1,300}) HTTP/1\.[01]\r\n")
_LONGEST_TARGET = 500
_PORT = re.compile(rb".+:[0-9]{1,5}")
_ESTABLISHED = b"HTTP/1.1 200 Connection established\r\n\r\n"
_H2C = re.compile(rb"(?i)(?<=\r\n)upgrade:(?=[ \t]*h2c[ \t]*\r\n)")
_NO_TLS = "this port of the mock has no TLS: use http://, or start the mock with --tls"


class Contexts(Protocol):
    """The TLS contexts of the server, by the name that a client asks for."""

    default: ssl.SSLContext

    def context_for(self, name: str) -> ssl.SSLContext:
        """Return the context whose certificate is valid for a name."""
        ...


class Connection(Protocol):
    """A connection of the HTTP server that has received its first bytes."""

    transport: asyncio.Transport
    loop: asyncio.AbstractEventLoop
    connections: set[Any]
    may_begin_tls: bool
    may_tunnel: bool

    def retire(self) -> None:
        """Leave the transport to another protocol."""
        ...

    def successor(self) -> "Connection":
        """Return a new connection of the HTTP server, for what is inside TLS or a tunnel."""
        ...

    def refuse(self, refusal: Refusal) -> None:
        """Answer with the refusal, and close."""
        ...

    def connection_made(self, transport: asyncio.Transport) -> None:
        """Begin on a transport."""
        ...

    def data_received(self, data: bytes) -> None:
        """Receive bytes."""
        ...


def without_h2c(data: bytes) -> bytes:
    """Return the first bytes of a connection without the offer of HTTP/2 that Java's HttpClient makes.

    A server may ignore the offer (RFC 9110, 7.8), but the HTTP parser would then drop the body of the request.
    """
    head, end, rest = data.partition(b"\r\n\r\n")
    return b"".join((_H2C.sub(b"ignored:", head + end[:2]), end[2:], rest))


LogRefused = Callable[[str, bytes, int, str], None]
"""Method, target, status and reason of what was refused before it was a request."""


@dataclass(slots=True)
class Port:
    """The rules of the port of one mock."""

    limits: Limits
    known: KnownHosts
    foreign: ForeignHosts
    log: LogRefused
    tls: TlsSettings
    contexts: Contexts | None
    """None without TLS."""

    def __post_init__(self) -> None:
        if self.contexts is not None:
            self.contexts.default.sni_callback = self._choose_context

    def take(self, connection: Connection, data: bytes) -> bool:
        """Take over a connection whose first bytes are not those of a plain request; return whether they were not."""
        if data[0] == HELLO and connection.may_begin_tls:
            self._begin_tls(connection, data)
        elif connection.may_tunnel and data[: len(_CONNECT)] == _CONNECT[: len(data)]:
            Tunnel(self, connection).data_received(data)
        else:
            return False
        return True

    def refusal_of_target(self, method: str, target: bytes) -> Refusal | None:
        """Return why a request target that does not begin with a slash is refused; None when it is not."""
        if method == "CONNECT":
            return Refusal(ErrorCode.METHOD_NOT_ALLOWED, "CONNECT must be the first request of a plain connection")
        try:
            host = httptools.parse_url(target).host
        except httptools.HttpParserInvalidURLError:
            return None  # the HTTP server refuses it
        if host is None or self.known.accepts(host):
            return None
        refusal = self.refuse_foreign("target", host)
        self.log(method, target[:_LONGEST_TARGET], refusal.status, refusal.message)
        return refusal

    def refuse_foreign(self, place: str, host: bytes) -> Refusal:
        """Count a request for a host outside the service and return its refusal."""
        self.foreign.add(place, host)
        return foreign_refusal(host)

    def _begin_tls(self, connection: Connection, data: bytes) -> None:
        if self.contexts is None:
            self.log("TLS", b"", 400, _NO_TLS)
            connection.refuse(Refusal(ErrorCode.INVALID_ARGUMENT, _NO_TLS))
            return
        connection.retire()
        outer = connection.transport
        if self.tls.handshake is Handshake.CUT:
            self.log("TLS", b"", 0, "the mock cuts the TLS handshake, as its fault says")
            outer.abort()
            return

        def inside() -> Any:
            successor = connection.successor()
            successor.may_begin_tls = successor.may_tunnel = False
            return successor

        encrypted = TlsConnection(
            outer,
            self.contexts.default,
            inside,
            loop=connection.loop,
            registry=connection.connections,
            handshake_timeout=self.limits.header_timeout,
            handshake_bytes=self.limits.header_bytes,
            on_failure=lambda reason: self.log("TLS", b"", 0, reason),
            delay=self.tls.handshake_delay if self.tls.handshake is Handshake.SLOW else 0.0,
        )
        outer.set_protocol(encrypted)
        encrypted.data_received(data)

    def _choose_context(self, tls: Any, name: str | None, _: ssl.SSLContext) -> int | None:
        """Choose the certificate for the name in a TLS handshake; return the alert for a name outside the service."""
        if name is None:
            return None
        if not self.known.knows(name.encode("ascii", "replace")):
            self.foreign.add("SNI", name.encode("ascii", "replace"))
            return ssl.ALERT_DESCRIPTION_UNRECOGNIZED_NAME
        assert self.contexts is not None  # noqa: S101 - it has called this method
        tls.context = self.contexts.context_for(name.lower().removesuffix("."))
        return None


class Tunnel(asyncio.Protocol):
    """A CONNECT request: after its head the connection begins anew, with TLS or plain HTTP inside."""

    def __init__(self, port: Port, connection: Connection) -> None:
        """Take the transport of `connection` over."""
        connection.retire()
        self._port = port
        self._connection = connection
        self._head = b""
        self._transport = connection.transport
        self._transport.set_protocol(self)
        connection.connections.add(self)
        self._deadline = connection.loop.call_later(port.limits.header_timeout, self._time_out)

    def data_received(self, data: bytes) -> None:
        """Read the head of the request, within the limits of any head."""
        head = self._head = self._head + data
        if head[: len(_CONNECT)] != _CONNECT[: len(head)]:
            self._continue(head)
            return
        end = head.find(b"\r\n\r\n")
        if (end if end >= 0 else len(head)) > self._port.limits.header_bytes:
            self._refuse(400, f"the head of the request is longer than {self._port.limits.header_bytes} bytes")
        elif end >= 0:
            self._connect(head[: end + 4], head[end + 4 :])

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        """Stop waiting."""
        self._leave()

    def shutdown(self) -> None:
        """Close: the HTTP server stops."""
        self._transport.close()

    def _connect(self, head: bytes, rest: bytes) -> None:
        line = _CONNECT_LINE.match(head)
        if line is None or not _PORT.fullmatch(line[1]):
            self._refuse(400, "expected CONNECT HOST:PORT HTTP/1.1")
            return
        authority = line[1]
        host = authority.rpartition(b":")[0]
        if not self._port.known.knows(authority):
            refusal = self._port.refuse_foreign("CONNECT", host)
            self._refuse(403, refusal.message, authority)
        elif self._port.contexts is None:
            self._refuse(403, "the mock has no TLS: start it with --tls", authority)
        else:
            self._transport.write(_ESTABLISHED)
            self._continue(rest)

    def _continue(self, data: bytes) -> None:
        """Leave the connection to the HTTP server, which looks for TLS again."""
        self._leave()
        inside = self._connection.successor()
        inside.may_tunnel = False
        self._transport.set_protocol(inside)  # type: ignore[arg-type]  # it is a protocol of asyncio too
        inside.connection_made(self._transport)
        if data:
            inside.data_received(data)

    def _time_out(self) -> None:
        self._refuse(400, f"the request was not complete after {self._port.limits.header_timeout:g} s")

    def _refuse(self, status: int, message: str, authority: bytes = b"") -> None:
        """Refuse in the reason of the status line, which clients of a proxy show; some fail over a body."""
        self._leave()
        self._port.log("CONNECT", authority, status, message)
        line = f"HTTP/1.1 {status} {message}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        self._transport.write(line.encode("ascii", "replace"))
        self._transport.close()

    def _leave(self) -> None:
        self._deadline.cancel()
        self._connection.connections.discard(self)


def foreign_refusal(host: bytes) -> Refusal:
    """Return the refusal of a request for a host outside the service."""
    shown = host[:253].decode("ascii", "backslashreplace")
    message = f"{shown} is not a host of the service: the mock answers for its own hosts only and is no proxy"
    return Refusal(ErrorCode.ACCESS_DENIED, message)
