"""Servers of raw sockets that answer in one fixed way; each connection has a thread of its own."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
Respond = Callable[[socket.socket, threading.Event], None]


def request_of(connection: socket.socket) -> bytes:
    """Reads a request with Content-Length; returns what arrived."""
    data = b""
    while True:
        head, end, body = data.partition(b"\r\n\r\n")
        if end:
            fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:])
            if len(body) >= int(fields.get(b"content-length", b"0")):
                return data
        part = connection.recv(65536)
        if not part:
            return data
        data += part


def answering(data: bytes) -> Respond:
    """Sends these bytes after the request and closes the connection."""

    def respond(connection: socket.socket, _closing: threading.Event) -> None:
        request_of(connection)
        connection.sendall(data)

    return respond


def silent(connection: socket.socket, closing: threading.Event) -> None:
    """Reads the request and never answers."""
    request_of(connection)
    closing.wait(30)


def dripping(connection: socket.socket, closing: threading.Event) -> None:
    """Sends a response of many bytes, one by one, without an end."""
    request_of(connection)
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    while not closing.wait(0.02):
        connection.sendall(b"x")


@contextmanager
def listening(respond: Respond) -> Iterator[str]:
    """Runs the server; yields its address."""
    closing = threading.Event()
    listener = socket.create_server(("127.0.0.1", 0))

    def one(connection: socket.socket) -> None:
        with connection:
            try:
                respond(connection, closing)
            except OSError:
                return

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=one, args=(connection,), daemon=True).start()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        closing.set()
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(5)
