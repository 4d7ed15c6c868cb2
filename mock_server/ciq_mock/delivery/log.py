"""The delivery log: one entry per attempt or dropped callback; bounded, in memory.

Times are the mock's clock (epoch seconds). The address keeps its path and query, because receivers put tokens in them
and tests check them; it has no password, and `repr` shows neither path nor query.
"""

from collections import Counter, deque
from collections.abc import Collection, Iterator

import msgspec

from ciq_mock.delivery.address import origin_of

KEPT_BODY = 64 * 1024
"""Bytes of a body that the log keeps, so that its size stays bounded."""


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt. `status` is None when the receiver did not answer; `error` says why ("" = it answered)."""

    job_id: str
    url: str
    number: int
    """1 for the first attempt; 0 for a callback that was dropped without an attempt."""
    copy: int = 1
    started: float
    ended: float
    status: int | None = None
    error: str = ""
    format: str = ""
    """Format of the body: XML or JSON."""
    headers: tuple[tuple[str, str], ...] = ()
    """Headers that the mock sent, without Host; empty without an attempt."""
    body: bytes = b""
    """The first `KEPT_BODY` bytes of the body that the mock sent; empty without an attempt."""

    def __repr__(self) -> str:
        outcome = self.error or self.status
        return f"<Attempt {self.number} for {self.job_id} at {self.origin}: {outcome}>"

    @property
    def delivered(self) -> bool:
        """True when the receiver answered 2xx."""
        return self.status is not None and 200 <= self.status < 300

    @property
    def origin(self) -> str:
        """Scheme, host and port of the address: safe to print."""
        return origin_of(self.url)


class Answer(msgspec.Struct, frozen=True):
    """The outcome of one attempt: a status, or None and the reason."""

    status: int | None
    error: str = ""


class DeliveryLog:
    """The newest attempts, and counts over all of them."""

    def __init__(self, *, size: int) -> None:
        self._entries: deque[Attempt] = deque(maxlen=size)
        self._counts: Counter[str] = Counter()

    def __iter__(self) -> Iterator[Attempt]:
        """Yield the entries, oldest first."""
        return iter(tuple(self._entries))

    def __len__(self) -> int:
        return len(self._entries)

    def add(self, attempt: Attempt) -> None:
        """Add a finished attempt or a dropped callback."""
        self._entries.append(attempt)
        if attempt.number == 0:
            self._counts["dropped"] += 1
        else:
            self._counts["attempts"] += 1
            self._counts["delivered" if attempt.delivered else "refused"] += 1

    def of(self, job_id: str) -> tuple[Attempt, ...]:
        """Return the attempts for one job, oldest first."""
        return tuple(entry for entry in self._entries if entry.job_id == job_id)

    def of_each(self, job_ids: Collection[str]) -> dict[str, list[Attempt]]:
        """Return the attempts for several jobs, by job, oldest first; one pass over the log."""
        found: dict[str, list[Attempt]] = {job_id: [] for job_id in job_ids}
        for entry in self._entries:
            if entry.job_id in found:
                found[entry.job_id].append(entry)
        return found

    @property
    def attempts(self) -> int:
        """Number of all attempts."""
        return self._counts["attempts"]

    @property
    def delivered(self) -> int:
        """Number of attempts that were answered with 2xx."""
        return self._counts["delivered"]

    @property
    def dropped(self) -> int:
        """Number of callbacks dropped before an attempt: mock stopped, too many pending, or address refused."""
        return self._counts["dropped"]

    def clear(self) -> None:
        """Remove all entries and reset the counts."""
        self._entries.clear()
        self._counts.clear()
