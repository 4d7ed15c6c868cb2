"""Faults of queues and features: lists, updates, activation, and the separation of queues."""

import re
from copy import deepcopy
from typing import Any

from msgspec.structs import replace

from ciq_mock.engine import Engine, Queue, UnknownQueueError
from ciq_mock.engine.core import Activation
from ciq_mock.overrides import Override
from ciq_mock.service.call import Answer, Call
from ciq_mock.service.refusal import ErrorCode, Refusal
from ciq_mock.variants.edits import ChangeText, Tree, add, drop, edited_answer, put
from ciq_mock.variants.faults.fault import Fault
from ciq_mock.variants.middleware import (
    QUEUE_ANSWERS,
    CallNext,
    Request,
    accepts_anyway,
    answers,
    forgets,
    middleware,
    middleware_per_mock,
    reads_call_as,
    rejects,
    with_body,
    with_query,
)
from ciq_mock.variants.mixins import HookedEngine, QueueSettings, changed_ids, in_engine
from ciq_schemas.features import Feature
from ciq_schemas.lifecycle import QueueState
from ciq_schemas.operations import OperationKind as Kind
from ciq_schemas.operations import feature_operations

LISTED, UPDATED = Kind.LIST_QUEUES, Kind.UPDATE_QUEUE


# --- lists --------------------------------------------------------------------------------------------------


def _queue_put(name: str, text: str | ChangeText, *kinds: Kind) -> Override:
    """Sets an element of each queue."""

    def edit(root: Tree) -> None:
        for path in (f"QueueList/{name}", f"Queue/{name}"):
            put(path, text)(root)

    return answers(edit, *(kinds or QUEUE_ANSWERS))


def filters_by_id(call: Call) -> bool:
    """Tests whether the call names queues."""
    return call.query.get("queueIds") is not None


def _second_queue(root: Tree) -> None:
    first = root.find("QueueList")
    if first is not None:
        other = deepcopy(first)
        put("QueueId", lambda text: text[:-4] + "beef")(other)
        put("Name", "queue-2")(other)
        first.addnext(other)


def _known_as_missing(root: Tree) -> None:
    found = root.findtext("QueueList/QueueId")
    if found:
        add(".", "NonExistPIDs", found)(root)


def _only_beside_a_listed_queue(root: Tree) -> None:
    if root.find("QueueList") is None:
        drop("NonExistPIDs")(root)


def _always_on(root: Tree) -> None:
    for config in root.iterfind("QueueList/NotifyConfig"):
        if config.findtext("Url"):
            put("State", "On")(config)


def _unknown_element(root: Tree) -> None:
    for child in list(root):
        if len(child):
            child.tag = "Bucket"


def _paused_as_active(root: Tree) -> None:
    for state in root.iterfind("QueueList/State"):
        if state.text == "Paused":
            state.text = "Active"


def _first_page_for_later(call: Call) -> Call:
    page = call.query.get("pageNumber")
    return with_query(call, pagenumber="1") if page and page.isdecimal() and int(page) > 1 else call


def _page_hides_state(call: Call) -> Call:
    return forgets("state")(call) if call.query.get("pageSize") else call


def _speed_is_all(call: Call) -> Call:
    return with_query(call, category=None) if call.query.get("category") == "SpeedTranscoding" else call


def _fewer_ids(call: Call) -> Call | None:
    ids = (call.query.get("queueIds") or "").split(",")
    return with_query(call, queueids=",".join(ids[:10])) if len(ids) > 10 else None


def _default_page(call: Call) -> Call | None:
    return with_query(call, pagenumber=None, pagesize=None)


def _page_of_hundred(call: Call) -> Call | None:
    return with_query(call, pagesize="100")


def _reject_empty(call: Call) -> Refusal | None:
    names = ("pagenumber", "pagesize", "queueids")
    empty = any(call.query.has(name) and call.query.get(name) is None for name in names)
    return Refusal(ErrorCode.INVALID_ARGUMENT, "a parameter is empty") if empty else None


def _lists_foreign_queue(request: Request, call_next: CallNext) -> Answer:
    """Lists a queue of another feature when queueIds names one."""
    answer = call_next(request)
    queue_id = request.call.query.get("queueIds")
    if request.kind is not LISTED or not queue_id or b"<QueueList>" in answer.body:
        return answer
    for operation in feature_operations():
        if operation.kind is LISTED:
            queues = [activation.queue for activation in request.mock.engine.activations(operation.feature)]
            if any(queue.id == queue_id for queue in queues):
                return call_next(Request(request.mock, operation, request.call))
    return answer


class _FirstListEmpty:
    """Returns an empty list right after an activation."""

    def __init__(self) -> None:
        self._activated: set[Feature] = set()

    def dispatch(self, request: Request, call_next: CallNext) -> Answer:
        """Answers one call."""
        answer = call_next(request)
        feature = request.feature
        if feature is not None and request.kind is Kind.ACTIVATE:
            self._activated.add(feature)
        if request.kind is LISTED and feature in self._activated:
            self._activated.discard(feature)
            return edited_answer(answer, drop("QueueList"))
        return answer


# --- activation ---------------------------------------------------------------------------------------------


class _NewIdAtSecondActivation(HookedEngine):
    """Gives the queue another id at a second activation."""

    def on_activated(self, activation: Activation, *, again: bool) -> None:
        """Changes the id."""
        super().on_activated(activation, again=again)
        if again:
            activation.queue.id = self._ids("p")


class _NamesQueueDefault(HookedEngine):
    """Gives a new queue the name default."""

    def on_activated(self, activation: Activation, *, again: bool) -> None:
        """Changes the name."""
        super().on_activated(activation, again=again)
        if not again:
            activation.queue.name = "default"


class _IgnoresDeactivation(Engine):
    """Accepts a deactivation and does nothing."""

    def deactivate(self, now: float, bucket: str, feature: Feature) -> Activation:
        """Returns the activation."""
        return self._activation(bucket, feature)


# --- updates ------------------------------------------------------------------------------------------------


class _StateForAll(HookedEngine):
    """Sets the state of all queues of the bucket."""

    def on_updated(self, queue: Queue, before: QueueSettings, updated_before: float) -> None:
        """Sets the states."""
        super().on_updated(queue, before, updated_before)
        for other in self.other_queues(queue):
            other.state = queue.state
            self._touch(other)


class _StateForSameSecond(HookedEngine):
    """Sets the state of the bucket's queues that were updated in the same second."""

    def on_updated(self, queue: Queue, before: QueueSettings, updated_before: float) -> None:
        """Sets the states."""
        super().on_updated(queue, before, updated_before)
        for other in self.other_queues(queue):
            if int(other.updated) == int(queue.updated):
                other.state = queue.state
                self._touch(other)


class _RuleForAll(HookedEngine):
    """Sets the callback rule of all queues of the bucket."""

    def on_updated(self, queue: Queue, before: QueueSettings, updated_before: float) -> None:
        """Sets the rules."""
        super().on_updated(queue, before, updated_before)
        for other in self.other_queues(queue):
            other.notify = queue.notify


class _ChangesCreateTime(HookedEngine):
    """Changes CreateTime in an update."""

    def on_updated(self, queue: Queue, before: QueueSettings, updated_before: float) -> None:
        """Adds an hour."""
        super().on_updated(queue, before, updated_before)
        queue.created += 3600


class _SetsUpdateTimeBack(HookedEngine):
    """Sets UpdateTime back in an update."""

    def on_updated(self, queue: Queue, before: QueueSettings, updated_before: float) -> None:
        """Sets UpdateTime an hour before the last one."""
        super().on_updated(queue, before, updated_before)
        queue.updated = updated_before - 3600


class _OnePauseStopsAll(Engine):
    """Starts no job of any feature while a queue is paused."""

    def _fill(self) -> None:
        if not self._has_paused():
            super()._fill()

    def next_due(self) -> float | None:
        """Does not return now while a queue is paused."""
        if self._has_paused() and self._ready and not self._events:
            return self._ends[0][0] if self._ends else self._now + 0.05
        return super().next_due()

    def _has_paused(self) -> bool:
        return any(activation.queue.state is QueueState.PAUSED for activation in self._active.values())


class _AcceptsForeignIds(Engine):
    """Uses the feature's own queue when a call names the queue of another feature."""

    def queue(self, bucket: str, feature: Feature, queue_id: str | None = None, **kept: Any) -> Queue:
        """Returns a queue of the feature."""
        try:
            return super().queue(bucket, feature, queue_id, **kept)
        except UnknownQueueError:
            if any(a.queue.id == queue_id for a in self._active.values() if a.bucket == bucket):
                return super().queue(bucket, feature, None, **kept)
            raise


def _renames_when_rejected(request: Request, call_next: CallNext) -> Answer:
    """Sets the queue's name although the update is rejected."""
    try:
        return call_next(request)
    except Refusal:
        name = re.search(rb"<Name>([^<]{1,90})</Name>", request.call.body)
        if request.kind is UPDATED and request.feature is not None and name:
            for activation in request.mock.engine.activations(request.feature):
                if activation.queue.id == request.call.key:
                    activation.queue.name = name[1].decode()
        raise


def _updates_own_queue(request: Request, call_next: CallNext) -> Answer:
    """Applies a rejected update to the feature's own queue."""
    try:
        return call_next(request)
    except Refusal:
        if request.kind is not UPDATED or request.feature is None:
            raise
        queue_id = next(activation.queue.id for activation in request.mock.engine.activations(request.feature))
        return call_next(request.with_call(replace(request.call, key=queue_id)))


def _accepts_update(pattern: bytes, replacement: bytes) -> Override:
    """Accepts a rejected update after a change of its body."""
    return accepts_anyway(lambda call: with_body(call, pattern, replacement), UPDATED)


def _require_queue_id(call: Call) -> Refusal | None:
    missing = b"<QueueID>" not in call.body
    return Refusal(ErrorCode.INVALID_CONTENT, "QueueID is required") if missing else None


def _require_name_first(call: Call) -> Refusal | None:
    body = call.body
    after_state = body.find(b"<Name>") > body.find(b"<State>") >= 0
    late = after_state and body.rfind(b"<Name>") > body.find(b"</NotifyConfig>")
    return Refusal(ErrorCode.INVALID_CONTENT, "Name comes first") if late else None


class _StoresAnyState:
    """Shows an unknown State in answers and lists until the next update of the queue."""

    def __init__(self) -> None:
        self._states: dict[tuple[str, Feature | None], str] = {}

    def dispatch(self, request: Request, call_next: CallNext) -> Answer:
        """Accepts the update as one to Active, and edits the answers."""
        place = (request.call.bucket, request.feature)
        if request.kind is UPDATED:
            state = re.search(rb"<State>(\w+)</State>", request.call.body)
            self._states.pop(place, None)
            if state is not None and state[1].decode() not in list(QueueState) and state[1] not in (b"On", b"Off"):
                body = request.call.body.replace(state[0], b"<State>Active</State>", 1)
                request = request.with_call(replace(request.call, body=body))
                self._states[place] = state[1].decode()
        answer = call_next(request)
        if request.kind not in QUEUE_ANSWERS or place not in self._states:
            return answer
        shown = self._states[place]
        return edited_answer(edited_answer(answer, put("Queue/State", shown)), put("QueueList/State", shown))


FAULTS = (
    Fault("queue-list-without-page-size", "QUE-001", "The queue list has no PageSize.", answers(drop("PageSize"), LISTED)),
    Fault("total-count-in-words", "QUE-001", "TotalCount is not a number.", answers(put("TotalCount", "one"), LISTED)),
    Fault("queue-without-max-size", "QUE-002", "Queues have no MaxSize.", answers(drop("QueueList/MaxSize"), LISTED)),
    Fault("queue-state-as-of-job", "QUE-003", "A paused queue shows Pause.", _queue_put("State", lambda text: "Pause" if text == "Paused" else text)),
    Fault("queue-state-in-lower-case", "QUE-003", "Lists show the State of queues in lower case.", _queue_put("State", str.lower, LISTED)),
    Fault("queue-times-in-seconds", "QUE-004", "CreateTime of queues is a number of seconds.", _queue_put("CreateTime", "1767600000")),
    Fault("max-concurrent-understated", "PRI-008", "MaxConcurrent is 2, whatever the number of workers.", _queue_put("MaxConcurrent", "2")),
    Fault("max-concurrent-zero", "QUE-005", "MaxConcurrent is 0.", _queue_put("MaxConcurrent", "0")),
    Fault("category-of-own", "QUE-006", "Category is Default.", _queue_put("Category", "Default")),
    Fault("queue-ids-lose-known", "QUE-008", "queueIds with a known id lists nothing.", answers(drop("QueueList"), LISTED, when=filters_by_id)),
    Fault("unknown-queues-unnamed", "QUE-009", "NonExistPIDs is never returned.", answers(drop("NonExistPIDs"), LISTED)),
    Fault("known-queue-not-there", "QUE-010", "NonExistPIDs contains a queue that is listed.", answers(_known_as_missing, LISTED, when=filters_by_id)),
    Fault("state-filter-ignored", "QUE-011", "state is ignored in queue lists.", reads_call_as(forgets("state"), LISTED)),
    Fault("pages-of-twenty", "QUE-012", "The default PageSize is 20.", answers(put("PageSize", lambda text: "20" if text == "10" else text), LISTED)),
    Fault("page-size-not-echoed", "QUE-013", "PageSize is always 10.", answers(put("PageSize", "10"), LISTED)),
    Fault("any-page-is-first", "QUE-014", "Pages after the last show the first.", reads_call_as(_first_page_for_later, LISTED)),
    Fault("empty-parameters-refused", "QUE-015", "An empty parameter is rejected.", rejects(_reject_empty, LISTED)),
    Fault("rule-state-of-own", "QUE-016", "State of NotifyConfig is Disabled.", answers(put("QueueList/NotifyConfig/State", "Disabled"), LISTED)),
    Fault("eleven-ids-taken", "QUE-017", "More than ten queueIds are accepted.", accepts_anyway(_fewer_ids, LISTED)),
    Fault("any-page-size-taken", "QUE-018", "Invalid page sizes are accepted.", accepts_anyway(_default_page, LISTED)),
    Fault("category-loses-queue", "QUE-019", "category=Transcoding lists nothing.", answers(drop("QueueList"), LISTED, when=lambda call: call.query.get("category") == "Transcoding")),
    Fault("speed-lists-all", "QUE-020", "category=SpeedTranscoding lists the media queue.", reads_call_as(_speed_is_all, LISTED)),
    Fault("two-queues", "ONE-001", "The list contains a second queue.", answers(_second_queue, LISTED)),
    Fault("queues-of-own-name", "ONE-002", "The name of a new queue is default.", in_engine(_NamesQueueDefault)),
    Fault("one-id-for-all-queues", "ONE-003", "The queues of all features have the same id.", changed_ids(lambda plain, _number: "p" + "7" * 32 if plain[0] == "p" else plain)),
    Fault("second-activation-anew", "ONE-004", "A second activation gives the queue another id.", in_engine(_NewIdAtSecondActivation)),
    Fault("foreign-queues-listed", "ONE-005", "queueIds lists queues of other features.", middleware(_lists_foreign_queue)),
    Fault("foreign-queue-takes-jobs", "ONE-006", "A submit may name the queue of another feature.", in_engine(_AcceptsForeignIds)),
    Fault("foreign-queue-updated", "ONE-012", "An update may name the queue of another feature.", in_engine(_AcceptsForeignIds)),
    Fault("pause-holds-all", "ONE-008", "A pause pauses the queues of all features.", in_engine(_StateForAll)),
    Fault("pause-holds-same-second", "ONE-008", "A pause also pauses queues updated in the same second.", in_engine(_StateForSameSecond)),
    Fault("rule-for-all", "ONE-009", "A rule is set on the queues of all features.", in_engine(_RuleForAll)),
    Fault("one-pause-stops-all", "ONE-010", "While a queue is paused no job of any feature starts.", in_engine(_OnePauseStopsAll)),
    Fault("created-anew", "ONE-011", "An update changes CreateTime.", in_engine(_ChangesCreateTime)),
    Fault("update-without-request-id", "UPD-001", "The response to an update has no RequestId.", answers(drop("RequestId"), UPDATED)),
    Fault("list-never-paused", "UPD-002", "The list shows a paused queue as Active.", answers(_paused_as_active, LISTED)),
    Fault("rule-loses-event", "UPD-003", "The list shows only the first event of a rule.", answers(put("QueueList/NotifyConfig/Event", lambda text: text.partition(",")[0]), LISTED)),
    Fault("rule-format-lost", "UPD-003", "ResultFormat is always XML.", answers(put(".//NotifyConfig/ResultFormat", "XML"), *QUEUE_ANSWERS)),
    Fault("names-in-ascii", "UPD-004", "Chinese characters in a name become question marks.", _queue_put("Name", lambda text: text.encode("ascii", "replace").decode())),
    Fault("name-in-answer-only", "UPD-004", "The list shows the first eight characters of a name.", _queue_put("Name", lambda text: text[:8], LISTED)),
    Fault("update-time-goes-back", "UPD-005", "An update sets UpdateTime back an hour.", in_engine(_SetsUpdateTimeBack)),
    Fault("any-queue-id-updates", "UPD-006", "An update of an unknown queue changes the feature's own queue.", middleware(_updates_own_queue)),
    Fault("any-state-stored", "UPD-020", "An unknown State is stored until the next update.", middleware_per_mock(_StoresAnyState)),
    Fault("any-state-taken", "UPD-007", "An unknown State is read as Active.", _accepts_update(rb"<State>Stopped</State>", b"<State>Active</State>")),
    Fault("any-letters-taken", "UPD-015", "Invalid characters of a name are replaced by _.", _accepts_update(rb"<Name>ciq refused[^<]*</Name>", b"<Name>ciq_refused__</Name>")),
    Fault("state-unlooked-on-page", "QUE-011", "state is ignored beside pageSize.", reads_call_as(_page_hides_state, LISTED)),
    Fault("off-shown-as-on", "UPD-003", "Lists always show a rule with a Url as On.", answers(_always_on, LISTED)),
    Fault("name-cut-at-64", "UPD-014", "A name is cut at 64 characters.", _queue_put("Name", lambda text: text[:64])),
    Fault("page-number-not-echoed", "QUE-013", "PageNumber is always 1.", answers(put("PageNumber", "1"), LISTED)),
    Fault("unknown-alone-unnamed", "QUE-009", "NonExistPIDs is returned only if a queue is listed.", answers(_only_beside_a_listed_queue, LISTED)),
    Fault("long-name-taken", "UPD-008", "A name of 200 letters is truncated and accepted.", _accepts_update(rb"<Name>(.{100}).*?</Name>", rb"<Name>\1</Name>")),
    Fault("rule-without-url-taken", "UPD-009", "A rule without Url is accepted.", _accepts_update(rb"<NotifyConfig>(?!<Url>)", b"<NotifyConfig><Url>http://127.0.0.1:9/</Url>")),
    Fault("rule-words-taken", "UPD-010", "An unknown Type is accepted.", _accepts_update(rb"<Type>Pigeon</Type>", b"<Type>Url</Type>")),
    Fault("rule-event-taken", "UPD-010", "An unknown Event is accepted.", _accepts_update(rb"<Event>TaskMaybe</Event>", b"<Event>TaskFinish</Event>")),
    Fault("refused-update-counts", "UPD-011", "A rejected update changes the name.", middleware(_renames_when_rejected)),
    Fault("queue-id-required", "UPD-012", "An update without QueueID is rejected.", rejects(_require_queue_id, UPDATED)),
    Fault("name-must-be-first", "UPD-013", "An update whose Name does not come first is rejected.", rejects(_require_name_first, UPDATED)),
    Fault("activation-without-region", "ACT-001", "The response to an activation has no Region.", answers(drop(".//Region"), Kind.ACTIVATE)),
    Fault("bucket-list-without-count", "ACT-003", "The bucket list has no TotalCount.", answers(drop("TotalCount"), Kind.LIST_BUCKETS)),
    Fault("activation-without-queue", "ACT-004", "The queue list right after an activation is empty.", middleware_per_mock(_FirstListEmpty)),
    Fault("bucket-names-ignored", "ACT-005", "bucketNames is ignored.", reads_call_as(forgets("bucketnames"), Kind.LIST_BUCKETS)),
    Fault("any-bucket-page", "ACT-006", "A page of 101 buckets is accepted.", accepts_anyway(_page_of_hundred, Kind.LIST_BUCKETS)),
    Fault("never-closes", "ACT-007", "The queue still exists after a deactivation.", in_engine(_IgnoresDeactivation)),
    Fault("buckets-unlisted", "ACT-008", "The list of AI buckets uses an unknown element.", answers(_unknown_element, Kind.LIST_BUCKETS)),
)  # fmt: skip
