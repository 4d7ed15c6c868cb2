"""Names of receivers, resolved to public addresses only: for a mock that must not reach into its intranet."""

import ipaddress
import socket

from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver

from ciq_mock.delivery.address import is_public


class PublicResolver(AbstractResolver):
    """Resolves names and drops what is not public, so that no name leads inside after the check of the address."""

    def __init__(self, inner: AbstractResolver | None = None) -> None:
        self._inner = inner or ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Resolve as the inner resolver does; OSError when only intranet addresses remain."""
        found = await self._inner.resolve(host, port, family)
        public = [entry for entry in found if is_public(ipaddress.ip_address(entry["host"]))]
        if not public:
            raise OSError(None, f"{host} leads to intranet addresses only, and this mock refuses those")
        return public

    async def close(self) -> None:
        """Close the inner resolver."""
        await self._inner.close()
