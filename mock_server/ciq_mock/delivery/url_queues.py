"""Who is sent to next: a lane for each address, served in turn, so that a hanging receiver delays only itself.

Pure bookkeeping. Must not know HTTP, time or tasks.
"""

from collections import deque

from ciq_mock.callback_rule import BodyFormat
from ciq_mock.engine import Job
from ciq_mock.workflow import Run

Subject = Job | Run
"""What a callback tells of."""


class PendingCallback:
    """One callback on its way to one address. Holds what it tells of, not the body: 10,000 of them stay small."""

    __slots__ = ("attempts", "copy", "format", "subject", "url")

    def __init__(self, *, subject: Subject, url: str, body_format: BodyFormat, copy: int) -> None:
        self.subject = subject
        self.url = url
        self.format = body_format
        self.copy = copy
        self.attempts = 0
        """Attempts begun."""


class UrlQueue:
    """Parcels waiting for one address, oldest first."""

    __slots__ = ("busy", "listed", "pending_callbacks", "url")

    def __init__(self, url: str) -> None:
        self.url = url
        self.pending_callbacks: deque[PendingCallback] = deque()
        self.busy = 0
        self.listed = False


class UrlQueues:
    """All lanes; at most `width` parcels of one lane are out at the same time."""

    def __init__(self, *, width: int) -> None:
        self._width = width
        self._url_queues: dict[str, UrlQueue] = {}
        self._ready: deque[UrlQueue] = deque()
        self.waiting = 0
        """Parcels in all lanes, those that are out not counted."""

    @property
    def ready(self) -> bool:
        """True when `take` has something to give."""
        return bool(self._ready)

    def put(self, pending: PendingCallback) -> None:
        """Add a parcel at the end of its lane."""
        url_queue = self._url_queues.get(pending.url)
        if url_queue is None:
            url_queue = self._url_queues[pending.url] = UrlQueue(pending.url)
        url_queue.pending_callbacks.append(pending)
        self.waiting += 1
        self._list(url_queue)

    def take(self) -> tuple[UrlQueue, PendingCallback]:
        """Take the next parcel, lanes in turn; give the lane back with `done`. IndexError when none is ready."""
        url_queue = self._ready.popleft()
        url_queue.listed = False
        pending = url_queue.pending_callbacks.popleft()
        url_queue.busy += 1
        self.waiting -= 1
        self._list(url_queue)
        return url_queue, pending

    def done(self, url_queue: UrlQueue) -> None:
        """A parcel taken from `lane` is no longer out."""
        url_queue.busy -= 1
        self._list(url_queue)
        if not url_queue.busy and not url_queue.pending_callbacks and self._url_queues.get(url_queue.url) is url_queue:
            del self._url_queues[url_queue.url]

    def clear(self) -> list[PendingCallback]:
        """Take out all parcels that wait."""
        pending_callbacks = [
            pending for url_queue in self._url_queues.values() for pending in url_queue.pending_callbacks
        ]
        for url_queue in self._url_queues.values():
            url_queue.pending_callbacks.clear()
            url_queue.listed = False
        self._ready.clear()
        self._url_queues = {url: url_queue for url, url_queue in self._url_queues.items() if url_queue.busy}
        self.waiting = 0
        return pending_callbacks

    def _list(self, url_queue: UrlQueue) -> None:
        if url_queue.pending_callbacks and url_queue.busy < self._width and not url_queue.listed:
            url_queue.listed = True
            self._ready.append(url_queue)
