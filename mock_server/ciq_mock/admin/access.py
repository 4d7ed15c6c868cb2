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
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_ORIGIN = re.compile(r"https?://([^/?#@\s]+)", re.IGNORECASE)
_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[^:\[\]]+)(?::[0-9]{1,5})?")
_SAFE_METHODS = frozenset({"GET", "HEAD"})
_OWN_SITES = frozenset({"same-origin", "none"})
_POLICY = (
    b"default-src 'none'; style-src 'unsafe-inline'; connect-src 'self'; form-action 'self'; base-uri 'none'; "
    b"frame-ancestors 'none'"
)
_ANSWER_HEADERS = [
    (b"content-security-policy", _POLICY),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"referrer-policy", b"no-referrer"),
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

    def refusal(self, method: str, headers: Headers) -> tuple[int, str] | None:
        """Return status and reason when a request must be refused, None when it may be answered."""
        hosts = headers.getlist("host")
        if len(hosts) != 1 or not self._knows(hosts[0]):
            return 403, "the Host of the request is not an address of this mock; name it with ciq mock --admin-host"
        if not _from_own_page(method, headers, hosts[0]):
            return 403, "the request comes from a page of another site"
        if self.token and not _has_token(headers.getlist("authorization"), self.token):
            return 401, "the request needs the admin token of this mock: Authorization: Bearer TOKEN"
        return None

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

        refusal = self._access.refusal(scope["method"], Headers(scope=scope))
        if refusal is None:
            await self._app(scope, receive, send_protected)
            return
        status, reason = refusal
        body = msgspec.json.encode({"error": reason})
        headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
        if status == 401:
            headers.append((b"www-authenticate", b'Basic realm="ciq mock: any user, the token as password"'))
        await send_protected({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})


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
