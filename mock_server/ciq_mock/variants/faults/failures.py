"""Faults of failing jobs: their callbacks, and the jobs after them."""

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


class _IgnoresJobCallback(CallbackDispatcher):
    def on_event(self, event: Event) -> None:
        """What a failed job asks for itself is ignored."""
        if isinstance(event, Ended) and event.state is JobState.FAILED:
            self.carry_out(event.job, self.decision(event.rule, CallbackChoice()))
        else:
            super().on_event(event)


class _IgnoresCallbackNo(CallbackDispatcher):
    def on_event(self, event: Event) -> None:
        """`no` of a failed job is ignored."""
        if isinstance(event, Ended) and event.state is JobState.FAILED and event.job.callback.address == "no":
            self.carry_out(event.job, self.decision(event.rule, CallbackChoice()))
        else:
            super().on_event(event)


class _FailuresInXml(CallbackDispatcher):
    def carry_out(self, subject: Subject, decision: Decision) -> None:
        """Sends callbacks of failed jobs in XML."""
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
    Fault("failure-keeps-worker", "LIF-005", "A failed job never frees its worker.", in_engine(_FailureKeepsWorker)),
    Fault("failure-told-to-queue", "DEL-005", "CallBack and CallBackFormat of a failed job are ignored.", in_delivery(_IgnoresJobCallback)),
    Fault("failure-ignores-no", "DEL-005", "CallBack no of a failed job is ignored.", in_delivery(_IgnoresCallbackNo)),
    Fault("failure-told-in-xml", "DEL-005", "Callbacks of failed jobs are XML, whatever the request says.", in_delivery(_FailuresInXml)),
)  # fmt: skip
