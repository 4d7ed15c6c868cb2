"""The admin requests that cause one-time deviations: `/_ciq/jobs/fail-next`, `/_ciq/callbacks/drop-next` and others."""

from collections.abc import Callable
from typing import Annotated, Any

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from ciq_mock.admin.request_body import read_body
from ciq_mock.callback_wait import redeliver
from ciq_mock.delivery.callback_orders import CallbackOrder
from ciq_mock.engine import Failure
from ciq_mock.interventions import JobChange, RefusedRequest
from ciq_mock.mock import Mock
from ciq_schemas.operations import OperationKind

_MOST_SECONDS = 86400.0
_REASON = "requested by a test"

Count = Annotated[int, msgspec.Meta(ge=1, le=1000, description="how many")]
Seconds = Annotated[float, msgspec.Meta(ge=0, le=_MOST_SECONDS, description="seconds of the mock's clock")]
Text = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]


class FailJob(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """The next jobs end Failed."""

    code: Text = "InternalError"
    message: Text = _REASON
    count: Count = 1


class DelayJob(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """The next jobs run longer."""

    seconds: Seconds
    count: Count = 1


class RefuseRequest(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """The next requests are answered with an error."""

    status: Annotated[int, msgspec.Meta(ge=400, le=599)] = 503
    code: Text = "SlowDown"
    message: Text = _REASON
    operation: Annotated[str, msgspec.Meta(description="only this kind, such as submit_job; empty: any")] = ""
    count: Count = 1


class DropCallback(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """The next callbacks are not sent."""

    count: Count = 1


class RepeatCallback(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """The next callbacks are sent again at once."""

    times: Annotated[int, msgspec.Meta(ge=1, le=100, description="how many more times")] = 1
    count: Count = 1


class DelayCallback(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """The next callbacks come later."""

    seconds: Seconds
    count: Count = 1


class Redeliver(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """The callback of a job is sent once more."""

    job_id: Text


Apply = Callable[[Mock, Any], None]


def _refuse(mock: Mock, body: RefuseRequest) -> None:
    if body.operation and body.operation not in {str(kind) for kind in OperationKind}:
        raise ValueError(f"operation must be one of {', '.join(OperationKind)}, not {body.operation!r}")
    refused = RefusedRequest(status=body.status, code=body.code, message=body.message, operation=body.operation)
    mock.interventions.refuse_next_request(refused, body.count)


INTERVENTIONS: dict[str, tuple[type[msgspec.Struct], Apply]] = {
    "/jobs/fail-next": (
        FailJob,
        lambda mock, body: mock.interventions.change_next_job(
            JobChange(failure=Failure(body.code, body.message)), body.count
        ),
    ),
    "/jobs/delay-next": (
        DelayJob,
        lambda mock, body: mock.interventions.change_next_job(JobChange(delay=body.seconds), body.count),
    ),
    "/requests/refuse-next": (RefuseRequest, _refuse),
    "/callbacks/drop-next": (
        DropCallback,
        lambda mock, body: mock.delivery.orders.add(CallbackOrder(drop=True), body.count),
    ),
    "/callbacks/repeat-next": (
        RepeatCallback,
        lambda mock, body: mock.delivery.orders.add(CallbackOrder(copies=body.times), body.count),
    ),
    "/callbacks/delay-next": (
        DelayCallback,
        lambda mock, body: mock.delivery.orders.add(CallbackOrder(delay=body.seconds), body.count),
    ),
    "/callbacks/redeliver": (Redeliver, lambda mock, body: redeliver(mock, body.job_id)),
}
"""Path, body and effect of each request, which has the method POST."""


def intervention_routes(mock: Mock) -> list[Route]:
    """Return the routes."""
    return [
        Route(f"/_ciq{path}", _handler(mock, kind, apply), methods=["POST"])
        for path, (kind, apply) in INTERVENTIONS.items()
    ]


def _handler(mock: Mock, kind: type[msgspec.Struct], apply: Apply) -> Callable[[Request], Any]:
    async def handle(request: Request) -> Response:
        body = await read_body(request, kind, optional=True)
        try:
            apply(mock, body)
        except LookupError as error:
            raise HTTPException(404, str(error)) from None
        except ValueError as error:
            raise HTTPException(400, str(error)) from None
        return JSONResponse({"status": "accepted"})

    return handle
