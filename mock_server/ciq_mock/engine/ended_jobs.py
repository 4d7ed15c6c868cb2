"""Blocks of ended jobs: the compact form in which a store keeps the jobs that never change again.

A block holds columns, and each distinct content once: a million jobs load in about a second.
"""

from collections.abc import Sequence
from typing import Self

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


class EndedJobs(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A block; the last seven columns have one entry for each job."""

    queues: list[QueueOfJobs]
    contents: list[JobContent]
    results: dict[str, bytes]
    """Results that were shown and depend on the content of the input, by id of the job."""
    content_of: list[int]
    numbers: list[int]
    ids: list[str]
    created: list[float]
    started: list[float | None]
    ended: list[float]
    input_objects: list[str]
    inputs: list[bytes]

    @classmethod
    def of(cls, jobs: Sequence[Job]) -> Self:
        """Return the block of ended jobs."""
        queues: dict[Queue, int] = {}
        contents: dict[tuple[object, ...], int] = {}
        values: list[JobContent] = []
        content_of = []
        for job in jobs:
            queue = queues.setdefault(job.queue, len(queues))
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
            [QueueOfJobs(q.id, q.bucket, q.feature, q.name, q.category, q.created) for q in queues],
            values,
            {job.id: job.result for job in jobs if job.result is not None},
            content_of,
            [job.number for job in jobs],
            [job.id for job in jobs],
            [job.created for job in jobs],
            [job.started for job in jobs],
            [job.created if job.ended is None else job.ended for job in jobs],
            [job.input_object for job in jobs],
            [job.input for job in jobs],
        )

    def by_tag(self, queues: Sequence[Queue], jobs: list[Job]) -> dict[tuple[Queue, str], list[Job]]:
        """Return the jobs of the block by queue and tag, in their order."""
        kinds = [(queues[content.queue], content.tag) for content in self.contents]
        if len(set(kinds)) == 1:
            return {kinds[0]: jobs}
        found: dict[tuple[Queue, str], list[Job]] = {}
        for index, job in zip(self.content_of, jobs, strict=True):
            found.setdefault(kinds[index], []).append(job)
        return found

    def jobs(self, queues: Sequence[Queue]) -> list[Job]:
        """Return the jobs; `queues` are those of the block."""
        made, new, contents = [], Job.__new__, self.contents
        columns = (self.content_of, self.numbers, self.ids, self.created, self.started, self.ended, self.input_objects)
        for index, number, job_id, created, started, ended, input_object, source in zip(
            *columns, self.inputs, strict=True
        ):
            content = contents[index]
            job = new(Job)
            job.id, job.number, job.created, job.started, job.ended = job_id, number, created, started, ended
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
