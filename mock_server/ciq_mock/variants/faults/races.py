"""Faults that only concurrent requests show: state that requests share without a lock.

The service handles requests with random delays (`RandomLatencyApp`), so that requests overlap. A client that sends one
request at a time observes correct behaviour.
"""

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any, cast

from ciq_mock.delivery import CallbackDispatcher
from ciq_mock.engine import Ended, Engine, Event, Job, Queue
from ciq_mock.http.app import ServiceApp
from ciq_mock.overrides import Override, mixed
from ciq_mock.running import RunningMock
from ciq_mock.service.call import NOTHING, Answer
from ciq_mock.variants.edits import to_bytes
from ciq_mock.variants.faults.fault import Fault
from ciq_mock.variants.faults.order import start_anyway, take
from ciq_mock.variants.latency import RandomLatencyApp
from ciq_mock.variants.middleware import CallNext, Request, middleware, middleware_per_mock, with_body
from ciq_schemas.features import SHARED_JOB_PATH
from ciq_schemas.lifecycle import QueueState
from ciq_schemas.operations import OperationKind as Kind
from ciq_schemas.xml_parser import parse

Spoil = Callable[[RunningMock, list[Job]], None]
_OVERLAP_SECONDS = 0.3
_ALONE = re.compile(rb"<Request><(Name|State)>[^<]*</\1></Request>")
_EVERY = 3
"""One in so many concurrently submitted jobs is affected."""
_RANDOM_LATENCY: Callable[[type[ServiceApp]], type[ServiceApp]] = mixed(RandomLatencyApp)


def _is_concurrent(request: Request) -> bool:
    """Tests whether another request of this kind is in progress."""
    service = cast(RandomLatencyApp, request.mock.service)
    shared = request.kind is Kind.CANCEL_JOB and request.feature is not None
    path = SHARED_JOB_PATH if shared else request.operation.path.partition("/{")[0]
    return service.in_progress[f"{request.operation.method} {path}"] > 1


# --- submits ------------------------------------------------------------------------------------------------


class _SpoilsConcurrentSubmits:
    """Applies a change to some jobs whose submit overlapped another one."""

    def __init__(self, spoil: Spoil, every: int) -> None:
        self._spoil = spoil
        self._every = every
        self._count = 0

    def dispatch(self, request: Request, call_next: CallNext) -> Answer:
        """Answers one call."""
        answer = call_next(request)
        if request.kind is Kind.SUBMIT_JOB and _is_concurrent(request):
            self._count += 1
            if self._count % self._every == 0:
                self._spoil(request.mock, _waiting_jobs(request, answer))
        return answer


def _waiting_jobs(request: Request, answer: Answer) -> list[Job]:
    """Returns the jobs of a submit that have not started."""
    mock = request.mock
    ids = [element.text or "" for element in parse(answer.body).iterfind("JobsDetail/JobId")]
    jobs = (mock.engine.job(mock.clock.now(), request.call.bucket, job_id) for job_id in ids)
    return [job for job in jobs if job is not None and job.waiting]


def _on_concurrent_submits(spoil: Spoil, *, every: int = _EVERY) -> Override:
    return replace(middleware_per_mock(lambda: _SpoilsConcurrentSubmits(spoil, every)), service=_RANDOM_LATENCY)


class _LosesJobs(Engine):
    """Keeps jobs that no queue contains any more."""

    def __init__(self, **parts: Any) -> None:
        super().__init__(**parts)
        self.dropped: set[Job] = set()

    def _cancel(self, now: float, job: Job) -> None:
        if job in self.dropped:
            job.queue.waiting.push(job)  # the waiting list counts removals
        super()._cancel(now, job)


class _SkipsSomeCallbacks(CallbackDispatcher):
    """Sends no callback for some jobs."""

    def __init__(self, **parts: Any) -> None:
        super().__init__(**parts)
        self.skipped: set[str] = set()

    def on_event(self, event: Event) -> None:
        """Handles all events but the end of those jobs."""
        if not (isinstance(event, Ended) and event.job.id in self.skipped):
            super().on_event(event)


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
    cast(_SkipsSomeCallbacks, mock.delivery).skipped.update(job.id for job in jobs)


class _SwapsTexts:
    """Returns, for a submit that overlapped another one, the text at the path from the answer before."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._last = ""

    def dispatch(self, request: Request, call_next: CallNext) -> Answer:
        """Answers one call."""
        answer = call_next(request)
        if request.kind is not Kind.SUBMIT_JOB:
            return answer
        root = parse(answer.body)
        element = root.find(self._path)
        if element is None:
            return answer
        last, self._last = self._last, element.text or ""
        if not last or not _is_concurrent(request):
            return answer
        element.text = last
        return Answer(to_bytes(root), answer.status)


def _returns_text_of_concurrent_submit(path: str) -> Override:
    return replace(middleware_per_mock(lambda: _SwapsTexts(path)), service=_RANDOM_LATENCY)


# --- cancels and updates ------------------------------------------------------------------------------------


def _ignores_concurrent_cancel(request: Request, call_next: CallNext) -> Answer:
    """Accepts a cancel that overlaps another one and does nothing."""
    return NOTHING if request.kind is Kind.CANCEL_JOB and _is_concurrent(request) else call_next(request)


def _undoes_concurrent_resume(request: Request, call_next: CallNext) -> Answer:
    """Returns the correct answer, but restores the state that another client set."""
    if request.kind is not Kind.UPDATE_QUEUE or not _is_concurrent(request):
        return call_next(request)
    queues = _queues_of(request)
    states = [queue.state for queue in queues]
    answer = call_next(request)
    for queue, state in zip(queues, states, strict=True):
        if queue.state is QueueState.ACTIVE:
            queue.state = state
    return answer


def _queues_of(request: Request) -> list[Queue]:
    """Returns the queues that an update names."""
    if request.feature is None:
        return []
    activations = request.mock.engine.activations(request.feature)
    return [queue for activation in activations for queue in activation.queues if queue.id == request.call.key]


class _LosesOverlappingUpdate:
    """Completes an update that omits elements; right after another update, with the settings before that one."""

    def __init__(self) -> None:
        self._last: dict[str, tuple[float, str, str]] = {}

    def dispatch(self, request: Request, call_next: CallNext) -> Answer:
        """Answers one call."""
        queue = next(iter(_queues_of(request)), None) if request.kind is Kind.UPDATE_QUEUE else None
        if queue is None:
            return call_next(request)
        now = request.mock.clock.now()
        at, name, state = self._last.get(queue.id, (float("-inf"), "", ""))
        if now - at > _OVERLAP_SECONDS:
            name, state = queue.name, queue.state.value
        self._last[queue.id] = (now, name, state)
        alone = _ALONE.fullmatch(request.call.body)
        if alone is None:
            return call_next(request)
        given = {"Name": name, "State": state, "NotifyConfig": "<State>Off</State>"}
        added = "".join(f"<{key}>{text}</{key}>" for key, text in given.items() if key != alone[1].decode())
        changed = with_body(request.call, rb"</Request>", f"{added}</Request>".encode())
        return call_next(request.with_call(changed or request.call))


# fmt: off
FAULTS = (
    Fault("crowd-shares-an-id", "CON-001", "Two concurrent submits may return the same JobId.", _returns_text_of_concurrent_submit("JobsDetail/JobId")),
    Fault("crowd-swaps-user-data", "CON-001", "One of two concurrent submits returns the UserData of the other.", _returns_text_of_concurrent_submit("JobsDetail/Operation/UserData")),
    Fault("crowd-jumps-the-line", "CON-002", "Concurrently submitted jobs go to the front of their level.", _on_concurrent_submits(_move_to_front, every=1)),
    Fault("crowd-slips-through-a-pause", "CON-003", "Some jobs submitted concurrently to a paused queue start.", _on_concurrent_submits(_start_while_paused)),
    Fault("crowd-loses-a-job", "CON-004", "Some concurrently submitted jobs are accepted and never run.", replace(_on_concurrent_submits(_lose_jobs), engine=mixed(_LosesJobs))),
    Fault("crowd-loses-a-cancel", "CON-005", "A cancel concurrent with another one is accepted and has no effect.", replace(middleware(_ignores_concurrent_cancel), service=_RANDOM_LATENCY)),
    Fault("crowd-loses-a-callback", "CON-006", "Some concurrently submitted jobs have no callback.", replace(_on_concurrent_submits(_skip_callbacks), delivery=mixed(_SkipsSomeCallbacks))),
    Fault("crowd-loses-an-update", "UPD-021", "An update that omits elements restores those that a concurrent update has changed.", replace(middleware_per_mock(_LosesOverlappingUpdate), service=_RANDOM_LATENCY)),
    Fault("crowd-loses-a-resume", "CON-007", "A resume concurrent with another update is accepted and undone.", replace(middleware(_undoes_concurrent_resume), service=_RANDOM_LATENCY)),
)
# fmt: on
