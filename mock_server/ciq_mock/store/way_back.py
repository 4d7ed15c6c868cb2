"""The way back: the facts of a journal, in order, put into engine, registers, workflows and objects.

Nothing is sent on the way; the ends whose callbacks are still owed come out at the end.
Must not know SQL, HTTP, or who asked.
"""

from collections.abc import Callable

import msgspec

from ciq_mock.engine import Ended, Event, Restoration
from ciq_mock.objects import Library, StoredObject
from ciq_mock.registers import Bindings
from ciq_mock.service.call import Call, Query
from ciq_mock.service.refusal import Refusal
from ciq_mock.store.facts import (
    Bound,
    Called,
    Fact,
    JobBegun,
    JobOver,
    JobTaken,
    ObjectKept,
    ObjectRemoved,
    Opened,
    QueueGone,
    QueueMade,
    QueueSet,
    RunTold,
    Told,
    Unbound,
    read,
)
from ciq_mock.store.journal import DamagedJournalError, Journal
from ciq_mock.store.recall import Recall
from ciq_mock.workflow import Run
from ciq_schemas.features import Feature


class WayBack:
    """Goes the whole way once."""

    def __init__(
        self,
        *,
        restoration: Restoration,
        bindings: Bindings,
        library: Library,
        recall: Recall,
        repeat: Callable[[Called, Call], None],
        heard: Callable[[Event], None],
        acted: Callable[[Event], None],
    ) -> None:
        """`repeat` does a recorded call once more. `heard` is told of jobs that ended, as they come; then, commit by
        commit, `acted` is told, by those who act on it."""
        self._recall = recall
        self._acted = acted
        self._restoration = restoration
        self._bindings = bindings
        self._library = library
        self._repeat = repeat
        self._heard = heard
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
                for fact in read(data):
                    self._apply(fact)
            except (msgspec.MsgspecError, LookupError, Refusal) as error:
                raise DamagedJournalError(
                    f"commit {number} of the journal cannot be understood ({error!r}): name another directory"
                ) from error
        self._restoration.finish(now)

    def _apply(self, fact: Fact) -> None:
        match fact:
            case JobOver():
                event = self._restoration.job_over(fact.at, fact.number, fact.state)
                if isinstance(event, Ended):
                    self.owed[fact.number] = event
                self._heard(event)
                self.last.append(event)
            case JobTaken() if fact.number in self._recall.taken:
                self._recall.taken.remove(fact.number)
            case Told():
                self.owed.pop(fact.number, None)
            case RunTold():
                self.owed_runs.pop(fact.id, None)
            case Opened():
                self.activated |= frozenset(fact.activated)
            case Bound():
                self._bindings.bind(fact.at, fact.bucket, fact.region)
            case Unbound():
                self._bindings.unbind(fact.bucket)
            case Called():
                query = Query(fact.query)
                self._repeat(fact, Call(fact.bucket, fact.region, fact.key, query, fact.body, "restored"))
            case ObjectKept():
                item = StoredObject(key=fact.key, data=fact.data, modified=fact.at, headers=fact.headers, md5=fact.md5)
                self._library.put(fact.bucket, item)
            case ObjectRemoved():
                self._library.remove(fact.bucket, fact.key)
            case _:
                put_back(self._restoration, fact)


def put_back(restoration: Restoration, fact: Fact) -> None:
    """Put a fact into an engine; those that are no affair of an engine change nothing."""
    match fact:
        case JobTaken():
            restoration.job_taken(fact.at, fact.number, fact.id, fact.queue_id, fact.order)
        case JobBegun():
            restoration.job_begun(fact.at, fact.number)
        case JobOver():
            restoration.job_over(fact.at, fact.number, fact.state)
        case QueueMade():
            restoration.queue_made(
                fact.at,
                fact.id,
                bucket=fact.bucket,
                region=fact.region,
                feature=fact.feature,
                name=fact.name,
                category=fact.category,
            )
        case QueueSet():
            restoration.queue_set(fact.at, fact.id, name=fact.name, state=fact.state, notify=fact.notify)
        case QueueGone():
            restoration.queue_gone(fact.at, fact.id)
        case _:
            pass
