"""Addresses of callbacks: which are accepted, and that they are sent unchanged."""

import asyncio
import socket

import pytest
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from ciq_mock.delivery.address import (
    AddressRefusedError,
    as_sent,
    check_address,
    origin_of,
    without_password,
)
from ciq_mock.delivery.bounded_connection import PublicResolver
from ciq_mock.settings import DeliverySettings


@pytest.mark.parametrize(
    "address",
    [
        "http://receiver.example",
        "https://receiver.example:8443/a?b=c",
        "HTTP://receiver.example/",
        "http://127.0.0.1:1/x",
        "http://[::1]:8080/x",
        "http://user:word@receiver.example/",
        "http://例え.example/パス",
    ],
)
def test_valid_address_is_accepted(address: str) -> None:
    """Both schemes, ports, literal and international hosts are accepted; private hosts too unless forbidden."""
    check_address(address, DeliverySettings())


@pytest.mark.parametrize("host", ["8.8.8.8", "receiver.example", "[2606:4700::1111]", "localhost.example"])
def test_public_address_with_private_forbidden_is_accepted(host: str) -> None:
    """A host name is checked only when it is resolved."""
    check_address(f"http://{host}/", DeliverySettings(forbid_private=True))


@pytest.mark.parametrize(
    "host", ["192.168.1.1", "172.16.0.1", "0.0.0.0", "224.0.0.1", "[fe80::1]", "[fd00::1]", "a.localhost"]
)
def test_intranet_address_with_private_forbidden_is_refused(host: str) -> None:
    """Private, link-local, multicast and unspecified addresses are refused; the message contains no path."""
    with pytest.raises(AddressRefusedError, match="intranet") as error:
        check_address(f"http://{host}/secret?token=1", DeliverySettings(forbid_private=True))
    assert "secret" not in str(error.value)


@pytest.mark.parametrize(
    ("address", "sent"),
    [
        ("http://r.example/a%2fb%2F/../c//d?x=%7e&y=a+b", "http://r.example/a%2fb%2F/../c//d?x=%7e&y=a+b"),
        ("http://r.example/a#part", "http://r.example/a"),
        ("http://r.example/ü?q=ü%20", "http://r.example/%C3%BC?q=%C3%BC%20"),
        ("http://bücher.example:81/", "http://xn--bcher-kva.example:81/"),
        ("http://[::1]:82/ü", "http://[::1]:82/%C3%BC"),
    ],
)
def test_address_is_sent_as_given_without_fragment(address: str, sent: str) -> None:
    """Only characters that a request line cannot contain are encoded; the fragment is removed."""
    assert as_sent(address) == sent
    path = sent.removeprefix("http://").partition("/")[2]
    assert URL(sent, encoded=True).raw_path_qs == f"/{path}", "the client does not change it"


def test_user_and_password_are_removed_from_address() -> None:
    """An at sign in path or query does not start a password."""
    assert without_password("http://user:word@r.example/a@b?c@d") == "http://r.example/a@b?c@d"
    assert without_password("http://r.example/a@b?c@d") == "http://r.example/a@b?c@d"
    assert without_password("http://r.example?x=a@b") == "http://r.example?x=a@b"
    assert without_password("no address") == "no address"


def test_origin_contains_scheme_host_and_port_only() -> None:
    """An address that cannot be read gives a fixed text."""
    assert origin_of("http://user:word@r.example:81/a?b") == "http://r.example:81"
    assert origin_of("http://[::1]:82/") == "http://[::1]:82"
    assert origin_of("http://[::1/") == "(unreadable address)"
    assert origin_of("nothing") == "(unreadable address)"


class FixedResolver(AbstractResolver):
    """Resolves every name to the given hosts."""

    def __init__(self, *hosts: str) -> None:
        self.hosts = hosts

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Return the given hosts."""
        return [
            ResolveResult(hostname=host, host=found, port=port, family=family, proto=0, flags=0) for found in self.hosts
        ]

    async def close(self) -> None:
        """Do nothing: the resolver holds no resource."""


def test_name_that_resolves_to_intranet_only_is_refused() -> None:
    """Public results are kept and intranet results dropped; when none is left, resolving fails."""

    async def resolve_mixed_and_private() -> None:
        mixed = await PublicResolver((), FixedResolver("10.0.0.1", "8.8.8.8")).resolve("r.example", 80)
        assert [entry["host"] for entry in mixed] == ["8.8.8.8"]
        with pytest.raises(OSError, match="intranet addresses only"):
            await PublicResolver((), FixedResolver("10.0.0.1", "127.0.0.1")).resolve("r.example", 80)

    asyncio.run(resolve_mixed_and_private())
