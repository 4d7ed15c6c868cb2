"""Checks the addresses of callbacks, and prepares them for sending without normalising them.

Receivers distinguish callbacks by path and query of their address, so these stay the same byte for byte.
Must not send anything.
"""

import ipaddress
import re
from functools import lru_cache
from urllib.parse import SplitResult, quote, urlsplit

from ciq_mock.settings import DeliverySettings

MAX_ADDRESS = 2048
_SCHEMES = frozenset({"http", "https"})
_UNSAFE = re.compile(r"[\x00-\x20\x7f]")
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_ASCII = "".join(map(chr, range(0x21, 0x7F)))


class AddressRefusedError(ValueError):
    """The mock sends no callback to this address; the message says why, without path, query or password."""


def origin_of(url: str) -> str:
    """Return scheme, host and port of an address, for messages; `(unreadable address)` when it is malformed."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return "(unreadable address)"
    if not parts.hostname:
        return "(unreadable address)"
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"{parts.scheme}://{host}" + ("" if port is None else f":{port}")


def without_password(url: str) -> str:
    """Return the address without its user and password, for the log."""
    if "@" not in url:
        return url
    head, at, rest = url.partition("@")
    scheme, slashes, user = head.partition("//")
    return f"{scheme}//{rest}" if at and slashes and not re.search(r"[/?#]", user) else url


def check_address(url: str, settings: DeliverySettings) -> None:
    """Raise AddressRefusedError unless callbacks may be sent to `url`.

    With `forbid_private` an IP address must be public or in `networks`; the sender checks what a host name resolves to.
    """
    why_not = _why_not(url, bool(settings.forbid_private), settings.networks)
    if why_not:
        raise AddressRefusedError(why_not)


@lru_cache(maxsize=1024)
def _why_not(url: str, forbid_private: bool, networks: tuple[str, ...]) -> str:
    """Return why an address is refused, "" when it is allowed; cached, because addresses repeat."""
    try:
        _check(url)
        if forbid_private:
            _need_public(_split(url).hostname or "", networks)
    except AddressRefusedError as error:
        return str(error)
    return ""


def _check(url: str) -> None:
    if len(url) > MAX_ADDRESS:
        raise AddressRefusedError(f"the address has {len(url)} characters, at most {MAX_ADDRESS} are allowed")
    if _UNSAFE.search(url):
        raise AddressRefusedError("the address contains a blank or control character: percent-encode it")
    parts = _split(url)
    if parts.scheme not in _SCHEMES:
        raise AddressRefusedError(f"the address must begin with http:// or https://, not {parts.scheme!r}")
    if not parts.hostname:
        raise AddressRefusedError("the address has no host")


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as error:
        raise AddressRefusedError(f"the address cannot be read: {error}") from None
    return parts


def _need_public(host: str, networks: tuple[str, ...]) -> None:
    name = host.removesuffix(".")
    if name == "localhost" or name.endswith(".localhost"):
        allowed = is_allowed("127.0.0.1", networks)
    else:
        try:
            allowed = is_allowed(name, networks)
        except ValueError:
            return  # a host name: the sender checks its addresses
    if not allowed:
        raise AddressRefusedError(f"{host} is an intranet address, and this mock is set to refuse those")


def is_allowed(host: str, networks: tuple[str, ...]) -> bool:
    """Return whether an IP address is public or in one of `networks`. Raises ValueError for a host name."""
    address = ipaddress.ip_address(host)
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return is_public(address) or any(address in ipaddress.ip_network(network) for network in networks)


def is_public(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    """Return whether an address belongs to the public internet; an IPv4 address inside an IPv6 one counts."""
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if inner is None and address in _NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
        if inner is not None:
            return is_public(inner)
    return address.is_global and not address.is_multicast


def as_sent(url: str) -> str:
    """Return the address for the request: unchanged, except that non-ASCII is encoded and the fragment removed."""
    url = url.partition("#")[0]
    if url.isascii():
        return url
    parts = _split(url)
    host = parts.hostname or ""
    if not host.isascii():
        host = host.encode("idna").decode("ascii")
    elif ":" in host:
        host = f"[{host}]"
    user = parts.netloc.rpartition("@")[0]
    netloc = "".join((f"{user}@" if user else "", host, f":{parts.port}" if parts.port is not None else ""))
    path, query = quote(parts.path, safe=_ASCII), quote(parts.query, safe=_ASCII)
    return f"{parts.scheme}://{netloc}{path}{'?' if query else ''}{query}"
