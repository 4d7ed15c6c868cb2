"""What the engine is given: orders, outcomes planned for them, and the readings it is to follow.

Frozen values. Must not know XML, HTTP or a clock. Times are seconds (epoch), durations seconds.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

import msgspec

from ciq_schemas.values import NotifyConfig

MOST_ORDERS = 6
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
    """The callback fields of a submit, as given; None (or "") = not given."""

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
    """What started a job in place of a submit: a task of a workflow's run, a batch job, or both."""

    batch_id: str = ""
    workflow_id: str = ""
    """Empty: no workflow; so are the next three then."""
    workflow_name: str = ""
    run_id: str = ""
    task: str = ""
    """Name of the node."""
    rule: NotifyConfig | None = None
    """The workflow's own callback rule, which counts in place of the queue's; None where it has none."""


class JobSpec(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One job to accept. `input` and `operation` are opaque to the engine: echo fragments, kept as given."""

    tag: str
    level: int = 0
    input_object: str = ""
    """Key of the input; used by the list filter only."""
    input: bytes = b""
    operation: bytes = b""
    callback: CallbackChoice = NO_CHOICE
    duration: float = 0.0
    """Seconds the job will run."""
    failure: Failure | None = None
    """None: the job will succeed."""
    origin: Origin | None = None
    """None: submitted by a client."""
    one_of_many: bool = False
    """True when the request had the form with many operations (its answer shows the tag elsewhere)."""

    def __post_init__(self) -> None:
        if not (self.duration >= 0.0 and math.isfinite(self.duration)):
            raise ValueError(f"a job's duration is a finite number of seconds from 0, not {self.duration!r}")


class HeldReading(StrEnum):
    """Which documented state a waiting job of a paused queue shows."""

    PAUSE = "Pause"
    """1045/72940, 1045/43673 and others."""
    SUBMITTED = "Submitted"
    """1045/47936, 436/49412, 1545/65217."""


Rank = Callable[[int, int], int]
"""(level, number of acceptance) -> rank; the waiting job of least rank starts first."""


def strict_level_then_order(level: int, number: int) -> int:
    """Greater level first, then order of acceptance (436/73198, 1045/43607); no ageing."""
    return number - (level << 56)


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineRules:
    """The readings and sizes an engine follows; also the seam where a fault replaces one of them."""

    workers: int = 10
    """Jobs of one queue that run at the same time (`MaxConcurrent`)."""
    max_size: int = 10_000
    """Jobs of one queue that may wait (`MaxSize`)."""
    records: int = 1_000_000
    """Jobs past their end that are remembered; the one that ended first is forgotten first."""
    most_activations: int = 20_000
    """Features of buckets: names come from clients."""
    held: HeldReading = HeldReading.PAUSE
    extra_queues: bool = False
    """Activation also makes the feature's documented further queues (media: the speed queue, 1045/72939)."""
    rank: Rank = strict_level_then_order

    def __post_init__(self) -> None:
        if self.workers < 1:
            raise ValueError(f"workers must be at least 1, not {self.workers}")
        if self.max_size < 1:
            raise ValueError(f"max_size must be at least 1, not {self.max_size}")
        if self.records < 1:
            raise ValueError(f"records must be at least 1, not {self.records}")
