"""Sends one callback over a raw socket, also in ways that HTTP client libraries do not offer. Standard library only.

A stand-alone script embeds this module, so it imports nothing of the kit. Every call ends within its deadline.
"""

import select
import socket
import ssl
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

LONGEST_HEAD = 64 * 1024
LONGEST_BODY = 256 * 1024
"""Bytes of a response body that are read; the rest is not needed."""
PIECE_PAUSE = 0.02
"""Seconds between two pieces of a body that is sent in pieces."""
_SHOWN = 60
_LARGE = 65536
"""Bytes of a larger body are sent only while no response has arrived."""


@dataclass(frozen=True)
class Delivery:
    """One HTTP request to the receiver, and how it is sent."""

    url: str
    body: bytes = b""
    content_type: str = "application/xml"
    """Empty for a request without Content-Type."""
    method: str = "POST"
    version: str = "1.1"
    chunked: bool = False
    expect: bool = False
    """Sends `Expect: 100-continue` and waits for the interim response, at most one second."""
    pieces: int = 1
    """Number of writes in which the body is sent, with short pauses."""
    cut: int = -1
    """Number of body bytes after which the sender closes the connection; -1 sends the whole body."""
    leave: bool = False
    """The sender closes the connection after the request and reads no response."""
    lower: bool = False
    """Header names in lower case."""
    keep: bool = False
    """The connection remains open for the next delivery."""


@dataclass(frozen=True)
class Answer:
    """The response to one delivery; status 0 without one, and `error` then gives the reason."""

    status: int = 0
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    error: str = ""
    refused: bool = False
    """No connection could be made."""
    started: float = 0.0
    ended: float = 0.0


class MissingAnswerError(Exception):
    """The receiver sent no complete HTTP response; the text gives the reason."""


def head_of(delivery: Delivery) -> tuple[tuple[str, str], ...]:
    """Returns the header fields of a delivery, those of the documented sample (1545/65203)."""
    parts = urlsplit(delivery.url)
    fields = [("Host", parts.netloc.rpartition("@")[2]), ("User-Agent", "Go-http-client/1.1")]
    if delivery.method != "GET":
        fields.append(("Transfer-Encoding", "chunked") if delivery.chunked else ("Content-Length", _length(delivery)))
    if delivery.content_type:
        fields.append(("Content-Type", delivery.content_type))
    if delivery.method != "GET":
        fields.append(("Accept-Encoding", "gzip"))  # as in the sample; the answer to a count question stays plain
    if delivery.expect:
        fields.append(("Expect", "100-continue"))
    if delivery.version == "1.1" and not delivery.keep:
        fields.append(("Connection", "close"))
    return tuple((name.lower() if delivery.lower else name, value) for name, value in fields)


def unchunked(data: bytes) -> bytes:
    """Returns the content of a chunked body, as far as its chunks can be read."""
    content = b""
    while data:
        size, _, data = data.partition(b"\r\n")
        try:
            length = int(size.partition(b";")[0], 16)
        except ValueError:
            break
        if length <= 0:
            break
        content, data = content + data[:length], data[length + 2 :]
    return content


def _length(delivery: Delivery) -> str:
    return str(len(delivery.body))


def head_bytes(delivery: Delivery) -> bytes:
    """Returns the request line and the header of a delivery."""
    parts = urlsplit(delivery.url)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    lines = [f"{delivery.method} {target} HTTP/{delivery.version}"]
    lines += [f"{name}: {value}" for name, value in head_of(delivery)]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace")


def sent_body(delivery: Delivery) -> bytes:
    """Returns the part of the body that is sent."""
    return delivery.body if delivery.cut < 0 else delivery.body[: delivery.cut]


class Connection:
    """One connection to the receiver; sends deliveries one after the other. Not thread-safe."""

    def __init__(self, url: str, within: float, context: ssl.SSLContext | None = None) -> None:
        self._parts = urlsplit(url)
        self._within = within
        self._context = context
        self._socket: socket.socket | None = None
        self._rest = b""

    def open(self, end: float) -> socket.socket:
        """Returns the open socket; raises OSError."""
        if self._socket is None:
            host = self._parts.hostname or ""
            port = self._parts.port or (443 if self._parts.scheme == "https" else 80)
            made = socket.create_connection((host, port), timeout=_left(end))
            try:
                made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                if self._parts.scheme == "https":
                    context = self._context or ssl.create_default_context()
                    made = context.wrap_socket(made, server_hostname=host)
            except BaseException:
                made.close()
                raise
            self._socket = made
        return self._socket

    def close(self) -> None:
        """Closes the socket."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None
            self._rest = b""

    def send(self, delivery: Delivery, last_byte: threading.Barrier | None = None) -> Answer:
        """Sends one delivery and returns the response. With a barrier, its last byte waits for the other deliveries."""
        reused = self._socket is not None
        started = time.monotonic()
        end = started + self._within
        connected = False
        try:
            opened = self.open(end)
            connected = True
            early = self._write(opened, delivery, end, last_byte)
            if delivery.leave or delivery.cut >= 0:
                self.close()
                return Answer(error="the sender closed the connection", started=started, ended=time.monotonic())
            status, headers, body, keep = early or self._read(opened, delivery.method, end)
            if not keep or not delivery.keep:
                self.close()
            return Answer(status, headers, body, started=started, ended=time.monotonic())
        except (OSError, MissingAnswerError) as error:
            _abort(last_byte)
            self.close()
            if reused and not isinstance(error, TimeoutError):
                # A server may close a kept connection at any time; a client then sends on a new one.
                return self.send(delivery)
            return Answer(
                error=reason_of(error, self._within), refused=not connected, started=started, ended=time.monotonic()
            )

    def _write(
        self, opened: socket.socket, delivery: Delivery, end: float, last_byte: threading.Barrier | None
    ) -> "_Response | None":
        """Writes the request; returns the response when the receiver sent it before the body."""
        head, body = head_bytes(delivery), sent_body(delivery)
        opened.settimeout(_left(end))
        if delivery.expect:
            opened.sendall(head)
            early = self._interim(opened, delivery.method, end)
            if early is not None:
                return early
            head = b""
        try:
            self._write_body(opened, delivery, head, body, end, last_byte)
        except ConnectionError:
            # A receiver may reject a body before its end; its response is then already there.
            return self._read(opened, delivery.method, end)
        return None

    def _write_body(
        self,
        opened: socket.socket,
        delivery: Delivery,
        head: bytes,
        body: bytes,
        end: float,
        last_byte: threading.Barrier | None,
    ) -> None:
        size = max(1, -(-len(body) // max(1, delivery.pieces)))
        parts = [body[start : start + size] for start in range(0, len(body), size)]
        if delivery.chunked:
            parts = [b"%x\r\n%b\r\n" % (len(part), part) for part in parts]
            if delivery.cut < 0:
                parts.append(b"0\r\n\r\n")
        if delivery.pieces <= 1:
            parts = [b"".join(parts)]
        parts[0] = head + parts[0]
        if last_byte is not None:
            whole = b"".join(parts)
            opened.sendall(whole[:-1])
            last_byte.wait(_left(end))
            parts = [whole[-1:]]
        for number, part in enumerate(parts):
            if number:
                time.sleep(PIECE_PAUSE)
            if not _sent_whole(opened, part, end):
                return

    def _interim(self, opened: socket.socket, method: str, end: float) -> "_Response | None":
        """Waits for 100 Continue, at most one second; returns a final response that came instead."""
        try:
            response = self._read(opened, method, min(end, time.monotonic() + 1.0), interim=True)
        except TimeoutError:
            return None
        return None if response[0] == 100 else response

    def _read(self, opened: socket.socket, method: str, end: float, *, interim: bool = False) -> "_Response":
        while True:
            head = self._head(opened, end)
            status, headers, version = parsed_head(head)
            if status >= 200 or (interim and status == 100):
                break
        if status == 100 or status in (204, 304) or method == "HEAD":
            return status, headers, b"", True
        return self._body(opened, status, headers, version, end)

    def _head(self, opened: socket.socket, end: float) -> bytes:
        while b"\r\n\r\n" not in self._rest:
            if self._rest and not b"HTTP/".startswith(self._rest[:5]):
                raise MissingAnswerError(f"the response is not HTTP: it begins with {self._rest[:_SHOWN]!r}")
            if len(self._rest) > LONGEST_HEAD:
                raise MissingAnswerError(f"the head of the response is longer than {LONGEST_HEAD} bytes")
            data = self._receive(opened, end)
            if not data:
                shown = f" after {self._rest[:_SHOWN]!r}" if self._rest else ""
                raise MissingAnswerError(f"the receiver closed the connection without a response{shown}")
            self._rest += data
        head, _, self._rest = self._rest.partition(b"\r\n\r\n")
        return head

    def _body(
        self, opened: socket.socket, status: int, headers: tuple[tuple[str, str], ...], version: str, end: float
    ) -> "_Response":
        named = {name.lower(): value for name, value in headers}
        keep = version != "1.0" and named.get("connection", "").lower() != "close"
        if "chunked" in named.get("transfer-encoding", "").lower():
            body, complete = self._until(opened, end, lambda data: data.endswith(b"0\r\n\r\n"))
            return status, headers, unchunked(body), keep and complete
        length = named.get("content-length", "")
        if length.isdigit():
            size = int(length)
            body, complete = self._until(opened, end, lambda data: len(data) >= size)
            if not complete and len(body) < LONGEST_BODY:
                raise MissingAnswerError(f"the response body has {len(body)} of {size} bytes")
            return status, headers, body[:size], keep and complete
        body, _ = self._until(opened, end, lambda _data: False)
        return status, headers, body, False

    def _until(self, opened: socket.socket, end: float, complete: Callable[[bytes], bool]) -> tuple[bytes, bool]:
        data, self._rest = self._rest, b""
        while not complete(data):
            if len(data) >= LONGEST_BODY:
                return data, False
            part = self._receive(opened, end)
            if not part:
                return data, False
            data += part
        return data, True

    @staticmethod
    def _receive(opened: socket.socket, end: float) -> bytes:
        opened.settimeout(_left(end))
        return opened.recv(65536)


_Response = tuple[int, tuple[tuple[str, str], ...], bytes, bool]
"""Status, headers, body, and whether the connection can be used again."""


def _sent_whole(opened: socket.socket, data: bytes, end: float) -> bool:
    """Sends bytes; returns False when the receiver responded, or closed, before it had read a large body."""
    opened.settimeout(_left(end))
    if len(data) <= _LARGE or isinstance(opened, ssl.SSLSocket):
        opened.sendall(data)
        return True
    rest = memoryview(data)
    while rest:
        readable, writable, _ = select.select([opened], [opened], [], _left(end))
        if readable:
            return False
        if writable:
            rest = rest[opened.send(rest[:_LARGE]) :]
    return True


def _left(end: float) -> float:
    left = end - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def _abort(barrier: threading.Barrier | None) -> None:
    if barrier is not None:
        barrier.abort()


def parsed_head(head: bytes) -> tuple[int, tuple[tuple[str, str], ...], str]:
    """Returns status, header fields and HTTP version of a response head; raises MissingAnswerError when it is none."""
    first, *lines = head.decode("latin-1").split("\r\n")
    words = first.split(" ", 2)
    if len(words) < 2 or not words[0].startswith("HTTP/") or not (words[1].isdigit() and len(words[1]) == 3):
        raise MissingAnswerError(f"the response is not HTTP: it begins with {first[:_SHOWN]!r}")
    fields = tuple((name.strip(), value.strip()) for name, _, value in (line.partition(":") for line in lines))
    return int(words[1]), fields, words[0].removeprefix("HTTP/")


def reason_of(error: Exception, within: float) -> str:
    """Returns the reason why a delivery has no response, in words."""
    if isinstance(error, TimeoutError):
        return f"no complete response within {within:g} s"
    if isinstance(error, ConnectionRefusedError):
        return "connection refused"
    if isinstance(error, ConnectionResetError | BrokenPipeError):
        return "the receiver reset the connection"
    if isinstance(error, ssl.SSLError):
        return f"TLS: {error.reason or error}"
    if isinstance(error, OSError) and not str(error.strerror or ""):
        return str(error) or type(error).__name__
    return str(error.strerror) if isinstance(error, OSError) else str(error)


def send(delivery: Delivery, within: float) -> Answer:
    """Sends one delivery on a connection of its own; `within` is the deadline in seconds."""
    connection = Connection(delivery.url, within)
    try:
        return connection.send(delivery)
    finally:
        connection.close()


def send_in_turn(deliveries: Sequence[Delivery], within: float) -> list[Answer]:
    """Sends deliveries one after the other, on one connection as long as it stays open."""
    connection = Connection(deliveries[0].url, within)
    try:
        return [connection.send(delivery) for delivery in deliveries]
    finally:
        connection.close()


def send_together(deliveries: Sequence[Delivery], within: float) -> list[Answer]:
    """Sends deliveries at once: the last byte of each waits until all other bytes of all are sent."""
    barrier = threading.Barrier(len(deliveries))
    answers: list[Answer] = [Answer(error="not sent")] * len(deliveries)

    def one(place: int) -> None:
        connection = Connection(deliveries[place].url, within)
        try:
            answers[place] = connection.send(deliveries[place], barrier)
        except threading.BrokenBarrierError:
            connection.close()
            answers[place] = send(deliveries[place], within)

    threads = [threading.Thread(target=one, args=(place,), daemon=True) for place in range(len(deliveries))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(3 * within + 1)
    return answers
