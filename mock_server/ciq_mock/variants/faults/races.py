"""Faults that only a crowd sees: things that go wrong where one request comes while another is still under way.

They stand for what is shared between requests without a lock. The service beneath takes its time (`RandomLatencyApp`);
to a client that is alone with a queue it does everything right.
"""

from collections.abc import Callable
from typing import Any, cast

from ciq_mock.delivery import CallbackDispatcher
from ciq_mock.engine import Ended, Engine, Event, Job
from ciq_mock.http.app import Handle
from ciq_mock.overrides import Override
from ciq_mock.running import RunningMock
from ciq_mock.service.call import NOTHING, Answer, Call
from ciq_mock.variants.faults.fault import Fault, mixed
from ciq_mock.variants.faults.order import start_anyway, take
from ciq_mock.variants.latency import RandomLatencyApp
from ciq_mock.variants.middleware import written
from ciq_schemas.features import SHARED_JOB_PATH
from ciq_schemas.lifecycle import QueueState
from ciq_schemas.operations import FeatureOperation, HttpOperation
from ciq_schemas.operations import OperationKind as Kind
from ciq_schemas.xml_parser import parse

Spoil = Callable[[RunningMock, list[Job]], None]
_EVERY = 3
"""One in so many concurrently submitted jobs is affected."""


class _SkipsSomeCallbacks(CallbackDispatcher):
    """Sends no callback for some jobs."""

    def __init__(self, **parts: Any) -> None:
        super().__init__(**parts)
        self.forgotten: set[str] = set()

    def on_event(self, event: Event) -> None:
        """Handles all events but the end of the forgotten jobs."""
        if not (isinstance(event, Ended) and event.job.id in self.forgotten):
            super().on_event(event)


def _is_concurrent(mock: RunningMock, operation: HttpOperation) -> bool:
    """Returns whether another request of this kind is in progress."""
    service = cast(RandomLatencyApp, mock.service)
    shared = operation.kind is Kind.CANCEL_JOB and isinstance(operation, FeatureOperation)
    path = SHARED_JOB_PATH if shared else operation.path.partition("/{")[0]
    return service.under_way[f"{operation.method} {path}"] > 1


def _on_concurrent_submits(spoil: Spoil, *, every: int = _EVERY) -> Override:
    """Applies `spoil` to some jobs whose submit overlapped another one."""

    def override(mock: RunningMock, handle: Handle) -> Handle:
        met = 0

        def wrapped(operation: HttpOperation, call: Call) -> Answer:
            nonlocal met
            answer = handle(operation, call)
            if operation.kind is Kind.SUBMIT_JOB and _is_concurrent(mock, operation):
                met += 1
                if met % every == 0:
                    ids = [element.text or "" for element in parse(answer.body).iterfind("JobsDetail/JobId")]
                    jobs = (mock.engine.job(mock.clock.now(), call.bucket, job_id) for job_id in ids)
                    spoil(mock, [job for job in jobs if job is not None and job.waiting])
            return answer

        return wrapped

    return Override(service=_with_random_latency, handle=override)


def _with_random_latency(base: type[Any]) -> type[Any]:
    return mixed(RandomLatencyApp, base)


class _LosesJobs(Engine):
    """Keeps jobs that no queue contains any more."""

    def __init__(self, **parts: Any) -> None:
        super().__init__(**parts)
        self.dropped: set[Job] = set()

    def _cancel(self, now: float, job: Job) -> None:
        if job in self.dropped:
            job.queue.waiting.push(job)  # the waiting list counts removals
        super()._cancel(now, job)


def _lose_jobs(mock: RunningMock, jobs: list[Job]) -> None:
    for job in jobs:
        cast(_LosesJobs, mock.engine).dropped.add(take(job.queue, job))


def _move_to_front(_mock: RunningMock, jobs: list[Job]) -> None:
    for job in jobs:
        take(job.queue, job)
        job.number = -job.number
        job.queue.waiting.push(job)


def _start_while_paused(mock: RunningMock, jobs: list[Job]) -> None:
    for job in jobs:
        if job.queue.state is QueueState.PAUSED:
            start_anyway(mock.engine, take(job.queue, job))


def _skip_callbacks(mock: RunningMock, jobs: list[Job]) -> None:
    cast(_SkipsSomeCallbacks, mock.delivery).forgotten.update(job.id for job in jobs)


def _returns_text_of_concurrent_submit(path: str) -> Override:
    """The response to a submit that met another tells that one's text at the path."""

    def override(mock: RunningMock, handle: Handle) -> Handle:
        last = ""

        def wrapped(operation: HttpOperation, call: Call) -> Answer:
            nonlocal last
            answer = handle(operation, call)
            if operation.kind is not Kind.SUBMIT_JOB:
                return answer
            root = parse(answer.body)
            element = root.find(path)
            if element is None:
                return answer
            own, other = element.text or "", last
            last = own
            if not other or not _is_concurrent(mock, operation):
                return answer
            element.text = other
            return Answer(written(root), answer.status)

        return wrapped

    return Override(service=_with_random_latency, handle=override)


def _cancel_lost(mock: RunningMock, handle: Handle) -> Handle:
    def wrapped(operation: HttpOperation, call: Call) -> Answer:
        if operation.kind is Kind.CANCEL_JOB and _is_concurrent(mock, operation):
            return NOTHING
        return handle(operation, call)

    return wrapped


def _resume_lost(mock: RunningMock, handle: Handle) -> Handle:
    """Returns the correct response, but restores the state that another client set."""

    def wrapped(operation: HttpOperation, call: Call) -> Answer:
        if operation.kind is not Kind.UPDATE_QUEUE or not _is_concurrent(mock, operation):
            return handle(operation, call)
        before = [queue for activation in _activations(mock, operation) for queue in activation if queue.id == call.key]
        states = [queue.state for queue in before]
        answer = handle(operation, call)
        for queue, state in zip(before, states, strict=True):
            if queue.state is QueueState.ACTIVE:
                queue.state = state
        return answer

    return wrapped


def _activations(mock: RunningMock, operation: HttpOperation) -> list[tuple[Any, ...]]:
    if not isinstance(operation, FeatureOperation):
        return []
    return [activation.queues for activation in mock.engine.activations(operation.feature)]


# fmt: off
FAULTS = (
    Fault("crowd-shares-an-id", "CON-001", "Two concurrent submits may return the same JobId.", _returns_text_of_concurrent_submit("JobsDetail/JobId")),
    Fault("crowd-swaps-user-data", "CON-001", "Of two concurrent submits one response contains the UserData of the other.", _returns_text_of_concurrent_submit("JobsDetail/Operation/UserData")),
    Fault("crowd-jumps-the-line", "CON-002", "Concurrently submitted jobs go to the front of their level.", _on_concurrent_submits(_move_to_front, every=1)),
    Fault("crowd-slips-through-a-pause", "CON-003", "Some jobs submitted concurrently to a paused queue start.", _on_concurrent_submits(_start_while_paused)),
    Fault("crowd-loses-a-job", "CON-004", "Some concurrently submitted jobs are accepted and never run.", Override(service=_with_random_latency, handle=_on_concurrent_submits(_lose_jobs).handle, engine=lambda base: mixed(_LosesJobs, base))),
    Fault("crowd-loses-a-cancel", "CON-005", "A cancel concurrent with another one is accepted and has no effect.", Override(service=_with_random_latency, handle=_cancel_lost)),
    Fault("crowd-is-not-told", "CON-006", "Some concurrently submitted jobs have no callback.", Override(service=_with_random_latency, handle=_on_concurrent_submits(_skip_callbacks).handle, delivery=lambda base: mixed(_SkipsSomeCallbacks, base))),
    Fault("crowd-loses-a-resume", "CON-007", "A resume concurrent with another update is accepted and undone.", Override(service=_with_random_latency, handle=_resume_lost)),
)
# fmt: on
