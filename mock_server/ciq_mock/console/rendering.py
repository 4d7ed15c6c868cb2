"""Renders the console's templates, and reads what the handlers of several pages read from a request."""

import re

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from ciq_mock.console import views
from ciq_mock.console.feed import ChangeFeed
from ciq_mock.console.texts import LANGUAGE_COOKIE, Language, Texts, chosen
from ciq_mock.engine import Job, Queue
from ciq_mock.mock import Mock
from ciq_schemas.lifecycle import QueueState

_BUCKET = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")


def environment() -> Environment:
    """Return the environment of the templates, which escapes every value."""
    made = Environment(
        loader=PackageLoader("ciq_mock.console"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["time"] = views.shown_time
    return made


class Renderer:
    """Renders the pages of one mock."""

    def __init__(self, mock: Mock, *, writable: bool) -> None:
        """Without `writable` no page has a form that changes the mock."""
        self.mock = mock
        self.writable = writable
        self.feed = ChangeFeed(mock)
        self._templates = environment()

    def texts(self, request: Request) -> Texts:
        """Return the texts in the language of a request."""
        return Texts(chosen(request.cookies.get(LANGUAGE_COOKIE, ""), request.headers.get("accept-language", "")))

    def page(self, request: Request, template: str, *, status: int = 200, **values: object) -> Response:
        """Return a page."""
        texts = self.texts(request)
        back = request.url.path + (f"?{request.url.query}" if request.url.query and request.method == "GET" else "")
        page = self._templates.get_template(template).render(
            {"bucket": "", "tab": ""} | values,
            t=texts,
            other_language=Language.EN if texts.language is Language.ZH else Language.ZH,
            writable=self.writable,
            path=back,
            mock_time=self.mock.clock.now(),
            feed=self.feed.id,
            live=request.method == "GET",
        )
        return HTMLResponse(page, status)

    def error(self, request: Request, status: int, message: str) -> Response:
        """Return the page of an error."""
        return self.page(request, "error.html", status=status, code=status, message=message)


def bucket_name(text: str) -> str:
    if not _BUCKET.fullmatch(text):
        raise HTTPException(400, f"a bucket name has lower-case letters, digits and hyphens, not {text[:60]!r}")
    return text


def bucket_of(request: Request) -> str:
    return bucket_name(request.path_params["bucket"])


def state_of(request: Request) -> QueueState:
    return QueueState.PAUSED if request.url.path.endswith("/pause") else QueueState.ACTIVE


def back_to(request: Request, path: str) -> Response:
    """Return to a page; a request of htmx gets a header, because it cannot see a redirect."""
    if request.headers.get("hx-request") == "true":
        return Response(status_code=204, headers={"hx-redirect": path})
    return RedirectResponse(path, 303)


def queue_of(mock: Mock, request: Request) -> Queue:
    """Return the queue that the path names. Raises HTTPException 404."""
    bucket, wanted = bucket_of(request), request.path_params["queue"]
    for queue in views.active_queues(mock, bucket):
        if queue.id == wanted:
            return queue
    raise HTTPException(404, f"bucket {bucket} has no queue {wanted[:60]!r}")


def job_of(mock: Mock, request: Request) -> Job:
    """Return the job that the path names. Raises HTTPException 404."""
    bucket, wanted = bucket_of(request), request.path_params["job"]
    job = mock.engine.job(mock.clock.now(), bucket, wanted)
    mock.runner.wake()
    if job is None:
        raise HTTPException(404, f"bucket {bucket} has no job {wanted[:60]!r}")
    return job
