"""A queue of one feature of one bucket, and its jobs. Only the engine changes them.

A job refers to its queue and a queue to its waiting jobs, so both are in this module. Jobs are small: a million of them
may wait. Knows the life cycle table. Must not know the order of jobs or when they run.
"""

from collections import deque

from ciq_mock.engine.values import CallbackChoice, EngineRules, Failure, HeldReading, JobSpec, Origin
from ciq_mock.engine.waiting import WaitingLine
from ciq_schemas.features import Feature
from ciq_schemas.lifecycle import WAITING_STATES, JobEvent, JobState, QueueState, after
from ciq_schemas.values import NotifyConfig

NEVER_CONFIGURED = NotifyConfig(url="", event="", type="", state="Off")
"""The rule of a new queue, empty elements included (samples of 47935, 49552)."""
_MOST_CHANGES = 256
_ACCEPTED = after(None, JobEvent.ACCEPT)


class Queue:
    """A queue and its settings; `created`, `updated` are epoch seconds."""

    __slots__ = (
        "_hold_shows", "bucket", "category", "changes", "created", "deleted", "ended", "feature", "id",
        "max_concurrent", "max_size", "name", "notify", "running", "state", "updated", "waiting",
    )  # fmt: skip

    def __init__(
        self, *, queue_id: str, bucket: str, feature: Feature, name: str, category: str, rules: EngineRules, now: float
    ) -> None:
        self.id: str = queue_id
        self.bucket: str = bucket
        self.feature: Feature = feature
        self.name: str = name
        self.category: str = category
        self.state: QueueState = QueueState.ACTIVE
        self.notify: NotifyConfig = NEVER_CONFIGURED
        self.max_size: int = rules.max_size
        self.max_concurrent: int = rules.workers
        self.created: float = now
        self.updated: float = now
        self.deleted: bool = False
        self.running: int = 0
        self.ended: dict[JobState, int] = {}
        """Number of ended jobs on record, by state."""
        self.changes: deque[tuple[float, QueueState]] = deque(maxlen=_MOST_CHANGES)
        """The newest changes between Active and Paused, oldest first; a compaction loses the older ones."""
        self.waiting: WaitingLine[Job] = WaitingLine(rules.rank)
        self._hold_shows = rules.held is HeldReading.PAUSE

    def count_ended(self, state: JobState, number: int = 1) -> None:
        """Add to the number of ended jobs on record."""
        self.ended[state] = self.ended.get(state, 0) + number

    def set_state(self, now: float, state: QueueState) -> None:
        """Set the state; note the change if it is one."""
        if state is not self.state:
            self.changes.append((now, state))
        self.state = state

    @property
    def paused_since(self) -> float | None:
        """Time of the last pause; None while the queue is active."""
        if self.state is QueueState.ACTIVE:
            return None
        return self.changes[-1][0] if self.changes else self.updated

    @property
    def can_start(self) -> bool:
        """True when a job waits, a worker is free and the queue is active."""
        return self.state is QueueState.ACTIVE and self.running < self.max_concurrent and len(self.waiting) > 0

    @property
    def holds_visibly(self) -> bool:
        """True when waiting jobs show `Pause` now."""
        return self._hold_shows and self.state is QueueState.PAUSED

    def __repr__(self) -> str:
        return f"<Queue {self.id} {self.name} of {self.bucket}: {self.state}, {self.running} running>"


class Job:
    """A job; `created`, `started`, `ended` are epoch seconds, None until the event."""

    __slots__ = (
        "_state", "callback", "created", "duration", "ended", "failure", "forgotten", "id", "input", "input_object",
        "level", "number", "one_of_many", "operation", "origin", "queue", "result", "rule_at_submit", "started",
        "tag",
    )  # fmt: skip

    def __init__(self, spec: JobSpec, *, job_id: str, number: int, queue: Queue, now: float) -> None:
        self.id: str = job_id
        self.number: int = number
        """The number of the job in order of acceptance in the whole engine, from 1."""
        self.queue: Queue = queue
        self.tag: str = spec.tag
        self.level: int = spec.level
        self.input_object: str = spec.input_object
        self.input: bytes = spec.input
        self.operation: bytes = spec.operation
        self.callback: CallbackChoice = spec.callback
        self.duration: float = spec.duration
        self.failure: Failure | None = spec.failure
        """The planned failure; it applies only when `state` is Failed."""
        self.one_of_many: bool = spec.one_of_many
        self.origin: Origin | None = spec.origin
        self.rule_at_submit: NotifyConfig = queue.notify
        """The queue's callback rule when the job was accepted (for the reading that uses this rule)."""
        self.result: bytes | None = None
        """Opaque to the engine: the result containers that the service has shown and must show again."""
        self.created: float = now
        self.started: float | None = None
        self.ended: float | None = None
        self.forgotten: bool = False
        """True when the job is no longer on record."""
        self._state: JobState = _ACCEPTED

    @property
    def bucket(self) -> str:
        """Bucket with APPID."""
        return self.queue.bucket

    @property
    def feature(self) -> Feature:
        """The feature of the job's queue."""
        return self.queue.feature

    @property
    def state(self) -> JobState:
        """The state to show now; a waiting job of a paused queue shows the state of the reading in force.

        It is derived, so that pausing a queue with a million jobs costs nothing.
        """
        if self._state is JobState.SUBMITTED and self.queue.holds_visibly:
            return after(self._state, JobEvent.HOLD)
        return self._state

    @property
    def waiting(self) -> bool:
        """True until the job starts or is cancelled."""
        return self._state in WAITING_STATES

    def progress(self, now: float) -> int:
        """Return percent: 0 while waiting, 0 to 99 while running, 100 after success."""
        if self._state is JobState.SUCCESS:
            return 100
        if self.started is None:
            return 0
        passed = (now if self.ended is None else self.ended) - self.started
        return max(0, min(99, int(100 * passed / self.duration))) if self.duration > 0 else 0

    def apply(self, event: JobEvent) -> None:
        """Change the state by the life cycle table; raise IllegalTransitionError when it has no such row."""
        self._state = after(self.state, event)

    def __repr__(self) -> str:
        return f"<Job {self.id} {self.state} level {self.level}>"
