"""Faults of what is set at once: by one update, by an activation, by one request for several jobs."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from msgspec.structs import replace

from ciq_mock.engine import Engine, JobSpec, Queue, UnknownQueueError
from ciq_mock.engine.core import Activation
from ciq_mock.http.app import Handle
from ciq_mock.overrides import Override
from ciq_mock.running import RunningMock
from ciq_mock.service.call import Answer, Call
from ciq_mock.service.refusal import Refusal
from ciq_mock.variants.faults.fault import Fault, in_engine
from ciq_mock.variants.faults.order import changed_specs
from ciq_mock.variants.middleware import (
    Tree,
    add,
    answers,
    drop,
    put,
    reads_call_as,
    with_body,
    with_query,
    wrapped_handle,
)
from ciq_schemas.features import Feature
from ciq_schemas.lifecycle import QueueState
from ciq_schemas.operations import FeatureOperation, HttpOperation
from ciq_schemas.operations import OperationKind as Kind
from ciq_schemas.values import NotifyConfig

LISTED, UPDATED = Kind.LIST_QUEUES, Kind.UPDATE_QUEUE
_TIMES = ("QueueList/UpdateTime", "Queue/UpdateTime")
_FORM = "%Y-%m-%dT%H:%M:%S%z"


def _world_time(root: Tree) -> None:
    for path in _TIMES:
        put(path, lambda text: (datetime.fromisoformat(text) - timedelta(hours=8)).strftime(_FORM))(root)


class _StateKeepsName(Engine):
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
        """What changes the state changes nothing else."""
        queue = self.queue(bucket, feature, queue_id)
        if queue.state is not state:
            name, notify = queue.name, queue.notify
        return super().update_queue(now, bucket, feature, queue_id, name=name, state=state, notify=notify)


class _StateTakesNoTime(Engine):
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
        """UpdateTime stands where only the state is another."""
        queue = self.queue(bucket, feature, queue_id)
        same, updated = (queue.name, queue.notify) == (name, notify), queue.updated
        queue = super().update_queue(now, bucket, feature, queue_id, name=name, state=state, notify=notify)
        if same:
            queue.updated = updated
        return queue


class _ActivationResumes(Engine):
    def activate(self, now: float, bucket: str, feature: Feature, *, region: str = "") -> Activation:
        """A second time makes the queue active."""
        activation = super().activate(now, bucket, feature, region=region)
        activation.queue.state = QueueState.ACTIVE
        self._touch(activation.queue)
        return activation


class _OldQueueAgain(Engine):
    def __init__(self, **parts: Any) -> None:
        super().__init__(**parts)
        self._old: dict[tuple[str, Feature], Queue] = {}

    def deactivate(self, now: float, bucket: str, feature: Feature) -> Activation:
        """Remember the queue."""
        activation = super().deactivate(now, bucket, feature)
        self._old[bucket, feature] = activation.queue
        return activation

    def activate(self, now: float, bucket: str, feature: Feature, *, region: str = "") -> Activation:
        """The queue has the settings of the one that was deleted."""
        activation = super().activate(now, bucket, feature, region=region)
        old = self._old.pop((bucket, feature), None)
        if old is not None:
            queue = activation.queue
            queue.name, queue.state, queue.notify = old.name, old.state, old.notify
        return activation


class _ManyMayNameForeign(Engine):
    def submit(
        self, now: float, bucket: str, feature: Feature, orders: Sequence[JobSpec], **kept: Any
    ) -> tuple[Any, ...]:
        """Several jobs in one request go to the own queue, whatever other queue of the bucket they name."""
        queue_id = kept.get("queue_id")
        try:
            return super().submit(now, bucket, feature, orders, **kept)
        except UnknownQueueError:
            known = any(a.queue.id == queue_id for a in self._active.values() if a.bucket == bucket)
            if len(orders) == 1 or not known:
                raise
            return super().submit(now, bucket, feature, orders, **(kept | {"queue_id": None}))


def _once_off(then: Override, kind: Kind) -> Override:
    """What goes wrong with calls of a kind for a feature that has been deactivated once."""

    def override(mock: RunningMock, handle: Handle) -> Handle:
        closed: set[Feature] = set()
        layer = wrapped_handle(then, mock, handle)

        def wrapped(operation: HttpOperation, call: Call) -> Answer:
            if not isinstance(operation, FeatureOperation):
                return handle(operation, call)
            if operation.kind is Kind.DEACTIVATE:
                closed.add(operation.feature)
            wrong = operation.kind is kind and operation.feature in closed
            return (layer if wrong else handle)(operation, call)

        return wrapped

    return Override(handle=override)


def _taken_when_off() -> Override:
    """A job for a feature that was deactivated is said to be taken."""

    def override(mock: RunningMock, handle: Handle) -> Handle:
        def wrapped(operation: HttpOperation, call: Call) -> Answer:
            try:
                return handle(operation, call)
            except Refusal:
                if operation.kind is not Kind.SUBMIT_JOB:
                    raise
                return Answer(b"<Response><JobsDetail><State>Submitted</State></JobsDetail></Response>")

        return wrapped

    return Override(handle=override)


def _names_as_beginnings(call: Call) -> Call:
    names = call.query.get("bucketNames")
    return call if not names or "," in names else with_query(call, bucketnames=None, bucketname=names)


def _on_by_default(call: Call) -> Call:
    pattern = rb"<NotifyConfig>((?:(?!<State>).)*)</NotifyConfig>"
    return with_body(call, pattern, rb"<NotifyConfig><State>On</State>\1</NotifyConfig>") or call


def _first_unknown_only(root: Tree) -> None:
    for later in root.findall("NonExistPIDs")[1:]:
        root.remove(later)


def _paused_as_unknown(root: Tree) -> None:
    if root.findtext("QueueList/State") == "Paused":
        add(".", "NonExistPIDs", root.findtext("QueueList/QueueId") or "")(root)


def _colon(root: Tree) -> None:
    for path in _TIMES:
        put(path, lambda text: f"{text[:-2]}:{text[-2:]}")(root)


def _by_state(call: Call) -> bool:
    return call.query.get("state") is not None


def _by_id(call: Call) -> bool:
    return call.query.get("queueIds") is not None


def _many_in_xml(_queue: Queue, orders: Sequence[JobSpec]) -> Sequence[JobSpec]:
    if len(orders) == 1:
        return orders
    return [replace(order, callback=replace(order.callback, format="XML")) for order in orders]


def _no_counts_once(_queue: Queue, orders: Sequence[JobSpec]) -> Sequence[JobSpec]:
    def decoded(order: JobSpec) -> JobSpec:
        mute = order.callback.address == "no"
        return replace(order, callback=replace(order.callback, address=None)) if mute else order

    return [*orders[:1], *map(decoded, orders[1:])]


FAULTS = (
    Fault("state-keeps-name", "UPD-017", "An update that changes the state changes neither name nor rule.", in_engine(_StateKeepsName)),
    Fault("state-takes-no-time", "UPD-005", "UpdateTime stands where only the state changes.", in_engine(_StateTakesNoTime)),
    Fault("rule-on-by-default", "UPD-016", "A rule given without State is On.", reads_call_as(_on_by_default, UPDATED)),
    Fault("activation-resumes", "ACT-014", "A second activation makes a paused queue active.", in_engine(_ActivationResumes)),
    Fault("old-queue-again", "ACT-013", "A queue made after a deactivation has the settings of the deleted one.", in_engine(_OldQueueAgain)),
    Fault("no-queue-again", "ACT-012", "After a deactivation no queue is listed any more.", _once_off(answers(drop("QueueList"), LISTED), LISTED)),
    Fault("jobs-taken-when-off", "ACT-011", "A deactivated feature takes jobs.", _once_off(_taken_when_off(), Kind.SUBMIT_JOB)),
    Fault("bucket-names-begin", "ACT-005", "A name in bucketNames is a beginning.", reads_call_as(_names_as_beginnings, Kind.LIST_BUCKETS)),
    Fault("update-time-of-utc", "UPD-019", "UpdateTime of queues is that of UTC with +0800 behind it.", answers(_world_time, LISTED, UPDATED)),
    Fault("first-unknown-only", "QUE-009", "Of several unknown queueIds only the first is returned as unknown.", answers(_first_unknown_only, LISTED)),
    Fault("paused-queue-unknown", "QUE-010", "A paused queue is listed and also returned as unknown.", answers(_paused_as_unknown, LISTED, when=_by_id)),
    Fault("total-of-all", "QUE-022", "TotalCount counts the queues of every state.", answers(put("TotalCount", "1"), LISTED, when=_by_state)),
    Fault("colon-in-update-time", "QUE-023", "UpdateTime of queues has a colon in its zone.", answers(_colon, LISTED, UPDATED)),
    Fault("many-name-foreign-queue", "ONE-006", "Several jobs in one request may name the queue of another feature.", in_engine(_ManyMayNameForeign)),
    Fault("many-told-in-xml", "MUL-007", "CallBackFormat of a request for several jobs is ignored.", changed_specs(_many_in_xml)),
    Fault("no-silences-first-only", "MUL-008", "CallBack no counts for the first job of a request.", changed_specs(_no_counts_once)),
)  # fmt: skip
