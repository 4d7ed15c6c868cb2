"""Faults of cancelling: which jobs a cancel removes, in which state they end, how the call is answered."""

from collections.abc import Sequence

from ciq_mock.engine import Engine, Job, Queue
from ciq_mock.service.call import Answer
from ciq_mock.variants.edits import Tree, where
from ciq_mock.variants.faults.fault import Fault
from ciq_mock.variants.middleware import CallNext, Request, answers, middleware
from ciq_mock.variants.mixins import HookedEngine, in_engine
from ciq_schemas.lifecycle import JobState
from ciq_schemas.operations import OperationKind as Kind


class _IgnoresCancel(Engine):
    """Accepts a cancel and does nothing."""

    def cancel(self, now: float, bucket: str, job_ids: Sequence[str]) -> tuple[Job, ...]:
        """Returns no job."""
        return ()


class _IgnoresCancelOfLevelTwo(Engine):
    """Accepts a cancel of jobs of level 2 and does nothing."""

    def cancel(self, now: float, bucket: str, job_ids: Sequence[str]) -> tuple[Job, ...]:
        """Cancels the other jobs."""
        lower = [job_id for job_id in job_ids if (job := self._jobs.get(job_id)) is None or job.level < 2]
        return super().cancel(now, bucket, lower) if lower else ()


class _CancelsFirstOfSeveral(Engine):
    """Cancels only the first job that a cancel names."""

    def cancel(self, now: float, bucket: str, job_ids: Sequence[str]) -> tuple[Job, ...]:
        """Cancels one job."""
        return super().cancel(now, bucket, job_ids[:1])


class _CancelsNeighbour(HookedEngine):
    """Also cancels the next waiting job."""

    def on_cancelled(self, jobs: Sequence[Job]) -> None:
        """Cancels the first waiting job of each queue."""
        super().on_cancelled(jobs)
        for queue in {id(job.queue): job.queue for job in jobs}.values():
            for other in list(queue.waiting)[:1]:
                self._cancel(self._now, other)


class _CancelsRequest(HookedEngine):
    """Also cancels the other waiting jobs of a request that created several."""

    def on_cancelled(self, jobs: Sequence[Job]) -> None:
        """Cancels the other jobs of the request."""
        super().on_cancelled(jobs)
        for job in [job for job in jobs if job.one_of_many]:
            for other in list(job.queue.waiting):
                if other.one_of_many and other.created == job.created:
                    self._cancel(self._now, other)


class _QueuesCancelledAtResume(HookedEngine):
    """Queues again, at a resume, the jobs that were cancelled."""

    def on_resumed(self, now: float, queue: Queue) -> None:
        """Queues the cancelled jobs."""
        for job in [job for job in self._jobs.values() if job.queue is queue and job.state is JobState.CANCEL]:
            job._state = JobState.SUBMITTED
            job.ended = None
            queue.waiting.push(job)
        self._touch(queue)


class _CancelsStarted(Engine):
    """Base of faults that cancel jobs which have started or ended."""

    def is_cancelled_too(self, job: Job) -> bool:
        """Tests whether the fault cancels the job."""
        return False

    def cancel(self, now: float, bucket: str, job_ids: Sequence[str]) -> tuple[Job, ...]:
        """Sets the state of such jobs to Cancel; without any, cancels as usual."""
        jobs = [job for job_id in job_ids if (job := self._jobs.get(job_id)) and self.is_cancelled_too(job)]
        for job in jobs:
            job.ended = self._now if job.ended is None else job.ended
            job._state = JobState.CANCEL
        return tuple(jobs) or super().cancel(now, bucket, job_ids)


class _CancelsEnded(_CancelsStarted):
    def is_cancelled_too(self, job: Job) -> bool:
        """Includes jobs that have ended."""
        return job.ended is not None or super().is_cancelled_too(job)


class _CancelsFailed(_CancelsStarted):
    def is_cancelled_too(self, job: Job) -> bool:
        """Includes jobs that have failed."""
        return job.state is JobState.FAILED or super().is_cancelled_too(job)


class _CancelsRunning(_CancelsStarted):
    def is_cancelled_too(self, job: Job) -> bool:
        """Includes running jobs."""
        return job.state is JobState.RUNNING or super().is_cancelled_too(job)

    def _end(self, job: Job) -> None:
        if job.state is JobState.CANCEL:
            job.queue.running -= 1
            self._touch(job.queue)
        else:
            super()._end(job)


def _adds_content(request: Request, call_next: CallNext) -> Answer:
    answer = call_next(request)
    with_content = Answer(b"<Response><RequestId>x</RequestId></Response>")
    return with_content if request.kind is Kind.CANCEL_JOB else answer


def _remove(job: Tree) -> None:
    parent = job.getparent()
    if parent is not None:
        parent.remove(job)


# fmt: off
FAULTS = (
    Fault("first-of-several-cancelled", "CAN-011", "A cancel of several ids cancels the first job only.", in_engine(_CancelsFirstOfSeveral)),
    Fault("cancel-ignored", "CAN-002", "Cancel returns 200 and does nothing.", in_engine(_IgnoresCancel)),
    Fault("cancelled-run-after-resume", "CAN-003", "A cancelled job runs after the resume.", in_engine(_QueuesCancelledAtResume)),
    Fault("cancel-takes-neighbour", "CAN-004", "Cancel also cancels the next waiting job.", in_engine(_CancelsNeighbour)),
    Fault("cancel-leaves-level-two", "CAN-002", "Cancel of a job of level 2 returns 200 and does nothing.", in_engine(_IgnoresCancelOfLevelTwo)),
    Fault("cancel-takes-request", "CAN-004", "Cancel also cancels the other waiting jobs of the same request.", in_engine(_CancelsRequest)),
    Fault("cancel-rewrites-failed", "CAN-005", "A failed job becomes cancelled.", in_engine(_CancelsFailed)),
    Fault("cancelled-unlisted", "CAN-010", "Lists omit cancelled jobs.", answers(where("State", "Cancel", _remove), Kind.LIST_JOBS)),
    Fault("cancel-stops-running", "CAN-009", "A running job becomes cancelled.", in_engine(_CancelsRunning)),
    Fault("cancel-rewrites-ended", "CAN-005", "An ended job becomes cancelled.", in_engine(_CancelsEnded)),
    Fault("cancel-has-content", "CAN-006", "The response to a cancel has a body.", middleware(_adds_content)),
)
# fmt: on
