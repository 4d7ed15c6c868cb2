"""`GroupCommit`: writes all changes of one turn of the event loop to the journal as one commit.

An answer is sent only after the commit of its changes; the callbacks of a commit are due from then on. When a commit
fails, none of its changes take effect: the answers become refusals, and the mock returns to the state of the last
commit. It refuses every call until the journal can be written again.
Knows events, records and the journal. Must not know HTTP or SQL.
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from ciq_mock.engine import Ended, Event, Job
from ciq_mock.journal.journal_errors import JournalWriteError
from ciq_mock.journal.records import CallbackSettled, Record, RunCallbackSettled, record_of, written
from ciq_mock.journal.sqlite_journal import Journal
from ciq_mock.service.refusal import ErrorCode, Refusal
from ciq_mock.workflow import Run
from ciq_schemas.values import NotifyConfig

logger = logging.getLogger("ciq_mock")

Send = Callable[[Refusal | None], None]
"""Sends an answer, or the refusal instead of it."""


class GroupCommit:
    """Collects changes and commits them; belongs to the event loop. Call `attach` before use."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._noted: list[tuple[int, Record]] = []
        """Records of changes that are not events, with the number of events before each."""
        self._deferred: list[Send] = []
        self._refusal: Refusal | None = None
        self.unsettled: dict[int, NotifyConfig] = {}
        """Ended jobs whose callbacks may need a further attempt, by number, with the rule at their end."""
        self.unsettled_runs: set[str] = set()
        """Ids of ended runs whose callbacks may need a further attempt."""
        self.after_commit: Callable[[], None] = lambda: None
        """Called after a commit, while the journal holds all changes of the mock."""
        self._suspended = False
        self._now: Callable[[], float] = lambda: 0.0
        self._pending_events: Callable[[], int] = lambda: 0
        self._wake: Callable[[], None] = lambda: None
        self._commit_now: Callable[[], None] = lambda: None
        self._replay: Callable[[], None] = lambda: None
        self._freeze: Callable[[bool], None] = lambda _: None

    def attach(
        self,
        *,
        now: Callable[[], float],
        pending_events: Callable[[], int],
        wake: Callable[[], None],
        commit_now: Callable[[], None],
        replay: Callable[[], None],
        freeze: Callable[[bool], None],
    ) -> None:
        """Connect the mock. `pending_events`: number of events that `Engine.advance` has not returned. `wake`
        schedules `commit`; `commit_now` calls it at once. `replay` restores the state of the journal.
        `freeze` keeps the engine in that state, so that calls can read it, until it is called with False."""
        self._now, self._pending_events, self._wake = now, pending_events, wake
        self._commit_now, self._replay, self._freeze = commit_now, replay, freeze

    # --- changes ------------------------------------------------------------------------------------------

    @property
    def failed(self) -> bool:
        """True while the journal cannot be written; the mock must not change then."""
        return self._refusal is not None

    def wake(self) -> None:
        """Let the mock commit soon, also if nothing has changed."""
        self._wake()

    def now(self) -> float:
        """Epoch seconds of the mock's clock."""
        return self._now()

    @property
    def before(self) -> int:
        """Position of the next record: the number of events before it."""
        return self._pending_events()

    def note(self, record: Record, *, before: int | None = None) -> None:
        """Add a record of a change that is not an event of the engine."""
        if not self._suspended:
            self._noted.append((self._pending_events() if before is None else before, record))
            self._wake()

    @contextmanager
    def suspended(self) -> Iterator[None]:
        """Suspend recording: events inside the block are already in the journal."""
        self._suspended = True
        try:
            yield
        finally:
            self._suspended = False

    def callback_settled(self, subject: object) -> None:
        """Record that a callback needs no further attempt."""
        if self.failed:
            return
        if isinstance(subject, Job):
            self.unsettled.pop(subject.number, None)
            self.note(CallbackSettled(self._now(), subject.number))
        elif isinstance(subject, Run):
            self.unsettled_runs.discard(subject.id)
            self.note(RunCallbackSettled(self._now(), subject.id))

    def no_callback(self, subject: object) -> None:
        """Note that a job or run has no callback; a replay decides the same again."""
        if isinstance(subject, Job):
            self.unsettled.pop(subject.number, None)
        elif isinstance(subject, Run):
            self.unsettled_runs.discard(subject.id)

    def commit(self, events: Sequence[Event]) -> bool:
        """Commit all changes since the last commit, then send the deferred answers; False when the commit failed."""
        records = self._in_order(events)
        deferred, self._deferred = self._deferred, []
        if records and not self.failed:
            try:
                self._journal.append(max(record.at for record in records), written(records))
                self.unsettled.update((event.job.number, event.rule) for event in events if isinstance(event, Ended))
            except JournalWriteError as error:
                self._fail(error)
        refusal = self._refusal
        for send in deferred:
            send(refusal)
        if refusal is None:
            self.after_commit()
        return refusal is None

    # --- answers ------------------------------------------------------------------------------------------

    def defer(self, send: Send) -> None:
        """Send an answer after the commit of all changes before it."""
        if not self.failed and (self._deferred or self._noted or self._pending_events()):
            self._deferred.append(send)
            self._wake()
        else:
            send(None)

    def flush(self) -> Refusal | None:
        """Commit now; return the refusal to answer with when that failed."""
        outcome: list[Refusal | None] = []
        self.defer(outcome.append)
        if not outcome:
            self._commit_now()
        return outcome[0] if outcome else None

    def admit(self, *, reads: bool = False) -> None:
        """Check before each call: raise Refusal while the journal cannot be written, unless the call only reads."""
        if self._refusal is None or self._suspended:
            return
        try:
            self._journal.probe()
        except JournalWriteError as error:
            self._refusal = _refusal(error)
            if reads:
                return
            raise self._refusal from None
        self._refusal = None
        self._freeze(False)
        self._wake()

    def clear(self) -> None:
        """Empty the journal. Raises JournalWriteError."""
        self._noted.clear()
        self._journal.clear()
        self.unsettled.clear()
        self.unsettled_runs.clear()
        self._refusal = None
        self._freeze(False)

    # --- inside -------------------------------------------------------------------------------------------

    def _in_order(self, events: Sequence[Event]) -> list[Record]:
        noted, self._noted = self._noted, []
        if not noted:
            return [record_of(event) for event in events]
        records: list[Record] = []
        done = 0
        for before, record in noted:
            records.extend(record_of(event) for event in events[done:before])
            done = max(done, before)
            records.append(record)
        records.extend(record_of(event) for event in events[done:])
        return records

    def _fail(self, error: JournalWriteError) -> None:
        logger.error("%s; the mock refuses calls until it can write the journal again", error)
        self._refusal = _refusal(error)
        self._replay()
        self._freeze(True)


def _refusal(error: JournalWriteError) -> Refusal:
    return Refusal(
        ErrorCode.INTERNAL_ERROR,
        f"{error}. The mock has undone this call; send it again when the mock's --data directory is writable",
    )
