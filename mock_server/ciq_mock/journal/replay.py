"""The way back: the facts of a journal, in order, put into engine, registers, workflows and objects.

Nothing is sent on the way; the ends whose callbacks are still owed come out at the end.
Must not know SQL, HTTP, or who asked.
"""

from collections.abc import Callable

import msgspec

from ciq_mock.engine import Ended, Event, Restoration
from ciq_mock.journal.recorded_submits import RecordedSubmits
from ciq_mock.journal.records import (
    Bound,
    CallbackSettled,
    CallRecorded,
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
from ciq_mock.journal.sqlite_journal import DamagedJournalError, Journal
from ciq_mock.objects import Library, StoredObject
from ciq_mock.resources import Bindings
from ciq_mock.service.call import Call, Query
from ciq_mock.service.refusal import Refusal
from ciq_mock.workflow import Run
from ciq_schemas.features import Feature


class JournalReplay:
    """Goes the whole way once."""

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
    ) -> None:
        """`repeat` does a recorded call once more. `heard` is told of jobs that ended, as they come; then, commit by
        commit, `acted` is told, by those who act on it."""
        self._recorded = recorded
        self._acted = on_commit
        self._restoration = restoration
        self._bindings = bindings
        self._library = library
        self._repeat = repeat
        self._heard = on_job_ended
        self.activated: frozenset[Feature] = frozenset()
        """Features that some mock on this journal has activated at its start."""
        self.owed: dict[int, Ended] = {}
        """Ends whose callbacks are not done with, by number of the job."""
        self.owed_runs: dict[str, Run] = {}
        """The same of runs of workflows, by id."""
        self.last: list[Event] = []
        """Events of the last commit: what was made of them, nothing has kept."""

    def go(self, journal: Journal, now: float) -> None:
        """Go the way; the engine goes on at `now`. Raises DamagedJournalError."""
        for number, data in journal.commits():
            try:
                for event in self.last:
                    self._acted(event)
                self.last = []
                for record in read(data):
                    self._apply(record)
            except (msgspec.MsgspecError, LookupError, Refusal) as error:
                raise DamagedJournalError(
                    f"commit {number} of the journal cannot be understood ({error!r}): name another directory"
                ) from error
        self._restoration.finish(now)

    def _apply(self, record: Record) -> None:
        match record:
            case JobEnded():
                event = self._restoration.job_over(record.at, record.number, record.state)
                if isinstance(event, Ended):
                    self.owed[record.number] = event
                self._heard(event)
                self.last.append(event)
            case JobAccepted() if record.number in self._recorded.taken:
                self._recorded.taken.remove(record.number)
            case CallbackSettled():
                self.owed.pop(record.number, None)
            case RunCallbackSettled():
                self.owed_runs.pop(record.id, None)
            case MockStarted():
                self.activated |= frozenset(record.activated)
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
                self._library.put(record.bucket, item)
            case ObjectRemoved():
                self._library.remove(record.bucket, record.key)
            case _:
                put_back(self._restoration, record)


def put_back(restoration: Restoration, record: Record) -> None:
    """Put a fact into an engine; those that are no affair of an engine change nothing."""
    match record:
        case JobAccepted():
            restoration.job_taken(record.at, record.number, record.id, record.queue_id, record.order)
        case JobStarted():
            restoration.job_begun(record.at, record.number)
        case JobEnded():
            restoration.job_over(record.at, record.number, record.state)
        case QueueRecorded():
            restoration.queue_made(
                record.at,
                record.id,
                bucket=record.bucket,
                region=record.region,
                feature=record.feature,
                name=record.name,
                category=record.category,
            )
        case QueueSettingsRecorded():
            restoration.queue_set(record.at, record.id, name=record.name, state=record.state, notify=record.notify)
        case QueueRemovalRecorded():
            restoration.queue_gone(record.at, record.id)
        case _:
            pass
