"""Recorded requests of the official Python SDK: their bytes and the parts that tests need."""

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
        """The request method."""
        return self.raw.split(b" ", 1)[0].decode()

    @property
    def target(self) -> str:
        """The request target in origin form."""
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
        """The request body."""
        return self.raw.partition(b"\r\n\r\n")[2]

    @property
    def signed_at(self) -> int:
        """A second inside q-sign-time."""
        found = re.search(rb"q-sign-time=(\d+);", self.raw)
        if found is None:
            raise ValueError(f"{self.name} is not signed")
        return int(found[1]) + 60


@dataclass(frozen=True, slots=True)
class RecordedResponse:
    """One response."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def header(self, name: str) -> str:
        """The value of a header with exactly this spelling; empty if absent."""
        return dict(self.headers).get(name, "")


def recording(name: str) -> Recording:
    """The recording of that name."""
    return Recording(name, (WIRE / f"{name}.http").read_bytes())


def names(folder: str = "") -> list[str]:
    """Names of all recordings in a folder."""
    return sorted(str(path.relative_to(WIRE).with_suffix("")) for path in (WIRE / folder).glob("*.http"))


def send_raw(port: int, raw: bytes, *, method: str = "GET") -> RecordedResponse:
    """Send bytes unchanged and read one response."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as sock:
        sock.sendall(raw)
        response = HTTPResponse(sock, method=method)
        response.begin()
        body = response.read()
        return RecordedResponse(response.status, tuple(response.getheaders()), body)
