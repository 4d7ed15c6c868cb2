"""TLS on a connection that a protocol has begun to read: the transport of the protocol inside it.

The event loop's own TLS cannot take over bytes that were read before, and a port that also serves plain HTTP must read
the first byte. Must not know HTTP, nor which certificate belongs to a name.
"""

import asyncio
import ssl
from collections.abc import Callable
from contextlib import suppress
from typing import Any

_PIECE = 16 * 1024
HELLO = 0x16
"""The first byte of a TLS connection: the type of a handshake record."""


class TlsConnection(asyncio.Protocol, asyncio.Transport):
    """The server's side of TLS between the transport of a socket and the protocol inside.

    It is the protocol of the socket's transport and the transport of the inner protocol, which is created when the
    handshake is complete. `registry` counts the connection until then; a stop of the HTTP server closes its entries.
    """

    def __init__(
        self,
        outer: asyncio.Transport,
        context: ssl.SSLContext,
        make_protocol: Callable[[], asyncio.Protocol],
        *,
        loop: asyncio.AbstractEventLoop,
        registry: set[Any],
        handshake_timeout: float,
        handshake_bytes: int,
        on_failure: Callable[[str], None],
        delay: float = 0.0,
    ) -> None:
        """`on_failure` gets the reason when the handshake fails. `delay`: seconds before the mock begins it."""
        super().__init__()
        self._outer = outer
        self._make_protocol = make_protocol
        self._loop = loop
        self._registry = registry
        self._on_failure = on_failure
        self._timeout = handshake_timeout
        self._bytes_left = handshake_bytes
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        self._inner: asyncio.Protocol | None = None
        self._closing = False
        self._paused = False
        self._begun = not delay
        self._delayed = None if not delay else loop.call_later(delay, self._begin)
        self._deadline: asyncio.TimerHandle | None = loop.call_later(handshake_timeout, self._time_out)
        registry.add(self)

    # --- protocol of the socket's transport ---------------------------------------------------------------

    def data_received(self, data: bytes) -> None:
        """Decrypt bytes of the client, or continue the handshake with them."""
        self._incoming.write(data)
        if self._inner is not None:
            self._read()
            return
        if self._begun:
            self._shake_hands()
        self._bytes_left -= len(data)  # the end of the handshake and the first request may be one piece
        if self._inner is None and self._bytes_left < 0:
            self._fail("the client sent too many bytes without completing the TLS handshake")

    def eof_received(self) -> None:
        """Pass the end of the client's bytes on; the socket's transport then closes."""
        if self._inner is not None:
            self._inner.eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        """Pass the end of the connection on."""
        self._stop_timers()
        self._registry.discard(self)
        if self._inner is not None:
            self._inner.connection_lost(exc)
        elif not self._closing:
            self._on_failure("the client closed the connection before the TLS handshake was complete")
        self._closing = True

    def pause_writing(self) -> None:
        """Pass on that the client does not read."""
        if self._inner is not None:
            self._inner.pause_writing()

    def resume_writing(self) -> None:
        """Pass on that the client reads again."""
        if self._inner is not None:
            self._inner.resume_writing()

    def shutdown(self) -> None:
        """Close: the HTTP server stops during the handshake."""
        self.abort()

    # --- handshake ----------------------------------------------------------------------------------------

    def _begin(self) -> None:
        self._begun = True
        if not self._closing:
            self._shake_hands()

    def _shake_hands(self) -> None:
        try:
            self._tls.do_handshake()
        except ssl.SSLWantReadError:
            self._flush()
            return
        except ssl.SSLError as error:
            self._flush()  # the alert that names the reason
            self._fail(f"the TLS handshake failed: {reason_of(error)}")
            return
        self._flush()
        self._stop_timers()
        self._registry.discard(self)
        inner = self._inner = self._make_protocol()
        inner.connection_made(self)
        if self._incoming.pending:
            self._read()

    def _time_out(self) -> None:
        self._fail(f"the TLS handshake was not complete after {self._timeout:g} s")

    def _fail(self, reason: str) -> None:
        if not self._closing:
            self._closing = True
            self._stop_timers()
            self._on_failure(reason)
            self._outer.close()

    def _stop_timers(self) -> None:
        for timer in (self._deadline, self._delayed):
            if timer is not None:
                timer.cancel()
        self._deadline = self._delayed = None

    # --- data ---------------------------------------------------------------------------------------------

    def _read(self) -> None:
        inner = self._inner
        assert inner is not None  # noqa: S101 - called after the handshake only
        while not (self._closing or self._paused):
            try:
                data = self._tls.read(_PIECE)
            except ssl.SSLWantReadError:
                break
            except ssl.SSLError:
                self.abort()
                return
            if not data:
                self.close()  # the client has ended TLS
                return
            inner.data_received(data)
            if not self._incoming.pending and not self._tls.pending():
                break
        if self._outgoing.pending:
            self._flush()

    def _flush(self) -> None:
        if self._outgoing.pending and not self._outer.is_closing():
            self._outer.write(self._outgoing.read())

    # --- transport of the inner protocol --------------------------------------------------------------------

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Encrypt and send."""
        if self._closing or not data:
            return
        try:
            self._tls.write(data)
        except ssl.SSLError:
            self.abort()
            return
        self._outer.write(self._outgoing.read())

    def close(self) -> None:
        """End TLS, send what is left, and close."""
        if self._closing:
            return
        self._closing = True
        with suppress(ssl.SSLError):  # the client's part of the end has not arrived: the mock does not wait for it
            self._tls.unwrap()
        self._flush()
        self._outer.close()

    def abort(self) -> None:
        """Close at once."""
        self._closing = True
        self._stop_timers()
        self._outer.abort()

    def is_closing(self) -> bool:
        """Return whether the connection is closed or being closed."""
        return self._closing or self._outer.is_closing()

    def pause_reading(self) -> None:
        """Hold data of the client back."""
        self._paused = True
        self._outer.pause_reading()

    def resume_reading(self) -> None:
        """Read again, first what was decrypted or received before."""
        if self._paused:
            self._paused = False
            self._outer.resume_reading()
            self._loop.call_soon(self._read_on)

    def _read_on(self) -> None:
        if self._inner is not None and (self._incoming.pending or self._tls.pending()):
            self._read()

    def get_write_buffer_size(self) -> int:
        """Return the bytes that the client has not received yet."""
        return self._outer.get_write_buffer_size()

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Set when writing pauses."""
        self._outer.set_write_buffer_limits(high, low)

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """Return facts of the connection; `sslcontext` marks it as encrypted."""
        if name in ("sslcontext", "ssl_object"):
            return self._tls.context if name == "sslcontext" else self._tls
        return self._outer.get_extra_info(name, default)


def reason_of(error: ssl.SSLError) -> str:
    """Return what a failed handshake says about the client, in words."""
    reason = (error.reason or "").upper()
    if "UNKNOWN_CA" in reason:
        return "the client does not trust the mock's certificate authority (see `ciq mock env`)"
    if "CALLBACK_FAILED" in reason:
        return "the client asked for a host outside the service; further names of the mock need --tls-name"
    if "CERTIFICATE" in reason or "BAD_CERTIFICATE" in reason:
        return f"the client rejects the mock's certificate ({reason.lower()})"
    return reason.lower().replace("_", " ") or str(error)
