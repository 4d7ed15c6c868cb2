"""Message queues that callbacks may go to instead of an address: in-memory stand-ins for TDMQ and Kafka."""

from collections import deque
from dataclasses import dataclass

from ciq_mock.callback_rule import BodyFormat, Channel, Sink


@dataclass(frozen=True, slots=True, kw_only=True)
class SinkMessage:
    """One message, plain as it would be POSTed."""

    job_id: str
    at: float
    format: BodyFormat
    body: bytes


_MOST_QUEUES = 1000
"""Names come from clients: the oldest queue goes when more than these are in use."""

SinkKey = tuple[Channel, str, str, str]
"""Channel, region, mode (Kafka: instance), name (Kafka: topic)."""


class Sinks:
    """The newest `size` messages of each message queue."""

    def __init__(self, *, size: int) -> None:
        self._size = size
        self._queues: dict[SinkKey, deque[SinkMessage]] = {}

    def put(self, sink: Sink, message: SinkMessage) -> None:
        """Add a message; makes the queue when it is new."""
        key = (sink.channel, sink.region, sink.mode, sink.name)
        queue = self._queues.get(key)
        if queue is None:
            if len(self._queues) >= _MOST_QUEUES:
                del self._queues[next(iter(self._queues))]
            queue = self._queues[key] = deque(maxlen=self._size)
        queue.append(message)

    def messages(self, channel: Channel, region: str, mode: str, name: str) -> tuple[SinkMessage, ...]:
        """What a message queue holds, oldest first; empty when nothing ever came."""
        return tuple(self._queues.get((channel, region, mode, name), ()))

    def keys(self) -> tuple[SinkKey, ...]:
        """Every message queue something came to."""
        return tuple(self._queues)

    def clear(self) -> None:
        """Forget all messages."""
        self._queues.clear()
