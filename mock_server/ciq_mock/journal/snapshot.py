"""The snapshot of what calls have created: workflows, runs, batch jobs and the resources of buckets.

A replay repeats the calls after the snapshot only, and a compaction removes those before it. It is taken when no run
and no batch job is unfinished. Must not know SQL or how these parts work.
"""

from dataclasses import dataclass
from typing import Self

import msgspec

from ciq_mock.engine import Job, Restoration
from ciq_mock.journal.group_commit import GroupCommit
from ciq_mock.journal.job_blocks import read_block, written_block
from ciq_mock.resources import BucketResources, Template, Vocabulary
from ciq_mock.workflow.service import WorkflowService
from ciq_mock.workflow.workflow_state import WorkflowState, is_finished, restore, runs_on_record, state_of

_MOST_RUNS = 5000
"""A snapshot beside other work takes at most some 100 ms; an explicit compaction has no such limit."""


class Snapshot(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A snapshot as stored."""

    workflows: WorkflowState
    job_numbers: list[int]
    """The number of each job of a run, in the order of the tasks."""
    jobs: bytes
    """A block with these jobs; empty without any."""
    templates: dict[str, list[Template]]
    vocabularies: dict[str, list[Vocabulary]]
    libraries: dict[str, tuple[int, int]]

    @classmethod
    def empty(cls) -> Self:
        """Return the snapshot of a mock without any calls."""
        return cls(WorkflowState(0, 0, [], [], [], []), [], b"", {}, {}, {})


_DECODER = msgspec.msgpack.Decoder(Snapshot)


def written_snapshot(snapshot: Snapshot) -> bytes:
    """Return the bytes of a snapshot."""
    return msgspec.msgpack.encode(snapshot)


def read_snapshot(data: bytes) -> Snapshot:
    """Return a snapshot. Raises msgspec.MsgspecError for anything else."""
    return _DECODER.decode(data)


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotSource:
    """The parts of a mock that a snapshot holds."""

    workflow_service: WorkflowService
    resources: BucketResources
    group_commit: GroupCommit

    def take(self, *, limited: bool) -> bytes | None:
        """Return a snapshot; None while something is unfinished, or when it is `limited` and would take too long."""
        workflows, batches = self.workflow_service.workflows, self.workflow_service.batches
        if limited and runs_on_record(workflows) > _MOST_RUNS:
            return None
        if self.group_commit.unsettled_runs or not is_finished(workflows, batches):
            return None
        state, jobs = state_of(workflows, batches)
        once = list({job.number: job for job in jobs}.values())
        resources = self.resources
        snapshot = Snapshot(
            state,
            [job.number for job in jobs],
            written_block(once) if once else b"",
            resources.templates.by_bucket(),
            resources.vocabularies.by_bucket(),
            resources.picture_libraries.by_bucket(),
        )
        return written_snapshot(snapshot)

    def restore(self, snapshot: Snapshot, restoration: Restoration) -> None:
        """Put a snapshot into the parts, which must be empty."""
        jobs: dict[int, Job] = {}
        if snapshot.jobs:
            block = read_block(snapshot.jobs)
            jobs = {job.number: job for job in restoration.detached_jobs(block.summary, block)}
        service, resources = self.workflow_service, self.resources
        in_order = [jobs[number] for number in snapshot.job_numbers]
        restore(snapshot.workflows, in_order, service.workflows, service.batches)
        resources.templates.restore(snapshot.templates)
        resources.vocabularies.restore(snapshot.vocabularies)
        resources.picture_libraries.restore(snapshot.libraries)
