"""Overrides that change settings or replace a component by a subclass, and an engine with hooks for subclasses.

Several subclasses can be mixed, so each one calls `super()`. Must not know any fault or dialect.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ciq_mock.delivery import CallbackDispatcher
from ciq_mock.engine import Engine, Job, JobSpec, Queue
from ciq_mock.engine.core import Activation
from ciq_mock.engine.values import Rank
from ciq_mock.http.app import ServiceApp
from ciq_mock.overrides import Override, mixed
from ciq_schemas.features import Feature
from ciq_schemas.lifecycle import QueueState
from ciq_schemas.values import NotifyConfig


def changed_settings(**changes: Any) -> Override:
    """Changes settings of the mock."""
    return Override(settings=lambda settings: replace(settings, **changes))


def in_engine(mixin: type[Engine]) -> Override:
    """Replaces the engine by a subclass."""
    return Override(engine=mixed(mixin))


def in_delivery(mixin: type[CallbackDispatcher]) -> Override:
    """Replaces the callback dispatcher by a subclass."""
    return Override(delivery=mixed(mixin))


def in_service(mixin: type[ServiceApp]) -> Override:
    """Replaces the HTTP application by a subclass."""
    return Override(service=mixed(mixin))


def ranked(rank: Rank) -> Override:
    """Changes the order in which waiting jobs start."""

    class Ranked(Engine):
        """Uses another rank."""

        def __init__(self, **parts: Any) -> None:
            parts["rules"] = replace(parts["rules"], rank=rank)
            super().__init__(**parts)

    return in_engine(Ranked)


def changed_ids(change: Callable[[str, int], str]) -> Override:
    """Changes ids; `change` receives the correct id and the number of ids before it."""

    class ChangedIds(Engine):
        """Issues other ids."""

        def __init__(self, **parts: Any) -> None:
            super().__init__(**parts)
            plain, count = self._ids, iter(range(10**9))
            self._ids = lambda letter: change(plain(letter), next(count))

    return in_engine(ChangedIds)


@dataclass(frozen=True, slots=True)
class QueueSettings:
    """The values that an update of a queue sets."""

    name: str
    state: QueueState
    notify: NotifyConfig


class HookedEngine(Engine):
    """An engine that calls hooks around its commands."""

    def on_activated(self, activation: Activation, *, again: bool) -> None:
        """Called after an activation; `again` when the bucket had the feature already."""

    def requested_settings(self, queue: Queue, requested: QueueSettings) -> QueueSettings:  # noqa: ARG002 - for subclasses
        """Returns the settings that an update sets."""
        return requested

    def on_updated(self, queue: Queue, before: QueueSettings, updated_before: float) -> None:
        """Called after an update with the earlier settings and the earlier UpdateTime."""

    def on_paused(self, now: float, queue: Queue) -> None:
        """Called after an update from Active to Paused."""

    def on_resumed(self, now: float, queue: Queue) -> None:
        """Called after an update from Paused to Active."""

    def requested_jobs(self, queue: Queue, specs: Sequence[JobSpec]) -> Sequence[JobSpec]:  # noqa: ARG002 - for subclasses
        """Returns the jobs that a submit creates."""
        return specs

    def on_submitted(self, jobs: Sequence[Job]) -> None:
        """Called after a submit."""

    def on_cancelled(self, jobs: Sequence[Job]) -> None:
        """Called after a cancel."""

    def other_queues(self, queue: Queue) -> list[Queue]:
        """Returns the queues of the other features of the same bucket."""
        return [
            activation.queue
            for activation in self._active.values()
            if activation.bucket == queue.bucket and activation.queue is not queue
        ]

    def activate(self, now: float, bucket: str, feature: Feature, *, region: str = "") -> Activation:
        """Activates a feature and calls the hook."""
        again = self.is_active(bucket, feature)
        activation = super().activate(now, bucket, feature, region=region)
        self.on_activated(activation, again=again)
        return activation

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
        """Updates a queue and calls the hooks."""
        queue = self.queue(bucket, feature, queue_id)
        before, updated_before = QueueSettings(queue.name, queue.state, queue.notify), queue.updated
        wanted = self.requested_settings(queue, QueueSettings(name, state, notify))
        queue = super().update_queue(
            now, bucket, feature, queue_id, name=wanted.name, state=wanted.state, notify=wanted.notify
        )
        self.on_updated(queue, before, updated_before)
        if before.state is QueueState.ACTIVE and wanted.state is QueueState.PAUSED:
            self.on_paused(self._now, queue)
        if before.state is QueueState.PAUSED and wanted.state is QueueState.ACTIVE:
            self.on_resumed(self._now, queue)
        return queue

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
        """Submits jobs and calls the hooks."""
        queue = self.queue(bucket, feature, queue_id, category=category)
        wanted = self.requested_jobs(queue, specs)
        jobs = super().submit(now, bucket, feature, wanted, queue_id=queue_id, category=category)
        self.on_submitted(jobs)
        return jobs

    def cancel(self, now: float, bucket: str, job_ids: Sequence[str]) -> tuple[Job, ...]:
        """Cancels jobs and calls the hook."""
        jobs = super().cancel(now, bucket, job_ids)
        self.on_cancelled(jobs)
        return jobs
