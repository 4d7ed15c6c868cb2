"""Makes one attempt: sends a callback body by HTTP POST and returns the outcome.

The HTTP client is slow to import, so the dispatcher loads this module when the first job is accepted.
Must not know jobs, retries or the mock's clock; its time-out is real time.
"""

import ipaddress
import socket
from collections.abc import Mapping
from functools import lru_cache
from types import TracebackType
from typing import ClassVar, Self

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver
from yarl import URL

from ciq_mock.callback_rule import BodyFormat
from ciq_mock.delivery.address import as_sent, is_public
from ciq_mock.delivery.log import Answer
from ciq_mock.settings import DeliverySettings

_CONTENT_TYPES = {BodyFormat.XML: "application/xml", BodyFormat.JSON: "application/json"}
"""XML as in 1545/65203; no document has one for JSON."""
_ANSWER_READ = 64 * 1024
_KEEP_ALIVE = 1.0
"""Shorter than receivers keep idle connections; else an attempt could use one that the receiver is closing."""


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


class Sender:
    """An HTTP client for callbacks: no cookies, no proxies, no redirects, addresses unchanged."""

    method = "POST"
    content_types: ClassVar[Mapping[BodyFormat, str]] = _CONTENT_TYPES

    def __init__(self, settings: DeliverySettings) -> None:
        """Create the client; must be called in a running event loop."""
        self._timeout = settings.timeout
        resolver = PublicResolver() if settings.forbid_private else None
        self._connector = aiohttp.TCPConnector(
            limit=0, ssl=settings.verify_tls, resolver=resolver, keepalive_timeout=_KEEP_ALIVE
        )
        # One session per format: its headers are prepared once.
        self._sessions = {
            body_format: aiohttp.ClientSession(
                connector=self._connector,
                connector_owner=False,
                headers={
                    "User-Agent": settings.user_agent,
                    "Content-Type": content_type,
                    "Accept-Encoding": "gzip",
                },
                timeout=aiohttp.ClientTimeout(total=settings.timeout),
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                skip_auto_headers=("Accept",),
            )
            for body_format, content_type in self.content_types.items()
        }

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def post(self, url: str, body: bytes, body_format: BodyFormat) -> Answer:
        """Send once; return every failure of network or receiver as an Answer."""
        status: int | None = None
        session = self._sessions[body_format]
        try:
            async with session.request(self.method, _target(url), data=body, allow_redirects=False) as response:
                status = response.status
                if not response.content.at_eof():
                    await _read_body(response)
        except TimeoutError:
            return self._timed_out(status)
        except (aiohttp.ClientError, OSError, ValueError) as error:
            # ValueError: yarl and HTTP parsing raise it for addresses that pass check_address.
            return Answer(status, _reason(error))
        return Answer(status)

    def _timed_out(self, status: int | None) -> Answer:
        missing = "answer" if status is None else "end of the answer"
        return Answer(status, f"no {missing} within {self._timeout:g} s")

    async def close(self) -> None:
        """Close all connections."""
        for session in self._sessions.values():
            await session.close()
        await self._connector.close()


@lru_cache(maxsize=1024)
def _target(url: str) -> URL:
    """Return the address for the client; cached, because addresses repeat."""
    return URL(as_sent(url), encoded=True)


async def _read_body(response: aiohttp.ClientResponse) -> None:
    """Read the answer's body, up to a limit, so that the connection can be used again."""
    left = _ANSWER_READ
    while left > 0 and not response.content.at_eof():
        left -= len(await response.content.read(left))


def _reason(error: Exception) -> str:
    match error:
        case aiohttp.ServerDisconnectedError():
            return "the receiver closed the connection without an answer"
        case aiohttp.ClientConnectorError():
            return f"no connection to {error.host}:{error.port}: {error.os_error.strerror or error.os_error}"
        case aiohttp.InvalidURL():
            return "the address cannot be used by the HTTP client"
        case aiohttp.ClientResponseError():
            return f"the answer is not HTTP: {error.message}"
        case _:
            return f"{type(error).__name__}: {error}"
