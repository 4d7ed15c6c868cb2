"""Engines that read the pages of queues otherwise: a pause that halts running jobs, a queue closed while paused,
other names and ids.

A halted job goes back to its place by level and order, keeps its StartTime, and runs for what was left when it is
let go on.
"""

from collections.abc import Sequence
from heapq import heapify, heappush
from typing import Any

from ciq_mock.engine import Engine, Job, JobSpec, Queue, Started
from ciq_mock.engine.core import Activation
from ciq_mock.service.refusal import ErrorCode, Refusal
from ciq_schemas.features import FEATURES, Feature
from ciq_schemas.lifecycle import JobEvent, QueueState
from ciq_schemas.values import NotifyConfig


class Halting(Engine):
    """A pause halts running jobs too: “jobs in it will stop” (1045/43607)."""

    def __init__(self, **parts: Any) -> None:
        super().__init__(**parts)
        self._left: dict[Job, float] = {}
        """Seconds that halted jobs have still to run."""

    def reset(self) -> None:
        """Forget halted jobs as well."""
        super().reset()
        self._left.clear()

    def update_queue(
        self,
        now: float,
        bucket: str,
        feature: Feature,
        queue_id: str,
        *,
        name: str,
        state: QueueState,
        notify: NotifyConfig,
    ) -> Queue:
        """Replace the settings; with Paused, halt what runs."""
        queue = super().update_queue(now, bucket, feature, queue_id, name=name, state=state, notify=notify)
        if state is QueueState.PAUSED and queue.running:
            self._halt(queue)
        return queue

    def resume(self, now: float) -> None:
        """Go on from a state that was put back; what a pause had halted waits again."""
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
            job.halt()
            queue.running -= 1
            self._left[job] = end - self._now
            queue.waiting.push(job)

    def _start(self, job: Job) -> None:
        left = self._left.pop(job, None)
        if left is None:
            super()._start(job)
            return
        job.apply(JobEvent.START)
        job.queue.running += 1
        self._start_number += 1
        heappush(self._ends, (self._now + left, self._start_number, job))
        self._events.append(Started(self._now, job))


class ClosedWhenPaused(Engine):
    """A paused queue takes no jobs of clients: “job and workflow features cannot be used” (1045/43607)."""

    def submit(
        self,
        now: float,
        bucket: str,
        feature: Feature,
        specs: Sequence[JobSpec],
        *,
        queue_id: str | None = None,
        category: str | None = None,
    ) -> tuple[Job, ...]:
        """Accept specs, unless the queue is paused; Refusal then."""
        queue = self.queue(bucket, feature, queue_id, category=category)
        if queue.state is QueueState.PAUSED and any(order.origin is None for order in specs):
            raise Refusal(ErrorCode.INVALID_ARGUMENT, "the queue is paused and takes no jobs")
        return super().submit(now, bucket, feature, specs, queue_id=queue_id, category=category)


class OtherSpeechQueue(Engine):
    """The queue of speech has its other documented name (436/53970)."""

    def activate(self, now: float, bucket: str, feature: Feature, *, region: str = "") -> Activation:
        """Give the bucket the feature; a queue that is new gets its other name."""
        known = self.is_active(bucket, feature)
        activation = super().activate(now, bucket, feature, region=region)
        if feature is Feature.SPEECH and not known:
            activation.queue.name = FEATURES[feature].queue_names[-1]
        return activation


class UpperCaseIds(Engine):
    """Ids of queues and jobs end in upper-case digits: no page says what stands behind the letter."""

    def __init__(self, **parts: Any) -> None:
        super().__init__(**parts)
        plain = self._ids
        self._ids = lambda letter: letter + plain(letter)[len(letter) :].upper()
