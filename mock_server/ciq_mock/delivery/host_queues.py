"""One queue of pending callbacks per host, taken from in turn, so that a host that hangs delays no other.

A host has one queue per port. All paths of a port share it, because clients choose paths freely.
Pure bookkeeping. Must not know HTTP, time or tasks.
"""

from collections import deque
from functools import lru_cache
from urllib.parse import urlsplit

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


class PortQueue:
    """The callbacks that wait for one host and port, oldest first."""

    __slots__ = ("busy", "host", "in_ready", "pending_callbacks", "port")

    def __init__(self, host: "HostQueue", port: int) -> None:
        self.host = host
        self.port = port
        self.pending_callbacks: deque[PendingCallback] = deque()
        self.busy = 0
        self.in_ready = False


class HostQueue:
    """The queues of the ports of one host."""

    __slots__ = ("busy", "in_ready", "name", "ports", "ready")

    def __init__(self, name: str) -> None:
        self.name = name
        self.ports: dict[int, PortQueue] = {}
        self.ready: deque[PortQueue] = deque()
        self.busy = 0
        self.in_ready = False


class HostQueues:
    """All queues; at most `width` callbacks to one port and `host_width` to one host are sent at the same time."""

    def __init__(self, *, width: int, host_width: int) -> None:
        self._width = width
        self._host_width = host_width
        self._hosts: dict[str, HostQueue] = {}
        self._ready: deque[HostQueue] = deque()
        self.waiting = 0
        """Number of callbacks in all queues, without those being sent."""

    @property
    def ready(self) -> bool:
        """True when `take` can return a callback."""
        return bool(self._ready)

    def put(self, pending: PendingCallback) -> None:
        """Append a callback to the queue of its host and port."""
        name, number = _receiver(pending.url)
        host = self._hosts.get(name)
        if host is None:
            host = self._hosts[name] = HostQueue(name)
        port = host.ports.get(number)
        if port is None:
            port = host.ports[number] = PortQueue(host, number)
        port.pending_callbacks.append(pending)
        self.waiting += 1
        self._mark_ready(port)

    def take(self) -> tuple[PortQueue, PendingCallback]:
        """Take the next callback: hosts in turn, their ports in turn. IndexError when none is ready.

        Call `done` when it is no longer being sent.
        """
        host = self._ready.popleft()
        host.in_ready = False
        port = host.ready.popleft()
        port.in_ready = False
        pending = port.pending_callbacks.popleft()
        port.busy += 1
        host.busy += 1
        self.waiting -= 1
        self._mark_ready(port)
        return port, pending

    def done(self, port: PortQueue) -> None:
        """Note that a callback taken from `port` is no longer being sent."""
        host = port.host
        port.busy -= 1
        host.busy -= 1
        self._mark_ready(port)
        if not port.busy and not port.pending_callbacks and host.ports.get(port.port) is port:
            del host.ports[port.port]
            if not host.ports and self._hosts.get(host.name) is host:
                del self._hosts[host.name]

    def clear(self) -> list[PendingCallback]:
        """Remove and return all waiting callbacks."""
        pending_callbacks: list[PendingCallback] = []
        for host in self._hosts.values():
            for port in host.ports.values():
                pending_callbacks += port.pending_callbacks
                port.pending_callbacks.clear()
                port.in_ready = False
            host.ready.clear()
            host.in_ready = False
            host.ports = {number: port for number, port in host.ports.items() if port.busy}
        self._ready.clear()
        self._hosts = {name: host for name, host in self._hosts.items() if host.busy}
        self.waiting = 0
        return pending_callbacks

    def _mark_ready(self, port: PortQueue) -> None:
        host = port.host
        if port.pending_callbacks and port.busy < self._width and not port.in_ready:
            port.in_ready = True
            host.ready.append(port)
        if host.ready and host.busy < self._host_width and not host.in_ready:
            host.in_ready = True
            self._ready.append(host)


@lru_cache(maxsize=1024)
def _receiver(url: str) -> tuple[str, int]:
    """Return the host and port of an address that `check_address` has accepted; cached, because addresses repeat."""
    parts = urlsplit(url)
    default = 443 if parts.scheme == "https" else 80
    return (parts.hostname or "").removesuffix("."), parts.port or default
