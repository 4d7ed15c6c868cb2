"""Faults of jobs that fail: how they are told of, and what becomes of the jobs after them."""

from typing import Any

from ciq_mock.callback_rule import BodyFormat, Decision, Destination
from ciq_mock.delivery import CallbackDispatcher
from ciq_mock.delivery.url_queues import Subject
from ciq_mock.engine import CallbackChoice, Ended, Engine, Event, Failure, Job
from ciq_mock.variants.faults.fault import Fault, in_delivery, in_engine
from ciq_mock.variants.middleware import JOB_ANSWERS, Tree, answers, drop
from ciq_schemas.lifecycle import JobState


def _failed(subject: Subject) -> bool:
    return isinstance(subject, Job) and subject.state is JobState.FAILED


class _GoesByQueue(CallbackDispatcher):
    def on_event(self, event: Event) -> None:
        """What a failed job asks for itself does not count."""
        if isinstance(event, Ended) and event.state is JobState.FAILED:
            self.carry_out(event.job, self.decision(event.rule, CallbackChoice()))
        else:
            super().on_event(event)


class _GoesByQueueForNo(CallbackDispatcher):
    def on_event(self, event: Event) -> None:
        """`no` of a failed job does not count."""
        if isinstance(event, Ended) and event.state is JobState.FAILED and event.job.callback.address == "no":
            self.carry_out(event.job, self.decision(event.rule, CallbackChoice()))
        else:
            super().on_event(event)


class _FailuresInXml(CallbackDispatcher):
    def carry_out(self, subject: Subject, decision: Decision) -> None:
        """A failed job is told of in XML, whatever was asked."""
        if isinstance(decision, Destination) and _failed(subject):
            decision = Destination(url=decision.url, format=BodyFormat.XML, reason="a fault")
        super().carry_out(subject, decision)


class _FailureSpreads(Engine):
    def __init__(self, **parts: Any) -> None:
        super().__init__(**parts)
        self._started_last: dict[str, Failure | None] = {}

    def _start(self, job: Job) -> None:
        own = job.failure
        job.failure = own or self._started_last.get(job.queue.id)
        self._started_last[job.queue.id] = own
        super()._start(job)


class _FailureKeepsWorker(Engine):
    def _end(self, job: Job) -> None:
        super()._end(job)
        if job.failure is not None:
            job.queue.running += 1


def _failed_endless(root: Tree) -> None:
    for job in root.iterfind("JobsDetail"):
        if job.findtext("State") == "Failed":
            drop("EndTime")(job)


FAULTS = (
    Fault("failed-without-end", "LIF-003", "A failed job has no EndTime.", answers(_failed_endless, *JOB_ANSWERS)),
    Fault("failure-spreads", "LIF-005", "The job that starts after a failed one fails as well.", in_engine(_FailureSpreads)),
    Fault("failure-keeps-worker", "LIF-005", "A job that fails never gives its worker back.", in_engine(_FailureKeepsWorker)),
    Fault("failure-told-to-queue", "DEL-005", "CallBack and CallBackFormat of a failed job do not count.", in_delivery(_GoesByQueue)),
    Fault("failure-ignores-no", "DEL-005", "CallBack no of a failed job does not count.", in_delivery(_GoesByQueueForNo)),
    Fault("failure-told-in-xml", "DEL-005", "Failed jobs are told of in XML, whatever was asked.", in_delivery(_FailuresInXml)),
)  # fmt: skip
