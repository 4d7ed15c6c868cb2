"""Faults of what is set together: by one update, by an activation, by one request for several jobs."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from msgspec.structs import replace

from ciq_mock.engine import Engine, Job, JobSpec, Queue, UnknownQueueError
from ciq_mock.engine.core import Activation
from ciq_mock.overrides import Override
from ciq_mock.service.call import Answer, Call
from ciq_mock.service.refusal import Refusal
from ciq_mock.variants.edits import Tree, add, drop, edited_answer, put
from ciq_mock.variants.faults.fault import Fault
from ciq_mock.variants.faults.order import changed_specs
from ciq_mock.variants.faults.queues import LISTED, UPDATED, filters_by_id
from ciq_mock.variants.middleware import (
    CallNext,
    Dispatch,
    Request,
    answers,
    middleware_per_mock,
    reads_call_as,
    with_body,
    with_query,
)
from ciq_mock.variants.mixins import HookedEngine, QueueSettings, in_engine
from ciq_schemas.features import Feature
from ciq_schemas.lifecycle import QueueState
from ciq_schemas.operations import OperationKind as Kind

_TIMES = ("QueueList/UpdateTime", "Queue/UpdateTime")
_FORM = "%Y-%m-%dT%H:%M:%S%z"


# --- updates ------------------------------------------------------------------------------------------------


class _StateKeepsName(HookedEngine):
    """Keeps name and rule in an update that changes the state."""

    def requested_settings(self, queue: Queue, requested: QueueSettings) -> QueueSettings:
        """Returns the settings that an update sets."""
        requested = super().requested_settings(queue, requested)
        if queue.state is requested.state:
            return requested
        return QueueSettings(queue.name, requested.state, queue.notify)


class _StateKeepsUpdateTime(HookedEngine):
    """Keeps UpdateTime in an update that changes at most the state."""

    def on_updated(self, queue: Queue, before: QueueSettings, updated_before: float) -> None:
        """Restores UpdateTime."""
        super().on_updated(queue, before, updated_before)
        if (queue.name, queue.notify) == (before.name, before.notify):
            queue.updated = updated_before


def _rule_on_by_default(call: Call) -> Call:
    pattern = rb"<NotifyConfig>((?:(?!<State>).)*)</NotifyConfig>"
    return with_body(call, pattern, rb"<NotifyConfig><State>On</State>\1</NotifyConfig>") or call


# --- activation ---------------------------------------------------------------------------------------------


class _ActivationResumes(HookedEngine):
    """Makes the queue active at every activation."""

    def on_activated(self, activation: Activation, *, again: bool) -> None:
        """Sets the state."""
        super().on_activated(activation, again=again)
        activation.queue.state = QueueState.ACTIVE
        self._touch(activation.queue)


class _RestoresQueueSettings(HookedEngine):
    """Gives the queue of a new activation the settings of the queue that a deactivation deleted."""

    def __init__(self, **parts: Any) -> None:
        super().__init__(**parts)
        self._deleted: dict[tuple[str, Feature], Queue] = {}

    def deactivate(self, now: float, bucket: str, feature: Feature) -> Activation:
        """Records the deleted queue."""
        activation = super().deactivate(now, bucket, feature)
        self._deleted[bucket, feature] = activation.queue
        return activation

    def on_activated(self, activation: Activation, *, again: bool) -> None:
        """Restores the settings."""
        super().on_activated(activation, again=again)
        deleted = self._deleted.pop((activation.bucket, activation.feature), None)
        if deleted is not None:
            queue = activation.queue
            queue.name, queue.state, queue.notify = deleted.name, deleted.state, deleted.notify


class _AfterDeactivation:
    """Sends calls of a kind through `then`, for features that were deactivated."""

    def __init__(self, kind: Kind, then: Dispatch) -> None:
        self._kind = kind
        self._then = then
        self._deactivated: set[Feature] = set()

    def dispatch(self, request: Request, call_next: CallNext) -> Answer:
        """Answers one call."""
        if request.kind is Kind.DEACTIVATE and request.feature is not None:
            self._deactivated.add(request.feature)
        if request.kind is self._kind and request.feature in self._deactivated:
            return self._then(request, call_next)
        return call_next(request)


def _after_deactivation(kind: Kind, then: Dispatch) -> Override:
    return middleware_per_mock(lambda: _AfterDeactivation(kind, then))


def _without_queues(request: Request, call_next: CallNext) -> Answer:
    return edited_answer(call_next(request), drop("QueueList"))


def _accepts_job(request: Request, call_next: CallNext) -> Answer:
    """Accepts a rejected submit without creating a job."""
    try:
        return call_next(request)
    except Refusal:
        return Answer(b"<Response><JobsDetail><State>Submitted</State></JobsDetail></Response>")


def _names_as_prefixes(call: Call) -> Call:
    names = call.query.get("bucketNames")
    return call if not names or "," in names else with_query(call, bucketnames=None, bucketname=names)


# --- queues as shown ----------------------------------------------------------------------------------------


def _in_utc(root: Tree) -> None:
    for path in _TIMES:
        put(path, lambda text: (datetime.fromisoformat(text) - timedelta(hours=8)).strftime(_FORM))(root)


def _colon(root: Tree) -> None:
    for path in _TIMES:
        put(path, lambda text: f"{text[:-2]}:{text[-2:]}")(root)


def _first_unknown_only(root: Tree) -> None:
    for later in root.findall("NonExistPIDs")[1:]:
        root.remove(later)


def _paused_as_unknown(root: Tree) -> None:
    if root.findtext("QueueList/State") == "Paused":
        add(".", "NonExistPIDs", root.findtext("QueueList/QueueId") or "")(root)


def _by_state(call: Call) -> bool:
    return call.query.get("state") is not None


# --- requests for several jobs ------------------------------------------------------------------------------


class _SeveralJobsMayNameForeignQueue(Engine):
    """Accepts several jobs in one request for the feature's own queue when they name another queue of the bucket."""

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
        """Submits jobs."""
        try:
            return super().submit(now, bucket, feature, specs, queue_id=queue_id, category=category)
        except UnknownQueueError:
            known = any(a.queue.id == queue_id for a in self._active.values() if a.bucket == bucket)
            if len(specs) == 1 or not known:
                raise
            return super().submit(now, bucket, feature, specs, queue_id=None, category=category)


def _several_in_xml(_queue: Queue, specs: Sequence[JobSpec]) -> Sequence[JobSpec]:
    if len(specs) == 1:
        return specs
    return [replace(spec, callback=replace(spec.callback, format="XML")) for spec in specs]


def _without_no(spec: JobSpec) -> JobSpec:
    mute = spec.callback.address == "no"
    return replace(spec, callback=replace(spec.callback, address=None)) if mute else spec


def _no_for_first_only(_queue: Queue, specs: Sequence[JobSpec]) -> Sequence[JobSpec]:
    return [*specs[:1], *map(_without_no, specs[1:])]


FAULTS = (
    Fault("state-keeps-name", "UPD-017", "An update that changes the state changes neither name nor rule.", in_engine(_StateKeepsName)),
    Fault("state-takes-no-time", "UPD-005", "An update of the state alone does not change UpdateTime.", in_engine(_StateKeepsUpdateTime)),
    Fault("rule-on-by-default", "UPD-016", "A rule without State is On.", reads_call_as(_rule_on_by_default, UPDATED)),
    Fault("activation-resumes", "ACT-014", "A second activation makes a paused queue active.", in_engine(_ActivationResumes)),
    Fault("old-queue-again", "ACT-013", "A queue created after a deactivation has the settings of the deleted one.", in_engine(_RestoresQueueSettings)),
    Fault("no-queue-again", "ACT-012", "After a deactivation no queue is ever listed again.", _after_deactivation(LISTED, _without_queues)),
    Fault("jobs-taken-when-off", "ACT-011", "A deactivated feature accepts jobs.", _after_deactivation(Kind.SUBMIT_JOB, _accepts_job)),
    Fault("bucket-names-begin", "ACT-005", "A name in bucketNames matches every bucket that begins with it.", reads_call_as(_names_as_prefixes, Kind.LIST_BUCKETS)),
    Fault("update-time-of-utc", "UPD-019", "UpdateTime of queues is UTC with the zone +0800.", answers(_in_utc, LISTED, UPDATED)),
    Fault("first-unknown-only", "QUE-009", "NonExistPIDs contains only the first of several unknown queueIds.", answers(_first_unknown_only, LISTED)),
    Fault("paused-queue-unknown", "QUE-010", "A paused queue is listed, and NonExistPIDs contains it too.", answers(_paused_as_unknown, LISTED, when=filters_by_id)),
    Fault("total-of-all", "QUE-022", "TotalCount counts the queues of every state.", answers(put("TotalCount", "1"), LISTED, when=_by_state)),
    Fault("colon-in-update-time", "QUE-023", "UpdateTime of queues has a colon in its zone.", answers(_colon, LISTED, UPDATED)),
    Fault("many-name-foreign-queue", "ONE-006", "Several jobs in one request may name the queue of another feature.", in_engine(_SeveralJobsMayNameForeignQueue)),
    Fault("multi-callbacks-in-xml", "MUL-007", "CallBackFormat of a request for several jobs is ignored.", changed_specs(_several_in_xml)),
    Fault("no-silences-first-only", "MUL-008", "CallBack no is applied only to the first job of a request.", changed_specs(_no_for_first_only)),
)  # fmt: skip
