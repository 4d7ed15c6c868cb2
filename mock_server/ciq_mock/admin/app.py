"""The admin pages under `/_ciq/`: for developers and tests, never for a client of the service.

`admin/access.py` decides which requests reach these pages. No answer contains a secret.
"""

import math

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Match, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from ciq_mock.admin.control_openapi import control_route
from ciq_mock.admin.intervention_pages import intervention_routes
from ciq_mock.admin.request_body import read_body
from ciq_mock.admin.schema_pages import schema_routes
from ciq_mock.admin.views import attempt_of, reduced_attempt_of, reduced_request_of, request_of, state_of
from ciq_mock.clock import ScaledClock
from ciq_mock.mock import Mock
from ciq_mock.service import times
from ciq_mock.store import StoreError

_MOST_SECONDS = 10 * 365 * 86400.0
_LARGEST_FACTOR = 1e6


class Advance(msgspec.Struct, forbid_unknown_fields=True):
    """The clock advances and runs everything that becomes due."""

    seconds: float


class Scale(msgspec.Struct, forbid_unknown_fields=True):
    """A real or scaled clock runs faster."""

    factor: float


def admin_app(mock: Mock, *, writable: bool = True, reduced_log: bool = False) -> Starlette:
    """Return the admin application of one mock, with the console. With `reduced_log` the deliveries have no network
    details. Without `writable` the pages of the console have no forms; `admin/access.py` refuses the requests."""
    pages = _Pages(mock, reduced_log=reduced_log)
    routes = [
        Route("/_ciq/health", pages.health, methods=["GET"]),
        Route("/_ciq/reset", pages.reset, methods=["POST"]),
        Route("/_ciq/compact", pages.compact, methods=["POST"]),
        Route("/_ciq/state", pages.state, methods=["GET"]),
        Route("/_ciq/clock", pages.clock, methods=["GET"]),
        Route("/_ciq/clock/advance", pages.advance, methods=["POST"]),
        Route("/_ciq/clock/scale", pages.scale, methods=["POST"]),
        Route("/_ciq/deliveries", pages.deliveries, methods=["GET"]),
        Route("/_ciq/requests", pages.requests, methods=["GET"]),
        *schema_routes(),
        *intervention_routes(mock),
    ]
    routes.append(control_route(routes, {"/_ciq/clock/advance": Advance, "/_ciq/clock/scale": Scale}))
    return Starlette(
        routes=[*routes, _Console(mock, writable=writable, reduced_log=reduced_log)],
        exception_handlers={HTTPException: _refused, StoreError: _store_failed},
    )


class _Console(BaseRoute):
    """The pages of the console: `/_ciq/` and all below `/_ciq/console/`. They are loaded at the first visit."""

    def __init__(self, mock: Mock, *, writable: bool, reduced_log: bool) -> None:
        self._mock = mock
        self._writable = writable
        self._reduced_log = reduced_log
        self._app: ASGIApp | None = None

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        path = scope["path"]
        return (Match.FULL if path == "/_ciq/" or path.startswith("/_ciq/console/") else Match.NONE), {}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._app is None:
            from ciq_mock.console.app import console_app

            self._app = console_app(self._mock, writable=self._writable, reduced_log=self._reduced_log)
        await self._app(scope, receive, send)


class _Pages:
    """The handlers; each returns a consistent state of the mock."""

    def __init__(self, mock: Mock, *, reduced_log: bool) -> None:
        self._mock = mock
        self._attempt_of = reduced_attempt_of if reduced_log else attempt_of
        self._request_of = reduced_request_of if reduced_log else request_of

    async def health(self, _: Request) -> Response:
        """Report that the mock answers."""
        return JSONResponse({"status": "ok", "bucket": self._mock.settings.bucket})

    async def reset(self, _: Request) -> Response:
        """Restore the state of the start."""
        await self._mock.reset()
        return JSONResponse({"status": "reset"})

    async def compact(self, _: Request) -> Response:
        """Compact the journal."""
        self._mock.compact()
        return JSONResponse({"status": "compacted"})

    async def state(self, _: Request) -> Response:
        """Return queues, jobs and the number of pending callbacks."""
        return _json(state_of(self._mock))

    async def clock(self, _: Request) -> Response:
        """Return the kind of the clock and its time."""
        return JSONResponse(self._clock())

    async def advance(self, request: Request) -> Response:
        """Advance the clock: `{"seconds": 60}`."""
        wanted = (await read_body(request, Advance)).seconds
        if not (math.isfinite(wanted) and 0 <= wanted <= _MOST_SECONDS):
            raise HTTPException(400, f"seconds must be from 0 to {_MOST_SECONDS:.0f}, not {wanted}")
        await self._mock.clock.advance(wanted)
        return JSONResponse(self._clock())

    async def scale(self, request: Request) -> Response:
        """Set the speed of a real or scaled clock: `{"factor": 10}`; 0 stops it."""
        wanted = (await read_body(request, Scale)).factor
        if not isinstance(self._mock.clock, ScaledClock):
            raise HTTPException(409, f"a {self._mock.settings.clock.value} clock has no factor")
        if not 0 <= wanted <= _LARGEST_FACTOR:
            raise HTTPException(400, f"factor must be at least 0 and at most {_LARGEST_FACTOR:g}, not {wanted}")
        self._mock.clock.scale(wanted)
        return JSONResponse(self._clock())

    async def deliveries(self, _: Request) -> Response:
        """Return the attempts to deliver callbacks."""
        log = self._mock.delivery.log
        return _json(
            {
                "attempts": log.attempts,
                "delivered": log.delivered,
                "dropped": log.dropped,
                "pending": self._mock.delivery.pending,
                "newest": [self._attempt_of(attempt) for attempt in log],
            }
        )

    async def requests(self, _: Request) -> Response:
        """Return the newest requests and their answers; with the reason of a refusal."""
        newest = [self._request_of(entry) for entry in self._mock.requests]
        return _json({"count": self._mock.requests.count, "newest": newest})

    def _clock(self) -> dict[str, object]:
        now = self._mock.clock.now()
        kind = self._mock.settings.clock
        return {"kind": kind.value, "now": now, "time": times.written(now)}


async def _refused(_: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    return JSONResponse({"error": error.detail}, status_code=error.status_code)


async def _store_failed(_: Request, error: Exception) -> Response:
    return JSONResponse({"error": str(error)}, status_code=500)


def _json(value: object) -> Response:
    return Response(msgspec.json.encode(value), media_type="application/json")
