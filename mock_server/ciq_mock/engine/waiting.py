"""The waiting line of one queue: a heap by rank, with lazy removal of cancelled jobs.

O(log n) a job; a removed job leaves its entry until it comes up or until dead entries outnumber the living.
"""

from collections.abc import Iterator
from heapq import heapify, heappop, heappush
from typing import Generic, Protocol, TypeVar

from ciq_mock.engine.values import Rank

_FEW = 64


class Waiting(Protocol):
    """What the line needs to know of a job."""

    @property
    def waiting(self) -> bool:
        """True until the job starts or is cancelled."""
        ...

    level: int
    number: int


J = TypeVar("J", bound=Waiting)


class WaitingLine(Generic[J]):
    """Jobs in the order in which they will start. A job leaves by `pop`; one that is cancelled, by `lost`."""

    __slots__ = ("_heap", "_living", "_rank")

    def __init__(self, rank: Rank) -> None:
        self._rank = rank
        self._heap: list[tuple[int, int, J]] = []
        self._living = 0

    def __len__(self) -> int:
        return self._living

    def __iter__(self) -> Iterator[J]:
        """The waiting jobs in starting order."""
        return (job for _, _, job in sorted(self._heap, key=lambda entry: entry[:2]) if job.waiting)

    def push(self, job: J) -> None:
        """Take in a job that waits."""
        heappush(self._heap, (self._rank(job.level, job.number), job.number, job))
        self._living += 1

    def pop(self) -> J:
        """Hand out the job that is to start next; IndexError when nobody waits."""
        while True:
            job = heappop(self._heap)[2]
            if job.waiting:
                self._living -= 1
                return job

    def lost(self) -> None:
        """A job of this line has just stopped waiting without being popped."""
        self._living -= 1
        if len(self._heap) > _FEW and self._living * 2 < len(self._heap):
            self._heap = [entry for entry in self._heap if entry[2].waiting]
            heapify(self._heap)
