"""All settings of the mock, as one frozen value with defaults and bounds. Must not read files or the environment.

Times are seconds, sizes are bytes. A behaviour that no document defines is a setting.
"""

import ipaddress
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from ciq_mock.clock import ClockKind
from ciq_mock.engine.values import EngineRules, Failure, HeldReading
from ciq_schemas.features import Feature

DEFAULT_BUCKET = "examplebucket-1250000000"
DEFAULT_REGION = "ap-chongqing"
_HOST = re.compile(r"[a-z0-9]([a-z0-9_.-]{0,251}[a-z0-9])?|[0-9a-f:]{2,39}")


class SettingError(ValueError):
    """A setting is out of its bounds; the message names the setting, its value and the allowed values."""


def _need(holds: bool, name: str, value: object, allowed: str) -> None:
    if not holds:
        raise SettingError(f"{name} is {value!r}, but must be {allowed}")


def _seconds(name: str, value: float) -> None:
    _need(math.isfinite(value) and value >= 0, name, value, "a finite number of seconds from 0")


def _is_network(text: str) -> bool:
    try:
        ipaddress.ip_network(text)
    except ValueError:
        return False
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """A key pair that may sign requests. With a token it is temporary, and each request must carry the token."""

    secret_id: str
    secret_key: str = field(repr=False)
    token: str = field(default="", repr=False)


class RuleMoment(StrEnum):
    """When the mock reads the queue's callback rule (not documented)."""

    END = "end"
    SUBMIT = "submit"


class Shutdown(StrEnum):
    """What happens to pending callbacks when the mock stops."""

    DRAIN = "drain"
    """Each gets one last attempt immediately, within `drain_timeout`."""
    DROP = "drop"


class Certificate(StrEnum):
    """What the mock's server certificates are like; all but the first are faults."""

    SOUND = "sound"
    EXPIRED = "expired"
    WRONG_NAME = "wrong-name"
    UNKNOWN_AUTHORITY = "unknown-authority"


class Handshake(StrEnum):
    """How the mock completes TLS handshakes; all but the first are faults."""

    COMPLETE = "complete"
    CUT = "cut"
    SLOW = "slow"


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsSettings:
    """TLS on the port, beside plain HTTP, and CONNECT to hosts of the service."""

    enabled: bool = False
    names: tuple[str, ...] = ()
    """Host names and IP addresses of the mock, beside the service's domains, `localhost` and the loopback addresses."""
    certificate: Certificate = Certificate.SOUND
    handshake: Handshake = Handshake.COMPLETE
    handshake_delay: float = 5.0
    """Seconds before a slow handshake begins."""

    def __post_init__(self) -> None:
        for name in self.names:
            _need(bool(_HOST.fullmatch(name)), "tls.names", name, "host names such as mock.test, or IP addresses")
        _seconds("tls.handshake_delay", self.handshake_delay)


@dataclass(frozen=True, slots=True, kw_only=True)
class AdminSettings:
    """Who may use the admin pages under `/_ciq/`."""

    token: str = field(default="", repr=False)
    """Required in every admin request. Empty: none on loopback; a random token when the mock listens beyond it."""
    hosts: tuple[str, ...] = ()
    """Host names of the mock beside `localhost`; requests under other names are refused."""
    read_only: bool = False
    """True refuses every request under `/_ciq/` that changes the mock, and the console shows no forms."""

    def __post_init__(self) -> None:
        _need(
            not self.token or (len(self.token) >= 16 and self.token.isascii() and self.token.isprintable()),
            "admin.token",
            "(not shown)",
            "empty or at least 16 printable ASCII characters",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class FailureByInput:
    """Jobs whose input key begins with `prefix` end Failed."""

    prefix: str
    failure: Failure


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliverySettings:
    """How callbacks are sent. None of it is documented (neither in 1045/43607 nor on the callback pages)."""

    timeout: float = 5.0
    """For one attempt, connecting included; real seconds with every clock."""
    retry_after: tuple[float, ...] = (1.0, 5.0)
    """Wait before each further attempt, from the end of the last; empty = one attempt only."""
    concurrency: int = 256
    """Attempts in progress at the same time."""
    per_address: int = 64
    """Attempts in progress to one host and port: limits how much a receiver that hangs delays the others."""
    per_host: int = 128
    """Attempts in progress to all ports of one host."""
    delay: float = 0.0
    """Wait before the first attempt."""
    stagger: float = 0.0
    """Extra wait of every second callback, so that callbacks overtake each other."""
    copies: int = 1
    """How often each callback is delivered."""
    user_agent: str = "Go-http-client/1.1"
    forbid_private: bool | None = None
    """True refuses loopback, private and other non-public addresses (in the documents: “no intranet address”). None
    refuses them when the mock listens beyond loopback."""
    networks: tuple[str, ...] = ()
    """Networks such as `10.1.0.0/16` whose addresses are allowed although `forbid_private` refuses private ones."""
    verify_tls: bool = True
    ca_file: str = ""
    """File with the certificates that are trusted at HTTPS receivers; empty for those of the machine."""
    max_pending: int = 200_000
    """Maximum of pending callbacks; further ones are dropped, with an entry in the log."""
    log_size: int = 20_000
    sink_size: int = 10_000
    """Newest messages of one TDMQ or Kafka name."""
    shutdown: Shutdown = Shutdown.DRAIN
    drain_timeout: float = 3.0

    def __post_init__(self) -> None:
        for name in ("timeout", "delay", "stagger", "drain_timeout"):
            _seconds(f"delivery.{name}", getattr(self, name))
        for wait in self.retry_after:
            _seconds("delivery.retry_after", wait)
        for name in ("concurrency", "per_address", "per_host", "copies", "max_pending", "log_size", "sink_size"):
            _need(getattr(self, name) >= 1, f"delivery.{name}", getattr(self, name), "at least 1")
        for network in self.networks:
            _need(_is_network(network), "delivery.networks", network, "networks such as 10.1.0.0/16")
        _need(self.timeout > 0, "delivery.timeout", self.timeout, "more than 0 s")


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Limits on requests, so that no request exhausts memory or blocks a connection."""

    body: int = 1024 * 1024
    request_line: int = 16 * 1024
    header_bytes: int = 64 * 1024
    header_count: int = 128
    framing: int = 64 * 1024
    """Bytes of a body that are not content: chunk sizes, chunk extensions, trailers. Each byte of content adds 16."""
    header_timeout: float = 10.0
    """From the first byte of a request to the end of its headers."""
    body_timeout: float = 30.0
    keep_alive: float = 75.0
    connections: int = 4096
    ids: int = 10
    """Ids in one describe, cancel or queue list (1045/73113, 436/120620, 1045/72939)."""
    page_size: int = 100
    """Largest size of a page."""
    templates: int = 1000
    """Templates of one bucket; the limit is documented (1045/33700, 1110), its value is not."""
    vocabularies: int = 1000
    """Tables of hot words of one bucket."""
    url_length: int = 2048

    def __post_init__(self) -> None:
        for name in self.__slots__:
            _need(getattr(self, name) > 0, f"limits.{name}", getattr(self, name), "more than 0")


class UnknownInput(StrEnum):
    """What happens to a job whose input is not in the object store (the documents do not say where that shows)."""

    ACCEPT = "accept"
    """The job runs as if the object existed."""
    FAIL = "fail"
    """The job is accepted and ends Failed."""
    REFUSE = "refuse"
    """The submit is refused."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectSettings:
    """Limits of the object store, so that memory stays bounded."""

    largest: int = 16 * 1024 * 1024
    """Bytes of one object."""
    total: int = 128 * 1024 * 1024
    """Bytes of all objects, unfinished uploads included."""
    count: int = 10_000
    """Number of objects."""
    outputs: int = 20_000
    """Newest outputs of jobs that clients can download."""
    unknown_input: UnknownInput = UnknownInput.ACCEPT

    def __post_init__(self) -> None:
        for name in ("largest", "total", "count", "outputs"):
            _need(getattr(self, name) > 0, f"objects.{name}", getattr(self, name), "more than 0")


DEFAULT_FAILURES = (
    FailureByInput(
        prefix="missing/",
        failure=Failure("ResourceNotFound", "The specified input object does not exist."),
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class MockSettings:
    """All settings of a mock."""

    workers: int = 10
    max_size: int = 10_000
    records: int = 1_000_000
    """Ended jobs of the whole mock that describe and list still return; the mock removes the one that ended first. The
    service keeps records of document jobs for a month (1045/47933); no page says how long for other jobs."""
    held: HeldReading = HeldReading.PAUSE
    speed_queue: bool = False
    """Media has its documented second queue, for accelerated transcoding (1045/72939); else QueueType has no effect."""
    duration: float = 0.1
    """How long a job runs, unless `durations` or `durations_by_prefix` applies."""
    durations: Mapping[Feature, float] = field(default_factory=dict)
    """By feature."""
    durations_by_prefix: tuple[tuple[str, float], ...] = ()
    """By prefix of the input key, first match; takes precedence over the feature."""
    failures: tuple[FailureByInput, ...] = DEFAULT_FAILURES
    show_default_level: bool = True
    """A job without JobLevel is shown with level 0, as in the samples (436/76608)."""
    rule_read_at: RuleMoment = RuleMoment.END
    workflow_root: bool = True
    """WorkflowFinish in XML has the root Response (436/48042); the newest page omits it (1045/50341)."""
    refuse_unknown_templates: bool = False
    """True refuses a job whose template its bucket does not have, with TemplateNotFound."""
    credentials: tuple[Credentials, ...] = ()
    """Keys that may sign requests; empty = the mock does not check signatures."""
    bucket: str = DEFAULT_BUCKET
    region: str = DEFAULT_REGION
    activated: tuple[Feature, ...] = ()
    """Features that are active for `bucket` from the start; all others must be activated with a POST."""
    clock: ClockKind = ClockKind.REAL
    clock_factor: float = 1.0
    """For the scaled clock."""
    start_time: float | None = None
    """Epoch seconds at which the clock starts; None = now."""
    seed: int | None = None
    """Makes ids reproducible."""
    dialects: tuple[str, ...] = ()
    """Names of other legal readings (`ciq dialects`), applied to the other fields in this order."""
    faults: tuple[str, ...] = ()
    """Names of faults, which break a rule on purpose (`ciq faults`); the mock does not start with an unknown name."""
    delivery: DeliverySettings = DeliverySettings()
    limits: Limits = Limits()
    objects: ObjectSettings = ObjectSettings()
    admin: AdminSettings = AdminSettings()
    tls: TlsSettings = TlsSettings()

    def __post_init__(self) -> None:
        _need(self.workers >= 1, "workers", self.workers, "at least 1")
        _need(self.max_size >= 1, "max_size", self.max_size, "at least 1")
        _need(self.records >= 1, "records", self.records, "at least 1")
        _need(self.clock_factor > 0, "clock_factor", self.clock_factor, "more than 0")
        _seconds("duration", self.duration)
        for feature, seconds in self.durations.items():
            _seconds(f"durations[{feature}]", seconds)
        for prefix, seconds in self.durations_by_prefix:
            _seconds(f"durations_by_prefix[{prefix}]", seconds)

    @property
    def engine_rules(self) -> EngineRules:
        """The rules for the engine."""
        return EngineRules(
            workers=self.workers,
            max_size=self.max_size,
            records=self.records,
            held=self.held,
            extra_queues=self.speed_queue,
        )

    def duration_of(self, feature: Feature, input_object: str) -> float:
        """Return how many seconds a job with this input runs."""
        key = input_object.lstrip("/")
        for prefix, seconds in self.durations_by_prefix:
            if key.startswith(prefix):
                return seconds
        return self.durations.get(feature, self.duration)

    def failure_of(self, input_object: str) -> Failure | None:
        """Return the failure of a job with this input; None = it succeeds."""
        key = input_object.lstrip("/")
        return next((rule.failure for rule in self.failures if key.startswith(rule.prefix)), None)
