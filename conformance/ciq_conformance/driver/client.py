"""Sends one request, receives one response and records both: the only module that sends HTTP to the target.

Knows transport: connections, limits, deadlines, closed intervals, redaction. Must not know operations or XML.
A transport error becomes part of the record (status 0 and a reason), not an exception. Only a stopped run raises, so
that scenarios unwind.
"""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.client import HTTPException
from urllib.parse import urljoin, urlsplit, urlunsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import HTTPError

from ciq_conformance.driver.recorder import RunRecorder
from ciq_conformance.driver.redaction import Redaction
from ciq_conformance.driver.signing import Signing, signed_headers, signed_url
from ciq_conformance.profile import Credentials
from ciq_schemas import __version__
from ciq_schemas.transcript.records import Exchange, HeaderField

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
    sleep: Callable[[float], None] = time.sleep
    answer_within: float = 30.0
    """Longest wait for one complete answer."""
    stopping: Callable[[], bool] = lambda: False
    redaction: Redaction = field(init=False)
    _local: threading.local = field(default_factory=threading.local, repr=False)
    _sessions: list[requests.Session] = field(default_factory=list, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)
    _generation: int = 0
    """Number of times that all kept connections became unusable."""
    _closes: bool = False
    """The target closed a kept connection without announcing it."""

    def __post_init__(self) -> None:
        self.base_url = self.base_url.rstrip("/")
        self.redaction = Redaction.of(self.credentials)

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
    ) -> Exchange:
        """Sends one request and returns the record of the exchange. `target` is path and query as sent."""
        if self.stopping() and not though_stopping:
            raise Interrupted
        sent = self._prepare(method, target, host, body, headers or {}, signing)
        if self._closes and method not in _REPEATABLE:
            self._drop()
        reused = self._reuse()
        outcome = self._try(sent)
        for wait in _THROTTLED:
            if not outcome.throttled:
                break
            # A documented response (1020 SlowDown, 1045/33700); the target has not processed the request.
            self.recorder.record_event(
                scenario, feature, "note", f"{step}: response SlowDown, sent again after {wait:g} s"
            )
            self.sleep(wait)
            outcome = self._try(sent)
        for _ in range(_MOST_MOVES):
            # PermanentRedirect 301 and TemporaryRedirect 307: "use Location" (1045/33700).
            moved = outcome.moved_to(self.base_url, host)
            if not moved:
                break
            self.recorder.record_event(
                scenario, feature, "note", f"{step}: response {outcome.status}, sent again to {moved}"
            )
            sent = self._prepare(method, moved, host, body, headers or {}, signing)
            outcome = self._try(sent)
        if outcome.closed and reused and (method in _REPEATABLE or not self._closes):
            # RFC 9112 9.3: the peer may close a kept connection at any time; that is no fault of the target. Afterwards
            # a request that must not be repeated gets its own connection; the first one is repeated.
            self._closes = True
            self.recorder.record_event(
                scenario, feature, "note", f"{step}: {outcome.error} on a kept connection, sent again"
            )
            self._drop()
            outcome = self._try(sent)
        return self.recorder.exchange(
            scenario=scenario,
            step=step,
            feature=feature,
            operation=operation,
            started=outcome.started,
            ended=outcome.ended,
            method=method,
            url=self.redaction.text(sent.url or ""),
            request_headers=self.redaction.headers(_fields(sent.headers)),
            request_body=self.redaction.body(body),
            status=outcome.status,
            response_headers=self.redaction.headers(outcome.headers),
            response_body=self.redaction.body(outcome.body),
            error=self.redaction.text(outcome.error),
        )

    def close(self) -> None:
        """Closes all connections of all threads."""
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
        if signing is Signing.IN_URL and self.credentials is not None:
            target = signed_url(target, host=host, credentials=self.credentials, method=method, now=self.wall())
            signing = Signing.NONE
        final = signed_headers(
            named,
            credentials=self.credentials,
            method=method,
            target=target,
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

    def _try(self, sent: requests.PreparedRequest) -> "_Outcome":
        session = self._session()
        deadline = time.monotonic() + self.answer_within
        outcome = _Outcome(started=self.now())
        try:
            answer = session.send(
                sent,
                stream=True,
                allow_redirects=False,
                verify=True,
                timeout=(min(_CONNECT, self.answer_within), self.answer_within),
                proxies={},
            )
            outcome.unanswered = False
            outcome.status = answer.status_code
            outcome.headers = tuple((str(k), str(v)) for k, v in answer.raw.headers.items())
            outcome.body, outcome.error = _read(answer, deadline, self.answer_within)
        except (requests.RequestException, HTTPError, HTTPException, OSError, ValueError) as error:
            outcome.error = _reason(error, self.answer_within)
            outcome.closed = outcome.unanswered and _is_closed(error)
            if not outcome.unanswered:
                outcome.error += f" (after status {outcome.status})"
        if outcome.error:
            outcome.status = 0
            self._drop()
        outcome.ended = self.now()
        self._local.used = time.monotonic()
        self._local.generation = self._generation
        return outcome

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
        session: requests.Session | None = getattr(self._local, "session", None)
        if session is None:
            session = requests.Session()
            session.trust_env = False
            adapter = HTTPAdapter(pool_connections=1, pool_maxsize=1, max_retries=0)
            session.mount("http://", adapter)
            session.mount("https://", adapter)
            self._local.session = session
            with self._lock:
                self._sessions.append(session)
        return session

    def _drop(self) -> None:
        session: requests.Session | None = getattr(self._local, "session", None)
        if session is None:
            return
        session.close()
        self._local.session = None
        with self._lock:
            if session in self._sessions:
                self._sessions.remove(session)


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
            ours = place.netloc == urlsplit(base_url).netloc or place.hostname == host_of(f"//{host}")
        except ValueError:
            return ""
        return urlunsplit(("", "", place.path or "/", place.query, "")) if ours else ""


def _read(answer: requests.Response, deadline: float, limit: float) -> tuple[bytes, str]:
    """Returns the body and why it is incomplete (empty when it is complete)."""
    parts: list[bytes] = []
    size = 0
    for part in answer.iter_content(_CHUNK):
        parts.append(part)
        size += len(part)
        if size > MAX_ANSWER:
            return b"".join(parts)[:MAX_ANSWER], f"the response is longer than {MAX_ANSWER} bytes"
        if time.monotonic() > deadline:
            return b"".join(parts), f"the response was not complete within {limit:g} s"
    return b"".join(parts), ""


def _fields(headers: Mapping[str, str | bytes]) -> tuple[HeaderField, ...]:
    return tuple(
        (name, value if isinstance(value, str) else value.decode("latin-1")) for name, value in headers.items()
    )


def _reason(error: Exception, limit: float) -> str:
    """Describes a transport error in one sentence."""
    match error:
        case requests.exceptions.ConnectTimeout():
            return "the target did not accept the connection in time"
        case requests.exceptions.ReadTimeout():
            return f"no response within {limit:g} s"
        case requests.exceptions.SSLError():
            return f"TLS failed: {_innermost(error)}"
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
