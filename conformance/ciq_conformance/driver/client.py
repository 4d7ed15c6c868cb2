"""Sends one request, reads one answer, records both: the only place that speaks HTTP to the target.

Knows transport: connections, limits, deadlines, closed intervals, redaction. Must not know operations or XML.
What goes wrong on the way is part of the record (status 0 and a reason), never an exception: only a run that is being
stopped raises, so that scenarios unwind.
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
from ciq_conformance.driver.signing import Signing, signed_headers
from ciq_conformance.profile import Credentials
from ciq_schemas import __version__
from ciq_schemas.transcript.records import Exchange, HeaderField

MAX_ANSWER = 8 * 1024 * 1024
"""Longest answer read; what is longer is cut and the exchange says so."""
_CHUNK = 64 * 1024
_IDLE = 1.0
"""A connection unused for longer is not used again: the target may be closing it just now (seconds)."""
_CONNECT = 10.0
_ERROR_BODY = 4096
_THROTTLED = (0.2, 0.5, 1.0, 2.0)
"""Seconds before a request is sent again that was answered SlowDown."""
_MOVED = frozenset({301, 307, 308})
_MOST_MOVES = 3
"""Redirects followed for one request; the next one is the answer."""
_REPEATABLE = frozenset({"GET", "PUT", "DELETE"})


class Interrupted(Exception):  # noqa: N818 - a stop of the run, not an error
    """The run is being stopped; scenarios let it pass."""


@dataclass(kw_only=True)
class Client:
    """HTTP/1.1 with kept connections, one session a thread; no proxies from the environment.

    A redirect is followed where it stays with the target: keys are shown to nobody else.
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
    """Counts what has made all kept connections useless."""
    _closes: bool = False
    """The target was seen to close a kept connection without saying so."""

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
        """Make one exchange and return its record. `target` is path and query as they go on the wire."""
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
            # A documented answer (1020 SlowDown, 1045/33700) that says nothing of what was asked.
            self.recorder.record_event(
                scenario, feature, "note", f"{step}: answered SlowDown, sent again after {wait:g} s"
            )
            self.sleep(wait)
            outcome = self._try(sent)
        for _ in range(_MOST_MOVES):
            # PermanentRedirect 301 and TemporaryRedirect 307: "use Location" (1045/33700).
            moved = outcome.moved_to(self.base_url, host)
            if not moved:
                break
            self.recorder.record_event(
                scenario, feature, "note", f"{step}: answered {outcome.status}, sent again to {moved}"
            )
            sent = self._prepare(method, moved, host, body, headers or {}, signing)
            outcome = self._try(sent)
        if outcome.closed and reused and (method in _REPEATABLE or not self._closes):
            # RFC 9112 9.3: a kept connection may be closed by the peer at any time; not the target's fault. What may
            # not be repeated gets a connection of its own as soon as that is known; the first one is repeated.
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
        """Close all connections of all threads."""
        with self._lock:
            sessions, self._sessions = self._sessions, []
        for session in sessions:
            session.close()

    def reconnect(self) -> None:
        """Use no kept connection of any thread again: the target has been restarted."""
        self._generation += 1

    def _prepare(
        self, method: str, target: str, host: str, body: bytes, headers: Mapping[str, str], signing: Signing
    ) -> requests.PreparedRequest:
        named = {"Host": host, **({"Content-Type": "application/xml"} if body else {}), **headers}
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
        """True when this thread's connection has been used and is fresh enough to use again."""
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
    """Not even a status line came."""
    closed: bool = False
    """The connection was closed instead of an answer."""

    @property
    def throttled(self) -> bool:
        """The target asks for fewer requests; it has not done what was asked."""
        return self.status in (429, 503) and b"SlowDown" in self.body[:_ERROR_BODY]

    def moved_to(self, base_url: str, host: str) -> str:
        """Path and query to which the answer moves the request, empty where it does not or leaves the target."""
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
    """The body, and why it is not whole (empty when it is)."""
    parts: list[bytes] = []
    size = 0
    for part in answer.iter_content(_CHUNK):
        parts.append(part)
        size += len(part)
        if size > MAX_ANSWER:
            return b"".join(parts)[:MAX_ANSWER], f"the answer is longer than {MAX_ANSWER} bytes"
        if time.monotonic() > deadline:
            return b"".join(parts), f"the answer was not complete within {limit:g} s"
    return b"".join(parts), ""


def _fields(headers: Mapping[str, str | bytes]) -> tuple[HeaderField, ...]:
    return tuple(
        (name, value if isinstance(value, str) else value.decode("latin-1")) for name, value in headers.items()
    )


def _reason(error: Exception, limit: float) -> str:
    """One plain sentence for what went wrong on the way."""
    match error:
        case requests.exceptions.ConnectTimeout():
            return "the connection was not accepted in time"
        case requests.exceptions.ReadTimeout():
            return f"no answer within {limit:g} s"
        case requests.exceptions.SSLError():
            return f"TLS failed: {_innermost(error)}"
        case requests.exceptions.ConnectionError():
            text = _innermost(error)
            if "refused" in text.lower():
                return "connection refused"
            return "the target closed the connection without an answer" if "RemoteDisconnected" in text else text
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
