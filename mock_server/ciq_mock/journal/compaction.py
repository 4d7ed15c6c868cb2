"""Compaction: removes from the journal what a restart does not need, and moves ended jobs into blocks.

A pass reads all commits, oldest first, in steps. A step is one transaction, so a mock that is killed in the middle
leaves a journal that restores the same state. A pass begins when the journal has grown to twice its size after the last
pass. Removed are the records of jobs that are in a block or no longer on record; and, one pass after they were first
seen, replaced settings of queues, replaced uploads, and deleted queues without a job in a commit. A pass that begins
when no run and no batch job is unfinished takes a snapshot, and removes the records of calls before it; else a replay
repeats them, and the records of their jobs are kept.
Must not know SQL.
"""

from dataclasses import dataclass
from math import inf

import msgspec

from ciq_mock.engine import Engine, Job
from ciq_mock.journal.group_commit import GroupCommit
from ciq_mock.journal.job_blocks import written_block
from ciq_mock.journal.records import (
    Bound,
    CallbackSettled,
    CallRecorded,
    IdIssued,
    JobAccepted,
    JobEnded,
    JobStarted,
    ObjectRemoved,
    ObjectStored,
    QueueRecorded,
    QueueRemovalRecorded,
    QueueSettingsRecorded,
    Record,
    RunCallbackSettled,
    Unbound,
    read,
    written,
)
from ciq_mock.journal.snapshot import SnapshotSource
from ciq_mock.journal.sqlite_journal import Commit, Journal, Rewrite
from ciq_mock.objects import Library
from ciq_mock.resources import Bindings

GROWTH = 4 << 20
"""Bytes by which the commits may grow before the first pass."""
_STEP_COMMITS = 2000
_STEP_BYTES = 1 << 20
_BLOCK_JOBS = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveState:
    """The state of the mock that the journal restores."""

    engine: Engine
    library: Library
    bindings: Bindings
    group_commit: GroupCommit
    snapshots: SnapshotSource


class Compaction:
    """The compaction of one journal. Call `step` only while the journal holds all changes of the mock."""

    def __init__(self, journal: Journal, live: LiveState) -> None:
        self._journal = journal
        self._live = live
        self._size = 0
        """Bytes of the commits after the last pass."""
        self._pass: _Pass | None = None
        self._removable: frozenset[object] = frozenset()
        self._calls = True
        """False when the last pass has left no call in the journal."""

    @property
    def due(self) -> bool:
        """True while a pass runs or should begin."""
        return self._pass is not None or self._journal.size > 2 * self._size + GROWTH

    @property
    def urgent(self) -> bool:
        """True when the journal grows faster than the passes shrink it."""
        return self._journal.size > 4 * (2 * self._size + GROWTH)

    def step(self, *, limited: bool = True) -> bool:
        """Do a part of a pass, at most some 20 ms, with a `limited` snapshot at most 100 ms; return True at the end of
        the pass. Raises JournalError."""
        current = self._pass
        if current is None:
            snapshot = self._live.snapshots.take(limited=limited) if self._calls else None
            current = self._pass = _Pass(self._live, self._removable, self._journal, snapshot)
        if current.step(self._journal):
            return False
        self._calls = current.has_calls
        self._pass, self._removable = None, current.removable
        self._size = current.size
        self._journal.free(all_pages=False)
        return True

    def run(self) -> None:
        """Compact now, as far as possible. Raises JournalError."""
        for _ in range(3):  # one that may have begun, one that finds, one that removes
            while not self.step(limited=False):
                pass
        self._journal.free(all_pages=True)

    def abandon(self) -> None:
        """Forget the pass; the journal has another content now."""
        self._pass, self._removable, self._size, self._calls = None, frozenset(), 0, True


class _Pass:
    """One pass. `_alive`, `_stored` and `_bound` name what earlier commits of this pass still hold."""

    def __init__(self, live: LiveState, removable: frozenset[object], journal: Journal, snapshot: bytes | None) -> None:
        """The pass reads the commits that the journal has now; `snapshot` is of this moment."""
        self._last = journal.last
        self._snapshot: Commit | None = None
        if snapshot is not None:
            self._snapshot = Commit(self._last, journal.latest() or 0.0, snapshot)
            self._snapshot_at = self._last
        else:
            stored = journal.snapshot()
            self._snapshot_at = 0 if stored is None else stored.number
        self.has_calls = False
        self.size = journal.size
        """Bytes of these commits, so far."""
        self._live = live
        self._removable = removable
        self._cursor = 0
        self._alive: dict[int, Job | None] = {}
        self._stored: dict[tuple[str, str], float] = {}
        self._bound: set[str] = set()
        self._settings: dict[str, float] = {}
        self._replaced: set[object] = set()
        self._replaced_objects: set[object] = set()
        self._queues_with_jobs: set[str] = set()
        self._deleted_queues: set[str] = set()
        self._before_snapshot = False
        self._archived: list[Job] = []
        self._oldest_output = live.engine.end_of_newest(live.library.most_outputs)

    @property
    def removable(self) -> frozenset[object]:
        """What the next pass may remove: no record depends on it any more, or the record holds the value itself."""
        objects = () if self.has_calls else self._replaced_objects
        queues = self._deleted_queues - self._queues_with_jobs
        return frozenset((*self._replaced, *objects, *(("queue", queue_id) for queue_id in queues)))

    def step(self, journal: Journal) -> bool:
        """Read some commits and rewrite them; return False at the end of the pass. Raises JournalError."""
        removed: list[int] = []
        replaced: list[Commit] = []
        size = saved = 0
        self._archived = []
        cursor = self._cursor
        commits = journal.after(cursor, _STEP_COMMITS)
        for commit in commits:
            if commit.number > self._last:
                break
            records = read(commit.data)
            self._before_snapshot = commit.number <= self._snapshot_at
            kept = [record for one in records if (record := self._kept(one)) is not None]
            if not kept:
                removed.append(commit.number)
                saved += len(commit.data)
            elif kept != records:
                data = written(kept)
                replaced.append(Commit(commit.number, commit.at, data))
                saved += len(commit.data) - len(data)
            cursor = commit.number
            size += len(commit.data)
            if size > _STEP_BYTES or len(self._archived) >= _BLOCK_JOBS:
                break
        block = None
        if self._archived:
            block = (max(job.ended or -inf for job in self._archived), written_block(self._archived))
        if removed or replaced or self._snapshot is not None:
            oldest = self._live.engine.oldest_end
            journal.rewrite(
                Rewrite(
                    removed=removed,
                    saved=saved,
                    replaced=replaced,
                    block=block,
                    forgotten_before=oldest,
                    snapshot=self._snapshot,
                )
            )
            self._snapshot = None
            self.size -= saved
        self._cursor = cursor
        return bool(commits) and cursor < self._last

    def _kept(self, record: Record) -> Record | None:
        """Return the record, with its fields filled; None when it is not needed."""
        match record:
            case JobAccepted():
                return self._job(record)
            case JobEnded():
                return self._end(record) if record.number in self._alive else None
            case JobStarted() | CallbackSettled():
                return record if record.number in self._alive else None
            case QueueRecorded() | QueueRemovalRecorded() | QueueSettingsRecorded():
                return self._queue(record)
            case ObjectStored() | ObjectRemoved():
                return self._object(record)
            case Bound() | Unbound():
                return self._binding(record)
            case CallRecorded() | IdIssued() | RunCallbackSettled():
                if self._before_snapshot:
                    return None
                self.has_calls = True
                return record
            case _:
                return record

    def _job(self, record: JobAccepted) -> Record | None:
        job = self._live.engine.on_record(record.id, record.number)
        if (record.origin is None or self._before_snapshot) and record.number not in self._live.group_commit.unsettled:
            if job is None:
                return None
            if job.ended is not None:
                self._archived.append(job)
                return None
        self._alive[record.number] = job
        self._queues_with_jobs.add(record.queue_id)
        if job is None or record.rule is not None:
            return record
        return msgspec.structs.replace(record, rule=job.rule_at_submit)

    def _end(self, record: JobEnded) -> Record:
        rule = record.rule or self._live.group_commit.unsettled.get(record.number)
        job = self._alive[record.number]
        result = record.result if job is None else job.result
        return msgspec.structs.replace(record, rule=rule, result=result)

    def _queue(self, record: QueueRecorded | QueueRemovalRecorded | QueueSettingsRecorded) -> Record | None:
        if ("queue", record.id) in self._removable:
            return None
        if isinstance(record, QueueRemovalRecorded):
            self._deleted_queues.add(record.id)
        if isinstance(record, QueueSettingsRecorded):
            if (record.id, record.at) in self._removable:
                return None
            previous = self._settings.get(record.id, record.at)
            if previous != record.at:
                self._replaced.add((record.id, previous))
            self._settings[record.id] = record.at
        return record

    def _object(self, record: ObjectStored | ObjectRemoved) -> Record | None:
        place = (record.bucket, record.key)
        if (*place, record.at) in self._removable and isinstance(record, ObjectStored):
            return None
        previous = self._stored.get(place, record.at)
        if previous != record.at:
            self._replaced_objects.add((*place, previous))
        if isinstance(record, ObjectStored):
            self._stored[place] = record.at
        elif place not in self._stored and record.at < self._oldest_output:
            return None
        return record

    def _binding(self, record: Bound | Unbound) -> Record | None:
        if isinstance(record, Unbound):
            return record if record.bucket in self._bound else None
        binding = self._live.bindings.get(record.bucket)
        if binding is None or record.at < binding.created or record.bucket in self._bound:
            return None
        self._bound.add(record.bucket)
        return record
