"""Resolves the host names of receivers to public addresses only, for a mock that must not connect to its intranet."""

import ipaddress
import socket

from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver

from ciq_mock.delivery.address import is_public


class PublicResolver(AbstractResolver):
    """Resolves names and drops non-public addresses, which the earlier check of the callback address cannot see."""

    def __init__(self, inner: AbstractResolver | None = None) -> None:
        self._inner = inner or ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Resolve with the inner resolver; raise OSError when it finds intranet addresses only."""
        found = await self._inner.resolve(host, port, family)
        public = [entry for entry in found if is_public(ipaddress.ip_address(entry["host"]))]
        if not public:
            raise OSError(None, f"{host} has intranet addresses only, and this mock is set to refuse those")
        return public

    async def close(self) -> None:
        """Close the inner resolver."""
        await self._inner.close()
