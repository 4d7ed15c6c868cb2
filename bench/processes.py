"""Peers as processes: start one, wait for its address, measure, stop it."""

from __future__ import annotations

import os
import re
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

READY = re.compile(rb"(https?://[0-9.]+:\d+)")


@dataclass(frozen=True, slots=True)
class Peer:
    """A running process."""

    url: str
    pid: int
    started_in: float
    """Seconds from the start of the process to its first response."""

    def resident(self) -> int:
        """Resident memory in bytes."""
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
        return 0


def _answers(url: str) -> bool:
    scheme, _, place = url.partition("://")
    host, port = place.split(":")
    try:
        with socket.create_connection((host, int(port)), 1) as plain, _encrypted(plain, scheme) as connection:
            connection.sendall(b"GET /queue HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            return bool(connection.recv(16))
    except OSError:
        return False


def _encrypted(plain: socket.socket, scheme: str) -> socket.socket:
    """The connection with TLS, where the scheme says so. The certificate is that of a peer on this machine."""
    if scheme != "https":
        return plain
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context.wrap_socket(plain)


def _environment() -> dict[str, str]:
    """The environment of this process, with compiled modules stored as in an installed package."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


@contextmanager
def peer(*arguments: str, port_argument: bool = False, tls: bool = False) -> Iterator[Peer]:
    """Start `python -m ARGUMENTS`; the first printed line with an address means that it is ready.

    `tls`: the response is requested over HTTPS, also where the port serves both.
    """
    command = [sys.executable, "-m", *arguments]
    url = ""
    if port_argument:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        command += ["-p", str(port)]
        url = f"http://127.0.0.1:{port}"
    began = time.perf_counter()
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True, env=_environment()
    )
    try:
        assert process.stdout is not None
        while not url:
            line = process.stdout.readline()
            if not line:
                raise RuntimeError(f"{' '.join(arguments)} ended before it was ready")
            found = READY.search(line)
            url = found[1].decode() if found else ""
        if tls:
            url = url.replace("http:", "https:")
        deadline = began + 60
        while not _answers(url):
            if time.perf_counter() > deadline:
                raise RuntimeError(f"{url} does not answer")
        yield Peer(url, process.pid, time.perf_counter() - began)
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(10)
