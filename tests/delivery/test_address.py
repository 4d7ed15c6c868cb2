"""Addresses of callbacks: what is let through, and that nothing in them is changed."""

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
from ciq_mock.delivery.resolver import PublicResolver


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
def test_usable_addresses_pass(address: str) -> None:
    """Both schemes, ports, literal and international hosts are taken; private ones too unless forbidden."""
    check_address(address)


@pytest.mark.parametrize("host", ["8.8.8.8", "receiver.example", "[2606:4700::1111]", "localhost.example"])
def test_public_addresses_pass_the_ban_on_private_ones(host: str) -> None:
    """Names are looked at only when they are resolved."""
    check_address(f"http://{host}/", forbid_private=True)


@pytest.mark.parametrize(
    "host", ["192.168.1.1", "172.16.0.1", "0.0.0.0", "224.0.0.1", "[fe80::1]", "[fd00::1]", "a.localhost"]
)
def test_intranet_addresses_meet_the_ban(host: str) -> None:
    """Private, link-local, multicast and unspecified addresses are refused, and the message has no path."""
    with pytest.raises(AddressRefusedError, match="intranet") as error:
        check_address(f"http://{host}/secret?token=1", forbid_private=True)
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
def test_addresses_are_sent_as_given(address: str, sent: str) -> None:
    """Only what cannot stand in a request line is encoded, and the fragment stays home."""
    assert as_sent(address) == sent
    path = sent.removeprefix("http://").partition("/")[2]
    assert URL(sent, encoded=True).raw_path_qs == f"/{path}", "nor does the client change it"


def test_passwords_do_not_stay_in_an_address() -> None:
    """User and password go; an at sign in path or query is no password."""
    assert without_password("http://user:word@r.example/a@b?c@d") == "http://r.example/a@b?c@d"
    assert without_password("http://r.example/a@b?c@d") == "http://r.example/a@b?c@d"
    assert without_password("http://r.example?x=a@b") == "http://r.example?x=a@b"
    assert without_password("no address") == "no address"


def test_origins_can_be_printed() -> None:
    """Scheme, host and port and no more, whatever the address is."""
    assert origin_of("http://user:word@r.example:81/a?b") == "http://r.example:81"
    assert origin_of("http://[::1]:82/") == "http://[::1]:82"
    assert origin_of("http://[::1/") == "(unreadable address)"
    assert origin_of("nothing") == "(unreadable address)"


class Fixed(AbstractResolver):
    """Knows one answer."""

    def __init__(self, *hosts: str) -> None:
        self.hosts = hosts

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Give it."""
        return [
            ResolveResult(hostname=host, host=found, port=port, family=family, proto=0, flags=0) for found in self.hosts
        ]

    async def close(self) -> None:
        """Nothing to close."""


def test_names_that_lead_inside_are_refused_when_resolved() -> None:
    """Public answers are kept, intranet answers dropped; with none left resolving fails."""

    async def story() -> None:
        mixed = await PublicResolver(Fixed("10.0.0.1", "8.8.8.8")).resolve("r.example", 80)
        assert [entry["host"] for entry in mixed] == ["8.8.8.8"]
        with pytest.raises(OSError, match="intranet addresses only"):
            await PublicResolver(Fixed("10.0.0.1", "127.0.0.1")).resolve("r.example", 80)

    asyncio.run(story())
