"""The jobs on record of one feature of one bucket, and pages of them in order of creation.

A cursor names the last job of a page, so while jobs are added no page repeats or omits one.
"""

from binascii import crc32
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from heapq import merge
from math import floor
from operator import attrgetter

from ciq_mock.engine.errors import BadCursorError
from ciq_mock.engine.queue import Job
from ciq_mock.engine.values import Origin
from ciq_schemas.lifecycle import JobState

_NUMBER = attrgetter("number")
_CREATED = attrgetter("created")
_TOKEN_LENGTH = 24


class TimeOrder(StrEnum):
    """`orderByTime`: by creation time."""

    DESC = "Desc"
    ASC = "Asc"


@dataclass(frozen=True, slots=True, kw_only=True)
class JobFilter:
    """Which jobs to list; None = any. Bounds are epoch seconds, inclusive, rounded down to whole seconds."""

    tag: str
    states: frozenset[JobState] | None = None
    queue_id: str | None = None
    input_object: str | None = None
    workflow_id: str | None = None
    batch_id: str | None = None
    created_from: float | None = None
    created_to: float | None = None
    order: TimeOrder = TimeOrder.DESC

    def admits(self, job: Job) -> bool:
        """Return whether a job of the tag and window belongs to the list."""
        return (
            (self.states is None or job.state in self.states)
            and (self.queue_id is None or job.queue.id == self.queue_id)
            and (self.input_object is None or job.input_object == self.input_object)
            and self._comes_from(job.origin)
        )

    def _comes_from(self, origin: Origin | None) -> bool:
        if self.workflow_id is None and self.batch_id is None:
            return True
        return (
            origin is not None
            and self.workflow_id in (None, origin.workflow_id)
            and self.batch_id in (None, origin.batch_id)
        )

    @property
    def texts(self) -> tuple[str, ...]:
        """Texts that each job of the list contains."""
        return (self.input_object or "", self.workflow_id or "", self.batch_id or "")

    def in_window(self, created: float) -> bool:
        """Return whether a time of creation is within the bounds.

        Clients see whole seconds: a job of 12:00:05.7 shows 12:00:05 and belongs to a window that ends there.
        """
        return (self.created_from is None or created >= floor(self.created_from)) and (
            self.created_to is None or created < floor(self.created_to) + 1
        )

    @property
    def _fingerprint(self) -> int:
        states = None if self.states is None else sorted(self.states)
        window = (self.created_from, self.created_to)
        origin = (self.workflow_id, self.batch_id)
        parts = (self.tag, states, self.queue_id, self.input_object, origin, window, self.order)
        return crc32(repr(parts).encode())

    def token(self, last: Job) -> str:
        """Return the cursor after `last`."""
        return f"{last.number:016x}{self._fingerprint:08x}"

    def number_in(self, token: str) -> int:
        """Return the job number in a cursor; raise BadCursorError unless this filter issued it."""
        if len(token) != _TOKEN_LENGTH or not token.isascii() or not token.isalnum():
            raise BadCursorError
        try:
            number, fingerprint = int(token[:16], 16), int(token[16:], 16)
        except ValueError:
            raise BadCursorError from None
        if fingerprint != self._fingerprint:
            raise BadCursorError
        return number


@dataclass(frozen=True, slots=True)
class JobPage:
    """One page; `next_token` is None on the last."""

    jobs: tuple[Job, ...]
    next_token: str | None


Archived = Callable[[JobFilter, int | None], Iterator[Job]]
"""Returns the jobs outside of a ledger, in the order of the filter, beyond a number."""


class Ledger:
    """The jobs on record of one feature of one bucket, by tag, oldest first.

    Numbers and creation times increase along each list, so bisection finds windows and cursors. A forgotten job stays
    in its list until half of the list is forgotten, so the cost per job does not depend on the number of jobs.
    """

    __slots__ = ("_by_tag", "_forgotten")

    def __init__(self) -> None:
        self._by_tag: dict[str, list[Job]] = {}
        self._forgotten: Counter[str] = Counter()

    def add(self, job: Job) -> None:
        """Add an accepted job."""
        self._by_tag.setdefault(job.tag, []).append(job)

    def sort(self) -> None:
        """Restore the order after jobs were added in another order."""
        for jobs in self._by_tag.values():
            jobs.sort(key=_NUMBER)

    def __len__(self) -> int:
        """Return the number of jobs on record."""
        return sum(map(len, self._by_tag.values())) - self._forgotten.total()

    def forget(self, job: Job) -> None:
        """Remove a job from the record."""
        job.forgotten = True
        tag = job.tag
        self._forgotten[tag] += 1
        if self._forgotten[tag] * 2 > len(self._by_tag[tag]):
            self._by_tag[tag] = [job for job in self._by_tag[tag] if not job.forgotten]
            self._forgotten[tag] = 0

    def page(self, wanted: JobFilter, *, size: int, token: str | None, archived: Archived | None = None) -> JobPage:
        """Return up to `size` jobs after the cursor; raise BadCursorError when this filter did not issue it."""
        if size < 1:
            raise ValueError(f"a page has at least one job, not {size}")
        found: list[Job] = []
        number = wanted.number_in(token) if token else None
        jobs = self._walk(wanted, number)
        if archived is not None:
            jobs = merge(jobs, archived(wanted, number), key=_NUMBER, reverse=wanted.order is TimeOrder.DESC)
        for job in jobs:
            if job.forgotten or not wanted.admits(job):
                continue
            if len(found) == size:
                return JobPage(tuple(found), wanted.token(found[-1]))
            found.append(job)
        return JobPage(tuple(found), None)

    def newest(self, before: int | None = None) -> Iterator[Job]:
        """Yield the jobs of all tags, from the newest to the oldest; `before`: only those with a smaller number."""

        def backwards(jobs: list[Job]) -> Iterator[Job]:
            end = len(jobs) if before is None else bisect_left(jobs, before, key=_NUMBER)
            return (jobs[index] for index in range(end - 1, -1, -1))

        merged = merge(*map(backwards, self._by_tag.values()), key=_NUMBER, reverse=True)
        return (job for job in merged if not job.forgotten)

    def _walk(self, wanted: JobFilter, number: int | None) -> Iterator[Job]:
        jobs = self._by_tag.get(wanted.tag, [])
        low, high = 0, len(jobs)
        if wanted.created_from is not None:
            low = bisect_left(jobs, floor(wanted.created_from), key=_CREATED)
        if wanted.created_to is not None:
            high = bisect_left(jobs, floor(wanted.created_to) + 1, key=_CREATED)
        if number is not None:
            if wanted.order is TimeOrder.ASC:
                low = max(low, bisect_right(jobs, number, key=_NUMBER))
            else:
                high = min(high, bisect_left(jobs, number, key=_NUMBER))
        indices = range(low, high) if wanted.order is TimeOrder.ASC else range(high - 1, low - 1, -1)
        return (jobs[index] for index in indices)
