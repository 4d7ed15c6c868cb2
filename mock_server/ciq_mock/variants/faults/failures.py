"""Faults of failing jobs: their callbacks, and the jobs after them."""

from typing import Any

from ciq_mock.callback_rule import BodyFormat
from ciq_mock.delivery.host_queues import Subject
from ciq_mock.engine import CallbackChoice, Engine, Failure, Job
from ciq_mock.variants.edits import Tree, drop, where
from ciq_mock.variants.faults.callback_changes import Rule, misreads_rules_of, sends_as
from ciq_mock.variants.faults.fault import Fault
from ciq_mock.variants.middleware import JOB_ANSWERS, answers
from ciq_mock.variants.mixins import in_engine
from ciq_schemas.lifecycle import JobState
from ciq_schemas.values import NotifyConfig


def _has_failed(subject: Subject) -> bool:
    return isinstance(subject, Job) and subject.state is JobState.FAILED


def _has_failed_with_no(job: Job) -> bool:
    return _has_failed(job) and job.callback.address == "no"


def _ignores_choice(rule: NotifyConfig, _choice: CallbackChoice) -> Rule:
    return rule, CallbackChoice()


class _FailureSpreads(Engine):
    """Fails each job that starts after a failing one."""

    def __init__(self, **parts: Any) -> None:
        super().__init__(**parts)
        self._started_last: dict[str, Failure | None] = {}

    def _start(self, job: Job) -> None:
        own = job.failure
        job.failure = own or self._started_last.get(job.queue.id)
        self._started_last[job.queue.id] = own
        super()._start(job)


class _FailureKeepsWorker(Engine):
    """Never frees the worker of a failed job."""

    def _end(self, job: Job) -> None:
        super()._end(job)
        if job.failure is not None:
            job.queue.running += 1


def _failed_without_end(root: Tree) -> None:
    where("State", "Failed", drop("EndTime"))(root)


FAULTS = (
    Fault("failed-without-end", "LIF-003", "A failed job has no EndTime.", answers(_failed_without_end, *JOB_ANSWERS)),
    Fault("failure-spreads", "LIF-005", "A job that starts after a failing one fails as well.", in_engine(_FailureSpreads)),
    Fault("failure-keeps-worker", "LIF-005", "A failed job never frees its worker.", in_engine(_FailureKeepsWorker)),
    Fault("failure-callback-to-queue", "DEL-005", "CallBack and CallBackFormat of a failed job are ignored.", misreads_rules_of(_has_failed, _ignores_choice)),
    Fault("failure-ignores-no", "DEL-005", "CallBack no of a failed job is ignored.", misreads_rules_of(_has_failed_with_no, _ignores_choice)),
    Fault("failure-callbacks-in-xml", "DEL-005", "Callbacks of failed jobs are XML, whatever the request names.", sends_as(BodyFormat.XML, _has_failed)),
)  # fmt: skip
