"""Faults of scheduling: levels, order, pause, resume, cancel."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from math import inf
from typing import Any

import msgspec

from ciq_mock.engine import Engine, Failure, Job, JobSpec, Queue
from ciq_mock.http.app import Handle
from ciq_mock.overrides import Override
from ciq_mock.service.call import Answer, Call
from ciq_mock.service.refusal import ErrorCode, Refusal
from ciq_mock.variants.faults.fault import Fault, in_engine, ranked
from ciq_mock.variants.middleware import answers, put, reads_call_as, with_body
from ciq_schemas.features import Feature
from ciq_schemas.lifecycle import JobEvent, QueueState
from ciq_schemas.operations import OperationKind as Kind
from ciq_schemas.values import NotifyConfig

FEW = 5
_A_WHILE = 0.5
"""Seconds."""
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


def _by_number(jobs: Sequence[Job]) -> list[Job]:
    return sorted(jobs, key=lambda job: job.number)


def _best_of_first_few(jobs: Sequence[Job]) -> Job:
    return min(_by_number(jobs)[:FEW], key=lambda job: (-job.level, job.number))


def _second_of_pair(jobs: Sequence[Job]) -> Job:
    pair = len(jobs) > 1 and jobs[0].level == jobs[1].level and jobs[0].number % 2
    return jobs[1] if pair else jobs[0]


def _overlooks_the_ninth(jobs: Sequence[Job]) -> Job:
    return jobs[1] if len(jobs) > 1 and jobs[0].number % 9 == 0 else jobs[0]


class Resumes(Engine):
    """Base of faults that show when a queue is resumed."""

    def update_queue(
        self,
        now: float,
        bucket: str,
        feature: object,
        queue_id: str,
        *,
        name: str,
        state: QueueState,
        notify: NotifyConfig,
    ) -> Queue:
        """Updates the queue and calls `paused` or `resumed`."""
        before = self.queue(bucket, feature, queue_id).state  # type: ignore[arg-type]
        queue = super().update_queue(
            now,
            bucket,
            feature,  # type: ignore[arg-type]
            queue_id,
            name=name,
            state=state,
            notify=notify,
        )
        if before is QueueState.ACTIVE and state is QueueState.PAUSED:
            self.paused(max(now, self._now), queue)
        if before is QueueState.PAUSED and state is QueueState.ACTIVE:
            self.resumed(max(now, self._now), queue)
        return queue

    def paused(self, now: float, queue: Queue) -> None:
        """Called after a pause."""

    def resumed(self, now: float, queue: Queue) -> None:
        """Called after a resume."""


class LosesOrderAtResume(Resumes):
    def resumed(self, now: float, queue: Queue) -> None:
        """Reverses the order of the waiting jobs."""
        _turn(queue, list(queue.waiting))


class _LosesOrderOfRest(Resumes):
    def resumed(self, now: float, queue: Queue) -> None:
        """Reverses it only when some jobs of the batch have started."""
        if any(job.started is not None and job.queue is queue for job in list(self.jobs())[-30:]) and self._partly(
            queue
        ):
            _turn(queue, list(queue.waiting))

    def _partly(self, queue: Queue) -> bool:
        first = min((job.number for job in queue.waiting), default=0)
        return any(job.queue is queue and 0 < first - job.number <= 20 and job.started for job in self.jobs())


class _LosesLevelsAtResume(Resumes):
    def resumed(self, now: float, queue: Queue) -> None:
        """Sets the level of all waiting jobs to 0."""
        for job in [queue.waiting.pop() for _ in range(len(queue.waiting))]:
            job.level = 0
            queue.waiting.push(job)


class ForgetsLastAtResume(Resumes):
    def resumed(self, now: float, queue: Queue) -> None:
        """Loses the last of three or more waiting jobs."""
        waiting = list(queue.waiting)
        if len(waiting) > 2:
            take(queue, waiting[-1])


class _DropsHeldJobs(Resumes):
    def paused(self, now: float, queue: Queue) -> None:
        """Does nothing."""

    def resumed(self, now: float, queue: Queue) -> None:
        """Cancels the waiting jobs."""
        for job in list(queue.waiting):
            self._cancel(now, job)


class _StopsRunningForGood(Resumes):
    def paused(self, now: float, queue: Queue) -> None:
        """Fails the running jobs."""
        for entry in list(self._ends):
            job = entry[2]
            if job.queue is queue:
                self._ends.remove(entry)
                job.apply(JobEvent.FAIL)
                job.ended = now
                queue.running -= 1
        self._ends.sort()


def _turn(queue: Queue, waiting: list[Job]) -> None:
    for _ in waiting:
        queue.waiting.pop()
    numbers = sorted((job.number for job in waiting), reverse=True)
    for job, number in zip(sorted(waiting, key=lambda job: job.number), numbers, strict=True):
        job.number = number
        queue.waiting.push(job)


class _PauseIgnored(Engine):
    def _fill(self) -> None:
        for queue in {id(job.queue): job.queue for job in self._jobs.values() if job.waiting}.values():
            while queue.waiting and queue.running < queue.max_concurrent:
                start_anyway(self, queue.waiting.pop())
        super()._fill()

    def next_due(self) -> float | None:
        """Returns now while a job waits."""
        waits = any(job.waiting and job.queue.running < job.queue.max_concurrent for job in self._jobs.values())
        return self._now if waits else super().next_due()


def leaks(which: Callable[[Queue, list[Job]], Job | None]) -> Override:
    """One waiting job runs although the queue is paused."""

    class Leaks(Engine):
        """Starts one waiting job."""

        def submit(
            self, now: float, bucket: str, feature: object, orders: Sequence[JobSpec], **kept: object
        ) -> tuple[Job, ...]:
            """Accepts jobs and starts one of them."""
            jobs = super().submit(now, bucket, feature, orders, **kept)  # type: ignore[arg-type]
            queue = jobs[0].queue
            if queue.state is QueueState.PAUSED and (job := which(queue, list(queue.waiting))) is not None:
                start_anyway(self, take(queue, job))
            return jobs

    return in_engine(Leaks)


def _tenth(_queue: Queue, waiting: list[Job]) -> Job | None:
    return _by_number(waiting)[-1] if len(waiting) >= 8 else None


def _top_level(_queue: Queue, waiting: list[Job]) -> Job | None:
    return next((job for job in waiting if job.level == 2), None)


class _PauseLeaksOnce(Engine):
    def __init__(self, **parts: Any) -> None:
        super().__init__(**parts)
        self._goes: dict[Queue, float] = {}

    def _settle(self, now: float) -> float:
        """Starts the last job once in each pause, after a while."""
        at = super()._settle(now)
        for queue in [activation.queue for activation in self._active.values()]:
            if queue.state is not QueueState.PAUSED or not queue.waiting:
                self._goes.pop(queue, None)
            elif self._goes.setdefault(queue, at + _A_WHILE) <= at:
                self._goes[queue] = inf
                start_anyway(self, take(queue, _by_number(list(queue.waiting))[-1]))
        return at


def changed_specs(change: Callable[[Queue, Sequence[JobSpec]], Sequence[JobSpec]]) -> Override:
    """Changes the submitted specs."""

    class Reads(Engine):
        """Accepts changed specs."""

        def submit(
            self, now: float, bucket: str, feature: object, orders: Sequence[JobSpec], **kept: object
        ) -> tuple[Job, ...]:
            """Accepts the changed specs."""
            queue = self.queue(bucket, feature, kept.get("queue_id"), category=kept.get("category"))  # type: ignore[arg-type]
            return super().submit(now, bucket, feature, change(queue, orders), **kept)  # type: ignore[arg-type]

    return in_engine(Reads)


def _first_level_for_all(_queue: Queue, orders: Sequence[JobSpec]) -> Sequence[JobSpec]:
    return [msgspec.structs.replace(order, level=orders[0].level) for order in orders]


def _level_only_when_paused(queue: Queue, orders: Sequence[JobSpec]) -> Sequence[JobSpec]:
    if queue.state is QueueState.PAUSED:
        return orders
    return [msgspec.structs.replace(order, level=0) for order in orders]


def _levelled_never_end(_queue: Queue, orders: Sequence[JobSpec]) -> Sequence[JobSpec]:
    return [msgspec.structs.replace(order, duration=1e9) if order.level else order for order in orders]


def _url_before_object(_queue: Queue, orders: Sequence[JobSpec]) -> Sequence[JobSpec]:
    unreachable = Failure("InputUnreachable", "the address of the input does not answer")
    return [
        msgspec.structs.replace(order, failure=unreachable) if b"<Url>" in order.input else order for order in orders
    ]


class _CategoryIgnored(Engine):
    def queue(
        self, bucket: str, feature: Feature, queue_id: str | None = None, *, category: str | None = None
    ) -> Queue:
        """Always returns the feature's own queue when no id is given."""
        return super().queue(bucket, feature, queue_id)


def _default_level_one(call: Call) -> Call:
    if b"<JobLevel>" in call.body:
        return call
    return with_body(call, rb"</Operation>", b"<JobLevel>1</JobLevel></Operation>") or call


def _with_speed_queue(part: type[Engine]) -> Override:
    return replace(in_engine(part), settings=lambda settings: replace(settings, speed_queue=True))


def _same_state_refused() -> Override:
    def override(context: object, handle: Handle) -> Handle:
        seen: dict[str, bytes] = {}

        def wrapped(operation: object, call: Call) -> Answer:
            if getattr(operation, "kind", None) is Kind.UPDATE_QUEUE:
                state = b"Paused" if b"<State>Paused</State>" in call.body else b""
                if state and seen.get(call.key) == state:
                    raise Refusal(ErrorCode.INVALID_ARGUMENT, "the queue is paused already")
                seen[call.key] = state
            return handle(operation, call)  # type: ignore[arg-type]

        return wrapped

    return Override(handle=override)


FAULTS = (
    Fault("fifo", "PRI-001", "Levels are ignored.", ranked(lambda _level, number: number)),
    Fault("lifo", "PRI-002", "The newest of a level starts first.", ranked(lambda level, number: -number - (level << 56))),
    Fault("levels-upside-down", "PRI-001", "The smallest level starts first.", ranked(lambda level, number: number + (level << 56))),
    Fault("two-levels-as-one", "PRI-001", "Levels 1 and 2 count the same.", ranked(lambda level, number: number - (min(level, 1) << 56))),
    Fault("low-levels-as-one", "PRI-001", "Levels 0 and 1 count the same.", ranked(lambda level, number: number - (max(level, 1) << 56))),
    Fault("level-window", "PRI-001", "Levels count among the first few waiting jobs only.", picks(_best_of_first_few)),
    Fault("ages-fast", "PRI-001", "Eight places in the queue outweigh one level.", ranked(lambda level, number: number - 8 * level)),
    Fault("newest-of-top-level", "PRI-002", "Jobs of level 2 start newest first.", ranked(lambda level, number: (-number if level == 2 else number) - (level << 56))),
    Fault("pairs-swapped", "PRI-002", "Neighbouring jobs of one level change places.", picks(_second_of_pair)),
    Fault("ninth-is-late", "PRI-002", "Every ninth job starts after the next one.", picks(_overlooks_the_ninth)),
    Fault("order-lost-at-resume", "PRI-002", "A resume reverses the order of the waiting jobs.", in_engine(LosesOrderAtResume)),
    Fault("levels-lost-at-resume", "PRI-001", "After a resume waiting jobs count as level 0.", in_engine(_LosesLevelsAtResume)),
    Fault("order-lost-at-second-resume", "PRI-007", "A second pause reverses the order of the remaining jobs.", in_engine(_LosesOrderOfRest)),
    Fault("default-level-one", "PRI-003", "A job without JobLevel counts as one of level 1.", reads_call_as(_default_level_one, Kind.SUBMIT_JOB)),
    Fault("late-levels-ignored", "PRI-004", "The level of a job that comes while the queue is active is ignored.", changed_specs(_level_only_when_paused)),
    Fault("one-level-a-request", "PRI-005", "All jobs of a request have the level of the first.", changed_specs(_first_level_for_all)),
    Fault("pause-ignored", "PAU-001", "A paused queue continues to start jobs.", in_engine(_PauseIgnored)),
    Fault("last-of-many-leaks", "PAU-001", "When eight or more jobs wait in a paused queue, the last one runs.", leaks(_tenth)),
    Fault("pause-wears-off", "PAU-001", "Once in a pause, after half a second of waiting, the last of the waiting jobs runs.", in_engine(_PauseLeaksOnce)),
    Fault("top-level-leaks", "PAU-001", "Jobs of level 2 run in a paused queue.", leaks(_top_level)),
    Fault("last-lost-at-resume", "PAU-002", "The last of the waiting jobs never runs after a resume.", in_engine(ForgetsLastAtResume)),
    Fault("held-cancelled-at-resume", "PAU-002", "A resume cancels the waiting jobs.", in_engine(_DropsHeldJobs)),
    Fault("held-state-unknown", "PAU-003", "Waiting jobs of a paused queue show Held.", answers(put("JobsDetail/State", lambda text: "Held" if text == "Pause" else text), *_STATES)),
    Fault("running-fail-at-pause", "PAU-006", "A pause fails the running jobs.", in_engine(_StopsRunningForGood)),
    Fault("second-pause-refused", "PAU-009", "Pausing a paused queue is rejected.", _same_state_refused()),
    Fault("levelled-never-end", "LIF-002", "Jobs with a level never end.", changed_specs(_levelled_never_end)),
    Fault("url-before-object", "SUB-018", "A job with Object and Url reads the Url and fails.", changed_specs(_url_before_object)),
    Fault("queue-type-ignored", "SUB-017", "A mock with a speed queue puts jobs of QueueType SpeedTranscoding into the media queue.", _with_speed_queue(_CategoryIgnored)),
)  # fmt: skip
