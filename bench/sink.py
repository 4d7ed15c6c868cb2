"""A callback sink: responds to every POST with 200 and counts. Run as `python -m bench.sink`.

GET / returns count and seconds, GET /body the last received body; DELETE / starts anew.
"""

from __future__ import annotations

import asyncio

import uvloop


class Sink(asyncio.Protocol):
    """A minimal HTTP receiver that keeps connections alive."""

    total = 0
    first = 0.0
    last = 0.0
    body = b""

    def __init__(self) -> None:
        self.buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while True:
            end = self.buffer.find(b"\r\n\r\n")
            if end < 0:
                return
            head = self.buffer[:end].lower()
            mark = head.find(b"content-length:")
            length = int(head[mark + 15 :].split(b"\r\n", 1)[0]) if mark >= 0 else 0
            if len(self.buffer) < end + 4 + length:
                return
            post = self.buffer.startswith(b"POST")
            body = self.buffer[end + 4 : end + 4 + length]
            self.buffer = self.buffer[end + 4 + length :]
            if post:
                now = asyncio.get_running_loop().time()
                Sink.first = Sink.first or now
                Sink.last = now
                Sink.total += 1
                Sink.body = body
                self._answer(b"")
            elif head.startswith(b"get /body"):
                self._answer(Sink.body)
            else:
                self._answer(f"{Sink.total} {Sink.last - Sink.first:.6f}".encode())
                if head.startswith(b"delete"):
                    Sink.total, Sink.first = 0, 0.0

    def _answer(self, body: bytes) -> None:
        self.transport.write(  # type: ignore[attr-defined]
            b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
        )


async def _main() -> None:
    server = await asyncio.get_running_loop().create_server(Sink, "127.0.0.1", 0)
    print(f"ready on http://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(_main())
