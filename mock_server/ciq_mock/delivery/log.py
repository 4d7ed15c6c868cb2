"""The log of delivery: one entry an attempt (or a callback dropped unsent), bounded, in memory.

Times are the mock's clock (epoch seconds). The address is kept as it was given, because receivers put tokens in it
and tests ask for it; its password part is not, and `repr` shows neither path nor query.
"""

from collections import Counter, deque
from collections.abc import Iterator

import msgspec

from ciq_mock.delivery.address import origin_of


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt. `status` is None when no answer came; `error` then says why ("" = an answer came)."""

    job_id: str
    url: str
    number: int
    """1 for the first; 0 for a callback dropped without an attempt."""
    copy: int = 1
    started: float
    ended: float
    status: int | None = None
    error: str = ""

    def __repr__(self) -> str:
        came = self.error or self.status
        return f"<Attempt {self.number} for {self.job_id} at {self.origin}: {came}>"

    @property
    def delivered(self) -> bool:
        """True when the receiver answered 2xx."""
        return self.status is not None and 200 <= self.status < 300

    @property
    def origin(self) -> str:
        """Scheme, host and port of the address: safe to print."""
        return origin_of(self.url)


class Answer(msgspec.Struct, frozen=True):
    """What came back from one attempt: a status, or None and why not."""

    status: int | None
    error: str = ""


class DeliveryLog:
    """The newest attempts, and counts over all of them."""

    def __init__(self, *, size: int) -> None:
        self._entries: deque[Attempt] = deque(maxlen=size)
        self._counts: Counter[str] = Counter()

    def __iter__(self) -> Iterator[Attempt]:
        """Oldest first."""
        return iter(tuple(self._entries))

    def __len__(self) -> int:
        return len(self._entries)

    def add(self, attempt: Attempt) -> None:
        """Enter an attempt that is over."""
        self._entries.append(attempt)
        if attempt.number == 0:
            self._counts["dropped"] += 1
        else:
            self._counts["attempts"] += 1
            self._counts["delivered" if attempt.delivered else "refused"] += 1

    def of(self, job_id: str) -> tuple[Attempt, ...]:
        """The attempts for one job, oldest first."""
        return tuple(entry for entry in self._entries if entry.job_id == job_id)

    @property
    def attempts(self) -> int:
        """Attempts ever made."""
        return self._counts["attempts"]

    @property
    def delivered(self) -> int:
        """Attempts answered 2xx."""
        return self._counts["delivered"]

    @property
    def dropped(self) -> int:
        """Callbacks given up before an attempt: shut down, too many pending, or an address not allowed."""
        return self._counts["dropped"]

    def clear(self) -> None:
        """Forget entries and counts."""
        self._entries.clear()
        self._counts.clear()
