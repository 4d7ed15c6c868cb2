"""The waiting jobs of one queue: a heap by rank, with lazy removal of cancelled jobs.

O(log n) per job. The entry of a removed job stays until it is popped or until removed jobs outnumber waiting ones.
"""

from collections.abc import Iterator
from heapq import heapify, heappop, heappush
from typing import Generic, Protocol, TypeVar

from ciq_mock.engine.values import Rank

_FEW = 64


class Waiting(Protocol):
    """The attributes of a job that the heap needs."""

    @property
    def waiting(self) -> bool:
        """True until the job starts or is cancelled."""
        ...

    level: int
    number: int


J = TypeVar("J", bound=Waiting)


class WaitingLine(Generic[J]):
    """Jobs in the order in which they will start. `pop` removes the next; call `removed` after cancelling one."""

    __slots__ = ("_heap", "_rank", "_size")

    def __init__(self, rank: Rank) -> None:
        self._rank = rank
        self._heap: list[tuple[int, int, J]] = []
        self._size = 0

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[J]:
        """Yield the waiting jobs in starting order."""
        return (job for _, _, job in sorted(self._heap, key=lambda entry: entry[:2]) if job.waiting)

    def first(self, most: int) -> list[J]:
        """Return the jobs that start next, at most so many, in starting order. O(most log most), however many wait."""
        heap, found = self._heap, list[J]()
        candidates = [(*heap[0][:2], 0)] if heap else []
        while candidates and len(found) < most:
            index = heappop(candidates)[2]
            job = heap[index][2]
            if job.waiting:
                found.append(job)
            for child in (2 * index + 1, 2 * index + 2):
                if child < len(heap):
                    heappush(candidates, (*heap[child][:2], child))
        return found

    def ahead_of(self, job: J) -> int:
        """Return how many waiting jobs start before a waiting job. O(n)."""
        own, own_number = self._rank(job.level, job.number), job.number
        ahead = [entry for entry in self._heap if entry[0] < own or (entry[0] == own and entry[1] < own_number)]
        if len(self._heap) == self._size:  # no entry is of a removed job
            return len(ahead)
        return sum(1 for entry in ahead if entry[2].waiting)

    def push(self, job: J) -> None:
        """Add a waiting job."""
        heappush(self._heap, (self._rank(job.level, job.number), job.number, job))
        self._size += 1

    def pop(self) -> J:
        """Remove and return the job that starts next; raise IndexError when no job waits."""
        while True:
            job = heappop(self._heap)[2]
            if job.waiting:
                self._size -= 1
                return job

    def removed(self) -> None:
        """Note that a job has stopped waiting without being popped."""
        self._size -= 1
        if len(self._heap) > _FEW and self._size * 2 < len(self._heap):
            self._heap = [entry for entry in self._heap if entry[2].waiting]
            heapify(self._heap)
