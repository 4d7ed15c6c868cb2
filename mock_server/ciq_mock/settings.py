"""All settings of the mock in one frozen value. Knows defaults and bounds; must not read files or environment.

Seconds and bytes throughout. A setting that no document decides says so by being here.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from ciq_mock.clock import ClockKind
from ciq_mock.engine.values import EngineRules, Failure, HeldReading
from ciq_schemas.features import Feature

DEFAULT_BUCKET = "examplebucket-1250000000"
DEFAULT_REGION = "ap-chongqing"


class SettingError(ValueError):
    """A setting out of its bounds; names the setting, its value and what is allowed."""


def _need(holds: bool, name: str, value: object, allowed: str) -> None:
    if not holds:
        raise SettingError(f"{name} is {value!r}, but must be {allowed}")


def _seconds(name: str, value: float) -> None:
    _need(math.isfinite(value) and value >= 0, name, value, "a finite number of seconds from 0")


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """A key pair that may sign requests; with a token it is a temporary one, and the token must come along."""

    secret_id: str
    secret_key: str = field(repr=False)
    token: str = field(default="", repr=False)


class RuleMoment(StrEnum):
    """When the queue's callback rule is read (no document says)."""

    END = "end"
    SUBMIT = "submit"


class Shutdown(StrEnum):
    """What becomes of callbacks not yet delivered when the mock stops."""

    DRAIN = "drain"
    """Each gets one last attempt at once, within `drain_timeout`."""
    DROP = "drop"


@dataclass(frozen=True, slots=True, kw_only=True)
class FailureByInput:
    """Jobs whose input key begins with `prefix` end Failed."""

    prefix: str
    failure: Failure


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliverySettings:
    """How callbacks travel. Documents leave all of this open (1045/43607 and the callback pages say nothing of it)."""

    timeout: float = 5.0
    """For one attempt, connecting included; real seconds, whatever the clock."""
    retry_after: tuple[float, ...] = (1.0, 5.0)
    """Distance of each further attempt from the end of the last; empty = one attempt only."""
    concurrency: int = 256
    """Attempts under way at the same time."""
    per_address: int = 64
    """Attempts under way to one address: a hanging receiver keeps others waiting no longer than this allows."""
    delay: float = 0.0
    """Wait before the first attempt."""
    stagger: float = 0.0
    """Every second callback waits this much longer, so that callbacks overtake each other."""
    copies: int = 1
    """How often each callback is delivered."""
    user_agent: str = "Go-http-client/1.1"
    forbid_private: bool = False
    """True refuses loopback, private and other not public addresses (the documents' “no intranet address”)."""
    verify_tls: bool = True
    max_pending: int = 200_000
    """Callbacks waiting for their attempt; more are dropped, and the log says so."""
    log_size: int = 20_000
    sink_size: int = 10_000
    """Messages kept for one TDMQ or Kafka name."""
    shutdown: Shutdown = Shutdown.DRAIN
    drain_timeout: float = 3.0

    def __post_init__(self) -> None:
        for name in ("timeout", "delay", "stagger", "drain_timeout"):
            _seconds(f"delivery.{name}", getattr(self, name))
        for distance in self.retry_after:
            _seconds("delivery.retry_after", distance)
        for name in ("concurrency", "per_address", "copies", "max_pending", "log_size", "sink_size"):
            _need(getattr(self, name) >= 1, f"delivery.{name}", getattr(self, name), "at least 1")
        _need(self.timeout > 0, "delivery.timeout", self.timeout, "more than 0 s")


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds on what a client may send, so that no request can hurt."""

    body: int = 1024 * 1024
    request_line: int = 16 * 1024
    header_bytes: int = 64 * 1024
    header_count: int = 128
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
    """Templates of one bucket; that there is a limit is documented (1045/33700, 1110), its value is not."""
    vocabularies: int = 1000
    """Tables of hot words of one bucket."""
    url_length: int = 2048

    def __post_init__(self) -> None:
        for name in self.__slots__:
            _need(getattr(self, name) > 0, f"limits.{name}", getattr(self, name), "more than 0")


class UnknownInput(StrEnum):
    """What becomes of a job whose input is no object of the store (documents do not say where that shows)."""

    ACCEPT = "accept"
    """The job runs as if it were there."""
    FAIL = "fail"
    """The job is accepted and ends Failed."""
    REFUSE = "refuse"
    """The submit is refused."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectSettings:
    """The object store: bytes and numbers, so that memory stays bounded."""

    largest: int = 16 * 1024 * 1024
    """Bytes of one object."""
    total: int = 128 * 1024 * 1024
    """Bytes of all objects, uploads under way included."""
    count: int = 10_000
    """Objects."""
    outputs: int = 20_000
    """Newest outputs of jobs that can be fetched."""
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
    """Everything that can be set on a mock."""

    workers: int = 10
    max_size: int = 10_000
    records: int = 1_000_000
    """Ended jobs of the whole mock that describe and list still know; the first to end goes first. The service keeps
    the records of document jobs for a month (1045/47933), of others no page says."""
    held: HeldReading = HeldReading.PAUSE
    speed_queue: bool = False
    """Media has its documented second queue for accelerated transcoding (1045/72939); without it QueueType is moot."""
    duration: float = 0.1
    """How long a job runs, unless one of the two below says otherwise."""
    durations: Mapping[Feature, float] = field(default_factory=dict)
    """By feature."""
    durations_by_prefix: tuple[tuple[str, float], ...] = ()
    """By beginning of the input key, first match; goes before the feature."""
    failures: tuple[FailureByInput, ...] = DEFAULT_FAILURES
    show_default_level: bool = True
    """A job without JobLevel echoes 0, as samples do (436/76608)."""
    rule_read_at: RuleMoment = RuleMoment.END
    workflow_root: bool = True
    """WorkflowFinish in XML has the root Response (436/48042); the newest page leaves it out (1045/50341)."""
    refuse_unknown_templates: bool = False
    """True answers TemplateNotFound to a job that names a template its bucket does not have."""
    credentials: tuple[Credentials, ...] = ()
    """Who may sign; empty = signatures are not looked at."""
    bucket: str = DEFAULT_BUCKET
    region: str = DEFAULT_REGION
    activated: tuple[Feature, ...] = ()
    """Features that `bucket` has from the start; any other bucket and feature needs its POST."""
    clock: ClockKind = ClockKind.REAL
    clock_factor: float = 1.0
    """For the scaled clock."""
    start_time: float | None = None
    """Epoch seconds at which the clock starts; None = now."""
    seed: int | None = None
    """Makes ids repeatable."""
    dialects: tuple[str, ...] = ()
    """Names of other legal readings (`ciq dialects`), applied in this order to what the other fields say."""
    faults: tuple[str, ...] = ()
    """Names of what the mock is to get wrong on purpose (`ciq faults`); a name nobody knows is refused at the start."""
    delivery: DeliverySettings = DeliverySettings()
    limits: Limits = Limits()
    objects: ObjectSettings = ObjectSettings()

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
        """The part the engine is made with."""
        return EngineRules(
            workers=self.workers,
            max_size=self.max_size,
            records=self.records,
            held=self.held,
            extra_queues=self.speed_queue,
        )

    def duration_of(self, feature: Feature, input_object: str) -> float:
        """Seconds a job with this input will run."""
        key = input_object.lstrip("/")
        for prefix, seconds in self.durations_by_prefix:
            if key.startswith(prefix):
                return seconds
        return self.durations.get(feature, self.duration)

    def failure_of(self, input_object: str) -> Failure | None:
        """How a job with this input will fail; None = it will succeed."""
        key = input_object.lstrip("/")
        return next((rule.failure for rule in self.failures if key.startswith(rule.prefix)), None)
