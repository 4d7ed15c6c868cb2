"""The keeper of the journal: what happens in one turn of the event loop is one commit, and nobody hears of it before.

Answers wait with the keeper until what they tell of is written; callbacks are owed from then on. When a commit
fails, all that it held has not happened: the answers become refusals, the mock goes back to the last commit and rests
there, and every call is refused until the journal takes something again.
Knows events, facts and the journal. Must not know HTTP or SQL.
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from ciq_mock.engine import Event, Job
from ciq_mock.journal.records import CallbackSettled, Record, RunCallbackSettled, record_of, written
from ciq_mock.journal.sqlite_journal import Journal, JournalWriteError
from ciq_mock.service.refusal import ErrorCode, Refusal
from ciq_mock.workflow import Run

logger = logging.getLogger("ciq_mock")

Send = Callable[[Refusal | None], None]
"""Sends an answer off, or in its place the refusal."""


class GroupCommit:
    """Belongs to the event loop. `attach` before use."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._noted: list[tuple[int, Record]] = []
        """Facts that are no events, with the number of events before them."""
        self._held: list[Send] = []
        self._refusal: Refusal | None = None
        self._silent = False
        self._now: Callable[[], float] = lambda: 0.0
        self._untold: Callable[[], int] = lambda: 0
        self._wake: Callable[[], None] = lambda: None
        self._flush: Callable[[], None] = lambda: None
        self._go_back: Callable[[], None] = lambda: None

    def attach(
        self,
        *,
        now: Callable[[], float],
        untold: Callable[[], int],
        wake: Callable[[], None],
        flush: Callable[[], None],
        go_back: Callable[[], None],
    ) -> None:
        """`untold`: events the engine has not handed over. `wake` has `keep` called soon, `flush` now. `go_back`
        puts the mock back into the state of the journal."""
        self._now, self._untold, self._wake, self._flush, self._go_back = now, untold, wake, flush, go_back

    # --- what happens -------------------------------------------------------------------------------------

    @property
    def rests(self) -> bool:
        """The journal takes nothing: nothing may happen."""
        return self._refusal is not None

    def now(self) -> float:
        """Epoch seconds of the mock's clock."""
        return self._now()

    @property
    def before(self) -> int:
        """Where the next fact will stand: the number of events before it."""
        return self._untold()

    def note(self, record: Record, *, before: int | None = None) -> None:
        """Something has happened that the engine does not tell of."""
        if not self._silent:
            self._noted.append((self._untold() if before is None else before, record))
            self._wake()

    @contextmanager
    def silent(self) -> Iterator[None]:
        """For the length of a block, what happens has happened before."""
        self._silent = True
        try:
            yield
        finally:
            self._silent = False

    def told(self, subject: object) -> None:
        """A callback is done with."""
        if self.rests:
            return
        if isinstance(subject, Job):
            self.note(CallbackSettled(self._now(), subject.number))
        elif isinstance(subject, Run):
            self.note(RunCallbackSettled(self._now(), subject.id))

    def keep(self, events: Sequence[Event]) -> bool:
        """Commit what has happened since the last time and let the answers go; False when it could not be kept."""
        records = self._in_order(events)
        held, self._held = self._held, []
        if records and not self.rests:
            try:
                self._journal.append(max(record.at for record in records), written(records))
            except JournalWriteError as error:
                self._fail(error)
        refusal = self._refusal
        for send in held:
            send(refusal)
        return refusal is None

    # --- answers ------------------------------------------------------------------------------------------

    def hold(self, send: Send) -> None:
        """Have an answer sent once all that has happened before it is kept."""
        if not self.rests and (self._held or self._noted or self._untold()):
            self._held.append(send)
            self._wake()
        else:
            send(None)

    def settle(self) -> Refusal | None:
        """Keep everything now; the refusal to answer with where that failed."""
        outcome: list[Refusal | None] = []
        self.hold(outcome.append)
        if not outcome:
            self._flush()
        return outcome[0] if outcome else None

    def admit(self) -> None:
        """Before each call: raise Refusal while the journal takes nothing."""
        if self._refusal is None or self._silent:
            return
        try:
            self._journal.probe()
        except JournalWriteError as error:
            self._refusal = _refusal(error)
            raise self._refusal from None
        self._refusal = None
        self._wake()

    def clear(self) -> None:
        """Forget everything. Raises JournalWriteError."""
        self._noted.clear()
        self._journal.clear()
        self._refusal = None

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
        logger.error("%s; calls are refused until it can be written again", error)
        self._refusal = _refusal(error)
        self._go_back()


def _refusal(error: JournalWriteError) -> Refusal:
    return Refusal(
        ErrorCode.INTERNAL_ERROR,
        f"{error}. Nothing of this call was kept; send it again when the mock's --data directory can be written to",
    )
