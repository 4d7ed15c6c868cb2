"""In-memory message queues, in place of TDMQ and Kafka, for callbacks that are not sent to an address."""

from collections import deque
from dataclasses import dataclass

from ciq_mock.callback_rule import BodyFormat, Channel, Sink


@dataclass(frozen=True, slots=True, kw_only=True)
class SinkMessage:
    """One message, with the body that a POST would have."""

    job_id: str
    at: float
    format: BodyFormat
    body: bytes


_MOST_QUEUES = 1000
"""Maximum of message queues, because clients choose their names; the oldest is removed first."""

SinkKey = tuple[Channel, str, str, str]
"""Channel, region, mode (Kafka: instance), name (Kafka: topic)."""


class Sinks:
    """The newest `size` messages of each message queue."""

    def __init__(self, *, size: int) -> None:
        self._size = size
        self._queues: dict[SinkKey, deque[SinkMessage]] = {}

    def put(self, sink: Sink, message: SinkMessage) -> None:
        """Add a message; create its queue when it is new."""
        key = (sink.channel, sink.region, sink.mode, sink.name)
        queue = self._queues.get(key)
        if queue is None:
            if len(self._queues) >= _MOST_QUEUES:
                del self._queues[next(iter(self._queues))]
            queue = self._queues[key] = deque(maxlen=self._size)
        queue.append(message)

    def messages(self, channel: Channel, region: str, mode: str, name: str) -> tuple[SinkMessage, ...]:
        """Return the messages of a queue, oldest first; empty for an unknown queue."""
        return tuple(self._queues.get((channel, region, mode, name), ()))

    def keys(self) -> tuple[SinkKey, ...]:
        """Return the keys of all message queues that have received a message."""
        return tuple(self._queues)

    def clear(self) -> None:
        """Remove all messages."""
        self._queues.clear()
