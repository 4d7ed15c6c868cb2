"""A queue of one feature of one bucket: its settings, its waiting line and how many of its jobs run.

Only the engine changes a queue.
"""

from ciq_mock.engine.values import EngineRules, HeldReading
from ciq_mock.engine.waiting import WaitingLine
from ciq_schemas.features import Feature
from ciq_schemas.lifecycle import QueueState
from ciq_schemas.values import NotifyConfig

NEVER_CONFIGURED = NotifyConfig(url="", event="", type="", state="Off")
"""The rule of a fresh queue, empty elements included (samples of 47935, 49552)."""


class Queue:
    """A record to read; `created`, `updated` are epoch seconds."""

    __slots__ = (
        "_hold_shows", "bucket", "category", "created", "deleted", "feature", "id", "max_concurrent", "max_size",
        "name", "notify", "running", "state", "updated", "waiting",
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
        self.waiting: WaitingLine = WaitingLine(rules.rank)
        self._hold_shows = rules.held is HeldReading.PAUSE

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
