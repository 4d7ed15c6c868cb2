"""Decides which requests may use the admin pages: by Host, by Origin, and by a token where the mock requires one.

A page of another site must not control the mock through the browser of its reader: neither directly (cross-site
request) nor under a host name that the site points at this machine (DNS rebinding).
"""

import base64
import hmac
import ipaddress
import re
from dataclasses import dataclass, field

import msgspec
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_ORIGIN = re.compile(r"https?://([^/?#@\s]+)", re.IGNORECASE)
_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[^:\[\]]+)(?::[0-9]{1,5})?")
COOKIE = "ciq_admin"
LOGIN_PATH = b"/_ciq/login"
STATIC_PATH = b"/_ciq/console/static/"
"""Files without content of the mock; the login page needs them."""
_SAFE_METHODS = frozenset({"GET", "HEAD"})
_OWN_SITES = frozenset({"same-origin", "none"})
_POLICY = (
    b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    b"form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_ANSWER_HEADERS = [
    (b"content-security-policy", _POLICY),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"referrer-policy", b"same-origin"),  # `no-referrer` would make forms send `Origin: null`
    (b"cache-control", b"no-store"),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class AdminAccess:
    """Who may use the admin pages of one mock."""

    hosts: frozenset[str]
    """Names and addresses that Host may contain beside loopback addresses and `localhost`; lower case."""
    any_address: bool
    """True when Host may contain any IP address: the mock listens beyond loopback, under addresses it cannot know.
    A site cannot point an IP address at another machine, so this permits no DNS rebinding."""
    token: str = field(repr=False)
    """Required in every request; "" when none is required."""
    read_only: bool = False
    """True refuses every request that changes the mock."""

    def refusal(self, method: str, headers: Headers) -> tuple[int, str] | None:
        """Return status and reason when a request must be refused, None when it may be answered."""
        hosts = headers.getlist("host")
        if len(hosts) != 1 or not self._knows(hosts[0]):
            return 403, "the Host of the request is not an address of this mock; name it with ciq mock --admin-host"
        if not _from_own_page(method, headers, hosts[0]):
            return 403, "the request comes from a page of another site"
        return None

    def refusal_behind_login(self, method: str, headers: Headers) -> tuple[int, str] | None:
        """Return status and reason when the token is missing, or when the request would change a read-only mock."""
        if self.token and not (
            _has_token(headers.getlist("authorization"), self.token) or self._logged_in(headers.getlist("cookie"))
        ):
            return 401, "the request needs the admin token of this mock: Authorization: Bearer TOKEN"
        if self.read_only and method not in _SAFE_METHODS:
            return 403, "the admin pages of this mock are read-only"
        return None

    def cookie(self, token: str) -> str | None:
        """Return the header Set-Cookie for a browser that has sent the token; None when the token is wrong."""
        if not self.token or not hmac.compare_digest(token.encode(), self.token.encode()):
            return None
        return f"{COOKIE}={self._digest()}; Path=/_ciq/; HttpOnly; SameSite=Lax"

    def _logged_in(self, cookies: list[str]) -> bool:
        found = [part.strip().partition("=") for line in cookies for part in line.split(";")]
        digest = self._digest()
        return any(name == COOKIE and hmac.compare_digest(value.encode(), digest.encode()) for name, _, value in found)

    def _digest(self) -> str:
        """The cookie proves the token and does not contain it."""
        return hmac.new(self.token.encode(), b"ciq admin cookie", "sha256").hexdigest()

    def _knows(self, host: str) -> bool:
        found = _HOST.fullmatch(host.lower())
        if found is None:
            return False
        name = found[1].removesuffix(".").strip("[]")
        if name == "localhost" or name in self.hosts:
            return True
        try:
            address = ipaddress.ip_address(name)
        except ValueError:
            return False
        return address.is_loopback or self.any_address


class CheckedAdmin:
    """The admin application behind the checks of an `AdminAccess`. No answer of it can be framed or sniffed."""

    def __init__(self, app: ASGIApp, access: AdminAccess) -> None:
        self._app = app
        self._access = access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or refuse it."""

        async def send_protected(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), *_ANSWER_HEADERS]
            await send(message)

        headers = Headers(scope=scope)
        refusal = self._access.refusal(scope["method"], headers)
        path = scope["raw_path"]
        if refusal is None and path == LOGIN_PATH:
            await self._login(scope, receive, send_protected)
            return
        if refusal is None and not path.startswith(STATIC_PATH):
            refusal = self._access.refusal_behind_login(scope["method"], headers)
        if refusal is None:
            await self._app(scope, receive, send_protected)
            return
        status, reason = refusal
        if status == 401 and scope["method"] == "GET" and "text/html" in headers.get("accept", ""):
            await RedirectResponse(LOGIN_PATH.decode(), 303)(scope, receive, send_protected)
            return
        body = msgspec.json.encode({"error": reason})
        answer = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
        if status == 401:
            answer.append((b"www-authenticate", b'Basic realm="ciq mock: any user, the token as password"'))
        await send_protected({"type": "http.response.start", "status": status, "headers": answer})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})

    async def _login(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Show the form of the token, or set the cookie: from the form, or from the link that the mock prints."""
        from ciq_mock.console.login import login_answer  # a mock without visitors does not load the pages

        answer = await login_answer(Request(scope, receive), self._access.cookie, required=bool(self._access.token))
        await answer(scope, receive, send)


def _from_own_page(method: str, headers: Headers, host: str) -> bool:
    """Return whether no page of another site has caused the request; browsers send these headers, programs do not.

    A link to an admin page is allowed, because the site that has it cannot read the page.
    """
    origins = headers.getlist("origin")
    for origin in origins:
        found = _ORIGIN.fullmatch(origin)
        if found is None or found[1].lower() != host.lower():
            return False
    if len(origins) > 1:
        return False
    site = headers.get("sec-fetch-site", "none")
    if site in _OWN_SITES:
        return True
    followed_link = headers.get("sec-fetch-mode") == "navigate" and headers.get("sec-fetch-dest") == "document"
    return followed_link and method in _SAFE_METHODS


def _has_token(authorizations: list[str], token: str) -> bool:
    """Return whether the request has the token, as Bearer or as the password of Basic; in constant time."""
    if len(authorizations) != 1:
        return False
    scheme, _, given = authorizations[0].partition(" ")
    if scheme.lower() == "basic":
        try:
            given = base64.b64decode(given.strip(), validate=True).decode("utf-8").partition(":")[2]
        except ValueError:  # not Base64, or not UTF-8
            return False
    elif scheme.lower() != "bearer":
        return False
    return hmac.compare_digest(given.strip().encode(), token.encode())
