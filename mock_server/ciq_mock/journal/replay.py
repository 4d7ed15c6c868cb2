"""Replays the journal after a restart: applies its records, in order, to engine, resources, workflows and objects.

Sends nothing; collects the ended jobs and runs whose callbacks are still due. Must not know SQL or HTTP.
"""

import zlib
from collections import deque
from collections.abc import Callable
from math import inf

import msgspec

from ciq_mock.engine import Ended, Event, Job, Restoration
from ciq_mock.journal.job_blocks import read_block
from ciq_mock.journal.journal_errors import DamagedJournalError
from ciq_mock.journal.recorded_submits import RecordedSubmits
from ciq_mock.journal.records import (
    Bound,
    CallbackSettled,
    CallRecorded,
    IdIssued,
    JobAccepted,
    JobEnded,
    JobStarted,
    MockStarted,
    ObjectRemoved,
    ObjectStored,
    QueueRecorded,
    QueueRemovalRecorded,
    QueueSettingsRecorded,
    Record,
    RunCallbackSettled,
    Unbound,
    read,
)
from ciq_mock.journal.snapshot import Snapshot, read_snapshot
from ciq_mock.journal.sqlite_journal import RECOVER, Commit, Journal
from ciq_mock.objects import Library, StoredObject
from ciq_mock.resources import Bindings
from ciq_mock.service.call import Call, Query
from ciq_mock.service.refusal import Refusal
from ciq_mock.workflow import Run
from ciq_schemas.features import Feature

_PROGRESS_COMMITS = 256


class JournalReplay:
    """Replays one journal, once."""

    def __init__(
        self,
        *,
        restoration: Restoration,
        bindings: Bindings,
        library: Library,
        recorded: RecordedSubmits,
        repeat: Callable[[CallRecorded, Call], None],
        on_job_ended: Callable[[Event], None],
        on_commit: Callable[[Event], None],
        on_start: Callable[[MockStarted], None],
        on_progress: Callable[[float], None],
        on_snapshot: Callable[[Snapshot], None],
    ) -> None:
        """`repeat` repeats a recorded call; `on_snapshot` restores what the calls before a snapshot have created.
        `on_job_ended` is called for each ended job; after each commit `on_commit` receives its events. `on_start` is
        called for each start of a mock, `on_progress` with the part that is done."""
        self._recorded = recorded
        self._on_commit = on_commit
        self._restoration = restoration
        self._bindings = bindings
        self._library = library
        self._repeat = repeat
        self._on_job_ended = on_job_ended
        self._on_start = on_start
        self._on_progress = on_progress
        self._on_snapshot = on_snapshot
        self._written: deque[Job] = deque()
        """Successful jobs of blocks whose outputs are not yet available, by time of their end."""
        self.activated: frozenset[Feature] = frozenset()
        """Features that a mock on this journal has activated at its start."""
        self.due_jobs: dict[int, Ended] = {}
        """Ended jobs whose callbacks are still due, by number of the job."""
        self.due_runs: dict[str, Run] = {}
        """Ended workflow runs whose callbacks are still due, by id."""
        self.last_events: list[Event] = []
        """Events of the last commit: their consequences are not in the journal."""

    def run(self, journal: Journal, now: float) -> None:
        """Replay all blocks and commits; the engine continues at `now`. Raises DamagedJournalError."""
        self._replay_blocks(journal)
        snapshot = journal.snapshot()
        after = 0 if snapshot is None else snapshot.number
        done = 0
        for count, (number, data) in enumerate(journal.commits()):
            done += len(data)
            if count % _PROGRESS_COMMITS == 0:
                self._on_progress(done / (journal.size + 1))
            if snapshot is not None and number > after:
                self._restore(snapshot)
                snapshot = None
            try:
                for event in self.last_events if number > after else ():
                    self._on_commit(event)
                self.last_events = []
                for record in read(data):
                    if number > after or not isinstance(record, CallRecorded | IdIssued | RunCallbackSettled):
                        self._apply(record)
            except (msgspec.MsgspecError, LookupError, Refusal) as error:
                raise DamagedJournalError(
                    f"commit {number} of the journal cannot be replayed ({error!r}): {RECOVER}"
                ) from error
        if snapshot is not None:
            self._restore(snapshot)
        self._make_outputs_available(inf)
        self._restoration.finish(now)

    def _restore(self, snapshot: Commit) -> None:
        """Restore a snapshot; it includes the consequences of all events so far."""
        self.last_events = []
        try:
            self._on_snapshot(read_snapshot(snapshot.data))
        except (msgspec.MsgspecError, LookupError, zlib.error) as error:
            raise DamagedJournalError(f"the snapshot of the journal cannot be read ({error!r}): {RECOVER}") from error

    def _replay_blocks(self, journal: Journal) -> None:
        for data in journal.blocks():
            self._on_progress(0.0)
            try:
                block = read_block(data)
            except msgspec.MsgspecError as error:
                raise DamagedJournalError(f"a block of the journal cannot be read ({error!r}): {RECOVER}") from error
            self._restoration.archived(block.summary, block)
        self._written.extend(self._restoration.newest_successes(self._library.most_outputs))

    def _make_outputs_available(self, until: float) -> None:
        """Make the outputs of jobs available that ended up to that time."""
        while self._written and (self._written[0].ended or 0.0) <= until:
            self._library.ended(self._written.popleft())

    def _apply(self, record: Record) -> None:
        match record:
            case JobEnded():
                event = self._restoration.job_ended(
                    record.at, record.number, record.state, rule=record.rule, result=record.result
                )
                if event is None:
                    return
                if isinstance(event, Ended):
                    self.due_jobs[record.number] = event
                self._make_outputs_available(record.at)
                self._on_job_ended(event)
                self.last_events.append(event)
            case JobAccepted() if record.number in self._recorded.restored:
                self._recorded.restored.remove(record.number)
            case CallbackSettled():
                self.due_jobs.pop(record.number, None)
            case RunCallbackSettled():
                self.due_runs.pop(record.id, None)
            case MockStarted():
                self.activated |= frozenset(record.activated)
                self._on_start(record)
            case Bound():
                self._bindings.bind(record.at, record.bucket, record.region)
            case Unbound():
                self._bindings.unbind(record.bucket)
            case CallRecorded():
                query = Query(record.query)
                self._repeat(record, Call(record.bucket, record.region, record.key, query, record.body, "restored"))
            case ObjectStored():
                item = StoredObject(
                    key=record.key, data=record.data, modified=record.at, headers=record.headers, md5=record.md5
                )
                self._make_outputs_available(record.at)
                self._library.restore(record.bucket, item)
            case ObjectRemoved():
                self._make_outputs_available(record.at)
                self._library.remove(record.bucket, record.key)
            case _:
                apply_to_engine(self._restoration, record)


def apply_to_engine(restoration: Restoration, record: Record) -> None:
    """Apply a record to an engine; records of other components change nothing."""
    match record:
        case JobAccepted():
            restoration.job_accepted(
                record.at, record.number, record.id, record.queue_id, record.spec, rule=record.rule
            )
        case JobStarted():
            restoration.job_started(record.at, record.number)
        case JobEnded():
            restoration.job_ended(record.at, record.number, record.state, rule=record.rule, result=record.result)
        case QueueRecorded():
            restoration.queue_created(
                record.at,
                record.id,
                bucket=record.bucket,
                region=record.region,
                feature=record.feature,
                name=record.name,
                category=record.category,
            )
        case QueueSettingsRecorded():
            restoration.queue_updated(record.at, record.id, name=record.name, state=record.state, notify=record.notify)
        case QueueRemovalRecorded():
            restoration.queue_deleted(record.at, record.id)
        case _:
            pass
