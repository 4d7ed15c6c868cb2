"""Callback receiver, request signature and XML access of a replay. Standard library only: each script contains it."""

import hashlib
import hmac
import os
import threading
import time
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import quote
from xml.etree import ElementTree


class TargetUnusable(Exception):  # noqa: N818 - a state of the target, not an error of the script
    """The target rejects requests that the history needs."""


@dataclass(frozen=True)
class Arrival:
    """One callback: when it arrived, when it was answered and with which status (0: connection closed)."""

    at: float
    answered: float
    channel: str
    body: str
    answered_with: int = 200
    method: str = "POST"
    content_type: str = ""


class Listener:
    """Receives callbacks."""

    def __init__(self) -> None:
        self.arrived: list[Arrival] = []
        self.failing: dict[str, list[int]] = {}
        listener = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0)) if self._sized() else self._all()
                channel = self.path.partition("?")[0].strip("/").rpartition("/")[2]
                began = time.monotonic()
                waiting = listener.failing.get(channel, [])
                status = waiting.pop(0) if waiting else 200
                try:
                    if status:
                        self.send_response(status)
                        self.send_header("Content-Length", "0")
                        self.end_headers()
                    self.close_connection = True
                finally:
                    text = body.decode("utf-8", "replace")
                    form = self.headers.get("Content-Type") or ""
                    listener.arrived.append(Arrival(began, time.monotonic(), channel, text, status, self.command, form))

            do_PUT = do_POST  # noqa: N815 - the name that http.server wants

            def _sized(self) -> bool:
                return "chunked" not in (self.headers.get("Transfer-Encoding") or "").lower()

            def _all(self) -> bytes:
                parts = []
                while size := int(self.rfile.readline().split(b";")[0] or b"0", 16):
                    parts.append(self.rfile.read(size))
                    self.rfile.readline()
                return b"".join(parts)

            def log_message(self, *_: object) -> None:
                return

        host, _, port = os.environ.get("CIQ_CALLBACK_BIND", "127.0.0.1:0").rpartition(":")
        self.server = ThreadingHTTPServer((host, int(port)), Handler)
        self.server.daemon_threads = True
        shown = f"http://{host}:{self.server.server_address[1]}"
        self.base = os.environ.get("CIQ_CALLBACK_URL", "") or shown
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def address(self, channel: str) -> str:
        """Address of a channel."""
        return f"{self.base.rstrip('/')}/{channel}"

    def channels_of(self, job: str) -> set[str]:
        """The channels at which callbacks about a job arrived."""
        return {one.channel for one in list(self.arrived) if job in one.body}


def sign(method: str, target: str, headers: dict[str, str], prefix: str = "") -> None:
    """Add Authorization as the official clients do, when there are keys.

    `prefix` is the path of the target's address; the signature covers it with CIQ_SIGNED_PREFIX=true.
    """
    if os.environ.get("CIQ_SIGNED_PREFIX", "").lower() in ("true", "yes", "1"):
        target = prefix + target
    key_id, key = os.environ.get("CIQ_SECRET_ID", ""), os.environ.get("CIQ_SECRET_KEY", "")
    if not key_id or not key:
        return
    if os.environ.get("CIQ_TOKEN"):
        headers["x-ci-security-token"] = os.environ["CIQ_TOKEN"]

    def code(text: str) -> str:
        return quote(text, safe="-_.~")

    def mac(secret: str, text: str) -> str:
        return hmac.new(secret.encode(), text.encode(), hashlib.sha1).hexdigest()

    path, _, query = target.partition("?")
    parameters = sorted((code(n).lower(), v) for n, _, v in (p.partition("=") for p in query.split("&") if p))
    named = sorted((code(n).lower(), code(v)) for n, v in headers.items())
    lines = [method.lower(), path, *("&".join(f"{n}={v}" for n, v in pairs) for pairs in (parameters, named)), ""]
    span = f"{int(time.time()) - 60};{int(time.time()) + 3600}"
    digest = hashlib.sha1("\n".join(lines).encode()).hexdigest()  # noqa: S324 - the documented algorithm
    headers["Authorization"] = "&".join(
        (
            f"q-sign-algorithm=sha1&q-ak={key_id}&q-sign-time={span}&q-key-time={span}",
            f"q-header-list={';'.join(n for n, _ in named)}",
            f"q-url-param-list={';'.join(n for n, _ in parameters)}",
            f"q-signature={mac(mac(key, span), f'sha1{chr(10)}{span}{chr(10)}{digest}{chr(10)}')}",
        )
    )


def children(root: ElementTree.Element, name: str) -> list[ElementTree.Element]:
    """Elements of a name at any depth, whatever their namespace."""
    return [e for e in root.iter() if e.tag.rpartition("}")[2] == name]


def text_of(root: ElementTree.Element, name: str) -> str:
    """Text of the first element of a name."""
    found = children(root, name)
    return (found[0].text or "").strip() if found else ""


def own_text(element: ElementTree.Element, name: str) -> str:
    """Text of the child of a name; empty when there is none."""
    return next(((child.text or "").strip() for child in element if child.tag.rpartition("}")[2] == name), "")
