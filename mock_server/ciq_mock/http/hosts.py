"""Decides which host names the mock answers for, and counts the requests to all others.

Clients that use the mock as a proxy, or whose name resolution leads every name to it, would otherwise send requests for
other services to the mock. Must not know how a refusal is written, nor buckets and regions.
"""

import ipaddress
import re
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import msgspec

SERVICE_DOMAINS = ("myqcloud.com", "tencentci.cn", "tencentcos.cn")
"""The domains of the service, internal and accelerate hosts included."""
_DOMAINS = tuple(b"." + domain.encode() for domain in SERVICE_DOMAINS)
_NAME = re.compile(rb"[a-z0-9_](?:[a-z0-9_.-]{0,251}[a-z0-9_])?")
_LONGEST_SHOWN = 253


class ForeignRequest(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A refused request for a host outside the service. `at` is the mock's clock (epoch seconds)."""

    at: float
    place: str
    """Where the request named the host: `CONNECT`, `SNI` (the TLS handshake), `target` (a URL as target) or `Host`."""
    host: str


@dataclass(slots=True)
class ForeignHosts:
    """The newest refused requests for hosts outside the service, and a count of all."""

    now: Callable[[], float]
    _entries: deque[ForeignRequest] = field(default_factory=lambda: deque(maxlen=1000))
    count: int = 0

    def __iter__(self) -> Iterator[ForeignRequest]:
        """Yield the entries, oldest first."""
        return iter(tuple(self._entries))

    def add(self, place: str, host: bytes) -> None:
        """Count a refused request."""
        shown = host[:_LONGEST_SHOWN].decode("ascii", "backslashreplace")
        self._entries.append(ForeignRequest(at=self.now(), place=place, host=shown))
        self.count += 1

    def clear(self) -> None:
        """Remove all entries and reset the count."""
        self._entries.clear()
        self.count = 0


@dataclass(frozen=True, slots=True)
class KnownHosts:
    """The host names that belong to the service or to this machine, beside the names that the settings add."""

    names: frozenset[bytes] = frozenset()
    """Lower-case names and IP addresses."""

    @classmethod
    def of(cls, *names: str) -> "KnownHosts":
        """Return the known hosts with further names."""
        return cls(frozenset(name.lower().encode("ascii", "ignore") for name in names if name))

    def knows(self, authority: bytes) -> bool:
        """Return whether `HOST` or `HOST:PORT` is a host of the service, of this machine or of the settings."""
        name = host_name(authority)
        return bool(_NAME.fullmatch(name) and name.endswith(_DOMAINS)) or name in self.names or _is_local(name)

    def accepts(self, authority: bytes) -> bool:
        """Return whether a Host header may name this host.

        Beside the known hosts these are names without a dot, as containers have, and IP addresses: a client that has
        connected to the mock by one of them needs no resolution of another name.
        """
        name = host_name(authority)
        return b"." not in name or _address(name) is not None or self.knows(authority)


def host_name(authority: bytes) -> bytes:
    """Return the lower-case name in `HOST` or `HOST:PORT`, without a trailing dot and without brackets."""
    whole = authority.strip().lower()
    name, colon, port = whole.rpartition(b":")
    if not colon or not port.isdigit() or (b":" in name and not name.endswith(b"]")):
        name = whole
    if name.startswith(b"[") and name.endswith(b"]"):
        return name[1:-1]
    return name.removesuffix(b".")


def _address(name: bytes) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(name.decode("ascii", "replace"))
    except ValueError:
        return None


def _is_local(name: bytes) -> bool:
    if name == b"localhost" or name.endswith((b".localhost", b".127.0.0.1")):
        return True
    address = _address(name)
    return address is not None and address.is_loopback
