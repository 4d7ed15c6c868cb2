"""The inputs of the engine: job specs with their planned outcome, and the rules and readings it follows.

Frozen values. Must not know XML, HTTP or a clock. Times are epoch seconds, durations are seconds.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

import msgspec

from ciq_schemas.values import NotifyConfig

MOST_OPERATIONS = 6
"""Operations in one request (436/85083)."""


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a job ends Failed: `Code` and `Message` of its record; neither may be empty."""

    code: str
    message: str

    def __post_init__(self) -> None:
        if not self.code or not self.message:
            raise ValueError("a failure needs a code and a message: a Failed job must say why")


@dataclass(frozen=True, slots=True, kw_only=True)
class MqAddress:
    """`CallBackMqConfig` of a job."""

    region: str
    mode: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KafkaAddress:
    """`CallBackKafkaConfig` of a job (known from SDKs only)."""

    region: str
    instance: str
    topic: str


class CallbackChoice(msgspec.Struct, frozen=True, kw_only=True):
    """The callback fields of a submit; None (or "") = absent."""

    address: str | None = None
    """`CallBack`: an address, or the literal `no`."""
    format: str | None = None
    type: str | None = None
    mq: MqAddress | None = None
    kafka: KafkaAddress | None = None


NO_CHOICE = CallbackChoice()
"""A submit without callback fields; shared by all such jobs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """What started a job that no client submitted: a task of a workflow run, a batch job, or both."""

    batch_id: str = ""
    workflow_id: str = ""
    """Empty without a workflow, like the next three fields."""
    workflow_name: str = ""
    run_id: str = ""
    task: str = ""
    """Name of the node."""
    rule: NotifyConfig | None = None
    """The workflow's own callback rule, which replaces the queue's; None when it has none."""


class JobSpec(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One job to accept. `input` and `operation` are opaque to the engine: XML fragments for the echo."""

    tag: str
    level: int = 0
    input_object: str = ""
    """Key of the input; only the list filter uses it."""
    input: bytes = b""
    operation: bytes = b""
    callback: CallbackChoice = NO_CHOICE
    duration: float = 0.0
    """How many seconds the job runs."""
    failure: Failure | None = None
    """None: the job succeeds."""
    origin: Origin | None = None
    """None: submitted by a client."""
    one_of_many: bool = False
    """True when the request had several operations; its answer has the tag in Operation then."""

    def __post_init__(self) -> None:
        if not (self.duration >= 0.0 and math.isfinite(self.duration)):
            raise ValueError(
                f"the duration of a job must be a finite number of seconds of at least 0, not {self.duration!r}"
            )


class HeldReading(StrEnum):
    """Which documented state a waiting job of a paused queue shows."""

    PAUSE = "Pause"
    """1045/72940, 1045/43673 and others."""
    SUBMITTED = "Submitted"
    """1045/47936, 436/49412, 1545/65217."""


Rank = Callable[[int, int], int]
"""(level, number of acceptance) -> rank; the waiting job with the lowest rank starts first."""


def strict_level_then_order(level: int, number: int) -> int:
    """Rank by higher level first, then by order of acceptance (436/73198, 1045/43607); no ageing."""
    return number - (level << 56)


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineRules:
    """The readings and sizes that an engine follows; a fault can replace them."""

    workers: int = 10
    """Jobs of one queue that run at the same time (`MaxConcurrent`)."""
    max_size: int = 10_000
    """Jobs of one queue that may wait (`MaxSize`)."""
    records: int = 1_000_000
    """Ended jobs that stay on record; the one that ended first is removed first."""
    most_activations: int = 20_000
    """Maximum of activations, because clients choose the names of buckets."""
    held: HeldReading = HeldReading.PAUSE
    extra_queues: bool = False
    """Activation also creates the feature's documented further queues (media: the speed queue, 1045/72939)."""
    rank: Rank = strict_level_then_order

    def __post_init__(self) -> None:
        if self.workers < 1:
            raise ValueError(f"workers must be at least 1, not {self.workers}")
        if self.max_size < 1:
            raise ValueError(f"max_size must be at least 1, not {self.max_size}")
        if self.records < 1:
            raise ValueError(f"records must be at least 1, not {self.records}")
