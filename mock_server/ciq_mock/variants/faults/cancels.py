"""Faults of cancelling: whom a cancel takes out of the queue, what becomes of it, how the call is answered."""

from collections.abc import Sequence

from ciq_mock.engine import Engine, Job, Queue
from ciq_mock.http.app import Handle
from ciq_mock.overrides import Override
from ciq_mock.service.call import Answer, Call
from ciq_mock.variants.faults.fault import Fault, in_engine
from ciq_mock.variants.faults.order import Resumes
from ciq_mock.variants.middleware import Tree, answers, where
from ciq_schemas.lifecycle import JobState
from ciq_schemas.operations import OperationKind as Kind


class _CancelsNothing(Engine):
    def cancel(self, now: float, bucket: str, job_ids: Sequence[str]) -> tuple[Job, ...]:
        """Say yes and do nothing."""
        return ()


class _CancelsNeighbour(Engine):
    def cancel(self, now: float, bucket: str, job_ids: Sequence[str]) -> tuple[Job, ...]:
        """The next in line goes too."""
        jobs = super().cancel(now, bucket, job_ids)
        for queue in {id(job.queue): job.queue for job in jobs}.values():
            for other in list(queue.waiting)[:1]:
                self._cancel(self._now, other)
        return jobs


class _CancelsNoLevelTwo(Engine):
    def cancel(self, now: float, bucket: str, job_ids: Sequence[str]) -> tuple[Job, ...]:
        """Say yes and leave what is of level 2."""
        lower = [job_id for job_id in job_ids if (job := self._jobs.get(job_id)) is None or job.level < 2]
        return super().cancel(now, bucket, lower) if lower else ()


class _CancelsRequest(Engine):
    def cancel(self, now: float, bucket: str, job_ids: Sequence[str]) -> tuple[Job, ...]:
        """Whatever waits of a request that made several goes as well."""
        jobs = super().cancel(now, bucket, job_ids)
        for job in [job for job in jobs if job.one_of_many]:
            for other in list(job.queue.waiting):
                if other.one_of_many and other.created == job.created:
                    self._cancel(self._now, other)
        return jobs


class _CancelledRunAfterResume(Resumes):
    def resumed(self, now: float, queue: Queue) -> None:
        """Queues again the jobs that were cancelled during the pause."""
        for job in [job for job in self._jobs.values() if job.queue is queue and job.state is JobState.CANCEL]:
            job._state = JobState.SUBMITTED
            job.ended = None
            queue.waiting.push(job)
        self._touch(queue)


class _CancelsWhatHasEnded(Engine):
    def cancel(self, now: float, bucket: str, job_ids: Sequence[str]) -> tuple[Job, ...]:
        """An ended job becomes cancelled."""
        ended = [job for job_id in job_ids if (job := self._jobs.get(job_id)) and job.ended is not None]
        for job in ended:
            job._state = JobState.CANCEL
        return tuple(ended) or super().cancel(now, bucket, job_ids)


class _CancelsWhatHasFailed(Engine):
    def cancel(self, now: float, bucket: str, job_ids: Sequence[str]) -> tuple[Job, ...]:
        """A failed job becomes cancelled."""
        failed = [job for job_id in job_ids if (job := self._jobs.get(job_id)) and job.state is JobState.FAILED]
        for job in failed:
            job._state = JobState.CANCEL
        return tuple(failed) or super().cancel(now, bucket, job_ids)


class _CancelsWhatRuns(Engine):
    def cancel(self, now: float, bucket: str, job_ids: Sequence[str]) -> tuple[Job, ...]:
        """A running job is cancelled."""
        running = [job for job_id in job_ids if (job := self._jobs.get(job_id)) and job.state is JobState.RUNNING]
        for job in running:
            job._state = JobState.CANCEL
            job.ended = self._now
        return tuple(running) or super().cancel(now, bucket, job_ids)

    def _end(self, job: Job) -> None:
        if job.state is JobState.CANCEL:
            job.queue.running -= 1
            self._touch(job.queue)
        else:
            super()._end(job)


def _content_in_cancel(_context: object, handle: Handle) -> Handle:
    def wrapped(operation: object, call: Call) -> Answer:
        answer = handle(operation, call)  # type: ignore[arg-type]
        kind = getattr(operation, "kind", None)
        return Answer(b"<Response><RequestId>x</RequestId></Response>") if kind is Kind.CANCEL_JOB else answer

    return wrapped


def _unlisted(job: Tree) -> None:
    around = job.getparent()
    if around is not None:
        around.remove(job)


# fmt: off
FAULTS = (
    Fault("cancel-ignored", "CAN-002", "Cancel returns 200 and does nothing.", in_engine(_CancelsNothing)),
    Fault("cancelled-run-after-resume", "CAN-003", "A cancelled job runs after the resume.", in_engine(_CancelledRunAfterResume)),
    Fault("cancel-takes-neighbour", "CAN-004", "Cancel also cancels the next waiting job.", in_engine(_CancelsNeighbour)),
    Fault("cancel-leaves-level-two", "CAN-002", "Cancel of a job of level 2 returns 200 and does nothing.", in_engine(_CancelsNoLevelTwo)),
    Fault("cancel-takes-request", "CAN-004", "Cancel also cancels the other waiting jobs of the same request.", in_engine(_CancelsRequest)),
    Fault("cancel-rewrites-failed", "CAN-005", "A failed job becomes cancelled.", in_engine(_CancelsWhatHasFailed)),
    Fault("cancelled-unlisted", "CAN-010", "Lists omit cancelled jobs.", answers(where("State", "Cancel", _unlisted), Kind.LIST_JOBS)),
    Fault("cancel-stops-running", "CAN-009", "A running job becomes cancelled.", in_engine(_CancelsWhatRuns)),
    Fault("cancel-rewrites-ended", "CAN-005", "An ended job becomes cancelled.", in_engine(_CancelsWhatHasEnded)),
    Fault("cancel-has-content", "CAN-006", "The response to a cancel has a body.", Override(handle=_content_in_cancel)),
)
# fmt: on
