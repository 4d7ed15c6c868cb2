"""Faults of scheduling: levels, order, pause and resume."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from math import inf
from typing import Any

import msgspec

from ciq_mock.engine import Engine, Failure, Job, JobSpec, Queue
from ciq_mock.overrides import Override, mixed
from ciq_mock.service.call import Answer, Call
from ciq_mock.service.refusal import ErrorCode, Refusal
from ciq_mock.variants.edits import put
from ciq_mock.variants.faults.fault import Fault
from ciq_mock.variants.middleware import (
    CallNext,
    Request,
    answers,
    middleware,
    middleware_per_mock,
    reads_call_as,
    with_body,
)
from ciq_mock.variants.mixins import HookedEngine, changed_settings, in_engine, ranked
from ciq_schemas.features import SHARED_JOB_PATH, Feature
from ciq_schemas.lifecycle import JobEvent, QueueState
from ciq_schemas.operations import OperationKind as Kind

FEW = 5
"""Number of waiting jobs that the fault `level-window` compares."""
_LEAK_AFTER = 0.5
"""Seconds of waiting after which the fault `pause-wears-off` starts a job."""
_STATES = (Kind.DESCRIBE_JOB, Kind.LIST_JOBS)


def take(queue: Queue, job: Job) -> Job:
    """Removes a job from the waiting jobs of its queue."""
    ahead = []
    while (head := queue.waiting.pop()) is not job:
        ahead.append(head)
    for one in ahead:
        queue.waiting.push(one)
    return job


def start_anyway(engine: Engine, job: Job) -> None:
    """Starts a job even if its queue is paused."""
    queue = job.queue
    state, queue.state = queue.state, QueueState.ACTIVE
    engine._start(job)
    queue.state = state


def picks(choose: Callable[[Sequence[Job]], Job], *, of: Callable[[Queue], bool] = lambda _queue: True) -> Override:
    """Changes which waiting job starts next; `choose` receives them in starting order."""

    class Picks(Engine):
        """Starts the chosen job."""

        def _fill(self) -> None:
            for queue in list(self._ready):
                while of(queue) and queue.can_start:
                    self._start(take(queue, choose(list(queue.waiting))))
            super()._fill()

    return in_engine(Picks)


def leaks(which: Callable[[Queue, list[Job]], Job | None]) -> Override:
    """Starts one waiting job after a submit to a paused queue."""

    class Leaks(HookedEngine):
        """Starts the chosen job."""

        def on_submitted(self, jobs: Sequence[Job]) -> None:
            """Starts one waiting job."""
            super().on_submitted(jobs)
            queue = jobs[0].queue
            if queue.state is QueueState.PAUSED and (job := which(queue, list(queue.waiting))) is not None:
                start_anyway(self, take(queue, job))

    return in_engine(Leaks)


def changed_specs(change: Callable[[Queue, Sequence[JobSpec]], Sequence[JobSpec]]) -> Override:
    """Changes the submitted specs."""

    class ChangedSpecs(HookedEngine):
        """Accepts the changed specs."""

        def requested_jobs(self, queue: Queue, specs: Sequence[JobSpec]) -> Sequence[JobSpec]:
            """Returns the changed specs."""
            return change(queue, super().requested_jobs(queue, specs))

    return in_engine(ChangedSpecs)


# --- which job starts next ----------------------------------------------------------------------------------


def _by_number(jobs: Sequence[Job]) -> list[Job]:
    return sorted(jobs, key=lambda job: job.number)


def _best_of_first_few(jobs: Sequence[Job]) -> Job:
    return min(_by_number(jobs)[:FEW], key=lambda job: (-job.level, job.number))


def _second_of_pair(jobs: Sequence[Job]) -> Job:
    pair = len(jobs) > 1 and jobs[0].level == jobs[1].level and jobs[0].number % 2
    return jobs[1] if pair else jobs[0]


def _skips_every_ninth(jobs: Sequence[Job]) -> Job:
    return jobs[1] if len(jobs) > 1 and jobs[0].number % 9 == 0 else jobs[0]


# --- pause and resume ---------------------------------------------------------------------------------------


def reverse(queue: Queue) -> None:
    """Reverses the order of the waiting jobs of each level."""
    waiting = [queue.waiting.pop() for _ in range(len(queue.waiting))]
    numbers = sorted((job.number for job in waiting), reverse=True)
    for job, number in zip(_by_number(waiting), numbers, strict=True):
        job.number = number
        queue.waiting.push(job)


class LosesOrderAtResume(HookedEngine):
    """Reverses the order of the waiting jobs at a resume."""

    def on_resumed(self, now: float, queue: Queue) -> None:
        """Reverses the order."""
        reverse(queue)


class _LosesOrderOfRest(HookedEngine):
    """Reverses the order of the waiting jobs at a resume when some jobs of the batch have started."""

    def on_resumed(self, now: float, queue: Queue) -> None:
        """Reverses the order."""
        latest = list(self.jobs())[-30:]
        if any(job.started is not None and job.queue is queue for job in latest) and self._has_started_partly(queue):
            reverse(queue)

    def _has_started_partly(self, queue: Queue) -> bool:
        first = min((job.number for job in queue.waiting), default=0)
        return any(job.queue is queue and 0 < first - job.number <= 20 and job.started for job in self.jobs())


class _LosesLevelsAtResume(HookedEngine):
    """Sets the level of all waiting jobs to 0 at a resume."""

    def on_resumed(self, now: float, queue: Queue) -> None:
        """Sets the levels."""
        for job in [queue.waiting.pop() for _ in range(len(queue.waiting))]:
            job.level = 0
            queue.waiting.push(job)


class ForgetsLastAtResume(HookedEngine):
    """Removes the last of three or more waiting jobs at a resume."""

    def on_resumed(self, now: float, queue: Queue) -> None:
        """Removes the last job."""
        waiting = list(queue.waiting)
        if len(waiting) > 2:
            take(queue, waiting[-1])


class _CancelsWaitingAtResume(HookedEngine):
    """Cancels the waiting jobs at a resume."""

    def on_resumed(self, now: float, queue: Queue) -> None:
        """Cancels the waiting jobs."""
        for job in list(queue.waiting):
            self._cancel(now, job)


class _FailsRunningAtPause(HookedEngine):
    """Fails the running jobs at a pause."""

    def on_paused(self, now: float, queue: Queue) -> None:
        """Fails the running jobs."""
        for entry in list(self._ends):
            job = entry[2]
            if job.queue is queue:
                self._ends.remove(entry)
                job.apply(JobEvent.FAIL)
                job.ended = now
                queue.running -= 1
        self._ends.sort()


class _IgnoresPause(Engine):
    """Starts jobs of paused queues."""

    def _fill(self) -> None:
        for queue in {id(job.queue): job.queue for job in self._jobs.values() if job.waiting}.values():
            while queue.waiting and queue.running < queue.max_concurrent:
                start_anyway(self, queue.waiting.pop())
        super()._fill()

    def next_due(self) -> float | None:
        """Returns now while a waiting job has a free worker."""
        waits = any(job.waiting and job.queue.running < job.queue.max_concurrent for job in self._jobs.values())
        return self._now if waits else super().next_due()


class _LeaksOncePerPause(Engine):
    """Starts the last waiting job once in each pause, after a time."""

    def __init__(self, **parts: Any) -> None:
        super().__init__(**parts)
        self._leaks_at: dict[Queue, float] = {}

    def _settle(self, now: float) -> float:
        at = super()._settle(now)
        for queue in [activation.queue for activation in self._active.values()]:
            if queue.state is not QueueState.PAUSED or not queue.waiting:
                self._leaks_at.pop(queue, None)
            elif self._leaks_at.setdefault(queue, at + _LEAK_AFTER) <= at:
                self._leaks_at[queue] = inf
                start_anyway(self, take(queue, _by_number(list(queue.waiting))[-1]))
        return at


def _last_of_many(_queue: Queue, waiting: list[Job]) -> Job | None:
    return _by_number(waiting)[-1] if len(waiting) >= 8 else None


def _top_level(_queue: Queue, waiting: list[Job]) -> Job | None:
    return next((job for job in waiting if job.level == 2), None)


class _RejectsSecondPause:
    """Rejects an update to Paused when the last update of the queue was one too."""

    def __init__(self) -> None:
        self._states: dict[str, bytes] = {}

    def dispatch(self, request: Request, call_next: CallNext) -> Answer:
        """Answers one call."""
        if request.kind is Kind.UPDATE_QUEUE:
            call = request.call
            state = b"Paused" if b"<State>Paused</State>" in call.body else b""
            if state and self._states.get(call.key) == state:
                raise Refusal(ErrorCode.INVALID_ARGUMENT, "the queue is paused already")
            self._states[call.key] = state
        return call_next(request)


# --- submitted jobs -----------------------------------------------------------------------------------------


def _first_level_for_all(_queue: Queue, specs: Sequence[JobSpec]) -> Sequence[JobSpec]:
    return [msgspec.structs.replace(spec, level=specs[0].level) for spec in specs]


def _level_only_when_paused(queue: Queue, specs: Sequence[JobSpec]) -> Sequence[JobSpec]:
    if queue.state is QueueState.PAUSED:
        return specs
    return [msgspec.structs.replace(spec, level=0) for spec in specs]


def _levelled_never_end(_queue: Queue, specs: Sequence[JobSpec]) -> Sequence[JobSpec]:
    return [msgspec.structs.replace(spec, duration=1e9) if spec.level else spec for spec in specs]


def _url_before_object(_queue: Queue, specs: Sequence[JobSpec]) -> Sequence[JobSpec]:
    unreachable = Failure("InputUnreachable", "the address of the input does not answer")
    return [msgspec.structs.replace(spec, failure=unreachable) if b"<Url>" in spec.input else spec for spec in specs]


def _default_level_one(call: Call) -> Call:
    if b"<JobLevel>" in call.body:
        return call
    return with_body(call, rb"</Operation>", b"<JobLevel>1</JobLevel></Operation>") or call


def _unreads_level_of_speech(request: Request, call_next: CallNext) -> Answer:
    """Sets the level of a speech job to 0 when it is submitted on the path of all features."""
    call = request.call
    if request.operation.path != SHARED_JOB_PATH or b"<Tag>SpeechRecognition</Tag>" not in call.body:
        return call_next(request)
    changed = with_body(call, rb"<JobLevel>.</JobLevel>", b"<JobLevel>0</JobLevel>")
    return call_next(request.with_call(changed or call))


class _IgnoresCategory(Engine):
    """Returns the feature's own queue whenever no id is given."""

    def queue(
        self, bucket: str, feature: Feature, queue_id: str | None = None, *, category: str | None = None
    ) -> Queue:
        """Returns a queue, whatever its category."""
        return super().queue(bucket, feature, queue_id)


def _with_speed_queue(mixin: type[Engine]) -> Override:
    return replace(changed_settings(speed_queue=True), engine=mixed(mixin))


FAULTS = (
    Fault("fifo", "PRI-001", "Levels are ignored.", ranked(lambda _level, number: number)),
    Fault("lifo", "PRI-002", "The newest of a level starts first.", ranked(lambda level, number: -number - (level << 56))),
    Fault("levels-upside-down", "PRI-001", "The smallest level starts first.", ranked(lambda level, number: number + (level << 56))),
    Fault("two-levels-as-one", "PRI-001", "Levels 1 and 2 are equal.", ranked(lambda level, number: number - (min(level, 1) << 56))),
    Fault("low-levels-as-one", "PRI-001", "Levels 0 and 1 are equal.", ranked(lambda level, number: number - (max(level, 1) << 56))),
    Fault("level-window", "PRI-001", "Levels are compared only among the first five waiting jobs.", picks(_best_of_first_few)),
    Fault("ages-fast", "PRI-001", "Eight places in the queue outweigh one level.", ranked(lambda level, number: number - 8 * level)),
    Fault("newest-of-top-level", "PRI-002", "Jobs of level 2 start newest first.", ranked(lambda level, number: (-number if level == 2 else number) - (level << 56))),
    Fault("pairs-swapped", "PRI-002", "Neighbouring jobs of one level change places.", picks(_second_of_pair)),
    Fault("ninth-is-late", "PRI-002", "Every ninth job starts after the next one.", picks(_skips_every_ninth)),
    Fault("level-unread-on-shared-path", "PRI-001", "Speech jobs that are submitted under /jobs have level 0.", middleware(_unreads_level_of_speech), Feature.SPEECH),
    Fault("order-lost-at-resume", "PRI-002", "A resume reverses the order of the waiting jobs.", in_engine(LosesOrderAtResume)),
    Fault("levels-lost-at-resume", "PRI-001", "A resume sets the level of the waiting jobs to 0.", in_engine(_LosesLevelsAtResume)),
    Fault("order-lost-at-second-resume", "PRI-007", "A second resume reverses the order of the remaining jobs.", in_engine(_LosesOrderOfRest)),
    Fault("default-level-one", "PRI-003", "A job without JobLevel has level 1.", reads_call_as(_default_level_one, Kind.SUBMIT_JOB)),
    Fault("late-levels-ignored", "PRI-004", "The level of a job is ignored if the queue is active at the submit.", changed_specs(_level_only_when_paused)),
    Fault("one-level-a-request", "PRI-005", "All jobs of a request have the level of the first.", changed_specs(_first_level_for_all)),
    Fault("pause-ignored", "PAU-001", "A paused queue continues to start jobs.", in_engine(_IgnoresPause)),
    Fault("last-of-many-leaks", "PAU-001", "When eight or more jobs wait in a paused queue, the last one runs.", leaks(_last_of_many)),
    Fault("pause-wears-off", "PAU-001", "Once in each pause, the last waiting job runs after half a second.", in_engine(_LeaksOncePerPause)),
    Fault("top-level-leaks", "PAU-001", "A job of level 2 runs in a paused queue.", leaks(_top_level)),
    Fault("last-lost-at-resume", "PAU-002", "The last of the waiting jobs never runs after a resume.", in_engine(ForgetsLastAtResume)),
    Fault("held-cancelled-at-resume", "PAU-002", "A resume cancels the waiting jobs.", in_engine(_CancelsWaitingAtResume)),
    Fault("held-state-unknown", "PAU-003", "Waiting jobs of a paused queue show Held.", answers(put("JobsDetail/State", lambda text: "Held" if text == "Pause" else text), *_STATES)),
    Fault("running-fail-at-pause", "PAU-006", "A pause fails the running jobs.", in_engine(_FailsRunningAtPause)),
    Fault("second-pause-refused", "PAU-009", "Pausing a paused queue is rejected.", middleware_per_mock(_RejectsSecondPause)),
    Fault("levelled-never-end", "LIF-002", "Jobs with a level never end.", changed_specs(_levelled_never_end)),
    Fault("url-before-object", "SUB-018", "A job with Object and Url reads the Url and fails.", changed_specs(_url_before_object)),
    Fault("queue-type-ignored", "SUB-017", "A mock with a speed queue puts jobs of QueueType SpeedTranscoding into the media queue.", _with_speed_queue(_IgnoresCategory)),
)  # fmt: skip
