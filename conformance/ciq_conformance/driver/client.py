"""Sends one request, receives one response and records both: the only module that sends HTTP to the target.

Knows transport: connections, limits, closed intervals, redaction. Must not know operations or XML.
A transport error becomes part of the record (status 0 and a reason), not an exception. Only a stopped run raises, so
that scenarios unwind.

A connection that breaks before the response is complete says nothing about the target, so the client sends the request
again where that is safe. When it breaks at every attempt, the target closes it. `Exchange.lost` counts the attempts.
"""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.client import HTTPException
from urllib.parse import urljoin, urlsplit, urlunsplit

import requests
from urllib3.exceptions import HTTPError, IncompleteRead, NewConnectionError

from ciq_conformance.driver.lost_connections import LostConnections
from ciq_conformance.driver.recorder import RunRecorder
from ciq_conformance.driver.redaction import Redaction
from ciq_conformance.driver.request_deadline import RequestDeadline, kept_session
from ciq_conformance.driver.signing import Signing, signed_headers, signed_url
from ciq_conformance.driver.trust import HOW_TO_TRUST, NO_FILE, Trust, certificate_problem
from ciq_conformance.profile import Credentials
from ciq_schemas import __version__
from ciq_schemas.transcript.records import REPRODUCED, Exchange, HeaderField

MAX_ANSWER = 8 * 1024 * 1024
"""Longest response body in bytes; a longer one is cut and the exchange records that."""
_CHUNK = 64 * 1024
_IDLE = 1.0
"""Seconds after which an idle connection is not reused: the target may be closing it."""
_CONNECT = 10.0
_ERROR_BODY = 4096
_THROTTLED = (0.2, 0.5, 1.0, 2.0)
"""Seconds to wait before each retry of a request whose response was SlowDown."""
_MOVED = frozenset({301, 307, 308})
_MOST_MOVES = 3
"""Most redirects followed for one request; the next one is returned as the response."""
_REPEATABLE = frozenset({"GET", "PUT", "DELETE"})
_BEFORE_NEXT_ATTEMPT = 0.1
"""Seconds before the third and each further attempt of a request whose connection broke."""
_MOST_TIMEOUTS = 6
"""Responses that were not complete in time, after which the run is stopped: it would take hours."""


class Interrupted(Exception):  # noqa: N818 - a stop of the run, not an error
    """The run is being stopped; scenarios must not catch it."""


@dataclass(kw_only=True)
class Client:
    """HTTP/1.1 client with kept connections, one session per thread; ignores proxies in the environment.

    It follows a redirect only within the target's own address, so that no other host receives the keys.
    """

    base_url: str
    recorder: RunRecorder
    now: Callable[[], float]
    """Seconds on the run's clock, for the intervals."""
    wall: Callable[[], float] = time.time
    """Unix time, for signatures."""
    credentials: Credentials | None = None
    signed_prefix: bool = False
    """Signatures cover the path of `base_url` too."""
    sleep: Callable[[float], None] = time.sleep
    answer_within: float = 30.0
    """Longest wait for one complete answer."""
    trust: Trust = NO_FILE
    stopping: Callable[[], bool] = lambda: False
    stop: Callable[[str], None] = lambda _reason: None
    """Stops the run."""
    redaction: Redaction = field(init=False)
    connections: LostConnections = field(default_factory=LostConnections)
    _deadline: RequestDeadline = field(init=False, repr=False)
    _local: threading.local = field(default_factory=threading.local, repr=False)
    _sessions: list[requests.Session] = field(default_factory=list, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)
    _generation: int = 0
    """Number of times that all kept connections became unusable."""
    _closes: bool = False
    """The target closed a kept connection without announcing it."""
    _timeouts: int = 0

    def __post_init__(self) -> None:
        self.base_url = self.base_url.rstrip("/")
        self.redaction = Redaction.of(self.credentials)
        self._deadline = RequestDeadline(stopping=self.stopping)

    def send(
        self,
        method: str,
        target: str,
        *,
        host: str,
        scenario: str,
        step: str,
        feature: str = "",
        operation: str = "",
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
        signing: Signing = Signing.NORMAL,
        though_stopping: bool = False,
        repeatable: bool = False,
    ) -> Exchange:
        """Sends one request and returns the record of the exchange. `target` is path and query as sent.

        `repeatable`: the target may process the request twice without harm; so it may GET, PUT and DELETE.
        """
        if self.stopping() and not though_stopping:
            raise Interrupted
        sent = self._prepare(method, target, host, body, headers or {}, signing)
        if self._closes and method not in _REPEATABLE:
            self._drop()
        reused = self._reuse()
        outcome = self._try(sent, though_stopping)
        for wait in _THROTTLED:
            if not outcome.throttled:
                break
            # A documented response (1020 SlowDown, 1045/33700); the target has not processed the request.
            self.recorder.record_event(
                scenario, feature, "note", f"{step}: response SlowDown, sent again after {wait:g} s"
            )
            self.sleep(wait)
            outcome = self._try(sent, though_stopping)
        for _ in range(_MOST_MOVES):
            # PermanentRedirect 301 and TemporaryRedirect 307: "use Location" (1045/33700).
            moved = outcome.moved_to(self.base_url, host)
            if not moved:
                break
            self.recorder.record_event(
                scenario, feature, "note", f"{step}: response {outcome.status}, sent again to {moved}"
            )
            sent = self._prepare(method, moved, host, body, headers or {}, signing)
            outcome = self._try(sent, though_stopping)
        started = outcome.started
        self.connections.count(kept=reused, broken=outcome.broken)
        lost = int(outcome.broken)
        repeatable = repeatable or method in _REPEATABLE
        first_kept = outcome.closed and reused and (repeatable or not self._closes)
        if first_kept:
            # RFC 9112 9.3: the peer may close a kept connection at any time; that is no fault of the target. Afterwards
            # a request that must not be repeated gets its own connection; the first one is repeated.
            self._closes = True
        while outcome.broken and (first_kept or ((repeatable or not outcome.sent) and lost < REPRODUCED)):
            kept = " on a kept connection" if first_kept else ""
            self.recorder.record_event(scenario, feature, "note", f"{step}: {outcome.error}{kept}, sent again")
            if lost > 1:
                self.sleep(_BEFORE_NEXT_ATTEMPT)
            self._drop()
            first_kept = False
            outcome = self._try(sent, though_stopping)
            self.connections.count(kept=False, broken=outcome.broken)
            lost += outcome.broken
        if outcome.broken and lost >= REPRODUCED:
            self.connections.reproduced(lost)
        if method == "GET" or not lost:
            started = outcome.started  # what a GET reads was true during its last attempt
        return self.recorder.exchange(
            scenario=scenario,
            step=step,
            feature=feature,
            operation=operation,
            started=started,
            ended=outcome.ended,
            method=method,
            url=self.redaction.text(sent.url or ""),
            request_headers=self.redaction.headers(_fields(sent.headers)),
            request_body=self.redaction.body(body),
            status=outcome.status,
            response_headers=self.redaction.headers(outcome.headers),
            response_body=self.redaction.body(outcome.body),
            error=self.redaction.text(outcome.error),
            lost=lost,
        )

    def close(self) -> None:
        """Closes all connections of all threads."""
        self._deadline.close()
        with self._lock:
            sessions, self._sessions = self._sessions, []
        for session in sessions:
            session.close()

    def reconnect(self) -> None:
        """Discards all kept connections of all threads: the target was restarted."""
        self._generation += 1

    def _prepare(
        self, method: str, target: str, host: str, body: bytes, headers: Mapping[str, str], signing: Signing
    ) -> requests.PreparedRequest:
        named = {"Host": host, **({"Content-Type": "application/xml"} if body else {}), **headers}
        prefix = urlsplit(self.base_url).path if self.signed_prefix else ""
        if signing is Signing.IN_URL and self.credentials is not None:
            keys = self.credentials
            signed = signed_url(prefix + target, host=host, credentials=keys, method=method, now=self.wall())
            target = signed.removeprefix(prefix)
            signing = Signing.NONE
        final = signed_headers(
            named,
            credentials=self.credentials,
            method=method,
            target=prefix + target,
            now=self.wall(),
            signing=signing,
        )
        for name, value in (
            ("User-Agent", f"ciq-kit/{__version__}"),
            ("Accept", "*/*"),
            ("Accept-Encoding", "identity"),
        ):
            final.setdefault(name, value)
        prepared = requests.Request(method, self.base_url + "/", headers=final, data=body or None).prepare()
        prepared.url = self.base_url + target  # as given: requests would rewrite escapes
        return prepared

    def _try(self, sent: requests.PreparedRequest, though_stopping: bool) -> "_Outcome":
        opened = self._session()
        outcome = _Outcome(started=self.now())
        if self._deadline.gave_up:
            outcome.error = "not sent: the target sent no complete response after the run was stopped"
            outcome.ended = outcome.started
            return outcome
        with self._deadline.limit(self.answer_within, though_stopping=though_stopping) as request:
            self._receive(sent, opened, outcome)
        if request.stopped:
            self._drop()
            raise Interrupted
        if request.late:
            outcome.error = f"no complete response within {self.answer_within:g} s"
            outcome.closed = outcome.broken = False
            self._count_timeout()
        elif not outcome.error:
            self._deadline.completed(request)
        if outcome.error:
            outcome.status = 0
            self._drop()
        outcome.ended = self.now()
        self._local.used = time.monotonic()
        self._local.generation = self._generation
        return outcome

    def _receive(self, sent: requests.PreparedRequest, opened: requests.Session, outcome: "_Outcome") -> None:
        try:
            answer = opened.send(
                sent,
                stream=True,
                allow_redirects=False,
                verify=self.trust.verify,
                timeout=(min(_CONNECT, self.answer_within), self.answer_within),
                proxies={},
            )
            outcome.unanswered = False
            outcome.status = answer.status_code
            outcome.headers = tuple((str(k), str(v)) for k, v in answer.raw.headers.items())
            outcome.body, outcome.error = _read(answer)
        except (requests.RequestException, HTTPError, HTTPException, OSError, ValueError) as error:
            outcome.error = _reason(error, self.answer_within, self.trust)
            outcome.closed = outcome.unanswered and _is_closed(error)
            outcome.broken = _is_closed(error) or (not outcome.unanswered and _is_cut(error))
            outcome.sent = not _is_refused(error)
            if not outcome.unanswered:
                outcome.error += f" (after status {outcome.status})"

    def _count_timeout(self) -> None:
        with self._lock:
            self._timeouts += 1
            many = self._timeouts >= _MOST_TIMEOUTS
        if many and not self.stopping():
            self.stop(
                f"the target left {_MOST_TIMEOUTS} requests without a complete response within {self.answer_within:g} s"
            )

    def _reuse(self) -> bool:
        """Returns whether this thread's connection was used and is recent enough to reuse."""
        used: float | None = getattr(self._local, "used", None)
        if used is None:
            return False
        if time.monotonic() - used > _IDLE or self._local.generation != self._generation:
            self._drop()
            return False
        return getattr(self._local, "session", None) is not None

    def _session(self) -> requests.Session:
        opened: requests.Session | None = getattr(self._local, "session", None)
        if opened is None:
            opened = kept_session()
            self._local.session = opened
            with self._lock:
                self._sessions.append(opened)
        return opened

    def _drop(self) -> None:
        opened: requests.Session | None = getattr(self._local, "session", None)
        if opened is None:
            return
        opened.close()
        self._local.session = None
        with self._lock:
            if opened in self._sessions:
                self._sessions.remove(opened)


@dataclass(slots=True)
class _Outcome:
    started: float
    ended: float = 0.0
    status: int = 0
    headers: tuple[HeaderField, ...] = ()
    body: bytes = b""
    error: str = ""
    unanswered: bool = True
    """No status line was received."""
    closed: bool = False
    """The peer closed the connection instead of sending a response."""
    broken: bool = False
    """The connection broke before the response was complete."""
    sent: bool = True
    """The target may have received the request."""

    @property
    def throttled(self) -> bool:
        """The target requests a lower rate and has not processed the request."""
        return self.status in (429, 503) and b"SlowDown" in self.body[:_ERROR_BODY]

    def moved_to(self, base_url: str, host: str) -> str:
        """Path and query of a redirect within the target; empty without one or when it leaves the target."""
        location = next((value for name, value in self.headers if name.lower() == "location"), "")
        if self.status not in _MOVED or not location:
            return ""
        try:
            place = urlsplit(urljoin(base_url + "/", location))
            base = urlsplit(base_url)
            ours = place.netloc == base.netloc or place.hostname == host_of(f"//{host}")
        except ValueError:
            return ""
        path = place.path.removeprefix(base.path) if place.path.startswith(f"{base.path}/") else place.path
        return urlunsplit(("", "", path or "/", place.query, "")) if ours else ""


def _read(answer: requests.Response) -> tuple[bytes, str]:
    """Returns the body and why it is incomplete (empty when it is complete)."""
    parts: list[bytes] = []
    size = 0
    for part in answer.iter_content(_CHUNK):
        parts.append(part)
        size += len(part)
        if size > MAX_ANSWER:
            return b"".join(parts)[:MAX_ANSWER], f"the response is longer than {MAX_ANSWER} bytes"
    return b"".join(parts), ""


def _fields(headers: Mapping[str, str | bytes]) -> tuple[HeaderField, ...]:
    return tuple(
        (name, value if isinstance(value, str) else value.decode("latin-1")) for name, value in headers.items()
    )


def _reason(error: Exception, limit: float, trust: Trust) -> str:
    """Describes a transport error in one sentence."""
    match error:
        case requests.exceptions.ConnectTimeout():
            return "the target did not accept the connection in time"
        case requests.exceptions.ReadTimeout():
            return f"no complete response within {limit:g} s"
        case requests.exceptions.SSLError():
            problem = certificate_problem(error)
            if problem:
                trusted = f"those in {trust.file}" if trust.file else "the usual public ones"
                return f"its certificate is not trusted ({problem}; trusted are {trusted}): {HOW_TO_TRUST}"
            text = _innermost(error)
            if "WRONG_VERSION_NUMBER" in text or "RECORD_LAYER_FAILURE" in text:
                return f"TLS failed, the port seems to serve plain HTTP: use http:// ({text})"
            return f"TLS failed: {text}"
        case requests.exceptions.ConnectionError():
            text = _innermost(error)
            if "refused" in text.lower():
                return "connection refused"
            return "the target closed the connection without a response" if "RemoteDisconnected" in text else text
        case _:
            return f"{type(error).__name__}: {_innermost(error)}"


def _is_closed(error: Exception) -> bool:
    timed_out = isinstance(error, requests.exceptions.Timeout | requests.exceptions.SSLError)
    return isinstance(error, requests.exceptions.ConnectionError) and not timed_out


def _is_cut(error: Exception) -> bool:
    """Whether the connection ended within the response."""
    return isinstance(error, requests.exceptions.ChunkedEncodingError | IncompleteRead | ConnectionError)


def _is_refused(error: Exception) -> bool:
    """Whether no connection was made, so that the target did not receive the request."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, NewConnectionError | ConnectionRefusedError):
            return True
        reason = getattr(seen, "reason", None)
        seen = reason if isinstance(reason, BaseException) else seen.__cause__ or seen.__context__
    return False


def _innermost(error: BaseException) -> str:
    seen = error
    while True:
        nested = seen.__cause__ or seen.__context__
        reason = getattr(seen, "reason", None)
        if isinstance(reason, BaseException):
            nested = reason
        if nested is None or nested is seen:
            break
        seen = nested
    return f"{type(seen).__name__}: {seen}" if str(seen) else type(seen).__name__


def host_of(url: str) -> str:
    """Host name of a URL, without port."""
    return urlsplit(url).hostname or ""
