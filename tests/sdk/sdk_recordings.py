"""Recorded requests of the official Python SDK: bytes as sent, and what a test wants to know of them."""

import re
import socket
from dataclasses import dataclass
from http.client import HTTPResponse
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

WIRE = Path(__file__).parent / "wire"


@dataclass(frozen=True, slots=True)
class Recording:
    """One recorded request."""

    name: str
    raw: bytes

    @property
    def method(self) -> str:
        """The method."""
        return self.raw.split(b" ", 1)[0].decode()

    @property
    def target(self) -> str:
        """The request target, origin form."""
        parts = urlsplit(self.raw.split(b" ", 2)[1].decode())
        return parts.path + (f"?{parts.query}" if parts.query else "")

    @property
    def path(self) -> str:
        """The decoded path."""
        return unquote(urlsplit(self.target).path)

    @property
    def query(self) -> dict[str, str]:
        """The parameters that are not empty."""
        return dict(parse_qsl(urlsplit(self.target).query))

    @property
    def body(self) -> bytes:
        """The body."""
        return self.raw.partition(b"\r\n\r\n")[2]

    @property
    def signed_at(self) -> int:
        """A second inside q-sign-time."""
        found = re.search(rb"q-sign-time=(\d+);", self.raw)
        if found is None:
            raise ValueError(f"{self.name} is not signed")
        return int(found[1]) + 60


@dataclass(frozen=True, slots=True)
class Heard:
    """An answer as it came."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def header(self, name: str) -> str:
        """The value of a header spelled exactly so; empty when there is none."""
        return dict(self.headers).get(name, "")


def recording(name: str) -> Recording:
    """The recording of that name."""
    return Recording(name, (WIRE / f"{name}.http").read_bytes())


def names(folder: str = "") -> list[str]:
    """Names of all recordings in a folder."""
    return sorted(str(path.relative_to(WIRE).with_suffix("")) for path in (WIRE / folder).glob("*.http"))


def send_raw(port: int, raw: bytes, *, method: str = "GET") -> Heard:
    """Send bytes as they are and read one answer."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as sock:
        sock.sendall(raw)
        response = HTTPResponse(sock, method=method)
        response.begin()
        body = response.read()
        return Heard(response.status, tuple(response.getheaders()), body)
