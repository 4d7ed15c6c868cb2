"""One queue of pending callbacks per address, taken from in turn, so that a receiver that hangs delays only itself.

Pure bookkeeping. Must not know HTTP, time or tasks.
"""

from collections import deque

from ciq_mock.callback_rule import BodyFormat
from ciq_mock.engine import Job
from ciq_mock.workflow import Run

Subject = Job | Run
"""The job or run that a callback reports."""


class PendingCallback:
    """One callback to one address. It holds its job or run, not the body, so 10,000 of them stay small."""

    __slots__ = ("attempts", "copy", "format", "subject", "url")

    def __init__(self, *, subject: Subject, url: str, body_format: BodyFormat, copy: int) -> None:
        self.subject = subject
        self.url = url
        self.format = body_format
        self.copy = copy
        self.attempts = 0
        """Number of attempts that have begun."""


class UrlQueue:
    """The callbacks that wait for one address, oldest first."""

    __slots__ = ("busy", "in_ready", "pending_callbacks", "url")

    def __init__(self, url: str) -> None:
        self.url = url
        self.pending_callbacks: deque[PendingCallback] = deque()
        self.busy = 0
        self.in_ready = False


class UrlQueues:
    """All queues; at most `width` callbacks of one queue are being sent at the same time."""

    def __init__(self, *, width: int) -> None:
        self._width = width
        self._url_queues: dict[str, UrlQueue] = {}
        self._ready: deque[UrlQueue] = deque()
        self.waiting = 0
        """Number of callbacks in all queues, without those being sent."""

    @property
    def ready(self) -> bool:
        """True when `take` can return a callback."""
        return bool(self._ready)

    def put(self, pending: PendingCallback) -> None:
        """Append a callback to the queue of its address."""
        url_queue = self._url_queues.get(pending.url)
        if url_queue is None:
            url_queue = self._url_queues[pending.url] = UrlQueue(pending.url)
        url_queue.pending_callbacks.append(pending)
        self.waiting += 1
        self._mark_ready(url_queue)

    def take(self) -> tuple[UrlQueue, PendingCallback]:
        """Take the next callback, from the queues in turn; call `done` after it. IndexError when none is ready."""
        url_queue = self._ready.popleft()
        url_queue.in_ready = False
        pending = url_queue.pending_callbacks.popleft()
        url_queue.busy += 1
        self.waiting -= 1
        self._mark_ready(url_queue)
        return url_queue, pending

    def done(self, url_queue: UrlQueue) -> None:
        """Note that a callback taken from `url_queue` is no longer being sent."""
        url_queue.busy -= 1
        self._mark_ready(url_queue)
        if not url_queue.busy and not url_queue.pending_callbacks and self._url_queues.get(url_queue.url) is url_queue:
            del self._url_queues[url_queue.url]

    def clear(self) -> list[PendingCallback]:
        """Remove and return all waiting callbacks."""
        pending_callbacks = [
            pending for url_queue in self._url_queues.values() for pending in url_queue.pending_callbacks
        ]
        for url_queue in self._url_queues.values():
            url_queue.pending_callbacks.clear()
            url_queue.in_ready = False
        self._ready.clear()
        self._url_queues = {url: url_queue for url, url_queue in self._url_queues.items() if url_queue.busy}
        self.waiting = 0
        return pending_callbacks

    def _mark_ready(self, url_queue: UrlQueue) -> None:
        if url_queue.pending_callbacks and url_queue.busy < self._width and not url_queue.in_ready:
            url_queue.in_ready = True
            self._ready.append(url_queue)
