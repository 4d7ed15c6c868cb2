"""Random legal histories for the engine, and an event checker that knows only the documented rules."""

from collections import defaultdict
from dataclasses import dataclass, field

from hypothesis import strategies as st

from ciq_mock.engine import (
    Accepted,
    Cancelled,
    CancelRefusedError,
    Ended,
    Engine,
    EngineRules,
    Event,
    Failure,
    Job,
    JobSpec,
    Queue,
    QueueCreated,
    QueueDeleted,
    QueueUpdated,
    Started,
)
from ciq_mock.ids import RandomIds
from ciq_schemas.features import Feature
from ciq_schemas.lifecycle import JobState, QueueState

PLACES = (("one-1250000000", Feature.MEDIA), ("one-1250000000", Feature.DOC), ("two-1250000000", Feature.MEDIA))
FAILED = Failure("ResourceNotFound", "no such object")


@dataclass(frozen=True)
class Submit:
    """Submit jobs of (level, duration, fails) to a place."""

    place: int
    job_parameters: tuple[tuple[int, float, bool], ...]


@dataclass(frozen=True)
class SetState:
    """Pause or resume the queue of a place."""

    place: int
    state: QueueState


@dataclass(frozen=True)
class Cancel:
    """Try to cancel one of the jobs accepted so far; the index wraps around."""

    index: int


@dataclass(frozen=True)
class Renew:
    """Deactivate the feature of a place and activate it again."""

    place: int


Action = Submit | SetState | Cancel | Renew

_places = st.integers(0, len(PLACES) - 1)
_durations = st.sampled_from([0.0, 0.0, 0.5, 1.0, 1.0, 2.0, 7.25])
_job_parameters = st.tuples(st.integers(0, 2), _durations, st.booleans())
_actions = st.one_of(
    st.builds(Submit, _places, st.lists(_job_parameters, min_size=1, max_size=6).map(tuple)),
    st.builds(Submit, _places, st.lists(_job_parameters, min_size=1, max_size=6).map(tuple)),
    st.builds(SetState, _places, st.sampled_from(QueueState)),
    st.builds(Cancel, st.integers(0, 200)),
    st.builds(Renew, _places),
)
_gaps = st.sampled_from([0.0, 0.0, 0.25, 0.5, 1.0, 3.0])
histories = st.lists(st.tuples(_gaps, _actions), max_size=40)
"""(seconds since the last action, action), in order."""


@dataclass
class HistoryRun:
    """An engine with the time, jobs and events of a history that runs on it."""

    engine: Engine
    now: float = 1_800_000_000.0
    jobs: list[Job] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    refused: list[tuple[str, JobState]] = field(default_factory=list)

    @classmethod
    def start(cls, *, workers: int, rules: EngineRules | None = None, seed: int = 5) -> "HistoryRun":
        """A run whose engine has every place active."""
        run = cls(Engine(ids=RandomIds(seed=seed), rules=rules or EngineRules(workers=workers)))
        for bucket, feature in PLACES:
            run.engine.activate(run.now, bucket, feature)
        return run

    def advance(self) -> None:
        """Advance the engine to the present time."""
        self.events.extend(self.engine.advance(self.now))

    def act(self, action: Action) -> None:
        """Perform one action at the present time."""
        match action:
            case Submit(place, job_parameters):
                specs = [
                    JobSpec(tag="T", level=level, duration=duration, failure=FAILED if fails else None)
                    for level, duration, fails in job_parameters
                ]
                self.jobs.extend(self.engine.submit(self.now, *PLACES[place], specs))
            case SetState(place, state):
                queue = self.engine.queue(*PLACES[place])
                self.engine.update_queue(
                    self.now, *PLACES[place], queue.id, name=queue.name, state=state, notify=queue.notify
                )
            case Cancel(index) if self.jobs:
                job = self.jobs[index % len(self.jobs)]
                try:
                    self.engine.cancel(self.now, job.bucket, [job.id])
                except CancelRefusedError as error:
                    self.refused.append((error.job_id, error.state))
            case Cancel():
                pass
            case Renew(place):
                self.engine.deactivate(self.now, *PLACES[place])
                self.engine.activate(self.now, *PLACES[place])

    def run(self, history: list[tuple[float, Action]], *, eager: bool = True) -> "HistoryRun":
        """Perform all actions, then advance until nothing is due. With `eager` the engine advances at every action."""
        for gap, action in history:
            self.now += gap
            if eager:
                self.advance()
            self.act(action)
            if eager:
                self.advance()
        self.now += 10_000.0
        self.advance()
        return self

    def comparable_events(self) -> list[tuple[str, float, str]]:
        """The events in a form that does not depend on the engine object."""
        return [(type(event).__name__, event.at, _subject(event)) for event in self.events]


def _subject(event: Event) -> str:
    match event:
        case Accepted() | Started() | Ended() | Cancelled():
            return event.job.id
        case QueueCreated() | QueueUpdated() | QueueDeleted():
            return event.queue.id


class EventChecker:
    """Follows the events and raises AssertionError at the first that breaks the documented rules."""

    def __init__(self, *, workers: int) -> None:
        self.workers = workers
        self.waiting: dict[Queue, dict[str, Job]] = defaultdict(dict)
        self.running: dict[Queue, set[str]] = defaultdict(set)
        self.paused: set[Queue] = set()
        self.over: dict[str, JobState] = {}
        self.at = float("-inf")
        self.choices = 0
        """Number of starts at which more than one job waited."""

    def follow(self, events: list[Event]) -> "EventChecker":
        """Check the events in order."""
        for event in events:
            assert event.at >= self.at, "events come in order of time"
            self.at = event.at
            self._check(event)
        return self

    def _check(self, event: Event) -> None:
        match event:
            case QueueUpdated(queue=queue, state=state):
                (self.paused.add if state is QueueState.PAUSED else self.paused.discard)(queue)
            case QueueDeleted(queue=queue):
                assert not self.waiting[queue], "a deleted queue leaves no job waiting"
            case Accepted(job=job):
                assert job.created == event.at
                assert job.id not in self.over
                self.waiting[job.queue][job.id] = job
            case Started(job=job):
                self._check_start(job, event.at)
            case Ended(job=job, state=state):
                assert job.started is not None
                assert job.started + job.duration == job.ended == event.at
                assert state is (JobState.FAILED if job.failure else JobState.SUCCESS) is job.state
                self.running[job.queue].remove(job.id)
                self._close(job, state)
            case Cancelled(job=job):
                assert self.waiting[job.queue].pop(job.id) is job, "only a waiting job is cancelled"
                assert job.state is JobState.CANCEL
                assert job.started is None
                self._close(job, JobState.CANCEL)
            case QueueCreated():
                pass

    def _check_start(self, job: Job, at: float) -> None:
        waiting_jobs = self.waiting[job.queue]
        assert job.queue not in self.paused, "a paused queue starts nothing"
        first = min(waiting_jobs.values(), key=lambda waiting_job: (-waiting_job.level, waiting_job.number))
        assert job is first, "greater level first, then order of acceptance"
        self.choices += len(waiting_jobs) > 1
        del waiting_jobs[job.id]
        self.running[job.queue].add(job.id)
        assert len(self.running[job.queue]) <= self.workers, "never more than N run"
        assert job.created <= at == job.started

    def _close(self, job: Job, state: JobState) -> None:
        assert job.id not in self.over, "a job ends once"
        self.over[job.id] = state
