"""Engines for other readings of the queue pages: a pause stops running jobs, a paused queue rejects jobs, other names.

A stopped job returns to its place by level and order and keeps its StartTime. It runs for the remaining time when the
scheduler starts it again.
"""

from collections.abc import Sequence
from heapq import heapify, heappush
from typing import Any

from ciq_mock.engine import Job, JobSpec, Queue, Started
from ciq_mock.engine.core import Activation
from ciq_mock.service.refusal import ErrorCode, Refusal
from ciq_mock.variants.mixins import HookedEngine, QueueSettings, changed_ids
from ciq_schemas.features import FEATURES, Feature
from ciq_schemas.lifecycle import JobEvent, JobState, QueueState


class HaltsRunningJobs(HookedEngine):
    """A pause stops running jobs too: “jobs in it will stop” (1045/43607)."""

    def __init__(self, **parts: Any) -> None:
        super().__init__(**parts)
        self._remaining: dict[Job, float] = {}
        """Seconds that stopped jobs still have to run."""

    def reset(self) -> None:
        """Forgets the stopped jobs as well."""
        super().reset()
        self._remaining.clear()

    def on_updated(self, queue: Queue, before: QueueSettings, updated_before: float) -> None:
        """Stops the running jobs of a queue that is set to Paused."""
        super().on_updated(queue, before, updated_before)
        if queue.state is QueueState.PAUSED and queue.running:
            self._halt(queue)

    def resume(self, now: float) -> None:
        """Continues from a restored state; the running jobs of paused queues wait again."""
        super().resume(now)
        for activation in self._active.values():
            for queue in activation.queues:
                if queue.state is QueueState.PAUSED:
                    self._halt(queue)

    def _halt(self, queue: Queue) -> None:
        halted = [entry for entry in self._ends if entry[2].queue is queue]
        self._ends = [entry for entry in self._ends if entry[2].queue is not queue]
        heapify(self._ends)
        for end, _, job in halted:
            job._state = JobState.SUBMITTED
            queue.running -= 1
            self._remaining[job] = end - self._now
            queue.waiting.push(job)

    def _start(self, job: Job) -> None:
        remaining = self._remaining.pop(job, None)
        if remaining is None:
            super()._start(job)
            return
        job.apply(JobEvent.START)
        job.queue.running += 1
        self._start_number += 1
        heappush(self._ends, (self._now + remaining, self._start_number, job))
        self._events.append(Started(self._now, job))


class RejectsWhenPaused(HookedEngine):
    """A paused queue rejects jobs of clients: “job and workflow features cannot be used” (1045/43607)."""

    def requested_jobs(self, queue: Queue, specs: Sequence[JobSpec]) -> Sequence[JobSpec]:
        """Returns the jobs of a submit; raises Refusal when the queue is paused."""
        if queue.state is QueueState.PAUSED and any(spec.origin is None for spec in specs):
            raise Refusal(ErrorCode.INVALID_ARGUMENT, "the queue is paused and rejects jobs")
        return super().requested_jobs(queue, specs)


class OtherSpeechQueueName(HookedEngine):
    """The speech queue has its other documented name (436/53970)."""

    def on_activated(self, activation: Activation, *, again: bool) -> None:
        """Sets the name of a new speech queue."""
        super().on_activated(activation, again=again)
        if activation.feature is Feature.SPEECH and not again:
            activation.queue.name = FEATURES[Feature.SPEECH].queue_names[-1]


UPPER_CASE_IDS = changed_ids(lambda plain, _number: plain[:1] + plain[1:].upper())
"""Ids of queues and jobs end in upper-case digits: no page describes the form after the letter."""
