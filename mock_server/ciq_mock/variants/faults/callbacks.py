"""Faults of callbacks: whether, where and in which format they are sent, and their content."""

import re
from collections import Counter
from collections.abc import Callable
from copy import deepcopy
from typing import Any

import msgspec

from ciq_mock.callback_rule import TASK_FINISH, BodyFormat, Decision, Destination, Silence
from ciq_mock.delivery import BodyBuilder, CallbackDispatcher
from ciq_mock.delivery.log import Answer
from ciq_mock.delivery.sender import Sender
from ciq_mock.delivery.url_queues import PendingCallback, Subject
from ciq_mock.engine import Accepted, CallbackChoice, Cancelled, Ended, Event, Job, QueueUpdated, Started
from ciq_mock.http.app import Handle
from ciq_mock.overrides import Override
from ciq_mock.running import RunningMock
from ciq_mock.service import times
from ciq_mock.service.call import Call
from ciq_mock.variants.faults.fault import Fault, in_delivery
from ciq_mock.variants.faults.scope import json_jobs
from ciq_mock.variants.middleware import (
    Edit,
    Tree,
    answers,
    bodies,
    drop,
    edited_callbacks,
    put,
    reads_call_as,
    with_body,
    wrapped_handle,
)
from ciq_schemas.lifecycle import JobState, QueueState
from ciq_schemas.operations import OperationKind as Kind
from ciq_schemas.values import NotifyConfig

Rule = Callable[[NotifyConfig, CallbackChoice, Decision], Decision]
_NOTHING = Silence(reason="a fault")
_CUT = 255
_LATE = 0.4
"""Seconds."""
_HURRY = 0.03
"""Seconds in which a receiver answers as a rule."""


def decides(change: Rule) -> Override:
    """Changes the decision; `change` receives rule, choice and the correct decision."""

    class Decides(CallbackDispatcher):
        """Returns the changed decision."""

        def decision(self, rule: NotifyConfig, choice: CallbackChoice) -> Decision:
            """Returns the destination."""
            return change(rule, choice, super().decision(rule, choice))

    return in_delivery(Decides)


def _choice_without(name: str) -> Override:
    """A field of the job is ignored."""

    class Forgets(CallbackDispatcher):
        """Ignores one field."""

        def decision(self, rule: NotifyConfig, choice: CallbackChoice) -> Decision:
            """Returns the destination."""
            return super().decision(rule, msgspec.structs.replace(choice, **{name: None}))

    return in_delivery(Forgets)


def _rule_with(**changes: str) -> Override:
    """Changes the rule before it is read, for queues that have an address."""

    class Misreads(CallbackDispatcher):
        """Reads the changed rule."""

        def decision(self, rule: NotifyConfig, choice: CallbackChoice) -> Decision:
            """Returns the destination."""
            known = {name: text for name, text in changes.items() if rule.url}
            return super().decision(msgspec.structs.replace(rule, **known), choice)

    return in_delivery(Misreads)


def _one_event_only() -> Override:
    """Event is compared as a whole."""

    class Compares(CallbackDispatcher):
        """Accepts one event per rule."""

        def decision(self, rule: NotifyConfig, choice: CallbackChoice) -> Decision:
            """Returns the destination."""
            several = "," in (rule.event or "")
            return super().decision(msgspec.structs.replace(rule, state="Off") if several else rule, choice)

    return in_delivery(Compares)


def _no_does_not_count(rule: NotifyConfig, choice: CallbackChoice, good: Decision) -> Decision:
    if choice.address == "no" and rule.state == "On" and rule.url:
        return Destination(url=rule.url, format=BodyFormat.XML, reason="a fault")
    return good


def _without_query(_rule: NotifyConfig, _choice: CallbackChoice, good: Decision) -> Decision:
    if isinstance(good, Destination):
        return Destination(url=good.url.partition("?")[0], format=good.format, reason=good.reason)
    return good


def _json_by_default(call: Call) -> Call:
    if b"<ResultFormat>" in call.body:
        return call
    return with_body(call, rb"</NotifyConfig>", b"<ResultFormat>JSON</ResultFormat></NotifyConfig>") or call


def _json_shown_as_xml() -> Override:
    """The queue sends JSON and shows XML as its format."""
    taken = reads_call_as(_json_by_default, Kind.UPDATE_QUEUE)
    shown = answers(put(".//NotifyConfig/ResultFormat", "XML"), Kind.UPDATE_QUEUE, Kind.LIST_QUEUES)
    return Override(handle=lambda mock, handle: wrapped_handle(shown, mock, wrapped_handle(taken, mock, handle)))


class _SendsToJobAndQueueAddress(CallbackDispatcher):
    def on_event(self, event: Event) -> None:
        """Also sends the callback of a job with its own address to the queue's address."""
        super().on_event(event)
        if isinstance(event, Ended) and event.job.callback.address not in (None, "no"):
            self.carry_out(event.job, self.decision(event.rule, CallbackChoice()))


def without_callback_for(which: Callable[[Job], bool]) -> Override:
    """Sends no callback for some jobs."""

    class Silent(CallbackDispatcher):
        """Skips some jobs."""

        def on_event(self, event: Event) -> None:
            """Handles all events but the end of some jobs."""
            if not (isinstance(event, Ended) and which(event.job)):
                super().on_event(event)

    return in_delivery(Silent)


class _SendsCallbackAtStart(CallbackDispatcher):
    def on_event(self, event: Event) -> None:
        """Sends the callback when the job starts."""
        if isinstance(event, Started):
            super().on_event(Ended(event.at, event.job, JobState.SUCCESS, event.job.queue.notify))
        elif not isinstance(event, Ended):
            super().on_event(event)


class _SendsCallbackWhilePaused(CallbackDispatcher):
    def on_event(self, event: Event) -> None:
        """Sends a callback as soon as a paused queue accepts a job."""
        super().on_event(event)
        if isinstance(event, Accepted) and event.job.queue.state is QueueState.PAUSED:
            super().on_event(Ended(event.at, event.job, JobState.SUCCESS, event.job.queue.notify))


class _SendsCallbackTwice(CallbackDispatcher):
    def carry_out(self, subject: Subject, decision: Decision) -> None:
        """Sends twice."""
        super().carry_out(subject, decision)
        super().carry_out(subject, decision)


class _FailsJobOnRejectedCallback(CallbackDispatcher):
    async def _attempt(self, sender: Sender, pending: PendingCallback) -> None:
        await super()._attempt(sender, pending)
        last = next(reversed(tuple(self.log)), None)
        if last is not None and not last.delivered and isinstance(pending.subject, Job):
            pending.subject._state = JobState.FAILED


class _DropsCallbacksWhileBusy(CallbackDispatcher):
    """Drops a callback while another request is slow."""

    async def _attempt(self, sender: Sender, pending: PendingCallback) -> None:
        now = self._clock.now()
        others = [out for out in self._out if out is not pending and out.subject is not pending.subject]
        if any(now - self._since.get(out, now) > _HURRY for out in others):
            return
        self._since[pending] = now
        await super()._attempt(sender, pending)
        self._since.pop(pending, None)

    def __init__(self, **parts: Any) -> None:
        super().__init__(**parts)
        self._since: dict[PendingCallback, float] = {}


class _UsesPreviousAddress(CallbackDispatcher):
    """Uses the address of the queue's previous rule."""

    _rules: dict[str, list[str]] | None = None

    def on_event(self, event: Event) -> None:
        """Remembers the addresses of earlier rules."""
        if self._rules is None:
            self._rules = {}
        if isinstance(event, QueueUpdated) and event.queue.notify.url:
            self._rules.setdefault(event.queue.id, []).append(event.queue.notify.url)
        if isinstance(event, Ended) and not event.job.callback.address:
            had = list(dict.fromkeys(self._rules.get(event.job.queue.id, ())))
            if event.rule.url and len(had) > 1:
                event = msgspec.structs.replace(event, rule=msgspec.structs.replace(event.rule, url=had[-2]))
        super().on_event(event)


class _SendsCallbackOnCancel(CallbackDispatcher):
    def on_event(self, event: Event) -> None:
        """Also sends callbacks for cancelled jobs."""
        super().on_event(event)
        if isinstance(event, Cancelled):
            self.carry_out(event.job, self.decision(event.job.queue.notify, event.job.callback))


def sends(method: str, content_type: str | None = None) -> Override:
    """Sends callbacks with another method or Content-Type."""

    class Sends(Sender):
        """Sends the changed request."""

        async def post(self, url: str, body: bytes, body_format: BodyFormat) -> Answer:
            """Sends once."""
            headers = {"Content-Type": content_type} if content_type else None
            session = self._sessions[body_format]
            async with session.request(method, url, data=body, headers=headers) as response:
                return Answer(response.status)

    class Dispatcher(CallbackDispatcher):
        """Uses that sender."""

        @staticmethod
        def sender_class() -> type[Sender]:
            """Returns the sender class."""
            return Sends

    return in_delivery(Dispatcher)


def _two_jobs(root: Tree) -> None:
    job = root.find("JobsDetail")
    if job is not None:
        other = deepcopy(job)
        put("JobId", lambda text: text[:-4] + "beef")(other)
        job.addnext(other)


def _failed_says_success(root: Tree) -> None:
    for job in root.iterfind("JobsDetail"):
        if job.findtext("State") == "Failed":
            put("State", "Success")(job)
            put("Code", "Success")(job)


def _created_at_start() -> Override:
    """Callbacks show the start time as CreationTime."""

    def override(_mock: RunningMock, build: BodyBuilder) -> BodyBuilder:
        def wrapped(subject: Subject, form: BodyFormat) -> bytes:
            body = build(subject, form)
            if not isinstance(subject, Job) or subject.started is None:
                return body
            return body.replace(times.written(subject.created).encode(), times.written(subject.started).encode(), 1)

        return wrapped

    return Override(callback=override)


def _without_event(body: bytes) -> bytes:
    decoded = msgspec.json.decode(body)
    decoded.pop("EventName", None)
    return msgspec.json.encode(decoded)


def _in_json(change: Callable[[dict[str, object]], object]) -> Override:
    return bodies(json_jobs(change), BodyFormat.JSON)


def _drifts(job: dict[str, object]) -> None:
    operation = job.get("Operation")
    if isinstance(operation, dict):
        operation.pop("UserData", None)
    job["QueueId"] = [job.get("QueueId")]


def _times_as_numbers(job: dict[str, object]) -> None:
    job["CreationTime"] = 1767600000


def _job_put(path: str, text: str | Callable[[str], str]) -> Override:
    return edited_callbacks(put(f"JobsDetail/{path}", text))


def _job_drop(path: str) -> Override:
    return edited_callbacks(drop(f"JobsDetail/{path}"))


def _user_data_escaped() -> Edit:
    return put("JobsDetail/Operation/UserData", lambda text: text.replace("&", "&amp;").replace("<", "&lt;"))


def _describes_end_late() -> Override:
    """Describe shows the end of a job only at the third request."""

    def override(mock: RunningMock, handle: Handle) -> Handle:
        looks: Counter[str] = Counter()

        def late(root: Tree) -> None:
            for job in root.iterfind("JobsDetail"):
                job_id = job.findtext("JobId") or ""
                if job.findtext("State") in ("Success", "Failed"):
                    looks[job_id] += 1
                    if looks[job_id] < 3:
                        put("State", "Running")(job)

        return wrapped_handle(answers(late, Kind.DESCRIBE_JOB), mock, handle)

    return Override(handle=override)


def _shows_end_late() -> Override:
    """Describe shows an end late, after the callback was sent."""

    def override(mock: RunningMock, handle: Handle) -> Handle:
        def late(root: Tree) -> None:
            now = mock.clock.now()
            ended = {job.id: job.ended for job in mock.engine.jobs() if job.ended is not None}
            for job in root.iterfind("JobsDetail"):
                at = ended.get(job.findtext("JobId") or "")
                if at is not None and now - at < _LATE and job.findtext("State") in ("Success", "Failed"):
                    put("State", "Running")(job)

        return wrapped_handle(answers(late, Kind.DESCRIBE_JOB), mock, handle)

    return Override(handle=override)


FAULTS = (
    Fault("no-callbacks", "DEL-001", "The mock never sends a callback.", without_callback_for(lambda _job: True)),
    Fault("third-callback-lost", "DEL-001", "Every third callback is lost.", without_callback_for(lambda job: job.number % 3 == 0)),
    Fault("callbacks-put", "DEL-001", "Callbacks are sent by PUT.", sends("PUT")),
    Fault("two-jobs-a-callback", "DEL-002", "A callback contains a second job.", edited_callbacks(_two_jobs)),
    Fault("callback-before-end", "DEL-003", "The callback is sent when the job starts.", in_delivery(_SendsCallbackAtStart)),
    Fault("callback-before-state", "DEL-003", "Describe shows the end of a job only after its callback.", _describes_end_late()),
    Fault("end-shown-after-callback", "DEL-003", "Describe shows an end 0.4 s late, the callback leaves at once.", _shows_end_late()),
    Fault("callbacks-twice", "DEL-004", "Each callback is sent twice.", in_delivery(_SendsCallbackTwice)),
    Fault("failure-untold", "DEL-005", "Failed jobs have no callback.", without_callback_for(lambda job: job.state is JobState.FAILED)),
    Fault("failure-told-as-success", "DEL-005", "The callback of a failed job says Success.", edited_callbacks(_failed_says_success)),
    Fault("deaf-receiver-fails-job", "DEL-006", "A job becomes Failed when the receiver rejects its callback.", in_delivery(_FailsJobOnRejectedCallback)),
    Fault("query-of-address-lost", "DEL-008", "The query of a callback address is dropped.", decides(_without_query)),
    Fault("rule-counts-for-levels-only", "RUL-001", "Jobs without a level have no callback at the queue's address.", without_callback_for(lambda job: not job.level and not job.callback.address)),
    Fault("address-before-kept", "RUL-001", "Callbacks go to the address that the queue's rule had before.", in_delivery(_UsesPreviousAddress)),
    Fault("cancel-told", "DEL-010", "A cancelled job has a callback with State Cancel.", in_delivery(_SendsCallbackOnCancel)),
    Fault("own-address-ignored", "RUL-002", "CallBack of a job is ignored.", _choice_without("address")),
    Fault("told-to-both", "RUL-003", "The callback of a job with its own address also goes to the queue's address.", in_delivery(_SendsToJobAndQueueAddress)),
    Fault("own-format-ignored", "RUL-004", "CallBackFormat of a job is ignored.", _choice_without("format")),
    Fault("no-ignored", "RUL-005", "CallBack no is ignored.", decides(_no_does_not_count)),
    Fault("off-ignored", "RUL-006", "A rule that is Off counts.", _rule_with(state="On", event=TASK_FINISH)),
    Fault("event-ignored", "RUL-007", "Any event of a rule counts as TaskFinish.", _rule_with(event=TASK_FINISH)),
    Fault("result-format-ignored", "RUL-008", "ResultFormat of a rule is ignored.", _rule_with(result_format="XML")),
    Fault("json-by-default", "RUL-010", "A rule without ResultFormat has callbacks in JSON.", _json_shown_as_xml()),
    Fault("two-events-are-none", "RUL-011", "A rule with two events is told nothing.", _one_event_only()),
    Fault("xml-cut", "SHP-001", "XML callbacks lose their end.", bodies(lambda body: body[:-9], BodyFormat.XML)),
    Fault("json-cut", "SHP-001", "JSON callbacks lose their last bracket.", bodies(lambda body: body[:-1], BodyFormat.JSON)),
    Fault("callback-without-queue", "SHP-002", "Callbacks have no QueueId.", _job_drop("QueueId")),
    Fault("callback-without-creation", "SHP-002", "Callbacks have no CreationTime.", _job_drop("CreationTime")),
    Fault("event-of-own", "SHP-003", "EventName is JobFinish.", edited_callbacks(put("EventName", "JobFinish"))),
    Fault("json-without-event", "SHP-003", "JSON callbacks have no EventName.", bodies(_without_event, BodyFormat.JSON)),
    Fault("callback-says-running", "SHP-004", "Callbacks say Running.", _job_put("State", "Running")),
    Fault("callback-user-data-cut", "SHP-005", "UserData of callbacks is cut at eight characters.", _job_put("Operation/UserData", lambda text: text[:8])),
    Fault("callback-creation-drifts", "SHP-005", "CreationTime of callbacks is another day's.", _job_put("CreationTime", lambda text: "2020" + text[4:])),
    Fault("callback-without-output", "SHP-005", "Callbacks have no Operation.Output.", _job_drop("Operation/Output")),
    Fault("callback-without-object", "SHP-005", "Callbacks have no Input.Object.", _job_drop("Input/Object")),
    Fault("callback-without-level", "SHP-005", "Callbacks have no JobLevel.", _job_drop("Operation/JobLevel")),
    Fault("callback-ends-later", "SHP-005", "EndTime of callbacks is another day's.", _job_put("EndTime", lambda text: "2036" + text[4:])),
    Fault("callback-level-zero", "SHP-005", "JobLevel of callbacks is always 0.", _job_put("Operation/JobLevel", "7")),
    Fault("json-without-tag", "SHP-002", "JSON callbacks have no Tag.", _in_json(lambda job: job.pop("Tag", None))),
    Fault("callbacks-are-text", "SHP-006", "Callbacks are text/plain.", sends("POST", "text/plain")),
    Fault("callback-times-in-seconds", "SHP-007", "EndTime of callbacks is a number of seconds.", _job_put("EndTime", "1767600000")),
    Fault("json-times-as-numbers", "SHP-007", "CreationTime of JSON callbacks is a number.", _in_json(_times_as_numbers)),
    Fault("json-drifts", "SHP-008", "JSON callbacks leave out UserData, and QueueId is an array.", _in_json(_drifts)),
    Fault("callback-escaped-twice", "SHP-012", "Special characters of UserData come as entities.", edited_callbacks(_user_data_escaped())),
    Fault("json-numbers", "SHP-011", "Codes of JSON callbacks are numbers.", _in_json(lambda job: job.update(Code=0))),
    Fault("callback-created-at-start", "SHP-014", "CreationTime of callbacks is the time of the start.", _created_at_start()),
    Fault("callbacks-dropped-beside-slow", "DEL-011", "A callback is dropped while another job's receiver has not answered yet.", in_delivery(_DropsCallbacksWhileBusy)),
    Fault("first-of-request-told", "MUL-004", "Of the jobs of one request only the first is told of.", without_callback_for(lambda job: job.one_of_many and not re.search(rb"(?:first| 0)<", job.operation))),
    Fault("held-told", "PAU-008", "A job that comes to a paused queue is told of at once.", in_delivery(_SendsCallbackWhilePaused)),
)  # fmt: skip
