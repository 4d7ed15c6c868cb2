"""Makes one attempt: sends a callback body by HTTP POST and returns the outcome.

The HTTP client is slow to import, so the dispatcher loads this module when the first job is accepted.
Must not know jobs, retries or the mock's clock; its time-out is real time.
"""

from collections.abc import Mapping
from functools import lru_cache
from types import TracebackType
from typing import ClassVar, Self

import aiohttp
from aiohttp.abc import AbstractResolver
from yarl import URL

from ciq_mock.callback_rule import BodyFormat
from ciq_mock.delivery.address import as_sent
from ciq_mock.delivery.bounded_connection import AnswerTooLongError, BoundedConnector
from ciq_mock.delivery.log import Answer
from ciq_mock.settings import DeliverySettings

_CONTENT_TYPES = {BodyFormat.XML: "application/xml", BodyFormat.JSON: "application/json"}
"""XML as in 1545/65203; no document has one for JSON."""
_ANSWER_READ = 64 * 1024


class Sender:
    """An HTTP client for callbacks: no cookies, no proxies, no redirects, addresses unchanged."""

    method = "POST"
    content_types: ClassVar[Mapping[BodyFormat, str]] = _CONTENT_TYPES

    def __init__(self, settings: DeliverySettings, *, resolver: AbstractResolver | None = None) -> None:
        """Create the client; must be called in a running event loop. `resolver` is for tests."""
        self._timeout = settings.timeout
        self._connector = BoundedConnector(settings, resolver)
        self._headers = {
            body_format: (
                ("User-Agent", settings.user_agent),
                ("Content-Type", content_type),
                ("Accept-Encoding", "gzip"),
            )
            for body_format, content_type in self.content_types.items()
        }
        # One session per format: its headers are prepared once.
        self._sessions = {
            body_format: aiohttp.ClientSession(
                connector=self._connector,
                connector_owner=False,
                headers=dict(self._headers[body_format]),
                timeout=aiohttp.ClientTimeout(total=settings.timeout),
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                skip_auto_headers=("Accept",),
            )
            for body_format in self.content_types
        }

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    def headers_of(self, body: bytes, body_format: BodyFormat) -> tuple[tuple[str, str], ...]:
        """Return the headers of an attempt, without Host."""
        return (*self._headers[body_format], ("Content-Length", str(len(body))))

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
        except AnswerTooLongError as error:
            return Answer(status, str(error))
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
    """Return why there is no answer; never with bytes that the receiver has sent, which need not be a web server."""
    match error:
        case aiohttp.ServerDisconnectedError():
            return "the receiver closed the connection without an answer"
        case aiohttp.ClientConnectorCertificateError():
            why = getattr(error.certificate_error, "verify_message", "")
            return (
                f"the certificate of {error.host}:{error.port} is not trusted{f' ({why})' if why else ''}: "
                "give the certificate of its authority with --ca-file FILE or CIQ_CA_FILE"
            )
        case aiohttp.ClientConnectorError():
            return f"no connection to {error.host}:{error.port}: {error.os_error.strerror or error.os_error}"
        case aiohttp.ClientResponseError() | aiohttp.ClientPayloadError():
            return "the answer is not HTTP or broke off"
        case aiohttp.InvalidURL() | ValueError():
            return "the address cannot be used by the HTTP client"
        case OSError() if error.strerror:
            return f"the connection failed: {error.strerror}"
        case _:
            return f"the connection failed: {type(error).__name__}"
