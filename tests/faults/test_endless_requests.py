"""A request that never ends: the mock stops reading or disconnects, and its memory stays the same."""

import re
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from durable_bench import Client, MockProcess, mock_process

MIB = 1024 * 1024
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads the memory of the process from /proc")
SENT = 32 * MIB
"""Bytes that the test tries to send; each byte of an endless trailer took 30 bytes of memory."""
GROWTH = 24 * MIB
"""Memory that one connection may take; bodies of requests may have 1 MiB, of uploads 16 MiB."""
POST = b"POST /jobs HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
PUT = b"PUT /_objects/b-1/key HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
CHUNK = b"10000\r\n" + b"x" * 65536 + b"\r\n"

PARTS: dict[str, tuple[bytes, bytes]] = {
    "blank lines before a request": (b"", b"\r\n" * 32768),
    "method": (b"", b"G" * 65536),
    "request line": (b"GET /", b"x" * 65536),
    "query": (b"GET /queue?", b"a=b&" * 16384),
    "header name": (b"GET /queue HTTP/1.1\r\n", b"x" * 65536),
    "header value": (b"GET /queue HTTP/1.1\r\nX-A: ", b"x" * 65536),
    "headers": (b"GET /queue HTTP/1.1\r\n", b"a:\r\n" * 16384),
    "chunk size": (POST, b"0" * 65536),
    "chunk extension": (POST + b"1;a=", b"x" * 65536),
    "chunk extensions": (POST, b"1;" + b"a;" * 2000 + b"\r\nx\r\n"),
    "chunks": (POST, CHUNK),
    "chunks of few bytes": (POST, (b"40\r\n" + b"x" * 64 + b"\r\n") * 900),
    "chunks of an upload": (PUT, CHUNK),
    "trailer name": (POST + b"0\r\n", b"x" * 65536),
    "trailer value": (POST + b"0\r\nX-A: ", b"x" * 65536),
    "trailers": (POST + b"0\r\n", b"a: b\r\n" * 10000),
    "trailers of an upload": (PUT + b"0\r\n", b"a: b\r\n" * 10000),
    "trailers after a refusal": (POST.replace(b"/jobs", b"/nothing") + b"0\r\n", b"a: b\r\n" * 10000),
    "body beyond its answer": (b"POST /jobs HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n", b"x" * 65536),
    "pipelined requests": (b"", b"GET / HTTP/1.1\r\n\r\n" * 3600),
    "pipelined requests of the admin pages": (b"", b"GET /_ciq/health HTTP/1.1\r\n\r\n" * 2400),
    "pipelined lists": (b"", b"GET /queue HTTP/1.1\r\nHost: x\r\n\r\n" * 2000),
}
READ_SLOWLY = ("pipelined requests", "pipelined requests of the admin pages", "pipelined lists")


@pytest.fixture(scope="module", params=["journal", "signatures"])
def mock(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[MockProcess]:
    """A mock process; once it checks signatures, and then no request of these tests has one."""
    environment = {"CIQ_SECRET_ID": "id", "CIQ_SECRET_KEY": "key"} if request.param == "signatures" else {}
    options = ["--signatures"] if environment else []
    with mock_process(tmp_path_factory.mktemp("data"), *options, environment=environment) as mock:
        with Client(mock.port) as client:
            client.send("GET", "/queue")
            client.send("GET", "/_ciq/health")
        yield mock


@pytest.mark.parametrize("part", PARTS)
def test_endless_part_of_request_takes_no_memory(mock: MockProcess, part: str) -> None:
    """The client sends as much as the mock accepts and reads nothing; another client is served meanwhile."""
    before = forget_peak(mock)
    sent = flood(mock.port, *PARTS[part])
    assert memory(mock) - before < GROWTH, f"the mock accepted {sent} bytes"
    with Client(mock.port) as client:
        assert client.send("GET", "/_ciq/health")[0] == 200


@pytest.mark.parametrize("part", READ_SLOWLY)
def test_endless_pipeline_with_reading_client_takes_no_memory(mock: MockProcess, part: str) -> None:
    """The client reads all answers, but sends requests faster than the mock answers them."""
    before = forget_peak(mock)
    _, repeated = PARTS[part]
    with socket.create_connection(("127.0.0.1", mock.port), timeout=10) as sock:
        done = threading.Event()

        def read() -> None:
            with suppress(OSError):
                while sock.recv(65536):
                    pass
            done.set()

        threading.Thread(target=read, daemon=True).start()
        for _ in range(MIB // len(repeated)):
            sock.sendall(repeated)
        sock.shutdown(socket.SHUT_WR)
        done.wait(30)
    assert memory(mock) - before < GROWTH


def flood(port: int, first: bytes, repeated: bytes) -> int:
    """Send the first bytes, then the others until the mock disconnects or stops reading; return how many it took."""
    sent = 0
    with socket.create_connection(("127.0.0.1", port), timeout=1.0) as sock:
        try:
            sock.sendall(first)
            while sent < SENT:
                sent += sock.send(repeated)
        except OSError:
            pass  # the mock has disconnected, or does not read any more
    return sent


def memory(mock: MockProcess) -> int:
    """The most memory that the process has had since `forget_peak`, in bytes."""
    found = re.search(r"VmHWM:\s*(\d+) kB", Path(f"/proc/{mock.process.pid}/status").read_text())
    assert found
    return int(found[1]) * 1024


def forget_peak(mock: MockProcess) -> int:
    """Let the kernel forget the process's peak of memory; return the memory that it has now, in bytes."""
    Path(f"/proc/{mock.process.pid}/clear_refs").write_text("5")
    return memory(mock)
