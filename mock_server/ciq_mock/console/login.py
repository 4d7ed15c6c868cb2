"""The page on which a browser gives the admin token of a mock that listens beyond loopback."""

from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from ciq_mock.console.forms import Form, read_form
from ciq_mock.console.rendering import environment
from ciq_mock.console.texts import LANGUAGE_COOKIE, Language, Texts, chosen

_HOME = "/_ciq/"


async def login_answer(request: Request, cookie_of: Callable[[str], str | None], *, required: bool) -> Response:
    """Answer a request to the login page: the form, or the cookie and the way to the console.

    `cookie_of` returns the header Set-Cookie for a token, None for a wrong one. Without `required` no token is needed.
    """
    if not required:
        return RedirectResponse(_HOME, 303)
    form = await read_form(request) if request.method == "POST" else Form.of(request.url.query)
    token = form.text("token")
    cookie = cookie_of(token) if token else None
    if cookie is not None:
        return RedirectResponse(_HOME, 303, headers={"set-cookie": cookie})
    texts = Texts(chosen(request.cookies.get(LANGUAGE_COOKIE, ""), request.headers.get("accept-language", "")))
    page = (
        environment()
        .get_template("login.html")
        .render(
            t=texts,
            other_language=Language.EN if texts.language is Language.ZH else Language.ZH,
            bucket="",
            tab="",
            path="/_ciq/login",
            writable=True,
            live=False,
            feed="",
            wrong=bool(token),
        )
    )
    return HTMLResponse(page, 403 if token else 200)
