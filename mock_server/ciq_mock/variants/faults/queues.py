"""Faults of queues and features: lists, updates, activation, and how queues keep apart."""

import re
from collections.abc import Callable, Sequence
from copy import deepcopy
from typing import Any

from msgspec.structs import replace

from ciq_mock.engine import Engine, Queue, UnknownQueueError
from ciq_mock.engine.core import Activation
from ciq_mock.http.app import Handle
from ciq_mock.overrides import Override
from ciq_mock.running import RunningMock
from ciq_mock.service.call import Answer, Call
from ciq_mock.service.refusal import ErrorCode, Refusal
from ciq_mock.variants.faults.fault import Fault, in_engine, named
from ciq_mock.variants.middleware import (
    QUEUE_ANSWERS,
    Tree,
    accepts_anyway,
    add,
    answers,
    drop,
    forgets,
    put,
    reads_call_as,
    rejects,
    with_body,
    with_query,
    wrapped_handle,
)
from ciq_schemas.features import Feature
from ciq_schemas.lifecycle import QueueState
from ciq_schemas.operations import FeatureOperation, HttpOperation, feature_operations
from ciq_schemas.operations import OperationKind as Kind
from ciq_schemas.values import NotifyConfig

LISTED, UPDATED = Kind.LIST_QUEUES, Kind.UPDATE_QUEUE
_ANY = ".//"


def _queue_put(name: str, text: str | Callable[[str], str], *kinds: Kind) -> Override:
    paths = [f"QueueList/{name}", f"Queue/{name}"]

    def edit(root: Tree) -> None:
        for path in paths:
            put(path, text)(root)

    return answers(edit, *(kinds or QUEUE_ANSWERS))


def _by_id(call: Call) -> bool:
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


def _last_page_for_any(call: Call) -> Call:
    page = call.query.get("pageNumber")
    return with_query(call, pagenumber="1") if page and page.isdecimal() and int(page) > 1 else call


def _empty_refused(call: Call) -> Refusal | None:
    empty = any(
        call.query.has(name) and call.query.get(name) is None for name in ("pagenumber", "pagesize", "queueids")
    )
    return Refusal(ErrorCode.INVALID_ARGUMENT, "a parameter is empty") if empty else None


def _fewer_ids(call: Call) -> Call | None:
    ids = (call.query.get("queueIds") or "").split(",")
    return with_query(call, queueids=",".join(ids[:10])) if len(ids) > 10 else None


def _any_page(call: Call) -> Call | None:
    return with_query(call, pagenumber=None, pagesize=None)


def _page_of_hundred(call: Call) -> Call | None:
    return with_query(call, pagesize="100")


def _speed_is_all(call: Call) -> Call:
    return with_query(call, category=None) if call.query.get("category") == "SpeedTranscoding" else call


class _SecondActivationAnew(Engine):
    def activate(self, now: float, bucket: str, feature: Feature, *, region: str = "") -> Activation:
        """A second time gives the queue another id."""
        again = self.is_active(bucket, feature)
        activation = super().activate(now, bucket, feature, region=region)
        if again:
            activation.queue.id = self._ids("p")
        return activation


class _OwnNames(Engine):
    def activate(self, now: float, bucket: str, feature: Feature, *, region: str = "") -> Activation:
        """A new queue is called default."""
        known = self.is_active(bucket, feature)
        activation = super().activate(now, bucket, feature, region=region)
        if not known:
            activation.queue.name = "default"
        return activation


class _NeverCloses(Engine):
    def deactivate(self, now: float, bucket: str, feature: Feature) -> Activation:
        """Say yes and do nothing."""
        return self._activation(bucket, feature)


class Updates(Engine):
    """Base of faults that show when a queue is updated."""

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
        """Update, then do wrong what is wrong."""
        earlier = self.queue(bucket, feature, queue_id).updated
        queue = super().update_queue(now, bucket, feature, queue_id, name=name, state=state, notify=notify)
        others = [a.queue for a in self._active.values() if a.bucket == bucket and a.queue is not queue]
        self.after(queue, others, earlier)
        return queue

    def after(self, queue: Queue, others: Sequence[Queue], earlier: float) -> None:
        """Called after an update."""


class _StateForAll(Updates):
    def after(self, queue: Queue, others: Sequence[Queue], earlier: float) -> None:
        """Sets the state of all queues."""
        for other in others:
            other.state = queue.state
            self._touch(other)


class _StateForSameSecond(Updates):
    def after(self, queue: Queue, others: Sequence[Queue], earlier: float) -> None:
        """Sets the state of queues updated in the same second."""
        for other in others:
            if int(other.updated) == int(queue.updated):
                other.state = queue.state
                self._touch(other)


class _RuleForAll(Updates):
    def after(self, queue: Queue, others: Sequence[Queue], earlier: float) -> None:
        """Sets the rule of all queues."""
        for other in others:
            other.notify = queue.notify


class _CreatedAnew(Updates):
    def after(self, queue: Queue, others: Sequence[Queue], earlier: float) -> None:
        """Changes CreateTime."""
        queue.created += 3600


class _UpdateTimeBack(Updates):
    def after(self, queue: Queue, others: Sequence[Queue], earlier: float) -> None:
        """Sets UpdateTime back an hour."""
        queue.updated = earlier - 3600


class _OnePauseStopsAll(Engine):
    def _fill(self) -> None:
        paused = any(a.queue.state is QueueState.PAUSED for a in self._active.values())
        if not paused:
            super()._fill()

    def next_due(self) -> float | None:
        """Does not return now while a queue is paused."""
        paused = any(a.queue.state is QueueState.PAUSED for a in self._active.values())
        if paused and self._ready and not self._events:
            return self._ends[0][0] if self._ends else self._now + 0.05
        return super().next_due()


class _TakesForeignIds(Engine):
    def queue(self, bucket: str, feature: Feature, queue_id: str | None = None, **kept: Any) -> Queue:
        """Accepts the id of another feature's queue."""
        try:
            return super().queue(bucket, feature, queue_id, **kept)
        except UnknownQueueError:
            if any(a.queue.id == queue_id for a in self._active.values() if a.bucket == bucket):
                return super().queue(bucket, feature, None, **kept)
            raise


def _foreign_listed() -> Override:
    def override(mock: RunningMock, handle: Handle) -> Handle:
        def wrapped(operation: HttpOperation, call: Call) -> Answer:
            answer = handle(operation, call)
            ids = call.query.get("queueIds")
            if operation.kind is not LISTED or not ids or b"<QueueList>" in answer.body:
                return answer
            for other in Feature:
                if any(a.queue.id == ids for a in mock.engine.activations(other)):
                    (there,) = (o for o in feature_operations() if o.kind is LISTED and o.feature is other)
                    return handle(there, call)
            return answer

        return wrapped

    return Override(handle=override)


def _first_list_empty() -> Override:
    """The list right after an activation is empty."""

    def override(mock: RunningMock, handle: Handle) -> Handle:
        fresh: set[Feature] = set()

        def wrapped(operation: HttpOperation, call: Call) -> Answer:
            answer = handle(operation, call)
            if isinstance(operation, FeatureOperation) and operation.kind is Kind.ACTIVATE:
                fresh.add(operation.feature)
            elif isinstance(operation, FeatureOperation) and operation.kind is LISTED and operation.feature in fresh:
                fresh.discard(operation.feature)
                layer = answers(drop("QueueList"), LISTED)
                return wrapped_handle(layer, mock, lambda _operation, _call: answer)(operation, call)
            return answer

        return wrapped

    return Override(handle=override)


def _refused_update_counts() -> Override:
    """A rejected update renames the queue."""

    def override(mock: RunningMock, handle: Handle) -> Handle:
        def wrapped(operation: HttpOperation, call: Call) -> Answer:
            try:
                return handle(operation, call)
            except Refusal:
                if operation.kind is UPDATED and isinstance(operation, FeatureOperation):
                    for activation in mock.engine.activations(operation.feature):
                        found = re.search(rb"<Name>([^<]{1,90})</Name>", call.body)
                        if activation.queue.id == call.key and found:
                            activation.queue.name = found[1].decode()
                raise

        return wrapped

    return Override(handle=override)


def _any_queue(mock: RunningMock, handle: Handle) -> Handle:
    def wrapped(operation: HttpOperation, call: Call) -> Answer:
        try:
            return handle(operation, call)
        except Refusal:
            if operation.kind is not UPDATED or not isinstance(operation, FeatureOperation):
                raise
            queue_id = next(a.queue.id for a in mock.engine.activations(operation.feature))
            return handle(operation, replace(call, key=queue_id))

    return wrapped


def _page_hides_state(call: Call) -> Call:
    return forgets("state")(call) if call.query.get("pageSize") else call


def _only_beside_a_listed_queue(root: Tree) -> None:
    if root.find("QueueList") is None:
        drop("NonExistPIDs")(root)


def _on_for_ever(root: Tree) -> None:
    for config in root.iterfind("QueueList/NotifyConfig"):
        if config.findtext("Url"):
            put("State", "On")(config)


def _body(pattern: bytes, put_in: bytes) -> Override:
    """Accepts a rejected update after a change of its body."""
    return accepts_anyway(lambda call: with_body(call, pattern, put_in), UPDATED)


def _queue_id_first(call: Call) -> Refusal | None:
    missing = b"<QueueID>" not in call.body
    return Refusal(ErrorCode.INVALID_CONTENT, "QueueID is required") if missing else None


def _name_first(call: Call) -> Refusal | None:
    late = call.body.find(b"<Name>") > call.body.find(b"<State>") >= 0 and call.body.rfind(b"<Name>") > call.body.find(
        b"</NotifyConfig>"
    )
    return Refusal(ErrorCode.INVALID_CONTENT, "Name comes first") if late else None


def _own_element(root: Tree) -> None:
    for child in list(root):
        if len(child):
            child.tag = "Bucket"


def _stale_state(root: Tree) -> None:
    for state in root.iterfind("QueueList/State"):
        if state.text == "Paused":
            state.text = "Active"


FAULTS = (
    Fault("queue-list-without-page-size", "QUE-001", "The queue list has no PageSize.", answers(drop("PageSize"), LISTED)),
    Fault("total-count-in-words", "QUE-001", "TotalCount is no number.", answers(put("TotalCount", "one"), LISTED)),
    Fault("queue-without-max-size", "QUE-002", "Queues have no MaxSize.", answers(drop("QueueList/MaxSize"), LISTED)),
    Fault("queue-state-as-of-job", "QUE-003", "A paused queue shows Pause.", _queue_put("State", lambda text: "Pause" if text == "Paused" else text)),
    Fault("queue-state-in-lower-case", "QUE-003", "Listed queues show active.", _queue_put("State", str.lower, LISTED)),
    Fault("queue-times-in-seconds", "QUE-004", "CreateTime of queues is a number of seconds.", _queue_put("CreateTime", "1767600000")),
    Fault("max-concurrent-understated", "PRI-008", "MaxConcurrent is 2, whatever the number of workers.", _queue_put("MaxConcurrent", "2")),
    Fault("max-concurrent-zero", "QUE-005", "MaxConcurrent is 0.", _queue_put("MaxConcurrent", "0")),
    Fault("category-of-own", "QUE-006", "Category is Default.", _queue_put("Category", "Default")),
    Fault("queue-ids-lose-known", "QUE-008", "queueIds with a known id lists nothing.", answers(drop("QueueList"), LISTED, when=_by_id)),
    Fault("unknown-queues-unnamed", "QUE-009", "NonExistPIDs is never returned.", answers(drop("NonExistPIDs"), LISTED)),
    Fault("known-queue-not-there", "QUE-010", "NonExistPIDs names a queue that is listed.", answers(_known_as_missing, LISTED, when=_by_id)),
    Fault("state-filter-ignored", "QUE-011", "state is ignored in queue lists.", reads_call_as(forgets("state"), LISTED)),
    Fault("pages-of-twenty", "QUE-012", "Without parameters a page has 20.", answers(put("PageSize", lambda text: "20" if text == "10" else text), LISTED)),
    Fault("page-size-not-echoed", "QUE-013", "PageSize is always 10.", answers(put("PageSize", "10"), LISTED)),
    Fault("any-page-is-first", "QUE-014", "Pages beyond the last show the first.", reads_call_as(_last_page_for_any, LISTED)),
    Fault("empty-parameters-refused", "QUE-015", "An empty parameter is rejected.", rejects(_empty_refused, LISTED)),
    Fault("rule-state-of-own", "QUE-016", "State of NotifyConfig is Disabled.", answers(put("QueueList/NotifyConfig/State", "Disabled"), LISTED)),
    Fault("eleven-ids-taken", "QUE-017", "More than ten queueIds are accepted.", accepts_anyway(_fewer_ids, LISTED)),
    Fault("any-page-size-taken", "QUE-018", "Invalid page sizes are accepted.", accepts_anyway(_any_page, LISTED)),
    Fault("category-loses-queue", "QUE-019", "category=Transcoding lists nothing.", answers(drop("QueueList"), LISTED, when=lambda call: call.query.get("category") == "Transcoding")),
    Fault("speed-lists-all", "QUE-020", "category=SpeedTranscoding lists the media queue.", reads_call_as(_speed_is_all, LISTED)),
    Fault("two-queues", "ONE-001", "The list holds a second queue.", answers(_second_queue, LISTED)),
    Fault("queues-of-own-name", "ONE-002", "A new queue is called default.", in_engine(_OwnNames)),
    Fault("one-id-for-all-queues", "ONE-003", "The queues of all features have one id.", named(lambda plain, _number: "p" + "7" * 32 if plain[0] == "p" else plain)),
    Fault("second-activation-anew", "ONE-004", "A second activation gives the queue another id.", in_engine(_SecondActivationAnew)),
    Fault("foreign-queues-listed", "ONE-005", "queueIds finds queues of other features.", _foreign_listed()),
    Fault("foreign-queue-takes-jobs", "ONE-006", "A submit may name the queue of another feature.", in_engine(_TakesForeignIds)),
    Fault("foreign-queue-updated", "ONE-012", "An update may name the queue of another feature.", in_engine(_TakesForeignIds)),
    Fault("pause-holds-all", "ONE-008", "Pausing a queue pauses those of all features.", in_engine(_StateForAll)),
    Fault("pause-holds-same-second", "ONE-008", "A pause also takes queues updated in the same second.", in_engine(_StateForSameSecond)),
    Fault("rule-for-all", "ONE-009", "A rule is set on the queues of all features.", in_engine(_RuleForAll)),
    Fault("one-pause-stops-all", "ONE-010", "While a queue is paused no job of any feature starts.", in_engine(_OnePauseStopsAll)),
    Fault("created-anew", "ONE-011", "An update changes CreateTime.", in_engine(_CreatedAnew)),
    Fault("update-without-request-id", "UPD-001", "The response to an update has no RequestId.", answers(drop("RequestId"), UPDATED)),
    Fault("list-never-paused", "UPD-002", "The list shows a paused queue as Active.", answers(_stale_state, LISTED)),
    Fault("rule-loses-event", "UPD-003", "The list shows only the first event of a rule.", answers(put("QueueList/NotifyConfig/Event", lambda text: text.partition(",")[0]), LISTED)),
    Fault("rule-format-lost", "UPD-003", "ResultFormat is always XML.", answers(put(".//NotifyConfig/ResultFormat", "XML"), *QUEUE_ANSWERS)),
    Fault("names-in-ascii", "UPD-004", "Chinese in a name becomes question marks.", _queue_put("Name", lambda text: text.encode("ascii", "replace").decode())),
    Fault("name-in-answer-only", "UPD-004", "The list shows the first eight characters of a name.", _queue_put("Name", lambda text: text[:8], LISTED)),
    Fault("update-time-goes-back", "UPD-005", "An update sets UpdateTime back an hour.", in_engine(_UpdateTimeBack)),
    Fault("any-queue-id-updates", "UPD-006", "An update of an unknown queue changes the one there is.", Override(handle=_any_queue)),
    Fault("any-state-taken", "UPD-007", "An unknown State counts as Active.", _body(rb"<State>Stopped</State>", b"<State>Active</State>")),
    Fault("any-letters-taken", "UPD-015", "Other characters of a name become _.", _body(rb"<Name>ciq refused[^<]*</Name>", b"<Name>ciq_refused__</Name>")),
    Fault("state-unlooked-on-page", "QUE-011", "state is ignored beside pageSize.", reads_call_as(_page_hides_state, LISTED)),
    Fault("off-shown-as-on", "UPD-003", "A rule that was On once is always listed as On.", answers(_on_for_ever, LISTED)),
    Fault("name-cut-at-64", "UPD-014", "A name is cut at 64 characters.", _queue_put("Name", lambda text: text[:64])),
    Fault("page-number-not-echoed", "QUE-013", "PageNumber is always 1.", answers(put("PageNumber", "1"), LISTED)),
    Fault("unknown-alone-unnamed", "QUE-009", "NonExistPIDs is returned beside a listed queue only.", answers(_only_beside_a_listed_queue, LISTED)),
    Fault("long-name-taken", "UPD-008", "A name of 200 letters is cut and taken.", _body(rb"<Name>(.{100}).*?</Name>", rb"<Name>\1</Name>")),
    Fault("rule-without-url-taken", "UPD-009", "A rule without Url is accepted.", _body(rb"<NotifyConfig>(?!<Url>)", b"<NotifyConfig><Url>http://127.0.0.1:9/</Url>")),
    Fault("rule-words-taken", "UPD-010", "An unknown Type is accepted.", _body(rb"<Type>Pigeon</Type>", b"<Type>Url</Type>")),
    Fault("rule-event-taken", "UPD-010", "An unknown Event is accepted.", _body(rb"<Event>TaskMaybe</Event>", b"<Event>TaskFinish</Event>")),
    Fault("refused-update-counts", "UPD-011", "A rejected update changes the name.", _refused_update_counts()),
    Fault("queue-id-required", "UPD-012", "An update without QueueID is rejected.", rejects(_queue_id_first, UPDATED)),
    Fault("name-must-be-first", "UPD-013", "An update whose Name does not come first is rejected.", rejects(_name_first, UPDATED)),
    Fault("activation-without-region", "ACT-001", "The response to an activation has no Region.", answers(drop(_ANY + "Region"), Kind.ACTIVATE)),
    Fault("bucket-list-without-count", "ACT-003", "The bucket list has no TotalCount.", answers(drop("TotalCount"), Kind.LIST_BUCKETS)),
    Fault("activation-without-queue", "ACT-004", "The queue list right after an activation is empty.", _first_list_empty()),
    Fault("bucket-names-ignored", "ACT-005", "bucketNames is ignored.", reads_call_as(forgets("bucketnames"), Kind.LIST_BUCKETS)),
    Fault("any-bucket-page", "ACT-006", "A page of 101 buckets is accepted.", accepts_anyway(_page_of_hundred, Kind.LIST_BUCKETS)),
    Fault("never-closes", "ACT-007", "The queue is still there after the feature was closed.", in_engine(_NeverCloses)),
    Fault("buckets-unlisted", "ACT-008", "The list of AI buckets has an element of its own.", answers(_own_element, Kind.LIST_BUCKETS)),
)  # fmt: skip
