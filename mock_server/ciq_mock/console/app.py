"""The console as an ASGI application: routes, static files, pages of errors."""

from importlib.resources import files

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from ciq_mock.console.form_handlers import FormHandlers
from ciq_mock.console.pages import Pages
from ciq_mock.console.rendering import Renderer
from ciq_mock.mock import Mock
from ciq_mock.store import StoreError

_STATIC = {
    "console.css": "text/css; charset=utf-8",
    "console.js": "text/javascript; charset=utf-8",
    "htmx.min.js": "text/javascript; charset=utf-8",
}


def console_app(mock: Mock, *, writable: bool = True, reduced_log: bool = False) -> Starlette:
    """Return the console of one mock; without `writable` no page changes it."""
    renderer = Renderer(mock, writable=writable)
    pages = Pages(renderer, reduced_log=reduced_log)

    async def failed(request: Request, error: Exception) -> Response:
        """Answer an error as a page to a browser, and as JSON to a program."""
        status, message = 500, str(error)
        if isinstance(error, HTTPException):
            status, message = error.status_code, error.detail
        if "text/html" not in request.headers.get("accept", ""):
            return JSONResponse({"error": message}, status)
        return renderer.error(request, status, message)

    return Starlette(
        routes=routes(pages, FormHandlers(renderer, pages)),
        exception_handlers={HTTPException: failed, StoreError: failed},
    )


def routes(pages: Pages, forms: FormHandlers) -> list[BaseRoute]:
    """Return the routes; those with POST change the mock."""
    bucket = "/_ciq/console/{bucket}"
    shown = [
        ("/_ciq/", pages.buckets),
        ("/_ciq/console/static/{name}", _static),
        ("/_ciq/console/events", pages.events),
        ("/_ciq/console/language", pages.language),
        ("/_ciq/console/callbacks", pages.callbacks),
        ("/_ciq/console/requests", pages.requests),
        ("/_ciq/console/objects", pages.objects),
        ("/_ciq/console/mock", pages.mock),
        (f"{bucket}/queues", pages.queues),
        (f"{bucket}/queues/{{queue}}", pages.line),
        (f"{bucket}/queues/{{queue}}/rule", pages.rule_form),
        (f"{bucket}/queues/{{queue}}/pause", pages.state_form),
        (f"{bucket}/queues/{{queue}}/enable", pages.state_form),
        (f"{bucket}/jobs", pages.jobs),
        (f"{bucket}/jobs/{{job}}", pages.job),
        (f"{bucket}/timeline", pages.timeline),
        (f"{bucket}/workflows", pages.workflows),
    ]
    changing = [
        (f"{bucket}/activate", forms.activate),
        (f"{bucket}/queues/{{queue}}/rule", forms.set_rule),
        (f"{bucket}/queues/{{queue}}/pause", forms.set_state),
        (f"{bucket}/queues/{{queue}}/enable", forms.set_state),
        (f"{bucket}/jobs", forms.submit),
        (f"{bucket}/jobs/{{job}}/cancel", forms.cancel),
        (f"{bucket}/jobs/{{job}}/redeliver", forms.redeliver),
        (f"{bucket}/workflows/{{workflow}}/pause", forms.set_workflow_state),
        (f"{bucket}/workflows/{{workflow}}/enable", forms.set_workflow_state),
        (f"{bucket}/workflows/{{workflow}}/runs", forms.trigger),
        ("/_ciq/console/clock/advance", forms.advance),
        ("/_ciq/console/clock/speed", forms.speed),
        ("/_ciq/console/reset", forms.reset),
    ]
    return [
        *(Route(path, handler, methods=["GET"]) for path, handler in shown),
        *(Route(path, handler, methods=["POST"]) for path, handler in changing),
    ]


async def _static(request: Request) -> Response:
    name = request.path_params["name"]
    if name not in _STATIC:
        raise HTTPException(404, "no such file")
    data = (files("ciq_mock.console") / "static" / name).read_bytes()
    return Response(data, media_type=_STATIC[name])
