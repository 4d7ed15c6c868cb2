"""The callback receiver: an HTTP server that issues addresses and stores the callbacks it receives.

Knows channels, tokens, behaviours and limits. Must not interpret a callback (`ParsedCallback` reads it on demand).
Each address contains an unguessable token, so that only requests to an issued address count as callbacks.
"""

import logging
import re
import secrets
import threading
import time
import traceback
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from urllib.parse import urlsplit

from pytest_httpserver import HTTPServer
from werkzeug import Request, Response
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from ciq_conformance.driver.client import Interrupted
from ciq_conformance.driver.connection_limits import ConnectionLimits, close
from ciq_conformance.driver.recorder import RunRecorder
from ciq_conformance.driver.redaction import Redaction
from ciq_conformance.scenario_spec import BROKE_OFF, CALLBACKS_DROPPED, RECEIVER_NOTES, UNKNOWN_ADDRESS
from ciq_schemas.transcript.parsed import ParsedCallback

MAX_BODY = 4 * 1024 * 1024
MAX_STRAY = 20
"""Most requests to unknown addresses that are recorded; further ones are only counted."""
MAX_OF_CHANNEL, MAX_OF_RUN, MAX_BYTES = 5_000, 50_000, 128 * 1024 * 1024
"""Most callbacks to one address, most in a run, and most bytes of their bodies; further ones are only counted."""
MAX_OPEN = 256
"""Most connections that are served at once; a further one is closed."""
RECEIVE_WITHIN = 30.0
"""Seconds from the connection to the last byte of its request; then the receiver closes it."""
_LOOK_AGAIN = 0.25
"""Seconds between two checks of a wait for a stopped run."""

_BACKLOG = 2048


class _Server(HTTPServer):
    """pytest-httpserver without its unbounded log, with a body limit and a prompt stop."""

    def application(self, request: Request) -> Response:
        request.max_content_length = MAX_BODY
        return self.dispatch(request)

    def thread_target(self) -> None:
        if self.server is not None:
            self.server.serve_forever(poll_interval=0.05)


@dataclass(slots=True)
class _Behaviour:
    status: int
    times: int
    late: float


@dataclass(kw_only=True)
class CallbackReceiver:
    """Implements `scenario_context.Receiver`. A context manager; or call `start` and `close`."""

    recorder: RunRecorder
    now: Callable[[], float]
    bind: str = "127.0.0.1:0"
    public_url: str = ""
    """Base addresses as the target sees them, separated by commas; empty means the listening address. The channels take
    them in turn."""
    redaction: Redaction = field(default_factory=Redaction)
    stopping: Callable[[], bool] = lambda: False
    stray: int = 0
    """Number of requests to addresses that were never issued."""
    broken_off: int = 0
    """Number of requests that ended before their body did."""
    dropped: int = 0
    """Number of callbacks beyond the limits."""
    _server: _Server = field(init=False, repr=False)
    _tokens: dict[str, str] = field(default_factory=dict, repr=False)
    _channels: dict[str, str] = field(default_factory=dict, repr=False)
    _behaviours: dict[str, list[_Behaviour]] = field(default_factory=dict, repr=False)
    _callbacks: list[ParsedCallback] = field(default_factory=list, repr=False)
    _counts: Counter[str] = field(default_factory=Counter, repr=False)
    """Callbacks by channel."""
    _bytes: int = 0
    _changed: threading.Condition = field(default_factory=threading.Condition, repr=False)
    _closing: threading.Event = field(default_factory=threading.Event, repr=False)
    _limits: ConnectionLimits = field(init=False, repr=False)

    def __post_init__(self) -> None:
        host, _, port = self.bind.rpartition(":")
        self._server = _Server(host=host.strip("[]"), port=int(port), threaded=True)
        self._server.expect_request(re.compile(".*")).respond_with_handler(self._receive)

    def __enter__(self) -> "CallbackReceiver":
        self.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def start(self) -> None:
        """Starts to listen; raises OSError when the address is not available."""
        logger = logging.getLogger("werkzeug")
        if logger.level == logging.NOTSET:  # else werkzeug prints a line for each request
            logger.setLevel(logging.ERROR)
        self._closing.clear()
        self._server.start()
        # A target with many workers may call back hundreds of times at once, each time on a new connection.
        if self._server.server is not None:
            self._server.server.socket.listen(_BACKLOG)
            self._limits = ConnectionLimits(at_once=MAX_OPEN, receive_within=RECEIVE_WITHIN)
            self._limits.apply_to(self._server.server)

    def close(self) -> None:
        """Stops listening; an exception in a handler becomes an event that fails the suite."""
        self._closing.set()
        self._server.stop()
        try:
            self._server.check()
        except Exception:  # any exception of a handler
            self.recorder.record_event("run", "", "crashed", traceback.format_exc())

    @property
    def base_url(self) -> str:
        """The receiver's first address as the target sees it, without a trailing slash."""
        return self.base_urls[0]

    @property
    def base_urls(self) -> tuple[str, ...]:
        """All addresses of the receiver as the target sees them, without trailing slashes."""
        return tuple(url.rstrip("/") for url in (self.public_url or self._server.url_for("")).split(","))

    @property
    def listens_at(self) -> str:
        """Host and port where the receiver listens; the port is the one in use where the setting is 0."""
        return f"{self._server.host}:{self._server.port}"

    def address(self, channel: str, suffix: str = "") -> str:
        """Returns the address of a channel, always the same one."""
        with self._changed:
            token = self._tokens.get(channel)
            if token is None:
                token = secrets.token_urlsafe(12)
                self._tokens[channel] = token
                self._channels[token] = channel
            urls = self.base_urls
            base = urls[list(self._tokens).index(channel) % len(urls)]
        return f"{base}/cb/{token}{suffix}"

    def arrivals(self, *channels: str) -> tuple[ParsedCallback, ...]:
        """Returns the callbacks received so far, in order of arrival."""
        with self._changed:
            callbacks = tuple(self._callbacks)
        return tuple(n for n in callbacks if not channels or n.arrival.channel in channels)

    def answer(self, channel: str, status: int, times: int, *, late: float = 0.0) -> None:
        """Sends `status` to the next `times` requests on the channel, after `late` seconds; 0 closes the connection.

        Applies after earlier calls for the channel are used up.
        """
        with self._changed:
            self._behaviours.setdefault(channel, []).append(_Behaviour(status, times, late))

    def wait(self, condition: Callable[[], bool], within: float) -> bool:
        """Waits until `condition` holds, at most `within` seconds; raises Interrupted when the run is stopped."""
        deadline = time.monotonic() + within
        while True:
            with self._changed:
                seen = len(self._callbacks)
            if condition():
                return True
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            if self.stopping():
                raise Interrupted
            with self._changed:
                if len(self._callbacks) == seen:
                    self._changed.wait(min(left, _LOOK_AGAIN))

    def _receive(self, request: Request) -> Response:
        started = self.now()
        target = str(request.environ.get("RAW_URI", request.full_path))
        try:
            body = request.get_data(cache=False)
        except RequestEntityTooLarge:
            self.recorder.record_event(RECEIVER_NOTES, "", "note", f"a body longer than {MAX_BODY} bytes was rejected")
            return Response(status=413)
        except (HTTPException, OSError) as error:  # werkzeug: ClientDisconnected, a bad chunk, a reset connection
            return self._reject_broken_off(request.method, target, error)
        self._limits.received(request.environ.get("werkzeug.socket"))
        channel = self._channel_of(target)
        if channel is None:
            return self._reject_unknown_address(request.method, target)
        if self._is_over_limit(channel, len(body)):
            return Response(status=503)
        status, late = self._next_answer(channel)
        feature, _, rest = channel.partition(".")
        arrival = self.recorder.arrival(
            scenario=rest.partition(".")[0],
            feature=feature,
            channel=channel,
            started=started,
            ended=self.now(),
            method=request.method,
            target=target,
            headers=self.redaction.headers(tuple((str(k), str(v)) for k, v in request.headers.items())),
            body=body,
            answered=status,
        )
        with self._changed:
            self._callbacks.append(ParsedCallback(arrival))
            self._changed.notify_all()
        if late:
            self._closing.wait(late)  # each request has its own thread
        if status == 0:
            close(request.environ.get("werkzeug.socket"))
            status = 200  # not sent: the connection is closed
        return Response(status=status)

    def _channel_of(self, target: str) -> str | None:
        path = urlsplit(target).path if "://" in target else target.partition("?")[0]
        # An address may have a prefix of its own, which a gateway keeps or removes.
        parts = path.split("/")
        tokens = [token for before, token in pairwise(parts) if before == "cb"]
        with self._changed:
            return next((self._channels[token] for token in tokens if token in self._channels), None)

    def _next_answer(self, channel: str) -> tuple[int, float]:
        """Returns the status and the seconds to wait before sending it."""
        with self._changed:
            behaviours = self._behaviours.get(channel, [])
            while behaviours and behaviours[0].times <= 0:
                behaviours.pop(0)
            if not behaviours:
                return 200, 0.0
            behaviours[0].times -= 1
            return behaviours[0].status, behaviours[0].late

    def _is_over_limit(self, channel: str, size: int) -> bool:
        """Counts a callback; returns whether it is one too many. The first one is noted."""
        with self._changed:
            over = (
                self._counts[channel] >= MAX_OF_CHANNEL
                or len(self._callbacks) >= MAX_OF_RUN
                or self._bytes + size > MAX_BYTES
            )
            if not over:
                self._counts[channel] += 1
                self._bytes += size
                return False
            self.dropped += 1
            first = self.dropped == 1
        if first:
            text = f"{CALLBACKS_DROPPED}: {self._counts[channel]} arrived on {channel}, {len(self._callbacks)} in all"
            self.recorder.record_event(RECEIVER_NOTES, "", "note", text)
        return True

    def _reject_broken_off(self, method: str, target: str, error: Exception) -> Response:
        with self._changed:
            self.broken_off += 1
            count = self.broken_off
        if count <= MAX_STRAY:
            text = f"{method} {target[:200]} {BROKE_OFF} ({type(error).__name__})"
            self.recorder.record_event(RECEIVER_NOTES, "", "note", text)
        return Response(status=400)

    def _reject_unknown_address(self, method: str, target: str) -> Response:
        with self._changed:
            self.stray += 1
            count = self.stray
        if count <= MAX_STRAY:
            text = f"{method} {target[:200]} reached the receiver at {UNKNOWN_ADDRESS}"
            self.recorder.record_event(RECEIVER_NOTES, "", "note", text)
        return Response(status=404)
