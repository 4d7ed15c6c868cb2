"""Faults of callbacks: whether, where and in which format they are sent, and their content."""

import gzip
import re
from collections import Counter
from collections.abc import Callable
from copy import deepcopy
from typing import Any

import msgspec

from ciq_mock.callback_rule import TASK_FINISH, BodyFormat, Decision, Destination
from ciq_mock.delivery import CallbackDispatcher
from ciq_mock.delivery.host_queues import PendingCallback, Subject
from ciq_mock.delivery.log import Answer as Attempt
from ciq_mock.delivery.sender import Sender
from ciq_mock.engine import Accepted, CallbackChoice, Cancelled, Ended, Event, Job, QueueUpdated, Started
from ciq_mock.overrides import Override
from ciq_mock.service import times
from ciq_mock.service.call import Answer, Call
from ciq_mock.variants.edits import ChangeText, Tree, drop, edited_answer, put
from ciq_mock.variants.faults.callback_changes import (
    JobMembers,
    Rule,
    decides,
    json_callbacks,
    misreads_rules,
    without_callback_for,
)
from ciq_mock.variants.faults.fault import Fault
from ciq_mock.variants.middleware import (
    CallNext,
    Request,
    answers,
    bodies,
    chained,
    changed_callbacks,
    edited_callbacks,
    middleware,
    middleware_per_mock,
    reads_call_as,
    with_body,
)
from ciq_mock.variants.mixins import in_delivery
from ciq_schemas.lifecycle import JobState, QueueState
from ciq_schemas.operations import OperationKind as Kind
from ciq_schemas.values import NotifyConfig

_END_SHOWN_LATE = 0.4
"""Seconds by which the fault `end-shown-after-callback` shows an end late."""
_SLOW = 0.03
"""Seconds after which the fault `callbacks-dropped-beside-slow` considers a receiver slow."""
_ENDED = ("Success", "Failed")


# --- the rule that decides ----------------------------------------------------------------------------------


def _without_address(rule: NotifyConfig, choice: CallbackChoice) -> Rule:
    return rule, msgspec.structs.replace(choice, address=None)


def _without_format(rule: NotifyConfig, choice: CallbackChoice) -> Rule:
    return rule, msgspec.structs.replace(choice, format=None)


def rule_with(**changes: str) -> Callable[[NotifyConfig, CallbackChoice], Rule]:
    """Returns a reading that changes the rule of queues that have an address."""

    def read(rule: NotifyConfig, choice: CallbackChoice) -> Rule:
        return msgspec.structs.replace(rule, **changes) if rule.url else rule, choice

    return read


def _off_for_several_events(rule: NotifyConfig, choice: CallbackChoice) -> Rule:
    several = "," in (rule.event or "")
    return msgspec.structs.replace(rule, state="Off") if several else rule, choice


def _ignores_no(rule: NotifyConfig, choice: CallbackChoice, correct: Decision) -> Decision:
    if choice.address == "no" and rule.state == "On" and rule.url:
        return Destination(url=rule.url, format=BodyFormat.XML, reason="a fault")
    return correct


def _without_query(_rule: NotifyConfig, _choice: CallbackChoice, correct: Decision) -> Decision:
    if isinstance(correct, Destination):
        return Destination(url=correct.url.partition("?")[0], format=correct.format, reason=correct.reason)
    return correct


def _json_by_default(call: Call) -> Call:
    if b"<ResultFormat>" in call.body:
        return call
    return with_body(call, rb"</NotifyConfig>", b"<ResultFormat>JSON</ResultFormat></NotifyConfig>") or call


_JSON_BY_DEFAULT = reads_call_as(_json_by_default, Kind.UPDATE_QUEUE)
_FORMAT_SHOWN_AS_XML = answers(put(".//NotifyConfig/ResultFormat", "XML"), Kind.UPDATE_QUEUE, Kind.LIST_QUEUES)


# --- when callbacks are sent --------------------------------------------------------------------------------


class _SendsToJobAndQueueAddress(CallbackDispatcher):
    """Also sends the callback of a job with its own address to the queue's address."""

    def on_event(self, event: Event) -> None:
        """Handles an event."""
        super().on_event(event)
        if isinstance(event, Ended) and event.job.callback.address not in (None, "no"):
            self.carry_out(event.job, self.decision(event.rule, CallbackChoice()))


class _SendsCallbackAtStart(CallbackDispatcher):
    """Sends the callback when the job starts."""

    def on_event(self, event: Event) -> None:
        """Handles an event."""
        if isinstance(event, Started):
            super().on_event(Ended(event.at, event.job, JobState.SUCCESS, event.job.queue.notify))
        elif not isinstance(event, Ended):
            super().on_event(event)


class _SendsCallbackWhilePaused(CallbackDispatcher):
    """Sends a callback as soon as a paused queue accepts a job."""

    def on_event(self, event: Event) -> None:
        """Handles an event."""
        super().on_event(event)
        if isinstance(event, Accepted) and event.job.queue.state is QueueState.PAUSED:
            super().on_event(Ended(event.at, event.job, JobState.SUCCESS, event.job.queue.notify))


class _HoldsCallbacksWhilePaused(CallbackDispatcher):
    """Sends the callbacks of jobs that end in a paused queue after the resume."""

    def __init__(self, **parts: Any) -> None:
        super().__init__(**parts)
        self._held: dict[str, list[Ended]] = {}

    def on_event(self, event: Event) -> None:
        """Handles an event, or keeps it until the resume."""
        if isinstance(event, Ended) and event.job.queue.state is QueueState.PAUSED:
            self._held.setdefault(event.job.queue.id, []).append(event)
            return
        super().on_event(event)
        if isinstance(event, QueueUpdated) and event.state is QueueState.ACTIVE:
            for ended in self._held.pop(event.queue.id, ()):
                super().on_event(ended)


def _posts_to_url_of_tdmq(rule: NotifyConfig, _choice: CallbackChoice, correct: Decision) -> Decision:
    if rule.type == "TDMQ" and rule.state == "On" and rule.url:
        return Destination(url=rule.url, format=BodyFormat.XML, reason="a fault")
    return correct


class _SendsCallbackOnCancel(CallbackDispatcher):
    """Also sends callbacks for cancelled jobs."""

    def on_event(self, event: Event) -> None:
        """Handles an event."""
        super().on_event(event)
        if isinstance(event, Cancelled):
            self.carry_out(event.job, self.decision(event.job.queue.notify, event.job.callback))


class _SendsCallbackTwice(CallbackDispatcher):
    """Sends each callback twice."""

    def carry_out(self, subject: Subject, decision: Decision) -> None:
        """Sends twice."""
        super().carry_out(subject, decision)
        super().carry_out(subject, decision)


class _FailsJobOnRejectedCallback(CallbackDispatcher):
    """Sets the state of a job to Failed when the receiver rejects its callback."""

    async def _attempt(self, sender: Sender, pending: PendingCallback) -> None:
        await super()._attempt(sender, pending)
        last = next(reversed(tuple(self.log)), None)
        if last is not None and not last.delivered and isinstance(pending.subject, Job):
            pending.subject._state = JobState.FAILED


class _DropsCallbacksWhileBusy(CallbackDispatcher):
    """Drops a callback while the receiver of another job's callback is slow."""

    def __init__(self, **parts: Any) -> None:
        super().__init__(**parts)
        self._since: dict[PendingCallback, float] = {}

    async def _attempt(self, sender: Sender, pending: PendingCallback) -> None:
        now = self._clock.now()
        others = [out for out in self._sending if out is not pending and out.subject is not pending.subject]
        if any(now - self._since.get(out, now) > _SLOW for out in others):
            return
        self._since[pending] = now
        await super()._attempt(sender, pending)
        self._since.pop(pending, None)


class _UsesPreviousAddress(CallbackDispatcher):
    """Sends callbacks to the address of the queue's previous rule."""

    def __init__(self, **parts: Any) -> None:
        super().__init__(**parts)
        self._addresses: dict[str, list[str]] = {}

    def on_event(self, event: Event) -> None:
        """Records the addresses of rules, and changes the rule of jobs that end."""
        if isinstance(event, QueueUpdated) and event.queue.notify.url:
            self._addresses.setdefault(event.queue.id, []).append(event.queue.notify.url)
        if isinstance(event, Ended) and not event.job.callback.address:
            earlier = list(dict.fromkeys(self._addresses.get(event.job.queue.id, ())))
            if event.rule.url and len(earlier) > 1:
                event = msgspec.structs.replace(event, rule=msgspec.structs.replace(event.rule, url=earlier[-2]))
        super().on_event(event)


def sends(method: str, content_type: str | None = None) -> Override:
    """Sends callbacks with another method or Content-Type."""

    class ChangedSender(Sender):
        """Sends the changed request."""

        async def post(self, url: str, body: bytes, body_format: BodyFormat) -> Attempt:
            """Sends once."""
            headers = {"Content-Type": content_type} if content_type else None
            session = self._sessions[body_format]
            async with session.request(method, url, data=body, headers=headers) as response:
                return Attempt(response.status)

    class ChangedDispatcher(CallbackDispatcher):
        """Uses that sender."""

        @staticmethod
        def sender_class() -> type[Sender]:
            """Returns the sender class."""
            return ChangedSender

    return in_delivery(ChangedDispatcher)


# --- content ------------------------------------------------------------------------------------------------


def _own_result_names(body: bytes) -> bytes:
    return body.replace(b"MediaResult", b"MediaOutput").replace(b"MediaInfo", b"MediaFacts")


def _job_put(path: str, text: str | ChangeText) -> Override:
    return edited_callbacks(put(f"JobsDetail/{path}", text))


def _job_drop(path: str) -> Override:
    return edited_callbacks(drop(f"JobsDetail/{path}"))


_USER_DATA_ESCAPED = put("JobsDetail/Operation/UserData", lambda text: text.replace("&", "&amp;").replace("<", "&lt;"))


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


def _created_at_start(subject: Subject, _form: BodyFormat, body: bytes) -> bytes:
    """Replaces the time of creation by that of the start."""
    if not isinstance(subject, Job) or subject.started is None:
        return body
    return body.replace(times.written(subject.created).encode(), times.written(subject.started).encode(), 1)


def _without_event(body: bytes) -> bytes:
    decoded = msgspec.json.decode(body)
    decoded.pop("EventName", None)
    return msgspec.json.encode(decoded)


def _without_user_data(job: JobMembers) -> None:
    operation = job.get("Operation")
    if isinstance(operation, dict):
        operation.pop("UserData", None)
    job["QueueId"] = [job.get("QueueId")]


def _times_as_numbers(job: JobMembers) -> None:
    job["CreationTime"] = 1767600000


# --- describe compared with callbacks -----------------------------------------------------------------------


class _ShowsEndAtThirdDescribe:
    """Shows an ended job as Running in the first two describe answers."""

    def __init__(self) -> None:
        self._described: Counter[str] = Counter()

    def dispatch(self, request: Request, call_next: CallNext) -> Answer:
        """Answers one call."""
        answer = call_next(request)
        return edited_answer(answer, self._edit) if request.kind is Kind.DESCRIBE_JOB and answer.body else answer

    def _edit(self, root: Tree) -> None:
        for job in root.iterfind("JobsDetail"):
            job_id = job.findtext("JobId") or ""
            if job.findtext("State") in _ENDED:
                self._described[job_id] += 1
                if self._described[job_id] < 3:
                    put("State", "Running")(job)


def _shows_end_late(request: Request, call_next: CallNext) -> Answer:
    """Shows a job as Running for a time after its end, when the callback was already sent."""
    answer = call_next(request)
    if request.kind is not Kind.DESCRIBE_JOB or not answer.body:
        return answer
    now = request.mock.clock.now()
    late = {job.id for job in request.mock.engine.jobs() if job.ended is not None and now - job.ended < _END_SHOWN_LATE}

    def edit(root: Tree) -> None:
        for job in root.iterfind("JobsDetail"):
            if job.findtext("JobId") in late and job.findtext("State") in _ENDED:
                put("State", "Running")(job)

    return edited_answer(answer, edit)


FAULTS = (
    Fault("callbacks-held-in-pause", "PAU-010", "The callback of a job that ends in a paused queue is sent after the resume.", in_delivery(_HoldsCallbacksWhilePaused)),
    Fault("tdmq-posts-too", "RUL-012", "Under a rule of type TDMQ the callback goes to the Url.", decides(_posts_to_url_of_tdmq)),
    Fault("no-callbacks", "DEL-001", "The mock never sends a callback.", without_callback_for(lambda _job: True)),
    Fault("third-callback-lost", "DEL-001", "Every third job has no callback.", without_callback_for(lambda job: job.number % 3 == 0)),
    Fault("callbacks-put", "DEL-001", "Callbacks are sent by PUT.", sends("PUT")),
    Fault("two-jobs-a-callback", "DEL-002", "Each callback contains a second job.", edited_callbacks(_two_jobs)),
    Fault("callback-before-end", "DEL-003", "The callback is sent when the job starts.", in_delivery(_SendsCallbackAtStart)),
    Fault("callback-before-state", "DEL-003", "Describe shows the end of a job only after its callback.", middleware_per_mock(_ShowsEndAtThirdDescribe)),
    Fault("end-shown-after-callback", "DEL-003", "Describe shows the end of a job 0.4 s late, the callback is sent at once.", middleware(_shows_end_late)),
    Fault("callbacks-twice", "DEL-004", "Each callback is sent twice.", in_delivery(_SendsCallbackTwice)),
    Fault("failures-without-callback", "DEL-005", "Failed jobs have no callback.", without_callback_for(lambda job: job.state is JobState.FAILED)),
    Fault("failure-reported-as-success", "DEL-005", "The callback of a failed job has State Success.", edited_callbacks(_failed_says_success)),
    Fault("deaf-receiver-fails-job", "DEL-006", "A job becomes Failed when the receiver rejects its callback.", in_delivery(_FailsJobOnRejectedCallback)),
    Fault("query-of-address-lost", "DEL-008", "The query of a callback address is dropped.", decides(_without_query)),
    Fault("rule-counts-for-levels-only", "RUL-001", "Jobs with neither a level nor an own address have no callback.", without_callback_for(lambda job: not job.level and not job.callback.address)),
    Fault("address-before-kept", "RUL-001", "Callbacks go to the address of the queue's previous rule.", in_delivery(_UsesPreviousAddress)),
    Fault("callback-on-cancel", "DEL-010", "A cancelled job has a callback with State Cancel.", in_delivery(_SendsCallbackOnCancel)),
    Fault("own-address-ignored", "RUL-002", "CallBack of a job is ignored.", misreads_rules(_without_address)),
    Fault("callback-to-both-addresses", "RUL-003", "The callback of a job with its own address also goes to the queue's address.", in_delivery(_SendsToJobAndQueueAddress)),
    Fault("own-format-ignored", "RUL-004", "CallBackFormat of a job is ignored.", misreads_rules(_without_format)),
    Fault("no-ignored", "RUL-005", "CallBack no is ignored.", decides(_ignores_no)),
    Fault("off-ignored", "RUL-006", "A rule with State Off is applied.", misreads_rules(rule_with(state="On", event=TASK_FINISH))),
    Fault("event-ignored", "RUL-007", "Any event of a rule is read as TaskFinish.", misreads_rules(rule_with(event=TASK_FINISH))),
    Fault("result-format-ignored", "RUL-008", "ResultFormat of a rule is ignored.", misreads_rules(rule_with(result_format="XML"))),
    Fault("json-by-default", "RUL-010", "A rule without ResultFormat has callbacks in JSON.", chained(_JSON_BY_DEFAULT, _FORMAT_SHOWN_AS_XML)),
    Fault("two-events-are-none", "RUL-011", "A rule with two events sends no callbacks.", misreads_rules(_off_for_several_events)),
    Fault("xml-cut", "SHP-001", "XML callbacks lack their last nine bytes.", bodies(lambda body: body[:-9], BodyFormat.XML)),
    Fault("callback-compressed", "SHP-001", "Callbacks are gzip-compressed, and no Content-Encoding says so.", bodies(gzip.compress)),
    Fault("json-cut", "SHP-001", "JSON callbacks lack their last byte.", bodies(lambda body: body[:-1], BodyFormat.JSON)),
    Fault("callback-without-queue", "SHP-002", "Callbacks have no QueueId.", _job_drop("QueueId")),
    Fault("callback-without-creation", "SHP-002", "Callbacks have no CreationTime.", _job_drop("CreationTime")),
    Fault("event-of-own", "SHP-003", "EventName is JobFinish.", edited_callbacks(put("EventName", "JobFinish"))),
    Fault("json-without-event", "SHP-003", "JSON callbacks have no EventName.", bodies(_without_event, BodyFormat.JSON)),
    Fault("callback-says-running", "SHP-004", "Callbacks have State Running.", _job_put("State", "Running")),
    Fault("callback-user-data-cut", "SHP-012", "UserData of callbacks is cut at eight characters.", _job_put("Operation/UserData", lambda text: text[:8])),
    Fault("callback-creation-drifts", "SHP-005", "CreationTime of callbacks has the year 2020.", _job_put("CreationTime", lambda text: "2020" + text[4:])),
    Fault("callback-without-output", "SHP-005", "Callbacks have no Operation.Output.", _job_drop("Operation/Output")),
    Fault("callback-without-object", "SHP-005", "Callbacks have no Input.Object.", _job_drop("Input/Object")),
    Fault("callback-without-level", "SHP-005", "Callbacks have no JobLevel.", _job_drop("Operation/JobLevel")),
    Fault("callback-ends-later", "SHP-005", "EndTime of callbacks has the year 2036.", _job_put("EndTime", lambda text: "2036" + text[4:])),
    Fault("callback-level-zero", "SHP-005", "JobLevel of callbacks is always 7.", _job_put("Operation/JobLevel", "7")),
    Fault("json-without-tag", "SHP-002", "JSON callbacks have no Tag.", json_callbacks(lambda job: job.pop("Tag", None))),
    Fault("callbacks-are-text", "SHP-006", "Callbacks are text/plain.", sends("POST", "text/plain")),
    Fault("callback-times-in-seconds", "SHP-007", "EndTime of callbacks is a number of seconds.", _job_put("EndTime", "1767600000")),
    Fault("json-times-as-numbers", "SHP-007", "CreationTime of JSON callbacks is a number.", json_callbacks(_times_as_numbers)),
    Fault("json-drifts", "SHP-002", "JSON callbacks omit UserData, and QueueId is an array.", json_callbacks(_without_user_data)),
    Fault("callback-escaped-twice", "SHP-012", "Callbacks contain special characters of UserData as entities.", edited_callbacks(_USER_DATA_ESCAPED)),
    Fault("json-numbers", "SHP-011", "Codes of JSON callbacks are numbers.", json_callbacks(lambda job: job.update(Code=0))),
    Fault("callback-result-renamed", "SHP-015", "Callbacks of media jobs show their results in MediaOutput and MediaFacts.", bodies(_own_result_names)),
    Fault("callback-created-at-start", "SHP-014", "CreationTime of callbacks is the time of the start.", changed_callbacks(_created_at_start)),
    Fault("callbacks-dropped-beside-slow", "DEL-011", "A callback is dropped while another job's receiver has not answered yet.", in_delivery(_DropsCallbacksWhileBusy)),
    Fault("callback-for-first-job-only", "MUL-004", "Of the jobs of one request only the first has a callback.", without_callback_for(lambda job: job.one_of_many and not re.search(rb"(?:first| 0)<", job.operation))),
    Fault("callback-for-held-job", "PAU-008", "A paused queue sends a callback as soon as it accepts a job.", in_delivery(_SendsCallbackWhilePaused)),
)  # fmt: skip
