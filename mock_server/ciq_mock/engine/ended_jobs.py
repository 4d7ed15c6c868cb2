"""Blocks of ended jobs: the compact form in which a store keeps the jobs that never change again.

A block holds columns, and each distinct content once. Its summary is separate: a restart reads no more than that.
"""

from array import array
from collections import Counter
from collections.abc import Iterable, Sequence
from math import nan
from typing import Self
from zlib import crc32

import msgspec

from ciq_mock.engine.queue import Job, Queue
from ciq_mock.engine.values import CallbackChoice, Failure, Origin
from ciq_schemas.features import Feature
from ciq_schemas.lifecycle import JobState


class QueueOfJobs(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The queue of jobs, which may have been deleted since."""

    id: str
    bucket: str
    feature: Feature
    name: str
    category: str
    created: float


class JobContent(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What many jobs have in common."""

    queue: int
    """Index in the list of queues."""
    tag: str
    level: int
    operation: bytes
    duration: float
    one_of_many: bool
    callback: CallbackChoice
    failure: Failure | None
    origin: Origin | None
    state: JobState


class BlockSummary(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What can be known of a block without decoding it."""

    count: int
    queues: list[QueueOfJobs]
    groups: list[tuple[int, str, JobState, int]]
    """Queue (index), tag, state, and number of such jobs."""
    first_number: int
    last_number: int
    first_created: float
    last_created: float
    first_end: float
    last_end: float
    ids: bytes
    """The CRC-32 of each id, sorted, as numbers of 32 bits in the byte order of the machine."""

    @classmethod
    def of(cls, jobs: Sequence[Job], queues: Sequence[Queue]) -> Self:
        """Return the summary of a block."""
        places = {queue: index for index, queue in enumerate(queues)}
        groups = Counter((places[job.queue], job.tag, job.state) for job in jobs)
        numbers, ends = [job.number for job in jobs], [end_of(job) for job in jobs]
        created = [job.created for job in jobs]
        checksums = array("I", sorted(crc32(job.id.encode()) for job in jobs))
        return cls(
            len(jobs),
            [QueueOfJobs(q.id, q.bucket, q.feature, q.name, q.category, q.created) for q in queues],
            [(*group, count) for group, count in groups.items()],
            min(numbers),
            max(numbers),
            min(created),
            max(created),
            min(ends),
            max(ends),
            checksums.tobytes(),
        )


class EndedJobs(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The jobs of a block by number; the last seven columns have one entry for each job."""

    contents: list[JobContent]
    results: dict[str, bytes]
    """Results that were shown and depend on the content of the input, by id of the job."""
    content_of: list[int]
    numbers: list[int]
    ids: list[str]
    created: bytes
    """Times are in columns of their bytes, which compress better."""
    started: bytes
    ended: bytes
    input_objects: list[str]
    inputs: list[bytes]

    @classmethod
    def of(cls, jobs: Sequence[Job], queues: Sequence[Queue]) -> Self:
        """Return the columns of ended jobs."""
        places = {queue: index for index, queue in enumerate(queues)}
        contents: dict[tuple[object, ...], int] = {}
        values: list[JobContent] = []
        content_of = []
        for job in jobs:
            queue = places[job.queue]
            key = (
                queue, job.tag, job.level, job.operation, job.duration, job.one_of_many, id(job.callback), job.failure,
                id(job.origin), job.state,
            )  # fmt: skip
            index = contents.setdefault(key, len(contents))
            if index == len(values):
                values.append(
                    JobContent(
                        queue,
                        job.tag,
                        job.level,
                        job.operation,
                        job.duration,
                        job.one_of_many,
                        job.callback,
                        job.failure,
                        job.origin,
                        job.state,
                    )
                )
            content_of.append(index)
        return cls(
            values,
            {job.id: job.result for job in jobs if job.result is not None},
            content_of,
            [job.number for job in jobs],
            [job.id for job in jobs],
            _packed(job.created for job in jobs),
            _packed(nan if job.started is None else job.started for job in jobs),
            _packed(end_of(job) for job in jobs),
            [job.input_object for job in jobs],
            [job.input for job in jobs],
        )

    def jobs(self, queues: Sequence[Queue]) -> list[Job]:
        """Return the jobs; `queues` are those of the summary."""
        made, new, contents = [], Job.__new__, self.contents
        times = (_unpacked(self.created), _unpacked(self.started), _unpacked(self.ended))
        for index, number, job_id, created, started, ended, input_object, source in zip(
            self.content_of, self.numbers, self.ids, *times, self.input_objects, self.inputs, strict=True
        ):
            content = contents[index]
            job = new(Job)
            job.id, job.number, job.created, job.ended = job_id, number, created, ended
            job.started = started if started == started else None
            job.queue = queue = queues[content.queue]
            job.tag, job.level, job.operation = content.tag, content.level, content.operation
            job.input_object, job.input = input_object, source
            job.callback, job.duration, job.failure = content.callback, content.duration, content.failure
            job.one_of_many, job.origin, job._state = content.one_of_many, content.origin, content.state
            job.rule_at_submit, job.result, job.forgotten = queue.notify, None, False
            made.append(job)
        if self.results:
            for job in made:
                job.result = self.results.get(job.id)
        return made


def end_of(job: Job) -> float:
    """Return when an ended job ended."""
    return job.created if job.ended is None else job.ended


def _packed(times: Iterable[float]) -> bytes:
    """Return the first bytes of all times, then the second ones, and so on."""
    data = array("d", times).tobytes()
    return b"".join(data[place::8] for place in range(8))


def _unpacked(columns: bytes) -> Sequence[float]:
    count = len(columns) // 8
    data = bytearray(len(columns))
    for place in range(8):
        data[place::8] = columns[place * count : (place + 1) * count]
    return array("d", bytes(data))
