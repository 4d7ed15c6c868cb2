"""The archive: ended jobs in blocks that are decoded when a job of them is needed. Pure.

A restart reads the summaries of the blocks only. A summary is enough to count jobs, to find the block of an id, and to
skip blocks that a list does not need. A decoded block stays decoded: its jobs are objects with an identity.
Must not know where the bytes of a block come from.
"""

from array import array
from binascii import crc32
from bisect import bisect_left, bisect_right
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from heapq import heapify, heappop, heappush, merge
from itertools import islice
from math import floor, inf
from operator import attrgetter
from typing import Protocol

from ciq_mock.engine.ended_jobs import BlockSummary, EndedJobs, end_of
from ciq_mock.engine.listing import JobFilter, TimeOrder
from ciq_mock.engine.queue import Job, Queue
from ciq_schemas.features import Feature
from ciq_schemas.lifecycle import JobState

_NUMBER = attrgetter("number")
_LAST_END = attrgetter("summary.last_end")
_Place = tuple[str, Feature]


class BlockContent(Protocol):
    """The content of a block, not yet decoded."""

    def decode(self) -> EndedJobs:
        """Return the columns of the jobs."""
        ...

    def mentions(self, text: str) -> bool:
        """Return False only if no job of the block contains the text."""
        ...


class ArchivedBlock:
    """One block and its jobs."""

    __slots__ = ("_by_id", "_content", "_ids", "_jobs", "index", "left", "queues", "summary")

    def __init__(self, index: int, summary: BlockSummary, queues: Sequence[Queue], content: BlockContent) -> None:
        """`index` is the position among all blocks; `queues` are those of the summary."""
        self.index = index
        self.summary = summary
        self.left = summary.count
        """Number of jobs on record."""
        self.queues = queues
        self._content = content
        self._ids = array("I", summary.ids)
        self._jobs: list[Job] | None = None
        self._by_id: dict[str, Job] = {}

    def jobs(self) -> list[Job]:
        """Return all jobs, also those that are no longer on record, by number."""
        if self._jobs is None:
            self._jobs = self._content.decode().jobs(self.queues)
        return self._jobs

    def job(self, job_id: str, checksum: int) -> Job | None:
        """Return the job with that id; `checksum` is the one of the id."""
        place = bisect_left(self._ids, checksum)
        if place == len(self._ids) or self._ids[place] != checksum:
            return None
        if not self._by_id:
            self._by_id = {job.id: job for job in self.jobs()}
        return self._by_id.get(job_id)

    def groups(self) -> Iterator[tuple[JobState, _Place, int]]:
        """Yield state, place and number of jobs as they were written."""
        for queue, _, state, count in self.summary.groups:
            yield state, (self.queues[queue].bucket, self.queues[queue].feature), count

    def needed(self, place: _Place, wanted: JobFilter) -> bool:
        """Return False only if the list has no job of this block."""
        summary, queues = self.summary, self.queues
        return (
            (wanted.created_from is None or summary.last_created >= floor(wanted.created_from))
            and (wanted.created_to is None or summary.first_created < floor(wanted.created_to) + 1)
            and any(
                tag == wanted.tag
                and (wanted.states is None or state in wanted.states)
                and (queues[queue].bucket, queues[queue].feature) == place
                and wanted.queue_id in (None, queues[queue].id)
                for queue, tag, state, _ in summary.groups
            )
            and all(self._jobs is not None or not text or self._content.mentions(text) for text in wanted.texts)
        )


class Archive:
    """All blocks. The number of blocks is small: one per some thousand jobs."""

    def __init__(self) -> None:
        self.count = 0
        """Number of jobs on record."""
        self.states: Counter[JobState] = Counter()
        self._of_place: Counter[_Place] = Counter()
        self._blocks: list[ArchivedBlock] = []
        self._unopened: list[tuple[float, int, ArchivedBlock]] = []
        """A heap of the blocks of which no job was removed, by their first end."""
        self._oldest: deque[tuple[float, int, int, Job, ArchivedBlock]] = deque()
        """The jobs of the other blocks, the one that ended first is the first."""

    def add(self, summary: BlockSummary, queues: Sequence[Queue], content: BlockContent) -> None:
        """Add a block."""
        block = ArchivedBlock(len(self._blocks), summary, queues, content)
        self._blocks.append(block)
        heappush(self._unopened, (summary.first_end, block.index, block))
        self.count += summary.count
        self._count(block, 1)

    def has(self, place: _Place) -> bool:
        """Return whether a job of this bucket and feature is on record."""
        return self._of_place[place] > 0

    def job(self, job_id: str) -> Job | None:
        """Return the job with that id if it is on record."""
        checksum = crc32(job_id.encode())
        for block in self._blocks:
            job = block.job(job_id, checksum)
            if job is not None and not job.forgotten:
                return job
        return None

    def jobs(self) -> Iterator[Job]:
        """Yield every job on record by number."""
        return _on_record(self._blocks, -inf, TimeOrder.ASC)

    def newest(self, place: _Place | None = None, before: int | None = None) -> Iterator[Job]:
        """Yield every job on record, or those of a bucket and feature, the highest number first, `before` a number."""
        blocks = [block for block in self._blocks if place is None or any(one[1] == place for one in block.groups())]
        jobs = _on_record(blocks, inf if before is None else before, TimeOrder.DESC)
        return jobs if place is None else (job for job in jobs if (job.bucket, job.feature) == place)

    def listed(self, place: _Place, wanted: JobFilter, beyond: float | None) -> Iterator[Job]:
        """Yield, in the order of the filter, the jobs that a list may have, beyond a number if there is one."""
        blocks = [block for block in self._blocks if block.needed(place, wanted)]
        start = beyond if beyond is not None else -inf if wanted.order is TimeOrder.ASC else inf
        for job in _on_record(blocks, start, wanted.order):
            if job.tag == wanted.tag and (job.bucket, job.feature) == place and wanted.in_window(job.created):
                yield job

    # --- the order of ends --------------------------------------------------------------------------------

    @property
    def oldest_end(self) -> float:
        """When the job ended that ended first; infinite when there is none."""
        opened = self._oldest[0][0] if self._oldest else inf
        return min(opened, self._unopened[0][0]) if self._unopened else opened

    def end_of_newest(self, count: int) -> float:
        """Return a time at or before the end of the job that ended `count`-th last."""
        bound = inf
        for block in sorted(self._blocks, key=_LAST_END, reverse=True):
            if count <= 0:
                break
            bound = min(bound, block.summary.first_end)
            count -= block.left
        return -inf if count > 0 else bound

    def newest_successes(self, count: int) -> list[Job]:
        """Return the successful jobs that ended last, the last one at the end."""
        found: list[Job] = []
        for block in sorted(self._blocks, key=_LAST_END, reverse=True):
            if len(found) >= count and end_of(found[-count]) > block.summary.last_end:
                break
            found += (job for job in block.jobs() if job.state is JobState.SUCCESS)
            found.sort(key=end_of)
        return found[-count:] if count else []

    def remove_oldest(self) -> Job:
        """Remove the job that ended first from the record."""
        while self._unopened and (not self._oldest or self._unopened[0][0] <= self._oldest[0][0]):
            self._open(heappop(self._unopened)[2])
        _, _, _, job, block = self._oldest.popleft()
        job.forgotten = True
        self.count -= 1
        self.states[job.state] -= 1
        self._of_place[job.bucket, job.feature] -= 1
        block.left -= 1
        if not block.left:
            self._blocks.remove(block)
        return job

    def remove_whole_blocks(self, surplus: int, further_ends: Iterable[float]) -> None:
        """Remove blocks whose jobs are all among the `surplus` jobs that ended first, without decoding them.

        `further_ends` are the ends of the ended jobs outside the archive, sorted. Call it before any other removal.
        """
        firsts = sorted((block.summary.first_end, block.left) for block in self._blocks)
        ends = merge(firsts, ((end, 1) for end in further_ends))
        reached, pending = 0, next(ends, None)
        for block in sorted(self._blocks, key=_LAST_END):
            while pending is not None and pending[0] <= block.summary.last_end:
                reached += pending[1]
                pending = next(ends, None)
            if reached > surplus:
                break
            self._drop(block)
        self._unopened = [(block.summary.first_end, block.index, block) for block in self._blocks]
        heapify(self._unopened)

    # --- inside -------------------------------------------------------------------------------------------

    def _open(self, block: ArchivedBlock) -> None:
        entries = [(end_of(job), block.index, place, job, block) for place, job in enumerate(block.jobs())]
        self._oldest = deque(sorted([*self._oldest, *entries], key=lambda entry: entry[:3]))

    def _drop(self, block: ArchivedBlock) -> None:
        self._blocks.remove(block)
        self.count -= block.left
        self._count(block, -1)

    def _count(self, block: ArchivedBlock, sign: int) -> None:
        for state, place, count in block.groups():
            self.states[state] += sign * count
            self._of_place[place] += sign * count
        for queue, _, state, count in block.summary.groups:
            block.queues[queue].count_ended(state, sign * count)


def _on_record(blocks: Iterable[ArchivedBlock], beyond: float, order: TimeOrder) -> Iterator[Job]:
    """Yield the jobs of blocks by number, strictly beyond a number; decode a block when its turn comes."""
    sign = 1 if order is TimeOrder.ASC else -1
    start = sign * beyond
    unopened = []
    for block in blocks:
        low, high = sorted((sign * block.summary.first_number, sign * block.summary.last_number))
        if high > start:
            unopened.append((max(low, start), block.index, block))
    heapify(unopened)
    opened: list[tuple[float, int, Job, Iterator[Job]]] = []
    while opened or unopened:
        if unopened and (not opened or unopened[0][0] <= opened[0][0]):
            block = heappop(unopened)[2]
            following = _following(block.jobs(), beyond, order)
            index = block.index
        else:
            _, index, job, following = heappop(opened)
            if not job.forgotten:
                yield job
        follower = next(following, None)
        if follower is not None:
            heappush(opened, (sign * follower.number, index, follower, following))


def _following(jobs: Sequence[Job], beyond: float, order: TimeOrder) -> Iterator[Job]:
    """Yield the jobs strictly beyond a number in this order; `jobs` are by number."""
    if order is TimeOrder.ASC:
        return islice(jobs, bisect_right(jobs, beyond, key=_NUMBER), None)
    return (jobs[at] for at in range(bisect_left(jobs, beyond, key=_NUMBER) - 1, -1, -1))
