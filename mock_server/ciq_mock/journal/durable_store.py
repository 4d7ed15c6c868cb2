"""The durable store of one mock: assembles journal, group commit, command log and replay.

Knows the components of the mock by name. Must not know threads, sockets or command lines.
"""

import asyncio
import gc
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from math import inf
from pathlib import Path

from ciq_mock.engine import Engine, Restoration
from ciq_mock.http.app import Handle
from ciq_mock.ids import IdSource
from ciq_mock.journal.command_log import CommandLog
from ciq_mock.journal.compaction import Compaction, LiveState
from ciq_mock.journal.group_commit import GroupCommit
from ciq_mock.journal.journal_errors import JournalError, JournalWriteError
from ciq_mock.journal.recorded_submits import RecordedSubmits, ReplayEngine
from ciq_mock.journal.records import CallRecorded, MockStarted, ObjectRemoved, ObjectStored
from ciq_mock.journal.replay import JournalReplay
from ciq_mock.journal.snapshot import SnapshotSource
from ciq_mock.journal.sqlite_journal import Journal, SqliteJournal
from ciq_mock.objects import Library, ObjectStore, Outputs, StoredObject
from ciq_mock.overrides import mixed
from ciq_mock.running import RunningMock
from ciq_mock.service.call import Call
from ciq_mock.settings import MockSettings
from ciq_mock.workflow import Run
from ciq_schemas.features import Feature

logger = logging.getLogger("ciq_mock")

_PAUSE_AFTER_ERROR = 10.0


class JournaledLibrary(Library):
    """Records uploads and removals; outputs need no record, because they depend on the jobs."""

    def __init__(self, store: ObjectStore, outputs: Outputs, *, group_commit: GroupCommit) -> None:
        super().__init__(store, outputs)
        self._group_commit = group_commit

    def put(self, bucket: str, item: StoredObject) -> None:
        """Store an upload. Raises FullStoreError, Refusal."""
        self._group_commit.admit()
        super().put(bucket, item)
        self._group_commit.note(ObjectStored(item.modified, bucket, item.key, item.data, item.headers, item.md5))

    def remove(self, bucket: str, key: str) -> None:
        """Remove the object with that key, if it exists. Raises Refusal."""
        self._group_commit.admit()
        super().remove(bucket, key)
        self._group_commit.note(ObjectRemoved(self._group_commit.now(), bucket, key))


class DurableStore:
    """Stores the state of one mock in a journal; belongs to the mock's event loop."""

    def __init__(
        self,
        journal: Journal,
        *,
        wall_clock: Callable[[], float] = time.time,
        on_progress: Callable[[float], None] = lambda _: None,
    ) -> None:
        """`on_progress` is called during a replay with the part that is done."""
        self._journal = journal
        self._on_progress = on_progress
        self._compaction: Compaction | None = None
        self._later: asyncio.TimerHandle | None = None
        self._next_step = 0.0
        self._wall_clock = wall_clock
        self._group_commit = GroupCommit(journal)
        self._command_log = CommandLog(self._group_commit)
        self._activated: frozenset[Feature] = frozenset()
        self._send_due: Callable[[], None] = lambda: None
        self._engine: Engine | None = None
        self._settings = MockSettings()

    @classmethod
    def in_folder(cls, folder: Path, *, on_progress: Callable[[float], None] = lambda _: None) -> "DurableStore":
        """Return the store of a directory, which is created if missing. Raises JournalError."""
        return cls(SqliteJournal(folder), on_progress=on_progress)

    @property
    def committer(self) -> GroupCommit:
        """Commits events before the listeners receive them."""
        return self._group_commit

    @property
    def outbox(self) -> GroupCommit:
        """Holds answers back until their changes are in the journal."""
        return self._group_commit

    def start_time(self, wanted: float | None) -> float | None:
        """Return the wanted time, or the time of the last commit when that is later."""
        latest = self._journal.latest()
        first = self._wall_clock() if wanted is None else wanted
        return wanted if latest is None or latest <= first else latest

    def seed(self, wanted: int | None) -> int | str | None:
        """Return another seed at each opening, so that no id is issued twice."""
        openings = self._journal.openings
        return wanted if wanted is None or not openings else f"{wanted}/{openings}"

    def engine(self, base: type[Engine]) -> type[Engine]:
        """Return a subclass of `base` that can replay the jobs of workflows and batch jobs."""
        part: type[Engine] = ReplayEngine
        return mixed(part)(base)

    def ids(self, source: IdSource) -> IdSource:
        """Return a source whose ids are the same when a call is repeated."""
        return self._command_log.ids_from(source)

    def now(self, clock: Callable[[], float]) -> Callable[[], float]:
        """Return a clock whose time is the same when a call is repeated."""
        return self._command_log.time_from(clock)

    def library(self, uploads: ObjectStore, outputs: Outputs) -> Library:
        """Return a library whose uploads and removals are recorded."""
        return JournaledLibrary(uploads, outputs, group_commit=self._group_commit)

    def handler(self, handle: Handle) -> Handle:
        """Return a handler that records calls, and refuses them while the journal cannot be written."""
        return self._command_log.handler(handle)

    def attach(self, mock: RunningMock) -> None:
        """Restore the state of the journal in the mock. Raises JournalError."""

        def replay_again() -> None:
            mock.forget()
            self._replay(mock, again=True)()

        self._group_commit.attach(
            now=mock.clock.now,
            pending_events=lambda: mock.engine.pending_events,
            wake=mock.runner.wake,
            commit_now=mock.runner.flush,
            replay=replay_again,
            freeze=lambda frozen: setattr(mock.engine, "frozen", frozen),
        )
        mock.service.flush = self._group_commit.flush
        mock.delivery.callback_settled = self._group_commit.callback_settled
        mock.delivery.no_callback = self._group_commit.no_callback
        self._engine, self._settings = mock.engine, mock.settings
        try:
            self._send_due = self._replay(mock)
        except BaseException:
            self._journal.close()  # the mock does not start: another one may repair the journal
            raise
        live = LiveState(
            engine=mock.engine,
            library=mock.library,
            bindings=mock.resources.bindings,
            group_commit=self._group_commit,
            snapshots=self._snapshots(mock),
        )
        self._compaction = Compaction(self._journal, live)
        self._group_commit.after_commit = self._compact_a_little

    def features_to_activate(self, activated: tuple[Feature, ...]) -> tuple[Feature, ...]:
        """Return the features that no earlier start has activated; one that was deactivated since stays inactive."""
        new = tuple(feature for feature in activated if feature not in self._activated)
        settings = self._settings
        self._group_commit.note(
            MockStarted(
                self._group_commit.now(), new, settings.objects.unknown_input, settings.refuse_unknown_templates
            )
        )
        return new

    def flush(self) -> None:
        """Commit all changes now. Raises JournalWriteError."""
        refusal = self._group_commit.flush()
        if refusal is not None:
            raise JournalWriteError(refusal.message)

    def send_due_callbacks(self) -> None:
        """Send the callbacks that were due before the restart, and continue after the last commit."""
        send_due, self._send_due = self._send_due, lambda: None
        send_due()

    def clear(self) -> None:
        """Empty the journal. Raises JournalWriteError."""
        self._group_commit.clear()
        self._activated = frozenset()
        if self._compaction is not None:
            self._compaction.abandon()

    def compact(self) -> None:
        """Compact the journal now, as far as possible. Raises JournalError."""
        self.flush()
        if self._compaction is not None:
            self._compaction.run()

    def close(self) -> None:
        """Commit the last events, and close the journal."""
        self._group_commit.after_commit = lambda: None
        if self._later is not None:
            self._later.cancel()
        if self._engine is not None and not self._group_commit.failed:
            self._group_commit.commit(self._engine.advance(-inf))
        self._journal.close()

    def _replay(self, mock: RunningMock, *, again: bool = False) -> Callable[[], None]:
        """Replay the journal. Return a function that sends the due callbacks and passes the last events to workflows
        and batch jobs; with `again` it sends no callbacks, because they are pending already."""
        restoration = Restoration(mock.engine)
        snapshot = self._journal.snapshot()
        recorded = RecordedSubmits(self._journal, restoration, after=0 if snapshot is None else snapshot.number)
        source = self._snapshots(mock)

        def repeat(record: CallRecorded, call: Call) -> None:
            self._command_log.repeat(mock.handle, record, call)

        replay = JournalReplay(
            restoration=restoration,
            bindings=mock.resources.bindings,
            library=mock.library,
            recorded=recorded,
            repeat=repeat,
            on_job_ended=mock.results.on_event,
            on_commit=mock.workflow_service.on_event,
            on_start=lambda start: mock.accept_as(start.unknown_input, start.refuse_unknown_templates),
            on_progress=self._on_progress,
            on_snapshot=lambda taken: source.restore(taken, restoration),
        )
        with self._group_commit.suspended(), self._replaying(mock, recorded, replay.due_runs):
            replay.run(self._journal, mock.clock.now())
        self._activated = replay.activated
        if not again:
            self._group_commit.unsettled = {number: ended.rule for number, ended in replay.due_jobs.items()}
            self._group_commit.unsettled_runs = set(replay.due_runs)

        def finish() -> None:
            if not again:
                for ended in replay.due_jobs.values():
                    mock.delivery.on_event(ended)
                for run in replay.due_runs.values():
                    mock.workflow_service.send_callback(run)
            for event in replay.last_events:
                mock.workflow_service.on_event(event)
            mock.runner.wake()

        return finish

    def _compact_a_little(self) -> None:
        """After a commit: do a step of a compaction that is due; a quarter of the time is for it if that suffices."""
        compaction = self._compaction
        if compaction is None or not compaction.due:
            return
        began = time.monotonic()
        if began < self._next_step and not compaction.urgent:
            return
        try:
            ended = compaction.step()
        except JournalError as error:
            logger.warning("the journal cannot be compacted: %s", error)
            compaction.abandon()
            self._next_step = began + _PAUSE_AFTER_ERROR
            return
        pause = 3 * (time.monotonic() - began)
        self._next_step = began + pause
        if not ended:  # continue also if no commit follows
            if self._later is not None:
                self._later.cancel()
            self._later = asyncio.get_running_loop().call_later(2 * pause, self._group_commit.wake)

    @contextmanager
    def _replaying(self, mock: RunningMock, recorded: RecordedSubmits, ended: dict[str, Run]) -> Iterator[None]:
        """During recovery, workflows and batch jobs get their recorded results and no workflow callback is sent."""
        engine, workflow_service = mock.engine, mock.workflow_service
        if not isinstance(engine, ReplayEngine):
            raise TypeError(
                f"the engine is not a {ReplayEngine.__name__}: create it with the class that `engine` returns"
            )
        engine.recorded, self._command_log.next_recorded_id = recorded, recorded.next_id
        workflow_service.on_run_ended = lambda run: ended.update({run.id: run})
        collects = gc.isenabled()
        gc.disable()  # a replay makes no garbage, but up to a million jobs
        try:
            with mock.accepting_recorded():
                yield
        finally:
            if collects:
                gc.enable()
            engine.recorded, self._command_log.next_recorded_id = None, None
            workflow_service.on_run_ended = partial(self._run_ended, mock)

    def _run_ended(self, mock: RunningMock, run: Run) -> None:
        self._group_commit.unsettled_runs.add(run.id)
        mock.workflow_service.send_callback(run)

    def _snapshots(self, mock: RunningMock) -> SnapshotSource:
        return SnapshotSource(
            workflow_service=mock.workflow_service, resources=mock.resources, group_commit=self._group_commit
        )
